//! The JSON schema of rjk.toml, for editors.

use rjk_config::toml::schema::{Key, Kind, MAX_NAME, Presence, TABLES, Table};
use serde_json::{Map, Value, json};

/// Draft 7, which most editors know.
pub(super) fn schema() -> Value {
    let tables = TABLES.iter().map(|one| (one.word.to_owned(), table(one)));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "rjk.toml",
        "description": "What mod_rjk knows and mod_jk does not.",
        "type": "object",
        "additionalProperties": false,
        "properties": Value::Object(tables.collect()),
    })
}

fn table(table: &Table) -> Value {
    let mut one = keys(table.keys);
    one["description"] = json!(table.manual);
    if !table.named {
        return one;
    }
    let mut all = json!({
        "type": "object",
        "description": table.manual,
        "additionalProperties": one,
    });
    // A balancer is a worker, whose name is mod_jk's affair.
    if table.word == "policy" {
        all["propertyNames"] = json!({ "pattern": format!("^[A-Za-z0-9_.-]{{1,{MAX_NAME}}}$") });
    }
    all
}

fn keys(keys: &[Key]) -> Value {
    let names = |wanted: Presence| {
        let keys = keys.iter().filter(move |key| key.presence == wanted);
        keys.map(|key| key.name).collect::<Vec<_>>()
    };
    let properties = keys.iter().map(|key| (key.name.to_owned(), value(key)));
    let needs = keys.iter().filter_map(|key| match key.presence {
        Presence::With(other) => Some((key.name.to_owned(), json!([other]))),
        Presence::Required | Presence::OneOf | Presence::Optional => None,
    });
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": Value::Object(properties.collect()),
        "required": names(Presence::Required),
        "dependencies": Value::Object(needs.collect::<Map<_, _>>()),
    });
    let one_of = names(Presence::OneOf);
    if !one_of.is_empty() {
        let any: Vec<_> = one_of
            .iter()
            .map(|name| json!({ "required": [name] }))
            .collect();
        schema["anyOf"] = json!(any);
    }
    schema
}

fn value(key: &Key) -> Value {
    let mut schema = match &key.kind {
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Number(bounds) => number(bounds.start(), bounds.end()),
        Kind::Size(bounds) => json!({ "anyOf": [
            number(bounds.start(), bounds.end()),
            { "type": "string", "pattern": "^[0-9]+ *(B|KiB|MiB|GiB)?$" },
        ] }),
        Kind::Share => json!({ "type": "number", "minimum": 0.000_001, "maximum": 1 }),
        Kind::Free => json!({ "type": "object" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Time(_) => json!({ "type": "string", "pattern": "^[0-9]+ *(ms|s|m|h)$" }),
        Kind::Form { pattern, .. } => json!({ "type": "string", "pattern": pattern }),
        Kind::Switch(inner) => json!({ "anyOf": [{ "type": "boolean" }, keys(inner)] }),
    };
    schema["description"] = json!(key.manual);
    schema
}

fn number(least: &u64, most: &u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}
