//! What a newcomer touches first does what it says: the Makefile, the demo and the documents.

use rjk_testbed::client::{self, Request};
use rjk_testbed::guard::Guarded;
use rjk_testbed::module::{module_path, repository};
use rjk_testbed::rjk::rjk;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Result, ensure, process, wait};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Longest demo: it starts three Tomcats on a machine that may be busy.
const DEMO_LIMIT: Duration = Duration::from_secs(240);
const STOP_LIMIT: Duration = Duration::from_secs(30);

fn make(arguments: &[&str]) -> Result<Output> {
    let output = Command::new("make")
        .args(["--no-print-directory", "-C"])
        .arg(repository())
        .args(arguments)
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .stdin(Stdio::null())
        .output()?;
    Ok(output)
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn targets() -> Result<Vec<String>> {
    let makefile = fs::read_to_string(repository().join("Makefile"))?;
    let phony = makefile.lines().find_map(|l| l.strip_prefix(".PHONY:"));
    let phony = phony.context("no .PHONY line")?;
    Ok(phony.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn make_help_lists_every_target_once() -> Result {
    let output = make(&["help"])?;
    assert!(output.status.success(), "{}", words(&output));
    let text = words(&output);
    let mut listed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("make ")?.split_whitespace().next())
        .collect();
    let mut known = targets()?;
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
    Ok(())
}

/// An apxs that knows three folders.
fn apxs(dir: &Dir) -> Result<PathBuf> {
    let path = dir.write(
        "apxs",
        "#!/bin/sh\ncase $2 in LIBEXECDIR) echo /usr/lib/jk ;; BINDIR) echo /usr/bin ;; \
         exp_mandir) echo /usr/share/man ;; esac\n",
    )?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

#[test]
fn make_install_replaces_the_module_by_rename() -> Result {
    let dir = Dir::new("install")?;
    let built = module_path()?;
    // Not built yet: only the module is installed.
    let command = dir.join("built-rjk");
    let settings = [
        format!("DESTDIR={}", dir.path().display()),
        format!("APXS={}", apxs(&dir)?.display()),
        format!("MODULE={}", built.display()),
        format!("RJK={}", command.display()),
    ];
    let arguments: Vec<&str> = std::iter::once("install")
        .chain(settings.iter().map(String::as_str))
        .collect();
    let installed = dir.join("usr/lib/jk/mod_rjk.so");
    let mut inodes = Vec::new();
    for _ in 0..2 {
        let output = make(&arguments)?;
        assert!(output.status.success(), "{}", words(&output));
        assert!(words(&output).contains(&installed.display().to_string()));
        let metadata = fs::metadata(&installed)?;
        assert_eq!(metadata.mode() & 0o7777, 0o644);
        inodes.push(metadata.ino());
    }
    assert!(fs::read(&installed)? == fs::read(&built)?);
    // A running httpd has the old file mapped: it must never be written into.
    assert_ne!(inodes[0], inodes[1]);
    let names = fs::read_dir(dir.join("usr/lib/jk"))?.count();
    assert_eq!(names, 1, "something is left beside the module");
    assert!(!dir.join("usr/bin").exists());

    fs::copy(rjk()?, &command)?;
    let output = make(&arguments)?;
    assert!(output.status.success(), "{}", words(&output));
    let installed = dir.join("usr/bin/rjk");
    assert!(fs::read(&installed)? == fs::read(&command)?);
    assert_eq!(fs::metadata(&installed)?.mode() & 0o7777, 0o755);
    for page in ["man1/rjk.1", "man5/rjk.toml.5"] {
        let page = dir.join("usr/share/man").join(page);
        assert!(page.is_file() && words(&output).contains(&page.display().to_string()));
    }
    Ok(())
}

#[test]
fn make_install_says_what_is_missing() -> Result {
    let dir = Dir::new("install")?;
    let destination = format!("DESTDIR={}", dir.path().display());
    let apxs = format!("APXS={}", apxs(&dir)?.display());
    let rows = [
        (["MODULE=/nowhere/libmod_rjk.so", &apxs], "run 'make' first"),
        (
            ["MODULE=/dev/null", "APXS=/nowhere/apxs"],
            "apxs was not found",
        ),
    ];
    for (settings, remedy) in rows {
        let [module, apxs] = settings;
        // The first looks for a regular file, so the second needs one that exists.
        let module = module.replace("/dev/null", &dir.join("apxs").display().to_string());
        let output = make(&["install", &destination, &module, apxs])?;
        assert!(!output.status.success(), "{remedy}");
        assert!(words(&output).contains(remedy), "{}", words(&output));
    }
    assert!(!dir.join("usr").exists());
    Ok(())
}

/// `run-as` for a user, whose cargo must be the one that builds, where `id` and `sudo` are of this folder alone.
fn run_as(dir: &Dir, user: &str, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(repository().join("tests/tools/run-as"));
    command
        .args(arguments)
        .env_clear()
        .envs([("PATH", dir.path()), ("HOME", Path::new("/home/ann"))])
        .env("ID", user);
    if user == "0" {
        command.env("SUDO_USER", "ann");
    }
    Ok(command.output()?)
}

fn program(dir: &Dir, name: &str, text: &str) -> Result {
    let path = dir.write(name, format!("#!/bin/sh\n{text}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[test]
fn root_runs_the_last_program_and_the_user_builds() -> Result {
    let dir = Dir::new("run-as")?;
    program(&dir, "id", "echo $ID")?;
    let output = run_as(&dir, "1000", &["check", "lab"])?;
    assert!(!output.status.success());
    let remedy = "su -c 'env HOME=/home/ann PATH=\"$PATH:/home/ann/.cargo/bin\" make lab'";
    assert!(words(&output).contains(remedy), "{}", words(&output));

    program(&dir, "sudo", "echo sudo \"$@\"")?;
    let echo = |who: &'static str| [who, "/bin/echo", "x"];
    for (user, who, said) in [
        ("1000", "user", "x\n"),
        ("1000", "root", "sudo /bin/echo x\n"),
        ("0", "root", "x\n"),
    ] {
        let output = run_as(&dir, user, &echo(who))?;
        assert_eq!(words(&output), said, "{user} {who}");
    }
    let below_sudo = words(&run_as(&dir, "0", &echo("user"))?);
    let asked = "sudo -H -u ann sh -c PATH=\"$PATH:$HOME/.cargo/bin\" exec";
    assert!(below_sudo.starts_with(asked) && below_sudo.ends_with(" /bin/echo x\n"));
    for user in ["1000", "0"] {
        assert!(run_as(&dir, user, &["check", "lab"])?.status.success());
    }
    Ok(())
}

/// Before the minutes that a build takes.
#[test]
fn the_lab_looks_for_root_first() -> Result {
    let recipe = words(&make(&["--dry-run", "lab"])?);
    let at = |text: &str| recipe.find(text).context(text.to_owned());
    assert!(at("run-as check lab")? < at("cargo build")?, "{recipe}");
    assert!(at("cargo build")? < at("run-as root ")?, "{recipe}");
    Ok(())
}

/// Nine of the ten minutes of a first demo went into a compiler that it does not use.
#[test]
fn the_demo_builds_no_wasmtime() -> Result {
    let recipe = make(&["--dry-run", "demo"])?;
    let build = words(&recipe);
    let build = build.lines().find(|line| line.contains("cargo build"));
    let build = build.context("make demo builds nothing")?;
    assert!(build.contains("--profile demo") && build.contains("--no-default-features"));
    let mut tree = Command::new("cargo");
    tree.current_dir(repository())
        .args(["tree", "--locked", "-p", "mod_rjk"]);
    let with = words(&tree.output()?);
    let without = words(&tree.arg("--no-default-features").output()?);
    assert!(with.contains(" wasmtime v"), "{with}");
    assert!(
        without.contains("rjk-proxy") && !without.contains("wasmtime"),
        "{without}"
    );
    Ok(())
}

/// The story with all its checks, then the page and the status page as a browser gets them.
#[test]
fn the_demo_passes_and_stays_up_until_it_is_told_to_stop() -> Result {
    let dir = Dir::new("demo")?;
    let log = fs::File::create(dir.join("demo.log"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command
        .arg("--keep")
        .env("RJK_MODULE", module_path()?)
        .env("TMPDIR", dir.path())
        .stdout(log.try_clone()?)
        .stderr(log);
    let mut demo = Guarded::spawn(&mut command, dir.path())?;
    let said = || dir.read("demo.log");
    wait::until("the demo is up", DEMO_LIMIT, || {
        demo.exited().is_some() || said().contains("Ctrl-C stops everything.")
    })
    .with_context(said)?;
    ensure!(demo.exited().is_none(), "the demo ended: {}", said());
    let page = address(&said(), "/demo/").context("no address of the page")?;
    let html = client::send(page, Request::get("/demo/").header("Accept", "text/html"))?;
    assert_eq!(html.status, 200, "{}", html.text());
    assert!(
        html.text().contains("<dt>clicks</dt><dd>1</dd>"),
        "{}",
        html.text()
    );
    let status = client::get(page, "/jkstatus")?;
    assert!(status.text().contains("Balancer lb"), "{}", status.text());

    let servers = process_ids(&said());
    assert!(servers.len() >= 3, "{}", said());
    assert!(demo.signal_and_wait(Signal::INT, STOP_LIMIT), "{}", said());
    let code = demo.exited().and_then(|status| status.code());
    assert_eq!(code, Some(0), "{}", said());
    let left: Vec<_> = servers
        .into_iter()
        .filter(|pid| process::is_alive(*pid))
        .collect();
    assert!(left.is_empty(), "still running: {left:?}");
    let names: Vec<_> = fs::read_dir(dir.path())?
        .flatten()
        .map(|e| e.file_name())
        .collect();
    assert_eq!(names, ["demo.log"], "the demo left files");
    Ok(())
}

/// The port in the first `http://127.0.0.1:PORT<path>`.
fn address(text: &str, path: &str) -> Option<u16> {
    let rest = text.split("http://127.0.0.1:").nth(1)?;
    rest.split_once(path)?.0.parse().ok()
}

/// All numbers behind `pid `.
fn process_ids(text: &str) -> Vec<u32> {
    text.split("pid ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next()?.parse().ok())
        .collect()
}

fn documents() -> Result<Vec<PathBuf>> {
    let root = repository();
    let entries = fs::read_dir(root)?.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    found.push(root.join("mod_rjk/proxy/LIFECYCLE.md"));
    Ok(found)
}

/// Targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0))
}

#[test]
fn links_in_the_documents_lead_somewhere() -> Result {
    let mut seen = 0;
    for document in documents()? {
        let text = fs::read_to_string(&document)?;
        let folder = document.parent().unwrap_or(Path::new("/"));
        for link in links(&text).filter(|link| !link.starts_with("http") && !link.starts_with('#'))
        {
            let file = link.split('#').next().unwrap_or_default();
            assert!(folder.join(file).exists(), "{}: {link}", document.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen} links");
    Ok(())
}

#[test]
fn make_targets_in_the_documents_exist() -> Result {
    let known = targets()?;
    let mut seen = 0;
    for document in documents()? {
        let text = fs::read_to_string(&document)?;
        // Only in code: in back quotes or at the start of a line.
        for call in text
            .split(['`', '\n'])
            .filter_map(|part| part.strip_prefix("make "))
        {
            let target = call.split_whitespace().next().unwrap_or_default();
            assert!(
                target.starts_with('#') || known.iter().any(|k| k == target),
                "{}: make {call}",
                document.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen} calls of make");
    Ok(())
}

/// `owner::item` in LIFECYCLE.md: both are in the source, so that the text does not outlive the code.
#[test]
fn the_lifecycle_names_what_exists() -> Result {
    let source = sources(&repository().join("mod_rjk"))?;
    let text = fs::read_to_string(repository().join("mod_rjk/proxy/LIFECYCLE.md"))?;
    let mut seen = 0;
    // Every second part of a line stands between back quotes; a fence leaves an odd rest alone.
    let names = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    for name in names {
        let Some((owner, item)) = name.rsplit_once("::") else {
            continue;
        };
        let owner = owner.rsplit("::").next().unwrap_or(owner);
        let owners = ["struct", "trait", "enum", "mod"].map(|kind| format!("{kind} {owner}"));
        let items = [
            format!("fn {item}("),
            format!("fn {item}<"),
            format!(" {item}:"),
        ];
        for (word, forms) in [(owner, &owners[..]), (item, &items[..])] {
            assert!(
                forms.iter().any(|form| source.contains(form)),
                "{name}: {word} is gone"
            );
        }
        seen += 1;
    }
    assert!(seen > 30, "{seen} names");
    Ok(())
}

/// All Rust text below a folder.
fn sources(folder: &Path) -> Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            text.push_str(&sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(text)
}
