//! docs/off-ajp.md, gone through as it is written: two web hosts, two Tomcats in namespaces, users who click all the time.

use rjk_testbed::module::{module_path, repository};
use rjk_testbed::page::Page;
use rjk_testbed::rjk::rjk;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Result, ensure};
use std::fs;
use std::process::{Command, Stdio};

fn goes_through(tomcat: &str) -> Result {
    let page = Page::read(&fs::read_to_string(repository().join("docs/off-ajp.md"))?)?;
    // Not in the time of the lab.
    rjk()?;
    let dir = Dir::new("off-ajp")?;
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["--off-ajp", tomcat])
        .env("RJK_MODULE", module_path()?)
        .env("TMPDIR", dir.path())
        .env("RJK_LAB_REPORTS", dir.path())
        .stdin(Stdio::null())
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success(), "{said}{}", logs(&dir));
    let mut lines = said.lines();
    for part in &page.parts {
        let played = lines.any(|line| line == part.title);
        ensure!(played, "\"{}\" was not played: {said}", part.title);
    }
    Ok(())
}

fn logs(dir: &Dir) -> String {
    let names = ["web-01", "web-02", "a-was1", "a-was2"];
    let texts = names.map(|name| format!("\n== {name}\n{}", dir.read(format!("logs/{name}"))));
    texts.concat()
}

#[test]
fn with_tomcat_9() -> Result {
    goes_through("9")
}

#[test]
fn with_tomcat_10() -> Result {
    goes_through("10")
}
