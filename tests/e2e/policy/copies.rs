//! What a policy makes the host copy and keep has a budget; the built-in method answers when it is spent.

use rjk_testbed::{Plan, Result, Subject};

/// Enough that the budget of copies is what ends the decision.
const FUEL: &str = "fuel = 10_000_000";

#[test]
fn texts_times_calls() -> Result {
    let plan = Plan::new(Subject::Rjk, &["m1", "m2"]);
    let mut site = plan.policy("copied-texts", FUEL, "")?.start()?;
    for (bytes, why) in [(100, "builtin"), (5000, "fault memory"), (100, "builtin")] {
        let large = "x".repeat(bytes);
        assert_eq!(site.who_and_why(&[("X-Large", &large)])?.1, why, "{bytes}");
    }
    site.httpd
        .expect_log("more than 256 KiB of texts and candidates copied for one decision");
    Ok(())
}

#[test]
fn candidates_times_calls() -> Result {
    let names: Vec<String> = (1..=80).map(|number| format!("m{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (members, why) in [(2, "builtin"), (80, "fault memory")] {
        let plan = Plan::new(Subject::Rjk, &names[..members]);
        let mut site = plan.policy("copied-lists", FUEL, "")?.start()?;
        assert_eq!(site.who_and_why(&[])?.1, why, "{members} members");
    }
    Ok(())
}

#[test]
fn handles_of_resources() -> Result {
    let plan = Plan::new(Subject::Rjk, &["m1", "m2"]);
    let mut site = plan.policy("handle-flood", FUEL, "")?.start()?;
    let (who, why) = site.who_and_why(&[])?;
    assert_eq!((who.as_str(), why.as_str()), ("m1", "fault trap"));
    site.httpd.expect_log("store handle limit exceeded");
    Ok(())
}
