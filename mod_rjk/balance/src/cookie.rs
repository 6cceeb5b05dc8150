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

pub(crate) fn find(text: &[u8], name: &[u8], from: usize) -> Option<usize> {
    if name.is_empty() {
        return None;
    }
    text.get(from..)?.find(name).map(|at| from + at)
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
