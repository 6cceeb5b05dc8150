//! `rjk policy`: looks at a component as the module would.

use clap::{Args, Subcommand};
use rjk_balance::{FaultKind, PolicySlot};
use rjk_config::toml::PolicySettings;
use rjk_log::{Level, Log, Origin};
use rjk_policy::bench::{BATCHES, Figures, SampleRequest, measure, repeat};
use rjk_policy::{Code, Description, LoadError, Member, Policy};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `rjk policy …`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Loads a component as the module would, and says what it imports, its size and its version.
    /// With --config also runs its configure.
    Check(Target),
    /// Measures a decision of a component.
    Bench {
        #[command(flatten)]
        target: Target,
        /// Numbers of candidates.
        #[arg(long, value_delimiter = ',', default_values_t = [2, 8, 64], value_parser = candidates)]
        candidates: Vec<usize>,
        /// A request header, `NAME: VALUE`.
        #[arg(long, value_parser = header)]
        header: Vec<(String, String)>,
        /// A cookie, `NAME=VALUE`.
        #[arg(long, value_parser = cookie)]
        cookie: Vec<(String, String)>,
        /// Path of the request.
        #[arg(long, default_value = "/")]
        path: String,
        /// Only make that many decisions, for tools that count instructions.
        #[arg(long)]
        decisions: Option<u32>,
    },
}

/// The component, and what its `configure` gets.
#[derive(Debug, Args)]
pub struct Target {
    /// The component.
    file: PathBuf,
    /// The policy's own settings as JSON text.
    #[arg(long)]
    config: Option<String>,
    /// Names of members, in order; more are made up as needed.
    #[arg(long, value_delimiter = ',')]
    members: Vec<String>,
    /// Fuel for each decision.
    #[arg(long, default_value_t = rjk_config::toml::DEFAULT_FUEL)]
    fuel: u64,
    /// Bytes of memory.
    #[arg(long, default_value_t = rjk_config::toml::DEFAULT_MEMORY)]
    memory: usize,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("{0}: {1}; name a readable .wasm file")]
    Read(PathBuf, io::Error),
    /// It is no policy.
    #[error("{0}: {1}")]
    Load(PathBuf, LoadError),
    /// It failed while it was measured.
    #[error("{0}: a decision ended in a fault: {word}", word = .1.map_or("unknown", FaultKind::as_str))]
    Fault(PathBuf, Option<FaultKind>),
    /// Nobody reads what we say.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// Runs a command; `out` takes its result.
///
/// # Errors
/// [`Problem`].
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Problem> {
    match command {
        Command::Check(target) => check(target, out),
        Command::Bench {
            target,
            candidates,
            header,
            cookie,
            path,
            decisions,
        } => {
            let request = SampleRequest {
                path: path.clone(),
                headers: header.clone(),
                cookies: cookie.clone(),
            };
            match *decisions {
                Some(decisions) => decide(target, candidates, &request, decisions),
                None => bench(target, candidates, &request, out),
            }
        }
    }
}

/// What is known without a configuration comes first; configure may need one.
fn check(target: &Target, out: &mut dyn Write) -> Result<(), Problem> {
    let code = target.load()?;
    describe(target, code.description(), out)?;
    match target.config {
        Some(_) => {
            target.configure(&code, 2)?;
            writeln!(out, "configure accepts the configuration")?;
        }
        None => writeln!(
            out,
            "configure was not tried; give --config '{{...}}' and --members A,B,..."
        )?,
    }
    Ok(())
}

fn describe(target: &Target, about: &Description, out: &mut dyn Write) -> Result<(), Problem> {
    writeln!(out, "file      {}", target.file.display())?;
    writeln!(out, "size      {} bytes", about.size)?;
    writeln!(out, "contract  rjk:policy@{}", about.version)?;
    for (word, names) in [("imports", &about.imports), ("exports", &about.exports)] {
        for name in names {
            writeln!(out, "{word:<9} {name}")?;
        }
    }
    if about.observes {
        writeln!(out, "observes  responses")?;
    }
    Ok(())
}

fn bench(
    target: &Target,
    counts: &[usize],
    request: &SampleRequest,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let code = target.load()?;
    writeln!(
        out,
        "lowest median of {BATCHES} batches, and p99 of single decisions"
    )?;
    for &count in counts {
        let compiled = target.configure(&code, count)?;
        let policy = Policy::new(compiled, 1, PolicySlot::leaked());
        let figures: Figures = measure(&policy, request, count)
            .map_err(|kind| Problem::Fault(target.file.clone(), kind))?;
        writeln!(
            out,
            "{count:>4} candidates  {:>7.3} µs  p99 {:>8.3} µs  {:?}",
            figures.lowest_ns / 1e3,
            figures.p99.as_secs_f64() * 1e6,
            figures.decision,
        )?;
    }
    Ok(())
}

fn decide(
    target: &Target,
    counts: &[usize],
    request: &SampleRequest,
    decisions: u32,
) -> Result<(), Problem> {
    let code = target.load()?;
    for &count in counts {
        let policy = Policy::new(target.configure(&code, count)?, 1, PolicySlot::leaked());
        repeat(&policy, request, count, decisions)
            .map_err(|kind| Problem::Fault(target.file.clone(), kind))?;
    }
    Ok(())
}

impl Target {
    fn load(&self) -> Result<Code, Problem> {
        let bytes = std::fs::read(&self.file).map_err(|e| Problem::Read(self.file.clone(), e))?;
        let settings = PolicySettings {
            fuel: self.fuel,
            memory: self.memory,
            max_faults: 0,
            ..PolicySettings::default()
        };
        let stem = self.file.file_stem().unwrap_or(self.file.as_os_str());
        let name = Path::new(stem).display().to_string();
        Code::load(&name, &bytes, settings).map_err(|e| Problem::Load(self.file.clone(), e))
    }

    fn configure(&self, code: &Code, least: usize) -> Result<rjk_policy::Compiled, Problem> {
        let config = self.config.as_deref().unwrap_or("{}");
        code.configure(self.members(least), config, &ToStderr)
            .map_err(|error| Problem::Load(self.file.clone(), error))
    }

    fn members(&self, least: usize) -> Vec<Member> {
        let count = least.max(self.members.len());
        let made_up = (self.members.len()..count).map(|number| format!("m{}", number + 1));
        std::iter::zip(0.., self.members.iter().cloned().chain(made_up))
            .map(|(index, name)| Member {
                index,
                route: name.clone(),
                name,
                domain: None,
                weight: 1,
                distance: 0,
            })
            .collect()
    }
}

/// Lines that the policy logs.
struct ToStderr;

impl Log for ToStderr {
    fn enabled(&self, _: Level) -> bool {
        true
    }

    fn write(&self, level: Level, _: Origin, message: std::fmt::Arguments<'_>) {
        eprintln!("[{}] {message}", level.as_str());
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    split(text, ':', "NAME: VALUE")
}

fn cookie(text: &str) -> Result<(String, String), String> {
    split(text, '=', "NAME=VALUE")
}

fn split(text: &str, mark: char, form: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(mark).ok_or(format!("write {form}"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn candidates(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("write a number from 1 to 1000".to_owned()),
    }
}

#[cfg(test)]
#[allow(dead_code)]
#[path = "../../policy/src/tests/guest.rs"]
mod guest;

#[cfg(test)]
mod tests {
    use super::guest::Guest;
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn run_line(words: &[&str]) -> Result<String, String> {
        let (out, result) = output(words);
        result.map(|()| out)
    }

    /// What was written, also before a failure.
    fn output(words: &[&str]) -> (String, Result<(), String>) {
        let line = match Line::try_parse_from([&["rjk"], words].concat()) {
            Ok(line) => line,
            Err(error) => return (String::new(), Err(error.to_string())),
        };
        let mut out = Vec::new();
        let result = run(&line.command, &mut out).map_err(|problem| problem.to_string());
        (String::from_utf8(out).unwrap(), result)
    }

    #[test]
    fn check_describes_first_and_configures_with_a_configuration_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.wasm");
        let refusing = Guest {
            // Result 1 at 64: an error whose text lies at DATA.
            configure: "(i32.store8 (i32.const 64) (i32.const 1))
                (i32.store (i32.const 68) (i32.const 1024))
                (i32.store (i32.const 72) (i32.const 10))
                (i32.const 64)",
            data: "name a way",
            ..Guest::default()
        };
        let bytes = refusing.component();
        std::fs::write(&file, &bytes).unwrap();
        let name = file.to_str().unwrap();
        let about = format!(
            "file      {name}\nsize      {} bytes\ncontract  rjk:policy@0.1.0\n",
            bytes.len()
        );

        let (out, result) = output(&["check", name]);
        assert_eq!(result, Ok(()));
        assert!(out.starts_with(&about), "{out}");
        assert!(out.contains("configure was not tried"), "{out}");

        let (out, result) = output(&["check", name, "--config", "{}"]);
        assert!(out.starts_with(&about), "{out}");
        assert!(!out.contains("accepts"), "{out}");
        let error = result.unwrap_err();
        assert!(error.contains("its configure says: name a way"), "{error}");

        std::fs::write(&file, Guest::default().component()).unwrap();
        let (out, result) = output(&["check", name, "--config", "{}"]);
        assert_eq!(result, Ok(()));
        assert!(
            out.ends_with("configure accepts the configuration\n"),
            "{out}"
        );
    }

    #[test]
    fn a_wrong_file_is_named_with_the_reason() {
        let error = run_line(&["check", "/nowhere/p.wasm"]).unwrap_err();
        assert!(
            error.starts_with("/nowhere/p.wasm: No such file"),
            "{error}"
        );
        let error = run_line(&["check", "Cargo.toml"]).unwrap_err();
        assert!(
            error.starts_with("Cargo.toml: this is no WebAssembly"),
            "{error}"
        );
    }

    #[test]
    fn arguments_are_checked() {
        for words in [
            &["bench", "f", "--candidates", "0"][..],
            &["bench", "f", "--header", "no colon"],
            &["bench"],
        ] {
            assert!(run_line(words).is_err(), "{words:?}");
        }
        let line = Line::try_parse_from([
            "rjk", "bench", "f", "--header", "X-T:  a", "--cookie", "t=b=c",
        ]);
        let Command::Bench {
            header,
            cookie,
            candidates,
            ..
        } = line.unwrap().command
        else {
            panic!("not bench")
        };
        assert_eq!(header, [("X-T".into(), "a".into())]);
        assert_eq!(cookie, [("t".into(), "b=c".into())]);
        assert_eq!(candidates, [2, 8, 64]);
    }

    #[test]
    fn members_are_the_named_ones_and_enough_of_them() {
        let line = Line::try_parse_from(["rjk", "check", "f", "--members", "a,b,c"]).unwrap();
        let Command::Check(target) = line.command else {
            panic!("not check")
        };
        let names = |least| -> Vec<String> {
            target
                .members(least)
                .into_iter()
                .map(|member| member.name)
                .collect()
        };
        assert_eq!(names(2), ["a", "b", "c"]);
        assert_eq!(names(4), ["a", "b", "c", "m4"]);
    }
}
