//! Routing policies, built: the files below target/policies.

use crate::Result;
use crate::httpd::Builder;
use crate::module::repository;
use anyhow::{anyhow, ensure};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

/// What `plugins/build` was asked for in this process: it runs once for each argument.
static BUILT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// The component of a policy of plugins/, `header-route` for instance.
pub fn built(name: &str) -> Result<PathBuf> {
    file(&format!("{name}.wasm"), "")
}

/// The component of a test policy of plugins/fixtures, `endless-loop` for instance.
pub fn fixture(name: &str) -> Result<PathBuf> {
    file(&format!("fixtures/{name}.wasm"), "fixtures")
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
    if !path.is_file() {
        build_once(argument)?;
    }
    ensure!(path.is_file(), "plugins/build made no {}", path.display());
    Ok(path)
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
