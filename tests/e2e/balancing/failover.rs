//! What one request does when members fail (§4.6), and what Tomcat sees of it.

use rjk_testbed::client::Request;
use rjk_testbed::gate::gated;
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Plan, Result, Subject, both};

both! { fo01_fo02_rounds t05_t15_notes_of_a_failover t09_t10_traffic_belongs_to_its_member t05_t15_notes_without_an_endpoint fo06_log_lines tr06_no_failover_for_a_client_error fo04_fo05_bodies }

/// Members, retries of a member, lb_retries, retries of the balancer; requests at each peer, status.
type Rounds = (usize, u32, u32, u32, &'static [usize], &'static str);

/// FO-01, FO-02, L-06, L-07, A-19: attempts when everybody fails, and the status for the client.
fn fo01_fo02_rounds(subject: Subject) -> Result {
    let table: [Rounds; 6] = [
        (2, 2, 2, 2, &[4, 4], "502"),
        (2, 1, 1, 1, &[1, 0], "502"),
        (3, 1, 2, 1, &[1, 1, 0], "502"),
        (3, 1, 9, 1, &[1, 1, 1], "502"),
        // The second round forces recovery, the third finds nobody.
        (2, 1, 2, 3, &[2, 2], "503"),
        (1, 3, 2, 1, &[3], "502"),
    ];
    for (members, retries, lb_retries, rounds, expected, status) in table {
        let row = format!("{members} members, {retries} x {lb_retries} x {rounds}");
        let names = &["m1", "m2", "m3"][..members];
        let mut plan = Plan::new(subject, names)
            .lb(&format!("lb_retries={lb_retries}"))
            .lb(&format!("retries={rounds}"))
            .lb("retry_interval=1");
        for name in names {
            plan = plan
                .member(name, &format!("retries={retries}"))
                .member(name, "retry_interval=1")
                .member(name, "connection_acquire_timeout=200");
        }
        let mut farm = plan.start()?;
        for name in names {
            farm.peer(name)?.set(Behaviour::ClosesBeforeAnswer);
        }
        assert_eq!(farm.get("/x")?, status, "{row}");
        assert_eq!(farm.counts(), expected, "{row}");
        farm.httpd.assert_clean();
    }
    Ok(())
}

/// T-05…T-24 after a failover: the first member's numbers and the last one's.
fn t05_t15_notes_of_a_failover(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .member("m2", "activation=disabled")
        .member("m1", "redirect=m2")
        .start()?;
    farm.stop("m1")?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m2");
    let notes = farm.notes()?;
    let numbers = |member: &rjk_testbed::farm::MemberNotes| {
        let fields = [
            &member.name,
            &member.value,
            &member.accessed,
            &member.sessions,
            &member.errors,
            &member.busy,
            &member.activation,
            &member.state,
        ];
        fields.map(String::as_str).join(" ")
    };
    assert_eq!(numbers(&notes.first), "m1 1 1 0 1 0 ACT ERR");
    assert_eq!(numbers(&notes.last), "m2 1 1 0 0 0 DIS OK");
    assert_eq!(notes.first.read, "0");
    Ok(())
}

/// T-09, T-10, LB-05: bytes count for the member that they went to, also when the next one refuses.
fn t09_t10_traffic_belongs_to_its_member(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("retries=1")
        .member("m1", "retries=1")
        .member("m2", "busy_limit=1")
        .start()?;
    farm.peer("m1")?.set(Behaviour::ClosesBeforeAnswer);
    let (gate, script) = gated();
    farm.peer("m2")?.set(script);
    let held = farm.pending(Request::get("/hold").header("Cookie", "JSESSIONID=a.m2"));
    farm.peer("m2")?.wait_requests(1)?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "503");
    let notes = farm.last_line()?;
    assert_eq!(
        (notes.first.name.as_str(), notes.last.name.as_str()),
        ("m1", "m2")
    );
    let sent = farm.last_request("m1")?.raw.len() + 4;
    assert_eq!(notes.first.transferred, sent.to_string());
    assert_eq!(notes.last.transferred, "0", "{notes:?}");
    assert_eq!(notes.last.state, "OK/BUSY");
    gate.open();
    assert_eq!(held.response()?.status, 200);
    Ok(())
}

/// T-05…T-24, TR-03: what is noted when the only member has no place left.
fn t05_t15_notes_without_an_endpoint(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1"])
        .lb("retries=1")
        .member("m1", "connection_pool_size=1")
        .member("m1", "connection_acquire_timeout=50")
        .start()?;
    let (gate, script) = gated();
    farm.peer("m1")?.set(script);
    let held = farm.pending(Request::get("/hold"));
    farm.peer("m1")?.wait_requests(1)?;
    assert_eq!(farm.get("/x")?, "503");
    let notes = farm.last_line()?;
    assert_eq!(notes.first, notes.last);
    let last = [
        &notes.route,
        &notes.last.name,
        &notes.last.busy,
        &notes.last.state,
    ];
    assert_eq!(last.map(String::as_str), ["m1", "m1", "1", "OK/BUSY"]);
    gate.open();
    assert_eq!(held.response()?.status, 200);
    Ok(())
}

/// FO-06: the lines that people search for.
fn fo06_log_lines(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("retry_interval=1")
        .start()?;
    farm.stop("m1")?;
    assert_eq!(farm.get("/x")?, "m2");
    farm.peer("m2")?.set(Behaviour::ClosesBeforeAnswer);
    assert_eq!(farm.get("/x")?, "503");
    let log = farm.httpd.jk_log();
    for text in [
        "service failed, worker m1 is in error state",
        "Forcing recovery once for",
        "All tomcat instances are busy or in error state",
    ] {
        let line = log.lines().find(|line| line.contains(text));
        assert!(
            line.is_some_and(|line| line.contains("[info]")),
            "{text}: {log}"
        );
    }
    let failed = log.lines().filter(|line| line.contains("[error]"));
    assert!(failed.count() > 0, "no error line: {log}");
    Ok(())
}

/// TR-06, F-04, SV-01: a request that does not fit is the client's fault.
fn tr06_no_failover_for_a_client_error(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"]).start()?;
    let large = "x".repeat(5000);
    let request = Request::get("/x")
        .header("X-A", &large)
        .header("X-B", &large);
    assert_eq!(farm.who(&request)?, "413");
    let notes = farm.notes()?;
    assert_eq!(notes.first, notes.last);
    assert_eq!(
        (notes.last.state.as_str(), notes.last.errors.as_str()),
        ("OK", "0")
    );
    assert_eq!(farm.counts(), [0, 0]);
    assert_eq!(farm.sequence("/x", 2)?.len(), 2);
    Ok(())
}

/// FO-04, FO-05: a POST whose member cannot be reached goes to the next with its body. Once sent it
/// is not repeated (BG-01), unless the file says recovery_options=0.
fn fo04_fo05_bodies(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("retry_interval=1")
        .line("worker.list=asked")
        .line("worker.asked.type=lb\nworker.asked.balance_workers=m3,m4")
        .line("worker.m3.reference=worker.m1\nworker.m4.reference=worker.m2")
        .line("worker.m3.recovery_options=0\nworker.m4.recovery_options=0")
        .directives("JkMount /asked/* asked")
        .start()?;
    let post = |target: &str| Request::new("POST", target).body(vec![b'x'; 3000]);
    let chunked = || Request::new("POST", "/x").chunked(vec![b'x'; 3000], 1000);
    farm.peer("m1")?
        .set(Script::default().on_accept([Step::Close]));
    // mod_jk gives up when it cannot read a POST's answer from a connection that closed at once, as
    // we do; what is certain is that nobody gets it twice.
    farm.stop("m1")?;
    let response = farm.send(&post("/x"))?;
    assert_eq!(response.field("peer").as_deref(), Some("m2"));
    assert_eq!(response.field("body").as_deref(), Some("3000"));
    farm.revive("m1")?;

    farm.peer("m2")?.set(Behaviour::ClosesBeforeAnswer);
    let before = farm.counts();
    let all: usize = before.iter().sum();
    let response = farm.send(&post("/x"))?;
    let (status, sent) = (response.status, farm.counts().iter().sum::<usize>() - all);
    match subject {
        // m1 is in error: the request goes to m2, and no further.
        Subject::Rjk => assert_eq!((status, sent), (502, 1)),
        Subject::ModJk => assert_eq!((status, sent), (200, 3)),
    }
    // On request it is.
    farm.peer("m1")?.set(Behaviour::Echo);
    farm.peer("m2")?.set(Behaviour::Echo);
    let first = farm.send(&post("/asked/x"))?.field("peer");
    let next = if first.as_deref() == Some("m1") {
        "m2"
    } else {
        "m1"
    };
    farm.peer(next)?.set(Behaviour::ClosesBeforeAnswer);
    let response = farm.send(&post("/asked/x"))?;
    assert_eq!(response.field("peer"), first, "{response:?}");
    assert_eq!(response.field("body").as_deref(), Some("3000"));

    // A chunked body is gone once it was asked for (FO-05).
    for member in ["m1", "m2"] {
        let steps = [Step::ReadBody, Step::Close];
        farm.peer(member)?.set(Script::new(steps));
    }
    let all: usize = farm.counts().iter().sum();
    let response = farm.send(&chunked())?;
    assert_eq!(response.status, 502);
    assert_eq!(farm.counts().iter().sum::<usize>() - all, 1);
    farm.peer("m1")?.set(Script::answer(Head::ok(), "fine"));
    farm.peer("m2")?.set(Script::answer(Head::ok(), "fine"));
    assert_eq!(farm.send(&chunked())?.text(), "fine");
    Ok(())
}
