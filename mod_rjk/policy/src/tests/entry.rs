//! What a component exports is handed through modules without code.

use super::headroom::policies;
use super::support::settings;
use crate::bounds;
use crate::engine::{Runner, engine};
use crate::entry::handed_through;
use wasmparser::{CanonicalFunction, ComponentAlias, ExternalKind, Instance, Parser, Payload};
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

/// What the component has itself, as far as it matters here.
#[derive(Default)]
struct Parts {
    /// For each core module whether it has code.
    modules: Vec<bool>,
    /// Of each core instance the module.
    instances: Vec<Option<u32>>,
    /// Of each core function the instance that it is of.
    functions: Vec<Option<u32>>,
    exported: Vec<u32>,
}

impl Parts {
    fn of(component: &[u8]) -> Parts {
        let (mut parts, mut depth) = (Parts::default(), 0);
        for payload in Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::CodeSectionStart { .. } => *parts.modules.last_mut().unwrap() = true,
                payload if depth == 1 => parts.add(payload),
                _ => {}
            }
        }
        parts
    }

    fn add(&mut self, payload: Payload<'_>) {
        match payload {
            Payload::ModuleSection { .. } => self.modules.push(false),
            Payload::InstanceSection(section) => {
                self.instances.extend(section.into_iter().map(
                    |instance| match instance.unwrap() {
                        Instance::Instantiate { module_index, .. } => Some(module_index),
                        Instance::FromExports(_) => None,
                    },
                ));
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    if let ComponentAlias::CoreInstanceExport {
                        kind: ExternalKind::Func,
                        instance_index,
                        ..
                    } = alias.unwrap()
                    {
                        self.functions.push(Some(instance_index));
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    match function.unwrap() {
                        CanonicalFunction::Lift {
                            core_func_index, ..
                        } => self.exported.push(core_func_index),
                        _ => self.functions.push(None),
                    }
                }
            }
            _ => {}
        }
    }

    /// Of each exported function whether its module has code.
    fn exported_by_code(&self) -> Vec<bool> {
        let module = |function: &u32| {
            let instance = self.functions[*function as usize].unwrap();
            self.modules[self.instances[instance as usize].unwrap() as usize]
        };
        self.exported.iter().map(module).collect()
    }
}

#[test]
fn all_that_a_policy_exports_comes_out_of_modules_without_code() {
    for (name, component) in policies() {
        let handed = handed_through(&component).expect(&name);
        assert_eq!(
            bounds::check(&handed, settings().memory),
            Ok(()),
            "{name}: a valid component"
        );
        let (before, after) = (Parts::of(&component), Parts::of(&handed));
        assert!(before.exported_by_code().iter().all(|code| *code), "{name}");
        assert!(after.exported_by_code().iter().all(|code| !code), "{name}");
        assert!(after.modules.starts_with(&before.modules), "{name}");
    }
}

/// Three functions, in the order in which nobody writes them: what comes after the first is counted anew.
const MIXED: &str = r#"(component
    (core module $code
        (func (export "one") (result i32) (i32.const 1))
        (func (export "two") (result i32) (i32.const 2))
        (func (export "done") (param i32)))
    (core module $adding
        (import "numbers" "one" (func $one (result i32)))
        (import "numbers" "two" (func $two (result i32)))
        (func (export "three") (result i32) (i32.add (call $one) (call $two))))
    (core instance $code (instantiate $code))
    (func $one (result u32) (canon lift (core func $code "one")))
    (core instance $numbers
        (export "one" (func $code "one")) (export "two" (func $code "two")))
    (core instance $adding (instantiate $adding (with "numbers" (instance $numbers))))
    (func $two (result u32)
        (canon lift (core func $code "two") (post-return (func $code "done"))))
    (func $three (result u32)
        (canon lift (core func $adding "three") (post-return (func $code "done"))))
    (export "one" (func $one)) (export "two" (func $two)) (export "three" (func $three)))"#;

#[test]
fn functions_stay_what_they_are() {
    let component = handed_through(&wat::parse_str(MIXED).unwrap()).unwrap();
    assert_eq!(Parts::of(&component).exported_by_code(), [false; 3]);
    let engine = engine(0, Runner::Processor).unwrap();
    let component = Component::from_binary(&engine, &component).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000).unwrap();
    let linker = Linker::new(&engine);
    let instance = linker.instantiate(&mut store, &component).unwrap();
    for (name, number) in [("one", 1), ("two", 2), ("three", 3)] {
        let function = instance.get_typed_func::<(), (u32,)>(&mut store, name);
        let answer = function.unwrap().call(&mut store, ()).unwrap();
        assert_eq!(answer, (number,), "{name}");
    }
}

#[test]
fn a_component_that_is_made_in_another_order_stays_as_it_is() {
    let late = r#"(component
        (core module $code (func (export "one") (result i32) (i32.const 1)))
        (core instance $code (instantiate $code))
        (func (export "one") (result u32) (canon lift (core func $code "one")))
        (core module))"#;
    assert_eq!(handed_through(&wat::parse_str(late).unwrap()), None);
    assert_eq!(handed_through(b"no component"), None);
}
