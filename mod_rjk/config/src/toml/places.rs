//! Where the words of a policy's own table are written, to find the line that its `configure` complains
//! of: a policy sees JSON text and knows no lines.

use crate::error::Location;

/// The places of `[policy.NAME.config]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigPlaces {
    table: Location,
    keys: Vec<Word>,
    texts: Vec<Word>,
}

/// What is written, and its line.
type Word = (String, u32);

impl ConfigPlaces {
    pub(super) fn new(table: Location) -> ConfigPlaces {
        ConfigPlaces {
            table,
            keys: Vec::new(),
            texts: Vec::new(),
        }
    }

    /// Of equal keys the first one is found, so outer ones come first.
    pub(super) fn add_key(&mut self, key: &str, line: u32) {
        self.keys.push((key.to_owned(), line));
    }

    /// A text that is a value, or one of a list.
    pub(super) fn add_text(&mut self, text: &str, line: u32) {
        self.texts.push((text.to_owned(), line));
    }

    /// The line that a message of `configure` is about: that of the first key or text of the table that the
    /// message has in quotes, else that of the key that it begins with, else that of the table. A guess, which
    /// is never far off: the message itself goes on saying what is wrong.
    pub fn of(&self, message: &str) -> Location {
        // Here the one key that is quoted first is the one that is not there.
        let is_missing = message.contains("missing field");
        let mut named = quoted(message).chain(first_words(message));
        let line = named.find_map(|word| self.line_of(word));
        match line {
            Some(line) if !is_missing => Location::new(self.table.file.clone(), line),
            _ => self.table.clone(),
        }
    }

    fn line_of(&self, word: &str) -> Option<u32> {
        let mut words = self.keys.iter().chain(&self.texts);
        words.find(|(text, _)| text == word).map(|(_, line)| *line)
    }
}

/// What stands in backticks or quotes.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let (_, opened) = rest.split_once(['`', '"'])?;
        let quote = rest[..rest.len() - opened.len()].chars().last()?;
        let (word, behind) = opened.split_once(quote)?;
        rest = behind;
        Some(word)
    })
}

/// `a.b` of `a.b: what is wrong with it`: its last word, then the first.
fn first_words(message: &str) -> impl Iterator<Item = &str> {
    let end = message.find([' ', ':']).unwrap_or(message.len());
    message[..end].rsplit('.').filter(|word| !word.is_empty())
}
