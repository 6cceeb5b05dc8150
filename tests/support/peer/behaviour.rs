//! Peers named by what they do wrong, each with the rule that it breaks.

use super::packet::{self, Head, body_chunk, end_response, frame, frame_with, string};
use super::script::{Script, Step};
use std::time::Duration;

/// A kind of backend. Unless the name says otherwise, pings are answered and the mistake is made at
/// every request, after its body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Nothing wrong: answers 200 with what it saw.
    Echo,
    /// Closes each connection as soon as it was accepted.
    ClosesAtAccept,
    /// Reads the request and closes without an answer.
    ClosesBeforeAnswer,
    /// Reads the request and never answers.
    Stalls,
    /// Accepts connections and never reads from them.
    NeverReads,
    /// Does not answer CPING, but requests.
    NoCpong,
    /// Answers CPING with another packet (PL-06).
    WrongCpong,
    /// Resets the connection instead of answering.
    Resets,
    /// Resets after a part of the body.
    ResetsMidBody,
    /// Answers each byte after a pause of 20 ms.
    Slow,
    /// Sends half of the response head's packet and closes.
    HalfHeader,
    /// Sends the head, half of a chunk's packet, and closes.
    HalfPacket,
    /// Sends the head and a chunk and closes, with Content-Length announcing more.
    ClosesMidBody,
    /// Sends the head and a chunk and stalls.
    StallsMidBody,
    /// Sends head and body, and closes without END_RESPONSE.
    NoEnd,
    /// Frames with the magic of the other direction (K-02).
    WrongMagic,
    /// Answers with HTTP.
    SpeaksHttp,
    /// A frame that announces 65,535 bytes (K-02).
    Oversized,
    /// A frame without payload.
    EmptyPacket,
    /// A packet of type 0x63.
    UnknownPacket,
    /// A response header with code A000 (HC-13).
    CodeA000,
    /// A response header with code A00C (HC-12).
    CodeA00C,
    /// A head whose header count is 65,535 with one header behind it (RS-15).
    HugeHeaderCount,
    /// A header value whose length goes beyond the packet (RS-14).
    StringBeyondPacket,
    /// A header with a null value.
    NullHeaderValue,
    /// A chunk whose length goes beyond its packet (K-08).
    BadChunkLength,
    /// Two heads.
    HeadersTwice,
    /// A second head after body bytes.
    HeadersAfterBody,
    /// Body bytes without a head (RS-10).
    BodyBeforeHeaders,
    /// END_RESPONSE as the whole answer.
    EndWithoutHeaders,
    /// END_RESPONSE without its flag (K-10).
    EndWithoutFlag,
    /// A whole answer that forbids the reuse of the connection (PL-09).
    ReuseZero,
    /// Status 0 (RS-06).
    StatusZero,
    /// Status 100 as the final one, with a body (RS-06).
    StatusContinue,
    /// Status 65,535.
    StatusHuge,
    /// More body bytes than Content-Length announced.
    MoreThanLength,
    /// CR LF in a header value (RS-07).
    SplitsHeader,
    /// CR LF in the reason phrase (RS-07).
    SplitsReason,
    /// `Transfer-Encoding: chunked` and `Connection: X-Gone` among the headers (RS-05).
    HopByHop,
    /// Asks for body data again and again after the end of the body.
    AsksForever,
    /// Bytes of another answer behind END_RESPONSE in the same write.
    TrailingBytes,
    /// A CPONG that nobody asked for, before the head.
    StrayCpong,
}

impl Behaviour {
    /// All of them.
    pub const ALL: [Behaviour; 42] = {
        use Behaviour::*;
        [
            Echo,
            ClosesAtAccept,
            ClosesBeforeAnswer,
            Stalls,
            NeverReads,
            NoCpong,
            WrongCpong,
            Resets,
            ResetsMidBody,
            Slow,
            HalfHeader,
            HalfPacket,
            ClosesMidBody,
            StallsMidBody,
            NoEnd,
            WrongMagic,
            SpeaksHttp,
            Oversized,
            EmptyPacket,
            UnknownPacket,
            CodeA000,
            CodeA00C,
            HugeHeaderCount,
            StringBeyondPacket,
            NullHeaderValue,
            BadChunkLength,
            HeadersTwice,
            HeadersAfterBody,
            BodyBeforeHeaders,
            EndWithoutHeaders,
            EndWithoutFlag,
            ReuseZero,
            StatusZero,
            StatusContinue,
            StatusHuge,
            MoreThanLength,
            SplitsHeader,
            SplitsReason,
            HopByHop,
            AsksForever,
            TrailingBytes,
            StrayCpong,
        ]
    };

    /// Those that never end the exchange. A reply_timeout ends it; but not mod_jk's with
    /// [`Behaviour::AsksForever`], which goes on answering as long as it is asked.
    pub fn hangs(self) -> bool {
        use Behaviour::*;
        matches!(self, Stalls | NeverReads | StallsMidBody | AsksForever)
    }

    /// Its steps.
    pub fn script(self) -> Script {
        use Behaviour::*;
        match self {
            Echo => Script::default(),
            ClosesAtAccept => Script::default().on_accept([Step::Close]),
            NeverReads => Script::default().on_accept([Step::Stall]),
            NoCpong => Script::default().on_ping([]),
            WrongCpong => Script::default().on_ping([Step::Send(end_response(true))]),
            _ => {
                let mut steps = vec![Step::ReadBody];
                steps.extend(self.after_body());
                Script::new(steps)
            }
        }
    }

    fn after_body(self) -> Vec<Step> {
        use Behaviour::*;
        match self {
            ClosesBeforeAnswer => vec![Step::Close],
            Stalls => vec![Step::Stall],
            Resets => vec![Step::Reset],
            Slow => vec![Step::Trickle(whole(), Duration::from_millis(20))],
            ResetsMidBody => cut_short(Step::Reset),
            ClosesMidBody => cut_short(Step::Close),
            StallsMidBody => cut_short(Step::Stall),
            NoEnd => vec![Step::Head(Head::ok()), Step::text("body"), Step::Close],
            HalfHeader => vec![half(&Head::ok().packet()), Step::Close],
            HalfPacket => vec![
                Step::Head(Head::ok()),
                half(&body_chunk(b"body")),
                Step::Close,
            ],
            AsksForever => vec![Step::run(|connection| {
                loop {
                    connection.get_body(100)?;
                    std::thread::sleep(Duration::from_millis(1));
                }
            })],
            _ => vec![Step::Send(self.answer())],
        }
    }

    /// The bytes of an answer that is sent at once.
    fn answer(self) -> Vec<u8> {
        self.bad_frame()
            .or_else(|| self.bad_head())
            .unwrap_or_else(|| self.bad_order())
    }

    fn bad_frame(self) -> Option<Vec<u8>> {
        use Behaviour::*;
        Some(match self {
            WrongMagic => frame_with([0x12, 0x34], 2, &[0x05, 1]),
            SpeaksHttp => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(),
            Oversized => frame_with([0x41, 0x42], 0xFFFF, &vec![0x03; 0xFFFF]),
            EmptyPacket => [frame(&[]), whole()].concat(),
            UnknownPacket => [frame(&[0x63, 1, 2, 3]), whole()].concat(),
            _ => return None,
        })
    }

    fn bad_head(self) -> Option<Vec<u8>> {
        use Behaviour::*;
        let bad = match self {
            CodeA000 => raw_head(1, &[&[0xA0, 0x00][..], &string("x")].concat()),
            CodeA00C => raw_head(1, &[&[0xA0, 0x0C][..], &string("x")].concat()),
            HugeHeaderCount => raw_head(0xFFFF, &[string("A"), string("x")].concat()),
            StringBeyondPacket => raw_head(1, &[&string("A")[..], &[0x40, 0, b'x']].concat()),
            NullHeaderValue => raw_head(1, &[&string("A")[..], &[0xFF, 0xFF]].concat()),
            StatusZero => Head::new(0).packet(),
            StatusContinue => Head::new(100).packet(),
            StatusHuge => Head::new(0xFFFF).packet(),
            SplitsHeader => Head::ok().header("X-A", "1\r\nX-Split: 1").packet(),
            SplitsReason => Head::ok().reason("OK\r\nX-Split: 1").packet(),
            HopByHop => Head::ok()
                .header("Transfer-Encoding", "chunked")
                .header("Connection", "X-Gone")
                .header("X-Gone", "1")
                .packet(),
            _ => return None,
        };
        Some([bad, body_chunk(b"body"), end_response(true)].concat())
    }

    fn bad_order(self) -> Vec<u8> {
        use Behaviour::*;
        let (head, chunk, end) = (Head::ok().packet(), body_chunk(b"body"), end_response(true));
        let parts = match self {
            BadChunkLength => vec![head, frame(&[0x03, 0x10, 0x00, b'x', 0]), end],
            HeadersTwice => vec![head.clone(), head, chunk, end],
            HeadersAfterBody => vec![head.clone(), chunk.clone(), head, chunk, end],
            BodyBeforeHeaders => vec![chunk, end],
            EndWithoutHeaders => vec![end],
            EndWithoutFlag => vec![head, chunk, frame(&[0x05])],
            ReuseZero => vec![head, chunk, end_response(false)],
            MoreThanLength => vec![
                Head::ok().header("Content-Length", "2").packet(),
                chunk,
                end,
            ],
            TrailingBytes => vec![whole(), Head::new(500).packet()],
            StrayCpong => vec![packet::CPONG.to_vec(), whole()],
            _ => vec![whole()],
        };
        parts.concat()
    }
}

impl From<Behaviour> for Script {
    fn from(behaviour: Behaviour) -> Script {
        behaviour.script()
    }
}

/// A whole correct answer: 200 with the body `body`.
fn whole() -> Vec<u8> {
    let head = Head::ok().header("Content-Length", "4").packet();
    [head, body_chunk(b"body"), end_response(true)].concat()
}

/// A head that announces 1,000 bytes, 4 of them, time for them to reach the client, and `then`.
fn cut_short(then: Step) -> Vec<Step> {
    let head = Head::ok().header("Content-Length", "1000");
    let pause = Step::Sleep(Duration::from_millis(100));
    vec![
        Step::Head(head),
        Step::text("body"),
        Step::Flush,
        pause,
        then,
    ]
}

fn half(bytes: &[u8]) -> Step {
    Step::Send(bytes[..bytes.len() / 2].to_vec())
}

/// A 200 head with any header count and any bytes behind it.
fn raw_head(count: u16, headers: &[u8]) -> Vec<u8> {
    let start = [&[0x04, 0, 200][..], &string("OK"), &count.to_be_bytes()].concat();
    frame(&[&start[..], headers].concat())
}
