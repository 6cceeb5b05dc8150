//! `<IfModule>` and its like, decided as httpd with this module would; what cannot be known is looked into.

use super::lines::words;
use bstr::ByteSlice;
use rjk_config::server::ServerVersion;
use std::collections::HashSet;

/// The version that `<IfVersion>` compares with: what 2.4 there is now.
const VERSION: ServerVersion = ServerVersion::new(2, 4, 71);

/// What is in every httpd, and this module.
const ALWAYS: [&str; 12] = [
    "core.c",
    "core_module",
    "http_core.c",
    "http_module",
    "mod_so.c",
    "so_module",
    "mod_jk.c",
    "jk_module",
    "mod_unixd.c",
    "unixd_module",
    "mod_version.c",
    "version_module",
];

/// Who takes the connections: one of them is there, and only the configuration tells which.
const MPMS: [&str; 3] = ["prefork", "worker", "event"];

/// Those of other systems, where this module is not.
const ELSEWHERE: [&str; 3] = ["winnt", "netware", "mpmt_os2"];

/// Which modules are there.
#[derive(Debug, Default)]
pub(super) struct Modules {
    loaded: HashSet<String>,
}

impl Modules {
    /// A `LoadModule` line: name and file.
    pub(super) fn load(&mut self, arguments: &[u8]) {
        let words = words(arguments);
        let mut words = words.iter().map(|word| word.to_str_lossy());
        if let Some(name) = words.next() {
            self.loaded.insert(name.into_owned());
        }
        if let Some(file) = words.next() {
            let file = file.rsplit('/').next().unwrap_or_default();
            if let Some(stem) = file.strip_suffix(".so") {
                self.loaded.insert(format!("{stem}.c"));
            }
        }
    }

    /// The MPM that is loaded.
    pub(super) fn mpm(&self) -> Option<&'static str> {
        let is_loaded = |mpm: &&str| self.loaded.contains(&format!("mpm_{mpm}_module"));
        MPMS.into_iter().find(|mpm| is_loaded(mpm))
    }

    fn has(&self, module: &str) -> bool {
        if let Some(mpm) = mpm_of(module, &MPMS) {
            return self.mpm() == Some(mpm);
        }
        if mpm_of(module, &ELSEWHERE).is_some() {
            return false;
        }
        // This module goes by mod_jk's name.
        module != "mod_rjk.c"
    }
}

fn mpm_of(module: &str, known: &[&'static str]) -> Option<&'static str> {
    known.iter().copied().find(|mpm| {
        [
            format!("mpm_{mpm}_module"),
            format!("mpm_{mpm}.c"),
            format!("mod_mpm_{mpm}.c"),
            format!("{mpm}.c"),
        ]
        .iter()
        .any(|name| name == module)
    })
}

/// What a condition may ask.
pub(super) struct Facts<'a> {
    pub(super) modules: &'a Modules,
    pub(super) is_defined: &'a dyn Fn(&[u8]) -> bool,
    pub(super) is_file: &'a dyn Fn(&str) -> bool,
    pub(super) is_directive: &'a dyn Fn(&str) -> bool,
}

/// Whether `name` is a section that is there or not; then whether it is.
pub(super) fn decide(name: &str, arguments: &[u8], facts: &Facts<'_>) -> Option<bool> {
    let text = arguments.to_str_lossy();
    let (is_negated, what) = match text.strip_prefix('!') {
        Some(what) => (true, what),
        None => (false, text.as_ref()),
    };
    let what = what.trim().trim_matches('"');
    let holds = match name {
        "ifmodule" => ALWAYS.contains(&what) || facts.modules.has(what),
        "ifdefine" => (facts.is_defined)(what.as_bytes()),
        "iffile" => (facts.is_file)(what),
        "ifdirective" => (facts.is_directive)(what),
        "ifsection" => true,
        "ifversion" => return Some(version(&text)),
        _ => return None,
    };
    Some(holds != is_negated)
}

/// `[[!]operator] version`; a regular expression is looked into.
fn version(text: &str) -> bool {
    let (is_negated, text) = match text.trim().strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, text.trim()),
    };
    let at = text
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(text.len());
    let (operator, number) = text.split_at(at);
    let mut parts = number
        .split('.')
        .map(|part| part.trim().parse::<u32>().ok());
    let mut part = || parts.next().flatten().unwrap_or(0);
    let asked = ServerVersion::new(part(), part(), part());
    let holds = match operator.trim() {
        "" | "=" | "==" => VERSION == asked,
        ">" => VERSION > asked,
        ">=" => VERSION >= asked,
        "<" => VERSION < asked,
        "<=" => VERSION <= asked,
        _ => return true,
    };
    holds != is_negated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(name: &str, arguments: &str, modules: &Modules) -> Option<bool> {
        let facts = Facts {
            modules,
            is_defined: &|name| name == b"SSL",
            is_file: &|name| name == "there",
            is_directive: &|name| name == "JkMount",
        };
        decide(name, arguments.as_bytes(), &facts)
    }

    #[test]
    fn conditions_are_decided_as_by_httpd_with_this_module() {
        let mut modules = Modules::default();
        for (name, arguments, expected) in [
            ("ifmodule", "jk_module", true),
            ("ifmodule", "mod_jk.c", true),
            ("ifmodule", "!mod_jk.c", false),
            ("ifmodule", "mod_rjk.c", false),
            ("ifmodule", "mod_whatever.c", true),
            ("ifmodule", "!mod_whatever.c", false),
            ("ifmodule", "mpm_prefork_module", false),
            ("ifmodule", "prefork.c", false),
            ("ifmodule", "mpm_winnt_module", false),
            ("ifmodule", "mpm_netware_module", false),
            ("ifmodule", "mpmt_os2.c", false),
            ("ifmodule", "!mpm_winnt.c", true),
            ("ifdefine", "SSL", true),
            ("ifdefine", "!SSL", false),
            ("ifdefine", "OTHER", false),
            ("iffile", "\"there\"", true),
            ("ifdirective", "JkMount", true),
            ("ifdirective", "!JkMount", false),
            ("ifversion", ">= 2.4", true),
            ("ifversion", "< 2.4", false),
            ("ifversion", "!< 2.4", true),
            ("ifversion", "~ ^2", true),
        ] {
            let found = decided(name, arguments, &modules);
            assert_eq!(found, Some(expected), "{name} {arguments}");
        }
        assert_eq!(decided("location", "/x", &modules), None);
        modules.load(b"mpm_prefork_module modules/mod_mpm_prefork.so");
        assert_eq!(decided("ifmodule", "prefork.c", &modules), Some(true));
        assert_eq!(decided("ifmodule", "!worker.c", &modules), Some(true));
    }
}
