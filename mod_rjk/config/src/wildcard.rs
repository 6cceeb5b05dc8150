//! Patterns with `*` and `?`: of rules (contract M-06, M-07) and of members that an operator means (C-04).

/// Whether the pattern has wildcards; without any it is an exact rule (M-06).
pub fn is_wildcard(pattern: &[u8]) -> bool {
    pattern.iter().any(|byte| matches!(byte, b'*' | b'?'))
}

/// The part of the pattern before its first wildcard.
pub(crate) fn literal_prefix(pattern: &[u8]) -> &[u8] {
    let end = pattern.iter().position(|byte| matches!(byte, b'*' | b'?'));
    &pattern[..end.unwrap_or(pattern.len())]
}

/// `*` stands for any run of bytes, `?` for one byte; both may stand for `/` (M-07).
///
/// A mismatch goes back to the last `*` only, which is enough and keeps the cost at the product
/// of the two lengths at worst.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Most patterns are a start and a `*`. In a text that begins so, each wildcard stands for itself.
    if let Some((b'*', start)) = pattern.split_last()
        && text.starts_with(start)
    {
        return true;
    }
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') if p + 1 == pattern.len() => return true,
            Some(b'*') => {
                p += 1;
                retry = Some((p, t));
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after_star, from)) = retry else {
                    return false;
                };
                p = after_star;
                t = from + 1;
                retry = Some((p, t));
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, by recursion: exponential, for short texts only.
    pub(crate) fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skip| by_definition(rest, &text[skip..])),
            Some((b'?', rest)) => !text.is_empty() && by_definition(rest, &text[1..]),
            Some((byte, rest)) => text.first() == Some(byte) && by_definition(rest, &text[1..]),
        }
    }

    #[test]
    fn m07_table() {
        for (pattern, text, expected) in [
            ("/app/*", "/app/", true),
            ("/app/*", "/app", false),
            ("/app/*", "/app/a/b", true),
            ("/app*", "/app", true),
            ("/*.jsp", "/a/b.jsp", true),
            ("/*.jsp", "/a/b.jspx", false),
            ("/a?b", "/a/b", true),
            ("/a?b", "/ab", false),
            ("/*/x/*/y", "/a/x/b/x/c/y", true),
            ("/App/*", "/app/x", false),
            ("/*", "/", true),
            ("/**", "/", true),
            ("/?", "/", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn cv02_many_stars_do_not_explode() {
        let text = [b"/".as_slice(), &vec![b'a'; 4000]].concat();
        assert!(!matches(b"/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", &text));
    }

    proptest! {
        #[test]
        fn m07_agrees_with_the_definition(pattern in "/[ab/*?]{0,9}", text in "/[ab/]{0,9}") {
            prop_assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                by_definition(pattern.as_bytes(), text.as_bytes())
            );
        }
    }
}
