//! The folders that the how-tos name, on each host its own: /etc/httpd, /etc/apache2, /usr/local/tomcat, /var/log.
//!
//! What lies in /etc/netns/HOST is in /etc for each command on that host: that is iproute2's own way. So that it has
//! where to be, /etc and /usr/local are covered, for the lab alone, by folders of links to what the machine has there.

use crate::enclosure::run;
use crate::network::Host;
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What hosts have in /etc: folders, and a file.
const OWN: [&str; 4] = ["apache2", "httpd", TOMCAT, NFTABLES];
/// The rules of the firewall.
pub const NFTABLES: &str = "nftables.conf";
/// /usr/local/tomcat is a link to it.
const TOMCAT: &str = "tomcat";
/// Files of the machine's users that the lab has copies of, for it makes users itself.
const USERS: [&str; 4] = ["passwd", "group", "shadow", "gshadow"];
/// Beside them, but for no lab: copies of before (`passwd-`), the lock, what belongs to users of the machine.
const BESIDE_USERS: [&str; 9] = [
    "passwd-",
    "group-",
    "shadow-",
    "gshadow-",
    "subuid",
    "subgid",
    "subuid-",
    "subgid-",
    ".pwd.lock",
];
/// Where it is mounted.
const ETC: &str = "/etc";
const LOCAL: &str = "/usr/local";

/// Covers what the machine has.
pub fn furnish() -> Result<()> {
    let without = [&OWN[..], &USERS, &BESIDE_USERS, &["netns"]].concat();
    let machine = cover(ETC, &without)?;
    for name in USERS {
        fs::copy(machine.join(name), Path::new(ETC).join(name))?;
    }
    for name in OWN {
        let place = Path::new(ETC).join(name);
        if name == NFTABLES {
            fs::write(place, "")?;
        } else {
            fs::create_dir(place)?;
        }
    }
    for host in Host::ALL {
        fs::create_dir_all(etc(host, ""))?;
    }
    cover(LOCAL, &[TOMCAT])?;
    symlink("/etc/tomcat", "/usr/local/tomcat")?;
    mount_empty("/var/log")
}

/// Where that is written which a host has in /etc under this name.
pub fn etc(host: Host, name: &str) -> PathBuf {
    Path::new("/etc/netns").join(host.name()).join(name)
}

/// The host's /usr/local/tomcat; where it is.
pub fn tomcats(host: Host) -> Result<PathBuf> {
    let folder = Path::new("/run/lab")
        .join(host.name())
        .join("usr/local/tomcat");
    let place = etc(host, TOMCAT);
    if !place.exists() {
        fs::create_dir_all(&folder)?;
        symlink(&folder, &place).with_context(|| place.display().to_string())?;
    }
    Ok(folder)
}

/// A folder with links to all that it had, but for these names; where that is.
fn cover(folder: &str, without: &[&str]) -> Result<PathBuf> {
    let kept = Path::new("/run/machine").join(folder.trim_start_matches('/'));
    fs::create_dir_all(&kept)?;
    run("mount", &["--rbind", folder, &kept.to_string_lossy()])?;
    mount_empty(folder)?;
    for entry in fs::read_dir(&kept)? {
        let entry = entry?;
        let name = entry.file_name();
        if !without.iter().any(|own| name == *own) {
            symlink(entry.path(), Path::new(folder).join(name))?;
        }
    }
    Ok(kept)
}

fn mount_empty(folder: &str) -> Result<()> {
    run(
        "mount",
        &["-t", "tmpfs", "-o", "mode=755", "rjk-lab", folder],
    )?;
    Ok(())
}
