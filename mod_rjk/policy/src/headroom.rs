//! Room on the interpreter's stack for the calls that a policy makes of the host.
//!
//! The interpreter, Pulley, keeps the policy's frames on a stack of its own, and a function that finds no
//! room there ends in a trap, as it should. But when the host hands over a text or a list, it calls the
//! policy's `realloc` through a trampoline whose frame lies on the same stack, and that one is made before
//! wasmtime 48 knows where a trap of this call goes: without room for it the process ends. So a policy could
//! recurse to the last bytes, ask for a text, and take the child along.
//!
//! Nothing outside of wasmtime can look at that stack, so the policy's own code does: before it is compiled
//! for the interpreter, each call that may leave its module gets a call of a *probe* before it, a function that
//! does nothing with a large frame. Where there is no room for that one, it traps, and the host is not called.
use crate::load_error::LoadError;
use crate::section;
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent, component_utils, utils};
use wasm_encoder::{
    BlockType, CodeSection, Component, Function, FunctionSection, ImportSection, Instruction,
    Module, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, FunctionBody, FunctionSectionReader,
    ImportSectionReader, Operator, Parser, Payload, TypeRef, TypeSectionReader,
};

/// Numbers of 8 bytes that the probe would hand over to [`Probes::wide`]: all but the first few have their place
/// in the probe's frame, whether the call is made or not.
const NUMBERS: usize = 320;

/// The same component with probes; it has been validated. Its custom sections are left out: to the compiler they
/// say nothing, and names would not be those of the functions any more.
///
/// # Errors
/// [`LoadError::Headroom`].
pub(crate) fn probed(component: &[u8]) -> Result<Vec<u8>, LoadError> {
    let mut rewritten = Component::new();
    Probes::default()
        .parse_component(&mut rewritten, Parser::new(0), component)
        .map_err(|error| match error {
            Error::ParseError(error) => LoadError::Headroom(error.to_string()),
            other => LoadError::Headroom(other.to_string()),
        })?;
    Ok(rewritten.finish())
}

/// Rewrites the core modules of a component, and copies the rest. What is counted is that of the module at hand.
#[derive(Default)]
struct Probes {
    types: u32,
    /// Functions that are imported, which have the first indices.
    imported: u32,
    /// Functions with code.
    defined: u32,
}

/// Types and functions are added after the last, so that no index is another one.
impl Probes {
    /// Type and function of the probe. It is called with zero, which the compiler does not see from inside.
    fn probe_type(&self) -> u32 {
        self.types
    }

    fn probe(&self) -> u32 {
        self.imported + self.defined
    }

    /// Type and function of what the probe never calls.
    fn wide_type(&self) -> u32 {
        self.types + 1
    }

    fn wide(&self) -> u32 {
        self.probe() + 1
    }

    /// Whether the call may be one of the host, or of another module, which may be glue before the host.
    fn may_leave(&self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                *function_index < self.imported
            }
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. } => true,
            _ => false,
        }
    }

    /// `(func (param i32) (if (local.get 0) (then (call $wide (i64.const 0) ..))))`
    fn probe_body(&self) -> Function {
        let mut body = Function::new([]);
        body.instruction(&Instruction::LocalGet(0));
        body.instruction(&Instruction::If(BlockType::Empty));
        for _ in 0..NUMBERS {
            body.instruction(&Instruction::I64Const(0));
        }
        body.instruction(&Instruction::Call(self.wide()));
        body.instruction(&Instruction::End);
        body.instruction(&Instruction::End);
        body
    }
}

fn wide_body() -> Function {
    let mut body = Function::new([]);
    body.instruction(&Instruction::End);
    body
}

impl Reencode for Probes {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        for group in section.clone() {
            self.types += u32::try_from(group?.types().len()).unwrap_or(u32::MAX);
        }
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], []);
        types.ty().function([ValType::I64; NUMBERS], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        for import in section.clone().into_imports() {
            if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import?.ty {
                self.imported += 1;
            }
        }
        utils::parse_import_section(self, imports, section)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        self.defined = section.count();
        utils::parse_function_section(self, functions, section)?;
        if self.defined > 0 {
            functions.function(self.probe_type());
            functions.function(self.wide_type());
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        // A module without a function of its own calls none.
        if self.defined > 0 {
            code.function(&self.probe_body());
            code.function(&wide_body());
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let operator = operators.read()?;
            if self.may_leave(&operator) {
                function.instruction(&Instruction::I32Const(0));
                function.instruction(&Instruction::Call(self.probe()));
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        Ok(())
    }
}

impl ReencodeComponent for Probes {
    fn parse_component_payload(
        &mut self,
        component: &mut Component,
        payload: Payload<'_>,
        whole: &[u8],
    ) -> Result<(), Error> {
        if let Payload::ModuleSection { .. } | Payload::ComponentSection { .. } = payload {
            return component_utils::parse_component_payload(self, component, payload, whole);
        }
        if let Payload::CustomSection(_) = payload {
            return Ok(());
        }
        section::copy(component, &payload, whole)
    }

    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        parser: Parser,
        module: &[u8],
    ) -> Result<(), Error> {
        *self = Probes::default();
        component_utils::parse_component_submodule(self, component, parser, module)
    }
}
