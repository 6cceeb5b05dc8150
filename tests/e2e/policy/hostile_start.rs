//! Policies and rjk.toml files that httpd must not start with: `-t` and the start fail with file,
//! line and reason, and a graceful restart with them leaves the running site alone.

use crate::site::{self, LB, fixture, header_route, header_route_file};
use rjk_guest::Guest;
use rjk_testbed::client::{self, Request};
use rjk_testbed::farm::Members;
use rjk_testbed::httpd::Builder;
use rjk_testbed::{Httpd, Result, policies};
use std::fs;
use std::time::{Duration, Instant};

/// One broken configuration.
struct Broken {
    what: &'static str,
    toml: Toml,
    /// Line of rjk.toml, 0 for that of `RjkConfigFile` in httpd.conf.
    line: u32,
    /// What the message says.
    says: &'static [&'static str],
}

/// The text of rjk.toml.
enum Toml {
    /// A policy with this component of plugins/fixtures.
    Fixture(&'static str),
    /// A policy whose component, made by the test, is this file of conf/.
    Made(&'static str),
    /// This text; `@GOOD@` stands for a component that works.
    Text(&'static str),
    /// No file at all.
    Missing,
}

use Toml::{Fixture, Made, Missing, Text};

#[rustfmt::skip]
const BROKEN: &[Broken] = &[
    Broken { what: "unknown import", toml: Fixture("unknown-import"), line: 2,
        says: &["example:files/read@1.0.0", "interfaces of rjk:policy@0.1 only"] },
    Broken { what: "wrong version", toml: Fixture("wrong-version"), line: 2,
        says: &["rjk:policy", "0.2.0", "this module has rjk:policy@0.1"] },
    Broken { what: "configure fails", toml: Fixture("configure-fails"), line: 1,
        says: &["its configure says: "] },
    Broken { what: "configure never ends", toml: Fixture("configure-never-ends"), line: 2,
        says: &["its configure failed: ", "fuel"] },
    Broken { what: "configure panics", toml: Fixture("panic-configure"), line: 2,
        says: &["its configure failed: ", "panic-configure.rs:12:9: lb has 2 members"] },
    Broken { what: "a store too large", toml: Fixture("store-too-large"), line: 2,
        says: &["its configure failed: ", "8192 cells"] },
    Broken { what: "9 MiB", toml: Made("large.wasm"), line: 2,
        says: &["large.wasm", "a policy may have 8388608"] },
    Broken { what: "core module", toml: Made("core.wasm"), line: 2,
        says: &["core.wasm", "core module", "rjk policy pack"] },
    Broken { what: "truncated", toml: Made("truncated.wasm"), line: 2,
        says: &["truncated.wasm", "no valid component: "] },
    Broken { what: "no wasm", toml: Made("text.wasm"), line: 2,
        says: &["text.wasm", "no WebAssembly"] },
    Broken { what: "empty file", toml: Made("empty.wasm"), line: 2,
        says: &["empty.wasm", "no WebAssembly"] },
    Broken { what: "a function too long", toml: Made("function.wasm"), line: 2,
        says: &["function.wasm", "steps of the compiler for the 34002 instructions and 3 values at once of function ",
            "a policy may have 80000"] },
    Broken { what: "too many functions", toml: Made("functions.wasm"), line: 2,
        says: &["functions.wasm", "steps of the compiler; a policy may have 700000"] },
    Broken { what: "loops too deep", toml: Made("loops.wasm"), line: 2,
        says: &["loops.wasm", "51 loops around each other of function ", "a policy may have 50"] },
    Broken { what: "too many modules", toml: Made("modules.wasm"), line: 2,
        says: &["modules.wasm", "33 core modules; a policy may have 32"] },
    Broken { what: "a folder", toml: Made(""), line: 2, says: &["cannot be read"] },
    Broken { what: "no such component", toml: Made("none.wasm"), line: 2,
        says: &["none.wasm", "cannot be read", "No such file"] },
    Broken { what: "unknown key", line: 3, says: &["unknown key feul", "write fuel"],
        toml: Text("[policy.p]\ncomponent = \"@GOOD@\"\nfeul = 3\n") },
    Broken { what: "unknown table", line: 1, says: &["unknown key polcy", "write policy"],
        toml: Text("[polcy.p]\ncomponent = \"@GOOD@\"\n") },
    Broken { what: "wrong type", line: 3, says: &["fuel is \"much\"", "write a number"],
        toml: Text("[policy.p]\ncomponent = \"@GOOD@\"\nfuel = \"much\"\n") },
    Broken { what: "out of bounds", line: 3, says: &["memory is \"9GiB\"", "write a size"],
        toml: Text("[policy.p]\ncomponent = \"@GOOD@\"\nmemory = \"9GiB\"\n") },
    Broken { what: "no such balancer", line: 3,
        says: &["no lb worker ib in worker.list", "write lb"],
        toml: Text("[policy.p]\ncomponent = \"@GOOD@\"\n[balancer.ib]\npolicy = \"p\"\n") },
    Broken { what: "no such policy", line: 4, says: &["no policy q", "write p"],
        toml: Text("[policy.p]\ncomponent = \"@GOOD@\"\n[balancer.lb]\npolicy = \"q\"\n") },
    Broken { what: "no TOML", line: 1, says: &["no valid TOML"], toml: Text("[policy.p\n") },
    Broken { what: "no rjk.toml", line: 0,
        says: &["RjkConfigFile: ", "conf/rjk.toml does not exist"], toml: Missing },
];

/// An otherwise unused section of a component: `size` bytes and a few more.
fn custom_section(size: usize) -> Vec<u8> {
    let mut section = vec![0];
    let mut left = size + 2;
    while left >= 0x80 {
        section.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    section.push(left as u8);
    section.extend([1, b'x']);
    section.resize(section.len() + size, 0);
    section
}

/// The components that no build makes.
fn made() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let good = fs::read(policies::fixture("noop")?)?;
    let large = [good.clone(), custom_section(9 << 20)].concat();
    Ok([
        ("conf/large.wasm", large),
        ("conf/core.wasm", b"\0asm\x01\0\0\0".to_vec()),
        ("conf/truncated.wasm", good[..good.len() / 2].to_vec()),
        ("conf/text.wasm", b"#!/bin/sh\nexit 0\n".to_vec()),
        ("conf/empty.wasm", Vec::new()),
    ]
    .into_iter()
    .chain(endless_to_compile()?)
    .collect())
}

/// Small files that would keep the compiler busy for long.
fn endless_to_compile() -> Result<[(&'static str, Vec<u8>); 4]> {
    let policy_with = |functions: String| {
        let functions = functions.leak();
        let guest = Guest {
            functions,
            ..Guest::default()
        };
        guest.component()
    };
    let add = "(i32.add (i32.const 3))".repeat(17_000);
    let loops = "(loop (br_if 0 (local.get 0))".repeat(51) + &")".repeat(51);
    let modules = "(core module)".repeat(33);
    Ok([
        (
            "conf/function.wasm",
            policy_with(format!(
                "(func (param i32) (result i32) (local.get 0) {add})"
            )),
        ),
        ("conf/functions.wasm", policy_with("(func)".repeat(28_000))),
        (
            "conf/loops.wasm",
            policy_with(format!("(func (param i32) {loops})")),
        ),
        (
            "conf/modules.wasm",
            wat::parse_str(format!("(component {modules})"))?,
        ),
    ])
}

/// A file with one policy.
fn of_component(component: &str) -> String {
    format!("[policy.p]\ncomponent = {component:?}\n[balancer.lb]\npolicy = \"p\"\n")
}

/// The text of rjk.toml, unless there is to be none.
fn text_of(broken: &Broken) -> Result<Option<String>> {
    Ok(match broken.toml {
        Fixture(name) => Some(of_component(&fixture(name)?)),
        Made("") => Some(of_component("../conf")),
        Made(name) => Some(of_component(name)),
        Text(text) => Some(text.replace("@GOOD@", &header_route_file()?)),
        Missing => None,
    })
}

fn assert_says(broken: &Broken, command: &str, output: &str) {
    let place = match broken.line {
        0 => "conf/httpd.conf:".to_owned(),
        line => format!("conf/rjk.toml:{line}: "),
    };
    for said in broken.says.iter().copied().chain([place.as_str()]) {
        let what = broken.what;
        assert!(
            output.contains(said),
            "{what}: {command} lacks {said:?}: {output}"
        );
    }
}

/// A site that would start, but for this.
fn site_with(broken: &Broken) -> Result<(Members, Builder)> {
    let (peers, mut site) = site::site(&LB)?;
    if let Some(text) = text_of(broken)? {
        site = site.file("conf/rjk.toml", text);
    }
    for (name, content) in made()? {
        site = site.file(name, content);
    }
    Ok((peers, site))
}

#[test]
fn neither_configtest_nor_start_accepts_them() -> Result {
    for broken in BROKEN {
        let (_peers, site) = site_with(broken)?;
        let (accepted, output) = site.configtest()?;
        assert!(!accepted, "{}: -t accepted it: {output}", broken.what);
        assert_says(broken, "-t", &output);
        let failed = site.start_expect_failure()?;
        assert!(failed.code.is_some_and(|code| code != 0), "{failed:?}");
        assert_says(broken, "the start", &failed.text());
    }
    Ok(())
}

/// KiB of address space: half of it is enough for a policy that does nothing.
const MEMORY_KIB: u32 = 128 << 10;

/// Neither time nor memory goes into them.
#[test]
fn what_would_take_the_compiler_long_is_refused_at_once() -> Result {
    let (_peers, site) = site::site(&LB)?;
    let site = site.memory_kib(MEMORY_KIB);
    let good = of_component(&fixture("noop")?);
    let (accepted, output) = site.clone().file("conf/rjk.toml", good).configtest()?;
    assert!(accepted, "{output}");
    for (name, content) in endless_to_compile()? {
        let component = of_component(name.trim_start_matches("conf/"));
        let site = site
            .clone()
            .file(name, content)
            .file("conf/rjk.toml", component);
        let start = Instant::now();
        let (accepted, output) = site.configtest()?;
        let took = start.elapsed();
        assert!(
            !accepted && output.contains("a policy may have"),
            "{name}: {output}"
        );
        assert!(took < Duration::from_secs(5), "{name}: {took:?}");
    }
    Ok(())
}

/// A component of 9 MiB is refused for its size alone.
#[test]
fn a_large_component_is_accepted() -> Result {
    let good = fs::read(policies::fixture("noop")?)?;
    let (_peers, site) = site::site(&LB)?;
    let site = site
        .file("conf/x.wasm", [good, custom_section(7 << 20)].concat())
        .file("conf/rjk.toml", of_component("x.wasm"));
    let (accepted, output) = site.configtest()?;
    assert!(accepted && output.contains("Syntax OK"), "{output}");
    Ok(())
}

/// The policy decides: without it, the members would take turns.
fn assert_policy_decides(httpd: &Httpd, what: &str) -> Result {
    for member in site::PEERS.into_iter().cycle().take(6).chain(["b", "b"]) {
        let request = Request::get("/lb").header("X-Member", member);
        let served = site::who(&client::send(httpd.port(), request)?)?;
        assert_eq!(served, member, "{what}");
    }
    Ok(())
}

#[test]
fn a_graceful_restart_with_them_leaves_the_site_alone() -> Result {
    let good = header_route(&header_route_file()?);
    let (_peers, site) = site::site(&LB)?;
    let mut site = site.file("conf/rjk.toml", good.as_str());
    for (name, content) in made()? {
        site = site.file(name, content);
    }
    let mut httpd = site.start()?;
    assert_policy_decides(&httpd, "at the start")?;
    let children = httpd.children();
    for broken in BROKEN {
        match text_of(broken)? {
            Some(text) => drop(httpd.write("conf/rjk.toml", text)?),
            None => fs::remove_file(httpd.path("conf/rjk.toml"))?,
        }
        let (accepted, output) = httpd.try_graceful()?;
        assert!(!accepted, "{}: accepted: {output}", broken.what);
        assert_says(broken, "-k graceful", &output);
        assert!(httpd.is_running(), "{}", broken.what);
        assert_policy_decides(&httpd, broken.what)?;
        assert_eq!(httpd.children(), children, "{}", broken.what);
    }
    httpd.write("conf/rjk.toml", good)?;
    httpd.graceful()?;
    assert_policy_decides(&httpd, "mended")?;
    httpd.assert_clean();
    Ok(())
}
