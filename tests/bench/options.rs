//! The command line.

use rjk_testbed::{Context, Result, bail};

const USAGE: &str = "usage: bench [--quick] [--points NAME,…] [--docs] [--list]";

/// What is asked for; `make bench` passes it on from its variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `QUICK=1`: fewer points, fewer rounds.
    pub quick: bool,
    /// `POINTS=a,b`: these points only.
    pub points: Vec<String>,
    /// `DOCS=1`: the figures of docs/performance.md are written, too.
    pub docs: bool,
    /// The names of all points, and nothing else.
    pub list: bool,
}

impl Options {
    /// From the arguments.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--docs" => options.docs = true,
                "--list" => options.list = true,
                "--points" => {
                    let names = arguments.next().context(USAGE)?;
                    options.points = names.split(',').map(str::to_owned).collect();
                }
                _ => bail!("{argument}: {USAGE}"),
            }
        }
        Ok(options)
    }

    /// The call of make that does the same.
    pub fn command(&self) -> String {
        let mut command = "make bench".to_owned();
        if self.quick {
            command += " QUICK=1";
        }
        if !self.points.is_empty() {
            command += &format!(" POINTS={}", self.points.join(","));
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_and_the_command_say_the_same() -> Result {
        assert_eq!(parse("")?, Options::default());
        let options = parse("--quick --points base,close --docs")?;
        assert!(options.quick && options.docs && !options.list);
        assert_eq!(options.command(), "make bench QUICK=1 POINTS=base,close");
        assert_eq!(parse("")?.command(), "make bench");
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in ["8 24 4000", "--points", "--fast"] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains("usage"), "{error}");
        }
    }
}
