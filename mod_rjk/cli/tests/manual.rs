//! The manual, the completions and the schema, as their readers take them: troff, shells, editors.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::process::{Command, Stdio};

fn rjk(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rjk"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a program says about its input: standard output, and standard error.
fn feed(program: &str, arguments: &[&str], input: &str) -> (String, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/tools/install-packages test"));
    // Few kilobytes: the pipe takes them all.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn troff_takes_each_page_without_a_warning() {
    let list = rjk(&["manual"]);
    assert!(list.lines().count() > 8, "{list}");
    for line in list.lines() {
        let title = line.split_whitespace().next().unwrap();
        let page = rjk(&["manual", title]);
        let (text, warnings) = feed(
            "groff",
            &["-man", "-ww", "-Tutf8", "-Kutf8", "-P-cbou"],
            &page,
        );
        assert_eq!(warnings, "", "{title}");
        assert!(text.contains("NAME"), "{title}: {text}");
        // Each verb shows how it is used.
        let is_verb = title.starts_with("rjk-") && !title.starts_with("rjk-policy(");
        let has_example = text.contains("EXAMPLES");
        assert!(!is_verb || has_example, "{title} has no example");
    }
}

#[test]
fn each_example_stays_on_its_line() {
    let lines = |title: &str| {
        let page = rjk(&["manual", title]);
        let arguments = ["-man", "-Tutf8", "-Kutf8", "-P-cbou"];
        feed("groff", &arguments, &page).0
    };
    for (title, examples) in [
        (
            "rjk-status",
            &["rjk status http://www1/jkstatus http://www2/jkstatus"][..],
        ),
        (
            "rjk-manual",
            &[
                "rjk manual rjk.toml | man -l -",
                "rjk manual --into /usr/local/share/man",
            ],
        ),
        (
            "rjk-ping",
            &["rjk ping -k -c 60 app1:8009         all on one connection, as a pool keeps it"],
        ),
        (
            "rjk-check",
            &["rjk check /etc/apache2/apache2.conf --tomcat /var/lib/tomcat10"],
        ),
    ] {
        let text = lines(title);
        for example in examples {
            let found = text.lines().any(|line| line.trim() == *example);
            assert!(found, "{title}: {text}");
        }
        assert!(!text.contains("EXTRA"), "{text}");
    }
}

#[test]
fn all_pages_are_written_where_man_looks() {
    let folder = tempfile::tempdir().unwrap();
    let written = rjk(&["manual", "--into", folder.path().to_str().unwrap()]);
    for file in [
        "man1/rjk.1",
        "man1/rjk-policy-new.1",
        "man5/rjk.toml.5",
        "man5/mod_rjk.conf.5",
    ] {
        let path = folder.path().join(file);
        assert!(path.is_file(), "{file}");
        assert!(written.lines().any(|line| line == path.to_str().unwrap()));
    }
}

#[test]
fn bash_completes_verbs_and_options() {
    let script = rjk(&["completions", "bash"]);
    let ask = |words: &str, index: u8| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={index}\n\
             _rjk rjk \"${{COMP_WORDS[{index}]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        feed("bash", &[], &ask).0
    };
    assert!(ask("rjk po", 1).lines().any(|word| word == "policy"));
    assert!(
        ask("rjk completions ''", 2)
            .lines()
            .any(|word| word == "fish")
    );
    assert!(
        ask("rjk policy replay --re", 3)
            .lines()
            .any(|word| word == "--record")
    );
}

#[test]
fn zsh_and_fish_take_theirs() {
    let zsh = rjk(&["completions", "zsh"]);
    feed("zsh", &["-n"], &zsh);
    assert!(zsh.starts_with("#compdef rjk"), "{zsh}");
    let fish = rjk(&["completions", "fish"]);
    let ask = format!("{fish}\ncomplete -C 'rjk comp'\n");
    let (words, _) = feed("fish", &["--no-config"], &ask);
    assert!(words.starts_with("completions"), "{words}");
}

#[test]
fn a_page_that_is_none_is_said_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_rjk"))
        .args(["manual", "rjk-nothing"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("no manual page rjk-nothing"), "{error}");
}
