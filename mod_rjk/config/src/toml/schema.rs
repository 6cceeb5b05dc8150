//! What may stand in rjk.toml: the one table that the file is read by, and the manual page and the schema
//! for editors are made from.

use super::balancer::{EXPLAIN, RECORD_BYTES};
use super::policy::{CONFIGURE_FUEL, FUEL, MAX_FAULTS, MEMORY};
use std::ops::RangeInclusive;

pub use super::policy::MAX_NAME;

/// A table of the file.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its first word: `policy` of `[policy.NAME]`.
    pub word: &'static str,
    /// There is one for each name.
    pub named: bool,
    /// What it is for, for the manual: sentences.
    pub manual: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Clone, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Its value.
    pub kind: Kind,
    /// Whether it must be there.
    pub presence: Presence,
    /// What holds without it, in TOML; empty where nothing does.
    pub default: &'static str,
    /// What it does, for the manual: sentences.
    pub manual: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It may.
    Optional,
    /// It must.
    Required,
    /// One of those that say so must.
    OneOf,
    /// It may, but only with this one.
    With(&'static str),
}

/// The value of a key.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A text that is not empty.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number.
    Number(RangeInclusive<u64>),
    /// Bytes: a number, or a text such as "2MiB".
    Size(RangeInclusive<u64>),
    /// A number above 0, at most 1.
    Share,
    /// A table of any keys.
    Free,
}

impl Table {
    /// As it is written: `[policy.NAME]`.
    pub fn header(&self) -> String {
        match self.named {
            true => format!("[{}.NAME]", self.word),
            false => format!("[{}]", self.word),
        }
    }

    /// The names of its keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().map(|key| key.name)
    }
}

/// All tables, in the order of the manual.
pub static TABLES: [&Table; 3] = [&WASM, &POLICY, &BALANCER];

pub(super) static WASM: Table = Table {
    word: "wasm",
    named: false,
    manual: "How policies are run.",
    keys: &[Key {
        name: "engine",
        kind: Kind::Word(&["auto", "native", "interpreter"]),
        presence: Presence::Optional,
        default: "\"auto\"",
        manual: "What carries out a policy's code. native: the processor; an error where the system forbids executable \
                 memory. interpreter: needs no executable memory, and is slower. auto: the processor where that is \
                 allowed, else the interpreter with a warning that names the boolean of SELinux.",
    }],
};

pub(super) static POLICY: Table = Table {
    word: "policy",
    named: true,
    manual: "A routing policy. NAME consists of letters, digits, _, . and -, at most 63.",
    keys: &[
        Key {
            name: "component",
            kind: Kind::Text,
            presence: Presence::Required,
            default: "",
            manual: "The WebAssembly component, a file name relative to rjk.toml. It must be there.",
        },
        Key {
            name: "fuel",
            kind: Kind::Number(FUEL),
            presence: Presence::Optional,
            default: "200_000",
            manual: "What a decision may spend, about one for each WebAssembly instruction.",
        },
        Key {
            name: "configure_fuel",
            kind: Kind::Number(CONFIGURE_FUEL),
            presence: Presence::Optional,
            default: "50_000_000",
            manual: "What a run of its configure may spend.",
        },
        Key {
            name: "memory",
            kind: Kind::Size(MEMORY),
            presence: Presence::Optional,
            default: "\"2MiB\"",
            manual: "Memory of each instance.",
        },
        Key {
            name: "on_fault",
            kind: Kind::Word(&["builtin", "reject"]),
            presence: Presence::Optional,
            default: "\"builtin\"",
            manual: "Who decides when the policy fails. builtin: the session rules and the balancing method. reject: nobody, \
                     the client gets 503.",
        },
        Key {
            name: "mode",
            kind: Kind::Word(&["enforce", "shadow"]),
            presence: Presence::Optional,
            default: "\"enforce\"",
            manual: "Whether its decisions are carried out. shadow: it runs, and what it would have done is only counted.",
        },
        Key {
            name: "max_faults",
            kind: Kind::Number(MAX_FAULTS),
            presence: Presence::Optional,
            default: "5",
            manual: "Faults in a row that switch it off for 30 seconds; twice as many do when they are a tenth of its \
                     calls. 0 is never.",
        },
        Key {
            name: "config",
            kind: Kind::Free,
            presence: Presence::Optional,
            default: "",
            manual: "The policy's own keys, as a table [policy.NAME.config]: its README names them.",
        },
    ],
};

pub(super) static BALANCER: Table = Table {
    word: "balancer",
    named: true,
    manual: "A balancer. NAME is a worker of type lb in worker.list of workers.properties.",
    keys: &[
        Key {
            name: "policy",
            kind: Kind::Text,
            presence: Presence::OneOf,
            default: "",
            manual: "The [policy.NAME] that chooses the member for each request.",
        },
        Key {
            name: "explain",
            kind: Kind::Number(EXPLAIN),
            presence: Presence::OneOf,
            default: "0",
            manual: "How many of the last decisions the status worker shows.",
        },
        Key {
            name: "record",
            kind: Kind::Text,
            presence: Presence::OneOf,
            default: "",
            manual: "Writes decisions and outcomes to this file, relative to rjk.toml, as lines of JSON for rjk policy \
                     replay.",
        },
        Key {
            name: "record_sample",
            kind: Kind::Share,
            presence: Presence::With("record"),
            default: "1.0",
            manual: "The share of the requests that are recorded; it needs record.",
        },
        Key {
            name: "record_size",
            kind: Kind::Size(RECORD_BYTES),
            presence: Presence::With("record"),
            default: "\"16MiB\"",
            manual: "The size of each of the two files of a record; it needs record.",
        },
        Key {
            name: "record_values",
            kind: Kind::Word(&["hashed", "plain"]),
            presence: Presence::With("record"),
            default: "\"hashed\"",
            manual: "How the texts of requests stand in a record; it needs record. hashed: as hashes. plain: as they are.",
        },
    ],
};
