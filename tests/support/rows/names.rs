//! Tests by name, and whether they are there.

use crate::module::repository;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// A test function that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Whether it runs with mod_jk as well and never asks which module it has.
    pub is_compared: bool,
}

/// Looks for the test of a name: `e2e:balancing::session::ss05…`, `unit:rjk-config::uri_map::tests::m06…`.
pub(super) fn find(name: &str) -> Result<Found> {
    let (root, path) = match name.split_once(':') {
        Some(("e2e", path)) => {
            let (binary, rest) = path.split_once("::").context("no function is named")?;
            (test_binary(binary)?, rest)
        }
        Some(("unit", path)) => {
            let (krate, rest) = path.split_once("::").context("no function is named")?;
            (crate_root(krate)?, rest)
        }
        _ => bail!("not of the form `e2e:BINARY::path::function` or `unit:CRATE::path::function`"),
    };
    let (modules, function) = path.rsplit_once("::").unwrap_or(("", path));
    let modules: Vec<&str> = modules
        .split("::")
        .filter(|part| !part.is_empty())
        .collect();
    for depth in (0..=modules.len()).rev() {
        let Some(text) = source(&root, &modules[..depth]) else {
            continue;
        };
        if let Some(body) = body(&text, function) {
            return Ok(Found {
                is_compared: is_in_both(&text, function) && !asks_which(body),
            });
        }
        // A file of the test's own name was there and has no such function: it is not further up.
        ensure!(depth < modules.len(), "its file has no such function");
    }
    bail!("there is no such function")
}

/// The root file of a test binary.
fn test_binary(name: &str) -> Result<PathBuf> {
    let tests = repository().join("tests");
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(tests.join("Cargo.toml"))?)?;
    let targets = manifest.get("test").and_then(toml::Value::as_array);
    let named =
        |target: &&toml::Value| target.get("name").and_then(toml::Value::as_str) == Some(name);
    let target = targets.and_then(|all| all.iter().find(named));
    let path = target.and_then(|target| target.get("path")?.as_str());
    Ok(tests.join(path.with_context(|| format!("there is no test binary {name}"))?))
}

/// The root file of a library.
fn crate_root(name: &str) -> Result<PathBuf> {
    let short = name.strip_prefix("rjk-").context("no crate of ours")?;
    let root = match short {
        "testbed" => repository().join("tests/support/lib.rs"),
        "cli" => repository().join("mod_rjk/cli/src/main.rs"),
        _ => repository().join(format!("mod_rjk/{short}/src/lib.rs")),
    };
    ensure!(root.exists(), "there is no crate {name}");
    Ok(root)
}

/// The text of a module's file; the root's for no module.
fn source(root: &Path, modules: &[&str]) -> Option<String> {
    let Some((last, above)) = modules.split_last() else {
        return fs::read_to_string(root).ok();
    };
    let folder = above
        .iter()
        .fold(root.parent()?.to_owned(), |folder, part| folder.join(part));
    let files = [
        folder.join(format!("{last}.rs")),
        folder.join(last).join("mod.rs"),
    ];
    files.iter().find_map(|file| fs::read_to_string(file).ok())
}

/// The text from a function's name to the next line that closes a block as far out as it began.
fn body<'a>(text: &'a str, function: &str) -> Option<&'a str> {
    let start = [format!("fn {function}("), format!("fn {function}<")];
    let at = start.iter().find_map(|start| text.find(start.as_str()))?;
    let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent: String = text[line_start..at]
        .chars()
        .take_while(|c| *c == ' ')
        .collect();
    let rest = &text[at..];
    let end = rest.find(&format!("\n{indent}}}\n")).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// Whether a macro makes a test of it for each module.
fn is_in_both(text: &str, function: &str) -> bool {
    text.split("both").skip(1).any(|rest| {
        let list = rest
            .trim_start_matches("_on_each_mpm")
            .trim_start_matches('!')
            .trim_start();
        let list = list
            .strip_prefix('{')
            .and_then(|list| list.split('}').next());
        list.is_some_and(|list| list.split_whitespace().any(|word| word == function))
    })
}

/// Whether it does something else for one of the modules.
fn asks_which(body: &str) -> bool {
    body.contains("Subject::ModJk") || body.contains("Subject::Rjk")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_name() {
        for (name, compared) in [
            (
                "unit:rjk-testbed::rows::names::tests::tests_are_found_by_name",
                false,
            ),
            ("e2e:balancing::session::ss01_stickiness_off", true),
            ("e2e:smoke::peer_echoes", true),
        ] {
            assert_eq!(find(name).unwrap().is_compared, compared, "{name}");
        }
        for name in [
            "e2e:balancing::session::no_such_test",
            "e2e:nowhere::x",
            "unit:rjk-nothing::x",
            "unit:serde::x",
            "somewhere",
        ] {
            assert!(find(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_test_that_asks_for_its_module_compares_nothing() {
        let text =
            "both! { a b }\nfn a() {\n    x();\n}\nfn b() {\n    Subject::ModJk\n}\nfn c() {}\n";
        assert!(is_in_both(text, "a") && is_in_both(text, "b") && !is_in_both(text, "c"));
        assert!(!asks_which(body(text, "a").unwrap()) && asks_which(body(text, "b").unwrap()));
    }
}
