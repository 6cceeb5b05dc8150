//! Certificates of the TLS with workers: read before privileges are dropped, again by a graceful restart,
//! and what is wrong with them is said with file and line.

use rjk_testbed::client::{self, Request};
use rjk_testbed::http_peer::{HttpPeer, Script, TlsSettings};
use rjk_testbed::httpd::Builder;
use rjk_testbed::rjk::rjk;
use rjk_testbed::tls::{Authority, Certificate, Days};
use rjk_testbed::{Httpd, Result, Subject};
use rustix::process::Signal;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

const CA: &str = "conf/ca.pem";
const CERT: &str = "conf/own.pem";
const KEY: &str = "conf/own.key";

/// A worker that only speaks to whom its authority knows.
struct Peer {
    authority: Authority,
    peer: HttpPeer,
}

impl Peer {
    fn start() -> Result<Peer> {
        let authority = Authority::new("root")?;
        let settings = TlsSettings {
            clients: Some(authority.clone()),
            ..TlsSettings::new(authority.server(&["was1.test"])?, "was1.test")
        };
        let script = Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        let peer = HttpPeer::tls("was1", script, &settings)?;
        Ok(Peer { authority, peer })
    }

    /// A site with a certificate that the worker knows, and a key that only root reads.
    fn site(&self) -> Result<Builder> {
        let own = self.authority.client("httpd")?;
        Ok(site(self.peer.port(), &self.authority.root()?, &own))
    }

    fn lines(&self) -> String {
        toml(self.peer.port())
    }
}

fn site(port: u16, ca: &str, own: &Certificate) -> Builder {
    Httpd::builder(Subject::Rjk)
        .workers(
            "worker.list=w,jk\nworker.w.host=127.0.0.1\nworker.w.port=1\nworker.jk.type=status\n",
        )
        .file(CA, ca)
        .file(CERT, own.certificate.as_str())
        .private_file(KEY, own.key.as_str())
        .file("conf/rjk.toml", toml(port))
        .directives("JkMount /* w\nJkMount /jk jk\nRjkConfigFile conf/rjk.toml")
}

fn toml(port: u16) -> String {
    format!(
        "[worker.w]\nprotocol = \"http\"\nport = {port}\n[worker.w.tls]\nca = \"ca.pem\"\n\
         server_name = \"was1.test\"\ncert = \"own.pem\"\nkey = \"own.key\"\n"
    )
}

fn status(httpd: &Httpd) -> Result<u16> {
    Ok(client::get(httpd.port(), "/x")?.status)
}

#[test]
fn a_key_that_only_root_reads_serves() -> Result {
    let peer = Peer::start()?;
    let httpd = peer.site()?.start()?;
    for _ in 0..3 {
        let answer = client::get(httpd.port(), "/x")?;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"hi"[..]));
    }
    assert_eq!(peer.peer.connections(), 1);
    httpd.assert_clean();
    Ok(())
}

/// TLS 1.3 has the worker say so when the request is already on its way.
#[test]
fn a_worker_that_wants_one_and_gets_none_has_not_seen_the_request() -> Result {
    let strict = Peer::start()?;
    let open = HttpPeer::start("open", Script::default())?;
    let lines = strict
        .lines()
        .replace("cert = \"own.pem\"\nkey = \"own.key\"\n", "");
    let members: String = ["strict", "open"]
        .iter()
        .map(|name| format!("worker.{name}.host=127.0.0.1\nworker.{name}.port=1\n"))
        .collect();
    let toml = format!(
        "{}[worker.open]\nprotocol = \"http\"\nport = {}\n",
        lines.replace("worker.w", "worker.strict"),
        open.port()
    );
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(format!(
            "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=strict,open\n{members}"
        ))
        .file(CA, strict.authority.root()?)
        .file("conf/rjk.toml", toml)
        .directives("JkMount /* lb\nRjkConfigFile conf/rjk.toml")
        .start()?;
    let post = Request::new("POST", "/x").body("once");
    assert_eq!(client::send(httpd.port(), post)?.status, 200);
    assert_eq!(open.only_request()?.body, b"once");
    let log = httpd.jk_log();
    let said = "member strict of lb failed while connecting: the worker wants a client certificate; set cert and key in";
    assert!(log.contains(said), "{log}");
    Ok(())
}

#[test]
fn a_graceful_restart_reads_them_again() -> Result {
    let (peer, other) = (Peer::start()?, Authority::new("other")?);
    let httpd = peer.site()?.start()?;
    assert_eq!(status(&httpd)?, 200);
    httpd.write(CA, other.root()?)?;
    assert_eq!(status(&httpd)?, 200, "not before the restart");
    httpd.graceful()?;
    assert_eq!(status(&httpd)?, 503);
    let log = httpd.jk_log();
    let said = "issued by CN=root, O=Testbed, which is not trusted; name a file with the certificate of that \
                issuer as ca in the tls of the worker in rjk.toml";
    assert!(log.contains(said), "{log}");
    httpd.write(CA, peer.authority.root()?)?;
    httpd.graceful()?;
    assert_eq!(status(&httpd)?, 200);
    Ok(())
}

#[test]
fn what_is_wrong_with_them_refuses_the_configuration() -> Result {
    let peer = Peer::start()?;
    let mut httpd = peer.site()?.start()?;
    let other = peer.authority.client("other")?;
    let open = "rjk.toml:8: tls of worker w: the key @/own.key can be read by anybody (mode 0644); take it from others, chmod o-rwx FILE";
    let rows = [
        (
            CA,
            "none",
            "rjk.toml:5: tls of worker w: @/ca.pem is not PEM",
        ),
        (
            CERT,
            other.key.as_str(),
            "rjk.toml:7: tls of worker w: @/own.pem has no certificate in it",
        ),
        (
            KEY,
            other.key.as_str(),
            "rjk.toml:8: tls of worker w: the key @/own.key does not belong",
        ),
    ];
    let refused = |httpd: &Httpd, said: &str| -> Result {
        let conf = httpd.path("conf");
        let said = said.replace('@', &conf.to_string_lossy());
        for (accepted, output) in [httpd.configtest()?, httpd.try_graceful()?] {
            assert!(!accepted && output.contains(&said), "{said}: {output}");
        }
        Ok(())
    };
    for (file, text, said) in rows {
        let good = fs::read_to_string(httpd.path(file))?;
        httpd.write(file, text)?;
        refused(&httpd, said)?;
        httpd.write(file, good)?;
    }
    fs::set_permissions(httpd.path(KEY), Permissions::from_mode(0o644))?;
    refused(&httpd, open)?;
    fs::remove_file(httpd.path(KEY))?;
    refused(
        &httpd,
        "rjk.toml:8: tls of worker w: @/own.key cannot be read: No such file",
    )?;
    assert!(httpd.is_running());
    assert_eq!(status(&httpd)?, 200);
    httpd.assert_clean();
    Ok(())
}

#[test]
fn a_restart_by_signal_goes_on_with_those_it_had() -> Result {
    let peer = Peer::start()?;
    let httpd = peer
        .site()?
        .expect_log("this restart goes on with")
        .start()?;
    assert_eq!(status(&httpd)?, 200);
    let good = fs::read_to_string(httpd.path(KEY))?;
    for signal in [Signal::USR1, Signal::HUP] {
        httpd.write(KEY, "broken")?;
        // Twice: what goes on once can go on again.
        for _ in 0..2 {
            let before = httpd.emergencies().len();
            httpd.restart_by(signal)?;
            assert_eq!(status(&httpd)?, 200, "{signal:?}");
            let lines = httpd.emergencies().split_off(before);
            let said = "own.key is not PEM";
            let with = "this restart goes on with the certificates that it had";
            assert!(
                lines
                    .iter()
                    .any(|line| line.contains(said) && line.contains(with)),
                "{lines:#?}"
            );
        }
        httpd.write(KEY, good.as_str())?;
        httpd.restart_by(signal)?;
        assert_eq!(status(&httpd)?, 200, "{signal:?}");
    }
    Ok(())
}

#[test]
fn one_that_ends_soon_is_warned_of() -> Result {
    let authority = Authority::new("root")?;
    let valid = |name: &str, to| authority.server_valid(&[name], Days { from: -2, to });
    let settings = TlsSettings::new(valid("was1.test", 5)?, "was1.test");
    let peer = HttpPeer::tls("was1", Script::default(), &settings)?;
    let own = valid("httpd.test", 10)?;
    let httpd = site(peer.port(), &authority.root()?, &own).start()?;
    let said = "own.pem expires in 9 days; renew it, and restart httpd gracefully";
    let log = httpd.jk_log();
    let line = log.lines().find(|line| line.contains(said));
    assert!(
        line.is_some_and(|line| line.contains("rjk.toml:7: ")),
        "{log}"
    );
    let (accepted, output) = httpd.configtest()?;
    assert!(accepted && output.contains(said), "{output}");
    assert!(!log.contains("CA certificate"), "{log}");
    assert_eq!(status(&httpd)?, 200);
    let page = client::get(httpd.port(), "/jk")?.text();
    let told = [
        "client certificate",
        "certificate of worker w expires in 4 days",
    ];
    assert!(told.iter().all(|text| page.contains(text)), "{page}");
    let said = Command::new(rjk()?)
        .args(["status", &format!("http://{}/jk", httpd.address())])
        .output()?;
    let said = String::from_utf8(said.stdout)?;
    let label = format!("{}: the certificate of worker w expires", httpd.address());
    assert!(said.contains(&label) && said.contains(told[0]), "{said}");
    Ok(())
}
