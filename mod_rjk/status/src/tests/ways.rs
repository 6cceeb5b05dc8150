//! Workers that are reached otherwise than mod_jk can.

use super::*;
use rjk_config::model::{Protocol, Way};

fn server() -> Server {
    Server::of(|workers| {
        let socket = Way {
            socket: Some("/run/<a>.sock".into()),
            ..Way::default()
        };
        let http = Way {
            protocol: Protocol::Http(Box::default()),
            ..Way::default()
        };
        workers.set_way(b"alone", &socket, None);
        workers.set_way(b"m2", &http, Some(8080));
    })
}

#[test]
fn out10_every_format_shows_where_requests_go() {
    let server = server();
    assert_eq!(server.value("m1.address"), "127.0.0.1:8000");
    assert_eq!(server.value("m2.address"), "http://127.0.0.1:8000");
    assert_eq!(server.value("m2.port"), "8080");
    assert_eq!(server.value("alone.address"), "unix:/run/<a>.sock");
    for (mime, shown) in [
        ("txt", "address=unix:/run/<a>.sock "),
        ("xml", "address=\"unix:/run/&lt;a&gt;.sock\""),
        ("json", "\"address\": \"unix:/run/<a>.sock\""),
        ("html", "unix:/run/&lt;a&gt;.sock"),
    ] {
        let said = server.ask(&format!("mime={mime}&opt=0"));
        assert!(said.contains(shown), "{mime}: {said}");
    }
}

#[test]
fn v20_a_worker_with_a_socket_does_not_move() {
    let server = server();
    let said = server.ask("mime=prop&cmd=update&w=alone&vahst=known&vart=1000");
    let message = "worker.result.type=ERROR\nworker.result.message=Update failed (at least partially): it is reached by the socket /run/<a>.sock, not by \
                   host and port; change socket in rjk.toml and restart httpd, for worker 'alone'.\n";
    assert_eq!(said, message);
    assert_eq!(server.value("alone.host"), "localhost");
    assert_eq!(
        server.value("alone.reply_timeout"),
        "1000",
        "the rest is done"
    );
    let form = server.ask("mime=html&cmd=edit&w=alone");
    assert!(form.contains("<dd>/run/&lt;a&gt;.sock</dd>"), "{form}");
    assert!(!form.contains("vahst") && !form.contains("vaprt"), "{form}");
    let moved = server.ask("mime=prop&cmd=update&w=lb&sw=m2&vahst=known");
    assert!(moved.contains("worker.result.type=OK"), "{moved}");
    assert_eq!(server.value("m2.address"), "http://192.0.2.1:8080");
}
