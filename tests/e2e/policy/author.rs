//! plugins/README.md does what it says: its commands, in a folder outside of the repository, make a
//! policy that a real httpd then runs with the files that the document shows.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::module::repository;
use rjk_testbed::peer::Script;
use rjk_testbed::rjk::rjk;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, ensure, policies};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A block of the document that is run: its mark, and its lines.
struct Block<'a> {
    name: &'a str,
    commands: &'a str,
}

fn blocks(text: &str) -> Result<Vec<Block<'_>>> {
    let marked = text.split("<!-- test: ").skip(1);
    let block = |part| -> Option<Block<'_>> {
        let (name, rest): (&str, &str) = str::split_once(part, " -->\n```sh\n")?;
        let (commands, _) = rest.split_once("\n```")?;
        Some(Block { name, commands })
    };
    marked
        .map(|part| block(part).with_context(|| format!("no block of commands: {part:.60}")))
        .collect()
}

/// The first block in this language that holds the word.
fn file_of<'a>(text: &'a str, language: &str, word: &str) -> Result<&'a str> {
    let found = text
        .split(&format!("```{language}\n"))
        .skip(1)
        .filter_map(|part| Some(part.split_once("\n```")?.0))
        .find(|part| part.contains(word));
    found.with_context(|| format!("no {language} block with {word}"))
}

/// The policy of the document, in a folder that knows nothing of the repository.
struct Author {
    dir: Dir,
    /// Of the crate; two tests at a time may not build the same one.
    name: &'static str,
    build: Vec<(String, String)>,
}

impl Author {
    fn new(name: &'static str) -> Result<Author> {
        Ok(Author {
            name,
            dir: Dir::new("author")?,
            build: policies::build_environment()?,
        })
    }

    fn folder(&self) -> PathBuf {
        self.dir.join(self.name)
    }

    /// Runs commands as the author would; what they write.
    fn shell(&self, commands: &str) -> Result<Output> {
        let folder = match commands.starts_with("rjk policy new") {
            true => self.dir.path().to_owned(),
            false => self.folder(),
        };
        let rjk = rjk()?;
        let programs = rjk.parent().context("the folder of rjk")?;
        let path = std::env::var("PATH")?;
        let mut command = Command::new("sh");
        command.args(["-eu", "-c", commands]).current_dir(folder);
        command.env("PATH", format!("{}:{path}", programs.display()));
        // What was built before is used again; the policy's own files lie in its folder.
        let native = repository().join("target/plugins-native");
        command.env("CARGO_TARGET_DIR", native);
        for name in ["RUSTC", "RUSTFLAGS", "MAKEFLAGS"] {
            command.env_remove(name);
        }
        if commands.contains("--target") || commands.contains("policy pack") {
            let build = self.build.iter().map(|(name, value)| (name, value));
            command.envs(build);
        }
        Ok(command.stdin(Stdio::null()).output()?)
    }

    /// The same, and nothing may fail.
    fn run(&self, name: &str, commands: &str) -> Result<String> {
        let output = self.shell(commands)?;
        let text = text_of(&output);
        ensure!(output.status.success(), "{name}: {}\n{text}", output.status);
        Ok(text)
    }

    /// The same, and it has to fail.
    fn refused(&self, commands: &str) -> Result<String> {
        let output = self.shell(commands)?;
        let text = text_of(&output);
        ensure!(!output.status.success(), "{commands} passed:\n{text}");
        Ok(text)
    }

    /// Writes a file of the crate anew.
    fn edit(&self, name: &str, change: impl Fn(&str) -> String) -> Result {
        let path = self.folder().join(name);
        let (old, new) = (
            fs::read_to_string(&path)?,
            change(&fs::read_to_string(&path)?),
        );
        ensure!(old != new, "{name} has nothing to change");
        Ok(fs::write(path, new)?)
    }
}

fn text_of(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn the_readme_leads_to_a_running_policy() -> Result {
    let text = fs::read_to_string(repository().join("plugins/README.md"))?;
    let blocks = blocks(&text)?;
    let names: Vec<&str> = blocks.iter().map(|block| block.name).collect();
    let expected = ["new", "unit-test", "build", "check", "try", "bench"];
    assert_eq!(names, expected);
    let author = Author::new("my-policy")?;
    for block in &blocks {
        let said = author.run(block.name, block.commands)?;
        let part = match block.name {
            "unit-test" => "1 passed",
            "build" => "my-policy.wasm",
            "check" => "choose    leaves GET / to the built-in rules",
            "try" => "decided   was2; the built-in rules would take was1",
            "bench" => "64 candidates",
            _ => "cargo test",
        };
        assert!(said.contains(part), "{}: {said}", block.name);
    }
    // The crate's own README says the same.
    let own = fs::read_to_string(author.folder().join("README.md"))?;
    let taught: Vec<&str> = blocks
        .iter()
        .flat_map(|block| block.commands.lines())
        .collect();
    for line in file_of(&own, "sh", "cargo test")?.lines() {
        let begin = |taught: &&str| taught.starts_with(line);
        assert!(taught.iter().any(begin), "{line} is in no block");
    }

    let built = author.folder().join("my-policy.wasm");
    assert_documented(&text, &built, &Request::get("/reports/may"))
}

#[test]
fn an_author_is_told_what_is_missing() -> Result {
    let author = Author::new("mistaken")?;
    author.run("new", "rjk policy new mistaken")?;
    let build = "cargo build --quiet --release --target wasm32-unknown-unknown";

    let export = "rjk_policy_sdk::export!(MyPolicy);";
    author.edit("src/lib.rs", |text| text.replace(export, ""))?;
    author.run("without export!", build)?;
    let said = author.refused("rjk policy pack")?;
    assert!(
        said.contains("write `rjk_policy_sdk::export!(MyPolicy);`"),
        "{said}"
    );

    let observer = "\nimpl rjk_policy_sdk::Observer for MyPolicy {
        fn observe(&self, _: &rjk_policy_sdk::Host, _: &rjk_policy_sdk::Outcome) {}\n}\n";
    author.edit("src/lib.rs", |text| format!("{text}{observer}{export}"))?;
    let said = author.refused(build)?;
    let remedy = "MyPolicy is an Observer; write rjk_policy_sdk::export!(MyPolicy, observer);";
    assert!(said.contains(remedy), "{said}");

    let with_observer = "rjk_policy_sdk::export!(MyPolicy, observer);";
    author.edit("src/lib.rs", |text| text.replace(export, with_observer))?;
    author.run("with the observer", build)?;
    author.run("pack", "rjk policy pack")?;
    let said = author.run(
        "check",
        "rjk policy check --toml rjk.toml --members was1,was2",
    )?;
    assert!(said.contains("observe   takes that"), "{said}");

    author.edit("Cargo.toml", |text| {
        text.replace("crate-type = [\"cdylib\"]", "")
    })?;
    let said = author.refused("rjk policy pack")?;
    assert!(said.contains("crate-type = [\"cdylib\"]"), "{said}");
    Ok(())
}

/// The root's README shows a site with header-route.
#[test]
fn the_example_of_the_readme_runs() -> Result {
    let text = fs::read_to_string(repository().join("README.md"))?;
    let request = Request::get("/x").header("X-Tenant", "acme");
    assert_documented(&text, &policies::built("header-route")?, &request)
}

/// httpd runs with the files that a document shows; the policy sends this request to `was2`, also
/// when `was1` has had fewer, and leaves others alone.
fn assert_documented(document: &str, component: &Path, request: &Request) -> Result {
    let peers = [
        Peer::named("was1", Script::default())?,
        Peer::named("was2", Script::default())?,
    ];
    let workers = "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=was1,was2\n";
    let name = component.file_name().and_then(|name| name.to_str());
    let name = name.context("a file name")?;
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(workers.to_owned() + &peers[0].worker("was1") + &peers[1].worker("was2"))
        .file(&format!("conf/policies/{name}"), fs::read(component)?)
        .file("conf/rjk.toml", file_of(document, "toml", name)?)
        .directives(file_of(document, "apache", "RjkConfigFile")?)
        .directives("JkMount /* lb")
        .start()?;
    let mut client = Client::connect(httpd.port())?;
    for _ in 0..5 {
        let response = client.send(request)?;
        assert_eq!(response.field("peer").as_deref(), Some("was2"));
    }
    let other = client.send(&Request::get("/shop"))?;
    assert_eq!(other.field("peer").as_deref(), Some("was1"), "by load");
    httpd.assert_clean();
    Ok(())
}
