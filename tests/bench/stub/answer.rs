//! The bytes of an answer, made before anything is measured.

use rjk_testbed::peer::{Head, body_chunk, end_response};
use std::sync::Arc;

/// Data of a full AJP packet.
const CHUNK: usize = 8184;
/// Full packets that are written at once.
const AT_ONCE: u64 = 8;

/// Parts that are written one after the other, each so many times; the same for all connections.
#[derive(Clone, Debug)]
pub struct Answer(Arc<[(Vec<u8>, u64)]>);

/// How far an answer was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    part: usize,
    times: u64,
    offset: usize,
}

impl Answer {
    /// In AJP, with a body of so many bytes.
    pub fn ajp(length: u64) -> Answer {
        let head = Head::ok().header("Content-Length", &length.to_string());
        let packet = body_chunk(&[b'x'; CHUNK]);
        let (full, rest) = (length / CHUNK as u64, length % CHUNK as u64);
        let (blocks, single) = (full / AT_ONCE, full % AT_ONCE);
        let last = [body_chunk(&vec![b'x'; rest as usize]), end_response(true)].concat();
        Answer::new(head.packet(), packet, blocks, single, last)
    }

    /// In HTTP.
    pub fn http(length: u64) -> Answer {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let packet = vec![b'x'; CHUNK];
        let (full, rest) = (length / CHUNK as u64, length % CHUNK as u64);
        let last = vec![b'x'; rest as usize];
        Answer::new(
            head.into_bytes(),
            packet,
            full / AT_ONCE,
            full % AT_ONCE,
            last,
        )
    }

    /// What is small is one part, so that it is one write.
    fn new(head: Vec<u8>, packet: Vec<u8>, blocks: u64, single: u64, last: Vec<u8>) -> Answer {
        let singles = packet.repeat(single as usize);
        if blocks == 0 {
            return Answer(Arc::new([([head, singles, last].concat(), 1)]));
        }
        let block = packet.repeat(AT_ONCE as usize);
        let end = [singles, last].concat();
        Answer(Arc::new([(head, 1), (block, blocks), (end, 1)]))
    }

    /// What comes next at a place; nothing at the end.
    pub fn rest(&self, place: Place) -> &[u8] {
        match self.0.get(place.part) {
            Some((bytes, _)) => &bytes[place.offset..],
            None => &[],
        }
    }

    /// The place after so many more bytes of [`Answer::rest`].
    pub fn after(&self, mut place: Place, written: usize) -> Place {
        let Some((bytes, times)) = self.0.get(place.part) else {
            return place;
        };
        place.offset += written;
        if place.offset == bytes.len() {
            place.offset = 0;
            place.times += 1;
        }
        if place.times == *times {
            place = Place {
                part: place.part + 1,
                ..Place::default()
            };
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(answer: &Answer, step: usize) -> Vec<u8> {
        let (mut place, mut bytes) = (Place::default(), Vec::new());
        while !answer.rest(place).is_empty() {
            let rest = answer.rest(place);
            let written = step.min(rest.len());
            bytes.extend_from_slice(&rest[..written]);
            place = answer.after(place, written);
        }
        bytes
    }

    /// Data of the body packets of an AJP answer.
    fn body(mut bytes: &[u8]) -> usize {
        let mut length = 0;
        while let [b'A', b'B', high, low, rest @ ..] = bytes {
            let size = usize::from(u16::from_be_bytes([*high, *low]));
            if rest[0] == 3 {
                length += usize::from(u16::from_be_bytes([rest[1], rest[2]]));
            }
            bytes = &rest[size..];
        }
        assert!(bytes.is_empty());
        length
    }

    #[test]
    fn an_answer_is_as_long_as_it_says_however_it_is_written() {
        for length in [0, 1024, 8184, 16_384, 262_144, 1_000_000] {
            for step in [7, 5000, 1 << 20] {
                let ajp = all(&Answer::ajp(length), step);
                assert_eq!(body(&ajp) as u64, length);
                let http = all(&Answer::http(length), step);
                let end = http.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
                assert_eq!((http.len() - end - 4) as u64, length);
            }
        }
    }

    #[test]
    fn a_small_answer_is_one_write() {
        let answer = Answer::ajp(1024);
        let all = answer.rest(Place::default()).len();
        assert!(answer.rest(answer.after(Place::default(), all)).is_empty());
    }
}
