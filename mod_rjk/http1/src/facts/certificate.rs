//! The client's certificate, in the one form that every SSLValve reads.
//!
//! `ssl_client_cert` holds the PEM text with one blank for each line end. The valve of Tomcat before
//! June 2017 makes line ends of the blanks again and cuts off the first and the last line by their
//! lengths; later ones leave the blanks to the decoder, which skips them. `ssl_client_escaped_cert`
//! is known since May 2021 only, and counts more: it is not sent, and the client's is removed. Both
//! together would fill most of the 8 KB that Tomcat allows for a head.

use crate::request::bytes::BASE64;

/// Appends the header, for the first certificate of the text: the valve takes no chain. Nothing if
/// there is none in it.
pub(super) fn put(pem: &[u8], out: &mut Vec<u8>) {
    let Some(body) = first_body(pem) else {
        return;
    };
    out.extend_from_slice(b"ssl_client_cert: ");
    out.extend_from_slice(BEGIN);
    for line in body.split(u8::is_ascii_whitespace) {
        if !line.is_empty() {
            out.push(b' ');
            out.extend_from_slice(line);
        }
    }
    out.push(b' ');
    out.extend_from_slice(END);
    out.extend_from_slice(b"\r\n");
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

fn first_body(pem: &[u8]) -> Option<&[u8]> {
    let behind = pem.trim_ascii_start().strip_prefix(BEGIN)?;
    let end = behind.windows(END.len()).position(|part| part == END)?;
    let body = &behind[..end];
    BASE64.make_up(body).then_some(body)
}
