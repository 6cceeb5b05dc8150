//! `mime=json`: the page of docs/status-json.md is true.

use crate::site::Site;
use rjk_testbed::client::{self, Request};
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject};
use serde_json::Value;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/status-json.md");

/// What is another in each run.
const CHANGING: [&str; 16] = [
    "read",
    "transferred",
    "datetime",
    "tz",
    "unix",
    "web_server",
    "jk_version",
    "port",
    "address",
    "time_to_maintenance_min",
    "time_to_maintenance_max",
    "time_to_recover_min",
    "time_to_recover_max",
    "last_reset_at",
    "last_reset_ago",
    "server",
];

#[test]
fn c02_the_documented_example_is_what_comes() -> Result {
    let page = std::fs::read_to_string(PAGE)?;
    let example: Value = serde_json::from_str(block(&page, "json")?)?;
    let mut workers = block(&page, "properties")?.to_owned();
    let mut peers = Vec::new();
    for port in ["8009", "8010", "8011"] {
        let peer = Peer::start(Behaviour::Echo)?;
        workers = workers.replace(port, &peer.port().to_string());
        peers.push(peer);
    }
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(workers)
        .directives(block(&page, "apache")?)
        .start()?;
    client::get(httpd.port(), "/app/x")?;
    peers.remove(0);
    client::get(httpd.port(), "/app/x")?;
    let answer = client::get(httpd.port(), "/jkstatus?mime=json")?;
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let mut actual: Value = serde_json::from_str(&answer.text())?;
    let mut expected = example.clone();
    steady(&mut actual);
    steady(&mut expected);
    assert_eq!(expected, actual, "{}", answer.text());
    // What changes is there, and of the same kind.
    assert_eq!(
        kinds(&example),
        kinds(&serde_json::from_str(&answer.text())?)
    );
    httpd.assert_clean();
    Ok(())
}

/// The example of `decisions` is what a balancer with `explain` has.
#[test]
fn c02_the_documented_decision_is_what_comes() -> Result {
    let page = std::fs::read_to_string(PAGE)?;
    let expected: Value = serde_json::from_str(block(&page, "decisions")?)?;
    let peer = Peer::start(Behaviour::Echo)?;
    let mut workers = block(&page, "properties")?.to_owned();
    for port in ["8009", "8010", "8011"] {
        workers = workers.replace(port, &peer.port().to_string());
    }
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(workers)
        .directives(block(&page, "apache")?)
        .file("conf/rjk.toml", block(&page, "toml")?)
        .directives("RjkConfigFile conf/rjk.toml")
        .start()?;
    let request = Request::get("/app/x").header("Cookie", "JSESSIONID=1234.node1");
    client::send(httpd.port(), request)?;
    let answer = client::get(httpd.port(), "/jkstatus?mime=json")?.text();
    let mut actual: Value =
        serde_json::from_str::<Value>(&answer)?["balancers"][0]["decisions"].take();
    assert_eq!(kinds(&expected), kinds(&actual), "{answer}");
    let mut steady = expected;
    for decisions in [&mut steady, &mut actual] {
        for changing in ["at", "ago", "duration_us"] {
            decisions[0][changing] = Value::Null;
        }
    }
    assert_eq!(steady, actual, "{answer}");
    httpd.assert_clean();
    Ok(())
}

/// The first block of a language.
fn block<'a>(page: &'a str, language: &str) -> Result<&'a str> {
    let (_, rest) = page
        .split_once(&format!("```{language}\n"))
        .with_context(|| format!("no {language}"))?;
    Ok(rest.split_once("```").context("no end")?.0)
}

fn steady(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let changes = CHANGING.contains(&name.as_str()) || name.starts_with("error_time");
                if changes {
                    *value = Value::Null;
                }
                steady(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(steady),
        _ => {}
    }
}

/// A value with the name of its kind in place of each text, number and flag.
fn kinds(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let pair = |(name, value): (&String, &Value)| (name.clone(), kinds(value));
            Value::Object(members.iter().map(pair).collect())
        }
        Value::Array(items) => items.iter().map(kinds).collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "flag".into(),
        Value::Null => Value::Null,
    }
}

/// Every field of the properties is in the JSON, with the same value.
#[test]
fn c02_json_says_what_the_others_say() -> Result {
    let site = Site::start(Subject::Rjk)?;
    for target in ["/app/x", "/alone/x"] {
        site.send(Request::get(target))?;
    }
    site.ask("cmd=update&mime=txt&w=lb&sw=m1&vwn=%C3%A4%26%22&vwc=d")?;
    let json: Value = serde_json::from_str(&site.ask("mime=json")?)?;
    let prop = site.ask("mime=prop")?;
    let balancer = &json["balancers"][0];
    let members = balancer["members"].as_array().context("no members")?;
    let mut places: Vec<(&str, &Value)> =
        vec![("lb", balancer), ("alone", &json["ajp_workers"][0])];
    for member in members {
        places.push((member["name"].as_str().context("no name")?, member));
    }
    let mut compared = 0;
    for line in prop.lines() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        for (name, place) in &places {
            let Some(field) = key.strip_prefix(&format!("worker.{name}.")) else {
                continue;
            };
            // Times pass between two answers, and in properties some stand at another place.
            if ["list", "balance_workers"].contains(&field)
                || field.contains("time_to")
                || field.contains("last_")
            {
                continue;
            }
            let found = match field
                .strip_prefix("map.")
                .and_then(|rest| rest.split_once('.'))
            {
                Some((id, field)) => &place["maps"][id.parse::<usize>()? - 1][field],
                None => &place[field],
            };
            assert!(says(found, value), "{key}: {found} {value}");
            compared += 1;
        }
    }
    assert!(compared > 250, "{compared} fields");
    site.httpd.assert_clean();
    Ok(())
}

/// Whether a value is that of a property.
fn says(found: &Value, property: &str) -> bool {
    match found {
        Value::String(text) => text == property,
        Value::Bool(flag) => ["0", "1", "False", "True"]
            .iter()
            .position(|word| *word == property)
            .is_some_and(|word| (word % 2 == 1) == *flag),
        Value::Number(number) => property == number.to_string(),
        _ => false,
    }
}

/// Queries, what comes besides head and result, and the message.
const BODIES: [(&str, &[&str], &str); 9] = [
    ("cmd=version", &[], "Action finished"),
    ("cmd=list&opt=24", &[], "Action finished"),
    ("cmd=list&opt=8", &["ajp_workers"], "Action finished"),
    ("cmd=show&w=lb", &["balancer"], "Action finished"),
    ("cmd=show&w=alone", &["ajp"], "Action finished"),
    ("cmd=dump", &["configuration"], "Action finished"),
    ("cmd=nothing", &[], "Invalid command."),
    ("cmd=show&w=x", &[], "Could not find given worker"),
    ("cmd=update&w=lb&vlr=7", &[], "Action finished"),
];

#[test]
fn c02_json_of_each_command() -> Result {
    let site = Site::start(Subject::Rjk)?;
    let ask = |query: &str| -> Result<Value> {
        Ok(serde_json::from_str(
            &site.ask(&format!("mime=json&{query}"))?,
        )?)
    };
    let keys = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .map(|members| members.keys().cloned().collect())
            .unwrap_or_default()
    };
    let head = ["result", "server", "software", "time"];
    for (query, body, message) in BODIES {
        let json = ask(query)?;
        assert_eq!(json["result"]["message"], message, "{query}");
        let failed = message != "Action finished";
        assert_eq!(
            json["result"]["type"],
            if failed { "ERROR" } else { "OK" },
            "{query}"
        );
        let mut expected: Vec<&str> = if failed || query.contains("update") {
            vec!["result"]
        } else {
            head.to_vec()
        };
        expected.extend(body);
        expected.sort_unstable();
        assert_eq!(keys(&json), expected, "{query}");
    }
    let one = ask("cmd=show&w=lb&sw=m2&opt=2")?;
    assert_eq!(one["balancer"]["members"][0]["name"], "m2");
    assert_eq!(one["balancer"]["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(one["balancer"]["member_count"], 3);
    assert_eq!(
        ask("cmd=dump")?["configuration"][0]["name"],
        "worker.extra.host"
    );
    site.httpd.assert_clean();
    Ok(())
}
