//! Commands of the documents, on their hosts.
//!
//! | on a site | in the lab |
//! |---|---|
//! | `httpd`, `apachectl`, `apache2ctl` | Debian's `apache2`, with the main file that the distribution has |
//! | `rjk` | the one beside the module under test, where every user can run it |
//! | `systemctl` | who plays the document does it: there is no systemd |

use crate::network::Host;
use anyhow::{Context, Result};
use rjk_testbed::rjk::rjk;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Programs that are called otherwise on this machine, before all others.
const PROGRAMS: &str = "/run/lab/bin";
/// What a distribution calls httpd, and its main file.
const SERVERS: [(&str, &str); 3] = [
    ("httpd", "/etc/httpd/conf/httpd.conf"),
    ("apachectl", "/etc/httpd/conf/httpd.conf"),
    ("apache2ctl", "/etc/apache2/apache2.conf"),
];
/// Longest command, in seconds.
const LIMIT: &str = "60";

/// What a command came to.
pub struct Said {
    /// Its exit code.
    pub code: Option<i32>,
    /// All that it wrote.
    pub text: String,
}

/// `rjk`, and httpd under the names that it has in the distributions.
pub fn provide() -> Result<()> {
    let folder = Path::new(PROGRAMS);
    if folder.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    // A copy: where it was built, httpd's user may not look.
    fs::copy(rjk()?, folder.join("rjk"))?;
    for (name, main) in SERVERS {
        let path = folder.join(name);
        let text = format!(
            "#!/bin/sh\n[ \"$1\" != configtest ] || set -- -t\nexec apache2 -f {main} \"$@\"\n"
        );
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// A command in a folder of a host; its parts that are about services are `service`'s.
pub fn perform(
    host: Host,
    folder: &Path,
    command: &str,
    mut service: impl FnMut(&str) -> Result<()>,
) -> Result<Said> {
    if !command.contains("systemctl") {
        return run(host, folder, command);
    }
    let mut text = String::new();
    for part in command.split(" && ") {
        match part.trim().strip_prefix("systemctl ") {
            Some(words) => service(words).with_context(|| part.to_owned())?,
            None => {
                let said = run(host, folder, part)?;
                text.push_str(&said.text);
                if said.code != Some(0) {
                    let code = said.code;
                    return Ok(Said { code, text });
                }
            }
        }
    }
    let code = Some(0);
    Ok(Said { code, text })
}

/// A command without services.
pub fn run(host: Host, folder: &Path, command: &str) -> Result<Said> {
    fs::create_dir_all(folder)?;
    let path = std::env::var("PATH")?;
    let output = host
        .command("timeout")
        .args([LIMIT, "sh", "-c", &format!("exec 2>&1\n{command}")])
        .current_dir(folder)
        .env("PATH", format!("{PROGRAMS}:{path}"))
        .output()
        .with_context(|| command.to_owned())?;
    Ok(Said {
        code: output.status.code(),
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}
