//! What the compiler would have to do for a component, counted before it begins: its time and memory grow
//! faster than the file, so that a small file could keep httpd from starting for minutes.
//!
//! A step is what takes the compiler at most some 5 µs and some 3 KiB; each weight was measured.

use crate::limits::{MAX_FUNCTION_STEPS, MAX_LOOPS, MAX_MODULES, MAX_STEPS};
use crate::load_error::LoadError;
use wasmparser::{
    ComponentInstance, CompositeInnerType, Encoding, FuncToValidate, FuncValidator,
    FuncValidatorAllocations, FunctionBody, Operator, OperatorsReader, Parser, Payload,
    ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

/// Steps for a type of functions, a function and an export: the compiler makes entries for them.
const TYPE: u64 = 20;
const FUNCTION: u64 = 25;
/// Steps for each core module.
const MODULE: u64 = 100;
/// So many values alive at once double the work of a function.
const VALUES: u64 = 256;

/// First byte of vector instructions, some of which are many of the processor's.
const SIMD: u8 = 0xfd;

/// Refuses a component that takes too long to compile, or that is none.
///
/// # Errors
/// [`LoadError::TooMuch`], [`LoadError::Memory`], [`LoadError::Composed`], [`LoadError::Invalid`].
pub(crate) fn check(bytes: &[u8], memory: usize) -> Result<(), LoadError> {
    let mut validator = Validator::new_with_features(features());
    let mut tally = Tally::new(memory);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(invalid)?;
        tally.open(&payload)?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload).map_err(invalid)? {
            tally.function(function, &body, bytes)?;
        }
        tally.count(&payload)?;
    }
    Ok(())
}

fn invalid(error: wasmparser::Error) -> LoadError {
    LoadError::Invalid(error.to_string())
}

/// Those of wasmtime as it is built here.
pub(crate) fn features() -> WasmFeatures {
    (WasmFeatures::WASM3 | WasmFeatures::COMPONENT_MODEL)
        - WasmFeatures::GC_TYPES
        - WasmFeatures::EXCEPTIONS
        - WasmFeatures::THREADS
}

/// What was counted so far.
struct Tally {
    memory: u64,
    /// Components and modules around the current place, outermost first.
    around: Vec<Encoding>,
    modules: u64,
    steps: u64,
    allocations: FuncValidatorAllocations,
}

impl Tally {
    fn new(memory: usize) -> Tally {
        Tally {
            memory: u64::try_from(memory).unwrap_or(u64::MAX),
            around: Vec::new(),
            modules: 0,
            steps: 0,
            allocations: FuncValidatorAllocations::default(),
        }
    }

    /// Follows the nesting, and refuses before the validator takes in what is refused.
    fn open(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        match payload {
            Payload::Version { encoding, .. } => {
                self.around.push(*encoding);
                if *encoding == Encoding::Module {
                    self.modules += 1;
                    most("core modules", self.modules, MAX_MODULES)?;
                    self.add(MODULE)?;
                }
            }
            Payload::End(_) => drop(self.around.pop()),
            _ => {}
        }
        // Components around one type their exports; instances of them could double at each level.
        let holds_code = matches!(
            payload,
            Payload::ModuleSection { .. }
                | Payload::InstanceSection(_)
                | Payload::ComponentSection { .. }
                | Payload::ComponentCanonicalSection(_)
        );
        let inside = self.around.len() > 1;
        if inside && (holds_code || instantiates(payload)?) {
            return Err(LoadError::Composed);
        }
        Ok(())
    }

    fn add(&mut self, steps: u64) -> Result<(), LoadError> {
        self.steps = self.steps.saturating_add(steps);
        most("steps of the compiler", self.steps, MAX_STEPS)
    }

    /// Everything but the bodies of functions.
    fn count(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    for kind in group.map_err(invalid)?.types() {
                        if let CompositeInnerType::Func(kind) = &kind.composite_type.inner {
                            let values = kind.params().len() + kind.results().len();
                            self.add(TYPE + 3 * values as u64)?;
                        }
                    }
                }
                Ok(())
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    let memory = memory.map_err(invalid)?;
                    let page = 1 << memory.page_size_log2.unwrap_or(16);
                    let bytes = memory.initial.saturating_mul(page);
                    if bytes > self.memory {
                        return Err(LoadError::Memory(bytes, self.memory));
                    }
                }
                Ok(())
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    let elements = table.map_err(invalid)?.ty.initial;
                    let limit = crate::limits::MAX_TABLE_ELEMENTS as u64;
                    most("elements of a table", elements, limit)?;
                }
                Ok(())
            }
            Payload::ExportSection(exports) => self.add(FUNCTION * u64::from(exports.count())),
            Payload::ImportSection(imports) => self.add(u64::from(imports.count())),
            Payload::GlobalSection(globals) => self.add(u64::from(globals.count())),
            Payload::ElementSection(elements) => self.add(u64::from(elements.count())),
            Payload::DataSection(data) => self.add(2 * u64::from(data.count())),
            Payload::InstanceSection(instances) => self.add(u64::from(instances.count())),
            _ => Ok(()),
        }
    }

    fn function(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
        bytes: &[u8],
    ) -> Result<(), LoadError> {
        let number = function.index;
        let module = self.modules;
        let allocations = std::mem::take(&mut self.allocations);
        let mut validator = function.into_validator(allocations);
        let work = Work::of(&mut validator, body, bytes).map_err(invalid)?;
        self.allocations = validator.into_allocations();
        let place = || format!("of function {number} in core module {module}");
        if work.loops > MAX_LOOPS {
            return most(
                &format!("loops around each other {}", place()),
                work.loops,
                MAX_LOOPS,
            );
        }
        if work.steps() > MAX_FUNCTION_STEPS {
            let what = format!(
                "steps of the compiler for the {} instructions and {} values at once {}",
                work.instructions,
                work.values,
                place()
            );
            return most(&what, work.steps(), MAX_FUNCTION_STEPS);
        }
        self.add(FUNCTION + work.steps())
    }
}

/// Whether it makes instances of components.
fn instantiates(payload: &Payload<'_>) -> Result<bool, LoadError> {
    let Payload::ComponentInstanceSection(instances) = payload else {
        return Ok(false);
    };
    for instance in instances.clone() {
        if let ComponentInstance::Instantiate { .. } = instance.map_err(invalid)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn most(what: &str, value: u64, most: u64) -> Result<(), LoadError> {
    if value <= most {
        return Ok(());
    }
    Err(LoadError::TooMuch {
        what: what.to_owned(),
        value,
        most,
    })
}

/// What one function takes.
#[derive(Default)]
struct Work {
    instructions: u64,
    weight: u64,
    /// Locals, and the highest stack of operands.
    values: u64,
    /// Deepest nesting of loops.
    loops: u64,
}

impl Work {
    fn of(
        validator: &mut FuncValidator<ValidatorResources>,
        body: &FunctionBody<'_>,
        bytes: &[u8],
    ) -> wasmparser::Result<Work> {
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        let mut reader = OperatorsReader::new(reader);
        let (mut work, mut highest) = (Work::default(), 0);
        // For each block that is open, whether it is a loop.
        let mut blocks = Vec::new();
        let mut loops = 0;
        while !reader.eof() {
            let offset = reader.original_position();
            let operator = reader.read()?;
            let carried = operator.operator_arity(validator).unwrap_or((0, 0));
            work.instructions += 1;
            work.weight = work.weight.saturating_add(weight(&operator, carried));
            if bytes.get(offset) == Some(&SIMD) {
                work.weight = work.weight.saturating_add(4);
            }
            match operator {
                Operator::Block { .. } | Operator::If { .. } => blocks.push(0),
                Operator::Loop { .. } => {
                    blocks.push(1);
                    loops += 1;
                    work.loops = work.loops.max(loops);
                }
                Operator::End => loops -= blocks.pop().unwrap_or(0),
                _ => {}
            }
            validator.op(offset, &operator)?;
            highest = highest.max(validator.operand_stack_height());
        }
        reader.finish()?;
        work.values = u64::from(validator.len_locals()) + u64::from(highest);
        Ok(work)
    }

    fn steps(&self) -> u64 {
        self.weight.saturating_mul(VALUES + self.values) / VALUES
    }
}

/// Steps for one instruction with few values alive; `carried` is how many it takes and leaves.
fn weight(operator: &Operator<'_>, carried: (u32, u32)) -> u64 {
    let values = u64::from(carried.0) + u64::from(carried.1);
    let own = match operator {
        Operator::Loop { .. } => 20,
        Operator::Block { .. } | Operator::If { .. } | Operator::Else => 8,
        Operator::BrTable { targets } => (4 + values).saturating_mul(1 + u64::from(targets.len())),
        Operator::Call { .. } | Operator::ReturnCall { .. } => 5,
        Operator::I32Const { .. } | Operator::I64Const { .. } => 4,
        _ if asks_wasmtime(operator) => 20,
        _ if may_trap(operator) => 10,
        _ if touches_memory(operator) => 4,
        _ => 1,
    };
    own + if values > 8 { values } else { 0 }
}

/// A call through a table, or what wasmtime has functions for.
#[rustfmt::skip]
fn asks_wasmtime(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::CallIndirect { .. } | O::ReturnCallIndirect { .. } | O::CallRef { .. } | O::ReturnCallRef { .. }
        | O::MemoryFill { .. } | O::MemoryCopy { .. } | O::MemoryInit { .. } | O::MemoryGrow { .. }
        | O::TableGet { .. } | O::TableSet { .. } | O::TableGrow { .. } | O::TableFill { .. }
        | O::TableCopy { .. } | O::TableInit { .. } | O::RefFunc { .. }
    )
}

/// Divisions, and conversions that not every number has a result of.
#[rustfmt::skip]
fn may_trap(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32TruncF32S | O::I32TruncF32U | O::I32TruncF64S | O::I32TruncF64U
        | O::I64TruncF32S | O::I64TruncF32U | O::I64TruncF64S | O::I64TruncF64U
        | O::I32DivS | O::I32DivU | O::I32RemS | O::I32RemU
        | O::I64DivS | O::I64DivU | O::I64RemS | O::I64RemU
    )
}

/// Loads and stores, each with a check of its address.
#[rustfmt::skip]
fn touches_memory(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32Load { .. } | O::I32Load8S { .. } | O::I32Load8U { .. } | O::I32Load16S { .. }
        | O::I32Load16U { .. } | O::I64Load { .. } | O::I64Load8S { .. } | O::I64Load8U { .. }
        | O::I64Load16S { .. } | O::I64Load16U { .. } | O::I64Load32S { .. } | O::I64Load32U { .. }
        | O::F32Load { .. } | O::F64Load { .. } | O::I32Store { .. } | O::I32Store8 { .. }
        | O::I32Store16 { .. } | O::I64Store { .. } | O::I64Store8 { .. } | O::I64Store16 { .. }
        | O::I64Store32 { .. } | O::F32Store { .. } | O::F64Store { .. }
    )
}
