//! One worker's attributes as typed values (P-10…P-13). What mod_jk tolerates gives a warning.
//!
//! Messages name the attribute without the worker: when a template's line is shared by many workers the
//! warnings are equal and [`Workers::build`](super::Workers::build) keeps one.

use crate::advice::bare;
use crate::error::{Code, ConfigError, Location, Warning};
use crate::properties::{Entry, Properties};
use bstr::{BStr, BString, ByteSlice};
use std::time::Duration;

/// Longest name, host, route, domain, cookie or path name (P-13, Z-02).
const MOST_NAME_BYTES: usize = 63;

/// Reads the attributes of one worker.
pub(super) struct Attributes<'a> {
    properties: &'a Properties,
    worker: BString,
    prefix: BString,
    warnings: &'a mut Vec<Warning>,
}

impl<'a> Attributes<'a> {
    /// The attributes `worker.<worker>.*`.
    pub fn new(
        properties: &'a Properties,
        worker: &BStr,
        warnings: &'a mut Vec<Warning>,
    ) -> Attributes<'a> {
        let prefix = [b"worker.", worker.as_bytes(), b"."].concat().into();
        Attributes {
            properties,
            worker: worker.into(),
            prefix,
            warnings,
        }
    }

    /// The attributes `worker.*` of no worker.
    pub fn global(properties: &'a Properties, warnings: &'a mut Vec<Warning>) -> Attributes<'a> {
        Attributes {
            properties,
            worker: BString::default(),
            prefix: "worker.".into(),
            warnings,
        }
    }

    /// The attributes of another worker, with the same warnings.
    pub fn of(&mut self, worker: &BStr) -> Attributes<'_> {
        Attributes::new(self.properties, worker, self.warnings)
    }

    /// All properties of the file.
    pub fn properties(&self) -> &'a Properties {
        self.properties
    }

    /// The worker's name.
    pub fn worker(&self) -> &BStr {
        self.worker.as_bstr()
    }

    /// Where the warnings go.
    pub fn warnings(&mut self) -> &mut Vec<Warning> {
        self.warnings
    }

    /// The line that sets `attribute`.
    pub fn entry(&self, attribute: &str) -> Option<&'a Entry> {
        self.properties
            .get([self.prefix.as_slice(), attribute.as_bytes()].concat())
    }

    /// Warns about the line that sets `attribute`; `None` when there is none.
    pub fn warn(&mut self, entry: &Entry, message: impl Into<String>) {
        self.warn_as("value-replaced", entry, message);
    }

    /// The same with another code.
    pub fn warn_as(&mut self, code: Code, entry: &Entry, message: impl Into<String>) {
        let warning = Warning::new(Some(entry.location.clone()), message);
        self.warnings.push(warning.coded(code));
    }

    /// P-10; `None` when absent, not a number or out of 32 bits.
    pub fn integer(&mut self, attribute: &str) -> Option<i32> {
        let entry = self.entry(attribute)?;
        let value = &entry.value;
        let Some((number, rest)) = parse_integer(value) else {
            let message =
                format!("{attribute} is {value:?}, not a number of 32 bits; the default is used");
            self.warn(entry, message);
            return None;
        };
        if !rest.is_empty() {
            // `30s` or `60*30` say more than the number that is read.
            let is_noise = bare(&rest.to_str_lossy())
                .trim_matches([';', ','])
                .is_empty();
            let remedy = if is_noise {
                number.to_string()
            } else {
                "a plain number".to_owned()
            };
            let message =
                format!("{attribute} is {value:?} and is read as {number}; write {remedy}");
            self.warn(entry, message);
        }
        Some(number)
    }

    /// A number of at least `least`: a lower one is raised to it.
    pub fn at_least(&mut self, attribute: &str, least: u32, default: u32) -> u32 {
        let Some(number) = self.integer(attribute) else {
            return default;
        };
        match u32::try_from(number) {
            Ok(number) if number >= least => number,
            _ => {
                if let Some(entry) = self.entry(attribute) {
                    let message =
                        format!("{attribute} is {number}; {least}, the lowest value, is used");
                    self.warn(entry, message);
                }
                least
            }
        }
    }

    /// A number that mod_jk takes for absent when it is negative (A-14…A-16).
    pub fn not_negative(&mut self, attribute: &str) -> Option<u32> {
        let number = self.integer(attribute)?;
        let wanted = u32::try_from(number).ok();
        if wanted.is_none()
            && let Some(entry) = self.entry(attribute)
        {
            self.warn(
                entry,
                format!("{attribute} is {number}; the default is used"),
            );
        }
        wanted
    }

    /// Whole seconds; a negative number means zero.
    pub fn seconds(&mut self, attribute: &str, default: u64) -> Duration {
        Duration::from_secs(self.not_below_zero(attribute).unwrap_or(default))
    }

    /// Milliseconds; a negative number means zero; `None` when absent or no number.
    pub fn milliseconds(&mut self, attribute: &str) -> Option<Duration> {
        self.not_below_zero(attribute).map(Duration::from_millis)
    }

    fn not_below_zero(&mut self, attribute: &str) -> Option<u64> {
        let number = self.integer(attribute)?;
        let wanted = u64::try_from(number).ok();
        if wanted.is_none()
            && let Some(entry) = self.entry(attribute)
        {
            let message = format!("{attribute} is {number} and means 0; write 0");
            self.warn(entry, message);
        }
        Some(wanted.unwrap_or(0))
    }

    /// P-11; the default with a warning for any other word.
    pub fn boolean(&mut self, attribute: &str, default: bool) -> bool {
        let Some(entry) = self.entry(attribute) else {
            return default;
        };
        parse_boolean(&entry.value).unwrap_or_else(|| {
            let word = if default { "true" } else { "false" };
            let value = &entry.value;
            let message =
                format!("{attribute} is {value:?}, neither true nor false; {word} is used");
            self.warn(entry, message);
            default
        })
    }

    /// A string of any length.
    pub fn text(&self, attribute: &str) -> Option<BString> {
        self.entry(attribute).map(|entry| entry.value.clone())
    }

    /// A string of at most 63 bytes.
    ///
    /// # Errors
    /// P-13: a longer one.
    pub fn name(&self, attribute: &str) -> Result<Option<BString>, ConfigError> {
        let Some(entry) = self.entry(attribute) else {
            return Ok(None);
        };
        check_length(attribute, &entry.value, Some(&entry.location))?;
        Ok(Some(entry.value.clone()))
    }
}

/// P-12: what blanks, tabs and commas separate.
pub(super) fn split_list(value: &[u8]) -> impl Iterator<Item = &BStr> {
    value
        .split(|byte| matches!(byte, b' ' | b'\t' | b','))
        .filter(|item| !item.is_empty())
        .map(ByteSlice::as_bstr)
}

/// P-13: 63 bytes are the most; `what` names the value in the message.
pub(super) fn check_length(
    what: &str,
    value: &BString,
    location: Option<&Location>,
) -> Result<(), ConfigError> {
    if value.len() <= MOST_NAME_BYTES {
        return Ok(());
    }
    let message = format!(
        "{what} has {} bytes ({value}); write at most 63",
        value.len()
    );
    Err(ConfigError::new(location.cloned(), message).coded("name-too-long"))
}

/// A leading decimal number with its `k` or `m`, and the text after it.
fn parse_integer(value: &[u8]) -> Option<(i32, &[u8])> {
    let text = value.trim_ascii_start();
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let digits = text
        .iter()
        .skip(sign)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (number, rest) = text.split_at_checked(sign + digits)?;
    let number: i64 = number.to_str().ok()?.parse().ok()?;
    let (factor, rest) = match rest.split_first() {
        Some((b'k' | b'K', rest)) => (1 << 10, rest),
        Some((b'm' | b'M', rest)) => (1 << 20, rest),
        _ => (1, rest),
    };
    Some((i32::try_from(number.checked_mul(factor)?).ok()?, rest))
}

/// A word for true or false (P-11).
pub fn parse_boolean(value: &[u8]) -> Option<bool> {
    match value.first()? {
        b'f' | b'F' | b'n' | b'N' => Some(false),
        b't' | b'T' | b'y' | b'Y' => Some(true),
        _ if value.eq_ignore_ascii_case(b"off") || value == b"0" => Some(false),
        _ if value.eq_ignore_ascii_case(b"on") || value == b"1" => Some(true),
        _ => None,
    }
}
