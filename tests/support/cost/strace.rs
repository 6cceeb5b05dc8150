//! System calls, by strace.

use super::server::Running;
use super::way::Way;
use crate::Result;
use anyhow::{Context, bail};
use std::collections::BTreeMap;

const FEW: usize = 10;
const MANY: usize = 60;
/// Where strace writes, below the server root; one file for each process.
const FOLDER: &str = "strace";
/// What a request says that parts the counts.
const MARK: &str = "mark";

/// System calls by name, on the average of some requests.
pub type Calls = BTreeMap<String, f64>;

/// The system calls of a request.
pub fn calls(way: &Way) -> Result<Calls> {
    // What a request for a mark does itself is in both parts.
    let [few, many] = parts(&trace(way)?)?;
    let each = |name: &String| {
        let count = |calls: &Calls| calls.get(name).copied().unwrap_or(0.0);
        (count(&many) - count(&few)) / (MANY - FEW) as f64
    };
    let names = many.keys().chain(few.keys());
    let all = names.map(|name| (name.clone(), each(name)));
    Ok(all.filter(|(_, count)| *count != 0.0).collect())
}

/// What the child did for few requests and for many, between marks.
///
/// strace starts the server and is no parent of it (`-D`): a user may trace what he starts, and nothing
/// else that runs.
fn trace(way: &Way) -> Result<String> {
    let output = format!("@ROOT@/{FOLDER}/calls");
    let builder = way
        .server()?
        .file(&format!("{FOLDER}/README"), "what strace saw\n")
        .below(&["strace", "-D", "-ff", "-qq", "-o", &output]);
    let mut running = Running::start(way, &builder)?;
    running.tell(MARK)?;
    for requests in [FEW, MANY] {
        running.load(requests)?;
        running.tell(MARK)?;
    }
    let path = running
        .httpd
        .path(&format!("{FOLDER}/calls.{}", running.child));
    std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))
}

/// What was done between the marks.
fn parts(text: &str) -> Result<[Calls; 2]> {
    let mark = format!("\"GET /cost/{MARK} ");
    let lines: Vec<&str> = text.lines().collect();
    // The access log has it once more, within a line.
    let is_mark = |line: &&str| line.starts_with("read(") && line.contains(&mark);
    let parts: Vec<&[&str]> = lines.split(is_mark).collect();
    let [_, few, many, _] = parts[..] else {
        bail!("strace saw {} marks", parts.len() - 1)
    };
    Ok([few, many].map(count))
}

/// Lines such as `read(7, ...) = 5`; others tell of signals.
fn count(lines: &[&str]) -> Calls {
    let mut calls = Calls::new();
    for line in lines {
        let name = line.split_once('(').map(|(name, _)| name);
        let is_name = |name: &&str| {
            let mut bytes = name.bytes();
            bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if let Some(name) = name.filter(is_name) {
            *calls.entry(name.to_owned()).or_default() += 1.0;
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"read(8, "GET /app/page HTTP/1.1\r\nHost: r"..., 8000) = 76
read(8, "GET /cost/mark HTTP/1.1\r\nHost: r"..., 8000) = 43
write(6, "127.0.0.1 \"GET /cost/mark HTTP/1"..., 45) = 45
restart_syscall(<... resuming interrupted poll ...>) = 1
read(8, "GET (x) ", 8000)               = 50
read(8, "GET /cost/mark HTTP/1.1\r\nHost: r"..., 8000) = 43
read(8, 0x55, 5)                        = 0
--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER (0)} ---
read(8, "GET /cost/mark HTTP/1.1\r\nHost: r"..., 8000) = 43
poll([{fd=8, events=POLLIN}], 1, 60000
"#;

    #[test]
    fn calls_are_counted_by_name_between_the_marks() -> Result {
        let calls = |counts: &[(&str, f64)]| -> Calls {
            let counts = counts.iter().copied();
            counts
                .map(|(name, count)| (name.to_owned(), count))
                .collect()
        };
        let few = calls(&[("write", 1.0), ("restart_syscall", 1.0), ("read", 1.0)]);
        assert_eq!(parts(LOG)?, [few, calls(&[("read", 1.0)])]);
        assert!(parts("read(8, 0x55, 5) = 0\n").is_err());
        Ok(())
    }
}
