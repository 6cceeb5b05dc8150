//! Small policies for tests, written as WebAssembly text and made components.
//!
//! What does not assemble is a mistake in a test, and ends it.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The contract.
pub const WIT: &str = include_str!("../../../plugins/wit/policy.wit");

/// Its functions, as a guest imports them.
const CONTRACT: &str = include_str!("contract.wat");

/// Where the text constants of [`Guest::data`] lie.
pub const DATA: u32 = 1024;

/// A policy in parts; each default does nothing special.
pub struct Guest {
    /// Body of `configure`; the result lies at 64, zero means ok. Its parameters are those of the contract,
    /// each text and list as pointer and length: `$name`, `$method`, `$members` and `$count`, `$config`.
    pub configure: &'static str,
    /// Body of `choose`; [`answer`] writes the decision.
    pub choose: String,
    /// Body of `observe`, when it observes. Its parameters are the fields of the outcome: `$member`, `$ended`,
    /// `$status`, `$attempt`, `$decided`, `$token`, `$head`, `$total`, `$bytes`.
    pub observe: Option<&'static str>,
    /// Text at [`DATA`].
    pub data: &'static str,
    /// More imports, in the text format.
    pub imports: &'static str,
    /// More functions.
    pub functions: &'static str,
    /// More packages, and what the world imports of them.
    pub package: Option<(&'static str, &'static str)>,
    /// Version of the contract.
    pub version: &'static str,
    /// Memory pages at the start.
    pub pages: u32,
}

impl Default for Guest {
    fn default() -> Guest {
        Guest {
            configure: "(i32.const 64)",
            choose: answer(0, 0),
            observe: None,
            data: "",
            imports: "",
            functions: "",
            package: None,
            version: "0.1.0",
            pages: 1,
        }
    }
}

/// Writes a decision: 0 builtin, 1 worker, 2 reject.
pub fn answer(case: u8, value: u32) -> String {
    format!(
        "(i32.store8 (i32.const 32) (i32.const {case}))
         (i32.store (i32.const 36) (i32.const {value}))
         (i32.const 32)"
    )
}

/// A guest whose table 0 is of the header x-tenant and holds only these four letters; it chooses the
/// member of the position, else leaves it to the built-in rules.
pub fn looking_up(text: &'static str) -> Guest {
    Guest {
        configure: "(i32.store (i32.const 2048) (i32.const 1032))
            (i32.store (i32.const 2052) (i32.const 4))
            (drop (call $table
              (call $source (i32.const 0) (i32.const 1024) (i32.const 8))
              (i32.const 0) (i32.const 2048) (i32.const 1)))
            (i32.const 64)",
        data: text,
        ..choosing(
            "(call $look_up (i32.const 0) (i32.const 128))
             (i32.store8 (i32.const 32) (i32.load8_u (i32.const 128)))
             (i32.store (i32.const 36) (i32.load (i32.const 132)))
             (i32.const 32)",
        )
    }
}

/// A guest that decides like this.
pub fn choosing(choose: impl Into<String>) -> Guest {
    Guest {
        choose: choose.into(),
        ..Guest::default()
    }
}

impl Guest {
    /// The core module.
    pub fn module(&self) -> Vec<u8> {
        let Guest {
            configure,
            choose,
            data,
            imports,
            functions,
            version,
            pages,
            ..
        } = self;
        let observe = self.observe.map_or(String::new(), |body| {
            format!(
                "(func (export \"rjk:policy/observer@{version}#observe\")
                   (param $member i32) (param $ended i32) (param $status i32) (param $attempt i32)
                   (param $decided i32) (param $token i64) (param $head i64) (param $total i64)
                   (param $bytes i64) {body})"
            )
        });
        let contract = CONTRACT.replace("@0.1.0", &format!("@{version}"));
        let text = format!(
            r#"(module
              {contract}
              {imports}
              (memory (export "memory") {pages})
              (data (i32.const {DATA}) "{data}")
              (global $bump (mut i32) (i32.const 8192))
              (global $seen (mut i32) (i32.const 0))
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $bump) (i32.const 7)) (i32.const -8)))
                (global.set $bump (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
              {functions}
              (func (export "rjk:policy/router@{version}#configure")
                (param $name i32) (param $name_length i32) (param $method i32) (param $method_length i32)
                (param $sticky i32) (param $sticky_force i32)
                (param $members i32) (param $count i32) (param $config i32) (param $length i32)
                (result i32) {configure})
              (func (export "rjk:policy/router@{version}#choose")
                (param $sticky i32) (param $member i32) (result i32) {choose})
              (func (export "cabi_post_rjk:policy/router@{version}#choose") (param i32)
                (global.set $bump (i32.const 8192)))
              {observe})"#
        );
        wat::parse_str(text).unwrap()
    }

    /// The component.
    pub fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let contract = WIT.replace("@0.1.0", &format!("@{}", self.version));
        resolve.push_str("policy.wit", &contract).unwrap();
        let (package, import) = self.package.unwrap_or_default();
        if !package.is_empty() {
            resolve.push_str("more.wit", package).unwrap();
        }
        let base = match self.observe {
            Some(_) => "observing-policy",
            None => "policy",
        };
        let version = self.version;
        let world = format!(
            "package test:guest;\nworld guest {{ {import} include rjk:policy/{base}@{version}; }}"
        );
        let package = resolve.push_str("guest.wit", &world).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        let mut module = self.module();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let encoder = ComponentEncoder::default().validate(true);
        encoder.module(&module).unwrap().encode().unwrap()
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn each_shape_is_a_component_of_the_contract() {
        looking_up("x-tenantblue").component();
        for version in ["0.1.0", "0.1.7"] {
            let guest = Guest {
                observe: Some(""),
                version,
                ..Guest::default()
            };
            guest.component();
        }
    }
}
