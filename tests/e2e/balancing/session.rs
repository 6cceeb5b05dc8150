//! Sessions: cookies, paths, routes, domains, redirects (§4.3).

use rjk_testbed::client::Request;
use rjk_testbed::{Farm, Plan, Result, Subject, both, ensure};

both! { ss03_to_ss07_where_the_route_comes_from l12_l13_x07_x08_other_names ss02_e06_jk_route ss01_stickiness_off ss10_ss11_domains_and_redirects ss10_nearest_of_a_domain ss11_l03_sticky_session_force ss13_failover_redirect ss14_one_member ss16_set_session_cookie ss07_ss08_the_ids_after_a_failure ss15_a29_route_attribute }

/// Balances by turns whatever the load, so that a request without a home is seen.
const BY_TURNS: &str = "JkMount /* lb;stateless=1\nJkUnMount /jkstatus lb";

/// Who serves this request each of three times, or `-` when they are not the same.
fn home(farm: &mut Farm, request: &Request) -> Result<String> {
    let mut served = Vec::new();
    for _ in 0..3 {
        served.push(farm.who(request)?);
    }
    let first = served.swap_remove(0);
    Ok(if served.iter().all(|other| *other == first) {
        first
    } else {
        "-".to_owned()
    })
}

fn with_cookies(target: &str, cookies: &[&str]) -> Request {
    cookies
        .iter()
        .fold(Request::get(target), |request, cookie| {
            request.header("Cookie", cookie)
        })
}

/// Row, target, cookie headers; the member of the session, or `-`.
type Id = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const IDS: [Id; 27] = [
    ("SS-05", "/x", &["JSESSIONID=a.m2"], "m2"),
    ("SS-05 later", "/x", &["a=b; JSESSIONID=a.m2; c=d"], "m2"),
    ("SS-05 comma", "/x", &["a=b,JSESSIONID=a.m2,c=d"], "m2"),
    ("SS-05 tab", "/x", &["a=b;\tJSESSIONID=a.m2"], "m2"),
    ("SS-05 blanks", "/x", &["JSESSIONID  =a.m2"], "m2"),
    ("SS-05 quotes", "/x", &["JSESSIONID=\"a.m2\"; b=c"], "m2"),
    ("SS-05 other name", "/x", &["XJSESSIONID=a.m2"], "-"),
    ("SS-05 longer name", "/x", &["JSESSIONIDX=a.m2"], "-"),
    ("SS-05 case", "/x", &["jsessionid=a.m2"], "-"),
    ("SS-05 header 2", "/x", &["a=b", "JSESSIONID=a.m2"], "m2"),
    ("SS-06 no dot", "/x", &["JSESSIONID=am2"], "-"),
    ("SS-06 empty", "/x", &["JSESSIONID=a."], "-"),
    ("SS-06 first dot", "/x", &["JSESSIONID=a.m2.ext"], "-"),
    ("SS-06 dots", "/x", &["JSESSIONID=a.other.route"], "m3"),
    ("SS-07", "/x", &["JSESSIONID=a.zz; JSESSIONID=b.m2"], "m2"),
    (
        "SS-07 order",
        "/x",
        &["JSESSIONID=a.m1", "JSESSIONID=b.m2"],
        "m1",
    ),
    ("SS-09 case", "/x", &["JSESSIONID=a.M1"], "-"),
    ("SS-09 unknown", "/x", &["JSESSIONID=a.zz"], "-"),
    ("SS-17", "/x", &["JSESSIONID="], "-"),
    ("SS-04", "/x;jsessionid=a.m2", &[], "m2"),
    ("SS-04 segment", "/x;jsessionid=a.m2/y;z=1", &[], "m2"),
    ("SS-04 second", "/x;a=b;jsessionid=a.m2?q=1", &[], "m2"),
    ("SS-04 case", "/x;JSESSIONID=a.m2", &[], "-"),
    ("SS-04 query", "/x?;jsessionid=a.m2", &[], "-"),
    ("SS-03", "/x;jsessionid=a.m1", &["JSESSIONID=b.m2"], "m1"),
    (
        "SS-03 no route",
        "/x;jsessionid=a",
        &["JSESSIONID=b.m2"],
        "-",
    ),
    (
        "SS-03 unknown",
        "/x;jsessionid=a.zz",
        &["JSESSIONID=b.m2"],
        "-",
    ),
];

/// SS-03…SS-07, SS-09, SS-17.
fn ss03_to_ss07_where_the_route_comes_from(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2", "m3"])
        .member("m3", "route=other.route")
        .mounts(BY_TURNS)
        .start()?;
    for (row, target, cookies, expected) in IDS {
        let found = home(&mut farm, &with_cookies(target, cookies))?;
        assert_eq!(found, expected, "{row}: {target} {cookies:?}");
    }
    // SS-04: an empty parameter at the end leaves the cookie in force; before another one or another
    // segment mod_jk takes it for an empty id that hides the cookie, and we do not.
    let hidden = match subject {
        Subject::Rjk => "m2",
        Subject::ModJk => "-",
    };
    for (target, expected) in [
        ("/x;jsessionid=", "m2"),
        ("/x;jsessionid=;a=b", hidden),
        ("/x;jsessionid=/y", hidden),
    ] {
        let request = with_cookies(target, &["JSESSIONID=b.m2"]);
        assert_eq!(home(&mut farm, &request)?, expected, "SS-04 {target}");
    }
    // Last: mod_jk takes the second id of this request for the next one too.
    let request = with_cookies("/x", &["JSESSIONID=a; JSESSIONID=b.m2"]);
    assert_eq!(home(&mut farm, &request)?, "m2", "SS-07 no dot");
    farm.httpd.assert_clean();
    Ok(())
}

/// L-12, L-13: other names: other names by rule (1.2.48 has no such rules).
fn l12_l13_x07_x08_other_names(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("session_cookie=SID")
        .lb("session_path=;sid")
        .mounts(BY_TURNS)
        .directives("JkMount /rule/* lb;stateless=1;session_cookie=RID;session_path=;rid")
        .start()?;
    let table = [
        (
            "L-12",
            with_cookies("/x", &["JSESSIONID=a.m1; SID=b.m2"]),
            "m2",
        ),
        (
            "L-12 default name",
            with_cookies("/x", &["JSESSIONID=a.m1"]),
            "-",
        ),
        ("L-13", Request::get("/x;sid=a.m2"), "m2"),
        ("L-13 default name", Request::get("/x;jsessionid=a.m2"), "-"),
    ];
    for (row, request, expected) in table {
        assert_eq!(home(&mut farm, &request)?, expected, "{row}");
    }
    if subject == Subject::Rjk {
        let table = [
            (
                "X-07",
                with_cookies("/rule/x", &["SID=a.m1; RID=b.m2"]),
                "m2",
            ),
            (
                "X-07 other name",
                with_cookies("/rule/x", &["SID=a.m1"]),
                "-",
            ),
            ("X-08", Request::get("/rule/x;rid=a.m2"), "m2"),
            ("X-08 other name", Request::get("/rule/x;sid=a.m2"), "-"),
        ];
        for (row, request, expected) in table {
            assert_eq!(home(&mut farm, &request)?, expected, "{row}");
        }
    }
    Ok(())
}

/// SS-02, E-06: JK_ROUTE hides every id, and is forwarded although nobody has it.
fn ss02_e06_jk_route(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .mounts(BY_TURNS)
        .directives("SetEnvIf X-Route (.*) JK_ROUTE=$1")
        .httpd(|builder| builder.module("setenvif"))
        .start()?;
    let routed = |route: &str| {
        with_cookies("/x;jsessionid=a.m1", &["JSESSIONID=b.m1"]).header("X-Route", route)
    };
    assert_eq!(home(&mut farm, &routed("m2"))?, "m2");
    assert_eq!(farm.last_request("m2")?.attribute("route"), Some("m2"));
    assert_eq!(home(&mut farm, &routed("zz"))?, "-");
    for member in ["m1", "m2"] {
        assert_eq!(farm.last_request(member)?.attribute("route"), Some("zz"));
    }
    assert_eq!(farm.notes()?.route, "zz");
    // An empty one is none.
    assert_eq!(home(&mut farm, &routed(""))?, "m1");
    Ok(())
}

/// SS-01, X-02, E-04: without stickiness a session counts as none, also in the statistic (LB-16).
fn ss01_stickiness_off(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .mounts("JkMount /* lb\nJkUnMount /jkstatus lb\nJkMount /rule/* lb;sticky_ignore=1\nJkMount /zero/* lb;sticky_ignore=0")
        .directives("SetEnvIf X-Ignore (.+) JK_STICKY_IGNORE=$1")
        .httpd(|builder| builder.module("setenvif"))
        .start()?;
    let cookie = ["JSESSIONID=a.m2"];
    let with = |value: &str| with_cookies("/x", &cookie).header("X-Ignore", value);
    let table = [
        ("X-02", with_cookies("/rule/x", &cookie), false),
        ("X-02 zero", with_cookies("/zero/x", &cookie), true),
        ("E-04", with("1"), false),
        ("E-04 zero", with("0"), true),
        ("E-04 word", with("no"), true),
        ("none", with_cookies("/x", &cookie), true),
    ];
    for (row, request, sticky) in table {
        assert_eq!(home(&mut farm, &request)? == "m2", sticky, "{row}");
    }
    let sessions = farm.status("m1")?.sessions + farm.status("m2")?.sessions;
    assert_eq!(sessions, 6, "two rows of three without a session");

    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("sticky_session=0")
        .start()?;
    assert_eq!(home(&mut farm, &with_cookies("/x", &cookie))?, "-", "SS-01");
    Ok(())
}

/// SS-10, SS-11: a route that names a domain, and who stands in for a member that is down.
fn ss10_ss11_domains_and_redirects(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2", "m3", "m4", "m5"])
        .member("m1", "domain=d1")
        .member("m2", "domain=d1")
        .member("m3", "redirect=m4")
        .member("m4", "activation=disabled")
        .member("m5", "route=d5.five")
        .start()?;
    let at = |id: &str| with_cookies("/x", &[&format!("JSESSIONID=a.{id}")]);
    // SS-10: the domain's members share what is sent to the domain.
    let mut served = [farm.who(&at("d1"))?, farm.who(&at("d1.more"))?];
    served.sort();
    assert_eq!(served, ["m1", "m2"]);
    // the domain of m5 is the part of its route before the dot.
    assert_eq!(home(&mut farm, &at("d5.gone"))?, "m5");
    // SS-11: the domain, the redirect's target although disabled (SS-12), else anybody.
    farm.stop("m1")?;
    farm.stop("m3")?;
    farm.stop("m5")?;
    assert_eq!(home(&mut farm, &at("m1"))?, "m2");
    assert_eq!(home(&mut farm, &at("m3"))?, "m4");
    assert_eq!(
        farm.who(&at("m5"))?,
        "m2",
        "the only active one that is left"
    );
    if subject == Subject::Rjk {
        // SS-15, BG-04: mod_jk forwards bytes of a dead stack for a domain.
        farm.who(&at("m1"))?;
        assert_eq!(farm.last_request("m2")?.attribute("route"), Some("d1"));
        farm.who(&at("m3"))?;
        assert_eq!(farm.last_request("m4")?.attribute("route"), Some("m4"));
        assert_eq!(farm.notes()?.route, "m4");
    }
    Ok(())
}

/// SS-10: in a domain the nearest usable member, by load among equals.
fn ss10_nearest_of_a_domain(subject: Subject) -> Result {
    let names = ["m1", "m2", "m3", "m4"];
    let plan = names.iter().fold(Plan::new(subject, &names), |plan, name| {
        plan.member(name, "domain=d")
    });
    let mut farm = plan
        .member("m1", "distance=3")
        .member("m4", "distance=3")
        .member("m3", "activation=disabled")
        .start()?;
    let request = with_cookies("/x", &["JSESSIONID=a.d"]);
    assert_eq!(home(&mut farm, &request)?, "m2");
    farm.stop("m2")?;
    let mut served = Vec::new();
    for _ in 0..4 {
        served.push(farm.who(&request)?);
    }
    served.sort();
    assert_eq!(served, ["m1", "m1", "m4", "m4"]);
    Ok(())
}

/// SS-11, SS-13, SS-18, L-03: with sticky_session_force a session whose member is down gets 503,
/// after an attempt on that member each time; requests without a session go on.
fn ss11_l03_sticky_session_force(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("sticky_session_force=1")
        .lb("retry_interval=1")
        .member("m1", "redirect=m2")
        .member("m1", "retries=1")
        .start()?;
    for (id, expected) in [
        ("a.m1", "m1"),
        ("a.m2", "m2"),
        ("a.zz", "503"),
        ("a", "503"),
    ] {
        let request = with_cookies("/x", &[&format!("JSESSIONID={id}")]);
        assert_eq!(home(&mut farm, &request)?, expected, "{id}");
    }
    farm.stop("m1")?;
    let before = farm.status("m1")?.errors;
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "503");
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "503");
    let status = farm.status("m1")?;
    assert_eq!(status.state, "ERR");
    ensure!(status.errors >= before + 2, "SS-18: {status:?}");
    assert_eq!(farm.get("/x")?, "m2");
    farm.revive("m1")?;
    // SS-18: force recovery finds it at once.
    assert_eq!(farm.with_cookie("JSESSIONID=a.m1")?, "m1");
    assert_eq!(farm.status("m1")?.state, "OK");
    Ok(())
}

/// SS-13: when nobody can be balanced, the first redirect in the file names the one who serves.
fn ss13_failover_redirect(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2", "m3"])
        .member("m1", "activation=stopped")
        .member("m2", "activation=stopped")
        .member("m2", "redirect=m3")
        .member("m3", "activation=disabled")
        .start()?;
    assert_eq!(home(&mut farm, &Request::get("/x"))?, "m3");
    assert_eq!(
        home(&mut farm, &with_cookies("/x", &["JSESSIONID=a.m1"]))?,
        "m3"
    );
    farm.stop("m3")?;
    assert_eq!(farm.get("/x")?, "503");
    Ok(())
}

/// SS-14: a balancer of one member asks no route, but a disabled one serves only its sessions.
fn ss14_one_member(subject: Subject) -> Result {
    let table = [
        ("active", "m1", "m1", "m1"),
        ("disabled", "503", "503", "m1"),
        ("stopped", "503", "503", "503"),
    ];
    for (activation, without, other, own) in table {
        let mut farm = Plan::new(subject, &["m1"])
            .member("m1", &format!("activation={activation}"))
            .lb("set_session_cookie=1")
            .lb("retry_interval=1")
            .start()?;
        let cases = [
            (vec![], without),
            (vec!["JSESSIONID=a.zz"], other),
            (vec!["JSESSIONID=a.m1"], own),
        ];
        for (cookies, expected) in cases {
            let request = with_cookies("/x", &cookies);
            assert_eq!(farm.who(&request)?, expected, "{activation} {cookies:?}");
            // SS-14: it is always sticky, so it never gets the cookie of SS-16.
            let response = farm.send(&request)?;
            assert_eq!(
                response.header("Set-Cookie"),
                None,
                "{activation} {cookies:?}"
            );
        }
    }
    Ok(())
}

/// SS-16, L-14, L-15, X-09: the session cookie made by the web server.
fn ss16_set_session_cookie(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .lb("set_session_cookie=1")
        .lb("session_cookie=SID")
        .lb("session_cookie_path=/app")
        .directives("SetEnvIf X-Tls on HTTPS=on")
        .httpd(|builder| builder.module("setenvif"))
        .start()?;
    let cookies = |farm: &mut Farm, request: Request| -> Result<Vec<String>> {
        let response = farm.send(&request)?;
        ensure!(response.status == 200, "{response:?}");
        Ok(response
            .all("Set-Cookie")
            .into_iter()
            .map(str::to_owned)
            .collect())
    };
    assert_eq!(
        cookies(&mut farm, Request::get("/x"))?,
        ["SID=.m1;PATH=/app;HttpOnly"]
    );
    let secure = Request::get("/x").header("X-Tls", "on");
    assert_eq!(
        cookies(&mut farm, secure)?,
        ["SID=.m2;PATH=/app;HttpOnly;Secure"]
    );
    let sticky = with_cookies("/x", &["SID=.m2"]);
    assert!(cookies(&mut farm, sticky.clone())?.is_empty());
    // After a failover mod_jk sends the cookie of the failed member too (BG-05).
    farm.stop("m2")?;
    let moved = cookies(&mut farm, sticky)?;
    assert_eq!(
        moved,
        ["SID=.m1;PATH=/app;HttpOnly"],
        "the sticky member has none"
    );
    farm.revive("m2")?;
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .mounts("JkMount /x lb\nJkMount /rule/* lb;set_session_cookie=1")
        .start()?;
    farm.stop("m1")?;
    assert!(
        cookies(&mut farm, Request::get("/x"))?.is_empty(),
        "off by default"
    );
    farm.revive("m1")?;
    if subject == Subject::ModJk {
        // X-09 came after 1.2.48.
        return Ok(());
    }
    let default = cookies(&mut farm, Request::get("/rule/x"))?;
    assert_eq!(default, ["JSESSIONID=.m2;PATH=/;HttpOnly"]);
    Ok(())
}

/// SS-07, SS-08: the second id serves when the member of the first is down. On a second attempt of
/// the same request mod_jk has lost the other ids (BG-06); we have them.
fn ss07_ss08_the_ids_after_a_failure(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2", "m3", "m4"]).start()?;
    farm.stop("m1")?;
    let both = ["JSESSIONID=a.m1; JSESSIONID=b.m4"];
    // The first request finds m1 down and makes a second attempt.
    let second = farm.who(&with_cookies("/x", &both))?;
    match subject {
        Subject::Rjk => assert_eq!(second, "m4", "BG-06"),
        Subject::ModJk => assert_eq!(second, "m2", "SS-08"),
    }
    assert_eq!(farm.status("m1")?.state, "ERR");
    assert_eq!(home(&mut farm, &with_cookies("/x", &both))?, "m4", "SS-07");
    Ok(())
}

/// SS-15, A-29, T-04: the route that Tomcat is told, and after a failover (BG-04).
fn ss15_a29_route_attribute(subject: Subject) -> Result {
    let mut farm = Plan::new(subject, &["m1", "m2"])
        .member("m1", "route=one")
        .member("m2", "route=two")
        .start()?;
    assert_eq!(farm.sequence("/x", 2)?, "12");
    assert_eq!(farm.last_request("m1")?.attribute("route"), Some("one"));
    assert_eq!(farm.last_request("m2")?.attribute("route"), Some("two"));
    assert_eq!(farm.notes()?.route, "two");
    assert_eq!(
        home(&mut farm, &with_cookies("/x", &["JSESSIONID=a.one"]))?,
        "m1"
    );
    farm.stop("m1")?;
    assert_eq!(farm.with_cookie("JSESSIONID=a.one")?, "m2");
    let (told, note) = (farm.last_request("m2")?, farm.notes()?.route);
    let expected = match subject {
        Subject::Rjk => "two",
        Subject::ModJk => "one",
    };
    assert_eq!(
        (told.attribute("route"), note.as_str()),
        (Some(expected), expected)
    );
    Ok(())
}
