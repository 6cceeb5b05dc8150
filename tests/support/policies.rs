//! Routing policies, built: the files below target/policies.

use crate::Result;
use crate::httpd::Builder;
use crate::module::repository;
use anyhow::{anyhow, ensure};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::SystemTime;

/// What `plugins/build` was asked for in this process: it runs once for each argument.
static BUILT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// Whether a policy has a folder in plugins/, and is no test policy.
pub fn is_for_sites(name: &str) -> bool {
    repository().join("plugins").join(name).is_dir()
}

/// The component of a policy of plugins/, `header-route` for instance.
pub fn built(name: &str) -> Result<PathBuf> {
    file(&format!("{name}.wasm"), "")
}

/// The component of a test policy of plugins/fixtures, `endless-loop` for instance.
pub fn fixture(name: &str) -> Result<PathBuf> {
    file(&format!("fixtures/{name}.wasm"), "fixtures")
}

/// The variables with which cargo builds a policy that lies elsewhere, as `plugins/build` does; what
/// it builds lies where that does, so that the standard library is built once.
pub fn build_environment() -> Result<Vec<(String, String)>> {
    let mut command = Command::new(repository().join("plugins/build"));
    let output = command.arg("environment").output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "plugins/build environment: {text}");
    let lines = String::from_utf8(output.stdout)?;
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    let target = repository().join("target/plugins").display().to_string();
    let pairs = pairs.chain([("CARGO_TARGET_DIR", target.as_str())]);
    Ok(pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// rjk.toml with the policy of [`tenants`].
const TENANTS: &str = r#"
[policy.tenants]
component = "policies/header-route.wasm"
[policy.tenants.config]
header = "X-Tenant"
[policy.tenants.config.workers]
blue = "WORKER"
[balancer.lb]
policy = "tenants"
"#;

/// Gives the balancer `lb` the policy header-route, for which `X-Tenant: blue` names `worker`.
pub fn tenants(site: Builder, worker: &str) -> Result<Builder> {
    let component = std::fs::read(built("header-route")?)?;
    Ok(site
        .file("conf/policies/header-route.wasm", component)
        .file("conf/rjk.toml", TENANTS.replace("WORKER", worker))
        .directives("RjkConfigFile conf/rjk.toml"))
}

fn file(name: &str, argument: &'static str) -> Result<PathBuf> {
    let path = repository().join("target/policies").join(name);
    if is_stale(&path) {
        build_once(argument)?;
    }
    ensure!(path.is_file(), "plugins/build made no {}", path.display());
    Ok(path)
}

/// Whether something below plugins/ is younger than the component. Cargo knows better what a change
/// concerns, but asking it takes seconds in every test process.
fn is_stale(component: &Path) -> bool {
    let Ok(built) = changed(component) else {
        return true;
    };
    newest(&repository().join("plugins")).is_none_or(|newest| newest > built)
}

fn changed(path: &Path) -> io::Result<SystemTime> {
    path.metadata()?.modified()
}

/// The youngest file of a folder.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = folder.read_dir().ok()?.flatten();
    let times = entries.filter_map(|entry| match entry.file_type().ok()?.is_dir() {
        true => newest(&entry.path()),
        false => changed(&entry.path()).ok(),
    });
    times.max()
}

fn build_once(argument: &'static str) -> Result {
    let mut built = BUILT
        .lock()
        .map_err(|_| anyhow!("plugins/build panicked"))?;
    if built.contains(&argument) {
        return Ok(());
    }
    built.push(argument);
    let mut command = Command::new(repository().join("plugins/build"));
    command.args((!argument.is_empty()).then_some(argument));
    // Policies have a target folder and a compiler of their own.
    for name in ["CARGO_TARGET_DIR", "RUSTC", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "plugins/build {argument}: {text}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tempdir::Dir;

    #[test]
    fn the_youngest_file_of_a_tree_counts() -> Result {
        let dir = Dir::new("newest")?;
        let old = dir.write("a", "")?;
        let deep = dir.write("b/c/d", "")?;
        let age = |path: &Path, seconds| {
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            std::fs::File::options()
                .write(true)
                .open(path)?
                .set_modified(time)?;
            Ok::<_, anyhow::Error>(time)
        };
        age(&old, 100)?;
        let youngest = age(&deep, 200)?;
        assert_eq!(newest(dir.path()), Some(youngest));
        assert!(is_stale(&dir.join("missing")));
        assert!(is_stale(&old), "nothing of plugins/ is that old");
        Ok(())
    }
}
