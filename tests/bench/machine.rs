//! The machine and the versions that figures belong to.

use rjk_testbed::httpd;
use rjk_testbed::module::repository;
use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// What stands above the figures.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    pub date: String,
    pub cpu: String,
    pub cpus: usize,
    pub memory_gib: u64,
    pub system: String,
    /// Programs and their versions.
    pub versions: Vec<(&'static str, String)>,
}

impl Machine {
    /// This one, now.
    pub fn this() -> Machine {
        let cpuinfo = text("/proc/cpuinfo");
        let model = field(&cpuinfo, "model name").unwrap_or("unknown");
        let memory = text("/proc/meminfo");
        let kib = field(&memory, "MemTotal").and_then(|size| size.split(' ').next()?.parse().ok());
        Machine {
            date: said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            cpu: model.to_owned(),
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: (kib.unwrap_or(0u64) + (1 << 19)) >> 20,
            system: format!("{}, {}", distribution(), said("uname", &["-sr"])),
            versions: vec![
                ("mod_rjk", commit()),
                ("httpd", server()),
                ("mod_jk", package("libapache2-mod-jk")),
                ("Tomcat", package("tomcat10-common")),
                ("Java", package_of_java()),
                ("rustc", said("rustc", &["--version"])),
            ],
        }
    }
}

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first value of a key in lines of `key : value`.
fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let mut found = pairs.filter(|(name, _)| name.trim() == key);
    found.next().map(|(_, value)| value.trim())
}

/// What a program says first; `unknown` when there is none.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(repository())
        .output();
    let said = output.map(|output| [output.stdout, output.stderr].concat());
    let text = String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
    match text.lines().next() {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn distribution() -> String {
    let release = text("/etc/os-release");
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.unwrap_or("unknown").trim_matches('"').to_owned()
}

/// The commit, and whether the tree differs from it.
fn commit() -> String {
    said("git", &["describe", "--always", "--dirty", "--tags"])
}

fn server() -> String {
    let Ok(binary) = httpd::binary() else {
        return "unknown".to_owned();
    };
    let line = said(&binary.to_string_lossy(), &["-v"]);
    line.trim_start_matches("Server version: ").to_owned()
}

fn package(name: &str) -> String {
    said("dpkg-query", &["-W", "-f", "${Version}\n", name])
}

fn package_of_java() -> String {
    said("java", &["-version"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_a_key_is_found() {
        let text = "processor\t: 0\nmodel name\t: A: B\nMemTotal:   24 kB\n";
        assert_eq!(field(text, "model name"), Some("A: B"));
        assert_eq!(field(text, "MemTotal"), Some("24 kB"));
        assert_eq!(field(text, "none"), None);
    }

    #[test]
    fn this_machine_has_a_date_and_an_httpd() {
        let machine = Machine::this();
        assert!(machine.date.ends_with("UTC"), "{machine:?}");
        assert!(machine.cpus > 0 && machine.memory_gib > 0);
        let httpd = machine.versions.iter().find(|(name, _)| *name == "httpd");
        assert!(httpd.is_some_and(|(_, version)| version.contains("Apache/2.4")));
        assert_eq!(said("/nowhere/program", &[]), "unknown");
    }
}
