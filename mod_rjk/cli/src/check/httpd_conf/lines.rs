//! Lines and words of a configuration file, as httpd takes them apart.

use bstr::ByteSlice;

/// The lines of a file with their numbers. What ends in a backslash goes on in the next line, comments too;
/// the number is that of the last one, as in httpd's messages. Empty lines and comments are left out.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (u32, Vec<u8>)> + '_ {
    let mut physical = (1u32..).zip(text.lines_with_terminator());
    std::iter::from_fn(move || {
        loop {
            let (mut number, first) = physical.next()?;
            let mut line = first.to_vec();
            while let Some(begun) = continued(&line) {
                line.truncate(begun);
                let Some((next, more)) = physical.next() else {
                    break;
                };
                number = next;
                line.extend_from_slice(more);
            }
            let line = trim(&line);
            if !line.is_empty() && !line.starts_with(b"#") {
                return Some((number, line.to_vec()));
            }
        }
    })
}

/// Where a line that goes on in the next one ends.
fn continued(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.strip_suffix(b"\\").map(<[u8]>::len)
}

/// The first word, and what follows it. Quotes of both kinds hold a word together.
pub(super) fn word(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let text = text.trim_start_with(is_blank);
    let quote = text
        .first()
        .copied()
        .filter(|byte| matches!(byte, b'"' | b'\''));
    let inside = text.get(usize::from(quote.is_some())..).unwrap_or_default();
    let length = match quote {
        Some(quote) => quoted_length(inside, quote),
        None => inside.find_char_where(is_blank).unwrap_or(inside.len()),
    };
    let (word, rest) = inside.split_at(length.min(inside.len()));
    let rest = rest.get(usize::from(quote.is_some())..).unwrap_or_default();
    (unescaped(word, quote), rest.trim_start_with(is_blank))
}

/// All words of a line.
pub(super) fn words(text: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = trim(text);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (next, after) = word(rest);
        found.push(next);
        rest = after;
    }
    found
}

fn quoted_length(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let escapes = text
            .get(at + 1)
            .is_some_and(|next| *next == b'\\' || *next == quote);
        match *byte {
            byte if byte == quote => break,
            b'\\' if escapes => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn unescaped(word: &[u8], quote: Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped =
            bytes.next_if(|next| byte == b'\\' && (*next == b'\\' || Some(*next) == quote));
        out.push(escaped.unwrap_or(byte));
    }
    out
}

pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_with(is_blank)
}

fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter == '\x0b'
}

/// `str::find` for bytes.
trait FindWhere {
    fn find_char_where(&self, is: impl Fn(char) -> bool) -> Option<usize>;
}

impl FindWhere for [u8] {
    fn find_char_where(&self, is: impl Fn(char) -> bool) -> Option<usize> {
        self.iter().position(|byte| is(char::from(*byte)))
    }
}

/// `text` with each `${NAME}` replaced; one that `look_up` does not know stays as it is.
pub(super) fn resolved(text: &[u8], look_up: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once_str("${") {
        out.extend_from_slice(before);
        let Some((name, after)) = inside.split_once_str("}") else {
            out.extend_from_slice(b"${");
            rest = inside;
            continue;
        };
        match look_up(name) {
            Some(value) => out.extend_from_slice(&value),
            None => out.extend_from_slice(&[b"${", name, b"}"].concat()),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// The first `${NAME}` that is left in a text; those of `RewriteMap` have a colon.
pub(super) fn unknown_variable(text: &[u8]) -> Option<&[u8]> {
    let (_, inside) = text.split_once_str("${")?;
    let (name, after) = inside.split_once_str("}")?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match !name.is_empty() && name.iter().all(is_name) {
        true => Some(name),
        false => unknown_variable(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(words: Vec<Vec<u8>>) -> Vec<String> {
        words
            .into_iter()
            .map(|word| String::from_utf8(word).unwrap())
            .collect()
    }

    #[test]
    fn a_backslash_joins_lines_and_the_last_number_counts() {
        let file =
            b"# c \\\nJkMount /hidden w\nJkMount \\\r\n  /a \\\n w\n\n<Location /x>\nlast \\";
        let found: Vec<_> = lines(file)
            .map(|(number, line)| (number, String::from_utf8(line).unwrap()))
            .collect();
        let joined = "JkMount   /a  w".to_owned();
        assert_eq!(
            found,
            [
                (5, joined),
                (7, "<Location /x>".to_owned()),
                (8, "last \\".to_owned())
            ]
        );
    }

    #[test]
    fn words_are_httpds() {
        for (line, expected) in [
            ("a  b\tc", vec!["a", "b", "c"]),
            ("\"a b\" 'c \"d'", vec!["a b", "c \"d"]),
            (r#""a \"b\" \\ \n""#, vec![r#"a "b" \ \n"#]),
            (r"a\\b", vec![r"a\b"]),
            ("\"open end", vec!["open end"]),
            ("\"a\"b", vec!["a", "b"]),
            ("", vec![]),
            ("\"\"", vec![""]),
        ] {
            assert_eq!(text(words(line.as_bytes())), expected, "{line}");
        }
    }

    #[test]
    fn variables_are_replaced_where_they_are_known() {
        let known = |name: &[u8]| (name == b"A").then(|| b"x".to_vec());
        for (line, expected) in [
            ("${A}/b", "x/b"),
            ("${B}${A}", "${B}x"),
            ("${A", "${A"),
            ("$A ${}", "$A ${}"),
        ] {
            assert_eq!(resolved(line.as_bytes(), known), expected.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (_, line) in lines(&bytes) {
                words(&line);
                resolved(&line, |_| None);
                unknown_variable(&line);
            }
        }
    }
}
