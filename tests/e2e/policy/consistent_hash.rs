//! Equal keys go to the same member: `consistent-hash` on the real parts.

use rjk_testbed::client::Request;
use rjk_testbed::{Farm, Gate, Plan, Result, Subject, wait};

/// Keys that are asked for.
const KEYS: usize = 60;

fn plan(members: &[&str], config: &str) -> Result<Plan> {
    Plan::new(Subject::Rjk, members).policy("consistent-hash", "", config)
}

fn with_key(key: usize) -> Request {
    Request::get("/x").header("X-Key", &format!("key-{key}"))
}

/// Who takes each key.
fn owners(site: &mut Farm) -> Result<Vec<String>> {
    (0..KEYS).map(|key| site.who(&with_key(key))).collect()
}

/// Other ports, another order, one more member: it is the names that count, and only the new member's keys
/// move.
#[test]
fn another_site_with_the_same_names_agrees() -> Result {
    let header = "header = \"X-Key\"";
    let mut three = plan(&["m1", "m2", "m3"], header)?.start()?;
    let mut four = plan(&["m3", "m4", "m1", "m2"], header)?.start()?;
    let before = owners(&mut three)?;
    assert_eq!(owners(&mut three)?, before);
    for name in ["m1", "m2", "m3"] {
        assert!(before.iter().any(|owner| owner == name), "{before:?}");
    }
    let after = owners(&mut four)?;
    let moved: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).collect();
    assert!(moved.iter().all(|(_, after)| *after == "m4"), "{moved:?}");
    assert!((1..KEYS / 2).contains(&moved.len()), "{moved:?}");
    // No key, or a session: the built-in rules.
    assert_eq!(three.who_and_why(&[])?.1, "builtin");
    let session = [("X-Key", "key-1"), ("Cookie", "JSESSIONID=1.m2")];
    assert_eq!(three.who_and_why(&session)?.0, "m2");
    three.httpd.assert_clean();
    Ok(())
}

#[test]
fn keys_of_a_member_that_is_down_move_and_no_others() -> Result {
    let mut site = plan(&["m1", "m2", "m3"], "header = \"X-Key\"")?.start()?;
    let before = owners(&mut site)?;
    site.stop("m2")?;
    for (before, after) in before.iter().zip(owners(&mut site)?) {
        assert!(
            *before == after || before == "m2" && after != "m2",
            "{before} {after}"
        );
    }
    Ok(())
}

/// All requests have one key and none ends: with 12 in flight over three members none has more than
/// ⌈1.25 · 12 / 3⌉ of them, and the one that has the key is full.
#[test]
fn a_key_that_everybody_asks_for_does_not_fill_one_member() -> Result {
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let mut plan = plan(&["m1", "m2", "m3"], "header = \"X-Key\"")?;
    for (gate, name) in gates.iter().zip(["m1", "m2", "m3"]) {
        plan = plan.script(name, gate.script());
    }
    let mut site = plan.httpd(|httpd| httpd.threads_per_child(16)).start()?;
    let mut pending = Vec::new();
    for sent in 1..=12 {
        pending.push(site.pending(with_key(1)));
        wait::until("the request at a peer", wait::SOON, || {
            site.counts().iter().sum::<usize>() == sent
        })?;
        let most = (1.25 * sent as f64 / 3.0).ceil() as usize;
        assert!(
            site.counts().iter().all(|count| *count <= most),
            "{:?}",
            site.counts()
        );
    }
    assert_eq!(site.counts().iter().max(), Some(&5), "{:?}", site.counts());
    for gate in &gates {
        gate.open();
    }
    for pending in pending {
        assert_eq!(pending.response()?.status, 200);
    }
    Ok(())
}
