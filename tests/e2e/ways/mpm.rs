//! The ways on the other MPMs: one process for each connection, and threads without an event loop.

use rjk_testbed::client::Request;
use rjk_testbed::digest::{bytes, sha256_hex};
use rjk_testbed::http_peer::{Script, Step};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::tls::Authority;
use rjk_testbed::websocket::{self, open};
use rjk_testbed::{HttpPeer, Result, client, ensure, way};

fn on(mpm: Mpm) -> Result {
    let authority = Authority::new("Peers")?;
    let settings =
        rjk_testbed::http_peer::TlsSettings::new(authority.server(&["peer.test"])?, "peer.test");
    let serves = Step::run(|connection| match connection.request().header("Upgrade") {
        Some(_) => connection.step(&websocket::echo()),
        None => connection.step(&Step::Echo),
    });
    let serves = Script::new([serves]);
    let peers = [
        HttpPeer::start("tcp", serves.clone())?,
        HttpPeer::unix("unix", serves.clone())?,
        HttpPeer::tls("tls", serves, &settings)?,
    ];
    let names = ["tcp", "unix", "tls"];
    let reaches: Vec<_> = peers
        .iter()
        .zip(names)
        .map(|(peer, name)| peer.reach(name).more("websocket = true"))
        .collect();
    let mounts = names
        .map(|name| format!("JkMount /{name}/* {name}\n"))
        .concat();
    let httpd = way::site(&authority, &reaches, "worker.list=tcp,unix,tls\n")?
        .directives(mounts)
        .mpm(mpm)
        .start_servers(2)
        .start()?;
    for (peer, name) in peers.iter().zip(names) {
        let target = format!("/{name}/x");
        for _ in 0..4 {
            ensure!(client::get(httpd.port(), &target)?.status == 200, "{name}");
        }
        let sent = bytes(3, 1_000_000);
        let post = Request::new("POST", &target).chunked(sent.clone(), 30_000);
        ensure!(client::send(httpd.port(), post)?.status == 200, "{name}");
        let got = peer.requests().pop().unwrap_or_default();
        ensure!(sha256_hex(&got.body) == sha256_hex(&sent), "{name}");
        let mut socket = open(httpd.port(), &format!("/{name}/ws"))?.opened()?;
        ensure!(socket.ask("hello")? == "hello", "{name}");
        // Another client is served meanwhile.
        ensure!(client::get(httpd.port(), &target)?.status == 200, "{name}");
        ensure!(peer.faults().is_empty(), "{name}: {:?}", peer.faults());
    }
    httpd.assert_clean();
    Ok(())
}

#[test]
fn rjk_prefork() -> Result {
    on(Mpm::Prefork)
}

#[test]
fn rjk_worker() -> Result {
    on(Mpm::Worker)
}
