//! Policies with probes are those without, but for the probes.

use super::support::*;
use crate::bounds;
use crate::engine::{Runner, engine};
use crate::headroom::probed;
use crate::load_error::LoadError;
use rjk_config::toml::EngineKind;
use rjk_guest::*;
use wasmparser::{Operator, Parser, Payload, TypeRef};
use wasmtime::component::Component;

/// Guests of each shape, and the policies of this repository that are built.
pub(super) fn policies() -> Vec<(String, Vec<u8>)> {
    let header = "(call $header (i32.const 1024) (i32.const 8) (i32.const 128))";
    let shapes = [
        Guest::default(),
        looking_up("x-tenantblue"),
        choosing(format!("{header} {}", answer(1, 2))),
        choosing(format!("(call $tried (i32.const 128)) {}", answer(2, 503))),
        Guest {
            observe: Some("(drop (call $now))"),
            ..Guest::default()
        },
        choosing("unreachable"),
        choosing("(loop $on (br $on)) unreachable"),
    ];
    let shapes = shapes.iter().enumerate();
    let mut all: Vec<_> = shapes
        .map(|(number, guest)| (format!("guest {number}"), guest.component()))
        .collect();
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(3).unwrap().join("policies");
    for file in std::fs::read_dir(built).into_iter().flatten() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let bytes = std::fs::read(&path).unwrap();
            all.push((path.display().to_string(), bytes));
        }
    }
    all
}

/// The instructions of each function of each core module, and its number of imported functions.
fn code(component: &[u8]) -> Vec<(u32, Vec<Vec<Operator<'_>>>)> {
    let mut modules = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => modules.push((0, Vec::new())),
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports();
                let functions =
                    imports.filter(|i| matches!(i.as_ref().unwrap().ty, TypeRef::Func(_)));
                modules.last_mut().unwrap().0 = functions.count().try_into().unwrap();
            }
            Payload::CodeSectionEntry(body) => {
                let operators = body.get_operators_reader().unwrap();
                let all = operators.into_iter().map(Result::unwrap).collect();
                modules.last_mut().unwrap().1.push(all);
            }
            _ => {}
        }
    }
    modules
}

/// How many probes there are; fails when taking them out again does not give what was there.
fn probes(before: &[u8], after: &[u8]) -> usize {
    let (before, after) = (code(before), code(after));
    assert_eq!(before.len(), after.len());
    let mut probes = 0;
    for ((imported, before), (still_imported, mut after)) in before.into_iter().zip(after) {
        assert_eq!(imported, still_imported);
        let probe = imported + u32::try_from(before.len()).unwrap();
        if !before.is_empty() {
            after.truncate(after.len() - 2);
        }
        for function in &mut after {
            probes += take_out(function, probe, imported);
        }
        assert_eq!(before, after);
    }
    probes
}

/// Takes the probes out of one function; each call that may leave must have one.
fn take_out(function: &mut Vec<Operator<'_>>, probe: u32, imported: u32) -> usize {
    use Operator as O;
    let mut at = 0;
    let mut found = 0;
    while at < function.len() {
        let leaves = match function[at] {
            O::Call { function_index } | O::ReturnCall { function_index } => {
                function_index < imported
            }
            O::CallIndirect { .. } | O::CallRef { .. } => true,
            O::ReturnCallIndirect { .. } | O::ReturnCallRef { .. } => true,
            _ => false,
        };
        if leaves {
            let expected = [
                O::I32Const { value: 0 },
                O::Call {
                    function_index: probe,
                },
            ];
            assert_eq!(function[at - 2..at], expected);
            function.drain(at - 2..at);
            found += 1;
            at -= 2;
        }
        at += 1;
    }
    found
}

/// As `Code::load` would compile it.
fn compiles(component: &[u8]) {
    bounds::check(component, 2 << 20).unwrap();
    let engine = engine(2 << 20, Runner::Interpreter).unwrap();
    Component::from_binary(&engine, component).unwrap();
}

#[test]
fn only_probes_are_new_and_each_call_that_may_leave_has_one() {
    for (name, before) in policies() {
        let after = probed(&before).unwrap();
        compiles(&after);
        assert!(probes(&before, &after) > 0, "{name}");
    }
}

/// wit-component's module between a policy and the host calls through a table.
#[test]
fn the_glue_around_a_policy_has_probes_too() {
    let before = looking_up("x-tenantblue").component();
    let indirect = |(_, functions): &(u32, Vec<Vec<Operator<'_>>>)| {
        let mut all = functions.iter().flatten();
        all.any(|one| matches!(one, Operator::CallIndirect { .. }))
    };
    let modules = code(&before);
    assert_eq!(modules.iter().filter(|module| indirect(module)).count(), 1);
    let after = probed(&before).unwrap();
    let of_glue = |modules: &[(u32, Vec<Vec<Operator<'_>>>)]| {
        let glue = modules.iter().find(|module| indirect(module)).unwrap();
        glue.1.iter().map(Vec::len).sum::<usize>()
    };
    assert!(of_glue(&code(&after)) > of_glue(&modules));
    assert!(probes(&before, &after) > modules.len());
}

#[test]
fn decisions_and_refusals_are_the_same_in_both_engines() {
    for (name, bytes) in policies() {
        let asked = [EngineKind::Native, EngineKind::Interpreter].map(|kind| {
            let code = crate::Code::load(&bytes, settings().memory, kind)?;
            let policy = at_work(configured(&code, settings())?);
            Ok::<_, LoadError>(
                [None, Some(1), Some(1)]
                    .map(|sticky| ask_at(&policy, sticky, T0, &Lines::default())),
            )
        });
        assert_eq!(asked[0], asked[1], "{name}");
    }
}

#[test]
fn every_form_of_call_has_a_probe() {
    let text = r#"(component (core module
        (type $f (func (param i32) (result i32)))
        (import "m" "f" (func $f (type $f)))
        (import "m" "t" (table 1 funcref))
        (import "m" "g" (func $g (type $f)))
        (func $own (type $f) (local.get 0))
        (func (type $f) (call $f (local.get 0)))
        (func (type $f) (call $own (call $g (local.get 0))))
        (func (type $f) (return_call $f (local.get 0)))
        (func (type $f) (return_call $own (local.get 0)))
        (func (type $f) (call_indirect (type $f) (local.get 0) (i32.const 0)))
        (func (type $f) (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
        (func (type $f) (call_ref $f (local.get 0) (ref.func $f)))
        (func (type $f) (return_call_ref $f (local.get 0) (ref.func $f)))
        (func unreachable (drop (call $f)))
        (elem declare func $f)))"#;
    let before = wat::parse_str(text).unwrap();
    let after = probed(&before).unwrap();
    compiles(&after);
    assert_eq!(probes(&before, &after), 8);
}

#[test]
fn modules_without_functions_stay_as_they_are() {
    let modules = [
        "",
        "(type (func (param i32)))",
        r#"(import "m" "f" (func)) (export "f" (func 0))"#,
        r#"(memory 1) (data (i32.const 0) "text") (global i32 (i32.const 1)) (table 1 funcref)"#,
        r#"(rec (type (func)) (type (func (param i32)))) (func (type 1))"#,
        r#"(func $f) (start $f)"#,
    ];
    for module in modules {
        let before = wat::parse_str(format!("(component (core module {module}))")).unwrap();
        let after = probed(&before).unwrap();
        compiles(&after);
        assert_eq!(probes(&before, &after), 0, "{module}");
    }
    // Sections that are there and hold nothing.
    let mut module = wasm_encoder::Module::new();
    module.section(&wasm_encoder::TypeSection::new());
    module.section(&wasm_encoder::FunctionSection::new());
    module.section(&wasm_encoder::CodeSection::new());
    let mut builder = wasm_encoder::ComponentBuilder::default();
    builder.core_module_raw(None, &module.finish());
    let before = builder.finish();
    compiles(&before);
    compiles(&probed(&before).unwrap());
}

/// `bounds` refuses those, and nothing here relies on it.
#[test]
fn modules_have_probes_at_all_depths() {
    let text = r#"(component
        (core module (import "" "f" (func $f)) (func (call $f)))
        (component
            (component (core module (import "" "f" (func $f)) (func $own) (func (call $own) (call $f) (call $f))))
            (core module (import "" "f" (func)) (import "" "g" (func $g)) (func (call $g)))))"#;
    let before = wat::parse_str(text).unwrap();
    let after = probed(&before).unwrap();
    let mut validator = wasmparser::Validator::new();
    validator.validate_all(&after).unwrap();
    assert_eq!(probes(&before, &after), 4);
}

#[test]
fn what_cannot_be_rewritten_is_refused_and_the_remedy_named() {
    let good = Guest::default().component();
    let error = probed(&good[..good.len() - 1]).unwrap_err();
    assert!(matches!(error, LoadError::Headroom(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("the interpreter cannot run it"), "{text}");
    assert!(
        text.ends_with("[wasm] engine = \"native\" in rjk.toml runs it"),
        "{text}"
    );
}
