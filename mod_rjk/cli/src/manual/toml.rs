//! rjk.toml(5).

use super::page::{Page, entry, example};
use clap_mangen::roff::{Roff, bold, roman};
use rjk_config::toml::as_time;
use rjk_config::toml::schema::{Key, Kind, Presence, TABLES, Table};

const EXAMPLE: &str = "\
[policy.tenants]
component = \"policies/header-route.wasm\"

[policy.tenants.config]
header = \"X-Tenant\"

[policy.tenants.config.workers]
acme = \"was2\"

[balancer.lb]
policy  = \"tenants\"
explain = 100

[worker.was2]
protocol = \"http\"
port     = 8443
tls      = { ca = \"internal-ca.pem\" }";

pub(super) fn page() -> Page {
    let about = "what mod_rjk knows and mod_jk does not";
    Page::of_file("rjk.toml", about, |roff| {
        roff.control("SH", ["DESCRIPTION"]);
        roff.text([roman(
            "The file that the directive RjkConfigFile names, in TOML. httpd -t and rjk check say with file and line what \
             is wrong in it; rjk schema prints its JSON schema for editors. Relative file names begin where rjk.toml \
             lies.",
        )]);
        TABLES.iter().for_each(|one| table(roff, one));
        roff.control("SH", ["EXAMPLE"]);
        example(roff, EXAMPLE);
        roff.control("SH", ["SEE ALSO"]);
        let policy = bold("rjk-policy");
        let directives = bold("mod_rjk.conf");
        roff.text([policy, roman("(1), "), directives, roman("(5)")]);
    })
}

fn table(roff: &mut Roff, table: &Table) {
    roff.control("SH", [table.header().as_str()]);
    roff.text([roman(table.manual)]);
    for key in table.keys {
        let value = format!(" = {}", value(&key.kind));
        let text = format!("{}{}", key.manual, absent(key));
        entry(roff, key.name, &value, &text);
        if let Kind::Switch(inner) = key.kind {
            inside(roff, key.name, inner);
        }
    }
}

/// The keys of a table inside of a table.
fn inside(roff: &mut Roff, outer: &str, keys: &[Key]) {
    for key in keys {
        let name = format!("{outer}.{}", key.name);
        let value = format!(" = {}", value(&key.kind));
        let text = format!("{}{}", key.manual, absent(key));
        entry(roff, &name, &value, &text);
    }
}

/// What is written as the value.
fn value(kind: &Kind) -> String {
    match kind {
        Kind::Text => "\"TEXT\"".to_owned(),
        Kind::Word(words) => {
            let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            quoted.join(" | ")
        }
        Kind::Number(bounds) => format!("{} to {}", bounds.start(), bounds.end()),
        Kind::Size(bounds) => format!(
            "\"SIZE\" ({} to {})",
            crate::manners::bytes(*bounds.start()),
            crate::manners::bytes(*bounds.end())
        ),
        Kind::Share => "above 0, at most 1".to_owned(),
        Kind::Free => "a table".to_owned(),
        Kind::Flag => "true | false".to_owned(),
        Kind::Time(bounds) => format!(
            "\"TIME\" ({} to {})",
            as_time(*bounds.start()),
            as_time(*bounds.end())
        ),
        Kind::Form { example, .. } => format!("\"TEXT\", such as \"{example}\""),
        Kind::Switch(_) => "true | false | a table".to_owned(),
    }
}

fn absent(key: &Key) -> String {
    match (key.presence, key.default) {
        (Presence::Required, _) => " Required.".to_owned(),
        (_, "") => String::new(),
        (_, default) => format!(" Default: {default}."),
    }
}
