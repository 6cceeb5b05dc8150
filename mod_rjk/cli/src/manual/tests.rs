use super::*;
use rjk_config::directive::ALL;
use rjk_config::toml::RjkToml;
use rjk_config::toml::schema::{Key, Kind, TABLES, Table};
use serde_json::Value;
use std::collections::BTreeMap;

fn all() -> BTreeMap<String, Page> {
    let command = clap::Command::new("rjk")
        .about("top")
        .subcommand(clap::Command::new("one").about("first"))
        .subcommand(
            clap::Command::new("two")
                .about("second")
                .subcommand(clap::Command::new("deep").about("third")),
        );
    let pages = pages(command).into_iter();
    pages.map(|page| (page.title(), page)).collect()
}

#[test]
fn each_verb_and_each_file_has_a_page() {
    let pages = all();
    let titles: Vec<_> = pages.keys().map(String::as_str).collect();
    assert_eq!(
        titles,
        [
            "mod_rjk.conf(5)",
            "rjk(1)",
            "rjk-one(1)",
            "rjk-two(1)",
            "rjk-two-deep(1)",
            "rjk.toml(5)",
        ]
    );
    assert_eq!(pages["rjk-two-deep(1)"].about, "third");
    assert_eq!(pages["rjk.toml(5)"].file(), "man5/rjk.toml.5");
}

#[test]
fn the_pages_of_files_have_all_of_their_tables() {
    let pages = all();
    // troff writes a hyphen that is one as \-.
    let text = |title: &str| pages[title].text.replace("\\-", "-");
    let directives = text("mod_rjk.conf(5)");
    for one in ALL {
        let word = format!("\\fB{}\\fR", one.as_str());
        assert!(directives.contains(&word), "{word}");
    }
    let keys = text("rjk.toml(5)");
    for table in TABLES {
        assert!(keys.contains(&table.header()), "{}", table.header());
        for key in table.keys {
            let word = format!("\\fB{}\\fR = ", key.name);
            assert!(keys.contains(&word), "{word}");
            let Kind::Switch(inner) = key.kind else {
                continue;
            };
            for one in inner {
                let word = format!("\\fB{}.{}\\fR = ", key.name, one.name);
                assert!(keys.contains(&word), "{word}");
            }
        }
    }
}

/// A value in TOML and in JSON.
type Sample = (String, Value);

fn samples(kind: &Kind) -> Vec<Sample> {
    let text = |word: &str| (format!("{word:?}"), Value::from(word));
    let number = |number: u64| (number.to_string(), Value::from(number));
    let mut all = vec![text(""), text("other"), text("2MiB"), text("p"), number(0)];
    all.push(("0.5".to_owned(), Value::from(0.5)));
    all.push(("{}".to_owned(), serde_json::json!({})));
    all.push(("true".to_owned(), Value::from(true)));
    match kind {
        Kind::Word(words) => all.extend(words.iter().map(|word| text(word))),
        Kind::Number(bounds) | Kind::Size(bounds) => {
            let (least, most) = (*bounds.start(), *bounds.end());
            let near = [least.saturating_sub(1), least, most, most + 1];
            all.extend(near.into_iter().map(number));
        }
        Kind::Time(_) => all.extend(["60s", "10m", "60", "m"].map(text)),
        Kind::Form { example, .. } => all.extend([text(example), text(" ")]),
        Kind::Text | Kind::Share | Kind::Free | Kind::Flag | Kind::Switch(_) => {}
    }
    all
}

/// One key of a table, with what else it needs; none of that where the key itself is `None`.
fn document(table: &Table, key: Option<(&Key, &Sample)>, others: bool) -> (String, Value) {
    let name = if table.named { "lb" } else { "" };
    let mut pairs: Vec<(&str, Sample)> = Vec::new();
    let needed = match (table.word, others) {
        ("policy", true) => Some("component"),
        ("balancer", true) => Some("record"),
        _ => None,
    };
    let sample = ("\"a\"".to_owned(), Value::from("a"));
    let is_key = |needed: &str| key.is_some_and(|(key, _)| key.name == needed);
    pairs.extend(
        needed
            .filter(|needed| !is_key(needed))
            .map(|needed| (needed, sample)),
    );
    pairs.extend(key.map(|(key, value)| (key.name, value.clone())));
    let toml: String = pairs
        .iter()
        .map(|(name, (toml, _))| format!("{name} = {toml}\n"))
        .collect();
    let json: serde_json::Map<_, _> = pairs
        .into_iter()
        .map(|(name, (_, json))| (name.to_owned(), json))
        .collect();
    let header = table.header().replace("NAME", name);
    let policy = "[policy.p]\ncomponent = \"a\"\n";
    let json = match table.named {
        true => serde_json::json!({ name: json }),
        false => Value::Object(json),
    };
    let mut whole = serde_json::json!({ "policy": { "p": { "component": "a" } } });
    match whole[table.word].as_object_mut() {
        Some(tables) => tables.extend(json.as_object().cloned().unwrap_or_default()),
        None => whole[table.word] = json,
    }
    (format!("{policy}{header}\n{toml}"), whole)
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let schema = schema::schema();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (mut good, mut bad) = (0, 0);
    for table in TABLES {
        for key in table.keys {
            for sample in samples(&key.kind) {
                for others in [true, false] {
                    let (toml, json) = document(table, Some((key, &sample)), others);
                    // Which policies there are is no matter of form.
                    if key.name == "policy" && sample.1 != "p" && sample.1.is_string() {
                        continue;
                    }
                    let reads = RjkToml::parse(&toml, "rjk.toml").is_ok();
                    assert_eq!(validator.is_valid(&json), reads, "{toml}");
                    match reads {
                        true => good += 1,
                        false => bad += 1,
                    }
                }
            }
        }
    }
    assert!(good > 40 && bad > 100, "{good} good, {bad} bad");
}

#[test]
fn the_schema_takes_the_tables_inside_of_tables_that_the_reader_takes() {
    let validator = jsonschema::validator_for(&schema::schema()).unwrap();
    let switches = TABLES.iter().flat_map(|table| {
        let keys = table.keys.iter();
        let inner = keys.filter_map(|key| match key.kind {
            Kind::Switch(inner) => Some((key.name, inner)),
            _ => None,
        });
        inner.map(|(name, inner)| (*table, name, inner))
    });
    let mut read = 0;
    for (table, outer, inner) in switches {
        for key in inner {
            for (toml, json) in samples(&key.kind) {
                for other in inner.iter().filter(|other| other.name != key.name) {
                    let header = table.header().replace("NAME", "w");
                    let (name, beside) = (key.name, other.name);
                    let text =
                        format!("{header}\n{outer} = {{ {name} = {toml}, {beside} = \"a\" }}\n");
                    let value = serde_json::json!({ outer: { name: json, beside: "a" } });
                    let value = match table.named {
                        true => serde_json::json!({ table.word: { "w": value } }),
                        false => serde_json::json!({ table.word: value }),
                    };
                    let reads = RjkToml::parse(&text, "t").is_ok();
                    assert_eq!(validator.is_valid(&value), reads, "{text}");
                    read += usize::from(reads);
                }
            }
        }
    }
    assert!(read > 20, "{read}");
}

#[test]
fn the_schema_knows_no_other_keys() {
    let validator = jsonschema::validator_for(&schema::schema()).unwrap();
    for text in [
        r#"{"wasn": {}}"#,
        r#"{"wasm": {"engin": "auto"}}"#,
        r#"{"policy": {"p": {"component": "a", "fule": 2000}}}"#,
        r#"{"policy": {"p q": {"component": "a"}}}"#,
        r#"{"balancer": {"lb": {}}}"#,
        r#"{"balancer": {"lb": {"record_sample": 1}}}"#,
        r#"{"worker": {"w": {"prot": 1}}}"#,
        r#"{"worker": {"w": {"tls": {"cert": "a"}}}}"#,
        r#"{"worker_defaults": {"socket": "/a"}}"#,
    ] {
        let json: Value = serde_json::from_str(text).unwrap();
        assert!(!validator.is_valid(&json), "{text}");
    }
}
