//! The attributes of workers.properties that mod_jk knows (P-04, P-08, P-15).

/// Every attribute that is not deprecated.
pub(crate) const KNOWN: &[&str] = &[
    // Global, and common to all types (§2.2).
    "list",
    "maintain",
    "type",
    "reference",
    "mount",
    // ajp13 (§2.3).
    "host",
    "port",
    "prefer_ipv6",
    "source",
    "socket_timeout",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_buffer",
    "ping_mode",
    "ping_timeout",
    "connect_timeout",
    "prepost_timeout",
    "connection_ping_interval",
    "connection_pool_size",
    "connection_pool_minsize",
    "connection_pool_timeout",
    "connection_acquire_timeout",
    "reply_timeout",
    "retries",
    "retry_interval",
    "recovery_options",
    "fail_on_status",
    "busy_limit",
    "max_packet_size",
    "secret",
    // Members of a balancer.
    "lbfactor",
    "distance",
    "route",
    "domain",
    "redirect",
    "activation",
    // lb (§2.5).
    "balance_workers",
    "sticky_session",
    "sticky_session_force",
    "method",
    "lock",
    "lb_retries",
    "recover_time",
    "error_escalation_time",
    "max_reply_timeouts",
    "session_cookie",
    "session_path",
    "set_session_cookie",
    "session_cookie_path",
    // status (§2.6).
    "css",
    "read_only",
    "user",
    "user_case_insensitive",
    "good",
    "bad",
    "prefix",
    "ns",
    "xmlns",
    "doctype",
];

/// Attributes whose repeated values are joined with a comma; the alias of `balance_workers` with it.
pub(crate) const LISTS: &[&str] = &[
    "balance_workers",
    "balanced_workers",
    "mount",
    "user",
    "good",
    "bad",
    "fail_on_status",
    "list",
];

/// What others call an attribute.
pub(crate) const SYNONYMS: &[(&str, &str)] = &[
    ("jvmRoute", "route"),
    ("hostname", "host"),
    ("pool_size", "connection_pool_size"),
    ("connection_pool", "connection_pool_size"),
    ("loadfactor", "lbfactor"),
    ("load_factor", "lbfactor"),
    ("keepalive", "socket_keepalive"),
    ("secret_key", "secret"),
];

/// Deprecated attributes and what to write instead (A-33; `secretkey`: A-40).
pub(crate) const DEPRECATED: &[(&str, &str)] = &[
    ("cachesize", "write connection_pool_size"),
    ("cache_timeout", "write connection_pool_timeout"),
    ("jvm_route", "write route"),
    ("balanced_workers", "write balance_workers"),
    ("disabled", "write activation=disabled where it is true"),
    ("stopped", "write activation=stopped where it is true"),
    (
        "recycle_timeout",
        "it has no effect, write connection_pool_timeout",
    ),
    ("local_worker", NO_LOCAL),
    ("local_worker_only", NO_LOCAL),
    (
        "secretkey",
        "it belongs to ajp14 and has no effect, write secret",
    ),
    ("sysprops", NO_JVM),
    ("stderr", NO_JVM),
    ("stdout", NO_JVM),
    ("mx", NO_JVM),
    ("ms", NO_JVM),
    ("class_path", NO_JVM),
    ("bridge", NO_JVM),
    ("jvm_lib", NO_JVM),
    ("ld_path", NO_JVM),
    ("cmd_line", NO_JVM),
    ("native_lib", NO_JVM),
];

const NO_LOCAL: &str = "it has no effect, give the other members a greater distance";
const NO_JVM: &str = "it belonged to a JVM inside httpd and has no effect, remove it";
