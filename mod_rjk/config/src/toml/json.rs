//! A policy's own table as JSON.

use ::toml::de::{DeTable, DeValue};
use serde_json::{Map, Number, Value};
use std::ops::Range;

/// A value that JSON cannot hold: where, and what is wrong with it.
pub(super) type Unfit = (Range<usize>, String);

/// A table as a JSON object.
pub(super) fn object(table: &DeTable<'_>) -> Result<Value, Unfit> {
    let mut object = Map::new();
    for (key, entry) in table {
        let name = key.get_ref().clone().into_owned();
        object.insert(name, value(entry.get_ref(), entry.span())?);
    }
    Ok(Value::Object(object))
}

/// The value of an integer of any base.
pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn value(source: &DeValue<'_>, span: Range<usize>) -> Result<Value, Unfit> {
    Ok(match source {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Integer(_) => integer(source)
            .map(|number| Value::Number(number.into()))
            .ok_or_else(|| (span, "write a number of at most 64 bits".to_owned()))?,
        DeValue::Float(float) => float
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| (span, "write a finite number".to_owned()))?,
        DeValue::Array(list) => list
            .iter()
            .map(|entry| value(entry.get_ref(), entry.span()))
            .collect::<Result<_, _>>()
            .map(Value::Array)?,
        DeValue::Table(table) => object(table)?,
    })
}
