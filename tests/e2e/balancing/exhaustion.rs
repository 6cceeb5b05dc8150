//! What this host runs out of is no fault of a member (TR-07): it keeps its state, and the log says
//! what ran out.

use rjk_testbed::client::Request;
use rjk_testbed::{Farm, Plan, Result, Subject, process};

const STATES: [&str; 2] = ["OK", "OK"];

fn pair() -> Plan {
    Plan::new(Subject::Rjk, &["m1", "m2"])
        .lb("retry_interval=1")
        .lb("worker.maintain=1")
        .line("worker.m1.retry_interval=1\nworker.m2.retry_interval=1")
        // Each request opens a connection.
        .directives("JkOptions +DisableReuse")
}

fn states(farm: &mut Farm) -> Result<[String; 2]> {
    Ok([farm.status("m1")?.state, farm.status("m2")?.state])
}

fn errors(farm: &mut Farm) -> Result<[u64; 2]> {
    Ok([farm.status("m1")?.errors, farm.status("m2")?.errors])
}

/// EMFILE at socket(2), while the client's connection is there.
#[test]
fn a_child_without_file_descriptors_blames_no_member() -> Result {
    let mut farm = pair().start()?;
    assert_eq!(farm.sequence("/x", 2)?, "12");
    // httpd closes the client's connection after a 503.
    let mut clients = [farm.connect()?, farm.connect()?, farm.connect()?];
    farm.httpd.expect_log("LimitNOFILE");
    let limit = process::limit_files_to_those_open(clients[0].0)?;
    for (_, client) in &mut clients {
        assert_eq!(client.send(&Request::get("/x"))?.status, 503);
    }
    limit.lift()?;
    assert_eq!(states(&mut farm)?, STATES);
    assert_eq!(errors(&mut farm)?, [0, 0]);
    let served = farm.sequence("/x", 2)?;
    assert!(["12", "21"].contains(&served.as_str()), "at once: {served}");
    let log = farm.httpd.jk_log();
    let loud = log.lines().filter(|line| line.contains("[emerg]"));
    let loud: Vec<&str> = loud.filter(|line| line.contains("LimitNOFILE")).collect();
    assert!((1..=3).contains(&loud.len()), "{loud:?}");
    Ok(())
}

/// A-04, EADDRNOTAVAIL at bind(2): the worker is reached from another address, and a line says so.
#[test]
fn a_source_address_that_is_not_here_stops_no_member() -> Result {
    let mut farm = pair().member("m1", "source=192.0.2.1").start()?;
    assert_eq!(farm.sequence("/x", 4)?, "1212");
    let log = farm.httpd.jk_log();
    let said = "worker m1: source 192.0.2.1 is 192.0.2.1, which is no address of this host";
    assert!(log.contains(said), "{log}");
    assert_eq!(errors(&mut farm)?, [0, 0]);
    Ok(())
}
