//! The words of the contract that stand for numbers.

/// `members`, metric 1.
pub(super) const STATES: [&str; 7] = [
    "idle",
    "ok",
    "recovering",
    "forced",
    "busy",
    "error",
    "probing",
];
/// `members`, metric 2.
pub(super) const ACTIVATIONS: [&str; 3] = ["active", "disabled", "stopped"];
/// `sources.source`.
pub(super) const SOURCES: [&str; 8] = [
    "header",
    "cookie",
    "query parameter",
    "path",
    "path segments",
    "method",
    "client address",
    "server name",
];
/// `sources.table`.
pub(super) const MATCHINGS: [&str; 2] = ["exact", "longest prefix"];

/// The number of a word.
pub(super) fn number(words: &[&str], word: &str) -> Result<u64, String> {
    let found = words.iter().position(|known| *known == word);
    let found = found.ok_or_else(|| format!("{word:?}; write one of: {}", words.join(", ")))?;
    Ok(found as u64)
}

/// The word of a number; the number itself where there is none.
pub(super) fn word(words: &[&str], number: u64) -> String {
    let place = usize::try_from(number).ok();
    match place.and_then(|place| words.get(place)) {
        Some(word) => (*word).to_owned(),
        None => number.to_string(),
    }
}
