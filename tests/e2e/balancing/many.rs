//! A balancer of two hundred members.

use rjk_testbed::client::Request;
use rjk_testbed::{Plan, Result, Subject, both};
use std::collections::BTreeSet;

both! { two_hundred_members }

const MEMBERS: usize = 200;

/// LB-01, SS-05: each gets one of as many requests, sessions stick to the last one too, and the page
/// shows all.
fn two_hundred_members(subject: Subject) -> Result {
    let names: Vec<String> = (1..=MEMBERS).map(|n| format!("m{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut farm = Plan::new(subject, &names).lb("retry_interval=1").start()?;
    for round in 0..2 {
        let mut served = BTreeSet::new();
        for _ in 0..MEMBERS {
            served.insert(farm.get("/x")?);
        }
        assert_eq!(served.len(), MEMBERS, "round {round}");
    }
    for name in ["m1", "m100", "m200"] {
        assert_eq!(farm.with_cookie(&format!("JSESSIONID=a.{name}"))?, name);
    }
    farm.stop("m200")?;
    let moved = farm.who(&Request::get("/x").header("Cookie", "JSESSIONID=a.m200"))?;
    assert!(moved.starts_with('m') && moved != "m200", "{moved}");
    let page = farm.page()?;
    assert_eq!(page.member("m200")?.state, "ERR");
    let all = names
        .iter()
        .map(|name| page.member(name).map(|m| m.accessed));
    let uses = all.sum::<Result<u64>>()?;
    assert!(uses >= 2 * MEMBERS as u64 + 4, "{uses}");
    Ok(())
}
