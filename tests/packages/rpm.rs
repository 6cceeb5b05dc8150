//! The RPM: what is in it, and where it can run.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

/// EL 9 has glibc 2.34.
const GLIBC: (u32, u32) = (2, 34);

/// What must be in it.
const FILES: [&str; 10] = [
    "/usr/lib64/httpd/modules/mod_rjk.so",
    "/etc/httpd/conf.modules.d/10-rjk.conf",
    "/usr/bin/rjk",
    "/usr/lib/mod_rjk/policies/header-route.wasm",
    "/usr/share/man/man1/rjk.1",
    "/usr/share/man/man5/rjk.toml.5",
    "/usr/share/selinux/packages/mod_rjk.pp",
    "/usr/share/selinux/packages/mod_rjk_socket.pp",
    "/usr/share/licenses/mod_rjk/LICENSE",
    "/usr/share/licenses/mod_rjk/mod_rjk.cdx.json",
];

/// Fails where something is missing.
pub fn inspect(rpm: &Path) -> Result<()> {
    let files = query(rpm, &["--list"])?;
    for file in FILES {
        ensure!(
            files.lines().any(|line| line == file),
            "{file} is not in the RPM"
        );
    }
    let requires = query(rpm, &["--requires"])?;
    ensure!(
        requires
            .lines()
            .any(|line| line.starts_with("httpd-mmn = 20120211")),
        "the RPM does not require httpd's module interface:\n{requires}"
    );
    for line in requires.lines() {
        if let Some(version) = glibc(line) {
            ensure!(version <= GLIBC, "EL 9 does not have what it needs: {line}");
        }
    }
    ensure!(
        requires.contains("GLIBC_2."),
        "no library is required:\n{requires}"
    );
    // Modules that are loaded may not lie in wait: the administrator takes the # away.
    let configuration = query(rpm, &["--configfiles"])?;
    ensure!(configuration.contains("10-rjk.conf"), "{configuration}");
    println!(
        "  {} files, needs httpd's module interface and glibc of EL 9",
        files.lines().count()
    );
    Ok(())
}

fn query(rpm: &Path, what: &[&str]) -> Result<String> {
    let output = Command::new("rpm")
        .args(["--query", "--package"])
        .args(what)
        .arg(rpm)
        .output()
        .context("rpm is not installed")?;
    ensure!(
        output.status.success(),
        "rpm {what:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// The version in `libc.so.6(GLIBC_2.34)(64bit)`.
fn glibc(requirement: &str) -> Option<(u32, u32)> {
    let version = requirement.split("(GLIBC_").nth(1)?.split(')').next()?;
    let (major, rest) = version.split_once('.')?;
    let minor = rest.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
