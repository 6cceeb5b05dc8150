//! Who gets a request without a session (§4.1, §4.2).

use rjk_testbed::client::Request;
use rjk_testbed::{Farm, Plan, Result, Subject, both, filters};

both! { lb01_lb10_weights lb06_x03_ties_and_stateless a28_distance l_activation_and_x04_overrides lb05_one_worker_in_two_balancers l16_secret t05_notes_of_a_plain_request t05_notes_that_are_there_already }

fn weighted(subject: Subject, factors: &[u32]) -> Result<Farm> {
    let names: Vec<String> = (1..=factors.len()).map(|n| format!("m{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let plan = Plan::new(subject, &names);
    std::iter::zip(&names, factors)
        .fold(plan, |plan, (name, factor)| {
            plan.member(name, &format!("lbfactor={factor}"))
        })
        .start()
}

/// LB-01, LB-10: sequential requests follow the factors exactly, in the order of mod_jk.
fn lb01_lb10_weights(subject: Subject) -> Result {
    let table: [(&[u32], &str, &[u64]); 4] = [
        (&[1, 1], "121212121212", &[6, 6]),
        (&[3, 6], "122122122122", &[8, 8]),
        (&[1, 2, 3], "123323123323", &[12, 12, 12]),
        (&[5, 1], "121111211111", &[10, 10]),
    ];
    for (factors, expected, values) in table {
        let mut farm = weighted(subject, factors)?;
        assert_eq!(farm.sequence("/x", 12)?, expected, "{factors:?}");
        for (index, value) in values.iter().enumerate() {
            let status = farm.status(&format!("m{}", index + 1))?;
            assert_eq!(status.value, *value, "V of member {index} of {factors:?}");
        }
        farm.httpd.assert_clean();
    }
    Ok(())
}

/// LB-06: ties rotate. X-03, E-05: a stateless request ignores the load and makes no session
/// (LB-16), but still counts in V.
fn lb06_x03_ties_and_stateless(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2", "m3"])
        .member("m3", "lbfactor=4")
        .mounts("JkMount /x lb\nJkMount /s/* lb;stateless=1\nJkMount /e/* lb")
        .directives(
            "SetEnvIf Request_URI ^/e/ JK_STATELESS=1\nSetEnvIf Request_URI ^/e/0 JK_STATELESS=0",
        )
        .httpd(|builder| builder.module("setenvif"))
        .start()?;
    assert_eq!(farm.sequence("/s/rule", 6)?, "123123");
    assert_eq!(farm.sequence("/e/env", 3)?, "123");
    for member in ["m1", "m2", "m3"] {
        assert_eq!(farm.status(member)?.sessions, 0, "{member}");
    }
    // V is now 12, 12, 3: with the load in view only m3 is asked.
    assert_eq!(farm.sequence("/x", 5)?, "33333");
    assert_eq!(farm.sequence("/e/0", 2)?, "33");
    let status = farm.status("m3")?;
    assert_eq!((status.value, status.sessions), (10, 7));
    Ok(())
}

/// a nearer member takes all, whatever the load; the farther one only in need.
fn a28_distance(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2", "m3"])
        .member("m1", "distance=2")
        .member("m2", "distance=-1")
        .member("m2", "lbfactor=1")
        .member("m3", "distance=0")
        .start()?;
    assert_eq!(farm.sequence("/x", 4)?, "2222");
    farm.stop("m2")?;
    assert_eq!(farm.sequence("/x", 4)?, "3333");
    farm.stop("m3")?;
    assert_eq!(farm.sequence("/x", 2)?, "11");
    Ok(())
}

/// A-32, ST-10, SS-12: disabled and stopped members get no new sessions. X-04, E-02: a rule sees
/// other activations, and Tomcat is told (AT-14).
fn l_activation_and_x04_overrides(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2", "m3"])
        .member("m2", "activation=disabled")
        .member("m3", "activation=S")
        .mounts(
            "JkMount /x lb\nJkMount /active/* lb;active=m2,m3\nJkMount /d/* lb;active=m2;disabled=m1\n\
             JkMount /s/* lb;active=m3;stopped=m1,m2\nJkMount /none/* lb;stopped=m1",
        )
        .directives(
            "<Location /handler>\nSetHandler jakarta-servlet\n\
             SetEnv JK_WORKER_NAME lb;active=m2;stopped=m1\n</Location>",
        )
        .httpd(|builder| builder.module("env"))
        .start()?;
    assert_eq!(farm.sequence("/x", 3)?, "111");
    assert_eq!(farm.sequence("/active/x", 4)?, "2323");
    assert_eq!(farm.sequence("/d/x", 2)?, "22");
    assert_eq!(farm.sequence("/s/x", 2)?, "33");
    assert_eq!(farm.get("/none/x")?, "503");
    assert_eq!(farm.sequence("/handler/x", 2)?, "22");

    // A session on a disabled member goes on there, on a stopped one it does not (SS-12).
    let at = |target: &str, id: &str| {
        Request::get(target).header("Cookie", &format!("JSESSIONID=a.{id}"))
    };
    let sticky = [
        ("/x", "m2", "m2", "DIS"),
        ("/x", "m3", "m1", "ACT"),
        ("/d/x", "m1", "m1", "DIS"),
        ("/s/x", "m1", "m3", "ACT"),
        ("/active/x", "m2", "m2", "ACT"),
    ];
    for (target, id, served, activation) in sticky {
        assert_eq!(farm.who(&at(target, id))?, served, "{target} {id}");
        let seen = farm.last_request(served)?;
        let told = seen.attribute("JK_LB_ACTIVATION");
        assert_eq!(told, Some(activation), "{target} {id}");
    }
    let activations = ["m1", "m2", "m3"].map(|name| farm.status(name).map(|s| s.activation));
    let activations = activations.into_iter().collect::<Result<Vec<_>>>()?;
    assert_eq!(activations, ["ACT", "DIS", "STP"]);
    Ok(())
}

/// LB-05, H-05: a worker that two balancers share counts its use once, each keeps its own V.
fn lb05_one_worker_in_two_balancers(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .line("worker.list=other,m1")
        .line("worker.other.type=lb\nworker.other.balance_workers=m1")
        .mounts("JkMount /x lb\nJkMount /other/* other\nJkMount /direct/* m1")
        .start()?;
    assert_eq!(farm.sequence("/other/x", 3)?, "111");
    assert_eq!(farm.sequence("/direct/x", 2)?, "11");
    assert_eq!(farm.sequence("/x", 2)?, "12");
    let last = farm.notes()?.last;
    assert_eq!((last.name.as_str(), last.value.as_str()), ("m2", "1"));
    assert_eq!(farm.get("/x")?, "m1");
    let last = farm.notes()?.last;
    // V of this balancer, uses of the worker.
    assert_eq!((last.value.as_str(), last.accessed.as_str()), ("2", "7"));
    Ok(())
}

/// L-16, A-25: the balancer's secret for members that have none.
fn l16_secret(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("secret=of-all")
        .member("m2", "secret=own")
        .start()?;
    assert_eq!(farm.sequence("/x", 2)?, "12");
    for (member, secret) in [("m1", "of-all"), ("m2", "own")] {
        let seen = farm.last_request(member)?;
        assert_eq!(seen.attribute("secret"), Some(secret), "{member}");
    }
    Ok(())
}

/// T-05…T-24: the ten notes of the first and of the last member after an answer.
fn t05_notes_of_a_plain_request(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .member("m1", "lbfactor=2")
        .start()?;
    farm.sequence("/x", 3)?;
    farm.with_cookie("JSESSIONID=a.m1")?;
    let notes = farm.notes()?;
    assert_eq!((notes.status, notes.route.as_str()), (200, "m1"));
    assert_eq!(notes.first, notes.last);
    let last = notes.last;
    let texts = [
        (&last.name, "m1"),
        (&last.value, "3"),
        (&last.accessed, "3"),
        (&last.sessions, "2"),
        (&last.errors, "0"),
        (&last.busy, "0"),
        (&last.activation, "ACT"),
        (&last.state, "OK"),
    ];
    for (found, expected) in texts {
        assert_eq!(found, expected, "{last:?}");
    }
    // All bytes of the packets, both ways.
    let requests = farm.peer("m1")?.requests();
    let sent: usize = requests.iter().map(|request| request.raw.len() + 4).sum();
    assert_eq!(last.transferred, sent.to_string());
    Ok(())
}

/// T-05, T-24: a note that another module wrote during the service is replaced, in whatever case.
fn t05_notes_that_are_there_already(subject: Subject) -> Result {
    let others = filters::load_module()? + "SetOutputFilter TEST_NOTES\n";
    let mut farm = Plan::new(subject, &["m1"]).directives(&others).start()?;
    farm.sequence("/x", 1)?;
    let notes = farm.notes()?;
    assert_eq!(notes.first, notes.last);
    assert_eq!((&*notes.last.name, &*notes.last.state), ("m1", "OK"));
    Ok(())
}
