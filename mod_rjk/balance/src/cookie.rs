//! Cookies, read and written (contract SS-05, SS-16).

use bstr::ByteSlice;

/// The values of one cookie in a Cookie header (SS-05). The name is case-sensitive, must stand at
/// the start or after `;`, `,` or white space, and may be followed by blanks; one pair of quotes
/// around the value is removed.
pub fn cookie_values<'h>(header: &'h [u8], name: &[u8]) -> impl Iterator<Item = &'h [u8]> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(start) = find(header, name, from) {
            let after = start + name.len();
            from = start + 1;
            let starts_a_name = start == 0
                || matches!(header[start - 1], b';' | b',')
                || header[start - 1].is_ascii_whitespace();
            let rest = header[after..].trim_ascii_start();
            if let (true, Some(value)) = (starts_a_name, rest.strip_prefix(b"=")) {
                let value = until(value, b";,");
                from = after + (header.len() - after - rest.len()) + 1 + value.len();
                return Some(unquoted(value));
            }
        }
        None
    })
}

/// Value of the Set-Cookie header that puts a session on the member with this route.
pub(crate) fn set_cookie(name: &[u8], route: &[u8], path: &[u8], secure: bool) -> Vec<u8> {
    let mut cookie = [name, b"=.", route].concat();
    if !path.is_empty() {
        cookie.extend_from_slice(b";PATH=");
        cookie.extend_from_slice(path);
    }
    cookie.extend_from_slice(b";HttpOnly");
    if secure {
        cookie.extend_from_slice(b";Secure");
    }
    cookie
}

/// Where a name stands in a text; an empty one stands nowhere. Every request looks for one or two short
/// names: a searcher that prepares itself for each costs more than the search.
pub(crate) fn find(text: &[u8], name: &[u8], from: usize) -> Option<usize> {
    let first = *name.first()?;
    let mut at = from;
    loop {
        at += text.get(at..)?.find_byte(first)?;
        if text[at..].starts_with(name) {
            return Some(at);
        }
        at += 1;
    }
}

pub(crate) fn until<'t>(text: &'t [u8], ends: &[u8]) -> &'t [u8] {
    let end = text
        .iter()
        .position(|byte| ends.contains(byte))
        .unwrap_or(text.len());
    &text[..end]
}

fn unquoted(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|inner| inner.strip_suffix(b"\""))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_is_found_where_it_stands_first(
            text in "[ab;]{0,12}",
            name in "[ab;]{0,4}",
            from in 0..14_usize,
        ) {
            let expected = (from..text.len().max(from))
                .find(|at| !name.is_empty() && text[*at..].starts_with(&name));
            prop_assert_eq!(find(text.as_bytes(), name.as_bytes(), from), expected);
        }
    }
}
