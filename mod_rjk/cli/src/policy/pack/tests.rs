use super::encode::{PackError, component};
use super::own_crate::{CrateError, OwnCrate};
use super::shape::Shape;
use super::*;
use rjk_guest::Guest;
use serde_json::json;

fn packing(module: &Path, output: Option<&Path>) -> Packing {
    Packing {
        module: Some(module.to_owned()),
        output: output.map(Path::to_owned),
    }
}

#[test]
fn a_module_without_a_type_gets_that_of_the_contract() {
    let deciding = component(Guest::default().module()).unwrap();
    assert!(deciding.notes[0].starts_with("does not say its component type"));
    let shape = Shape::of(&deciding.bytes).unwrap();
    assert!(shape.component && shape.exports_interface("router"));
    assert!(!shape.exports_interface("observer"));

    let observing = Guest {
        observe: Some(""),
        ..Guest::default()
    };
    let shape = Shape::of(&component(observing.module()).unwrap().bytes).unwrap();
    assert!(shape.exports_interface("observer"), "{shape:?}");
}

#[test]
fn a_component_stays_as_it_is() {
    let bytes = Guest::default().component();
    let made = component(bytes.clone()).unwrap();
    assert_eq!(made.bytes, bytes);
    assert!(made.notes[0].contains("a component already"));
}

#[test]
fn a_module_of_wasi_preview_1_gets_its_adapter() {
    let guest = Guest {
        imports: r#"(import "wasi_snapshot_preview1" "clock_time_get"
            (func (param i32 i64 i32) (result i32)))"#,
        ..Guest::default()
    };
    let made = component(guest.module()).unwrap();
    assert!(made.notes[1].contains("WASI preview 1"), "{:?}", made.notes);
    let shape = Shape::of(&made.bytes).unwrap();
    let clock = |name: &String| name.starts_with("wasi:clocks/");
    assert!(shape.imports.iter().any(clock), "{shape:?}");
}

#[test]
fn what_is_no_policy_is_told_what_to_write() {
    let bare = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
    let error = component(bare).unwrap_err();
    assert!(matches!(error, PackError::NoRouter));
    assert!(error.to_string().contains("rjk_policy_sdk::export!"));

    let nothing = wat::parse_str("(component)").unwrap();
    assert!(matches!(component(nothing), Err(PackError::NoRouter)));

    let error = component(b"#!/bin/sh".to_vec()).unwrap_err();
    assert!(matches!(error, PackError::NotWasm(_)), "{error}");

    // Of the functions that the contract wants one only.
    let half = r#"(module (memory (export "memory") 1)
        (func (export "rjk:policy/router@0.1.0#choose") (param i32 i32) (result i32) unreachable))"#;
    let error = component(wat::parse_str(half).unwrap()).unwrap_err();
    assert!(error.to_string().contains("configure"), "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[test]
fn nothing_but_the_component_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("my_policy.wasm");
    fs::write(&module, Guest::default().module()).unwrap();
    let output = folder.path().join("deep/my-policy.wasm");
    let mut said = Vec::new();
    packing(&module, Some(&output))
        .run(false, &mut said)
        .unwrap();
    let size = fs::metadata(&output).unwrap().len();
    let said = String::from_utf8(said).unwrap();
    let last = format!("{} {size} bytes\n", output.display());
    assert!(said.ends_with(&last), "{said}");
    let deep: Vec<_> = fs::read_dir(folder.path().join("deep")).unwrap().collect();
    assert_eq!(deep.len(), 1, "{deep:?}");

    // A folder stands where the file should be.
    let taken = folder.path().join("deep");
    let error = packing(&module, Some(&taken)).run(false, &mut Vec::new());
    assert!(matches!(error, Err(Problem::Save(..))), "{error:?}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn the_module_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("p.wasm");
    fs::write(&module, "").unwrap();
    assert!(same_file(&module, &folder.path().join("./p.wasm")));
    assert!(!same_file(&module, &folder.path().join("q.wasm")));
}

/// A crate as `cargo metadata` shows it, with one target of this kind.
fn own(kind: &str, target_folder: &Path) -> Result<OwnCrate, CrateError> {
    let metadata = json!({
        "packages": [
            { "name": "rjk-policy-sdk", "manifest_path": "/w/sdk/Cargo.toml", "targets": [] },
            { "name": "by-tenant", "manifest_path": "/w/Cargo.toml", "targets": [
                { "name": "by_tenant", "kind": [kind] },
            ] },
        ],
        "target_directory": target_folder,
    });
    OwnCrate::of(Path::new("/w/Cargo.toml"), &metadata)
}

#[test]
fn the_youngest_build_of_the_crate_is_taken() {
    let target = tempfile::tempdir().unwrap();
    let own = own("cdylib", target.path()).unwrap();
    assert_eq!(own.name, "by-tenant");
    let error = own.module().unwrap_err().to_string();
    assert!(
        error.contains("release/by_tenant.wasm is not there; run `cargo build --release"),
        "{error}"
    );
    let built = |triple: &str| {
        let file = target.path().join(triple).join("release/by_tenant.wasm");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
        file
    };
    let old = built("wasm32-wasip2");
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let old = fs::File::options().write(true).open(old).unwrap();
    old.set_modified(past).unwrap();
    let young = built("wasm32-unknown-unknown");
    assert_eq!(own.module().unwrap(), young);
}

#[test]
fn a_crate_that_makes_no_module_is_told_what_to_write() {
    let error = own("lib", Path::new("/t")).unwrap_err().to_string();
    assert!(error.contains("crate-type = [\"cdylib\"]"), "{error}");
    assert!(error.contains("by-tenant"), "{error}");
}
