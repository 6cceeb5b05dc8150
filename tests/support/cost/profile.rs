//! Where the instructions of a request are.

use super::parse::{Calls, Dump, Function, Line};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// A profile, in instructions for each request.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Most rows of a table.
    rows: usize,
    tables: Vec<Table>,
}

#[derive(Clone, Debug, PartialEq)]
struct Table {
    title: &'static str,
    rows: Vec<Row>,
}

/// How many calls there are for each request, where that is known, and instructions.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    calls: Option<f64>,
    instructions: f64,
    name: String,
}

impl Profile {
    /// Of a module, from what was counted for so many requests.
    pub(super) fn new(dump: &Dump, objects: &[String], requests: usize, rows: usize) -> Profile {
        let table = |title, all: BTreeMap<String, (u64, u64)>| {
            let all = all.into_iter();
            let mut rows: Vec<Row> = all.map(|(name, sums)| row(name, sums, requests)).collect();
            rows.sort_by(|a, b| b.instructions.total_cmp(&a.instructions));
            Table { title, rows }
        };
        let is_ours = |function: &Function| objects.contains(&function.object);
        Profile {
            rows,
            tables: vec![
                table("by object", by_object(dump)),
                table(
                    "functions of the module, with what they call",
                    inclusive(dump, is_ours),
                ),
                table("functions of the module, by themselves", own(dump, is_ours)),
                table("source files of the module", by_file(dump, is_ours)),
                table("source lines of the module", by_line(dump, is_ours)),
                table("what the module calls in others", called(dump, is_ours)),
                table("who allocates", allocating(dump, is_ours)),
                table(
                    "functions of the others, by themselves",
                    own(dump, |f| !is_ours(f)),
                ),
            ],
        }
    }
}

fn row(name: String, (calls, instructions): (u64, u64), requests: usize) -> Row {
    let each = |sum: u64| sum as f64 / requests as f64;
    Row {
        calls: (calls > 0).then(|| each(calls)),
        instructions: each(instructions),
        name,
    }
}

/// Calls and instructions.
type Sums = BTreeMap<String, (u64, u64)>;

fn add(sums: &mut Sums, name: String, calls: u64, instructions: u64) {
    let sum = sums.entry(name).or_default();
    sum.0 += calls;
    sum.1 += instructions;
}

fn by_object(dump: &Dump) -> Sums {
    let mut sums = Sums::new();
    for ((function, _), cost) in &dump.functions {
        add(&mut sums, file_name(&function.object), 0, *cost);
    }
    sums
}

fn own(dump: &Dump, wanted: impl Fn(&Function) -> bool) -> Sums {
    let mut sums = Sums::new();
    for ((function, _), cost) in dump.functions.iter().filter(|((f, _), _)| wanted(f)) {
        add(&mut sums, display(function), 0, *cost);
    }
    sums
}

/// What is inlined from the standard library is one file.
fn by_file(dump: &Dump, wanted: impl Fn(&Function) -> bool) -> Sums {
    by_place(dump, wanted, |_, line| {
        let standard = standard_library(line).map(|_| "the standard library");
        standard.unwrap_or_else(|| short(&line.file)).to_owned()
    })
}

/// A line of the standard library says little without where it is inlined.
fn by_line(dump: &Dump, wanted: impl Fn(&Function) -> bool) -> Sums {
    by_place(dump, wanted, |function, line| {
        let number = line.number;
        match standard_library(line) {
            Some(file) => format!("{file}:{number} in {}", function.name),
            None => format!("{}:{number}", short(&line.file)),
        }
    })
}

fn by_place(
    dump: &Dump,
    wanted: impl Fn(&Function) -> bool,
    name: impl Fn(&Function, &Line) -> String,
) -> Sums {
    let mut sums = Sums::new();
    for ((function, line), cost) in dump.functions.iter().filter(|((f, _), _)| wanted(f)) {
        add(&mut sums, name(function, line), 0, *cost);
    }
    sums
}

/// The path within the standard library, for a line of it.
fn standard_library(line: &Line) -> Option<&str> {
    let path = line.file.strip_prefix("/rustc/")?;
    Some(path.split_once("/library/").map_or(path, |(_, path)| path))
}

/// A path without the folders above the module.
fn short(path: &str) -> &str {
    path.rsplit_once("/mod_rjk/").map_or(path, |(_, path)| path)
}

/// A function's own instructions and those of its calls, but for calls of itself; and how often it was
/// called.
fn inclusive(dump: &Dump, wanted: impl Fn(&Function) -> bool) -> Sums {
    let mut sums = own(dump, &wanted);
    for ((from, to), calls) in &dump.calls {
        if wanted(from) && from != to {
            add(&mut sums, display(from), 0, calls.instructions);
        }
        if wanted(to) {
            add(&mut sums, display(to), calls.count, 0);
        }
    }
    sums
}

fn called(dump: &Dump, ours: impl Fn(&Function) -> bool) -> Sums {
    let mut sums = Sums::new();
    for ((from, to), calls) in &dump.calls {
        if ours(from) && !ours(to) {
            add(&mut sums, display(to), calls.count, calls.instructions);
        }
    }
    sums
}

fn allocating(dump: &Dump, ours: impl Fn(&Function) -> bool) -> Sums {
    let mut sums = Sums::new();
    for ((from, to), calls) in &dump.calls {
        if ours(from) && to.allocates() {
            let mut add = |from: &Function, calls: &Calls| {
                let name = format!("{} by {}", to.name, from.name);
                add(&mut sums, name, calls.count, calls.instructions);
            };
            tell_caller(dump, (from, calls), CONTAINERS, &mut add);
        }
    }
    sums
}

/// So many functions of containers may call each other before one allocates.
const CONTAINERS: u32 = 4;

/// A container that grows says little: then it is whoever called it.
fn tell_caller(
    dump: &Dump,
    (from, calls): (&Function, &Calls),
    levels: u32,
    tell: &mut impl FnMut(&Function, &Calls),
) {
    let is_container = from.name.contains("alloc::") || from.name.contains("smallvec::");
    if !is_container || levels == 0 {
        return tell(from, calls);
    }
    let callers = dump.calls.iter().filter(|((_, to), _)| to == from);
    for ((caller, _), calls) in callers {
        tell_caller(dump, (caller, calls), levels - 1, tell);
    }
}

fn display(function: &Function) -> String {
    format!("{}  [{}]", function.name, file_name(&function.object))
}

fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(
        || "?".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

impl Display for Profile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for table in &self.tables {
            writeln!(
                f,
                "\n{}:\n{:>9} {:>12}",
                table.title, "calls", "instructions"
            )?;
            for row in table.rows.iter().take(self.rows) {
                let calls = row.calls.map(|calls| format!("{calls:.2}"));
                let calls = calls.unwrap_or_default();
                writeln!(f, "{calls:>9} {:>12.1}  {}", row.instructions, row.name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn a_function_has_what_it_calls_and_not_itself_twice() {
        let dump = parse::dump(parse::tests::DUMP);
        let ours = |function: &Function| function.object == "/m.so";
        let sums = inclusive(&dump, ours);
        assert_eq!(sums["serve  [m.so]"], (0, 40 + 7 + 300 + 90));
        assert_eq!(sums["clone  [m.so]"], (10, 60));
        assert_eq!(own(&dump, ours)["serve  [m.so]"], (0, 47));
        assert_eq!(called(&dump, ours)["malloc  [libc.so]"], (7, 344));
        assert_eq!(allocating(&dump, ours)["realloc by other"], (2, 20));
        assert_eq!(allocating(&dump, ours)["malloc by push"], (4, 60));
        assert_eq!(by_file(&dump, ours)["inlined.rs"], (0, 7));
        assert_eq!(by_line(&dump, ours)["inlined.rs:11"], (0, 7));
        assert_eq!(by_object(&dump)["m.so"], (0, 119));
    }
}
