//! Each way in which a peer of HTTP can fail has a word and a remedy.

use super::http::Trust;
use super::{command, run};
use crate::said::Said;
use rjk_testbed::http_peer::{Script, Step, TlsSettings};
use rjk_testbed::peer::Behaviour;
use rjk_testbed::rjk::rjk;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tls::{Authority, Certificate, Days};
use rjk_testbed::{HttpPeer, Peer, Result, ports};
use serde_json::Value;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

/// What is said of one failure: its kind, a part of its words, and a part of its remedy.
type Words = [&'static str; 3];

const WAIT: [&str; 4] = ["--timeout", "1s", "--connect-timeout", "1s"];

/// What a probe says of a URL, as JSON and as a line.
fn probed(options: &[&str], url: &str) -> Result<(Value, Said)> {
    let probe = ["ping", "-c", "1", "--timeout", "1s"];
    let said = run(&[&probe[..], options, &[url]].concat())?;
    let json = run(&[&["--json"], &probe[..], options, &[url]].concat())?;
    assert_eq!((said.code, json.code), (Some(1), Some(1)), "{said:?}");
    Ok((json.json()?["probes"][0]["problem"].clone(), said))
}

fn asked(options: &[&str], url: &str) -> Result<(Value, Said)> {
    let said = run(&[&["get"], &WAIT[..], options, &[url]].concat())?;
    let json = run(&[&["--json", "get"], &WAIT[..], options, &[url]].concat())?;
    assert_eq!((said.code, json.code), (Some(1), Some(1)), "{said:?}");
    Ok((json.json()?["problem"].clone(), said))
}

fn assert_said((problem, said): &(Value, Said), [kind, what, remedy]: Words) {
    assert_eq!(problem["kind"], kind, "{problem} {said:?}");
    let text = format!("{}{}", said.out, said.err);
    assert!(text.contains(what) && text.contains(remedy), "{said:?}");
}

/// A probe is lost, and a request fails, with the same words.
fn fails_alike(options: &[&str], url: &str, words: Words) -> Result {
    assert_said(&probed(options, url)?, words);
    assert_said(&asked(options, url)?, words);
    Ok(())
}

fn url(scheme: &str, port: u16) -> String {
    format!("{scheme}://127.0.0.1:{port}/x")
}

#[test]
fn nobody_listens() -> Result {
    let nobody = ports::refusing()?;
    let words = [
        "refused",
        "the connection was refused",
        "address of the HTTP <Connector>",
    ];
    fails_alike(&[], &url("http", nobody.port), words)?;
    fails_alike(&[], &url("https", nobody.port), words)
}

/// Many TLS servers say why, others close: both are found out.
#[test]
fn tls_where_http_was_asked() -> Result {
    let trust = Trust::new()?;
    let peer = HttpPeer::tls("was1", Script::default(), &trust.settings())?;
    let words = ["tls", "it speaks TLS, not HTTP", "write https://"];
    fails_alike(&[], &url("http", peer.port()), words)
}

#[test]
fn ajp_where_http_was_asked() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let remedy = "write ajp://";
    fails_alike(
        &[],
        &url("http", peer.port()),
        ["ajp", "it speaks AJP, not HTTP", remedy],
    )?;
    fails_alike(
        &[],
        &url("https", peer.port()),
        ["ajp", "it speaks AJP, not HTTPS", remedy],
    )
}

#[test]
fn http_where_tls_was_asked() -> Result {
    let answer = "HTTP/1.1 400 \r\nContent-Length: 0\r\n\r\n";
    let talks = Script::default().on_accept([Step::text(answer), Step::Close]);
    let peer = HttpPeer::start("was1", talks)?;
    let words = [
        "http",
        "the worker answers in plain HTTP, not in TLS",
        "write http://",
    ];
    fails_alike(&[], &url("https", peer.port()), words)
}

#[test]
fn something_else() -> Result {
    let says = |text: &str| Script::default().on_accept([Step::text(text), Step::Stall]);
    let peer = HttpPeer::start("was1", says("SSH-2.0-OpenSSH_9.2\r\n"))?;
    let ssh = [
        "ssh",
        "it speaks SSH, not HTTP (SSH-2.0-OpenSSH_9.2)",
        "another service",
    ];
    fails_alike(&[], &url("http", peer.port()), ssh)?;
    let not_tls = [
        "not_tls",
        "is not TLS; it begins with \"SSH-2.0-\"",
        "another service",
    ];
    fails_alike(&[], &url("https", peer.port()), not_tls)?;
    peer.set(says("220 mail.test ESMTP\r\n"));
    let mail = [
        "not_http",
        "it does not speak HTTP: it said \"220 mail.test ESMTP\"",
        "another",
    ];
    fails_alike(&[], &url("http", peer.port()), mail)
}

#[test]
fn nothing_comes() -> Result {
    let peer = HttpPeer::start("was1", Script::new([Step::Stall]))?;
    let to = url("http", peer.port());
    let silent = ["silent", "no answer to HEAD within 1s", "jstack"];
    assert_said(&probed(&[], &to)?, silent);
    let slow = [
        "slow",
        "answers nothing, and not the request within 1s",
        "maxThreads",
    ];
    assert_said(&asked(&[], &to)?, slow);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    ports::claim(port);
    let words = [
        "tls_silent",
        "the TLS handshake was not done in time",
        "HTTPS connector",
    ];
    fails_alike(&[], &url("https", port), words)
}

#[test]
fn the_connection_ends() -> Result {
    let peer = HttpPeer::start("was1", Script::new([Step::Close]))?;
    let to = url("http", peer.port());
    let closed = [
        "closed_at_once",
        "closes it at once, without an answer to HEAD",
        "stopping",
    ];
    assert_said(&probed(&[], &to)?, closed);
    let unanswered = [
        "closed_unanswered",
        "it takes the connection, and closes",
        "Tomcat's log",
    ];
    assert_said(&asked(&[], &to)?, unanswered);
    peer.set(Script::new([Step::Reset]));
    let reset = ["closed_at_once", "resets it at once", "filters by address"];
    assert_said(&probed(&[], &to)?, reset);
    let unanswered = ["closed_unanswered", "resets the connection", "Tomcat's log"];
    assert_said(&asked(&[], &to)?, unanswered);
    peer.set(Script::new([Step::text("HTTP/1.1 20"), Step::Close]));
    let broke = ["broke_off", "", "see the logs"];
    fails_alike(&[], &to, broke)
}

#[test]
fn an_answer_breaks_off_or_stops() -> Result {
    let begun = || Step::text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    let peer = HttpPeer::start("was1", Script::new([begun(), Step::Close]))?;
    let to = url("http", peer.port());
    let words = [
        "broke_off",
        "inside the body: 4 of 10 bytes arrived",
        "see the logs",
    ];
    assert_said(&asked(&[], &to)?, words);
    peer.set(Script::new([begun(), Step::Stall]));
    assert_said(
        &asked(&[], &to)?,
        ["stalled", "nothing more within 1s", "--timeout"],
    );
    let trust = Trust::new()?;
    let peer = HttpPeer::tls("was1", Script::new([begun(), Step::Cut]), &trust.settings())?;
    let cut = [
        "broke_off",
        "cut off: TLS did not end as it has to",
        "see the logs",
    ];
    assert_said(
        &asked(&["--ca", &trust.ca()], &url("https", peer.port()))?,
        cut,
    );
    Ok(())
}

#[test]
fn an_answer_that_is_none() -> Result {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let peer = HttpPeer::start("was1", Script::answer(head))?;
        let words = [
            "garbage",
            "its answer is no sound HTTP/1.1: ",
            "writes its answers",
        ];
        fails_alike(&[], &url("http", peer.port()), words)?;
    }
    Ok(())
}

/// A peer with this certificate, asked by who trusts the authority.
fn tells(trust: &Trust, own: Certificate, words: Words) -> Result {
    let settings = TlsSettings::new(own, "was1.test");
    let peer = HttpPeer::tls("was1", Script::default(), &settings)?;
    fails_alike(&["--ca", &trust.ca()], &url("https", peer.port()), words)
}

#[test]
fn certificates_that_are_not_taken() -> Result {
    let (trust, other) = (Trust::new()?, Authority::new("Other")?);
    let (own, names) = (&trust.authority, ["127.0.0.1"]);
    let issuer = "was issued by CN=Other, O=Testbed, which is not trusted";
    tells(
        &trust,
        other.server(&names)?,
        ["tls_unknown_ca", issuer, "with --ca"],
    )?;
    let alone = Certificate::self_signed("127.0.0.1")?;
    tells(
        &trust,
        alone,
        [
            "tls_self_signed",
            "is self-signed and not trusted",
            "with --ca",
        ],
    )?;
    let name = "is not for 127.0.0.1 but for was2.test";
    tells(
        &trust,
        own.server(&["was2.test"])?,
        ["tls_wrong_name", name, "with --server-name"],
    )?;
    let old = own.server_valid(&names, Days::PAST)?;
    tells(&trust, old, ["tls_expired", "expired at ", "renew it"])?;
    let young = own.server_valid(&names, Days::FUTURE)?;
    tells(
        &trust,
        young,
        ["tls_not_yet_valid", "is valid from ", "clocks"],
    )?;
    let client = ["tls_unverified", "was refused: ", "that a server may have"];
    tells(&trust, own.client("127.0.0.1")?, client)
}

#[test]
fn the_name_of_a_certificate_can_be_told() -> Result {
    let trust = Trust::new()?;
    let own = trust.authority.server(&["was1.test"])?;
    let peer = HttpPeer::tls(
        "was1",
        Script::default(),
        &TlsSettings::new(own, "was1.test"),
    )?;
    let (ca, to) = (trust.ca(), url("https", peer.port()));
    let said = run(&["get", "--ca", &ca, "--server-name", "was1.test", &to])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    Ok(())
}

#[test]
fn clients_that_are_not_taken() -> Result {
    let (trust, other) = (Trust::new()?, Authority::new("Other")?);
    let settings = TlsSettings {
        clients: Some(trust.authority.clone()),
        ..trust.settings()
    };
    let peer = HttpPeer::tls("was1", Script::default(), &settings)?;
    let (ca, to) = (trust.ca(), url("https", peer.port()));
    let wanted = [
        "tls_certificate_wanted",
        "wants a client certificate",
        "--cert and --key",
    ];
    fails_alike(&["--ca", &ca], &to, wanted)?;
    let [cert, key] = trust.client(&other)?;
    let refused = [
        "tls_certificate_refused",
        "refused our client certificate",
        "truststore",
    ];
    fails_alike(&["--ca", &ca, "--cert", &cert, "--key", &key], &to, refused)
}

/// As another user: root gets in everywhere.
fn as_nobody(arguments: &[&str]) -> Result<Said> {
    let output = Command::new("setpriv")
        .args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"])
        .arg(rjk()?)
        .args(arguments)
        .output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Said {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    })
}

#[test]
fn sockets_that_cannot_be_connected_to() -> Result {
    let dir = Dir::new("sockets")?;
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let remedy = "unixDomainSocketPath of its connector is this socket";
    for scheme in ["http://was1.test/x", "ajp://was1.test/"] {
        let fails = |name: &str, words| fails_alike(&["--socket", &path(name)], scheme, words);
        let missing = "No such file or directory (os error 2); nobody has made it in /";
        fails("none", ["no_socket", missing, remedy])?;
        std::fs::write(path("file"), "")?;
        fails("file", ["refused", "it is no socket", remedy])?;
        drop(UnixListener::bind(path("left"))?);
        fails("left", ["refused", "Connection refused", remedy])?;
        std::fs::remove_file(path("left"))?;
    }
    let _listener = UnixListener::bind(path("closed"))?;
    std::fs::set_permissions(path("closed"), PermissionsExt::from_mode(0o600))?;
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755))?;
    let said = as_nobody(&["get", "--socket", &path("closed"), "http://was1.test/"])?;
    for part in [
        &format!("rjk: {}: Permission denied (os error 13); ", path("closed")),
        "it is of user 0 and group 0 with mode 0600, this process runs as user 65534 and group 65534; ",
        "unixDomainSocketPathPermissions",
    ] {
        assert!(said.err.contains(part), "{part} {said:?}");
    }
    assert_eq!(said.code, Some(1));
    // The folder is what does not let it in.
    std::fs::set_permissions(path("closed"), PermissionsExt::from_mode(0o666))?;
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o750))?;
    let said = as_nobody(&["get", "--socket", &path("closed"), "http://was1.test/"])?;
    let folder = format!(
        "; {} is of user 0 and group 0 with mode 0750, this process runs as user 65534 and group 65534; ",
        dir.path().display()
    );
    assert!(said.err.contains(&folder), "{folder} {said:?}");
    Ok(())
}

/// A probe that waits in the queue of a listener waits no longer than it was told.
#[test]
fn a_socket_whose_queue_is_full() -> Result {
    let dir = Dir::new("sockets")?;
    let path = dir.join("full");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    socket.bind(&socket2::SockAddr::unix(&path)?)?;
    socket.listen(0)?;
    let _first = std::os::unix::net::UnixStream::connect(&path)?;
    let path = path.to_string_lossy().into_owned();
    let words = ["filtered", "", "its queue is full"];
    fails_alike(&["--socket", &path], "http://was1.test/x", words)
}

#[test]
fn nothing_of_a_secret_is_told() -> Result {
    let (peer, dir) = (
        HttpPeer::start("was1", Script::new([Step::Close]))?,
        Dir::new("secret")?,
    );
    let file = dir.write("secret", "hush word\n")?;
    let mut get = command(&["--json", "get", "--secret-header", "X-Worker-Secret"])?;
    get.arg("--secret-file")
        .arg(file)
        .arg(url("http", peer.port()));
    let output = get.output()?;
    let text = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&text).contains("hush"));
    Ok(())
}
