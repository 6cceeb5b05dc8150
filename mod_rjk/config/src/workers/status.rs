//! Status workers (contract §2.6).

use super::values::{Attributes, split_list};
use crate::model::StatusSpec;
use bstr::{BStr, ByteSlice};

/// Reads the worker. `good`, `bad` and the output names (S-05…S-10) are accepted without effect.
pub(super) fn read(attributes: &mut Attributes<'_>) -> StatusSpec {
    for attribute in ["good", "bad"] {
        check_ratings(attributes, attribute);
    }
    for attribute in ["good", "bad", "prefix", "ns", "xmlns", "doctype"] {
        attributes.not_used_yet(attribute);
    }
    let users = attributes.text("user").unwrap_or_default();
    StatusSpec {
        name: attributes.worker().into(),
        css: attributes.text("css"),
        read_only: attributes.boolean("read_only", false),
        users: split_list(&users).map(Into::into).collect(),
        user_case_insensitive: attributes.boolean("user_case_insensitive", false),
    }
}

/// S-05, S-06: entries that match nothing get a warning.
fn check_ratings(attributes: &mut Attributes<'_>, attribute: &str) {
    let Some(entry) = attributes.entry(attribute) else {
        return;
    };
    for rating in split_list(&entry.value).filter(|rating| !is_rating(rating)) {
        let message = format!(
            "{attribute} has {rating:?}, which matches nothing; write an activation (a, d, s), \
             a state (o, i, n, b, r, e) or activation.state"
        );
        attributes.warn(entry, message);
    }
}

/// `X` or `X.Y`, where first letters count: an activation, a state, or both in this order.
fn is_rating(rating: &BStr) -> bool {
    let first = |word: &[u8]| word.first().map(u8::to_ascii_lowercase);
    let is_activation = |word: &[u8]| first(word).is_some_and(|letter| b"ads".contains(&letter));
    let is_state = |word: &[u8]| first(word).is_some_and(|letter| b"oinbre".contains(&letter));
    match rating.split_once_str(".") {
        Some((activation, state)) => is_activation(activation) && is_state(state),
        None => is_activation(rating) || is_state(rating),
    }
}
