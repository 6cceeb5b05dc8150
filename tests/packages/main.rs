//! `make test-packages`: the packages are installed, used and taken away again, each on a copy of the file system that
//! is gone afterwards; nothing of this machine is changed.
//!
//!     packages DEB RPM
//!
//! It needs root, for a mount namespace with an overlay.

#![forbid(unsafe_code)]

mod rpm;

use anyhow::{Context, Result, bail, ensure};
use rjk_testbed::{Tomcat, Version, ports};
use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("packages: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [deb, rpm] = arguments.as_slice() else {
        bail!("usage: packages DEB RPM");
    };
    println!("{rpm}");
    rpm::inspect(Path::new(rpm))?;
    println!("{deb}");
    live_through(Path::new(deb))
}

/// Runs the script `deb` where `/` is a copy, and all of its processes end with it.
fn live_through(deb: &Path) -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "the package is installed on a copy of the file system: run this as root"
    );
    let deb = deb
        .canonicalize()
        .with_context(|| format!("{}", deb.display()))?;
    let tomcat = Tomcat::builder(Version::V9).start()?;
    let http = ports::free()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packages/deb");
    // The tmpfs holds what is written; it goes with the namespace.
    let copy =
        "set -e; top=$(mktemp -d); mount -t tmpfs none \"$top\"; cd \"$top\"; mkdir upper work root
        mount -t overlay none -o lowerdir=/,upperdir=upper,workdir=work root
        mount -t proc proc root/proc; mount --rbind /dev root/dev; mount --rbind /sys root/sys
        mkdir -p root/packages; cp \"$1\" \"$2\" root/packages
        exec chroot root /bin/sh -c 'cd /; exec \"$0\" \"$@\"' \
            \"/packages/$(basename \"$1\")\" \"/packages/$(basename \"$2\")\" \"$3\" \"$4\"";
    let status = Command::new("unshare")
        .args([
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            copy,
            "sh",
        ])
        .arg(&script)
        .arg(&deb)
        .arg(tomcat.port().to_string())
        .arg(http.to_string())
        .status()?;
    ensure!(status.success(), "the Debian package failed: {status}");
    Ok(())
}
