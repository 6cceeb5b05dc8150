//! Configurations of the project and of strangers.

use crate::support::{Site, repository};
use std::fs;

/// A stranger's file, as far as it matters here.
#[derive(serde::Deserialize)]
struct Entry {
    name: String,
    #[serde(default = "yes")]
    starts: bool,
}

fn yes() -> bool {
    true
}

#[derive(serde::Deserialize)]
struct Index {
    file: Vec<Entry>,
}

#[test]
fn nothing_is_found_in_the_examples() {
    let mut open = vec![repository().join("httpd-conf")];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        open.extend(paths.filter(|path| path.is_dir()));
        if !folder.join("jk.conf").exists() {
            continue;
        }
        let site = Site::new();
        let path = folder.to_str().unwrap();
        let output = site.run(&[path]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{path}: {text}");
        let grave = text.lines().filter(|line| !line.contains(" hint: "));
        assert_eq!(grave.count(), 0, "{text}");
        // They show what bounds each wait.
        for words in ["nothing bounds", "no CPING"] {
            assert!(!text.contains(words), "{text}");
        }
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

/// A file has an error where the module refuses it, and only there; tests/e2e/check asks the module for the place.
#[test]
fn strangers_files_have_errors_where_the_module_refuses_them() {
    let folder = repository().join("tests/parity/strangers");
    let index = fs::read_to_string(folder.join("index.toml")).unwrap();
    let index: Index = toml::from_str(&index).unwrap();
    assert!(index.file.len() > 100);
    let site = Site::new();
    let mut wrong = Vec::new();
    for entry in &index.file {
        let path = folder.join(&entry.name);
        let (findings, _) = site.findings(&[path.to_str().unwrap()]);
        let has_error = findings.iter().any(|one| one.severity == "error");
        if has_error == entry.starts {
            wrong.push(format!("{}: {findings:?}", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
