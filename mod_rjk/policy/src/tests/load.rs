//! What is loaded and what is refused, and why.

use super::support::*;
use crate::LoadError;
use crate::limits::MAX_COMPONENT;
use rjk_balance::FaultKind;
use rjk_guest::*;

const EXTRA: &str = "package test:files@1.0.0; interface disk { read: func() -> u32; }";
const WASI: &str = "package wasi:cli@0.2.0;
    interface environment { resource terminal; get: func() -> u32; }";

#[test]
fn a_component_is_described() {
    let guest = Guest {
        observe: Some(""),
        ..Guest::default()
    };
    let bytes = guest.component();
    let code = load(&bytes).unwrap();
    let description = code.description();
    assert_eq!(description.size, bytes.len());
    assert_eq!(description.version, "0.1.0");
    assert!(description.observes);
    assert!(
        description
            .imports
            .contains(&"rjk:policy/request@0.1.0".to_owned())
    );
    assert!(
        description
            .exports
            .contains(&"rjk:policy/router@0.1.0".to_owned())
    );
    let plain = load(&Guest::default().component()).unwrap();
    assert!(!plain.description().observes);
}

#[test]
fn wrong_files_are_told_apart() {
    let good = Guest::default().component();
    assert_eq!(refused(b""), LoadError::NotWasm);
    assert_eq!(refused(b"#!/bin/sh\n"), LoadError::NotWasm);
    assert_eq!(refused(&Guest::default().module()), LoadError::CoreModule);
    assert_eq!(
        refused(&vec![0; MAX_COMPONENT + 1]),
        LoadError::TooLarge(MAX_COMPONENT + 1)
    );
    for length in [4, 8, good.len() / 2, good.len() - 1] {
        let got = refused(&good[..length]);
        assert!(
            matches!(got, LoadError::Invalid(_) | LoadError::NoRouter),
            "{length}: {got}"
        );
    }
    let empty = wat::parse_str("(component)").unwrap();
    assert_eq!(refused(&empty), LoadError::NoRouter);
}

#[test]
fn damaged_files_never_do_more_than_fail() {
    let good = Guest::default().component();
    for place in (8..good.len()).step_by(101) {
        let mut bytes = good.clone();
        bytes[place] ^= 0x55;
        // Any result will do: the point is that there is one.
        let loaded = load(&bytes);
        if let Ok(code) = loaded {
            let _ = configured(&code, settings());
        }
    }
}

#[test]
fn a_newer_patch_version_is_linked_another_minor_one_is_not() {
    let version = |version| Guest {
        version,
        ..Guest::default()
    };
    compile(&version("0.1.7"), settings());
    for wrong in ["0.2.0", "1.0.0", "0.1.0-rc1"] {
        let got = refused(&version(wrong).component());
        assert!(
            matches!(&got, LoadError::Version(name) if name.ends_with(wrong)),
            "{got}"
        );
    }
}

#[test]
fn an_unknown_import_is_refused_by_name() {
    let guest = Guest {
        package: Some((EXTRA, "import test:files/disk@1.0.0;")),
        imports: r#"(import "test:files/disk@1.0.0" "read" (func (result i32)))"#,
        ..Guest::default()
    };
    let expected = LoadError::UnknownImport("test:files/disk@1.0.0".to_owned());
    assert_eq!(refused(&guest.component()), expected);
    assert_eq!(
        expected.to_string(),
        "it imports test:files/disk@1.0.0; a policy can import interfaces of rjk:policy@0.1 only"
    );
}

#[test]
fn wasi_loads_and_cannot_be_called() {
    let guest = Guest {
        package: Some((WASI, "import wasi:cli/environment@0.2.0;")),
        imports: r#"(import "wasi:cli/environment@0.2.0" "get" (func $get (result i32)))"#,
        choose: "(drop (call $get)) unreachable".into(),
        ..Guest::default()
    };
    let policy = policy(&guest);
    let lines = Lines::default();
    assert_eq!(ask_at(&policy, None, T0, &lines), fault(FaultKind::Trap));
    assert_eq!(
        lines.all(),
        [
            "warn policy p: trap (called wasi:cli/environment@0.2.0#get, which policies do not have); \
          the built-in rules decide"
        ]
    );
}

#[test]
fn functions_of_the_contract_with_other_types_do_not_fit() {
    let text = r#"(component (component $inner
            (type $t (func)) (import "x" (func (type $t))) )
        (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $r (export "choose" (func $f)) (export "configure" (func $f)))
        (export "rjk:policy/router@0.1.0" (instance $r)))"#;
    let got = refused(&wat::parse_str(text).unwrap());
    assert!(
        matches!(got, LoadError::Mismatch(_) | LoadError::Fault(_)),
        "{got}"
    );
}

#[test]
fn a_configure_that_fails_says_why() {
    let guest = Guest {
        data: "no key\\nheader",
        configure: "(i32.store8 (i32.const 64) (i32.const 1))
            (i32.store (i32.const 68) (i32.const 1024))
            (i32.store (i32.const 72) (i32.const 13))
            (i32.const 64)",
        ..Guest::default()
    };
    // The host keeps it to one line.
    let expected = LoadError::Configure("no key header".into());
    assert_eq!(refused(&guest.component()), expected);
}

#[test]
pub(super) fn a_configure_that_never_ends_or_traps_is_stopped() {
    let cases = [
        ("(loop $on (br $on)) unreachable", FaultKind::OutOfFuel),
        ("unreachable", FaultKind::Trap),
        (
            "(drop (memory.grow (i32.const 1000))) unreachable",
            FaultKind::Memory,
        ),
        ("(call $path (i32.const 0)) unreachable", FaultKind::Trap),
    ];
    for (configure, kind) in cases {
        let guest = Guest {
            configure,
            ..Guest::default()
        };
        let got = refused(&guest.component());
        assert!(
            matches!(&got, LoadError::Fault(fault) if fault.kind == kind),
            "{got}"
        );
    }
}

#[test]
fn a_configure_out_of_fuel_names_the_key_that_gives_it_more() {
    // Two million rounds of five instructions.
    let guest = Guest {
        configure: "(local $left i32) (local.set $left (i32.const 2000000))
            (loop $on (local.set $left (i32.sub (local.get $left) (i32.const 1)))
              (br_if $on (local.get $left)))
            (i32.const 64)",
        ..Guest::default()
    };
    let code = load(&guest.component()).unwrap();
    let with = |configure_fuel| {
        let settings = rjk_config::toml::PolicySettings {
            configure_fuel,
            ..settings()
        };
        configured(&code, settings).map(drop)
    };
    let error = with(1_000_000).unwrap_err().to_string();
    let advice = "its fuel is spent; raise its configure_fuel in rjk.toml if it needs more";
    assert!(error.contains(advice), "{error}");
    assert_eq!(with(50_000_000), Ok(()));
}

#[test]
pub(super) fn more_memory_at_the_start_than_allowed_is_refused() {
    let guest = Guest {
        pages: 64,
        ..Guest::default()
    };
    assert_eq!(
        refused(&guest.component()),
        LoadError::Memory(64 << 16, 2 << 20)
    );
}
