//! What policies do for a site: the two of plugins/, shadow mode, notes, counters, faults.

use rjk_testbed::client::Request;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Farm, Plan, Result, Subject, ensure, wait};
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows of a table: the request's headers, who served, who decided.
type Rows<'a> = [(&'a [(&'a str, &'a str)], &'a str, &'a str)];

const TENANTS: &str = "header = \"X-Tenant\"\n[policy.header-route.config.workers]\nacme = \"m2\"";
const IN_M1: (&str, &str) = ("Cookie", "JSESSIONID=0A1B.m1");

fn tenants(settings: &str) -> Result<Plan> {
    Plan::new(Subject::Rjk, &["m1", "m2"]).policy("header-route", settings, TENANTS)
}

/// GET with headers.
fn get(target: &str, headers: &[(&str, &str)]) -> Request {
    Request::get(target).headers(headers)
}

fn assert_rows(site: &mut Farm, rows: &Rows<'_>) -> Result {
    for (headers, who, decided) in rows {
        let (served, by) = site.who_and_why(headers)?;
        assert_eq!(
            (served.as_str(), by.as_str()),
            (*who, *decided),
            "{headers:?}"
        );
    }
    Ok(())
}

#[test]
fn header_route_takes_the_member_of_the_header() -> Result {
    let mut site = tenants("")?.start()?;
    let policy = "policy header-route";
    let rows: &Rows<'_> = &[
        (&[("X-Tenant", "acme")], "m2", policy),
        (&[("x-tenant", "acme")], "m2", policy),
        (&[("X-Tenant", "acme"), IN_M1], "m2", policy),
        (&[("X-Tenant", "Acme"), IN_M1], "m1", "sticky"),
        (&[("X-Tenant", "other"), IN_M1], "m1", "sticky"),
        // By load: m2 has served one more.
        (&[], "m1", "builtin"),
    ];
    assert_rows(&mut site, rows)?;
    let counters = site.counters("header-route", ["Member", "Built-in", "Rejected"])?;
    assert_eq!(counters, [3, 3, 0]);
    site.httpd.assert_clean();
    Ok(())
}

#[test]
fn header_route_takes_the_member_of_the_cookie() -> Result {
    let config = "cookie = \"tenant\"\n[policy.header-route.config.workers]\nacme = \"m2\"";
    let mut site = Plan::new(Subject::Rjk, &["m1", "m2"])
        .policy("header-route", "", config)?
        .start()?;
    let rows: &Rows<'_> = &[
        (&[("Cookie", "tenant=acme")], "m2", "policy header-route"),
        (
            &[("Cookie", "a=b; tenant=acme; JSESSIONID=1.m1")],
            "m2",
            "policy header-route",
        ),
        (
            &[("Cookie", "Tenant=acme; JSESSIONID=1.m1")],
            "m1",
            "sticky",
        ),
        (
            &[("Cookie", "tenant=ac"), ("X-Tenant", "acme")],
            "m1",
            "builtin",
        ),
    ];
    assert_rows(&mut site, rows)
}

/// The member of the policy fails: the request goes on to the other one, and so do the next ones.
#[test]
fn a_member_that_is_down_fails_over() -> Result {
    let mut site = tenants("")?.start()?;
    site.peer("m2")?.set(Behaviour::ClosesBeforeAnswer);
    let rows: &Rows<'_> = &[
        (&[("X-Tenant", "acme")], "m1", "builtin"),
        (&[("X-Tenant", "acme")], "m1", "builtin"),
    ];
    assert_rows(&mut site, rows)?;
    let counters = site.counters("header-route", ["Member", "Built-in"])?;
    assert_eq!(counters, [1, 2], "asked for each attempt");
    Ok(())
}

fn canary(percent: u32) -> Result<Plan> {
    let config = format!("percent = {percent}\nheader = \"X-Canary\"\nworker = \"m3\"");
    Plan::new(Subject::Rjk, &["m1", "m2", "m3"]).policy("canary", "", &config)
}

/// 30 percent of 500: 150 ± 51 is five standard deviations.
#[test]
fn canary_gets_its_share_of_the_new_sessions() -> Result {
    let mut site = canary(30)?.start()?;
    for _ in 0..500 {
        site.who(&Request::get("/new"))?;
    }
    let counts = site.counts();
    assert!((99..=201).contains(&counts[2]), "{counts:?}");
    assert!(counts[0].abs_diff(counts[1]) <= 1, "by load: {counts:?}");
    assert_eq!(counts.iter().sum::<usize>(), 500);
    assert_eq!(site.counters("canary", ["Member"])?, [500]);
    Ok(())
}

#[test]
fn canary_takes_testers_and_leaves_sessions_alone() -> Result {
    let mut site = canary(0)?.start()?;
    let in_m3 = ("Cookie", "JSESSIONID=0A1B.m3");
    let rows: &Rows<'_> = &[
        (&[("X-Canary", "always")], "m3", "policy canary"),
        (&[("X-Canary", "1")], "m3", "policy canary"),
        (&[("X-Canary", "always"), IN_M1], "m1", "sticky"),
        (&[("X-Canary", "never"), in_m3], "m3", "sticky"),
        (&[in_m3], "m3", "sticky"),
    ];
    assert_rows(&mut site, rows)?;
    let before = site.counts()[2];
    for headers in [&[("X-Canary", "never")][..], &[]] {
        for _ in 0..20 {
            site.who(&get("/x", headers))?;
        }
    }
    assert_eq!(site.counts()[2], before, "percent = 0");
    let mut everybody = canary(100)?.start()?;
    for _ in 0..20 {
        assert_eq!(everybody.who(&Request::get("/x"))?, "m3");
    }
    assert_ne!(everybody.who_and_why(&[("X-Canary", "never")])?.0, "m3");
    Ok(())
}

/// The traffic is that of a site without policies; what would have been other is counted.
#[test]
fn shadow_mode_only_compares() -> Result {
    let mut with = tenants("mode = \"shadow\"")?.start()?;
    let mut without = Plan::new(Subject::Rjk, &["m1", "m2"]).start()?;
    let requests = [
        get("/x", &[]),
        get("/x", &[("X-Tenant", "acme")]),
        get("/x", &[("X-Tenant", "acme")]),
        get("/x", &[("X-Tenant", "acme"), IN_M1]),
        get("/x", &[("X-Tenant", "other"), IN_M1]),
    ];
    let mut same = 0;
    for (index, request) in requests.iter().cycle().take(50).enumerate() {
        let who = without.who(request)?;
        assert_eq!(with.who(request)?, who, "request {index}");
        assert_eq!(
            with.notes()?.decided_by,
            without.notes()?.decided_by,
            "request {index}"
        );
        let asks_for_m2 = matches!(index % 5, 1..=3);
        same += u64::from(!asks_for_m2 || who == "m2");
    }
    let counters = with.counters("header-route", ["Shadow same", "Shadow other"])?;
    assert_eq!(counters, [same, 50 - same]);
    assert!((11..=39).contains(&same), "both happen: {same}");
    Ok(())
}

/// One policy, two balancers: each has its own members and counters, which go on over a restart.
#[test]
fn one_policy_serves_two_balancers() -> Result {
    let mut site = tenants("")?
        .toml("[balancer.other]\npolicy = \"header-route\"\n")
        .line("worker.list=other\nworker.other.type=lb\nworker.other.balance_workers=m2,m1")
        .directives("JkMount /other/* other")
        .start()?;
    let acme = [("X-Tenant", "acme")];
    for target in ["/x", "/other/x", "/other/y"] {
        assert_eq!(site.who(&get(target, &acme))?, "m2", "{target}");
        assert_eq!(site.notes()?.decided_by, "policy header-route", "{target}");
    }
    let members = |site: &mut Farm| -> Result<Vec<Option<u64>>> {
        Ok(site.page()?.policies("header-route", "member"))
    };
    assert_eq!(members(&mut site)?, [Some(1), Some(2)]);
    site.graceful()?;
    assert_eq!(site.who(&get("/x", &acme))?, "m2");
    assert_eq!(members(&mut site)?, [Some(2), Some(2)], "after a restart");

    // Another member: what was counted is about others.
    let workers = std::fs::read_to_string(site.httpd.path("conf/workers.properties"))?;
    let workers = workers.replace(
        "worker.other.balance_workers=m2,m1",
        "worker.other.balance_workers=m2",
    );
    site.httpd.write("conf/workers.properties", workers)?;
    site.graceful()?;
    assert_eq!(members(&mut site)?, [Some(2), Some(0)]);
    Ok(())
}

#[test]
fn policies_decide_on_every_mpm() -> Result {
    for mpm in Mpm::ALL {
        let mut site = tenants("")?.mpm(mpm).start()?;
        for _ in 0..5 {
            let (who, by) = site.who_and_why(&[("X-Tenant", "acme")])?;
            assert_eq!(
                (who.as_str(), by.as_str()),
                ("m2", "policy header-route"),
                "{mpm:?}"
            );
        }
        site.graceful()?;
        assert_eq!(
            site.who(&get("/x", &[("X-Tenant", "acme")]))?,
            "m2",
            "{mpm:?}"
        );
        site.httpd.assert_clean();
    }
    Ok(())
}

/// The policy counts decisions (0), outcomes (1) and outcomes from 500 on (3).
#[test]
fn an_observing_policy_hears_what_became_of_requests() -> Result {
    let mut site = Plan::new(Subject::Rjk, &["m1"])
        .policy("observing", "", "")?
        .line("worker.lb.retries=1\nworker.m1.retries=1")
        .start()?;
    for _ in 0..3 {
        assert_eq!(site.who(&Request::get("/x"))?, "m1");
    }
    let mut counters = BTreeMap::new();
    wait::until("the last outcome", Duration::from_secs(5), || {
        counters = site
            .page()
            .map(|page| page.own_counters())
            .unwrap_or_default();
        ["0", "1"].iter().all(|key| counters.get(*key) == Some(&3))
    })
    .map_err(|error| error.context(format!("{counters:?}")))?;
    assert!(counters.contains_key("2"), "bytes: {counters:?}");
    assert!(!counters.contains_key("3"), "no failures: {counters:?}");
    Ok(())
}

#[test]
fn a_fault_is_answered_as_the_file_says() -> Result {
    let bad = |settings: &str| -> Result<Farm> {
        Plan::new(Subject::Rjk, &["m1", "m2"])
            .policy("bad-index", settings, "")?
            .start()
    };
    let mut builtin = bad("max_faults = 2")?;
    let rows: &Rows<'_> = &[
        (&[IN_M1], "m1", "fault bad-index"),
        (&[IN_M1], "m1", "fault bad-index"),
        (&[IN_M1], "m1", "fault switched-off"),
    ];
    assert_rows(&mut builtin, rows)?;
    let headings = ["Fault bad-index", "Switched off", "Skipped"];
    assert_eq!(builtin.counters("bad-index", headings)?, [2, 1, 1]);

    let mut reject = bad("on_fault = \"reject\"\nmax_faults = 2")?;
    let rows: &Rows<'_> = &[
        (&[IN_M1], "503", "fault bad-index"),
        (&[IN_M1], "503", "fault bad-index"),
        (&[IN_M1], "503", "fault switched-off"),
    ];
    assert_rows(&mut reject, rows)?;
    assert_eq!(reject.counts(), [0, 0]);
    Ok(())
}

/// What the functions of the host answer for a real request.
#[test]
fn the_host_tells_what_it_promises() -> Result {
    let mut site = Plan::new(Subject::Rjk, &["m1", "m2"])
        .policy("ask-everything", "", "")?
        .directives("UseCanonicalName Off")
        .start()?;
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let asked = get(
        "/a%20b/c?d=e%20f",
        &[("X-Ask", "value"), ("Cookie", "x=1; ask=me")],
    );
    site.who(&asked)?;
    site.who(&get("/", &[]))?;
    let log = site.httpd.jk_log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("method="))
        .collect();
    ensure!(lines.len() == 2, "{log}");
    for part in [
        "method=\"GET\"",
        "query=Some(\"d=e%20f\")",
        "header=Some(\"value\")",
        "cookie=Some(\"me\")",
        "client=\"127.0.0.1\"",
        "tls=false",
        "counter=1 ",
        "candidates=2",
        "policy ask-everything",
        "[info]",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    for part in ["query=None", "header=None", "cookie=None", "counter=2 "] {
        assert!(lines[1].contains(part), "{part} in {}", lines[1]);
    }
    assert_told_of_the_rest(&log)?;
    let now: u128 = word(lines[0], "now=").parse()?;
    let passed = now.abs_diff(before.as_millis());
    assert!(passed < 60_000, "{now} in milliseconds");
    assert_ne!(word(lines[0], "random="), word(lines[1], "random="));
    Ok(())
}

/// The second line of each decision: texts that stayed with the host, members, store.
fn assert_told_of_the_rest(log: &str) -> Result {
    let asked: Vec<&str> = log.lines().filter(|line| line.contains("text=")).collect();
    ensure!(asked.len() == 2, "{log}");
    for part in [
        "text=Some(\"e f\")",
        "hash=Some(",
        "place=Some(0)",
        "zero=true",
        "weight=1",
        "knows=false",
        "builtin=Some(0)",
        "attempt=1",
        "tried=0",
        "cell=0",
        "added=2",
        "exchanged=Ok(0)",
    ] {
        assert!(asked[0].contains(part), "{part} in {}", asked[0]);
    }
    for part in [
        "text=None",
        "hash=None",
        "cell=2",
        "added=4",
        "exchanged=Err(5)",
    ] {
        assert!(asked[1].contains(part), "{part} in {}", asked[1]);
    }
    let since = |line: &str| word(line, "us=").parse::<u64>();
    ensure!(since(asked[0])? < since(asked[1])?, "{asked:?}");
    Ok(())
}

fn word<'a>(line: &'a str, key: &str) -> &'a str {
    let rest = line.split_once(key).map_or("", |(_, rest)| rest);
    rest.split(' ').next().unwrap_or_default()
}
