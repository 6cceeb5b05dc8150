//! plugins/README.md does what it says: its commands, in a copy of what they need, make a policy
//! that a real httpd then runs with the files that the document shows.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::module::repository;
use rjk_testbed::peer::Script;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, bail, ensure, policies};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

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

/// The repository as far as policies need it. What was built before is used again: the unpacked
/// compiler and the dependencies, not the policies.
fn checkout() -> Result<Dir> {
    let dir = Dir::new("author")?;
    let copied = Command::new("cp")
        .arg("-R")
        .arg(repository().join("plugins"))
        .arg(dir.path())
        .status()?;
    ensure!(copied.success(), "cp: {copied}");
    let target = repository().join("target");
    fs::create_dir(dir.join("target"))?;
    for name in ["wasm-toolchain", "plugins"] {
        fs::create_dir_all(target.join(name))?;
        symlink(target.join(name), dir.join("target").join(name))?;
    }
    Ok(dir)
}

fn run(block: &Block<'_>, root: &Path) -> Result {
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", block.commands]);
    // For the native tests; plugins/build has a folder of its own.
    let native = repository().join("target/plugins-native");
    command.env("CARGO_TARGET_DIR", native);
    for name in ["RUSTC", "RUSTFLAGS", "MAKEFLAGS"] {
        command.env_remove(name);
    }
    let output = command.current_dir(root).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        bail!("block {}: {}\n{text}", block.name, output.status);
    }
    Ok(())
}

#[test]
fn the_readme_leads_to_a_running_policy() -> Result {
    let text = fs::read_to_string(repository().join("plugins/README.md"))?;
    let blocks = blocks(&text)?;
    let names: Vec<&str> = blocks.iter().map(|block| block.name).collect();
    assert_eq!(names, ["copy", "unit-test", "build"]);
    let checkout = checkout()?;
    for block in &blocks {
        run(block, checkout.path())?;
    }

    let built = checkout.join("target/policies/my-policy.wasm");
    assert_documented(&text, &built, &Request::get("/reports/may"))
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
