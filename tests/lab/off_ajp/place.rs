//! The hosts of the page, and where their folders and files are in the lab.

use crate::folders;
use crate::network::Host;
use crate::site::Site;
use crate::web::Flavour;
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// The Tomcat on the web host, in the section on unix sockets.
pub const LOCAL: &str = "a-was@web-01";
/// What the page says of Debian: its words on Rocky, and on Debian.
const DEBIAN: [(&str, &str); 7] = [
    ("/etc/httpd/conf/httpd.conf", "/etc/apache2/apache2.conf"),
    ("/etc/httpd/conf", "/etc/apache2"),
    ("httpd -t", "apache2ctl -t"),
    ("reload httpd", "reload apache2"),
    ("restart httpd", "restart apache2"),
    ("-aG tomcat apache", "-aG tomcat www-data"),
    ("-u apache", "-u www-data"),
];
/// On the other was host the page is read with these words; commands about a-was1 are about a-was2 then.
const OTHER_WAS: [(&str, &str); 3] = [
    ("was-01", "was-02"),
    ("172.16.2.1", "172.16.2.2"),
    ("a-was1", "a-was2"),
];
/// On the other web host.
const OTHER_WEB: [(&str, &str); 1] = [("172.16.3.1 at", "172.16.3.2 at")];

/// Where something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name on the page.
    pub name: String,
    /// The host.
    pub host: Host,
    /// Where its commands run, for this program.
    pub folder: PathBuf,
}

impl Place {
    /// The one of that name.
    pub fn of(name: &str) -> Result<Place> {
        let (host, folder) = match name {
            "web-01" => (Host::Web01, web(Host::Web01)),
            "web-02" => (Host::Web02, web(Host::Web02)),
            "was-01" => (Host::Was01, was(Host::Was01)?),
            "was-02" => (Host::Was02, was(Host::Was02)?),
            LOCAL => (Host::Web01, was(Host::Web01)?),
            // Neither users nor web servers reach it.
            "ca-01" => (Host::Other, "/run/lab/ca".into()),
            "other-01" => (Host::Other, "/run/lab/other".into()),
            _ => bail!("the lab has no host {name}"),
        };
        fs::create_dir_all(&folder)?;
        Ok(Place {
            name: name.to_owned(),
            host,
            folder,
        })
    }

    /// Where a file of it is, for this program.
    pub fn file(&self, name: &str) -> PathBuf {
        match (name.strip_prefix("/etc/"), name) {
            (Some(name), _) => folders::etc(self.host, name),
            (None, "jk.conf") => Flavour::of(self.host).jk_conf(self.host),
            (None, name) => self.folder.join(name),
        }
    }

    /// What the page says, in the words for this host.
    pub fn words(&self, text: &str) -> String {
        let table = match self.host {
            Host::Web01 => &DEBIAN[..],
            Host::Web02 => &OTHER_WEB,
            _ => &[],
        };
        replaced(text, table)
    }
}

/// What the page says, in the words for the other was host.
pub fn for_other_was(text: &str) -> String {
    replaced(text, &OTHER_WAS)
}

fn replaced(text: &str, table: &[(&str, &str)]) -> String {
    let replace = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
    table.iter().fold(text.to_owned(), replace)
}

fn web(host: Host) -> PathBuf {
    Flavour::of(host).conf_folder(host)
}

fn was(host: Host) -> Result<PathBuf> {
    Ok(folders::tomcats(host)?.join(Site::A.instance()))
}

/// The text of a file; nothing, if it is not there.
pub fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
