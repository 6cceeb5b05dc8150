//! The page from a model: what it says, what it escapes, what it offers.

use super::render;
use crate::context::Context;
use crate::model::{
    BalancerSettings, BalancerView, Body, MemberView, Page, Past, Ratings, Span, Subject, Verdict,
    WorkerView,
};
use crate::query::Query;
use crate::testing::spec;
use bstr::BString;
use rjk_balance::snapshot::EndpointSnapshot;
use rjk_balance::{Happened, State};
use rjk_config::model::{Activation, AjpSpec, StatusSpec, Way, WorkerSpec};
use rjk_config::properties::Properties;
use rjk_config::workers::Workers;
use std::time::Duration;

/// A name that would end an attribute, an element, or both.
const NAME: &str = "m\"><script>&'";
const PATH: &str = "/jk status";

fn ajp(name: &str) -> AjpSpec {
    let mut properties = Properties::workers();
    let text = b"worker.list=w\nworker.w.host=localhost\n";
    properties.add_text(text, "w", &mut Vec::new()).unwrap();
    let workers = Workers::build(properties, &mut Vec::new()).unwrap();
    let Some(WorkerSpec::Ajp(spec)) = workers.get(b"w") else {
        panic!("no worker");
    };
    AjpSpec {
        name: name.into(),
        secret: None,
        way: Way::default(),
        ..spec.clone()
    }
}

fn endpoint(name: &str) -> EndpointSnapshot {
    EndpointSnapshot {
        spec: ajp(name),
        address: "127.0.0.1:8009".to_owned(),
        state: State::Idle,
        errors: 0,
        last_reset: Happened {
            unix_seconds: 0,
            ago: Duration::from_secs(10),
        },
        error: None,
        used: 30,
        client_errors: 1,
        reply_timeouts: 2,
        transferred: 20_000,
        read: 3,
        busy: 4,
        max_busy: 5,
        connected: 6,
        max_connected: 7,
    }
}

fn member(index: usize, name: &str, state: State) -> MemberView {
    MemberView {
        index,
        endpoint: endpoint(name),
        activation: Activation::Disabled,
        lbfactor: 1,
        route: name.into(),
        redirect: BString::default(),
        domain: BString::default(),
        distance: 0,
        state,
        multiplier: 1,
        value: 2,
        sessions: 3,
        errors: 4,
        recovery: Span { min: 10, max: 70 },
        last_reset: Past { unix: 0, ago: 10 },
        error_time: None,
    }
}

fn balancer(name: &str) -> BalancerView {
    BalancerView {
        name: name.into(),
        settings: BalancerSettings {
            method: "Sessions",
            lock: "Optimistic",
            ..BalancerSettings::default()
        },
        member_count: 2,
        ratings: Ratings {
            good: 0,
            degraded: 1,
            bad: 1,
        },
        members: vec![member(0, "a", State::Ok), member(1, NAME, State::Error)],
        ..BalancerView::default()
    }
}

fn worker() -> WorkerView {
    WorkerView {
        endpoint: endpoint("alone"),
        map_count: 0,
        last_reset: Past::default(),
        error_time: None,
        maps: Vec::new(),
    }
}

fn list() -> Page {
    of(Body::List {
        balancers: Some(vec![balancer("lb")]),
        workers: Some(vec![worker()]),
    })
}

fn of(body: Body) -> Page {
    Page {
        body,
        ..Page::default()
    }
}

fn page(page: &Page, query: &str, spec: &StatusSpec) -> String {
    let query = Query::parse(query.as_bytes());
    render(
        page,
        &Context {
            spec,
            query: &query,
            path: PATH.into(),
            is_read_only: spec.read_only,
        },
    )
}

/// Every name that a configuration or a client wrote is text, in content, attributes and addresses.
#[test]
fn cv12_c14_names_are_escaped() {
    let odd = Body::List {
        balancers: Some(vec![balancer(NAME)]),
        workers: None,
    };
    let css = StatusSpec {
        css: Some(NAME.into()),
        ..spec()
    };
    for body in [
        odd,
        Body::Edit(Subject::Balancer(Box::new(balancer(NAME)))),
        Body::Dump(vec![(NAME.into(), NAME.into())]),
    ] {
        let html = page(&of(body), "cmd=edit&att=vwr&w=%22%3E%3Cscript%3E", &css);
        for part in [
            "<script",
            "javascript:",
            " onclick",
            " onload",
            " onsubmit",
            " onchange",
        ] {
            assert!(!html.contains(part), "{part}");
        }
        assert!(html.contains("m&quot;&gt;&lt;script&gt;&amp;'"), "{html}");
    }
    let failed = Page {
        result: Verdict::Failed("<b>".to_owned()),
        ..Page::default()
    };
    assert!(page(&failed, "", &spec()).contains("Result: ERROR - &lt;b&gt;"));
}

#[test]
fn states_are_words_and_colours() {
    let html = page(&list(), "", &spec());
    for part in [
        "<span class=\"tag bad\">ERR</span>",
        "<span class=\"tag good\">OK</span>",
        "<span class=\"tag warn\">Disabled</span>",
        "<b class=\"bad\">1 bad</b>",
        "in 10 to 70 s",
        "30 (3/s)",
        "19K",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

/// No script is needed or there; a phone gets the width that it has.
#[test]
fn the_page_needs_no_script() {
    let html = page(&list(), "", &spec());
    for part in [
        "<script",
        "javascript:",
        " onclick",
        " onload",
        " onsubmit",
        " onchange",
    ] {
        assert!(!html.contains(part), "{part}");
    }
    assert!(html.contains("name=\"viewport\" content=\"width=device-width"));
}

/// What only follows links changes nothing: a change is a form.
#[test]
fn changes_are_forms_and_not_links() {
    let html = page(&list(), "", &spec());
    for change in ["update", "reset", "recover"] {
        assert!(html.contains(&format!("value=\"{change}\"")), "{change}");
        assert!(!html.contains(&format!("cmd={change}")), "{change}");
    }
    assert_eq!(
        html.matches("value=\"recover\"").count(),
        1,
        "only in error"
    );
    assert!(!html.contains(">Disable<") && html.contains(">Activate<"));
}

#[test]
fn s02_c06_read_only_offers_no_change() {
    let read_only = StatusSpec {
        read_only: true,
        ..spec()
    };
    let html = page(&list(), "", &read_only);
    for word in ["edit", "update", "reset", "recover"] {
        assert!(!html.contains(&format!("value=\"{word}\"")), "{word}");
        assert!(!html.contains(&format!("cmd={word}")), "{word}");
    }
    assert!(html.contains("(read only)"));
}

/// Links keep the options, and names in them are encoded.
#[test]
fn c06_c09_links() {
    let html = page(&list(), "opt=4", &spec());
    assert!(html.contains("href=\"/jk%20status\""), "{html}");
    assert!(
        html.contains("cmd=show&amp;opt=4&amp;w=lb&amp;sw=m%22%3E%3Cscript%3E%26%27"),
        "{html}"
    );
    assert!(!html.contains("Legend"), "left out");
}

/// A path that begins with two slashes names a host: forms would be sent there, and the refresh goes there.
#[test]
fn c14_no_link_leads_to_another_host() {
    for path in ["//evil.example/st", "///evil.example/st"] {
        let query = Query::parse(b"cmd=reset&w=lb");
        let context = Context {
            spec: &spec(),
            query: &query,
            path: path.into(),
            is_read_only: false,
        };
        let text = render(&Page::default(), &context);
        assert!(text.contains("url=/evil.example/st"), "{text}");
        assert!(!text.contains("//evil.example"), "{text}");
    }
}

#[test]
fn c05_cm09_refresh() {
    let refresh = |body: &Page, query: &str| {
        let html = page(body, query, &spec());
        let (_, rest) = html.split_once("http-equiv=\"refresh\" content=\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let done = Page::default();
    let rows = [
        (list(), "", None),
        (list(), "re=0", None),
        (list(), "re=-1", None),
        (
            list(),
            "re=5&opt=1",
            Some("5;url=/jk%20status?opt=1&amp;re=5"),
        ),
        (
            list(),
            "cmd=show&w=lb&re=7",
            Some("7;url=/jk%20status?cmd=show&amp;w=lb&amp;re=7"),
        ),
        (list(), "cmd=dump&re=7", None),
        (
            done.clone(),
            "cmd=update&w=lb&from=list",
            Some("3;url=/jk%20status"),
        ),
        (
            done.clone(),
            "cmd=reset&w=lb&from=show",
            Some("3;url=/jk%20status?cmd=show&amp;w=lb"),
        ),
        (
            done.clone(),
            "cmd=reset&w=lb&from=javascript:x",
            Some("3;url=/jk%20status"),
        ),
    ];
    for (body, query, expected) in rows {
        assert_eq!(refresh(&body, query).as_deref(), expected, "{query}");
    }
    let text = page(&done, "cmd=reset&w=lb", &spec());
    assert!(
        text.contains("Result: OK</b> - You will be redirected in 3 seconds."),
        "{text}"
    );
}

const BALANCER: &str = "vlr vlri vlt vlee vlx vls vlf vlm vll";
const WORKER: &str = "vahst vaprt vacpt vapng vact vapt vart var vari vacpi varo vabl vamps";
/// What forms have besides settings.
const HIDDEN: [&str; 8] = [
    "cmd", "w", "sw", "from", "opt", "viewport", "robots", "referrer",
];

/// The fields of a form are the parameters of an update.
#[test]
fn cm03_forms_have_the_parameters_of_an_update() {
    let whole = || Subject::Balancer(Box::new(balancer("lb")));
    let one = BalancerView {
        members: vec![member(1, "b", State::Ok)],
        ..balancer("lb")
    };
    let member = format!("vwa vwf vwn vwr vwc vwd {WORKER}");
    let rows = [
        (whole(), "", BALANCER),
        (Subject::Member(Box::new(one)), "", &member),
        (Subject::Worker(Box::new(worker())), "", WORKER),
        (whole(), "&att=vwf", "att val0 val1"),
        (whole(), "&att=vahst", BALANCER),
    ];
    for (subject, query, expected) in rows {
        let query = format!("cmd=edit&w=lb{query}");
        let html = page(&of(Body::Edit(subject)), &query, &spec());
        let names: Vec<&str> = html
            .split(" name=\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"'))
            .map(|(name, _)| name)
            .filter(|name| !HIDDEN.contains(name))
            .collect();
        assert_eq!(names.join(" "), expected, "{query}");
        assert!(html.contains("name=\"cmd\" value=\"update\""), "{query}");
    }
}

/// A form shows what is in effect: sending it unchanged changes nothing.
#[test]
fn v06_forms_show_what_is_in_effect() {
    let html = page(
        &of(Body::Edit(Subject::Balancer(Box::new(balancer("lb"))))),
        "cmd=edit&w=lb",
        &spec(),
    );
    assert!(
        html.contains("<option value=\"S\" selected>Sessions"),
        "{html}"
    );
    assert!(html.contains("<select id=\"vls\" name=\"vls\"><option value=\"1\">On</option><option value=\"0\" selected>Off"), "{html}");
    let html = page(
        &of(Body::Edit(Subject::Balancer(Box::new(balancer("lb"))))),
        "cmd=edit&w=lb&att=vwa",
        &spec(),
    );
    assert_eq!(
        html.matches("<option value=\"1\" selected>Disabled")
            .count(),
        2,
        "{html}"
    );
}
