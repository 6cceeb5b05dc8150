//! A manual page.

use clap_mangen::roff::{Roff, bold, roman};
use serde::Serialize;

/// A manual page, in the language of troff.
#[derive(Debug, Serialize)]
pub struct Page {
    /// Its name, without the section.
    pub name: String,
    /// 1 for commands, 5 for files.
    pub section: u8,
    /// What it is about, in a line.
    pub about: String,
    /// The page.
    pub text: String,
}

impl Page {
    /// A page on a file that is configured; `write` adds what follows the name.
    pub fn of_file(name: &str, about: &str, write: impl FnOnce(&mut Roff)) -> Page {
        let mut roff = Roff::new();
        let version = concat!("mod_rjk ", env!("CARGO_PKG_VERSION"));
        roff.control("TH", [name, "5", "", version, "File formats"]);
        roff.control("SH", ["NAME"]);
        roff.text([roman(format!("{name} - {about}"))]);
        write(&mut roff);
        Page {
            name: name.to_owned(),
            section: 5,
            about: about.to_owned(),
            text: roff.render(),
        }
    }

    /// `rjk.toml(5)`.
    pub fn title(&self) -> String {
        format!("{}({})", self.name, self.section)
    }

    /// `man5/rjk.toml.5`.
    pub fn file(&self) -> String {
        format!("man{0}/{1}.{0}", self.section, self.name)
    }

    /// Whether a person means this page.
    pub fn is(&self, name: &str) -> bool {
        name == self.name || name == self.title()
    }
}

/// A word that is explained, then its explanation.
pub fn entry(roff: &mut Roff, word: &str, rest: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(word), roman(rest)]);
    roff.text([roman(text)]);
}

/// Lines that stay as they are.
pub fn example(roff: &mut Roff, text: &str) {
    roff.control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}
