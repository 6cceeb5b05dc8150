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
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// What the packages change; the copy has the file system of `/` and none that is mounted on it.
const COPIED: [&str; 3] = ["/etc", "/usr", "/var"];
/// apt needs it. It may be a link to where a daemon writes, or mounted by a container: the copy has neither.
const RESOLVER: &str = "/etc/resolv.conf";
/// The copy is made over /run, which is always there, so that no folder is left, however this ends. What is
/// written there goes with the namespace.
const COPY: &str = "set -e
mount -t tmpfs none /run; cd /run; mkdir upper work root
mount -t overlay none -o lowerdir=/,upperdir=upper,workdir=work root
mount -t proc proc root/proc; mount --rbind /dev root/dev; mount --rbind /sys root/sys
mkdir -p root/packages; cp \"$1\" \"$2\" root/packages
if [ -n \"$3\" ]; then rm -f root/etc/resolv.conf; printf '%s\\n' \"$3\" >root/etc/resolv.conf; fi
exec chroot root /bin/sh -c 'cd /; exec \"$0\" \"$@\"' \\
    \"/packages/$(basename \"$1\")\" \"/packages/$(basename \"$2\")\" \"$4\" \"$5\"";

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

/// Runs the script `deb` where `/` is a copy. All of its processes end with it, and with this one, however it
/// ends: Ctrl-C alone would not reach the first process of a namespace.
fn live_through(deb: &Path) -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "the package is installed on a copy of the file system: run this as root"
    );
    COPIED.into_iter().try_for_each(is_copied)?;
    let deb = deb
        .canonicalize()
        .with_context(|| format!("{}", deb.display()))?;
    let resolver = fs::read_to_string(RESOLVER).unwrap_or_default();
    let tomcat = Tomcat::builder(Version::V9).start()?;
    let http = ports::free()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packages/deb");
    let status = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare"])
        .args(["--mount", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-c", COPY, "sh"])
        .arg(&script)
        .arg(&deb)
        .arg(resolver.trim_end())
        .arg(tomcat.port().to_string())
        .arg(http.to_string())
        .status()
        .context("setpriv and unshare, of the package util-linux")?;
    ensure!(status.success(), "the Debian package failed: {status}");
    Ok(())
}

fn is_copied(folder: &str) -> Result<()> {
    let device = |path: &str| Ok::<_, std::io::Error>(fs::metadata(path)?.dev());
    ensure!(
        device(folder)? == device("/")?,
        "{folder} is a file system of its own, which the copy of / has not: run this where {} are on one \
         with /, in a container for example",
        COPIED.join(", ")
    );
    Ok(())
}
