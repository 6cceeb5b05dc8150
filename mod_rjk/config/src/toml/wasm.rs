//! `[wasm]`: how policies are run.

use super::node::Section;
use super::schema::WASM;

/// What runs the code of policies, `[wasm] engine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EngineKind {
    /// The processor where the system lets memory become executable, else the interpreter.
    #[default]
    Auto,
    /// The processor; where executable memory is forbidden, it is an error.
    Native,
    /// wasmtime's interpreter, which needs no executable memory and is slower.
    Interpreter,
}

impl EngineKind {
    /// Each with its name in rjk.toml.
    pub const NAMES: [(&'static str, EngineKind); 3] = [
        ("auto", EngineKind::Auto),
        ("native", EngineKind::Native),
        ("interpreter", EngineKind::Interpreter),
    ];
}

/// The engine, from the table [wasm] of the file.
pub(super) fn read_engine(root: &Section<'_>) -> EngineKind {
    let Some(section) = root.section("wasm", "[wasm]") else {
        return EngineKind::default();
    };
    section.only(WASM.names());
    let kind = section.word("engine", &EngineKind::NAMES);
    kind.unwrap_or_default()
}
