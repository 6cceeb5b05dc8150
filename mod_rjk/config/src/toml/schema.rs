//! What may stand in rjk.toml: the one table that the file is read by, and the manual page and the schema
//! for editors are made from.

use super::balancer::{EXPLAIN, RECORD_BYTES};
use super::policy::{CONFIGURE_FUEL, FUEL, MAX_FAULTS, MEMORY};
use super::worker::{IDLE, RESOLVE, WEBSOCKETS};
use std::ops::RangeInclusive;
use std::time::Duration;

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
    /// `true` or `false`.
    Flag,
    /// A time as a text with a unit: "250ms", "60s", "10m", "24h".
    Time(RangeInclusive<Duration>),
    /// A text that a regular expression matches, such as this one. Both dialects, that of Rust and that of
    /// JSON schema, know the expression.
    Form {
        /// One that matches.
        example: &'static str,
        /// The expression.
        pattern: &'static str,
    },
    /// `true`, `false`, or a table of these keys.
    Switch(&'static [Key]),
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
pub static TABLES: [&Table; 5] = [&WORKER, &WORKER_DEFAULTS, &WASM, &POLICY, &BALANCER];

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

pub(super) static WORKER: Table = Table {
    word: "worker",
    named: true,
    manual: "How a worker is reached. NAME is a worker of type ajp13 in workers.properties, listed or a member of a \
             balancer; all that is not said here stands there.",
    keys: WAY,
};

pub(super) static WORKER_DEFAULTS: Table = Table {
    word: "worker_defaults",
    named: false,
    manual: "How all workers of type ajp13 are reached whose [worker.NAME] does not say otherwise, key by key.",
    keys: WAY.split_at(1).1,
};

/// The first one is none of the defaults.
const WAY: &[Key] = &[
    Key {
        name: "socket",
        kind: Kind::Form {
            example: "/run/tomcat/was1.sock",
            pattern: "^/[^\\u0000-\\u001f\\u007f]{0,106}$",
        },
        presence: Presence::Optional,
        default: "",
        manual: "A unix socket instead of host and port, for either protocol: what unixDomainSocketPath of Tomcat's \
                 connector says. A whole path, of at most 107 bytes.",
    },
    Key {
        name: "protocol",
        kind: Kind::Word(&["ajp", "http"]),
        presence: Presence::Optional,
        default: "\"ajp\"",
        manual: "What is spoken. http: HTTP/1.1.",
    },
    Key {
        name: "port",
        kind: Kind::Number(1..=65_535),
        presence: Presence::Optional,
        default: "",
        manual: "Where HTTP listens; needed with protocol = \"http\", unless there is a socket. The port of AJP stands in \
                 workers.properties.",
    },
    Key {
        name: "resolve",
        kind: Kind::Time(RESOLVE),
        presence: Presence::Optional,
        default: "",
        manual: "How often the worker's host is looked up again. Without it the host is looked up once, when httpd starts.",
    },
    Key {
        name: "tls",
        kind: Kind::Switch(TLS),
        presence: Presence::Optional,
        default: "false",
        manual: "TLS, for protocol = \"http\". true: what the system trusts is trusted. A [worker.NAME.tls] takes the place \
                 of that of [worker_defaults] as a whole.",
    },
    Key {
        name: "forward",
        kind: Kind::Word(&["x-forwarded", "forwarded", "both", "none"]),
        presence: Presence::Optional,
        default: "\"x-forwarded\"",
        manual: "Which headers carry the client's address, scheme, host and port, for protocol = \"http\". x-forwarded: \
                 X-Forwarded-For, -Proto, -Host and -Port. forwarded: Forwarded of RFC 7239.",
    },
    Key {
        name: "secret_header",
        kind: Kind::Form {
            example: "X-Worker-Secret",
            pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        },
        presence: Presence::Optional,
        default: "",
        manual: "The header that carries the worker's secret of workers.properties, for protocol = \"http\". Without it the \
                 secret is not sent.",
    },
    Key {
        name: "probe",
        kind: Kind::Form {
            example: "/health",
            pattern: "^/[!-\"$-~]*$",
        },
        presence: Presence::Optional,
        default: "",
        manual: "The path that is asked for where AJP has CPING, as ping_mode of workers.properties says, for \
                 protocol = \"http\". Without it no connection is checked by a request.",
    },
    Key {
        name: "websocket",
        kind: Kind::Flag,
        presence: Presence::Optional,
        default: "false",
        manual: "Whether clients may change to WebSocket, for protocol = \"http\". Each WebSocket holds a thread of httpd.",
    },
    Key {
        name: "websocket_idle",
        kind: Kind::Time(IDLE),
        presence: Presence::Optional,
        default: "\"10m\"",
        manual: "A WebSocket on which nothing moved for so long is ended; it needs websocket.",
    },
    Key {
        name: "websocket_max",
        kind: Kind::Number(WEBSOCKETS),
        presence: Presence::Optional,
        default: "16",
        manual: "Most WebSockets at the same time in each child of httpd; it needs websocket. Keep it below \
                 ThreadsPerChild.",
    },
];

pub(super) const TLS: &[Key] = &[
    Key {
        name: "ca",
        kind: Kind::Text,
        presence: Presence::Optional,
        default: "",
        manual: "The certificates that are trusted, PEM, a file name relative to rjk.toml. Without it those of the system.",
    },
    Key {
        name: "server_name",
        kind: Kind::Form {
            example: "was1.internal",
            pattern: "^[A-Za-z0-9._:-]+$",
        },
        presence: Presence::Optional,
        default: "",
        manual: "The name that the worker's certificate must have. Without it the worker's host.",
    },
    Key {
        name: "cert",
        kind: Kind::Text,
        presence: Presence::With("key"),
        default: "",
        manual: "The certificate that the worker is shown, followed by its chain, PEM; it needs key.",
    },
    Key {
        name: "key",
        kind: Kind::Text,
        presence: Presence::With("cert"),
        default: "",
        manual: "Its key, PEM, without a passphrase; it needs cert. Others than its owner and its group may not read it.",
    },
    Key {
        name: "verify",
        kind: Kind::Flag,
        presence: Presence::Optional,
        default: "true",
        manual: "Whether the worker's certificate is verified. false is for a test.",
    },
];
