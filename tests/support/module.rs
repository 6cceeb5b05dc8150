//! Which module is under test and where its shared object is.

use crate::Result;
use anyhow::{Context, anyhow, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The module that httpd loads as `jk_module`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// This project's module.
    Rjk,
    /// Debian's mod_jk, the oracle.
    ModJk,
}

impl Subject {
    /// Both, for tests that run against either.
    pub const BOTH: [Subject; 2] = [Subject::Rjk, Subject::ModJk];

    /// The shared object's path; builds mod_rjk when that is asked for.
    pub fn path(self) -> Result<PathBuf> {
        match self {
            Subject::Rjk => module_path(),
            Subject::ModJk => {
                let path = crate::httpd::modules_dir()?.join("mod_jk.so");
                ensure!(
                    path.exists(),
                    "{} is missing: libapache2-mod-jk",
                    path.display()
                );
                Ok(path)
            }
        }
    }
}

/// The checkout's root directory.
pub fn repository() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// The path of mod_rjk's shared object: `RJK_MODULE`, or what a release build reports.
///
/// cargo does not rebuild a cdylib for integration tests, so the build runs here, once per process.
pub fn module_path() -> Result<PathBuf> {
    static PATH: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let result = PATH.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    result.clone().map_err(|error| anyhow!(error))
}

/// The module with the feature `inject-panics` and no other, in a folder of its own: it replaces
/// nobody's build.
pub fn injecting_path() -> Result<PathBuf> {
    static PATH: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let target = repository().join("target/injecting");
    let target = target.to_string_lossy();
    let features = ["--no-default-features", "--features", "inject-panics"];
    let arguments = [&features[..], &["--target-dir", &target]].concat();
    let result = PATH.get_or_init(|| build(&arguments).map_err(|error| format!("{error:#}")));
    result.clone().map_err(|error| anyhow!(error))
}

fn find() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("RJK_MODULE") {
        let path = std::fs::canonicalize(&path).with_context(|| format!("RJK_MODULE={path:?}"))?;
        return Ok(path);
    }
    build(&["--release"])
}

/// Builds the module; the path that cargo reports.
fn build(arguments: &[&str]) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "-p", "mod_rjk", "--message-format=json"])
        .args(arguments)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .current_dir(repository())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("cargo build of mod_rjk failed: {}", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .find_map(reported_cdylib)
        .ok_or_else(|| anyhow!("cargo build of mod_rjk reported no shared object"))
}

/// The shared object that a line of cargo's JSON names, if it is ours.
fn reported_cdylib(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" || message["target"]["name"] != "mod_rjk" {
        return None;
    }
    let files = message["filenames"].as_array()?;
    files
        .iter()
        .filter_map(|file| file.as_str())
        .find(|file| file.ends_with(".so"))
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cdylib_is_found_in_cargos_messages() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"mod_rjk"},
            "filenames":["/t/libmod_rjk.d","/t/libmod_rjk.so"]}"#
            .replace('\n', "");
        assert_eq!(reported_cdylib(&line), Some("/t/libmod_rjk.so".into()));
        let script = line.replace("mod_rjk\"", "build-script-build\"");
        assert_eq!(reported_cdylib(&script), None);
        assert_eq!(reported_cdylib("not json"), None);
    }
}
