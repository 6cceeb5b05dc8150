//! What the compiler is not given: modules of each shape that took it minutes or gigabytes.

use crate::bounds::check;
use crate::limits::*;
use crate::load_error::LoadError;
use std::time::{Duration, Instant};
use wasm_encoder::{
    BlockType, CodeSection, ComponentBuilder, ComponentExportKind, Function, FunctionSection,
    Instruction as I, MemArg, MemorySection, MemoryType, Module, ModuleArg, RefType, TableSection,
    TableType, TypeSection, ValType,
};

const I32: ValType = ValType::I32;
const NOTHING: [(&str, ModuleArg); 0] = [];

/// A component with one instance of each module.
fn component(modules: &[Vec<u8>]) -> Vec<u8> {
    let mut builder = ComponentBuilder::default();
    for module in modules {
        let index = builder.core_module_raw(None, module);
        builder.core_instantiate(None, index, NOTHING);
    }
    builder.finish()
}

/// A component of functions of so many parameters and as many results.
fn functions(values: usize, functions: &[Function]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function(vec![I32; values], vec![I32; values]);
    let (mut kinds, mut code) = (FunctionSection::new(), CodeSection::new());
    for function in functions {
        kinds.function(0);
        code.function(function);
    }
    let mut tables = TableSection::new();
    tables.table(table(10));
    let mut memories = MemorySection::new();
    memories.memory(memory(1));
    let mut module = Module::new();
    module.section(&types).section(&kinds).section(&tables);
    module.section(&memories).section(&code);
    component(&[module.finish()])
}

fn table(minimum: u64) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum,
        maximum: None,
        shared: false,
    }
}

fn memory(minimum: u64) -> MemoryType {
    MemoryType {
        minimum,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

/// This so often.
fn often<'a>(what: &[I<'a>], times: usize) -> Vec<I<'a>> {
    what.iter()
        .cycle()
        .take(times * what.len())
        .cloned()
        .collect()
}

/// `before`, then `repeated` so often, then `after`, and the end.
fn body(locals: u32, before: &[I], times: usize, repeated: &[I], after: &[I]) -> Function {
    let mut function = Function::new([(locals, I32)]);
    for part in [before, &often(repeated, times), after, &[I::End]] {
        for one in part {
            function.instruction(one);
        }
    }
    function
}

/// One function that does this so often; it has one parameter and one result.
fn one(times: usize, repeated: &[I]) -> Vec<u8> {
    functions(1, &[body(0, &[I::LocalGet(0)], times, repeated, &[])])
}

fn refused(bytes: &[u8]) -> String {
    check(bytes, 2 << 20).unwrap_err().to_string()
}

const LOAD: I = I::I32Load(MemArg {
    offset: 0,
    align: 0,
    memory_index: 0,
});
const LOOP: I = I::Loop(BlockType::Empty);
const CALL: I = I::CallIndirect {
    type_index: 0,
    table_index: 0,
};

/// Loops around each other.
fn nested(depth: usize) -> Vec<u8> {
    let ends = often(&[I::LocalGet(0), I::BrIf(0), I::End], depth);
    let after = [&ends[..], &[I::LocalGet(0)]].concat();
    functions(1, &[body(0, &[], depth, &[LOOP], &after)])
}

/// As many values at once, then used up.
fn alive(values: usize) -> Vec<u8> {
    let used = often(&[I::I32Xor], values - 1);
    let value = [I::LocalGet(0), LOAD];
    functions(1, &[body(0, &[], values, &value, &used)])
}

/// As many locals as loops, each used in each.
fn locals(count: u32) -> Vec<u8> {
    let mut all = Vec::new();
    for local in 1..=count {
        all.extend([LOOP, I::LocalGet(local), I::LocalGet(0), I::I32Add]);
        all.extend([I::LocalSet(local), I::LocalGet(0), I::BrIf(0), I::End]);
    }
    all.push(I::LocalGet(0));
    (1..=count).for_each(|local| all.extend([I::LocalGet(local), I::I32Xor]));
    functions(1, &[body(count, &[], 1, &all, &[])])
}

/// Calls with 100 values.
fn wide(calls: usize) -> Vec<u8> {
    let values: Vec<I> = (0..100).map(I::LocalGet).collect();
    functions(100, &[body(0, &values, calls, &[I::Call(0)], &[])])
}

fn table_of(targets: usize) -> Vec<u8> {
    let blocks = often(&[I::Block(BlockType::Empty)], 2);
    let branch = [
        I::LocalGet(0),
        I::BrTable(vec![0; targets].into(), 1),
        I::End,
        I::End,
    ];
    let after = [&branch[..], &[I::LocalGet(0)]].concat();
    functions(1, &[body(0, &blocks, 0, &[], &after)])
}

#[test]
fn a_function_is_bounded_in_each_way() {
    let indirect = [I::LocalGet(0), CALL];
    let add = [I::I32Const(3), I::I32Add];
    let shapes: [(&str, Vec<u8>, Vec<u8>); 8] = [
        ("length", one(15_000, &add), one(17_000, &add)),
        (
            "indirect calls",
            one(3_500, &indirect),
            one(4_000, &indirect),
        ),
        ("loads", one(19_000, &[LOAD]), one(21_000, &[LOAD])),
        ("values at once", alive(1_500), alive(3_000)),
        ("locals in loops", locals(600), locals(1_000)),
        ("wide calls", wide(200), wide(300)),
        ("targets", table_of(15_000), table_of(20_000)),
        ("nested loops", nested(50), nested(51)),
    ];
    for (what, good, bad) in shapes {
        assert_eq!(check(&good, 2 << 20), Ok(()), "{what}");
        let error = refused(&bad);
        assert!(
            error.contains("of function 0 in core module 1"),
            "{what}: {error}"
        );
        assert!(error.contains("a policy may have"), "{what}: {error}");
    }
    assert_eq!(
        refused(&nested(51)),
        "it has 51 loops around each other of function 0 in core module 1; a policy may have 50"
    );
}

#[test]
fn a_component_is_bounded_in_each_way() {
    let small = || body(0, &[I::LocalGet(0)], 0, &[], &[]);
    let many: Vec<Function> = (0..30_000).map(|_| small()).collect();
    let error = refused(&functions(1, &many));
    let expected = format!("steps of the compiler; a policy may have {MAX_STEPS}");
    assert!(error.ends_with(&expected), "{error}");

    let mut types = TypeSection::new();
    (0..100).for_each(|_| types.ty().function(vec![I32; 1000], vec![I32; 1000]));
    let mut module = Module::new();
    module.section(&types).section(&types);
    assert!(matches!(
        check(&component(&[module.finish()]), 1),
        Err(LoadError::Invalid(_))
    ));
    let mut module = Module::new();
    (0..20).for_each(|_| (0..100).for_each(|_| types.ty().function(vec![I32; 1000], [])));
    module.section(&types);
    assert!(refused(&component(&[module.finish()])).ends_with(&expected));

    let empty = Module::new().finish();
    let modules = |count| component(&vec![empty.clone(); count]);
    assert_eq!(check(&modules(32), 1), Ok(()));
    assert_eq!(
        refused(&modules(33)),
        "it has 33 core modules; a policy may have 32"
    );
}

#[test]
fn what_no_instance_could_have_is_refused_before_it_is_compiled() {
    let of = |tables: &TableSection, memories: &MemorySection| {
        let mut module = Module::new();
        module.section(tables).section(memories);
        component(&[module.finish()])
    };
    let (mut tables, mut memories) = (TableSection::new(), MemorySection::new());
    memories.memory(memory(33));
    let error = refused(&of(&tables, &memories));
    let expected = "it starts with 2162688 bytes of memory, and may have 2097152; raise its memory in rjk.toml";
    assert_eq!(error, expected);
    tables.table(table(10_001));
    let error = refused(&of(&tables, &MemorySection::new()));
    assert_eq!(
        error,
        "it has 10001 elements of a table; a policy may have 10000"
    );
}

/// Instances that double at each level were 2^20 of them in a file of a few hundred bytes.
#[test]
fn components_inside_of_components_hold_no_code() {
    let mut inner = ComponentBuilder::default();
    inner.core_module_raw(None, &Module::new().finish());
    for _ in 0..20 {
        let mut outer = ComponentBuilder::default();
        let index = outer.component(None, inner);
        for _ in 0..2 {
            let none: [(&str, ComponentExportKind, u32); 0] = [];
            outer.instantiate(None, index, none);
        }
        inner = outer;
    }
    assert_eq!(check(&inner.finish(), 1), Err(LoadError::Composed));
}

/// The worst that was found, at the bounds; here the compiler itself is not optimised.
#[test]
fn the_worst_that_is_let_through_is_compiled_in_time() {
    let add = [I::I32Const(3), I::I32Add];
    for bytes in [
        one(15_000, &add),
        alive(1_500),
        locals(600),
        nested(50),
        wide(200),
    ] {
        check(&bytes, 2 << 20).unwrap();
        let start = Instant::now();
        let engine = crate::engine::engine(2 << 20, crate::engine::Runner::Processor).unwrap();
        wasmtime::component::Component::from_binary(&engine, &bytes).unwrap();
        let took = start.elapsed();
        println!("{} bytes: {took:?}", bytes.len());
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
}
