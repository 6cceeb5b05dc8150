//! The table of planted faults.

use crate::support::{Finding, Site};

const TABLE: &str = include_str!("faults.txt");
/// Workers without any mistake.
const WORKERS: &str = "worker.list=w\nworker.w.host=localhost\nworker.w.port=8009\nworker.w.ping_mode=CP\nworker.w.reply_timeout=60000";

/// One planted fault.
struct Fault {
    name: String,
    arguments: Vec<String>,
    files: Vec<(String, String)>,
    /// What is proposed, in the place of what.
    fixes: Vec<(String, String)>,
}

/// Where a finding is expected: file, line, code.
type Place = (String, u32, String);

fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with("# ")) {
        if let Some(head) = line.strip_prefix("== ") {
            let mut words = head.split(' ').map(str::to_owned);
            faults.push(Fault {
                name: words.next().unwrap(),
                arguments: words.collect(),
                files: Vec::new(),
                fixes: Vec::new(),
            });
            continue;
        }
        let Some(fault) = faults.last_mut() else {
            continue;
        };
        if let Some(file) = line.strip_prefix("-- ") {
            fault.files.push((file.to_owned(), String::new()));
        } else if let Some(fix) = line.strip_prefix("=> ") {
            let (old, new) = fix.split_once(" => ").unwrap();
            fault.fixes.push((old.to_owned(), new.replace("\\n", "\n")));
        } else if let Some((_, text)) = fault.files.last_mut() {
            *text += &format!("{line}\n").replace("@WORKERS@", WORKERS);
        }
    }
    faults
}

impl Fault {
    /// The files without marks, and what the marks say.
    fn write(&self, site: &Site, change: impl Fn(&str) -> String) -> Vec<Place> {
        let mut places = Vec::new();
        for (name, text) in &self.files {
            let root = site.path().display().to_string();
            let text = text.replace("@ROOT@", &root);
            for (number, line) in (1u32..).zip(text.lines()) {
                for code in line.split(" »").skip(1) {
                    places.push((name.clone(), number, code.to_owned()));
                }
            }
            let plain: Vec<&str> = text
                .lines()
                .map(|line| line.split_once(" »").map_or(line, |(line, _)| line))
                .collect();
            site.write(name, change(&(plain.join("\n") + "\n")));
        }
        places.sort();
        places
    }

    fn check(&self, site: &Site) -> (Vec<Finding>, i32) {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        site.findings(&arguments)
    }
}

#[test]
fn each_planted_fault_is_found_and_nothing_else() {
    let mut wrong = Vec::new();
    for fault in faults() {
        let site = Site::new();
        let expected = fault.write(&site, str::to_owned);
        let (findings, code) = fault.check(&site);
        let root = format!("{}/", site.path().display());
        let mut found: Vec<Place> = findings
            .iter()
            .map(|one| {
                let file = one.file.replace(&root, "");
                (file, one.line.unwrap_or(1), one.code.clone())
            })
            .collect();
        found.sort();
        let is_grave = findings.iter().any(|one| one.severity != "hint");
        if found != expected || code != i32::from(is_grave) {
            let name = &fault.name;
            wrong.push(format!(
                "{name}: {expected:?} expected, {code} {findings:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_remedy_proposes_is_right() {
    let mut wrong = Vec::new();
    for fault in faults().iter().filter(|fault| !fault.fixes.is_empty()) {
        let site = Site::new();
        let expected = fault.write(&site, str::to_owned);
        let (before, _) = fault.check(&site);
        let said: String = before.iter().map(|one| one.message.as_str()).collect();
        let fixed = |text: &str| {
            fault
                .fixes
                .iter()
                .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
        };
        fault.write(&site, fixed);
        let (after, _) = fault.check(&site);
        let is_proposed = fault
            .fixes
            .iter()
            .all(|(old, new)| is_said(&said, old, new));
        let is_left = |one: &Finding| {
            let is_same = expected.iter().any(|(_, _, code)| *code == one.code);
            is_same || one.severity == "error"
        };
        if after.iter().any(is_left) || !is_proposed || expected.is_empty() {
            wrong.push(format!("{}: {said}\nthen {after:#?}", fault.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a message proposes what differs between the two.
fn is_said(said: &str, old: &str, new: &str) -> bool {
    if let Some(more) = new.strip_prefix(old) {
        return said.contains(more.trim());
    }
    let same = |(a, b): &(char, char)| a == b;
    let start = old.chars().zip(new.chars()).take_while(same).count();
    // From the beginning of the word that differs.
    let text: String = new.chars().take(start).collect();
    let begin = text
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |at| at + 1);
    let word = new[begin..].split([' ', '\n']).next().unwrap_or_default();
    let rest = new[begin..].trim_start_matches(['\n', ' ']);
    let name = word.split('=').next().unwrap_or_default();
    [word, name, rest]
        .iter()
        .any(|text| said.contains(text.trim_matches(['"', '=', '.', '*', '/'])))
}

#[test]
fn no_secret_is_shown() {
    for fault in faults() {
        let site = Site::new();
        fault.write(&site, str::to_owned);
        let arguments: Vec<&str> = fault.arguments.iter().map(String::as_str).collect();
        let output = site.run(&arguments);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("s3cret"), "{}: {text}", fault.name);
    }
}
