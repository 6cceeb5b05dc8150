//! What is said to the stub, as far as it has to understand it: where a request ends.

use rjk_testbed::peer::get_body_chunk;
use rjk_testbed::{Result, bail, ensure};

/// CPING begins its payload with this byte; a request with 2.
const CPING: u8 = 10;
/// Most data of an AJP packet from the server.
const BODY_PACKET: u16 = 8186;
/// Bytes before the payload of an AJP packet.
const HEADER: usize = 4;
/// What ends a head in HTTP.
const END: &[u8] = b"\r\n\r\n";

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Pong,
    /// More of the body is wanted.
    More(Vec<u8>),
    Answer,
}

/// Where in a request a connection is; bodies have a length that is known before.
pub enum Speech {
    Ajp {
        upload: u64,
        left: u64,
        /// The last packet was asked for, or is the first, which comes by itself.
        in_body: bool,
    },
    Http {
        upload: u64,
        /// Of the body, once the head is there.
        left: Option<u64>,
    },
}

impl Speech {
    /// AJP, with bodies of so many bytes.
    pub fn ajp(upload: u64) -> Speech {
        Speech::Ajp {
            upload,
            left: 0,
            in_body: false,
        }
    }

    /// HTTP, likewise.
    pub fn http(upload: u64) -> Speech {
        let left = None;
        Speech::Http { upload, left }
    }

    /// Takes from `inbox` what it understands, up to the next thing to say.
    pub fn take(&mut self, inbox: &mut Vec<u8>) -> Result<Option<Reply>> {
        match self {
            Speech::Ajp {
                upload,
                left,
                in_body,
            } => take_ajp(inbox, *upload, left, in_body),
            Speech::Http { upload, left } => take_http(inbox, *upload, left),
        }
    }
}

fn take_ajp(
    inbox: &mut Vec<u8>,
    upload: u64,
    left: &mut u64,
    in_body: &mut bool,
) -> Result<Option<Reply>> {
    while let [0x12, 0x34, high, low, payload @ ..] = &inbox[..] {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if payload.len() < length {
            break;
        }
        let (first, said) = (payload.first().copied(), payload.first_chunk().copied());
        let data = length.saturating_sub(2) as u64;
        inbox.drain(..HEADER + length);
        if *in_body {
            let said = said.map(u16::from_be_bytes).map(u64::from);
            ensure!(
                data > 0 && data <= *left && said == Some(data),
                "{data} bytes of a body, of {left}, and {said:?} said"
            );
            *left -= data;
            *in_body = *left > 0;
            return Ok(Some(if *in_body {
                Reply::More(get_body_chunk(BODY_PACKET))
            } else {
                Reply::Answer
            }));
        }
        if first == Some(CPING) {
            return Ok(Some(Reply::Pong));
        }
        (*left, *in_body) = (upload, upload > 0);
        if upload == 0 {
            return Ok(Some(Reply::Answer));
        }
    }
    ensure!(
        inbox.len() < HEADER || inbox.starts_with(&[0x12, 0x34]),
        "no AJP packet"
    );
    Ok(None)
}

fn take_http(inbox: &mut Vec<u8>, upload: u64, left: &mut Option<u64>) -> Result<Option<Reply>> {
    let body = match *left {
        Some(left) => left,
        None => {
            let Some(end) = inbox.windows(END.len()).position(|window| window == END) else {
                return Ok(None);
            };
            if inbox[..end]
                .windows(8)
                .any(|word| word.eq_ignore_ascii_case(b"\nTransfe"))
            {
                bail!("a body without a length");
            }
            inbox.drain(..end + END.len());
            upload
        }
    };
    let taken = body.min(inbox.len() as u64);
    inbox.drain(..usize::try_from(taken)?);
    *left = (body > taken).then_some(body - taken);
    Ok(left.is_none().then_some(Reply::Answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [&[0x12, 0x34], &length[..], payload].concat()
    }

    fn body_packet(bytes: u16) -> Vec<u8> {
        packet(&[&bytes.to_be_bytes()[..], &vec![b'u'; usize::from(bytes)]].concat())
    }

    /// What is said to these bytes when they come one at a time.
    fn replies(mut speech: Speech, bytes: &[u8]) -> Vec<Reply> {
        let (mut inbox, mut replies) = (Vec::new(), Vec::new());
        for byte in bytes {
            inbox.push(*byte);
            replies.extend(speech.take(&mut inbox).unwrap());
        }
        assert!(inbox.is_empty());
        replies
    }

    #[test]
    fn ajp_requests_and_pings_are_told_apart() {
        let bytes = [packet(&[CPING]), packet(&[2, 2, 0]), packet(&[2, 2])].concat();
        let expected = [Reply::Pong, Reply::Answer, Reply::Answer];
        assert_eq!(replies(Speech::ajp(0), &bytes), expected);
    }

    #[test]
    fn an_ajp_body_is_asked_for_packet_by_packet() {
        let request = [packet(&[2, 4]), body_packet(8186), body_packet(14)].concat();
        let more = || Reply::More(get_body_chunk(BODY_PACKET));
        let bytes = [request.clone(), request].concat();
        let expected = [more(), Reply::Answer, more(), Reply::Answer];
        assert_eq!(replies(Speech::ajp(8200), &bytes), expected);
        let mut too_long = [packet(&[2, 4]), body_packet(20)].concat();
        assert!(Speech::ajp(10).take(&mut too_long).is_err());
        let mut not_as_said = [packet(&[2, 4]), packet(&[0, 4, b'u', b'u', b'u'])].concat();
        assert!(Speech::ajp(10).take(&mut not_as_said).is_err());
    }

    #[test]
    fn an_http_request_ends_with_its_body() {
        let get = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let two = [&get[..], get].concat();
        assert_eq!(replies(Speech::http(0), &two).len(), 2);
        let post = [&get[..], &[b'\r'; 5]].concat();
        let two = [&post[..], &post].concat();
        assert_eq!(
            replies(Speech::http(5), &two),
            [Reply::Answer, Reply::Answer]
        );
        let mut chunked = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        assert!(Speech::http(5).take(&mut chunked).is_err());
    }

    #[test]
    fn what_is_no_ajp_is_an_error() {
        assert!(
            Speech::ajp(0)
                .take(&mut b"GET / HTTP/1.1".to_vec())
                .is_err()
        );
    }
}
