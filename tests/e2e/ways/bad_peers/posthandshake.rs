//! What TLS says to itself behind the handshake, between two requests: keys that change, a handshake anew,
//! and its end. It is no answer, and no connection is lost for it; `openssl s_server` does it on command.

use super::{Told, in_front_of, told};
use rjk_testbed::client::Request;
use rjk_testbed::guard::Guarded;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::tls::Authority;
use rjk_testbed::way::{CA_FILE, Reach};
use rjk_testbed::{Context, Httpd, Result, ensure, peer, ports, wait};
use std::process::Command;
use std::time::Duration;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

/// A TLS server that says what its standard input says, and does what single letters of it ask for.
struct Server {
    process: Guarded,
    dir: Dir,
    port: u16,
}

impl Server {
    fn start(authority: &Authority, arguments: &[&str]) -> Result<Server> {
        let dir = Dir::new("tls")?;
        let own = authority.server(&["peer.test"])?;
        dir.write("own.pem", format!("{}{}", own.certificate, own.key))?;
        let port = ports::free()?;
        let out = std::fs::File::create(dir.join("said"))?;
        let mut command = Command::new("openssl");
        command
            .args(["s_server", "-cert", "own.pem", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .args(arguments)
            .current_dir(dir.path())
            .stdout(out.try_clone()?)
            .stderr(out);
        let process = Guarded::spawn_told(&mut command, dir.path())?;
        let server = Server { process, dir, port };
        server.wait_for("ACCEPT", 1)?;
        Ok(server)
    }

    fn wait_for(&self, text: &str, times: usize) -> Result {
        let said = || self.dir.read("said");
        wait::until(text, wait::SOON, || said().matches(text).count() >= times).with_context(said)
    }

    fn tell(&mut self, text: &str) -> Result {
        self.process.tell(text)?;
        // It takes one read for one command.
        std::thread::sleep(Duration::from_millis(150));
        Ok(())
    }

    fn reach(&self) -> Reach {
        let port = self.port;
        let tls = format!("tls = {{ ca = \"@ROOT@/{CA_FILE}\", server_name = \"peer.test\" }}");
        Reach {
            properties: peer::worker_lines("w", 1),
            toml: format!("[worker.w]\nprotocol = \"http\"\nport = {port}\n{tls}\n"),
        }
    }

    /// One request, and the answer that this is told to give.
    fn serve(&mut self, httpd: &Httpd, number: usize) -> Result<Told> {
        let request = Request::get(&format!("/w/{number}"));
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| told(httpd, &request));
            self.wait_for(&format!("GET /w/{number} "), 1)?;
            self.tell(ANSWER)?;
            asked
                .join()
                .map_err(|_| rjk_testbed::Error::msg("the client failed"))?
        })
    }
}

fn between_two_requests(arguments: &[&str], command: &str, connections: usize) -> Result {
    let authority = Authority::new("Own")?;
    let mut server = Server::start(&authority, arguments)?;
    let httpd = in_front_of(&authority, &[server.reach()], &["w"], "")?;
    for number in 0..3 {
        let seen = server.serve(&httpd, number)?;
        ensure!(seen == Told::Whole("body".to_owned()), "{number}: {seen:?}");
        server.tell(command)?;
    }
    let said = server.dir.read("said");
    let handshakes = said.matches("BEGIN SSL SESSION PARAMETERS").count();
    ensure!(
        handshakes == connections,
        "{handshakes} connections: {said}"
    );
    ensure!(!httpd.jk_log().contains("[error]"), "{}", httpd.jk_log());
    httpd.assert_clean();
    Ok(())
}

#[test]
fn rjk_keys_change() -> Result {
    between_two_requests(&["-tls1_3"], "k\n", 1)
}

#[test]
fn rjk_keys_change_on_both_sides() -> Result {
    between_two_requests(&["-tls1_3"], "K\n", 1)
}

/// TLS 1.2 only. It is refused, which ends the connection: the next request goes out on another one.
#[test]
fn rjk_a_handshake_anew() -> Result {
    between_two_requests(&["-tls1_2"], "r\n", 3)
}
