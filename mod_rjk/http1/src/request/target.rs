//! The request line.

use super::bytes::{PATH, QUERY, TOKEN};
use super::error::{RequestError, shown};
use rjk_message::RequestHead;

/// Appends method, target and version.
///
/// The path comes in the form that `JkOptions ForwardURI…` chose, so that it may be decoded, or what
/// the client sent. Tomcat decodes what AJP brings, too: a byte that a target may not hold and its
/// percent-encoded form are the same to it. So such bytes are encoded here, and an existing `%` stays
/// what it is. No blank, line end or `?` of the path can then end it early (CVE-2023-25690,
/// CVE-2021-33193, CVE-2024-38473).
pub(super) fn put_request_line(
    head: &RequestHead<'_>,
    is_decoded: bool,
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    check_method(head.method)?;
    out.extend_from_slice(head.method);
    out.push(b' ');
    put_target(head, is_decoded, out)?;
    out.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

fn check_method(method: &[u8]) -> Result<(), RequestError> {
    if method.eq_ignore_ascii_case(b"CONNECT") {
        return Err(RequestError::Connect);
    }
    if !TOKEN.make_up(method) {
        let method = shown(method);
        return Err(RequestError::Method { method });
    }
    Ok(())
}

fn put_target(
    head: &RequestHead<'_>,
    is_decoded: bool,
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    let query = head.attributes.query;
    if head.uri == b"*" && head.method == b"OPTIONS" && query.is_none() {
        out.push(b'*');
        return Ok(());
    }
    if !is_decoded {
        // httpd took the rest for a fragment and decided without it. Encoded it would come back into the
        // path.
        refuse(head.uri, b'#', "holds a '#'")?;
    }
    let path = path(head.uri)?;
    PATH.put_encoded(path, out);
    if let Some(query) = query {
        refuse(query, 0, "holds a NUL")?;
        out.push(b'?');
        QUERY.put_encoded(query, out);
    }
    Ok(())
}

/// The path of a target in origin form or in absolute form; httpd took the host of the latter into
/// the Host header.
fn path(uri: &[u8]) -> Result<&[u8], RequestError> {
    refuse(uri, 0, "holds a NUL")?;
    if uri.first() == Some(&b'/') {
        return Ok(uri);
    }
    let Some(behind_scheme) = authority(uri) else {
        return Err(refused(uri, "does not begin with '/'"));
    };
    let path = behind_scheme.iter().position(|byte| *byte == b'/');
    Ok(path.map_or(b"/", |start| &behind_scheme[start..]))
}

/// What stands behind `scheme://`.
fn authority(uri: &[u8]) -> Option<&[u8]> {
    let rest = ["http://", "https://"].into_iter().find_map(|scheme| {
        let (start, rest) = uri.split_at_checked(scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme.as_bytes())
            .then_some(rest)
    });
    rest.filter(|rest| !rest.is_empty())
}

fn refuse(target: &[u8], byte: u8, reason: &'static str) -> Result<(), RequestError> {
    if target.contains(&byte) {
        return Err(refused(target, reason));
    }
    Ok(())
}

fn refused(target: &[u8], reason: &'static str) -> RequestError {
    let target = shown(target);
    RequestError::Target { target, reason }
}
