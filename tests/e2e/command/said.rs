//! Runs rjk and keeps what it said.

use rjk_testbed::rjk::rjk;
use rjk_testbed::{Context, Result};
use serde_json::Value;
use std::process::Command;

/// What rjk said.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Standard output as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))
    }

    /// Lines of standard output, with one space in place of several.
    pub fn lines(&self) -> Vec<String> {
        let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        self.out.lines().map(squeezed).collect()
    }
}

/// Runs it with arguments, and with nothing in its environment that it reads.
pub fn run(arguments: &[&str]) -> Result<Said> {
    run_with(arguments, &[])
}

/// With variables.
pub fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Said> {
    let output = Command::new(rjk()?)
        .args(arguments)
        .env_remove("RJK_PASSWORD")
        .env_remove("RJK_SECRET")
        .envs(variables.iter().copied())
        .output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Said {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    })
}
