//! `rjk policy`: the way of a policy from a crate to a component, which it looks at as the module would.

#[cfg(feature = "policy")]
mod bench;
#[cfg(feature = "policy")]
mod check;
mod new;
mod pack;
mod problem;
#[cfg(feature = "policy")]
mod target;

#[cfg(feature = "policy")]
use bench::Measurement;
use clap::Subcommand;
use new::Beginning;
use pack::Packing;
use problem::Problem;
use std::io::Write;
#[cfg(feature = "policy")]
use target::Target;

/// `rjk policy …`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begins a policy: writes a crate with the SDK, a first policy, its test and a README.
    New(Beginning),
    /// Makes a component of the core module that a compiler made.
    Pack(Packing),
    /// Loads a component as the module would, and says what it imports, its size and its version.
    /// With --config also runs its configure.
    #[cfg(feature = "policy")]
    Check(Target),
    /// Measures a decision of a component.
    #[cfg(feature = "policy")]
    Bench(Measurement),
}

/// Runs a command; `out` takes its result.
///
/// # Errors
/// [`Problem`].
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Problem> {
    match command {
        Command::New(beginning) => beginning.run(out),
        Command::Pack(packing) => packing.run(out),
        #[cfg(feature = "policy")]
        Command::Check(target) => check::check(target, out),
        #[cfg(feature = "policy")]
        Command::Bench(measurement) => measurement.run(out),
    }
}

#[cfg(test)]
#[cfg(feature = "policy")]
mod tests {
    use super::*;
    use clap::Parser;
    use rjk_guest::Guest;

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
        let Command::Bench(bench) = line.unwrap().command else {
            panic!("not bench")
        };
        assert_eq!(bench.header, [("X-T".into(), "a".into())]);
        assert_eq!(bench.cookie, [("t".into(), "b=c".into())]);
        assert_eq!(bench.candidates, [2, 8, 64]);
    }

    #[test]
    fn members_are_the_named_ones_and_enough_of_them() {
        let line = Line::try_parse_from(["rjk", "check", "f", "--members", "a,b,c"]).unwrap();
        let Command::Check(target) = line.command else {
            panic!("not check")
        };
        assert_eq!(target.members(2), ["a", "b", "c"]);
        assert_eq!(target.members(4), ["a", "b", "c", "m4"]);
    }
}
