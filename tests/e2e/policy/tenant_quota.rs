//! A tenant has at most so many requests in flight on a member, whichever child they come through:
//! `tenant-quota` on the real parts.

use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::Notes;
use rjk_testbed::peer::{Script, Step};
use rjk_testbed::{Error, Farm, Gate, Plan, Result, Subject, ensure, wait};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const MEMBERS: [&str; 2] = ["m1", "m2"];
const TENANTS: [&str; 3] = ["acme", "globex", "initech"];

/// Requests that a peer works on, of each tenant: now, and the most so far.
#[derive(Clone, Debug, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, (usize, usize)>>>);

impl Seen {
    /// Counts a request of a tenant from here on, or until here.
    fn step(&self, begins: bool) -> Step {
        let seen = self.clone();
        Step::run(move |connection| {
            let tenant = connection
                .request()
                .header("X-Tenant")
                .unwrap_or_default()
                .to_owned();
            let mut seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (now, most) = seen.entry(tenant).or_default();
            *now = if begins { *now + 1 } else { *now - 1 };
            *most = (*most).max(*now);
            Ok(())
        })
    }

    fn most(&self) -> Vec<usize> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values().map(|(_, most)| *most).collect()
    }
}

fn plan(config: &str) -> Result<Plan> {
    let config = format!("header = \"X-Tenant\"\ntenants = [\"acme\", \"globex\"]\n{config}");
    Plan::new(Subject::Rjk, &MEMBERS).policy("tenant-quota", "", &config)
}

/// What the policy counts: requests that another member took, and those that none had room for.
fn counted(site: &mut Farm) -> Result<[u64; 2]> {
    let counters = site.page()?.own_counters();
    Ok(["0", "1"].map(|key| counters.get(key).copied().unwrap_or(0)))
}

fn of(tenant: &str) -> Request {
    Request::get("/x").header("X-Tenant", tenant)
}

/// So many clients for each tenant, each with a connection of its own for each request, so that all
/// children have to do with all tenants: how many requests were refused.
fn storm(port: u16, clients: usize, each: usize) -> Result<usize> {
    let run = move |tenant: &'static str| -> Result<usize> {
        let mut refused = 0;
        for _ in 0..each {
            match client::send(port, of(tenant).header("Connection", "close"))?.status {
                200 => {}
                429 => refused += 1,
                other => return Err(Error::msg(format!("{other} for {tenant}"))),
            }
        }
        Ok(refused)
    };
    let all = TENANTS
        .iter()
        .flat_map(|tenant| std::iter::repeat_n(*tenant, clients));
    let threads: Vec<_> = all
        .map(|tenant| std::thread::spawn(move || run(tenant)))
        .collect();
    let mut refused = 0;
    for thread in threads {
        refused += thread
            .join()
            .map_err(|_| Error::msg("a client panicked"))??;
    }
    Ok(refused)
}

/// Four children, two members, three tenants with eight clients each: neither more than three of a tenant on a
/// member, nor less when all want more.
#[test]
fn four_children_keep_the_quota_together() -> Result {
    let seen = [Seen::default(), Seen::default()];
    let mut plan = plan("count = 3\nothers = 1")?;
    for (name, seen) in MEMBERS.iter().zip(&seen) {
        let work = Step::Sleep(Duration::from_millis(15));
        plan = plan.script(name, [seen.step(true), work, seen.step(false), Step::Echo]);
    }
    let site = plan
        .httpd(|httpd| httpd.threads_per_child(8).start_servers(4))
        .start()?;
    let refused = storm(site.httpd.port(), 8, 25)?;
    assert!(refused > 0, "there was room for all");
    for seen in &seen {
        assert_eq!(seen.most(), [3, 3, 3], "{seen:?}");
    }
    let notes = Notes::of(&site.httpd, "/x", 600)?;
    let children: BTreeSet<u32> = notes.iter().map(|notes| notes.pid).collect();
    assert_eq!(children.len(), 4, "all had to do with it");
    // All have ended: there is room for all again.
    for tenant in TENANTS {
        assert_eq!(client::send(site.httpd.port(), of(tenant))?.status, 200);
    }
    Ok(())
}

/// What is over the quota is refused, with the time to wait, or goes the usual way.
#[test]
fn what_is_over_the_quota_is_refused_or_goes_the_usual_way() -> Result {
    for (over, status) in [("reject", 429), ("builtin", 200)] {
        let gate = Gate::new();
        let config = format!("count = 1\nover = \"{over}\"\nretry_after = 7");
        let hold = || Script::new([gate.step_for("/hold"), Step::Echo]);
        let plan = plan(&config)?.script("m1", hold()).script("m2", hold());
        let mut site = plan.httpd(|httpd| httpd.threads_per_child(8)).start()?;
        let held = hold_on_both(&mut site)?;
        let response = site.send(&of("acme"))?;
        assert_eq!(response.status, status, "{response:?}");
        let wait = (status == 429).then_some("7");
        assert_eq!(response.header("Retry-After"), wait);
        assert_eq!(site.send(&of("globex"))?.status, 200, "another tenant");
        gate.open();
        for held in held {
            assert_eq!(held.response()?.status, 200);
        }
        wait::until("room again", wait::SOON, || {
            site.send(&of("acme"))
                .is_ok_and(|response| response.status == 200)
        })?;
    }
    Ok(())
}

/// One request of acme on each member.
fn hold_on_both(site: &mut Farm) -> Result<Vec<client::Pending>> {
    let mut held = Vec::new();
    for sent in 1..=2 {
        let before: usize = site.counts().iter().sum();
        held.push(site.pending(Request::get("/hold").header("X-Tenant", "acme")));
        wait::until("the request at a peer", wait::SOON, || {
            site.counts().iter().sum::<usize>() > before
        })?;
        ensure!(site.counts().iter().sum::<usize>() == before + 1, "{sent}");
    }
    ensure!(
        site.counts().iter().all(|count| *count > 0),
        "{:?}",
        site.counts()
    );
    Ok(held)
}

/// Requests of a child that was killed count no more after twice the longest time.
#[test]
fn what_a_killed_child_held_is_free_again() -> Result {
    let gate = Gate::new();
    let hold = || Script::new([gate.step_for("/hold"), Step::Echo]);
    let plan = plan("count = 1\nlongest = 3")?
        .script("m1", hold())
        .script("m2", hold());
    let mut site = plan.httpd(|httpd| httpd.threads_per_child(8)).start()?;
    let held = hold_on_both(&mut site)?;
    assert_eq!(site.send(&of("acme"))?.status, 429);
    let notes = Notes::of(&site.httpd, "/x", 1)?;
    site.httpd.kill_child(notes[0].pid)?;
    for held in held {
        assert!(held.response().is_err(), "its child is gone");
    }
    gate.open();
    let mut refused = 0;
    wait::until("room again", Duration::from_secs(30), || {
        let status = client::send(site.httpd.port(), of("acme")).map(|response| response.status);
        refused += u32::from(matches!(status, Ok(429)));
        matches!(status, Ok(200))
    })?;
    assert!(refused > 0, "at first they counted");
    Ok(())
}

/// In the shadow nobody is refused, and what is counted is free again when the attempt ends, whoever had it.
#[test]
fn a_shadow_refuses_nobody_and_keeps_no_place() -> Result {
    let gate = Gate::new();
    let hold = || Script::new([gate.step_for("/hold"), Step::Echo]);
    let plan = plan("count = 1")?.toml_of(|text| {
        let table = "[policy.tenant-quota]\n";
        text.replace(table, &format!("{table}mode = \"shadow\"\n"))
    });
    let plan = plan.script("m1", hold()).script("m2", hold());
    let mut site = plan.httpd(|httpd| httpd.threads_per_child(8)).start()?;
    let held = hold_on_both(&mut site)?;
    assert_eq!(counted(&mut site)?, [0, 0]);
    assert_eq!(site.send(&of("acme"))?.status, 200, "it would be refused");
    assert_eq!(counted(&mut site)?[1], 1);
    gate.open();
    for held in held {
        assert_eq!(held.response()?.status, 200);
    }
    // Many more, one after the other: each finds the place of its member free.
    let before = counted(&mut site)?;
    for sent in 3..13 {
        wait::until("its end is told", wait::SOON, || {
            let observed = site.counters("tenant-quota", ["Observed"]);
            observed.is_ok_and(|[observed]| observed == sent)
        })?;
        assert_eq!(site.send(&of("acme"))?.status, 200);
    }
    assert_eq!(counted(&mut site)?, before);
    Ok(())
}
