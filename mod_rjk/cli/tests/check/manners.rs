//! How the verb speaks and ends.

use crate::support::Site;
use proptest::prelude::*;

const WORKERS: &str = "worker.list=w\nworker.w.host=localhost\n";

#[test]
fn a_finding_is_a_line_with_its_place_and_remedy() {
    let site = Site::new();
    site.write("workers.properties", "worker.list=w\nworker.w.prot=1\n");
    let output = site.run(&["workers.properties"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "workers.properties:2: error: worker.w.prot has the unknown attribute \"prot\"; write \"port\"\n"
    );
    assert!(output.stderr.is_empty());
}

#[test]
fn the_exit_code_is_as_asked_for() {
    let site = Site::new();
    site.write("workers.properties", WORKERS);
    let code = |arguments: &[&str]| site.run(arguments).status.code();
    assert_eq!(code(&["workers.properties"]), Some(0), "a hint only");
    assert_eq!(code(&["workers.properties", "--fail-on", "hint"]), Some(1));
    assert_eq!(code(&["workers.properties", "--fail-on", "error"]), Some(0));
    assert_eq!(code(&["none.properties"]), Some(2));
    assert_eq!(code(&[]), Some(2));
    site.write("odd", "hello\n");
    assert_eq!(code(&["odd"]), Some(2), "of no known kind");
    assert_eq!(code(&["odd", "--kind", "map"]), Some(1));
    assert_eq!(code(&["workers.properties", "--tomcat", "none"]), Some(2));
}

#[test]
fn a_folder_stands_for_its_configuration() {
    let site = Site::new();
    site.write(
        "conf/httpd.conf",
        "JkWorkersFile conf/w.properties\nJkMount /a none\n",
    );
    site.write("conf/w.properties", WORKERS);
    let (findings, code) = site.findings(&["."]);
    assert_eq!(code, 1);
    assert!(
        findings.iter().any(|one| one.code == "unknown-worker"),
        "{findings:?}"
    );
}

#[test]
fn files_that_are_given_stand_for_those_that_are_named() {
    let site = Site::new();
    site.write(
        "a/jk.conf",
        "JkWorkersFile /no/such/w.properties\nJkMount /a none\n",
    );
    site.write("b/w.properties", WORKERS);
    let (findings, _) = site.findings(&["a/jk.conf", "b/w.properties"]);
    let codes: Vec<&str> = findings.iter().map(|one| one.code.as_str()).collect();
    assert!(
        codes.contains(&"unknown-worker") && codes.contains(&"file-elsewhere"),
        "{codes:?}"
    );
    assert!(!codes.contains(&"directive-refused"), "{codes:?}");
}

#[test]
fn a_part_of_a_configuration_is_no_mistake() {
    let site = Site::new();
    site.write(
        "site.conf",
        "<VirtualHost *:80>\nServerName a\nJkMount /a/* tomcat\nJkMount /status status\n</VirtualHost>\n",
    );
    assert_eq!(
        site.findings(&["site.conf", "--fail-on", "hint"]),
        (Vec::new(), 0)
    );
}

#[test]
fn files_that_include_each_other_end() {
    let site = Site::new();
    site.write(
        "jk.conf",
        "Include jk.conf\nInclude *.conf\nJkMountt /a w\n",
    );
    let (findings, _) = site.findings(&["jk.conf"]);
    assert!(findings.iter().any(|one| one.code == "not-followed"));
    assert!(findings.iter().any(|one| one.code == "unknown-directive"));
}

/// Folders that links lead round in, as the whole file system has them.
#[test]
fn an_include_of_too_much_is_said() {
    let site = Site::new();
    let around = site.path().join("around");
    std::fs::create_dir(&around).unwrap();
    for name in ["a", "b"] {
        std::os::unix::fs::symlink(&around, around.join(name)).unwrap();
    }
    site.write("jk.conf", "Include around\nJkMountt /a w\n");
    let (findings, _) = site.findings(&["jk.conf"]);
    let codes: Vec<&str> = findings.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["not-followed", "unknown-directive"]);
}

/// Words that mean something to one reader or another, and bytes that mean nothing.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "worker.",
        "list",
        "=",
        "w",
        ".type",
        "lb",
        ".balance_workers",
        ".host",
        "\n",
        "\\\n",
        "JkMount ",
        "JkWorkersFile ",
        "<VirtualHost *:80>\n",
        "</VirtualHost>\n",
        "<Location /",
        ">\n",
        "</Location>\n",
        "${A}",
        "Define A ",
        "Include ",
        "/",
        "*",
        "|",
        ";",
        "$(w)",
        ".reference",
        "worker.w",
        "<Macro m $a>\n",
        "</Macro>\n",
        "Use m ",
        "\"",
        "'",
        "[policy.p]\n",
        "component=\"x\"\n",
        "JkOptions +",
        " ",
    ]);
    prop_oneof![
        6 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// A panic would end with 101.
    #[test]
    fn any_bytes_are_checked_or_refused(pieces in prop::collection::vec(piece(), 0..40)) {
        let site = Site::new();
        for kind in ["httpd", "workers", "map", "toml"] {
            site.write("file", pieces.concat());
            let output = site.run(&["file", "--kind", kind]);
            prop_assert!(matches!(output.status.code(), Some(0 | 1)), "{:?}", output);
        }
        site.write("t/conf/server.xml", pieces.concat());
        site.write("w.properties", WORKERS);
        let output = site.run(&["w.properties", "--tomcat", "t"]);
        prop_assert!(matches!(output.status.code(), Some(0..=2)), "{:?}", output);
    }
}
