//! What must hold for any path that a client sends (contract N-01…N-07, O-01…O-04).
//!
//! The input is httpd's decoded path; the request target is the same bytes.

use rjk_config::server::options::ForwardUri;
use rjk_config::uri_map::{UriError, normalize};

/// Runs one input; panics when something does not hold.
pub fn check(input: &[u8]) {
    check_normalised(input);
    check_forwarded(input);
}

fn check_normalised(decoded: &[u8]) {
    let path = match normalize(decoded) {
        Ok(path) => path,
        Err(UriError::NotAbsolute) => {
            assert!(!decoded.starts_with(b"/") && decoded != b"*");
            return;
        }
        Err(UriError::AboveRoot) => {
            assert!(contains(decoded, b"/.."));
            return;
        }
    };
    if decoded == b"*" {
        assert_eq!(path.as_ref(), b"*");
        return;
    }
    assert!(path.starts_with(b"/") && path.len() <= decoded.len());
    for odd in [b"//".as_slice(), b"/./", b"/../", b";"] {
        assert!(!contains(&path, odd), "{}", path.escape_ascii());
    }
    assert!(!path.ends_with(b"/.") && !path.ends_with(b"/.."));
    assert_eq!(normalize(&path).as_deref(), Ok(path.as_ref()), "not stable");
}

/// Each form decodes to what httpd decoded; what is encoded holds nothing that ends a path.
fn check_forwarded(decoded: &[u8]) {
    let proxy = ForwardUri::Proxy.apply(decoded, decoded);
    let escaped = ForwardUri::Escaped.apply(decoded, decoded);
    assert!(proxy.eq_ignore_ascii_case(&escaped));
    for form in [&proxy, &escaped] {
        assert!(form.iter().all(|byte| byte.is_ascii_graphic()));
        assert!(!form.iter().any(|byte| b"?#\\\"<>".contains(byte)));
        assert_eq!(decode(form), decoded);
    }
    assert_eq!(ForwardUri::Compat.apply(decoded, b"").as_ref(), decoded);
    let unparsed = ForwardUri::CompatUnparsed.apply(b"", decoded);
    assert!(decoded.starts_with(&unparsed) && !unparsed.contains(&b'?'));
    assert!(matches!(decoded.get(unparsed.len()), None | Some(b'?')));
}

fn decode(path: &[u8]) -> Vec<u8> {
    let mut bytes = path.iter().copied();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' {
            digit(bytes.next()) << 4 | digit(bytes.next())
        } else {
            byte
        });
    }
    out
}

fn digit(byte: Option<u8>) -> u8 {
    let digit = byte.and_then(|byte| char::from(byte).to_digit(16));
    assert!(digit.is_some(), "no hex digit behind '%'");
    digit.unwrap_or_default() as u8
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
