//! `mime=json`: the names of the text formats, with numbers as numbers and flags as flags.

use crate::fields::{self, Field, Order, Value};
use crate::model::{BalancerView, Body, DecisionView, Head, MapView, Page, PolicyView, WorkerView};
use bstr::{BStr, BString, ByteSlice};
use serde_json::{Map, Value as Json, json};

/// The whole answer.
pub(crate) fn render(page: &Page) -> String {
    let mut out = Map::new();
    if let Some(head) = &page.head {
        write_head(&mut out, head);
    }
    match &page.body {
        Body::Empty | Body::Edit(_) => {}
        Body::List { balancers, workers } => {
            if let Some(balancers) = balancers {
                out.insert("balancers".into(), balancers.iter().map(balancer).collect());
            }
            if let Some(workers) = workers {
                out.insert("ajp_workers".into(), workers.iter().map(worker).collect());
            }
        }
        Body::Balancer(view) => {
            out.insert("balancer".into(), balancer(view));
        }
        Body::Worker(view) => {
            out.insert("ajp".into(), worker(view));
        }
        Body::Dump(properties) => {
            out.insert("configuration".into(), dump(properties));
        }
    }
    if !page.notices.is_empty() {
        out.insert("notices".into(), page.notices.as_slice().into());
    }
    let (kind, message) = page.result.words();
    out.insert("result".into(), json!({"type": kind, "message": message}));
    format!("{:#}\n", Json::Object(out))
}

fn write_head(out: &mut Map<String, Json>, head: &Head) {
    for (name, fields) in [
        ("server", fields::server(head)),
        ("time", fields::time(&head.time).into()),
        ("software", fields::software(head)),
    ] {
        out.insert(name.into(), Json::Object(object(fields)));
    }
}

fn balancer(view: &BalancerView) -> Json {
    let mut out = named(view.name.as_bstr(), fields::balancer(view));
    let members = view.members.iter().map(|view| {
        let mut fields = fields::member(view, Order::RetriesFirst);
        fields.extend(fields::times(view.last_reset, view.error_time.as_ref()));
        Json::Object(named(view.endpoint.name(), fields))
    });
    out.insert("members".into(), members.collect());
    out.insert("maps".into(), view.maps.iter().map(map).collect());
    if let Some(view) = &view.policy {
        out.insert("policy".into(), policy(view));
    }
    if let Some(decisions) = &view.decisions {
        out.insert("decisions".into(), decisions.iter().map(decision).collect());
    }
    Json::Object(out)
}

fn worker(view: &WorkerView) -> Json {
    let mut fields = fields::worker(view, Order::RetriesFirst);
    fields.extend(fields::times(view.last_reset, view.error_time.as_ref()));
    let mut out = named(view.endpoint.name(), fields);
    out.insert("state".into(), view.endpoint.state.as_str().into());
    out.insert("maps".into(), view.maps.iter().map(map).collect());
    Json::Object(out)
}

fn map(view: &MapView) -> Json {
    let mut out = object(fields::map(view));
    out.insert("id".into(), view.id.into());
    Json::Object(out)
}

fn policy(view: &PolicyView) -> Json {
    let decisions: Map<String, Json> = view
        .decisions
        .iter()
        .map(|(heading, count)| (key(heading), (*count).into()))
        .collect();
    let counters: Map<String, Json> = view
        .counters
        .iter()
        .map(|(number, count)| (number.to_string(), (*count).into()))
        .collect();
    let mut out = json!({"name": view.name, "decisions": decisions, "counters": counters});
    if let Some(problem) = &view.problem {
        out["problem"] = problem.as_str().into();
    }
    out
}

fn decision(view: &DecisionView) -> Json {
    let candidates = view.candidates.iter().map(|(name, seen)| {
        json!({
            "name": name,
            "state": seen.state.as_str(),
            "activation": seen.activation.as_str(),
            "busy": seen.busy,
            "lbvalue": seen.load,
            "latency_us": seen.latency_us,
        })
    });
    json!({
        "at": view.when.unix,
        "ago": view.when.ago,
        "attempt": view.attempt,
        "decided_by": view.by,
        "decision": view.found,
        "member": view.member,
        "label": view.label,
        "policy_said": view.policy_said,
        "session": view.session,
        "route": view.route.to_str_lossy(),
        "candidates": candidates.collect::<Json>(),
        "more_candidates": view.more,
        "ended": view.end.map(|end| end.ended.as_str()),
        "status": view.end.map(|end| end.status),
        "duration_us": view.end.and_then(|end| u64::try_from(end.total.as_micros()).ok()),
    })
}

/// `Shadow same` as `shadow_same`.
fn key(heading: &str) -> String {
    heading.to_lowercase().replace([' ', '-'], "_")
}

fn dump(properties: &[(BString, BString)]) -> Json {
    let pair = |(name, value): &(BString, BString)| json!({"name": name.to_str_lossy(), "value": value.to_str_lossy()});
    properties.iter().map(pair).collect()
}

fn named<'a>(name: &BStr, fields: impl IntoIterator<Item = Field<'a>>) -> Map<String, Json> {
    let mut out = object(fields);
    out.insert("name".into(), name.to_str_lossy().into());
    out
}

fn object<'a>(fields: impl IntoIterator<Item = Field<'a>>) -> Map<String, Json> {
    let pair = |field: Field<'_>| {
        let value = match field.value {
            Value::Text(text) => text.to_str_lossy().into(),
            Value::Number(number) => number.into(),
            Value::Flag(flag) | Value::Bit(flag) => flag.into(),
        };
        (field.name.to_owned(), value)
    };
    fields.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_its_counts_under_plain_names() {
        let view = BalancerView {
            name: "lb".into(),
            policy: Some(PolicyView {
                name: "canary".to_owned(),
                problem: Some("it is gone".to_owned()),
                decisions: vec![("Built-in".into(), 1), ("Shadow same".into(), 2)],
                counters: vec![(3, 9)],
            }),
            ..BalancerView::default()
        };
        let page = Page {
            body: Body::Balancer(Box::new(view)),
            ..Page::default()
        };
        let json: Json = serde_json::from_str(&render(&page)).unwrap();
        let expected = json!({
            "name": "canary",
            "problem": "it is gone",
            "decisions": {"built_in": 1, "shadow_same": 2},
            "counters": {"3": 9},
        });
        assert_eq!(json["balancer"]["policy"], expected);
        assert_eq!(json["balancer"]["name"], "lb");
    }
}
