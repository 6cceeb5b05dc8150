//! Reads an httpd configuration as httpd does, as far as the module's directives need it: files that are
//! included, variables, conditions, and the sections around each line.

mod condition;
mod envvars;
mod glob;
mod include;
mod lines;
mod macros;
mod place;
mod reader;
mod variables;

pub use place::{Found, Root};
pub use reader::{Note, read};

use bstr::{BString, ByteSlice};
use regex::bytes::Regex;
use rjk_config::error::Location;
use rjk_config::wildcard::matches;
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
    /// What httpd does not start with.
    pub errors: Vec<Note>,
    /// It begins where httpd does, and is no part of another one.
    pub is_httpds: bool,
    /// Something in it is for this module.
    pub has_jk: bool,
    /// Variables that the command was given, or that httpd gets from the script that starts it.
    pub environment: Vec<(BString, BString)>,
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

    /// Whether it is a `<Location>` or `<LocationMatch>` for a path; `None` for an expression that is none here, and
    /// may be one for httpd.
    pub fn is_for(&self, path: &[u8]) -> Option<bool> {
        if !(self.is("Location") || self.is("LocationMatch")) {
            return Some(false);
        }
        let (own, is_regex) = self.path();
        if is_regex {
            let expression = own.to_str().ok().and_then(|text| Regex::new(text).ok());
            return expression.map(|expression| expression.is_match(path));
        }
        if own.find_byteset(b"*?[").is_some() {
            return Some(is_like(&own, path));
        }
        // `<Location /jk>` holds for `/jk/x` and not for `/jkx`.
        let rest = path.strip_prefix(own.as_slice());
        let ends = |rest: &[u8]| rest.is_empty() || rest.starts_with(b"/") || own.ends_with(b"/");
        Some(rest.is_some_and(ends))
    }
}

/// The wildcards of a `<Location>` stand for no slash. A set of letters is taken to hold.
fn is_like(pattern: &[u8], path: &[u8]) -> bool {
    let pattern: Vec<&[u8]> = pattern.split_str("/").collect();
    let path: Vec<&[u8]> = path.split_str("/").collect();
    let is_part = |(part, own): (&&[u8], &&[u8])| part.contains(&b'[') || matches(part, own);
    pattern.len() == path.len() && pattern.iter().zip(&path).all(is_part)
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
