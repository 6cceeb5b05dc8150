//! Reads an httpd configuration as httpd does, as far as the module's directives need it: files that are
//! included, variables, conditions, and the sections around each line.

mod condition;
mod glob;
mod lines;
mod place;
mod reader;

pub use place::{Found, Root};
pub use reader::{Note, read};

use bstr::{BString, ByteSlice};
use rjk_config::error::Location;
use std::rc::Rc;

/// All lines that count, in the order in which httpd comes to them.
#[derive(Debug, Default)]
pub struct Configuration {
    /// The directives.
    pub lines: Vec<Line>,
    /// All sections, also those without a directive in them.
    pub sections: Vec<Rc<Section>>,
    /// What relative names are relative to.
    pub root: Root,
    /// The MPM, if the configuration loads one.
    pub mpm: Option<&'static str>,
    /// What could not be followed.
    pub notes: Vec<Note>,
}

/// One directive.
#[derive(Clone, Debug)]
pub struct Line {
    /// As it is written.
    pub name: String,
    /// The rest of the line, variables replaced.
    pub arguments: BString,
    /// Where it is.
    pub place: Location,
    /// The innermost section around it.
    pub section: Option<Rc<Section>>,
}

impl Line {
    /// Whether this is the directive `name`.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its words, as httpd counts them.
    pub fn words(&self) -> Vec<BString> {
        let words = lines::words(&self.arguments);
        words.into_iter().map(BString::from).collect()
    }

    /// The sections around it, the innermost first.
    pub fn sections(&self) -> impl Iterator<Item = &Rc<Section>> {
        std::iter::successors(self.section.as_ref(), |section| section.parent.as_ref())
    }

    /// The virtual host that it stands in.
    pub fn virtual_host(&self) -> Option<&Rc<Section>> {
        self.sections().find(|section| section.is("VirtualHost"))
    }
}

/// One `<Section …>`.
#[derive(Debug)]
pub struct Section {
    /// Its name, as it is written.
    pub name: String,
    /// Its arguments, variables replaced.
    pub arguments: BString,
    /// Where it begins.
    pub place: Location,
    /// The section around it.
    pub parent: Option<Rc<Section>>,
}

impl Section {
    /// Whether this is a `<name …>`.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its words, as httpd counts them.
    pub fn words(&self) -> Vec<BString> {
        let words = lines::words(&self.arguments);
        words.into_iter().map(BString::from).collect()
    }

    /// The path that it is about, and whether that is a regular expression.
    pub fn path(&self) -> (BString, bool) {
        let is_match = self.name.to_ascii_lowercase().ends_with("match");
        let (first, rest) = lines::word(&self.arguments);
        if first == b"~" {
            return (lines::word(rest).0.into(), true);
        }
        (first.into(), is_match)
    }
}

/// The first word of a line, and the rest of it.
pub fn first_word(line: &[u8]) -> (BString, &[u8]) {
    let (word, rest) = lines::word(line);
    (word.into(), rest)
}

/// The lines of a text, continued ones joined, with their numbers.
pub fn lines_of(text: &[u8]) -> impl Iterator<Item = (u32, Vec<u8>)> + '_ {
    lines::lines(text)
}

/// Text for messages.
fn shown(bytes: &[u8]) -> String {
    bytes.to_str_lossy().into_owned()
}
