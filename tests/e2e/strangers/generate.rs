//! Files that nobody wrote: lines as strangers write them, by chance.

/// xorshift64*: the same number gives the same file.
pub struct Chance(u64);

impl Chance {
    pub fn new(number: u64) -> Chance {
        Chance((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or(0) % limit
    }

    /// True once in `of` times.
    fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Workers that may be in a file.
pub const NAMES: &[&str] = &["w1", "w2", "a.b", "l-1", "L_2", "tomcat"];

const TYPES: &[&str] = &["ajp13", "ajp13", "ajp13", "lb", "lb", "status"];
const ODD_TYPES: &[&str] = &["AJP13", "lb ", "loadbalancer", ""];
const HOSTS: &[&str] = &["127.0.0.1", "127.0.0.1", "127.0.0.1", "$(host)", "127.1"];
const PORTS: &[&str] = &["@A@", "@B@", "@C@", "@D@", "@DEAD@", "$(port)", "0"];
/// No words: mod_jk 1.2.48 takes them for 0, 1.2.51 for the default (P-10). Nothing below 0, which is shown
/// as it is. No time that may pass.
#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "0",
    "60000",
    "9k",
    "1m",
    "60000 ",
    "9000x",
    "0x10",
    "+4000",
    "8000,2",
    "60000*30",
    "$(number)",
    "",
    "# none",
    "7000 # x",
];
/// A name of 60 bytes is the longest of 1.2.48, of 64 bytes one too long for 1.2.51.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "1",
    "0",
    "2",
    "true",
    "False",
    "on",
    "OFF",
    "yes",
    "x",
    "a",
    "d",
    "Stopped",
    "w1",
    "R",
    "Busyness",
    "next",
    "S",
    "P",
    "C",
    "A",
    "I",
    "500 503",
    "-404",
    "$(number)",
    "",
    "# none",
    "123456789012345678901234567890123456789012345678901234567890",
    "1234567890123456789012345678901234567890123456789012345678901234",
];
/// Not among them: what DEVIATIONS.md tells of, `retry_interval` and `connection_acquire_timeout` of 0
/// (BG-09) and names that mod_jk joins with a star (BG-26).
#[rustfmt::skip]
const NUMERIC: &[&str] = &[
    "socket_timeout",
    "socket_connect_timeout",
    "socket_buffer",
        "connect_timeout",
    "prepost_timeout",
    "connection_ping_interval",
    "connection_pool_minsize",
    "connection_pool_timeout",
    "reply_timeout",
    "busy_limit",
    "max_packet_size",
    "lbfactor",
    "cache_timeout",
    "recycle_timeout",
    "recover_time",
    "error_escalation_time",
    "max_reply_timeouts",
    "port",
];
#[rustfmt::skip]
const VERBAL: &[&str] = &[
    "socket_keepalive",
    "ping_mode",
    "fail_on_status",
    "secret",
    "route",
    "domain",
    "redirect",
    "activation",
    "disabled",
    "stopped",
    "jvm_route",
    "sticky_session",
    "sticky_session_force",
    "method",
    "lock",
    "session_cookie",
    "session_path",
    "set_session_cookie",
    "session_cookie_path",
    "css",
    "read_only",
    "user",
    "user_case_insensitive",
    "prefix",
    "doctype",
    "sysprops",
    "mx",
    "local_worker",
];
const ODD_ATTRIBUTES: &[&str] = &[
    "hots",
    "Port",
    "timeout",
    "balance_worker",
    "list",
    "maintain",
];

/// One file.
pub fn file(chance: &mut Chance) -> String {
    let mut lines = vec![
        "host=127.0.0.1".to_owned(),
        "port=@A@".to_owned(),
        "number=7000".to_owned(),
    ];
    lines.push(format!("worker.list={}", list(chance)));
    if chance.once_in(3) {
        lines.push(format!("worker.list={}", list(chance)));
    }
    let kinds: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, kind(chance))).collect();
    for (name, kind) in &kinds {
        if !chance.once_in(6) {
            lines.extend(worker(chance, name, kind, &kinds));
        }
    }
    lines.iter().map(|line| dressed(chance, line)).collect()
}

fn kind(chance: &mut Chance) -> &'static str {
    if chance.once_in(25) {
        chance.pick(ODD_TYPES)
    } else {
        chance.pick(TYPES)
    }
}

fn list(chance: &mut Chance) -> String {
    let mut list = String::new();
    for _ in 0..=chance.below(3) {
        list += chance.pick(NAMES);
        list += chance.pick(&[",", ", ", " ", "\t", ",,"]);
    }
    list
}

fn worker(chance: &mut Chance, name: &str, kind: &str, kinds: &[(&str, &str)]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut set = |attribute: &str, value: &str| {
        lines.push(format!("worker.{name}.{attribute}={value}"));
    };
    if kind != "ajp13" || chance.once_in(2) {
        set("type", kind);
    }
    if kind == "lb" && !chance.once_in(15) {
        set("balance_workers", &members(chance, name, kinds));
    }
    set("host", chance.pick(HOSTS));
    set("port", chance.pick(PORTS));
    if chance.once_in(8) {
        let template = chance.pick(NAMES);
        let prefix = chance.pick(&["worker.", "worker.", "worker.", ""]);
        set("reference", &format!("{prefix}{template}"));
    }
    for _ in 0..chance.below(6) {
        if chance.once_in(2) {
            set(chance.pick(NUMERIC), chance.pick(NUMBERS));
        } else {
            set(chance.pick(VERBAL), chance.pick(WORDS));
        }
    }
    if chance.once_in(40) {
        set(chance.pick(ODD_ATTRIBUTES), chance.pick(WORDS));
    }
    lines
}

/// Ajp13 workers, and itself now and then: what mod_jk makes of other members hangs on chance.
fn members(chance: &mut Chance, of: &str, kinds: &[(&str, &str)]) -> String {
    let ajp13 = kinds.iter().filter(|(_, kind)| *kind == "ajp13");
    let mut names: Vec<&str> = ajp13.map(|(name, _)| *name).collect();
    names.push(if chance.once_in(12) { of } else { "other" });
    let mut members = String::new();
    for _ in 0..=chance.below(2) {
        members += chance.pick(&names);
        members += chance.pick(&[",", ", ", " "]);
    }
    members
}

/// Paths that a map is asked for.
#[rustfmt::skip]
pub const PATHS: &[&str] = &[
    "/", "/a", "/a/", "/a/b", "/a/b/c.jsp", "/a/x.gif", "/ab", "/A/b", "/b", "/b/c/d", "/c%20d/e",
    "/x.jsp", "/s/x",
];

#[rustfmt::skip]
const PATTERNS: &[&str] = &[
    "/*", "/a", "/a/*", "/a|/*", "/a/b", "/a/*.jsp", "/*.gif", "/?", "/b/*/d", "/b/?/d", "/a*b",
    "/c d/*", "/c%20d/*", "/s/*", "/A/*", "*.jsp", "a/*", "/a//b", "/$(path)/*", "|/b", "/b|c|d",
    "\"/a\"", "",
];

/// Workers of a map, most of them there.
#[rustfmt::skip]
const TARGETS: &[&str] = &[
    "a", "b", "c", "d", "a", "b", "*", "nobody", "$(to)", "$(none)", "a;reply_timeout=5000", "b ;x=1",
    "c; y", "A", "", "a,b", "d;", "=a",
];

/// One uriworkermap file.
pub fn map(chance: &mut Chance) -> String {
    let mut lines = vec!["to=c".to_owned(), "path=a".to_owned()];
    for _ in 0..=chance.below(7) {
        let marks = chance.pick(&["", "", "", "", "!", "!", "-", "-!", "!-"]);
        let pattern = chance.pick(PATTERNS);
        lines.push(format!("{marks}{pattern}={}", chance.pick(TARGETS)));
    }
    lines.iter().map(|line| dressed(chance, line)).collect()
}

/// The line with blanks, a comment, another case or another end.
fn dressed(chance: &mut Chance, line: &str) -> String {
    let end = chance.pick(&["\n", "\n", "\n", "\r\n", " \n", "\t\n", " # note\n", "\n\n"]);
    // The variables are needed as they are.
    let kinds = if line.starts_with("worker.") { 40 } else { 3 };
    let line = match chance.below(kinds) {
        0 => line.replace('=', " = "),
        1 => line.replace('=', "\t=\t"),
        3 => format!("  {line}"),
        4 => format!("#{line}"),
        5 => line.replace('=', ": "),
        6 => format!("{line}\n{line}"),
        7 => line.replacen("worker", "Worker", 1),
        _ => line.to_owned(),
    };
    line + end
}
