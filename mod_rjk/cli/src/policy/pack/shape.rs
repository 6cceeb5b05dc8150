//! What a WebAssembly file looks like from outside.

use wasmparser::{Encoding, Parser, Payload};

/// The names of a file that say what it can become.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether it is a component already.
    pub(super) component: bool,
    /// Modules or interfaces that it imports from, each once.
    pub(super) imports: Vec<String>,
    /// Names that it exports.
    pub(super) exports: Vec<String>,
    /// Whether a tool for the component model left the type of the component in it.
    pub(super) typed: bool,
}

impl Shape {
    /// Reads the outer sections only: those of modules inside of a component do not count.
    pub(super) fn of(bytes: &[u8]) -> wasmparser::Result<Shape> {
        let mut shape = Shape::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::Version { encoding, .. } => {
                    shape.component |= depth == 0 && encoding == Encoding::Component;
                    depth += 1;
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                payload if depth == 1 => shape.add(payload)?,
                _ => {}
            }
        }
        Ok(shape)
    }

    fn add(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?.module);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports.push(export?.name.to_owned());
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.import(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) => {
                self.typed |= section.name().starts_with("component-type");
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, module: &str) {
        if !self.imports.iter().any(|known| known == module) {
            self.imports.push(module.to_owned());
        }
    }

    /// Whether something of this interface of the contract is exported.
    pub(super) fn exports_interface(&self, interface: &str) -> bool {
        let prefix = format!("rjk:policy/{interface}@");
        self.exports.iter().any(|name| name.starts_with(&prefix))
    }
}
