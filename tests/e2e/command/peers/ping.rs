//! `rjk ping`: what it counts and says.

use super::{address, assert_documented, command, run};
use rjk_testbed::peer::{Behaviour, CPONG, Script, Step};
use rjk_testbed::rjk::rjk;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Peer, Result, ensure, ports, process, wait};
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Error};
use std::net::{IpAddr, Ipv6Addr};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Answers every other CPING, and closes at the others.
fn every_other() -> Script {
    let count = Arc::new(AtomicUsize::new(0));
    let answer = Step::run(
        move |connection| match count.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => connection.send(&CPONG),
            _ => Err(Error::other("every other")),
        },
    );
    Script::default().on_ping([answer])
}

#[test]
fn each_probe_has_a_line_and_the_end_a_sum() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let to = address(&peer);
    let said = run(&["ping", "-c", "3", "-i", "10ms", &to])?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let lines = said.lines();
    assert_eq!(lines[0], format!("CPING {to}: {to}"));
    for (line, number) in lines[1..4].iter().zip(1..) {
        let start = format!("{number} {to} connect ");
        assert!(
            line.starts_with(&start) && line.contains(", CPONG "),
            "{line}"
        );
    }
    assert_eq!(lines[4], "3 probes, 3 answered, 0% lost");
    for (line, name) in lines[5..].iter().zip(["connect", "CPONG"]) {
        assert!(line.starts_with(&format!("{name} min ")), "{line}");
        assert!(line.contains(", avg ") && line.contains(", max "), "{line}");
    }
    assert_eq!((peer.pings(), peer.connections(), lines.len()), (3, 3, 7));
    Ok(())
}

#[test]
fn four_probes_without_a_count() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let said = run(&["ping", "-i", "0", &format!("ajp://{}", address(&peer))])?;
    assert_eq!((said.code, peer.pings()), (Some(0), 4), "{said:?}");
    Ok(())
}

#[test]
fn probes_come_at_their_interval() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let began = Instant::now();
    run(&["ping", "-c", "3", "-i", "0.2", &address(&peer)])?;
    assert!(began.elapsed() >= Duration::from_millis(400));
    Ok(())
}

#[test]
fn a_connection_is_kept_until_it_ends() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let said = run(&["ping", "-k", "-c", "5", "-i", "0", &address(&peer)])?;
    assert_eq!(
        (said.code, peer.pings(), peer.connections()),
        (Some(0), 5, 1)
    );
    assert_eq!(said.out.matches("connect ").count(), 2, "{said:?}");
    peer.set(every_other());
    let said = run(&["ping", "-k", "-c", "4", "-i", "0", &address(&peer)])?;
    // The second and the fourth end a connection each, the third opens another one. Whoever closes
    // at once is asked in TLS, too, once.
    assert_eq!(
        (said.code, peer.connections()),
        (Some(1), 1 + 2 + 1),
        "{said:?}"
    );
    Ok(())
}

#[test]
fn what_is_lost_is_counted_and_its_remedy_told_once() -> Result {
    let peer = Peer::start(every_other())?;
    let said = run(&["ping", "-c", "6", "-i", "0", &address(&peer)])?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.contains("\n6 probes, 3 answered, 50% lost\n"),
        "{said:?}"
    );
    assert_eq!(
        said.out
            .matches("lost: it takes the connection and closes it")
            .count(),
        3
    );
    assert_eq!(
        said.out.matches("; Tomcat is paused or stopping").count(),
        1
    );
    Ok(())
}

#[test]
fn the_same_as_json() -> Result {
    let peer = Peer::start(every_other())?;
    let to = address(&peer);
    let said = run(&["--json", "ping", "-c", "2", "-i", "0", &to])?;
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let json = said.json()?;
    assert_documented("ping", &json)?;
    assert_documented("ping", &json["probes"][0])?;
    assert_eq!(json["target"], to.as_str());
    assert_eq!(json["addresses"], serde_json::json!([to]));
    let counts = ["sent", "answered", "lost", "loss_percent"].map(|name| json[name].as_f64());
    assert_eq!(counts, [2.0, 1.0, 1.0, 50.0].map(Some));
    let (first, second) = (&json["probes"][0], &json["probes"][1]);
    assert_eq!(
        (&first["number"], &first["address"]),
        (&1.into(), &to.as_str().into())
    );
    assert!(first["connect_ms"].as_f64() > Some(0.0) && first["cpong_ms"].as_f64() > Some(0.0));
    assert_eq!(first["problem"], serde_json::Value::Null);
    assert_eq!(second["problem"]["kind"], "closed_at_once");
    assert_eq!(second["cpong_ms"], serde_json::Value::Null);
    for time in ["connect_ms", "cpong_ms"] {
        let [min, avg, max] = ["min", "avg", "max"].map(|name| json[time][name].as_f64());
        assert!(min > Some(0.0) && min <= avg && avg <= max, "{json}");
    }
    Ok(())
}

#[test]
fn a_reader_that_leaves_is_no_failure() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let mut rjk = command(&["ping", "-c", "1000", "-i", "10ms", &address(&peer)])?;
    let mut process = rjk.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(process.stdout.take().context("no pipe")?).read_line(&mut line)?;
    let output = process.wait_with_output()?;
    assert!(line.starts_with("CPING "), "{line}");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    assert!(peer.pings() < 1000);
    Ok(())
}

#[test]
fn who_presses_ctrl_c_gets_the_sum() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let mut rjk = command(&["ping", "-c", "1000", "-i", "60", &address(&peer)])?;
    let process = rjk.stdout(Stdio::piped()).spawn()?;
    wait::until("a probe", wait::SOON, || peer.pings() > 0)?;
    process::signal(process.id(), Signal::INT)?;
    let output = process.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("\n1 probe, 1 answered, 0% lost\n"), "{text}");
    Ok(())
}

/// rjk where `name.test` has two addresses, in a mount namespace of its own.
fn with_two_addresses(arguments: &[&str]) -> Result<String> {
    let dir = Dir::new("hosts")?;
    let hosts = dir.write("hosts", "127.0.0.1 name.test\n::1 name.test\n")?;
    let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .arg(hosts)
        .arg(rjk()?)
        .args(arguments)
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn of_several_addresses_the_one_that_was_used_is_told() -> Result {
    let six = Peer::at(IpAddr::V6(Ipv6Addr::LOCALHOST), "six", Script::default())?;
    let port = six.port();
    let _nobody = ports::hold(port)?;
    let name = format!("name.test:{port}");
    let said = with_two_addresses(&["ping", "-c", "1", &name])?;
    assert!(
        said.contains(&format!("CPING {name}: 127.0.0.1:{port}, [::1]:{port}\n")),
        "{said}"
    );
    assert!(
        said.contains(&format!("  [::1]:{port}  connect ")),
        "{said}"
    );
    let said = with_two_addresses(&["ping", "-6", "-c", "1", &name])?;
    assert!(
        said.contains(&format!("CPING {name}: [::1]:{port}, 127.0.0.1:{port}\n")),
        "{said}"
    );
    let url = format!("ajp://{name}/x");
    let said = with_two_addresses(&["get", "--json", &url])?;
    assert!(
        said.contains(&format!("\"address\":\"[::1]:{port}\"")),
        "{said}"
    );
    Ok(())
}
