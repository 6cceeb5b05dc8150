use super::*;

fn beginning(name: &str, at: Option<&Path>) -> Beginning {
    Beginning {
        name: name.to_owned(),
        at: at.map(Path::to_owned),
    }
}

#[test]
fn a_crate_is_written_that_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("deep/by-tenant");
    let mut said = Vec::new();
    beginning("by-tenant", Some(&at))
        .run(false, &mut said)
        .unwrap();
    assert!(String::from_utf8(said).unwrap().contains("rjk policy pack"));
    let text = |name: &str| fs::read_to_string(at.join(name)).unwrap();

    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("by-tenant"));
    assert_eq!(manifest["lib"]["crate-type"][0].as_str(), Some("cdylib"));
    let release = &manifest["profile"]["release"];
    assert_eq!(release["lto"].as_bool(), Some(true));
    assert_eq!(release["opt-level"].as_str(), Some("s"));
    assert!(text(".cargo/config.toml").contains("stack-size=131072"));
    assert!(text(".gitignore").contains("/target"));
    assert!(text("Cargo.lock").contains("name = \"wit-bindgen\""));
    for name in ["src/lib.rs", "README.md", "rjk.toml", "wit/policy.wit"] {
        let text = text(name);
        assert!(
            !text.contains("my-policy") && !text.contains("Hello"),
            "{name}"
        );
    }
    assert!(text("src/lib.rs").contains("export!(MyPolicy);"));

    let sdk: toml::Table = text("sdk/Cargo.toml").parse().unwrap();
    let shared = &manifest["workspace"]["dependencies"];
    for (name, of) in sdk["dependencies"].as_table().unwrap() {
        assert_eq!(of["workspace"].as_bool(), Some(true), "{name}");
        assert!(shared.get(name).is_some(), "{name}");
    }
    for (name, wanted) in shared.as_table().unwrap() {
        if let Some(path) = wanted.get("path").and_then(|path| path.as_str()) {
            assert!(at.join(path).join("Cargo.toml").is_file(), "{name}: {path}");
        }
    }
}

#[test]
fn nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let error = beginning("by-tenant", Some(folder.path())).run(false, &mut Vec::new());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("is there already"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn names_are_those_that_cargo_and_httpd_take() {
    for good in ["hello", "by-tenant", "a", "Canary_2"] {
        assert_eq!(name(good).as_deref(), Ok(good));
    }
    let long = "a".repeat(64);
    for bad in ["", "2fast", "-x", "a b", "ä", "a/b", "../a", "a.b", &long] {
        assert!(
            name(bad).unwrap_err().contains("begin with a letter"),
            "{bad}"
        );
    }
    for taken in [
        "serde",
        "rjk-policy-sdk",
        "rjk_policy_sdk",
        "fn",
        "std",
        "proc-macro",
    ] {
        assert!(name(taken).unwrap_err().contains("take another"), "{taken}");
    }
}
