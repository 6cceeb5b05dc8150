//! What a policy was configured with is what its balancer is: what changes it at run time makes new instances, in
//! all children, and what is asked for makes none.

use rjk_testbed::client::Request;
use rjk_testbed::farm::STATUS;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Farm, Plan, Result, Subject};

/// What is changed, and what the policy says then.
const ROWS: [(&str, &str); 5] = [
    ("", "R1 m1/- m2/- 1,0,0"),
    ("sw=m1&vwn=new", "R1 new/- m2/- 1,0,0"),
    ("sw=m2&vwc=blue", "R1 new/- m2/blue 1,0,0"),
    ("vlm=B", "B1 new/- m2/blue 1,0,0"),
    ("vls=0", "B0 new/- m2/blue 1,0,0"),
];

fn plan() -> Result<Plan> {
    Plan::new(Subject::Rjk, &["m1", "m2"]).policy("membership", "", "")
}

/// Children of one thread each.
fn prefork(children: u32) -> Result<Plan> {
    Ok(plan()?
        .mpm(Mpm::Prefork)
        .httpd(move |builder| builder.start_servers(children).server_limit(children)))
}

/// One child with one thread, and so one instance: with more threads each processor has one, which is configured anew
/// when it is needed.
fn with_one_instance() -> Result<Farm> {
    prefork(1)?.start()
}

/// What the policy says of itself, by a request on a connection that the child keeps.
fn label(site: &mut Farm) -> Result<String> {
    assert_eq!(site.send(&Request::get("/x"))?.status, 200);
    Ok(site.notes()?.label)
}

fn change(site: &mut Farm, what: &str) -> Result {
    let answer = site.send(&Request::get(&format!(
        "{STATUS}?cmd=update&mime=txt&w=lb&{what}"
    )))?;
    assert!(
        answer.text().contains("type=OK"),
        "{what}: {}",
        answer.text()
    );
    Ok(())
}

fn configured(site: &Farm) -> usize {
    site.httpd.jk_log().matches("configured with").count()
}

#[test]
fn what_a_policy_was_told_once_is_told_again_when_it_changes() -> Result {
    let mut site = with_one_instance()?;
    for (what, expected) in ROWS {
        let before = configured(&site);
        if !what.is_empty() {
            change(&mut site, what)?;
        }
        assert_eq!(label(&mut site)?, expected, "{what}");
        let again = configured(&site);
        assert!(what.is_empty() || again > before, "{what}");
        assert_eq!(label(&mut site)?, expected, "{what}");
        assert_eq!(configured(&site), again, "{what}: the instance is kept");
    }
    Ok(())
}

/// Whichever of them a thread takes.
#[test]
fn all_instances_of_a_child_are_told() -> Result {
    let httpd = |builder: rjk_testbed::httpd::Builder| builder.threads_per_child(2);
    let mut site = plan()?.httpd(httpd).start()?;
    for (what, expected) in ROWS {
        if !what.is_empty() {
            change(&mut site, what)?;
        }
        for _ in 0..20 {
            assert_eq!(label(&mut site)?, expected, "{what}");
        }
    }
    Ok(())
}

#[test]
fn what_a_policy_asks_for_makes_no_new_instance() -> Result {
    let mut site = with_one_instance()?;
    assert_eq!(label(&mut site)?, "R1 m1/- m2/- 1,0,0");
    let before = configured(&site);
    let rows = [
        ("sw=m1&vwf=7", "R1 m1/- m2/- 7,0,0"),
        ("sw=m1&vwd=3", "R1 m1/- m2/- 7,3,0"),
        ("sw=m1&vwa=D", "R1 m1/- m2/- 7,3,1"),
        ("sw=m2&vwr=m1", "R1 m1/- m2/- 7,3,1"),
    ];
    for (what, expected) in rows {
        change(&mut site, what)?;
        assert_eq!(label(&mut site)?, expected, "{what}");
    }
    assert_eq!(configured(&site), before);
    Ok(())
}

#[test]
fn all_children_are_told() -> Result {
    let mut site = prefork(2)?.start()?;
    let mut clients = site.one_per_child(2)?;
    change(&mut site, "sw=m1&vwn=new")?;
    for (child, client) in &mut clients {
        let target = format!("/child{child}");
        assert_eq!(client.send(&Request::get(&target))?.status, 200);
        let notes = rjk_testbed::farm::Notes::of(&site.httpd, &target, 1)?;
        assert_eq!(notes[0].label, "R1 new/- m2/- 1,0,0", "{child}");
    }
    Ok(())
}
