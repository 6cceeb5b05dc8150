//! The log lines that the README shows are those of this module.

use rjk_testbed::module::repository;
use rjk_testbed::{Plan, Result, Subject, ensure, wait};
use std::fs;

/// A line from its level on, without the number of the source line.
fn comparable(line: &str) -> Option<String> {
    let start = ["[info] ", "[error] "]
        .iter()
        .find_map(|level| line.find(level))?;
    let line = line.get(start..)?;
    let (origin, message) = line.split_once(": ")?;
    ensure_origin(origin)?;
    Some(format!("{}: {message}", origin.split(" (").next()?))
}

/// `[level] function::file.rs`, perhaps with a line.
fn ensure_origin(origin: &str) -> Option<()> {
    (origin.contains("::") && origin.contains(".rs")).then_some(())
}

/// A Tomcat is killed and comes back; then nobody is left.
#[test]
fn the_readme_shows_lines_that_are_logged() -> Result {
    let mut farm = Plan::new(Subject::Rjk, &["a", "b"])
        .line("worker.maintain=1\nworker.lb.recover_time=1")
        .start()?;
    farm.stop("a")?;
    assert_eq!(farm.with_cookie("JSESSIONID=x.a")?, "b");
    farm.wait_status("a", wait::SOON, |status| status.state == "ERR/REC")?;
    farm.stop("b")?;
    assert_eq!(farm.get("/x")?, "503");
    let log = farm.httpd.jk_log();
    let logged: Vec<String> = log.lines().filter_map(comparable).collect();
    let readme = fs::read_to_string(repository().join("README.md"))?;
    let shown: Vec<String> = readme.lines().filter_map(comparable).collect();
    ensure!(shown.len() >= 6, "the README shows {} lines", shown.len());
    for line in shown {
        assert!(logged.contains(&line), "not logged: {line}\n{logged:#?}");
    }
    Ok(())
}
