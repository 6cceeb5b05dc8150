//! Lines for later.

use super::lines::words;
use super::shown;
use super::variables::MOST_BYTES;
use bstr::ByteSlice;
use std::sync::Arc;

/// A `<Macro>`.
pub(super) struct Macro {
    /// In lower case.
    pub(super) name: String,
    parameters: Vec<Vec<u8>>,
    /// Where it is written.
    pub(super) file: Arc<str>,
    lines: Vec<(u32, Vec<u8>)>,
}

impl Macro {
    /// One that begins in a file.
    pub(super) fn new(arguments: &[u8], file: Arc<str>) -> Macro {
        let mut words = words(arguments).into_iter();
        Macro {
            name: shown(&words.next().unwrap_or_default()).to_ascii_lowercase(),
            // An empty one would be found everywhere.
            parameters: words.filter(|word| !word.is_empty()).collect(),
            file,
            lines: Vec::new(),
        }
    }

    /// One more line.
    pub(super) fn push(&mut self, number: u32, line: &[u8]) {
        self.lines.push((number, line.to_vec()));
    }

    /// Its lines, with these values of its parameters.
    pub(super) fn lines(&self, values: &[Vec<u8>]) -> impl Iterator<Item = (u32, Vec<u8>)> {
        self.lines.iter().map(move |(number, line)| {
            let mut line = line.clone();
            for (parameter, value) in self.parameters.iter().zip(values) {
                if line.len() * (value.len() + 1) < MOST_BYTES {
                    line = line.replace(parameter, value);
                }
            }
            (*number, line)
        })
    }
}
