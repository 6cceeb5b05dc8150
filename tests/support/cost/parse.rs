//! What callgrind writes.

use std::collections::{BTreeMap, HashMap};

/// What allocates.
const ALLOCATORS: [&str; 6] = [
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
];

/// What looks at a clock, in each version of its symbol.
const CLOCKS: [&str; 2] = ["clock_gettime", "gettimeofday"];

/// A function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Function {
    /// Path of the file it is in.
    pub(super) object: String,
    /// Its name; those of one level of a recursion are one function.
    pub(super) name: String,
}

impl Function {
    /// Whether a call of it is an allocation.
    pub(super) fn allocates(&self) -> bool {
        ALLOCATORS.contains(&self.name.as_str())
    }

    /// Whether a call of it looks at a clock.
    fn reads_clock(&self) -> bool {
        CLOCKS.iter().any(|clock| self.name.starts_with(clock))
    }
}

/// A line of a source file; what is inlined has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    /// The file's path.
    pub(super) file: String,
    /// Its number; 0 when it is not known.
    pub(super) number: u64,
}

/// Calls of one function by another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// How many.
    pub(super) count: u64,
    /// Instructions of the called function, with what it calls in turn.
    pub(super) instructions: u64,
}

/// What was counted between two dumps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dump {
    /// All instructions.
    pub(super) instructions: u64,
    /// Instructions of functions by themselves, by the line they came from.
    pub(super) functions: BTreeMap<(Function, Line), u64>,
    /// Caller and called.
    pub(super) calls: BTreeMap<(Function, Function), Calls>,
}

impl Dump {
    /// Instructions of the code of an object.
    pub(super) fn own(&self, object: &str) -> u64 {
        let functions = self.functions.iter();
        let ours = functions.filter(|((function, _), _)| function.object == object);
        ours.map(|(_, instructions)| instructions).sum()
    }

    /// Allocations by the code of an object.
    pub(super) fn allocations(&self, object: &str) -> u64 {
        self.calls_by(object, Function::allocates)
    }

    /// Looks at a clock by the code of an object.
    pub(super) fn clock_reads(&self, object: &str) -> u64 {
        self.calls_by(object, Function::reads_clock)
    }

    fn calls_by(&self, object: &str, wanted: fn(&Function) -> bool) -> u64 {
        let calls = self.calls.iter();
        let ours = calls.filter(|((from, to), _)| from.object == object && wanted(to));
        ours.map(|(_, calls)| calls.count).sum()
    }
}

/// Reads a dump.
pub(super) fn dump(text: &str) -> Dump {
    let mut reader = Reader::default();
    text.lines().for_each(|line| reader.line(line));
    reader.dump
}

/// Where the reader is. A name is written once, as `(number) name`, and is its number from then on.
#[derive(Default)]
struct Reader {
    dump: Dump,
    objects: Names,
    functions: Names,
    files: Names,
    here: Function,
    line: Line,
    /// The next called function; its object is that of the caller unless it is named.
    called: Function,
    /// The next line is what that many calls cost.
    count: Option<u64>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let is_cost = line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c));
        if is_cost {
            return self.cost(line);
        }
        let Some((key, value)) = line.split_once(['=', ':']) else {
            return;
        };
        match key {
            "ob" => self.here.object = self.objects.resolve(value),
            "fl" | "fi" | "fe" => self.line.file = self.files.resolve(value),
            "fn" => self.here.name = level_off(&self.functions.resolve(value)),
            "cob" => self.called.object = self.objects.resolve(value),
            // Only for its number.
            "cfi" | "cfl" => drop(self.files.resolve(value)),
            "cfn" => self.called.name = level_off(&self.functions.resolve(value)),
            "calls" => self.count = value.split(' ').next().and_then(|text| text.parse().ok()),
            "summary" => self.dump.instructions = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }

    /// The number of a line, often counted from the last one, and instructions.
    fn cost(&mut self, line: &str) {
        let (number, cost) = line.split_once(' ').unwrap_or((line, ""));
        let cost: u64 = cost.parse().unwrap_or(0);
        let last = self.line.number;
        self.line.number = match (number.strip_prefix('+'), number.strip_prefix('-')) {
            (Some(more), _) => last.saturating_add(more.parse().unwrap_or(0)),
            (_, Some(less)) => last.saturating_sub(less.parse().unwrap_or(0)),
            _ => number.parse().unwrap_or(last),
        };
        let Some(count) = self.count.take() else {
            let key = (self.here.clone(), self.line.clone());
            *self.dump.functions.entry(key).or_default() += cost;
            return;
        };
        let mut called = std::mem::take(&mut self.called);
        if called.object.is_empty() {
            called.object = self.here.object.clone();
        }
        let calls = self.dump.calls.entry((self.here.clone(), called));
        let calls = calls.or_default();
        calls.count += count;
        calls.instructions += cost;
    }
}

/// `name'2` is `name` in the second level of its recursion.
fn level_off(name: &str) -> String {
    match name.rsplit_once('\'') {
        Some((name, level)) if level.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => name.to_owned(),
    }
}

#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn resolve(&mut self, value: &str) -> String {
        let (number, name) = value.split_once(' ').unwrap_or((value, ""));
        if !name.is_empty() {
            self.0.insert(number.to_owned(), name.to_owned());
        }
        self.0.get(number).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `serve` calls malloc and `clone` of its own object, a file is inlined into it, `clone` calls itself,
    /// and `push` has a container that grows.
    pub(in super::super) const DUMP: &str = "\
version: 1
events: Ir
ob=(1) /m.so
fl=(1) serve.rs
fn=(1) serve
10 40
cob=(2) /libc.so
cfi=(2) ???
cfn=(2) malloc
calls=3 10
+1 300
fi=(3) inlined.rs
* 7
fe=(1)
cfn=(3) clone
calls=9 10
-10 90

fn=(3)
10 60
cfn=(4) clone'2
calls=1 10
10 30

ob=(2)
fl=(2)
fn=(5) strdup
cfn=(2)
calls=5 10
10 500

ob=(1)
fl=(1)
fn=(6) other
cob=(2)
cfn=(7) realloc
calls=2 10
10 20

fn=(8) alloc::raw_vec::grow
10 12
cob=(2)
cfn=(2)
calls=4 10
10 44

fn=(9) push
cfn=(8)
calls=4 10
10 60
cob=(2)
cfn=(10) clock_gettime@@GLIBC_2.17
calls=6 10
10 60
totals: 960
summary: 950
";

    fn function(object: &str, name: &str) -> Function {
        Function {
            object: object.into(),
            name: name.into(),
        }
    }

    #[test]
    fn what_is_an_objects_own_is_not_what_it_calls() {
        let dump = dump(DUMP);
        assert_eq!(dump.instructions, 950);
        assert_eq!(dump.allocations("/m.so"), 9);
        assert_eq!(dump.allocations("/libc.so"), 5);
        assert_eq!(dump.allocations("/other.so"), 0);
        assert_eq!(dump.clock_reads("/m.so"), 6);
        assert_eq!([dump.own("/m.so"), dump.own("/libc.so")], [119, 0]);
    }

    #[test]
    fn what_is_inlined_has_its_own_file_and_a_called_function_its_callers_object() {
        let dump = dump(DUMP);
        let serve = function("/m.so", "serve");
        let own = |file: &str, number| {
            let file = file.to_owned();
            let line = Line { file, number };
            dump.functions.get(&(serve.clone(), line)).copied()
        };
        assert_eq!(own("serve.rs", 10), Some(40));
        assert_eq!(own("inlined.rs", 11), Some(7));
        let clone = function("/m.so", "clone");
        let calls = dump.calls[&(serve, clone.clone())];
        assert_eq!((calls.count, calls.instructions), (9, 90));
        assert!(dump.calls.contains_key(&(clone.clone(), clone)));
    }
}
