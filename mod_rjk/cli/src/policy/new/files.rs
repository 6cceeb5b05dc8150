//! What a new crate consists of: the SDK and the contract as plugins/ has them, and what is written
//! for it alone.

include!(concat!(env!("OUT_DIR"), "/carried.rs"));

const WORKSPACE: &str = include_str!("../../../../../plugins/Cargo.toml");
const LOCK: &str = include_str!("../../../../../plugins/Cargo.lock");
const CARGO_CONFIG: &str = include_str!("../../../../../plugins/.cargo/config.toml");
const POLICY: &str = include_str!("../../../../../plugins/hello/src/lib.rs");
const LICENSE: &str = include_str!("../../../../../LICENSE");
const MANIFEST: &str = include_str!("../../../template/Cargo.toml");
const README: &str = include_str!("../../../template/README.md");
const RJK_TOML: &str = include_str!("../../../template/rjk.toml");
const GITIGNORE: &str = "/target\n/*.wasm\n";

/// What no crate with a policy can be called: the standard library's crates, and words of Rust.
const WORDS: [&str; 45] = [
    "alloc",
    "as",
    "async",
    "await",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "panic_abort",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "yield",
];

/// Names, `/` between folders, with texts.
pub(super) fn of(name: &str) -> Vec<(String, String)> {
    let named = |text: &str| text.replace("my-policy", name);
    let own = [
        ("Cargo.toml", named(MANIFEST) + &shared_manifest()),
        ("Cargo.lock", locked()),
        (".cargo/config.toml", target_config()),
        (".gitignore", GITIGNORE.to_owned()),
        ("README.md", named(README)),
        ("rjk.toml", named(RJK_TOML)),
        ("sdk/LICENSE", LICENSE.to_owned()),
        ("src/lib.rs", POLICY.replace("Hello", "MyPolicy")),
    ];
    let carried = CARRIED.iter().copied();
    let carried = carried.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let own = own.map(|(name, text)| (name.to_owned(), text));
    own.into_iter().chain(carried).collect()
}

/// Whether Rust, or a crate that the SDK needs, has the name already.
pub(super) fn is_taken(name: &str) -> bool {
    let same = |other: &str| other.replace('-', "_") == name.replace('-', "_");
    let locked = LOCK.lines().filter_map(|line| {
        let name = line.strip_prefix("name = \"")?;
        name.strip_suffix('"')
    });
    let ours = ["canary", "hello"];
    locked
        .filter(|other| !ours.contains(other))
        .chain(WORDS)
        .any(same)
}

/// What plugins/Cargo.toml says for all of its crates: versions, lints, the release profile.
fn shared_manifest() -> String {
    let members = |paragraph: &&str| !paragraph.contains("[workspace]\n");
    paragraphs(WORKSPACE, members)
}

/// The versions that the policies here are built with; cargo drops what is not needed.
fn locked() -> String {
    let from_registry =
        |paragraph: &&str| !paragraph.contains("[[package]]") || paragraph.contains("source = ");
    paragraphs(LOCK, from_registry)
}

/// The stack of a policy; where plugins/ is built is nothing for a crate elsewhere.
fn target_config() -> String {
    let of_target = |paragraph: &&str| paragraph.contains("\n[target.");
    paragraphs(CARGO_CONFIG, of_target)
}

/// These paragraphs of a text, and an empty line before each.
fn paragraphs(text: &str, wanted: impl Fn(&&str) -> bool) -> String {
    let kept = text.split("\n\n").filter(wanted);
    kept.fold(String::new(), |all, paragraph| {
        let gap = if all.is_empty() { "" } else { "\n" };
        all + gap + paragraph.trim_end() + "\n"
    })
}
