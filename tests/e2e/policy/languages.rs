//! Policies in other languages than Rust: their documents' commands, in a copy of the folder alone, make them, and
//! httpd runs what was made. What a language's runtime asks WASI is answered.

use rjk_testbed::client::{Client, Pending, Request};
use rjk_testbed::module::repository;
use rjk_testbed::peer::{Script, Step};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::wait::{SOON, until};
use rjk_testbed::{Context, Gate, Httpd, Peer, Result, Subject, ensure, policies};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NAMES: [&str; 2] = ["was1", "was2"];

/// A folder of plugins/, copied to where nothing else of the repository is, after the commands of its
/// README.
fn made_by_its_readme(name: &str) -> Result<Dir> {
    let dir = Dir::new(name)?;
    let copied = Command::new("cp")
        .arg("-R")
        .arg(repository().join("plugins").join(name))
        .arg(dir.path())
        .status()?;
    ensure!(copied.success(), "cp: {copied}");
    let folder = dir.join(name);
    let text = fs::read_to_string(folder.join("README.md"))?;
    let (_, commands) = text
        .split_once("<!-- test: build -->\n```sh\n")
        .context("no commands")?;
    let (commands, _) = commands
        .split_once("```")
        .context("no end of the commands")?;
    run(Command::new("sh").args(["-eu", "-c", commands]), &folder)?;
    Ok(dir)
}

/// Runs it in this folder, with rjk on the PATH.
fn run(command: &mut Command, folder: &Path) -> Result {
    let rjk = packer()?;
    let rjk = rjk.parent().context("a folder")?.display().to_string();
    let path = format!("{rjk}:{}", env::var("PATH").unwrap_or_default());
    for name in ["MAKEFLAGS", "MAKELEVEL", "CC", "CFLAGS"] {
        command.env_remove(name);
    }
    let output = command
        .env("PATH", path)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    ensure!(output.status.success(), "{}: {text}", output.status);
    Ok(())
}

/// The `rjk` that plugins/build makes and packs policies with.
fn packer() -> Result<PathBuf> {
    policies::built("c-path-route")?;
    Ok(repository().join("target/plugins/debug/rjk"))
}

/// The rjk.toml that a README shows, with no more memory than the README says that the policy takes.
fn example(name: &str) -> Result<String> {
    let readme = repository().join("plugins").join(name).join("README.md");
    let readme = fs::read_to_string(readme)?;
    let (_, toml) = readme.split_once("```toml\n").context("no example")?;
    let (toml, _) = toml.split_once("```").context("no end of the example")?;
    let end = format!("{name}.wasm\"\n");
    Ok(toml.replace(&end, &format!("{end}memory = \"64KiB\"\n")))
}

/// httpd with the balancer `lb` over two peers, and a component of this name.
fn site(name: &str, component: &Path, toml: &str, script: &Script) -> Result<(Vec<Peer>, Httpd)> {
    let mut workers =
        "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=was1,was2\n".to_owned();
    let mut peers = Vec::new();
    for name in NAMES {
        let peer = Peer::named(name, script.clone())?;
        workers += &peer.worker(name);
        peers.push(peer);
    }
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(workers)
        .file(&format!("conf/policies/{name}"), fs::read(component)?)
        .file("conf/rjk.toml", toml)
        .directives("RjkConfigFile conf/rjk.toml\nJkMount /* lb")
        .start()?;
    Ok((peers, httpd))
}

#[test]
fn a_policy_in_c_is_made_by_its_readme_and_routes_by_path() -> Result {
    let made = made_by_its_readme("c-path-route")?;
    let component = made.join("c-path-route/build/c-path-route.component.wasm");
    let built = policies::built("c-path-route")?;
    assert_eq!(
        fs::read(&component)?,
        fs::read(built)?,
        "the same wherever it is made"
    );
    let toml = example("c-path-route")?;
    let (_peers, httpd) = site("c-path-route.wasm", &component, &toml, &Script::default())?;
    let mut client = Client::connect(httpd.port())?;
    for (path, member) in [
        ("/shop/", "was1"),
        ("/shop/admin/x", "was2"),
        ("/shop/cart?x=/shop/admin/", "was1"),
    ] {
        for _ in 0..3 {
            let response = client.send(&Request::get(path))?;
            assert_eq!(response.field("peer").as_deref(), Some(member), "{path}");
        }
    }
    // Six went to was1, three to was2.
    let other = client.send(&Request::get("/else"))?;
    assert_eq!(other.field("peer").as_deref(), Some("was2"), "by load");
    httpd.assert_clean();
    Ok(())
}

#[test]
fn a_policy_in_assemblyscript_is_made_by_its_readme_and_turns_away() -> Result {
    let made = made_by_its_readme("as-load-shed")?;
    let component = made.join("as-load-shed/build/as-load-shed.component.wasm");
    let built = policies::built("as-load-shed")?;
    assert_eq!(
        fs::read(&component)?,
        fs::read(built)?,
        "the same wherever it is made"
    );
    let gate = Gate::new();
    let script = Script::new([Step::ReadBody, gate.step_for("/slow"), Step::Echo]);
    let toml = example("as-load-shed")?.replace("busy = 40", "busy = 1");
    let (peers, httpd) = site("as-load-shed.wasm", &component, &toml, &script)?;

    let mut client = Client::connect(httpd.port())?;
    assert_eq!(
        client.send(&Request::get("/reports/may"))?.status,
        200,
        "nobody is busy"
    );
    let slow: Vec<Pending> = (0..2)
        .map(|_| Pending::start(httpd.port(), Request::get("/slow")))
        .collect();
    until("a request at each member", SOON, || {
        peers.iter().all(|peer| {
            let requests = peer.requests();
            requests.iter().any(|request| request.uri == "/slow")
        })
    })?;
    let refused = client.send(&Request::get("/reports/may"))?;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("Retry-After"), Some("30"));
    // httpd closes the connection after a 503.
    let mut client = Client::connect(httpd.port())?;
    assert_eq!(
        client.send(&Request::get("/shop"))?.status,
        200,
        "it cannot wait"
    );
    gate.open();
    for request in slow {
        assert_eq!(request.response()?.status, 200);
    }
    assert_eq!(
        client.send(&Request::get("/reports/may"))?.status,
        200,
        "there is room again"
    );
    httpd.assert_clean();
    Ok(())
}

/// C with stdio and clocks, through the adapter of WASI that `rjk policy pack` adds.
#[test]
fn a_runtime_that_asks_wasi_is_answered() -> Result {
    let dir = Dir::new("stdio")?;
    let bindings = repository().join("plugins/c-path-route/bindings");
    let module = dir.join("stdio.wasm");
    let mut compile = Command::new("clang");
    compile
        .args(["--target=wasm32-wasi", "-Os", "-mexec-model=reactor"])
        .args(["-nodefaultlibs", "-lc", "-Wl,--strip-all", "-I"])
        .arg(&bindings)
        .arg(repository().join("tests/e2e/policy/stdio.c"))
        .arg(bindings.join("policy.c"))
        .arg("-o")
        .arg(&module);
    run(&mut compile, dir.path())?;
    let component = dir.join("component.wasm");
    let mut pack = Command::new(packer()?);
    pack.args(["policy", "pack"])
        .arg(&module)
        .arg("-o")
        .arg(&component);
    run(&mut pack, dir.path())?;

    let toml = "[policy.p]\ncomponent = \"policies/stdio.wasm\"\n[balancer.lb]\npolicy = \"p\"\n";
    let (_peers, httpd) = site("stdio.wasm", &component, toml, &Script::default())?;
    let mut client = Client::connect(httpd.port())?;
    for _ in 0..5 {
        let response = client.send(&Request::get("/"))?;
        assert_eq!(response.field("peer").as_deref(), Some("was2"));
    }
    httpd.expect_log("policy p: configured without HOME, a file or arguments, after 2020");
    Ok(())
}
