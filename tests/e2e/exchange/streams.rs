//! HTTP/2: mod_http2 calls from threads of its own, beside httpd's.

use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{Script, Step};
use rjk_testbed::{Context, Gate, Httpd, Peer, Result, Subject, farm, wait};
use std::process::Command;
use std::time::Duration;

/// Streams of all connections together.
const STREAMS: usize = 40;

/// A peer that answers when the gate opens, and a server with 8 threads that speaks HTTP/2.
fn site(settings: &str, describe: impl FnOnce(Builder) -> Builder) -> Result<(Gate, Peer, Httpd)> {
    let gate = Gate::new();
    let peer = Peer::start(Script::new([gate.step(), Step::Echo]))?;
    let workers = format!("{}{settings}\n", peer.worker("w"));
    let builder = farm::server(Subject::Rjk, &["w"], &workers)
        .module("http2")
        .threads_per_child(8)
        .directives("Protocols h2c http/1.1");
    let httpd = describe(builder).start()?;
    Ok((gate, peer, httpd))
}

/// Asks with [`STREAMS`] on so many connections; how many were answered with 2xx and with 5xx. `held`
/// runs beside it.
fn ask(httpd: &Httpd, connections: usize, held: impl FnOnce() -> Result) -> Result<[usize; 2]> {
    let mut h2load = Command::new("h2load");
    h2load
        .args(["-n".to_owned(), STREAMS.to_string()])
        .args(["-c".to_owned(), connections.to_string()])
        .args(["-m".to_owned(), (STREAMS / connections).to_string()])
        .arg(format!("http://127.0.0.1:{}/w/", httpd.port()));
    let (output, ()) = wait::together(|| h2load.output().context("h2load"), held)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("status codes: "));
    let counts = line.with_context(|| text.clone())?.split(", ");
    let counted = |class: &str| -> Result<usize> {
        let found = counts.clone().find_map(|count| count.strip_suffix(class));
        Ok(found.with_context(|| text.clone())?.trim().parse()?)
    };
    Ok([counted("2xx")?, counted("5xx")?])
}

/// mod_http2 has 12 threads beside the 8, or as many as it is told, by the main server alone. A
/// connection begins with 6 streams at a time: with more of them every thread has one.
#[test]
fn rjk_a14_every_stream_in_flight_has_a_place() -> Result {
    let other = "H2MaxWorkers 1\nJkMountCopy On";
    for (rule, connections, in_flight) in [("", 4, 12), ("H2MaxWorkers 30", 8, 30)] {
        let (gate, peer, httpd) = site("", |builder| {
            builder
                .directives(rule)
                .vhosts(farm::vhost("other.test", other))
        })?;
        let answers = ask(&httpd, connections, || {
            let seen = peer.wait_requests(in_flight).map(|_| ());
            gate.open();
            seen
        })?;
        assert_eq!(answers, [STREAMS, 0], "{rule}");
    }
    Ok(())
}

/// One connection, whose limit grows while its streams are served.
#[test]
fn rjk_a14_forty_streams_of_one_connection() -> Result {
    let (gate, peer, httpd) = site("", |builder| builder)?;
    peer.set(Script::new([
        Step::Sleep(Duration::from_millis(500)),
        Step::Echo,
    ]));
    gate.open();
    assert_eq!(ask(&httpd, 1, || Ok(()))?, [STREAMS, 0]);
    Ok(())
}

/// What is configured bounds them all.
#[test]
fn rjk_a14_a_configured_size_is_a_bound() -> Result {
    let settings = "worker.w.connection_pool_size=3\nworker.w.connection_acquire_timeout=0";
    let (gate, peer, httpd) = site(settings, |builder| builder)?;
    let [served, refused] = ask(&httpd, 4, || {
        let refused = httpd.access_lines(STREAMS / 2).map(|_| ());
        gate.open();
        refused
    })?;
    assert!(refused >= STREAMS / 2, "{refused}");
    assert_eq!(served, STREAMS - refused);
    assert_eq!(peer.connections(), 3);
    Ok(())
}
