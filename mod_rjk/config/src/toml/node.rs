//! Tables of the file with their places, and values by the type that is wanted.

use super::json::{self, integer};
use super::places::ConfigPlaces;
use super::units::{as_bytes, as_time, bytes, time};
use super::{instead, words::meant};
use crate::error::{ConfigError, Location};
use ::toml::Spanned;
use ::toml::de::{DeString, DeTable, DeValue};
use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

/// The text of the file, to find the line of a place in it, and what is wrong with it.
pub(super) struct Source<'a> {
    text: &'a str,
    file: Arc<str>,
    /// Where lines end.
    ends: Vec<usize>,
    /// What was found so far: reading goes on, so that all mistakes are told at once.
    errors: RefCell<Vec<ConfigError>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str, file: &str) -> Source<'a> {
        let bytes = text.bytes().enumerate();
        Source {
            text,
            file: file.into(),
            ends: bytes
                .filter_map(|(at, byte)| (byte == b'\n').then_some(at))
                .collect(),
            errors: RefCell::default(),
        }
    }

    pub(super) fn syntax_error(&self, error: &::toml::de::Error) -> ConfigError {
        let place = error.span().map(|span| self.location(span));
        ConfigError::new(place, format!("no valid TOML: {}", error.message())).coded("toml-syntax")
    }

    /// Remembers what is wrong.
    pub(super) fn refuse(&self, error: ConfigError) {
        self.errors.borrow_mut().push(error);
    }

    /// Whether what `read` reads has no mistake in it.
    pub(super) fn is_well<T>(&self, read: impl FnOnce() -> T) -> (T, bool) {
        let before = self.errors.borrow().len();
        let result = read();
        (result, self.errors.borrow().len() == before)
    }

    /// All that is wrong.
    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        self.errors.into_inner()
    }

    fn location(&self, span: Range<usize>) -> Location {
        Location::new(self.file.clone(), self.line(span))
    }

    fn line(&self, span: Range<usize>) -> u32 {
        let line = 1 + self.ends.partition_point(|end| *end < span.start);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

/// One table of the file.
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    location: Location,
}

/// What stands where a table may.
pub(super) enum Switch<'a> {
    Flag(bool),
    Table(Section<'a>),
}

type Entry<'a> = (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>);

impl<'a> Section<'a> {
    pub(super) fn root(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Section<'a> {
        Section {
            source,
            table,
            location: source.location(0..0),
        }
    }

    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    /// The file that it is in.
    pub(super) fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// An error that the table as a whole is to blame for.
    pub(super) fn refuse(&self, message: String) {
        self.refuse_in(self.location.clone(), message);
    }

    /// An error of the value of `key`.
    pub(super) fn refuse_at(&self, key: &str, message: String) {
        self.refuse_in(self.place(key), message);
    }

    /// An error at a place.
    pub(super) fn refuse_in(&self, place: Location, message: String) {
        self.source.refuse(ConfigError::new(Some(place), message));
    }

    /// Where `key` is written, else the table.
    pub(super) fn place(&self, key: &str) -> Location {
        let place = self.entry(key).map(|(name, _)| name.span());
        place.map_or_else(|| self.location.clone(), |span| self.source.location(span))
    }

    /// Whether `key` is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.table.keys().map(|name| name.get_ref().as_ref())
    }

    /// Refuses keys other than these.
    pub(super) fn only(&self, known: impl Iterator<Item = &'static str> + Clone) {
        for key in self.others(known.clone()) {
            self.refuse_key(key, known.clone());
        }
    }

    /// The keys other than these.
    pub(super) fn others(
        &self,
        known: impl Iterator<Item = &'static str> + Clone,
    ) -> impl Iterator<Item = &'a str> {
        let is_known = move |key: &&str| known.clone().any(|one| one == *key);
        self.keys().filter(move |key| !is_known(key))
    }

    /// Refuses a key that is none of these.
    pub(super) fn refuse_key(&self, key: &str, known: impl Iterator<Item = &'static str> + Clone) {
        let meant = meant(key).filter(|meant| known.clone().any(|one| one == *meant));
        let hint = match meant {
            Some(meant) => format!("; write {meant}"),
            None => instead(key, known),
        };
        self.refuse_at(key, format!("unknown key {key}{hint}"));
    }

    /// The tables inside of the table `key`, by name.
    pub(super) fn sections(&self, key: &str, form: &str) -> Vec<(&'a str, Section<'a>)> {
        let Some(outer) = self.section(key, form) else {
            return Vec::new();
        };
        let inner = |name| outer.section(name, form).map(|inner| (name, inner));
        outer.keys().filter_map(inner).collect()
    }

    /// The table `key`, written as `form`.
    pub(super) fn section(&self, key: &str, form: &str) -> Option<Section<'a>> {
        let (name, value) = self.entry(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.mismatch(key, value, &format!("a table, {form}"));
            return None;
        };
        Some(Section {
            source: self.source,
            table,
            location: self.source.location(name.span()),
        })
    }

    /// The value of `key` as `read` reads it; where that is nothing, `wanted` says what it could read.
    fn value<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
        wanted: impl FnOnce() -> String,
    ) -> Option<T> {
        let (_, value) = self.entry(key)?;
        let found = read(value.get_ref());
        if found.is_none() {
            self.mismatch(key, value, &wanted());
        }
        found
    }

    /// A text, written as it is or wrongly.
    pub(super) fn written_text(&self, key: &str) -> Option<&'a str> {
        self.entry(key)?.1.get_ref().as_str()
    }

    /// A text with its place.
    pub(super) fn text(&self, key: &str) -> Option<(&'a str, Location)> {
        let place = self.entry(key).map(|(_, value)| value.span())?;
        let read = |value: &'a DeValue<'a>| value.as_str().filter(|text| !text.is_empty());
        let text = self.value(key, read, || match self.written_text(key) {
            Some(_) => "a text that is not empty".to_owned(),
            None => "a text in quotes".to_owned(),
        })?;
        Some((text, self.source.location(place)))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let read = |value: &DeValue<'_>| {
            let found = words.iter().find(|(word, _)| Some(*word) == value.as_str());
            found.map(|(_, meaning)| *meaning)
        };
        self.value(key, read, || {
            let quoted: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            quoted.join(" or ")
        })
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, key: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let read = |value: &DeValue<'_>| {
            let number = integer(value).and_then(|number| u64::try_from(number).ok());
            number.filter(|number| bounds.contains(number))
        };
        self.value(key, read, || {
            format!("a number from {} to {}", bounds.start(), bounds.end())
        })
    }

    /// A share: a number from `least` to 1.
    pub(super) fn share(&self, key: &str, least: f64) -> Option<f64> {
        let read = |value: &DeValue<'_>| {
            let share = match value {
                DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
                other => (integer(other) == Some(1)).then_some(1.0),
            };
            share.filter(|share| (least..=1.0).contains(share))
        };
        self.value(key, read, || {
            format!("a number from {least} to 1, such as 0.1")
        })
    }

    /// A size in bytes: a number, or a text such as "512KiB" or "2MiB".
    pub(super) fn size(&self, key: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let read = |value: &DeValue<'_>| {
            let size = match value {
                DeValue::String(text) => bytes(text),
                other => integer(other).and_then(|number| u64::try_from(number).ok()),
            };
            size.filter(|size| bounds.contains(size))
        };
        self.value(key, read, || {
            let (least, most) = (as_bytes(*bounds.start()), as_bytes(*bounds.end()));
            format!("a size such as \"2MiB\", from \"{least}\" to \"{most}\"")
        })
    }

    /// A time as a text with its unit, such as "60s".
    pub(super) fn time(&self, key: &str, bounds: RangeInclusive<Duration>) -> Option<Duration> {
        let read = |value: &DeValue<'_>| {
            let time = value.as_str().and_then(time);
            time.filter(|time| bounds.contains(time))
        };
        self.value(key, read, || {
            let (least, most) = (as_time(*bounds.start()), as_time(*bounds.end()));
            format!("a time such as \"60s\", from \"{least}\" to \"{most}\"")
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.value(key, DeValue::as_bool, || "true or false".to_owned())
    }

    /// A table, or `true` or `false` in its place; `wanted` says that.
    pub(super) fn switch(&self, key: &str, wanted: impl FnOnce() -> String) -> Option<Switch<'a>> {
        let is_table = |value: &DeValue<'_>| value.as_table().is_some();
        if self
            .entry(key)
            .is_some_and(|(_, value)| is_table(value.get_ref()))
        {
            return self.section(key, "").map(Switch::Table);
        }
        self.value(key, |value| value.as_bool().map(Switch::Flag), wanted)
    }

    /// The table as the text of a JSON object.
    pub(super) fn to_json(&self) -> Option<String> {
        let object = json::object(self.table).map_err(|(span, problem)| {
            self.refuse_in(self.source.location(span), problem);
        });
        Some(object.ok()?.to_string())
    }

    /// Where its keys and texts are, those of inner tables too.
    pub(super) fn places(&self) -> ConfigPlaces {
        let mut places = ConfigPlaces::new(self.location.clone());
        let mut tables = vec![self.table];
        while !tables.is_empty() {
            let entries = tables.iter().flat_map(|table| table.iter());
            let mut inner = Vec::new();
            for (key, value) in entries {
                places.add_key(key.get_ref(), self.source.line(key.span()));
                self.add_value(value, &mut places, &mut inner);
            }
            tables = inner;
        }
        places
    }

    fn add_value(
        &self,
        value: &'a Spanned<DeValue<'a>>,
        places: &mut ConfigPlaces,
        inner: &mut Vec<&'a DeTable<'a>>,
    ) {
        match value.get_ref() {
            DeValue::String(text) => places.add_text(text, self.source.line(value.span())),
            DeValue::Array(list) => list
                .iter()
                .for_each(|one| self.add_value(one, places, inner)),
            DeValue::Table(table) => inner.push(table),
            _ => {}
        }
    }

    fn entry(&self, key: &str) -> Option<Entry<'a>> {
        self.table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
    }

    fn mismatch(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let written = self.source.text.get(value.span()).unwrap_or_default();
        let written = written.lines().next().unwrap_or_default();
        let place = self.source.location(value.span());
        self.refuse_in(place, format!("{key} is {written}; write {wanted}"));
    }
}
