//! What a value must be.

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What one value, or all values of one name, must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// There is one: `true`.
    Present,
    /// There is none: `false`.
    Absent,
    /// One value, exactly this.
    Is(String),
    /// These values in this order.
    All(Vec<String>),
    /// Parts that the text has, and parts that it has not.
    Parts(Parts),
}

/// Conditions on the text of all values, joined by line ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// All of these are in it.
    #[serde(default)]
    pub has: Texts,
    /// None of these is in it.
    #[serde(default)]
    pub lacks: Texts,
    /// It begins so.
    pub starts: Option<String>,
    /// It ends so.
    pub ends: Option<String>,
    /// It is a number of at least this.
    pub min: Option<i64>,
    /// It is a number of at most this.
    pub max: Option<i64>,
}

/// One text or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

impl Want {
    /// Whether `found`, all values of the name in order, are what is wanted.
    pub fn is_met(&self, found: &[String]) -> bool {
        match self {
            Want::Present => !found.is_empty(),
            Want::Absent => found.is_empty(),
            Want::Is(text) => found.len() == 1 && found[0] == *text,
            Want::All(texts) => found == texts.as_slice(),
            Want::Parts(parts) => parts.are_met(&found.join("\n")),
        }
    }

    /// The same with every text changed.
    pub fn map(&self, change: &impl Fn(&str) -> String) -> Want {
        let all = |texts: &[String]| texts.iter().map(|text| change(text)).collect::<Vec<_>>();
        match self {
            Want::Is(text) => Want::Is(change(text)),
            Want::All(texts) => Want::All(all(texts)),
            Want::Parts(parts) => Want::Parts(Parts {
                has: Texts(all(&parts.has.0)),
                lacks: Texts(all(&parts.lacks.0)),
                starts: parts.starts.as_deref().map(change),
                ends: parts.ends.as_deref().map(change),
                ..parts.clone()
            }),
            other => other.clone(),
        }
    }
}

impl Parts {
    fn are_met(&self, text: &str) -> bool {
        let number = text.trim().parse::<i64>().ok();
        let starts = |part: &String| text.starts_with(part);
        let ends = |part: &String| text.ends_with(part);
        self.has.0.iter().all(|part| text.contains(part))
            && !self.lacks.0.iter().any(|part| text.contains(part))
            && self.starts.as_ref().is_none_or(starts)
            && self.ends.as_ref().is_none_or(ends)
            && self.min.is_none_or(|min| number >= Some(min))
            && self.max.is_none_or(|max| number.is_some_and(|n| n <= max))
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Want::Present => f.write_str("present"),
            Want::Absent => f.write_str("absent"),
            Want::Is(text) => write!(f, "{text:?}"),
            Want::All(texts) => write!(f, "{texts:?}"),
            Want::Parts(parts) => parts.fmt(f),
        }
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            (!self.has.0.is_empty()).then(|| format!("has {:?}", self.has.0)),
            (!self.lacks.0.is_empty()).then(|| format!("lacks {:?}", self.lacks.0)),
            self.starts.as_ref().map(|part| format!("starts {part:?}")),
            self.ends.as_ref().map(|part| format!("ends {part:?}")),
            self.min.map(|number| format!("at least {number}")),
            self.max.map(|number| format!("at most {number}")),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        f.write_str(&said.join(", "))
    }
}

impl<'de> Deserialize<'de> for Want {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Want, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Want;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true, false, a list, or {has, lacks, starts, ends, min, max}")
            }

            fn visit_bool<E: de::Error>(self, present: bool) -> Result<Want, E> {
                Ok(if present { Want::Present } else { Want::Absent })
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Want, E> {
                Ok(Want::Is(number.to_string()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Want, E> {
                Ok(Want::Is(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Want, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Want::All)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Want, A::Error> {
                Parts::deserialize(MapAccessDeserializer::new(map)).map(Want::Parts)
            }
        }

        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Texts, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Texts, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Texts)
            }
        }

        from.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn each_form_says_what_it_means() {
        let text = "a=true\nb=false\nc='x'\nd=7\ne=['x','y']\nf={has='b',lacks=['z'],starts='a'}\ng={min=2,max=3}";
        let wants: BTreeMap<String, Want> = toml::from_str(text).unwrap();
        let cases: [(&str, &[&str], bool); 14] = [
            ("a", &["x"], true),
            ("a", &[], false),
            ("b", &[], true),
            ("b", &["x"], false),
            ("c", &["x"], true),
            ("c", &["x", "x"], false),
            ("d", &["7"], true),
            ("e", &["x", "y"], true),
            ("e", &["y", "x"], false),
            ("f", &["abc"], true),
            ("f", &["abz"], false),
            ("g", &["2"], true),
            ("g", &["4"], false),
            ("g", &["no number"], false),
        ];
        for (name, found, met) in cases {
            let found: Vec<String> = found.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(wants[name].is_met(&found), met, "{name} {found:?}");
        }
    }

    #[test]
    fn an_unknown_condition_is_refused() {
        let wrong = toml::from_str::<BTreeMap<String, Want>>("a={contains='x'}");
        let error = wrong.unwrap_err().to_string();
        assert!(error.contains("contains"), "{error}");
    }
}
