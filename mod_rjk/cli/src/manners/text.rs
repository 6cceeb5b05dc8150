//! Texts that others wrote, in lines of ours.

use std::fmt::{Display, Write as _};

/// So many names tell which ones are meant.
const MOST: usize = 5;

/// What another host says or a file holds, without what a terminal would do instead of showing it.
pub fn harmless(text: &str) -> String {
    let show = |letter: char| match letter.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => letter,
    };
    text.chars().map(show).collect()
}

/// `none`, `a`, `a and b`, `a, b and c`; beyond five it is said how many more there are.
pub fn listed<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    let mut rest = all.into_iter();
    let shown: Vec<String> = rest
        .by_ref()
        .take(MOST)
        .map(|one| one.to_string())
        .collect();
    let last = match rest.count() {
        0 => None,
        1 => Some("1 other".to_owned()),
        more => Some(format!("{more} others")),
    };
    joined(shown.into_iter().chain(last).collect())
}

fn joined(mut all: Vec<String>) -> String {
    let Some(last) = all.pop() else {
        return "none".to_owned();
    };
    let mut text = all.join(", ");
    if !text.is_empty() {
        text.push_str(" and ");
    }
    let _ = write!(text, "{last}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_nothing_to_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn a_list_is_as_long_as_people_read() {
        for (count, text) in [
            (0, "none"),
            (1, "1"),
            (2, "1 and 2"),
            (3, "1, 2 and 3"),
            (5, "1, 2, 3, 4 and 5"),
            (6, "1, 2, 3, 4, 5 and 1 other"),
            (7, "1, 2, 3, 4, 5 and 2 others"),
        ] {
            assert_eq!(listed(1..=count), text);
        }
    }
}
