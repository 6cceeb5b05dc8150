//! Tables of the file with their places, and values by the type that is wanted.

use super::instead;
use super::json::{self, integer};
use super::places::ConfigPlaces;
use super::units::{as_bytes, as_time, bytes, time};
use crate::error::{ConfigError, Location};
use ::toml::Spanned;
use ::toml::de::{DeString, DeTable, DeValue};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

/// The text of the file, to find the line of a place in it.
pub(super) struct Source<'a> {
    text: &'a str,
    file: Arc<str>,
    /// Where lines end.
    ends: Vec<usize>,
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
        }
    }

    pub(super) fn syntax_error(&self, error: &::toml::de::Error) -> ConfigError {
        let place = error.span().map(|span| self.location(span));
        ConfigError::new(place, format!("no valid TOML: {}", error.message())).coded("toml-syntax")
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

    /// An error that the table as a whole is to blame for.
    pub(super) fn error(&self, message: String) -> ConfigError {
        ConfigError::new(Some(self.location.clone()), message)
    }

    /// An error of the value of `key`.
    pub(super) fn error_at(&self, key: &str, message: String) -> ConfigError {
        ConfigError::new(Some(self.place(key)), message)
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
    pub(super) fn only(
        &self,
        known: impl Iterator<Item = &'static str> + Clone,
    ) -> Result<(), ConfigError> {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !known.clone().any(|one| one == name) {
                let hint = instead(name, known.clone());
                let place = self.source.location(key.span());
                let message = format!("unknown key {name}{hint}");
                return Err(ConfigError::new(Some(place), message));
            }
        }
        Ok(())
    }

    /// The tables inside of the table `key`, by name.
    pub(super) fn sections(
        &self,
        key: &str,
        form: &str,
    ) -> Result<Vec<(&'a str, Section<'a>)>, ConfigError> {
        let Some(outer) = self.section(key, form)? else {
            return Ok(Vec::new());
        };
        outer
            .keys()
            .map(|name| {
                outer
                    .section(name, form)
                    .map(|inner| inner.map(|inner| (name, inner)))
            })
            .filter_map(Result::transpose)
            .collect()
    }

    /// The table `key`, written as `form`.
    pub(super) fn section(
        &self,
        key: &str,
        form: &str,
    ) -> Result<Option<Section<'a>>, ConfigError> {
        let Some((name, value)) = self.entry(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Table(table) => Ok(Some(Section {
                source: self.source,
                table,
                location: self.source.location(name.span()),
            })),
            _ => Err(self.mismatch(key, value, &format!("a table, {form}"))),
        }
    }

    /// A text with its place.
    pub(super) fn text(&self, key: &str) -> Result<Option<(&'a str, Location)>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::String(text) if !text.is_empty() => {
                Ok(Some((text.as_ref(), self.source.location(value.span()))))
            }
            _ => Err(self.mismatch(key, value, "a text in quotes")),
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        let text = value.get_ref().as_str();
        let found = words.iter().find(|(word, _)| Some(*word) == text);
        let wanted = || {
            let quoted: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            quoted.join(" or ")
        };
        found
            .map(|(_, meaning)| Some(*meaning))
            .ok_or_else(|| self.mismatch(key, value, &wanted()))
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        key: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        let wanted = format!("a number from {} to {}", bounds.start(), bounds.end());
        integer(value.get_ref())
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| bounds.contains(number))
            .map(Some)
            .ok_or_else(|| self.mismatch(key, value, &wanted))
    }

    /// A share: a number from `least` to 1.
    pub(super) fn share(&self, key: &str, least: f64) -> Result<Option<f64>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        let share = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            other => (integer(other) == Some(1)).then_some(1.0),
        };
        share
            .filter(|share| (least..=1.0).contains(share))
            .map(Some)
            .ok_or_else(|| {
                self.mismatch(
                    key,
                    value,
                    &format!("a number from {least} to 1, such as 0.1"),
                )
            })
    }

    /// A size in bytes: a number, or a text such as "512KiB" or "2MiB".
    pub(super) fn size(
        &self,
        key: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        let size = match value.get_ref() {
            DeValue::String(text) => bytes(text),
            other => integer(other).and_then(|number| u64::try_from(number).ok()),
        };
        let (least, most) = (as_bytes(*bounds.start()), as_bytes(*bounds.end()));
        let wanted = format!("a size such as \"2MiB\", from \"{least}\" to \"{most}\"");
        size.filter(|size| bounds.contains(size))
            .map(Some)
            .ok_or_else(|| self.mismatch(key, value, &wanted))
    }

    /// A time as a text with its unit, such as "60s".
    pub(super) fn time(
        &self,
        key: &str,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Option<Duration>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        let (least, most) = (as_time(*bounds.start()), as_time(*bounds.end()));
        let wanted = format!("a time such as \"60s\", from \"{least}\" to \"{most}\"");
        let text = value.get_ref().as_str();
        text.and_then(time)
            .filter(|time| bounds.contains(time))
            .map(Some)
            .ok_or_else(|| self.mismatch(key, value, &wanted))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        let flag = value.get_ref().as_bool();
        flag.map(Some)
            .ok_or_else(|| self.mismatch(key, value, "true or false"))
    }

    /// A table, or `true` or `false` in its place.
    pub(super) fn switch(&self, key: &str) -> Result<Option<Switch<'a>>, ConfigError> {
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(Some(Switch::Flag(*flag))),
            DeValue::Table(_) => Ok(self.section(key, "")?.map(Switch::Table)),
            _ => Err(self.mismatch(key, value, "true, false or a table")),
        }
    }

    /// The table as the text of a JSON object.
    pub(super) fn to_json(&self) -> Result<String, ConfigError> {
        json::object(self.table)
            .map(|object| object.to_string())
            .map_err(|(span, problem)| ConfigError::new(Some(self.source.location(span)), problem))
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

    fn mismatch(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> ConfigError {
        let written = self.source.text.get(value.span()).unwrap_or_default();
        let written = written.lines().next().unwrap_or_default();
        let place = self.source.location(value.span());
        ConfigError::new(Some(place), format!("{key} is {written}; write {wanted}"))
    }
}
