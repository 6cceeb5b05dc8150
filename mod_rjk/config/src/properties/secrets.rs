//! Which values nobody may see (CM-08, BG-21).

use super::{Properties, attribute_of};
use bstr::{BStr, BString, ByteSlice};
use std::collections::{HashMap, HashSet};

/// One property for the eyes of an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<'a> {
    /// The name.
    pub name: &'a BStr,
    /// The value; `None` when it is a secret, a part of one, or made of one.
    pub value: Option<&'a BStr>,
}

/// The variables that each value was made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(HashMap<BString, Vec<BString>>);

impl Origins {
    /// `variables` went into the value of `name`; those of an earlier line of that name count too,
    /// because lists are joined.
    pub(super) fn add(&mut self, name: &BStr, variables: Vec<BString>) {
        if !variables.is_empty() {
            self.0.entry(name.into()).or_default().extend(variables);
        }
    }

    /// `name` has the value of `template`.
    pub(super) fn copy(&mut self, template: &BStr, name: &BStr) {
        let variables = self.0.get(template).cloned().unwrap_or_default();
        self.add(name, variables);
    }
}

impl Properties {
    /// All properties in definition order, without their secrets.
    pub fn shown(&self) -> impl Iterator<Item = Property<'_>> {
        let hidden = self.hidden();
        self.entries.iter().map(move |entry| Property {
            name: entry.name.as_bstr(),
            value: (!hidden.contains(entry.name.as_bstr())).then_some(entry.value.as_bstr()),
        })
    }

    /// The names of secrets, of the variables that went into them, and of what was made of either.
    fn hidden(&self) -> HashSet<&BStr> {
        let names = self.entries.iter().map(|entry| entry.name.as_bstr());
        let mut hidden: HashSet<&BStr> = names.filter(|name| is_secret(name)).collect();
        loop {
            let before = hidden.len();
            for (name, variables) in &self.origins.0 {
                let all = || std::iter::once(name).chain(variables);
                if all().any(|name| hidden.contains(name.as_bstr())) {
                    hidden.extend(all().map(|name| name.as_bstr()));
                }
            }
            if hidden.len() == before {
                return hidden;
            }
        }
    }
}

/// An attribute that holds a secret, or a free variable that says it does.
fn is_secret(name: &BStr) -> bool {
    if let Some(attribute) = attribute_of(name) {
        return matches!(attribute, b"secret" | b"secretkey");
    }
    let name = name.to_ascii_lowercase();
    ["secret", "passw"]
        .iter()
        .any(|word| name.contains_str(word))
}
