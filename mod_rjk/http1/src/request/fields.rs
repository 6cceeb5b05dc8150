//! The client's headers on their way to the worker.

use super::bytes::TOKEN;
use super::error::{RequestError, shown};
use super::names::{is_near, is_removable, is_removed};
use super::put_field;
use std::cmp::Ordering;

/// What has to be known of all headers before the first one is written.
#[derive(Debug, Default)]
pub(super) struct Survey<'a> {
    /// The client's Host.
    pub(super) host: Option<&'a [u8]>,
    /// What `Connection` names and can remove, sorted: a hostile client sends thousands of options
    /// and hundreds of headers.
    named: Vec<&'a [u8]>,
}

impl<'a> Survey<'a> {
    /// Looks at the headers.
    ///
    /// # Errors
    /// [`RequestError::Host`] if there is more than one.
    pub(super) fn of(headers: &[(&'a [u8], &'a [u8])]) -> Result<Survey<'a>, RequestError> {
        let mut survey = Survey::default();
        for &(name, value) in headers {
            match name.len() {
                4 if name.eq_ignore_ascii_case(b"Host") => survey.take_host(value)?,
                10 if name.eq_ignore_ascii_case(b"Connection") => survey.name(value),
                _ => {}
            }
        }
        survey
            .named
            .sort_unstable_by(|a, b| compare_ignore_case(a, b));
        Ok(survey)
    }

    fn take_host(&mut self, value: &'a [u8]) -> Result<(), RequestError> {
        if self.host.replace(value).is_some() {
            let (host, reason) = (shown(value), "is not the only one");
            return Err(RequestError::Host { host, reason });
        }
        Ok(())
    }

    /// An option without a header of its name costs no more than its place in the list.
    fn name(&mut self, connection: &'a [u8]) {
        let named = options(connection).filter(|option| is_removable(option));
        self.named.extend(named);
    }

    fn names(&self, name: &[u8]) -> bool {
        let found = |option: &&[u8]| compare_ignore_case(option, name);
        self.named.binary_search_by(found).is_ok()
    }
}

/// The elements of a comma-separated list, as a value of `Connection` or `Upgrade` is one.
pub(super) fn options(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Appends what is passed on of the client's headers.
///
/// # Errors
/// [`RequestError::Name`] and [`RequestError::Value`], also of a header that would not be passed on:
/// what else is wrong with such a request nobody knows.
pub(super) fn put_clients(
    headers: &[(&[u8], &[u8])],
    survey: &Survey<'_>,
    secret_header: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    for &(name, value) in headers {
        check(name, value)?;
        let is_secret = secret_header.is_some_and(|secret| is_near(name, secret));
        if !(is_removed(name) || is_secret || survey.names(name)) {
            put_field(out, name, value);
        }
    }
    Ok(())
}

fn check(name: &[u8], value: &[u8]) -> Result<(), RequestError> {
    if !TOKEN.make_up(name) {
        let name = shown(name);
        return Err(RequestError::Name { name });
    }
    // A look at all bytes without an early end takes many of them at a time.
    if !value
        .iter()
        .fold(false, |bad, byte| bad | is_control(*byte))
    {
        return Ok(());
    }
    let byte = value.iter().copied().find(|byte| is_control(*byte));
    Err(RequestError::Value {
        name: shown(name),
        byte: byte.unwrap_or_default(),
    })
}

/// A control character other than the tab.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn compare_ignore_case(a: &[u8], b: &[u8]) -> Ordering {
    let lower_a = a.iter().map(u8::to_ascii_lowercase);
    lower_a.cmp(b.iter().map(u8::to_ascii_lowercase))
}
