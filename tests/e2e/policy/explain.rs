//! `[balancer.NAME] explain`: the last decisions of all children, on the status page and in the log.

use rjk_testbed::client::Request;
use rjk_testbed::farm::{STATUS, status_page};
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Context, Farm, Plan, Result, Subject, client, ensure};
use serde_json::Value;

const TENANTS: &str = "header = \"X-Tenant\"\n[policy.header-route.config.workers]\nacme = \"m2\"";

/// A session whose id nobody else is to see.
const IN_M1: (&str, &str) = ("Cookie", "JSESSIONID=SECRET.m1");

fn plan(settings: &str) -> Result<Plan> {
    let plan = Plan::new(Subject::Rjk, &["m1", "m2"]).policy("header-route", settings, TENANTS)?;
    // Behind the table of the balancer.
    Ok(plan.toml("explain = 3\n"))
}

fn decisions(site: &Farm) -> Result<Vec<Value>> {
    let page: Value = serde_json::from_str(&status_page(&site.httpd)?.text())?;
    let kept = page["balancers"][0]["decisions"].as_array();
    Ok(kept.context("no decisions are kept")?.clone())
}

#[test]
fn the_last_decisions_are_shown() -> Result {
    let mut site = plan("")?
        .httpd(|builder| builder.log_level("debug"))
        .start()?;
    for headers in [&[][..], &[IN_M1], &[IN_M1], &[("X-Tenant", "acme"), IN_M1]] {
        site.send(&Request::get("/x").headers(headers))?;
    }
    let kept = decisions(&site)?;
    assert_eq!(kept.len(), 3, "{kept:?}");
    let [latest, sticky, _] = &kept[..] else {
        return Ok(());
    };
    let expected = [
        ("decided_by", "policy header-route"),
        ("member", "m2"),
        ("session", "on m1"),
        ("route", "m1"),
        ("ended", "ok"),
    ];
    for (key, value) in expected {
        assert_eq!(latest[key], value, "{key} of {latest}");
    }
    assert_eq!(latest["status"], 200, "{latest}");
    assert_eq!(latest["candidates"][1]["name"], "m2", "{latest}");
    assert!(latest["duration_us"].as_u64() > Some(0), "{latest}");
    assert_eq!(sticky["decided_by"], "sticky", "{sticky}");
    let page = client::get(site.httpd.port(), STATUS)?.text();
    ensure!(page.contains("Last decisions (3)"), "{page}");
    site.httpd.expect_log(
        "decision of lb: attempt 1, policy header-route: m2; session: on m1 (route m1);",
    );
    for text in [page, site.httpd.jk_log(), format!("{kept:?}")] {
        ensure!(!text.contains("SECRET"), "{text}");
    }
    Ok(())
}

#[test]
fn both_choices_of_a_shadow_are_shown() -> Result {
    let mut site = plan("mode = \"shadow\"")?.start()?;
    site.send(&Request::get("/x").headers(&[("X-Tenant", "acme"), IN_M1]))?;
    let kept = decisions(&site)?;
    assert_eq!(kept[0]["member"], "m1", "{kept:?}");
    assert_eq!(kept[0]["policy_said"], "m2", "{kept:?}");
    Ok(())
}

/// The built-in rules without any policy, and what a restart leaves of it.
#[test]
fn all_children_write_and_a_restart_keeps_it() -> Result {
    let mut site = Plan::new(Subject::Rjk, &["m1", "m2"])
        .toml("[balancer.lb]\nexplain = 100\n")
        .mpm(Mpm::Event)
        .start()?;
    site.stop("m1")?;
    for _ in 0..20 {
        site.send(&Request::get("/x"))?;
    }
    let kept = decisions(&site)?;
    ensure!(kept.len() >= 20, "{kept:?}");
    let failed = kept.iter().filter(|one| one["ended"] == "connect");
    ensure!(failed.count() >= 1, "{kept:?}");
    site.graceful()?;
    ensure!(decisions(&site)?.len() >= kept.len(), "it began anew");
    Ok(())
}
