//! A shorter way into a policy.
//!
//! At each call wasmtime 48 makes the record of the core function behind an export anew: it searches its modules,
//! and twice its table of compiled functions. That was a fifth of the instructions of a decision, and in memory
//! that nothing else had just used. Of a function that a core module has *imported* the record lies ready in
//! the instance. So each function that a component exports is handed through one more module, which imports it
//! and exports it again; there is no code in it.

use crate::bounds;
use crate::section;
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent, RoundtripReencoder};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, EntityType, ExportKind,
    ExportSection, FuncType, ImportSection, InstanceSection, Module, ModuleArg, ModuleSection,
    TypeSection,
};
use wasmparser::types::TypesRef;
use wasmparser::{CanonicalFunction, Parser, Payload, Validator};

/// Core instances for each place: what the new module gets, and the module's own.
const INSTANCES: u32 = 2;

/// The same component with such modules; it has been validated, and what comes out is validated anew. Its custom
/// sections are left out, the compiler needs none. `None` where this cannot be done: the component is as good
/// without.
pub(crate) fn handed_through(component: &[u8]) -> Option<Vec<u8>> {
    let handed = rewritten(component).ok()??;
    let mut validator = Validator::new_with_features(bounds::features());
    validator.validate_all(&handed).ok()?;
    Some(handed)
}

fn rewritten(bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut validator = Validator::new_with_features(bounds::features());
    let (mut component, mut entries) = (Component::new(), Entries::default());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::CustomSection(_) => {}
            _ if depth == 1 => {
                let types = validator.types(0);
                let types = types.ok_or(Error::UnexpectedNonComponentSection)?;
                // Its own modules come first: a later one would have another number.
                if !entries.added.is_empty() && types.module_count() != entries.modules {
                    return Ok(None);
                }
                entries.section(&mut component, &payload, bytes, types)?;
            }
            _ => {}
        }
        validator.payload(&payload)?;
    }
    Ok(Some(component.finish()))
}

/// What has been put into the component so far.
#[derive(Default)]
struct Entries {
    /// Modules of its own.
    modules: u32,
    added: Vec<Added>,
}

/// A new module, and how many core instances and core functions of its own the component had before it.
struct Added {
    instances: u32,
    functions: u32,
    /// Functions that are handed through.
    handed: u32,
}

impl Entries {
    fn section(
        &mut self,
        component: &mut Component,
        payload: &Payload<'_>,
        bytes: &[u8],
        types: TypesRef<'_>,
    ) -> Result<(), Error> {
        match payload {
            Payload::ComponentCanonicalSection(functions) => {
                let functions = functions.clone().into_iter();
                let functions: Vec<_> = functions.collect::<wasmparser::Result<_>>()?;
                self.canonical_section(component, functions, types)
            }
            Payload::ComponentAliasSection(section) => {
                let mut aliases = ComponentAliasSection::new();
                self.parse_component_alias_section(&mut aliases, section.clone())?;
                component.section(&aliases);
                Ok(())
            }
            Payload::InstanceSection(section) => {
                let mut instances = InstanceSection::new();
                self.parse_instance_section(&mut instances, section.clone())?;
                component.section(&instances);
                Ok(())
            }
            other => section::copy(component, other, bytes),
        }
    }

    /// With a new module before it for what it exports.
    fn canonical_section(
        &mut self,
        component: &mut Component,
        functions: Vec<CanonicalFunction>,
        types: TypesRef<'_>,
    ) -> Result<(), Error> {
        let known = |function: &u32| *function < types.function_count();
        let lifted: Vec<u32> = functions.iter().filter_map(lifted).filter(known).collect();
        let mut entries = self.function(types.function_count())..;
        if !lifted.is_empty() {
            self.hand_through(component, &lifted, types)?;
        }
        let mut section = CanonicalFunctionSection::new();
        for function in functions {
            match function {
                CanonicalFunction::Lift {
                    core_func_index,
                    type_index,
                    options,
                } if known(&core_func_index) => {
                    let options = options.iter().map(|option| self.canonical_option(*option));
                    let options: Vec<_> = options.collect::<Result<_, _>>()?;
                    section.lift(entries.next().unwrap_or_default(), type_index, options);
                }
                other => self.parse_component_canonical(&mut section, other)?,
            }
        }
        component.section(&section);
        Ok(())
    }

    /// Adds a module for these core functions; what comes out of it has the next numbers.
    fn hand_through(
        &mut self,
        component: &mut Component,
        functions: &[u32],
        types: TypesRef<'_>,
    ) -> Result<(), Error> {
        let names: Vec<String> = (0..functions.len())
            .map(|place| place.to_string())
            .collect();
        component.section(&ModuleSection(&passing_on(&names, functions, types)?));
        let module = types.module_count() + number(self.added.len());
        let given = self.instance(types.core_instance_count());
        let functions = functions.iter().map(|function| self.function(*function));
        let items = names.iter().map(String::as_str).zip(functions);
        let mut instances = InstanceSection::new();
        instances.export_items(items.map(|(name, index)| (name, ExportKind::Func, index)));
        instances.instantiate(module, [("", ModuleArg::Instance(given))]);
        component.section(&instances);
        let mut aliases = ComponentAliasSection::new();
        for name in &names {
            aliases.alias(Alias::CoreInstanceExport {
                instance: given + 1,
                kind: ExportKind::Func,
                name,
            });
        }
        component.section(&aliases);
        self.modules = types.module_count();
        self.added.push(Added {
            instances: types.core_instance_count(),
            functions: types.function_count(),
            handed: number(names.len()),
        });
        Ok(())
    }

    /// The new number of a core function.
    fn function(&self, old: u32) -> u32 {
        let before = self.added.iter().filter(|added| added.functions <= old);
        before.fold(old, |new, added| new + added.handed)
    }

    /// The new number of a core instance.
    fn instance(&self, old: u32) -> u32 {
        let before = self.added.iter().filter(|added| added.instances <= old);
        before.fold(old, |new, _| new + INSTANCES)
    }
}

impl Reencode for Entries {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(self.function(function))
    }
}

impl ReencodeComponent for Entries {
    fn instance_index(&mut self, instance: u32) -> u32 {
        self.instance(instance)
    }
}

/// The core function that is exported.
fn lifted(function: &CanonicalFunction) -> Option<u32> {
    match function {
        CanonicalFunction::Lift {
            core_func_index, ..
        } => Some(*core_func_index),
        _ => None,
    }
}

/// A module that imports these functions and exports them.
fn passing_on(
    names: &[String],
    functions: &[u32],
    component: TypesRef<'_>,
) -> Result<Module, Error> {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    let mut exports = ExportSection::new();
    for ((name, function), place) in names.iter().zip(functions).zip(0..) {
        let kind = component[component.core_function_at(*function)].unwrap_func();
        let kind: FuncType = RoundtripReencoder.func_type(kind.clone())?;
        types.ty().func_type(&kind);
        imports.import("", name, EntityType::Function(place));
        exports.export(name, ExportKind::Func, place);
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&exports);
    Ok(module)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
