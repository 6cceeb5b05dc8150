//! The forms of the page, as a browser without scripts sends them (CM-03, C-07…C-10, V-06).

use crate::site::Site;
use rjk_testbed::client::Request;
use rjk_testbed::{Context, Result, Subject, ensure};

/// A form: its action and its fields, as they are when nobody touches them.
#[derive(Debug)]
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The form of a page that sends this command.
    fn of(page: &str, command: &str) -> Result<Form> {
        let forms = page.split("<form").skip(1);
        let mut forms = forms.filter_map(|form| Some(form.split_once("</form>")?.0));
        let wanted = format!("name=\"cmd\" value=\"{command}\"");
        let form = forms.find(|form| form.contains(&wanted));
        let form = form.with_context(|| format!("no form of {command} in {page}"))?;
        Ok(Form {
            action: attribute(form, "action").context("no action")?,
            fields: fields(form),
        })
    }

    fn set(mut self, name: &str, value: &str) -> Result<Form> {
        let field = self.fields.iter_mut().rfind(|(known, _)| known == name);
        field.with_context(|| format!("no field {name}"))?.1 = value.to_owned();
        Ok(self)
    }

    fn target(&self) -> String {
        let pairs: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        format!("{}?{}", self.action, pairs.join("&"))
    }
}

/// Names and values in the order of the page: a box that is not ticked sends nothing.
fn fields(form: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for element in form.split('<') {
        let text = |name: &str| attribute(element, name).unwrap_or_default();
        let is_set = |word: &str| element.split(['>', ' ']).any(|part| part == word);
        if element.starts_with("input ") {
            let needs_tick = ["checkbox", "radio"].contains(&text("type").as_str());
            if !needs_tick || is_set("checked") {
                fields.push((text("name"), text("value")));
            }
        } else if element.starts_with("select ") {
            fields.push((text("name"), String::new()));
        } else if element.starts_with("option ")
            && is_set("selected")
            && let Some((_, value)) = fields.last_mut()
        {
            *value = text("value");
        }
    }
    fields
}

fn attribute(element: &str, name: &str) -> Option<String> {
    let (_, rest) = element.split_once(&format!(" {name}=\""))?;
    let value = rest.split_once('"')?.0;
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    Some(
        plain
            .iter()
            .fold(value.to_owned(), |text, (from, to)| text.replace(from, to)),
    )
}

fn encoded(value: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._*".contains(byte);
    let encode = |byte: u8| match byte {
        byte if is_plain(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}

/// Settings and states, without what changes by itself.
fn settings(site: &Site) -> Result<String> {
    let text = site.ask("mime=prop")?;
    let is_steady = |line: &&str| {
        !line.contains("time_to") && !line.contains("_ago") && !line.contains(".time_")
    };
    Ok(text
        .lines()
        .filter(is_steady)
        .map(|line| format!("{line}\n"))
        .collect())
}

const FORMS: [&str; 7] = [
    "w=lb",
    "w=lb&sw=m1",
    "w=lb&sw=m2",
    "w=lb&sw=m3",
    "w=alone",
    "w=lb&att=vwa",
    "w=lb&att=vwn",
];

/// Who opens a form and sends it has changed nothing, and is told of no mistake.
#[test]
fn cm03_a_form_as_it_is_changes_nothing() -> Result {
    let lines = "worker.m2.port=0\nworker.lb.sticky_session=0\nworker.m3.recovery_options=7\n\
                 worker.m1.connection_pool_timeout=60\nworker.alone.socket_connect_timeout=100\n";
    let site = Site::of(Subject::Rjk, lines, |builder| builder)?;
    site.ask("cmd=update&w=lb&sw=m1&vwn=a%26b%27%C3%A4+c&vwc=x%25")?;
    let before = settings(&site)?;
    for query in FORMS {
        let form = Form::of(&site.ask(&format!("cmd=edit&{query}"))?, "update")?;
        let sent =
            site.send(Request::get(&form.target()).header("Sec-Fetch-Site", "same-origin"))?;
        ensure!(sent.status == 200, "{query}: {sent:?}");
        assert!(!sent.text().contains("ERROR"), "{query}: {}", sent.text());
        assert_eq!(settings(&site)?, before, "{query}: {form:?}");
    }
    let changes = site.log_lines(&["status worker st", "->"]);
    assert_eq!(changes.len(), 2, "those of the beginning: {changes:?}");
    site.httpd.assert_clean();
    Ok(())
}

/// One field that was touched changes one setting.
#[test]
fn cm03_one_field_changes_one_setting() -> Result {
    let site = Site::start(Subject::Rjk)?;
    let rows = [
        ("w=lb", "vlr", "7", "lb.retries", "7"),
        ("w=lb", "vlm", "b", "lb.method", "Busyness"),
        ("w=lb&sw=m1", "vwa", "d", "m1.activation", "DIS"),
        ("w=lb&sw=m1", "vwf", "9", "m1.lbfactor", "9"),
        ("w=lb&sw=m3", "vart", "77", "m3.reply_timeout", "77"),
        ("w=alone", "vabl", "3", "alone.busy_limit", "3"),
        ("w=lb&att=vwd", "val2", "8", "m3.distance", "8"),
        ("w=lb&att=vwr", "val0", "m3", "m1.redirect", "m3"),
    ];
    for (query, field, value, key, expected) in rows {
        let before = settings(&site)?;
        let form =
            Form::of(&site.ask(&format!("cmd=edit&{query}"))?, "update")?.set(field, value)?;
        site.send(Request::get(&form.target()))?;
        assert_eq!(site.value(key)?, expected, "{query} {field}: {form:?}");
        let after = settings(&site)?;
        let changed: Vec<&str> = before
            .lines()
            .zip(after.lines())
            .filter(|(old, new)| old != new)
            .map(|(_, new)| new)
            .collect();
        // What is worked out from it.
        let derived = ["lbmult", "good", "degraded", "bad"];
        let is_setting = |line: &&&str| {
            !derived
                .iter()
                .any(|name| line.contains(&format!(".{name}=")))
        };
        let others = changed.iter().filter(is_setting).count();
        assert_eq!(others, 1, "{query} {field}: {changed:?}");
    }
    site.httpd.assert_clean();
    Ok(())
}

/// V-06, BG-22: what is on can be switched off.
#[test]
fn v06_on_is_switched_off() -> Result {
    let site = Site::start(Subject::Rjk)?;
    for (name, key) in [
        ("vlf", "lb.sticky_session_force"),
        ("vls", "lb.sticky_session"),
    ] {
        assert_eq!(site.value(key)?, "True");
        let form = Form::of(&site.ask("cmd=edit&w=lb")?, "update")?.set(name, "0")?;
        site.send(Request::get(&form.target()))?;
        assert_eq!(site.value(key)?, "False", "{form:?}");
    }
    site.httpd.assert_clean();
    Ok(())
}

/// The buttons of the list: each is a form with its command.
#[test]
fn cm05_cm06_buttons() -> Result {
    let site = Site::start(Subject::Rjk)?;
    site.send(Request::get("/app/x"))?;
    assert_eq!(site.value("m1.elected")?, "1");
    let reset = Form::of(&site.ask("cmd=list")?, "reset")?;
    assert_eq!(site.send(Request::get(&reset.target()))?.status, 200);
    assert_eq!(site.value("m1.elected")?, "0");
    site.httpd.assert_clean();
    Ok(())
}
