//! What to write instead. A proposal is made only when it passes the check that what was written
//! failed, and when it says what its author must have meant; else the message has none.

mod host;

pub(crate) use host::host_problem;

/// The known word that `word` was most likely meant to be; `None` when none is near, or several are.
///
/// One letter may differ for each four, at least one and at most two; a swap of neighbours counts as
/// one. Case, `_` and `-` are not looked at, nor quotes and what cannot be seen around the word.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = folded(bare(word));
    let limit = (folded.chars().count() / 4).clamp(1, 2);
    let mut found: Option<(usize, &str)> = None;
    let mut several = false;
    for candidate in known {
        let distance = strsim::damerau_levenshtein(&folded, &self::folded(candidate));
        match found {
            _ if distance > limit => {}
            Some((best, other)) if distance > best || candidate == other => {}
            Some((best, _)) if distance == best => several = true,
            _ => {
                found = Some((distance, candidate));
                several = false;
            }
        }
    }
    found
        .filter(|_| !several && !folded.is_empty())
        .map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.chars()
        .filter(|letter| !matches!(letter, '_' | '-'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// The text without quotes, blanks and invisible characters around it.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(|letter| is_quote(letter) || is_invisible(letter))
}

/// Straight quotes, and those that word processors and web pages make of them.
pub(crate) fn is_quote(letter: char) -> bool {
    "\"'`\u{2018}\u{2019}\u{201c}\u{201d}\u{ab}\u{bb}".contains(letter)
}

/// Blanks of any kind, control characters, the byte order mark and its like.
pub(crate) fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}
