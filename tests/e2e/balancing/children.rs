//! The core of the balancer on each MPM, and what the children know of each other (LB-02, LB-05).

use rjk_testbed::client::Request;
use rjk_testbed::gate::gated;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Farm, Plan, Result, Subject, both, both_on_each_mpm};

both_on_each_mpm! { core }
both! { h07_each_child_has_connections_of_its_own }

/// Two members behind two children or more.
fn several(subject: Subject, mpm: Mpm) -> Plan {
    Plan::new(subject, &["m1", "m2"])
        .lb("retry_interval=1")
        .member("m1", "retry_interval=1")
        .member("m1", "connection_acquire_timeout=200")
        .httpd(|builder| {
            builder
                .mpm(mpm)
                .start_servers(2)
                .server_limit(2)
                // Enough that event never closes an idle connection to get a thread free.
                .threads_per_child(32)
        })
}

fn core(subject: Subject, mpm: Mpm) -> Result {
    let mut farm = several(subject, mpm).start()?;
    let mut clients = farm.one_per_child(2)?;
    let before = farm.counts();

    // LB-02: one V for all, so requests by turns through two children are shared evenly.
    for turn in 0..20 {
        for client in clients.values_mut() {
            let response = client.send(&Request::get(&format!("/turn{turn}")))?;
            assert_eq!(response.status, 200);
        }
    }
    let after = farm.counts();
    let shares = [after[0] - before[0], after[1] - before[1]];
    assert!(
        shares[0].abs_diff(shares[1]) <= 1 + before[0].abs_diff(before[1]),
        "{shares:?}"
    );

    // A session sticks, whichever child has the request.
    for client in clients.values_mut() {
        let request = Request::get("/s").header("Cookie", "JSESSIONID=a.m2");
        assert_eq!(client.send(&request)?.field("peer").as_deref(), Some("m2"));
    }

    states_are_shared(&mut farm, &mut clients)?;
    farm.wait_not_busy(&["m1", "m2"])?;
    farm.httpd.assert_clean();
    farm.httpd.stop()
}

/// H-07: counts are shared, connections are not.
fn h07_each_child_has_connections_of_its_own(subject: Subject) -> Result {
    let mut farm = several(subject, Mpm::Event).start()?;
    let mut clients = farm.one_per_child(2)?;
    let request = Request::get("/s").header("Cookie", "JSESSIONID=a.m1");
    for _ in 0..3 {
        for client in clients.values_mut() {
            assert_eq!(client.send(&request)?.field("peer").as_deref(), Some("m1"));
        }
    }
    assert_eq!(farm.peer("m1")?.open_connections(), 2);
    assert!(farm.status("m1")?.accessed >= 6);
    Ok(())
}

type Clients = std::collections::BTreeMap<u32, rjk_testbed::client::Client>;

/// LB-03: what one child found out the other one knows. LB-05: so with what is in flight.
fn states_are_shared(farm: &mut Farm, clients: &mut Clients) -> Result {
    let mut clients: Vec<_> = clients.values_mut().collect();
    let (gate, script) = gated();
    farm.peer("m1")?.set(script);
    let seen = farm.peer("m1")?.requests().len();
    let request = Request::get("/hold").header("Cookie", "JSESSIONID=a.m1");
    clients[0].raw(&request.head_bytes())?;
    farm.peer("m1")?.wait_requests(seen + 1)?;
    let failing = Request::get("/fail").header("Cookie", "JSESSIONID=a.m1");
    // TR-14: the other child knows that m1 is busy, so the error stays local.
    assert_eq!(
        clients[1].send(&failing)?.field("peer").as_deref(),
        Some("m2")
    );
    let status = farm.status("m1")?;
    assert_eq!((status.busy, status.state.as_str()), (1, "OK"));
    gate.open();
    assert_eq!(clients[0].response("GET")?.status, 200);
    farm.wait_not_busy(&["m1", "m2"])?;

    farm.peer("m1")?.set(Behaviour::ClosesBeforeAnswer);
    let request = Request::get("/s").header("Cookie", "JSESSIONID=a.m1");
    assert_eq!(
        clients[0].send(&request)?.field("peer").as_deref(),
        Some("m2")
    );
    assert_eq!(farm.status("m1")?.state, "ERR");
    let asked = farm.peer("m1")?.requests().len();
    assert_eq!(
        clients[1].send(&request)?.field("peer").as_deref(),
        Some("m2")
    );
    assert_eq!(
        farm.peer("m1")?.requests().len(),
        asked,
        "one child found out for all"
    );
    Ok(())
}
