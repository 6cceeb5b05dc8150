//! Status workers (contract §2.6).

use super::values::{Attributes, split_list};
use crate::model::{Activation, RatedState, RatingSet, StatusSpec};
use bstr::{BStr, BString, ByteSlice};

/// Reads the worker.
pub(super) fn read(attributes: &mut Attributes<'_>) -> StatusSpec {
    let users = attributes.text("user").unwrap_or_default();
    let (good, bad) = (ratings(attributes, "good"), ratings(attributes, "bad"));
    let spec = StatusSpec {
        name: attributes.worker().into(),
        css: attributes.text("css"),
        read_only: attributes.boolean("read_only", false),
        users: split_list(&users).map(Into::into).collect(),
        user_case_insensitive: attributes.boolean("user_case_insensitive", false),
        good: good.unwrap_or(RatingSet::GOOD),
        bad: bad.unwrap_or(RatingSet::BAD),
        prefix: attributes.text("prefix").unwrap_or("worker".into()),
        ns: unless_dash(attributes.text("ns"), "jk:"),
        xmlns: unless_dash(
            attributes.text("xmlns"),
            "xmlns:jk=\"http://tomcat.apache.org\"",
        ),
        doctype: attributes.text("doctype"),
    };
    warn_of_overlap(attributes, &spec);
    spec
}

/// S-08, S-09: a value that begins with a dash stands for no text.
fn unless_dash(text: Option<BString>, default: &str) -> BString {
    match text {
        Some(text) if text.starts_with(b"-") => BString::default(),
        Some(text) => text,
        None => default.into(),
    }
}

/// S-05, S-06: a list of ratings; entries that match nothing get a warning.
fn ratings(attributes: &mut Attributes<'_>, attribute: &str) -> Option<RatingSet> {
    let entry = attributes.entry(attribute)?;
    let mut set = RatingSet::default();
    for word in split_list(&entry.value) {
        let Some(rating) = rating(word) else {
            let message = format!(
                "{attribute} has {word:?}, which matches nothing; write an activation (a, d, s), \
                 a state (o, i, n, b, r, e) or activation.state"
            );
            attributes.warn(entry, message);
            continue;
        };
        set = set.union(rating);
    }
    Some(set)
}

/// Good and bad overlap: a member that is both counts as bad.
fn warn_of_overlap(attributes: &mut Attributes<'_>, spec: &StatusSpec) {
    if spec.good.intersection(spec.bad).is_empty() {
        return;
    }
    let entry = attributes.entry("good").or_else(|| attributes.entry("bad"));
    if let Some(entry) = entry {
        let message = "good and bad cover the same members; they count as bad";
        attributes.warn_as("ratings-overlap", entry, message);
    }
}

/// `X` or `X.Y`, where first letters count; `X.Y` is what both cover.
fn rating(word: &BStr) -> Option<RatingSet> {
    let Some((one, other)) = word.split_once_str(".") else {
        return letter(word);
    };
    let both = match (one, other) {
        (word, b"") | (b"", word) => letter(word)?,
        (one, other) => letter(one)?.intersection(letter(other)?),
    };
    (!both.is_empty()).then_some(both)
}

fn letter(word: &[u8]) -> Option<RatingSet> {
    let (activation, state) = match word.first()?.to_ascii_lowercase() {
        b'a' => (Some(Activation::Active), None),
        b'd' => (Some(Activation::Disabled), None),
        b's' => (Some(Activation::Stopped), None),
        b'o' => (None, Some(RatedState::Ok)),
        b'i' | b'n' => (None, Some(RatedState::Idle)),
        b'b' => (None, Some(RatedState::Busy)),
        b'r' => (None, Some(RatedState::Recovering)),
        b'e' => (None, Some(RatedState::Error)),
        _ => return None,
    };
    Some(RatingSet::of(activation, state))
}
