//! `$(name)` in values (P-06).

use super::Properties;
use crate::error::{ConfigError, Location, Warning};
use bstr::{BStr, BString, ByteSlice, ByteVec};

/// Replacements in one value (Z-06).
const MOST_REPLACEMENTS: usize = 21;

/// Values of values would otherwise grow twenty-one-fold with each line.
const MOST_BYTES: usize = 1 << 20;

/// `value` with its variables replaced, and their names; what is put in is not looked at again.
pub(super) fn variables(
    properties: &Properties,
    value: &[u8],
    location: &Location,
    warnings: &mut Vec<Warning>,
) -> Result<(BString, Vec<BString>), ConfigError> {
    let mut result = BString::default();
    let mut rest = value;
    let mut replaced = Vec::new();
    while replaced.len() < MOST_REPLACEMENTS
        && let Some((before, name, after)) = next_variable(rest)
    {
        result.push_str(before);
        match lookup(properties, name) {
            Some(text) => {
                replaced.push(name.into());
                result.push_str(text);
            }
            None => {
                warnings.push(undefined(name, location));
                result.push_str([b"$(", name, b")"].concat());
            }
        }
        check_length(&result, location)?;
        rest = after;
    }
    if next_variable(rest).is_some() {
        let message = "more than 21 variables in one value, the others stay as they are; split it";
        warnings.push(Warning::new(Some(location.clone()), message).coded("too-many-variables"));
    }
    result.push_str(rest);
    Ok((result, replaced))
}

/// The text before the first `$(name)`, the name, and the text after it.
fn next_variable(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (before, inside) = text.split_once_str("$(")?;
    let (name, after) = inside.split_once_str(")")?;
    Some((before, name, after))
}

fn lookup(properties: &Properties, name: &[u8]) -> Option<BString> {
    if let Some(entry) = properties.get(name) {
        return Some(entry.value.clone());
    }
    if let Some(value) = properties.variables.get(name.as_bstr()) {
        return Some(value.clone());
    }
    let value = (properties.environment)(name.to_os_str().ok()?)?;
    Vec::from_os_string(value).ok().map(BString::from)
}

fn undefined(name: &[u8], location: &Location) -> Warning {
    let name: &BStr = name.as_bstr();
    // A variable that looks like a property would be read as one.
    let is_free = !name.starts_with(b"worker.") && name.iter().all(|byte| is_plain(*byte));
    let remedy = if is_free && !name.is_empty() {
        format!("; define {name} above")
    } else {
        String::new()
    };
    let message = format!("$({name}) is not defined and stays as it is{remedy}");
    Warning::new(Some(location.clone()), message).coded("undefined-variable")
}

fn check_length(value: &[u8], location: &Location) -> Result<(), ConfigError> {
    if value.len() <= MOST_BYTES {
        return Ok(());
    }
    let message = "the value is longer than 1 MiB with its variables; write a shorter one";
    Err(ConfigError::new(Some(location.clone()), message).coded("value-too-long"))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
