//! All commands in the formats that scripts read, byte for byte: what mod_jk answers, and what we do (C-01…C-10,
//! CM-01…CM-08, V-01…V-30, OUT-01…OUT-12, S-07…S-10).
//!
//! A transcript holds requests and answers: `> /st?cmd=list` is followed by what came back, `! /app/x` is a
//! request to a backend. What differs from run to run is masked. Both modules must give the whole of it.

use crate::site::Site;
use rjk_testbed::client::Request;
use rjk_testbed::{Context, Result, Subject, both, ports};
use std::fmt::Write as _;
use std::path::Path;

both! { c02_txt c02_xml c02_prop v_updates_txt out06_errors_prop }

fn c02_txt(subject: Subject) -> Result {
    play(subject, "txt")
}

fn c02_xml(subject: Subject) -> Result {
    play(subject, "xml")
}

fn c02_prop(subject: Subject) -> Result {
    play(subject, "prop")
}

fn v_updates_txt(subject: Subject) -> Result {
    play(subject, "updates")
}

fn out06_errors_prop(subject: Subject) -> Result {
    play(subject, "errors")
}

fn play(subject: Subject, name: &str) -> Result {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("e2e/status/transcripts")
        .join(format!("{name}.txt"));
    let expected = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let mut site = Site::with(subject, |builder| {
        builder.vhosts(
            "<VirtualHost 127.0.0.2:@PORT@>\nServerName other.example\nJkMount /vh/* lb\n</VirtualHost>",
        )
    })?;
    let mut actual = String::new();
    let mut held = Vec::new();
    for line in expected.lines() {
        if let Some(target) = line.strip_prefix("> ") {
            let answer = site.send(Request::get(target))?;
            let text = masked(&site, &answer.text());
            let _ = write!(actual, "{line}\n{text}");
        } else if let Some(target) = line.strip_prefix("! ") {
            site.send(Request::get(target))?;
            let _ = writeln!(actual, "{line}");
        } else if let Some(name) = line.strip_prefix("stop ") {
            let port = site.peer(name)?.port();
            site.peers.retain(|(known, _)| known != &name);
            held.push(ports::hold(port)?);
            let _ = writeln!(actual, "{line}");
        }
    }
    site.httpd.assert_clean();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{subject:?}.txt"));
    std::fs::write(&place, &actual)?;
    let mut lines = expected.lines().zip(actual.lines()).zip(1..);
    let first = lines.find(|((expected, actual), _)| expected != actual);
    assert_eq!(first, None, "all that came back is in {}", place.display());
    assert_eq!(
        expected,
        actual,
        "all that came back is in {}",
        place.display()
    );
    Ok(())
}

/// What is another in each run, by a name.
fn masked(site: &Site, text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let number_masked = |line: String, key: &&str| number_masked(&line, key);
        let mut line = KEYS.iter().fold(line.to_owned(), number_masked);
        for (name, port) in &site.ports {
            line = line.replace(&port.to_string(), &format!("@{name}@"));
        }
        line = line
            .replace(&site.httpd.port().to_string(), "@PORT@")
            .replace(&site.httpd.root().display().to_string(), "@ROOT@")
            .replace("mod_jk/", "@MODULE@")
            .replace("mod_rjk/", "@MODULE@");
        out += &version_masked(&line);
        out.push('\n');
    }
    out
}

/// Keys of times and of what is left of them; the value follows, in quotes or not.
const KEYS: [&str; 13] = [
    "datetime=",
    "time_datetime=",
    "unix=",
    "unix_seconds=",
    "unix seconds=",
    "last_reset_at=",
    "last_reset_ago=",
    "error_time_ago=",
    "ago seconds=",
    "maintenance_min=",
    "maintenance_max=",
    "recover_min=",
    "recover_max=",
];

/// The digits after a key, as `@N@`.
fn number_masked(line: &str, key: &str) -> String {
    let Some((before, after)) = line.split_once(key) else {
        return line.to_owned();
    };
    let (quote, digits) = match after.strip_prefix('"') {
        Some(rest) => ("\"", rest),
        None => ("", after),
    };
    let rest = digits.trim_start_matches(|character: char| character.is_ascii_digit());
    if rest.len() == digits.len() {
        return line.to_owned();
    }
    format!("{before}{key}{quote}@N@{}", number_masked(rest, key))
}

/// The versions of web server and module.
fn version_masked(line: &str) -> String {
    let mut line = line.to_owned();
    for token in ["Apache/", "@MODULE@"] {
        let mut from = 0;
        while let Some(at) = line[from..].find(token) {
            let start = from + at + token.len();
            let rest = &line[start..];
            let digits = rest.len()
                - rest
                    .trim_start_matches(|character: char| {
                        character.is_ascii_digit() || character == '.'
                    })
                    .len();
            line.replace_range(start..start + digits, "");
            from = start;
        }
    }
    line
}
