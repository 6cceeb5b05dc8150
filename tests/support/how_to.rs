//! The how-tos of `docs/`, as the lab plays them: every command is run on its host, or is in the table of those that
//! belong to a machine that the lab is not.

mod tables;

use crate::Result;
use crate::document::{Block, Document};
use crate::module::repository;
use anyhow::{Context, bail, ensure};
use std::collections::BTreeSet;
use std::fs;

pub use tables::{ELSEWHERE, Elsewhere, SPOKEN, Spoken};

/// The pages, in `docs/`.
pub const PAGES: [&str; 4] = [
    "on-premise.md",
    "from-mod_jk.md",
    "troubleshooting.md",
    "timeouts.md",
];
/// The hosts that blocks name.
const HOSTS: [&str; 4] = ["web-01", "web-02", "was-01", "was-02"];
/// Languages of blocks with commands.
const SHELLS: [&str; 4] = ["sh", "bash", "shell", "console"];
/// What begins with one of these words and has more of them is a command, also within a sentence.
const PROGRAMS: [&str; 29] = [
    "a2dismod",
    "a2enconf",
    "a2enmod",
    "apache2ctl",
    "apachectl",
    "apt-get",
    "chmod",
    "curl",
    "dnf",
    "firewall-cmd",
    "grep",
    "httpd",
    "ip",
    "jcmd",
    "kill",
    "make",
    "nft",
    "openssl",
    "restorecon",
    "rjk",
    "semanage",
    "semodule",
    "setsebool",
    "ss",
    "sysctl",
    "systemctl",
    "tail",
    "ulimit",
    "update-crypto-policies",
];

/// A page with all its commands.
#[derive(Clone, Debug)]
pub struct HowTo {
    /// Its name.
    pub name: &'static str,
    /// Its commands, in order: those of the blocks, then those within sentences.
    pub scenes: Vec<Scene>,
}

/// Commands that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Their line on the page.
    pub line: usize,
    /// The hosts; all of it is done on each.
    pub hosts: Vec<String>,
    /// What is done.
    pub steps: Vec<Step>,
    /// The exit code of the last one.
    pub exit: i32,
    /// What all of them print.
    pub prints: Option<String>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is run.
    Run(String),
    /// It is not: why, for each of its parts.
    Elsewhere(Vec<&'static Elsewhere>),
}

impl HowTo {
    /// Reads one of [`PAGES`].
    ///
    /// # Errors
    /// There is a command that neither has its host nor is in the table, or is said in a way that nobody could check.
    pub fn read(name: &'static str) -> Result<HowTo> {
        let path = repository().join("docs").join(name);
        HowTo::of(name, &Document::read(&path)?).with_context(|| format!("docs/{name}"))
    }

    fn of(name: &'static str, document: &Document) -> Result<HowTo> {
        let mut scenes = Vec::new();
        for (index, block) in document.blocks.iter().enumerate() {
            if SHELLS.contains(&&*block.language) {
                let prints = document.printed(index).map(|block| block.text.clone());
                let scene = in_block(block, prints);
                scenes.push(scene.with_context(|| format!("line {}", block.line))?);
            }
        }
        let mut known = BTreeSet::new();
        for span in &document.spans {
            if is_command(&span.text) && known.insert(&span.text) {
                let scene = within_sentence(span.line, &span.text, document);
                scenes.extend(scene.with_context(|| format!("line {}", span.line))?);
            }
        }
        Ok(HowTo { name, scenes })
    }
}

/// The lines of the log that docs/on-premise.md tells of, one for each thing that breaks.
///
/// # Errors
/// The page cannot be read.
pub fn lines_of_the_log() -> Result<Vec<String>> {
    let text = fs::read_to_string(repository().join("docs/on-premise.md"))?;
    Ok(in_the_log(&text).map(str::to_owned).collect())
}

/// What is first in back quotes in the column `in the log` of the table below `Proof`.
fn in_the_log(text: &str) -> impl Iterator<Item = &str> {
    let below = text.split_once(" Proof\n").map_or("", |(_, below)| below);
    let table = below.lines().take_while(|line| !line.starts_with('#'));
    let cells = table.filter_map(|line| line.trim_end_matches('|').rsplit('|').next());
    cells.filter_map(|cell| cell.split('`').nth(1))
}

fn in_block(block: &Block, prints: Option<String>) -> Result<Scene> {
    let strange = block
        .places
        .iter()
        .find(|place| !HOSTS.contains(&place.as_str()));
    ensure!(strange.is_none(), "{strange:?} is no host");
    let steps: Vec<Step> = block.commands().into_iter().map(step).collect();
    let run: Vec<&Step> = steps
        .iter()
        .filter(|step| matches!(step, Step::Run(_)))
        .collect();
    if block.places.is_empty() && !run.is_empty() {
        bail!(
            "on which host? {run:?} (or give it a reason in the table of those that are not run)"
        );
    }
    ensure!(
        prints.is_none() || !run.is_empty(),
        "nobody sees what these print: {steps:?}"
    );
    Ok(Scene {
        line: block.line,
        hosts: block.places.clone(),
        steps,
        exit: block.exit,
        prints,
    })
}

/// A command within a sentence; none, if a block has it.
fn within_sentence(line: usize, text: &str, document: &Document) -> Result<Option<Scene>> {
    let mut blocks = document.blocks.iter().flat_map(Block::commands);
    if blocks.any(|command| command.contains(text)) {
        return Ok(None);
    }
    let mut scene = Scene {
        line,
        hosts: Vec::new(),
        steps: vec![step(text.to_owned())],
        exit: 0,
        prints: None,
    };
    if matches!(scene.steps[..], [Step::Run(_)]) {
        let spoken = SPOKEN.iter().find(|spoken| spoken.says == text);
        let spoken = spoken.with_context(|| format!("how is `{text}` run?"))?;
        scene.hosts = vec![spoken.host.to_owned()];
        scene.steps = vec![Step::Run(spoken.run.to_owned())];
    }
    Ok(Some(scene))
}

/// A command is run unless no part of it can be.
fn step(command: String) -> Step {
    let parts: Option<Vec<_>> = command.split(" && ").map(elsewhere).collect();
    parts.map_or(Step::Run(command), Step::Elsewhere)
}

fn elsewhere(part: &str) -> Option<&'static Elsewhere> {
    ELSEWHERE.iter().find(|elsewhere| {
        let rest = part.strip_prefix(elsewhere.begins);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

fn is_command(span: &str) -> bool {
    let mut words = span.split_whitespace();
    words.next().is_some_and(|word| PROGRAMS.contains(&word)) && words.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::{HowTo, Step, in_the_log};
    use crate::Result;
    use crate::document::Document;

    fn read(text: &str) -> Result<HowTo> {
        HowTo::of("a-page.md", &Document::parse(text)?)
    }

    #[test]
    fn blocks_come_first_with_what_they_print() -> Result {
        let text = "Say `rjk top` or `rjk ping -c 1`:\n```sh web-01 exit=1\nrjk ping -c 1 x\ndnf install y\n```\n\
                    ```text\nCPING\n```\n";
        let page = read(text)?;
        let [block, top] = &page.scenes[..] else {
            panic!("{page:?}");
        };
        assert_eq!((block.line, block.exit), (2, 1));
        assert_eq!(block.hosts, ["web-01"]);
        assert_eq!(block.prints.as_deref(), Some("CPING\n"));
        let [Step::Run(ping), Step::Elsewhere(dnf)] = &block.steps[..] else {
            panic!("{block:?}");
        };
        assert_eq!((&**ping, dnf[0].begins), ("rjk ping -c 1 x", "dnf install"));
        assert_eq!(top.line, 1);
        Ok(())
    }

    #[test]
    fn the_log_is_the_last_column() {
        let text = "# 7\n| a | `x` |\n## 8. Proof\n| done | in the log |\n|---|---|\n\
                    | `a` | `failed while`, `No route` |\n| b | nothing |\n# 9\n| c | `y` |\n";
        let lines: Vec<&str> = in_the_log(text).collect();
        assert_eq!(lines, ["failed while"]);
    }

    #[test]
    fn a_command_that_nobody_would_run_is_an_error() {
        let wrong = [
            ("```sh\nls\n```\n", "on which host"),
            ("```sh\ndnf install x\nls\n```\n", "on which host"),
            ("```sh\ndnf install x && ls\n```\n", "on which host"),
            ("```sh\ndnf installs x\n```\n", "on which host"),
            ("```sh web-09\nls\n```\n", "web-09"),
            (
                "```sh\ndnf install x\n```\n```text\nDone\n```\n",
                "nobody sees",
            ),
            ("Say `rjk dance URL`.\n", "how is `rjk dance URL` run?"),
        ];
        for (text, told) in wrong {
            let error = format!("{:#}", read(text).expect_err(text));
            assert!(error.contains(told), "{error}");
        }
        let right = [
            "```sh\ndnf install x && semanage port\n```\n",
            "```\nls\n```\n",
            "`secret` and `rjk`\n",
        ];
        for text in right {
            assert!(read(text).is_ok(), "{text}");
        }
    }
}
