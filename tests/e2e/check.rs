//! `rjk check` finds what a server refuses, at the same place; `rjk explain` says what a server then does.

use rjk_testbed::parity::{self, Ask, Case, Expect, Purpose, Server, Stage, Want};
use rjk_testbed::rjk::rjk;
use rjk_testbed::strangers::Index;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Httpd, Result, Subject, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Rows about which request goes where: paths, mounts and their form, rule extensions, sessions.
const ROWS: [&str; 8] = ["U-", "D-05", "D-06", "D-07", "M-", "N-", "X-", "SS-"];
/// Folders of cases in which nothing but the module has a say.
const FOLDERS: [&str; 5] = [
    "maps/",
    "uris",
    "balancing/session",
    "limits",
    "front/encoded",
];

fn run(folder: &Path, arguments: &[&str], env: &BTreeMap<String, String>) -> Result<Value> {
    let output = Command::new(rjk()?)
        .current_dir(folder)
        .args(arguments)
        .arg("--json")
        .envs(env)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).with_context(|| format!("{arguments:?}: {text}{said}"))
}

/// Each stranger's file that the server refuses: the error is the server's, with its place.
#[test]
fn errors_are_those_of_a_start() -> Result {
    let mut seen = 0;
    for entry in Index::read()?.file {
        if entry.starts(Subject::Rjk) || entry.is_map() {
            continue;
        }
        let content = entry.content()?;
        let folder = Dir::new("check")?;
        std::fs::write(folder.join("workers.properties"), &content)?;
        let report = run(
            folder.path(),
            &["check", "workers.properties"],
            &BTreeMap::new(),
        )?;
        let findings = report["findings"].as_array().context("findings")?;
        let errors: Vec<&Value> = findings
            .iter()
            .filter(|one| one["severity"] == "error")
            .collect();
        let httpd = Httpd::builder(Subject::Rjk)
            .file("conf/workers.properties", content.as_slice())
            .directives("JkWorkersFile conf/workers.properties")
            .start_expect_failure()?;
        let said = httpd.text();
        ensure!(!errors.is_empty(), "{}: no error, but {said}", entry.name);
        // The server stops at the first one, the command does not.
        let expected = |error: &&Value| -> Option<String> {
            let message = error["message"].as_str()?;
            Some(match error["line"].as_u64() {
                Some(line) => format!("workers.properties:{line}: {message}"),
                None => message.to_owned(),
            })
        };
        let expected: Vec<String> = errors.iter().filter_map(expected).collect();
        ensure!(
            expected.iter().any(|one| said.contains(one.as_str())),
            "{}: none of {expected:?}\nis in {said}",
            entry.name
        );
        seen += 1;
    }
    ensure!(seen > 5, "only {seen} files");
    Ok(())
}

/// The cases of the table that ask one thing, by path, host and cookies alone.
#[test]
fn explain_says_what_a_server_does() -> Result {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for site in parity::load()? {
        let is_ours = FOLDERS.iter().any(|folder| site.name.starts_with(folder));
        let asked: Vec<(&Case, &Ask, &Expect)> = site.cases.iter().filter_map(asked).collect();
        if !is_ours || asked.is_empty() {
            continue;
        }
        let shared = Stage::start(&site.server, Subject::Rjk, &Purpose::of(&site))?;
        for (case, ask, expect) in asked {
            seen += 1;
            let own = case.server.as_ref().map(|own| site.server.with(own));
            let started = own
                .as_ref()
                .map(|own| Stage::start(own, Subject::Rjk, &Purpose::of(&site)));
            let stage = started.transpose()?;
            let (stage, server) = (
                stage.as_ref().unwrap_or(&shared),
                own.as_ref().unwrap_or(&site.server),
            );
            if let Err(error) = explain(stage, ask, expect, &server.env) {
                wrong.push(format!("{}/{}: {error:#}", site.name, case.name));
            }
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} of {seen}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    ensure!(seen > 100, "only {seen} cases");
    Ok(())
}

fn asked(case: &Case) -> Option<(&Case, &Ask, &Expect)> {
    let is_about = |row: &String| ROWS.iter().any(|start| row.starts_with(start));
    let [step] = case.steps.as_slice() else {
        return None;
    };
    let (ask, expect) = (step.request.as_ref()?, step.expect.as_ref()?);
    let plain = |header: &String| {
        let name = header.to_ascii_lowercase();
        name.starts_with("host:") || name.starts_with("cookie:")
    };
    // Of who is down or starts at all the files say nothing.
    let is_up = |server: &Server| server.down.is_empty() && !server.alone;
    let is_plain = case.server.as_ref().is_none_or(is_up)
        && expect.start.is_none()
        && case.peer.is_empty()
        && step.peer.is_empty()
        && ask.raw.is_none()
        && ask.repeat == 1
        && ask.background.is_none()
        && ask.method == "GET"
        && ask.target.starts_with('/')
        && ask.headers.iter().all(plain);
    (is_plain && case.rows.iter().any(is_about)).then_some((case, ask, expect))
}

fn explain(stage: &Stage, ask: &Ask, expect: &Expect, env: &BTreeMap<String, String>) -> Result {
    let httpd = stage.httpd()?;
    let target = stage.fill(&ask.target);
    let cookies = ask.cookies.0.join("; ");
    let mut host = "rjk.test".to_owned();
    let mut all = vec![cookies];
    for header in &ask.headers {
        let (name, value) = header.split_once(':').context("a header")?;
        match name.eq_ignore_ascii_case("host") {
            true => value.trim().clone_into(&mut host),
            false => all.push(value.trim().to_owned()),
        }
    }
    let url = format!("http://{host}:{}{}", httpd.port(), target);
    let configuration = httpd.path("conf/httpd.conf");
    let configuration = configuration.to_str().context("a name in UTF-8")?;
    let mut arguments = vec!["explain", url.as_str(), configuration];
    for cookie in all.iter().filter(|cookie| !cookie.is_empty()) {
        arguments.extend(["--cookie", cookie]);
    }
    let answer = run(httpd.root(), &arguments, env)?;
    agrees(&answer, expect).with_context(|| format!("{url}: {answer}"))
}

/// What is expected of a server, as far as the answer has a part in it.
fn agrees(answer: &Value, expect: &Expect) -> Result {
    let is_forwarded = answer["outcome"] == "forwarded";
    if let Some(reached) = &expect.reached {
        ensure!(reached.is_empty() != is_forwarded, "{reached:?} is reached");
    }
    if let Some(served) = &expect.served_by {
        ensure!(is_forwarded, "{:?} serves", served.0);
        // Who of several gets what has no session is a matter of what came before.
        let is_sure = answer["member"].is_null() || answer["member"]["sticky"] == true;
        let name = match answer["member"]["name"].as_str() {
            Some(member) => member,
            None => answer["worker"]["name"].as_str().context("a worker")?,
        };
        ensure!(
            !is_sure || served.0.iter().any(|one| one == name),
            "{:?} serves",
            served.0
        );
    }
    if let (Some(Want::Is(status)), Some(said)) = (&expect.status, answer["status"].as_u64()) {
        ensure!(*status == said.to_string(), "the status is {status}");
    }
    Ok(())
}
