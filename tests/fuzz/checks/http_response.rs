//! What must hold for any bytes that a worker sends over HTTP/1.1 (RFC 9112).
//!
//! An input is one byte that describes the request, one byte with the size of each read, and what
//! the worker sends until it ends the connection.

#[path = "head.rs"]
mod head;
#[path = "http_reader.rs"]
mod http_reader;

use head::check_head;
use http_reader::Reading;
use rjk_http1::{Exchange, Expected, ProtocolError, ROOM, Step};
use rjk_message::{Action, BodyLength, ResponseHead};

/// Runs one input; panics when something does not hold.
pub fn check(input: &[u8]) {
    let [setup, read_size, stream @ ..] = input else {
        return;
    };
    let expected = expected(*setup);
    let whole = run(expected, stream, stream.len().max(1));
    let in_parts = run(expected, stream, usize::from(*read_size) + 1);
    assert_eq!(
        whole.events, in_parts.events,
        "the size of the reads changes the result"
    );
    if let Some(ours) = whole.reading() {
        let other = http_reader::read(stream, expected.head_request);
        assert_eq!(Some(ours), other, "others read another response");
    }
}

/// The request that the stream answers.
fn expected(bits: u8) -> Expected {
    Expected {
        body: match bits & 3 {
            0 => BodyLength::None,
            1 => BodyLength::Chunked,
            2 => BodyLength::Known(10),
            _ => BodyLength::Known(1 << 20),
        },
        head_request: bits & 4 != 0,
        awaits_continue: bits & 8 != 0,
        upgrade: bits & 16 != 0,
    }
}

/// What came out of a stream; body data that came in one go or in several is the same.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Head(ResponseHead),
    Hint(ResponseHead),
    Switch(ResponseHead),
    Body(Vec<u8>),
    Continue,
    Finish { reuse: bool },
    Malformed(ProtocolError),
}

/// A stream as it was read.
struct Run {
    expected: Expected,
    exchange: Exchange,
    events: Vec<Event>,
    /// Bytes of the request body that were sent, framing left out.
    sent: usize,
    /// Bytes of the stream that were used.
    used: usize,
}

/// Feeds `stream` in reads of `read_size` bytes, as a connection does, until it ends or breaks.
fn run(expected: Expected, stream: &[u8], read_size: usize) -> Run {
    let mut run = Run::new(expected);
    let mut end = 0;
    while !run.is_over() {
        let pending = stream.get(run.used..end).unwrap_or_default();
        match run.exchange.step(pending) {
            Ok(Step::Complete { action, consumed }) => run.take(action, pending, consumed),
            Ok(Step::Incomplete { needed }) => {
                assert!(needed > pending.len(), "nothing would be read: {needed}");
                assert!(needed <= pending.len() + 1024);
                assert!(pending.len() <= 64 * 1024, "a head without limit");
                if end == stream.len() {
                    run.end(pending.len());
                    break;
                }
                end = end.saturating_add(read_size).min(stream.len());
            }
            Err(error) => run.fail(error),
        }
    }
    run
}

impl Run {
    fn new(expected: Expected) -> Run {
        let mut exchange = Exchange::new(expected);
        let eager = exchange.eager_body().unwrap_or(0);
        exchange.body_sent(eager);
        let waits = expected.awaits_continue && expected.body.declared() > 0;
        assert!(eager == 0 || !waits);
        Run {
            expected,
            exchange,
            events: Vec::new(),
            sent: eager,
            used: 0,
        }
    }

    /// Whether the exchange ended well or not.
    fn is_over(&self) -> bool {
        matches!(
            self.events.last(),
            Some(Event::Finish { .. } | Event::Switch(_) | Event::Malformed(_))
        )
    }

    fn take(&mut self, action: Action<'_>, pending: &[u8], consumed: usize) {
        assert!(consumed <= pending.len());
        self.used += consumed;
        let event = match action {
            Action::Nothing => {
                assert!(consumed > 0, "it would go on for ever");
                return;
            }
            Action::Body(data) => return self.take_body(data, &pending[..consumed]),
            Action::Head(head) => Event::Head(head),
            Action::Hint(head) => Event::Hint(head),
            Action::Switch(head) => Event::Switch(head),
            Action::Continue => Event::Continue,
            Action::Finish { reuse } => Event::Finish { reuse },
            Action::Flush | Action::SendBody(_) => unreachable!("AJP's"),
        };
        self.push(event);
    }

    fn take_body(&mut self, data: &[u8], used: &[u8]) {
        assert!(!data.is_empty() && !self.expected.head_request);
        assert!(used.as_ptr_range().contains(&data.as_ptr()));
        assert!(data.as_ptr_range().end <= used.as_ptr_range().end);
        match self.events.last_mut() {
            Some(Event::Body(before)) => before.extend_from_slice(data),
            _ => self.push(Event::Body(data.to_vec())),
        }
    }

    fn end(&mut self, pending: usize) {
        match self.exchange.at_end(pending) {
            Ok(Action::Finish { reuse }) => {
                assert!(!reuse, "the connection is gone");
                self.push(Event::Finish { reuse });
            }
            Ok(action) => unreachable!("{action:?}"),
            Err(error) => {
                assert!(error.is_early_end());
                self.fail(error);
            }
        }
    }

    fn fail(&mut self, error: ProtocolError) {
        assert_eq!(error.status(), 502);
        assert!(!error.to_string().contains(|c: char| c.is_control()));
        self.push(Event::Malformed(error));
        let again = self.exchange.step(b"HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(again, Err(ProtocolError::AfterEnd));
        assert!(!self.exchange.finished() && self.exchange.push().is_none());
    }

    /// Notes an event in its place: interim responses, one head, body, one end.
    fn push(&mut self, event: Event) {
        let has_head = self.head().is_some();
        assert!(!self.is_over());
        match &event {
            Event::Hint(head) => {
                check_head(head);
                assert!(!has_head && head.status() == 103);
            }
            Event::Switch(head) => {
                check_head(head);
                assert!(!has_head && head.status() == 101 && self.expected.upgrade);
                assert!(self.exchange.finished());
            }
            Event::Head(head) => {
                check_head(head);
                assert!(!has_head && head.status() >= 200);
            }
            Event::Continue => assert!(!has_head && !self.exchange.awaits_continue()),
            Event::Body(_) => assert!(has_head && self.exchange.head_received()),
            Event::Finish { reuse } => {
                assert!(has_head && self.exchange.finished());
                assert!(self.exchange.push().is_none());
                assert!(!reuse || self.sent_all(), "the worker waits for the rest");
            }
            Event::Malformed(_) => {}
        }
        let sends = matches!(event, Event::Head(_) | Event::Continue);
        self.events.push(event);
        if sends {
            self.send();
        }
    }

    /// Sends a little of the body, as the worker's answer allows.
    fn send(&mut self) {
        let Some(quota) = self.exchange.push() else {
            return;
        };
        assert!(!self.exchange.awaits_continue());
        assert!(0 < quota.at_least && quota.at_least <= quota.at_most);
        let mut packet = vec![b'x'; ROOM + quota.at_least];
        let framed = self.exchange.seal(&mut packet);
        match self.expected.body {
            BodyLength::None => unreachable!("there is nothing to send"),
            BodyLength::Known(_) => assert_eq!(framed, b"x"),
            BodyLength::Chunked => assert_eq!(framed, b"1\r\nx\r\n"),
        }
        self.sent += quota.at_least;
        if let BodyLength::Known(length) = self.expected.body {
            assert!(self.sent as u64 <= length);
        }
    }

    /// A chunked body was never ended here.
    fn sent_all(&self) -> bool {
        match self.expected.body {
            BodyLength::Chunked => false,
            body => self.sent as u64 == body.declared(),
        }
    }

    fn head(&self) -> Option<&ResponseHead> {
        self.events.iter().find_map(|event| match event {
            Event::Head(head) => Some(head),
            _ => None,
        })
    }

    /// The response, if it came whole.
    fn reading(&self) -> Option<Reading> {
        let mut reading = Reading {
            length: self.used,
            ..Reading::default()
        };
        for event in &self.events {
            match event {
                Event::Head(head) | Event::Switch(head) => {
                    let fields = head.headers();
                    reading.status = head.status();
                    reading.fields = fields.map(|(n, v)| (n.to_vec(), v.to_vec())).collect();
                }
                Event::Body(data) => reading.body.clone_from(data),
                Event::Malformed(_) => return None,
                Event::Hint(_) | Event::Continue | Event::Finish { .. } => {}
            }
        }
        Some(reading)
    }
}
