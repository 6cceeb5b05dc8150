//! Attributes of server.xml: what stands there may be known to the running Tomcat only.

use std::fmt;

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<T> {
    /// Not written.
    Absent,
    /// Written in a way that only the running Tomcat understands.
    Unknown,
    /// This.
    Set(T),
}

impl<T> Value<T> {
    /// What is known to be set.
    pub fn set(&self) -> Option<&T> {
        match self {
            Value::Set(value) => Some(value),
            Value::Absent | Value::Unknown => None,
        }
    }

    /// The value, or the one that holds without it; `None` when it cannot be known.
    pub fn or(&self, default: T) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Value::Set(value) => Some(value.clone()),
            Value::Absent => Some(default),
            Value::Unknown => None,
        }
    }

    /// As a number.
    pub(super) fn number<U: std::str::FromStr>(self) -> Value<U>
    where
        T: AsRef<str>,
    {
        self.parsed(|text| text.as_ref().trim().parse().ok())
    }

    /// Read as something else; what is none of it is unknown.
    pub(super) fn parsed<U>(self, parse: impl Fn(T) -> Option<U>) -> Value<U> {
        match self {
            Value::Absent => Value::Absent,
            Value::Unknown => Value::Unknown,
            Value::Set(value) => parse(value).map_or(Value::Unknown, Value::Set),
        }
    }
}

/// A secret, to compare and not to show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) String);

impl Secret {
    /// Whether it is this one.
    pub fn is(&self, other: &[u8]) -> bool {
        self.0.as_bytes() == other
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
