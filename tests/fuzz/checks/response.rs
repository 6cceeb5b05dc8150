//! What must hold for any bytes that a backend sends (contract §5.1, CP-16, CP-17).
//!
//! An input is one byte that describes the request and the packet size, one byte with the size of
//! each read, and what the backend sends.

#[path = "head.rs"]
mod head;

use head::check_head;
use rjk_ajp::{Exchange, Frame, PacketSize, ProtocolError, next_frame};
use rjk_message::{Action, BodyLength, BodyQuota, ResponseHead};

/// Runs one input; panics when something does not hold.
pub fn check(input: &[u8]) {
    let [setup, read_size, stream @ ..] = input else {
        return;
    };
    let setup = Setup::new(*setup);
    let whole = run(&setup, stream, stream.len());
    let in_parts = run(&setup, stream, usize::from(*read_size) + 1);
    assert_eq!(whole, in_parts, "the size of the reads changes the result");
}

/// The request that the stream answers.
struct Setup {
    body: BodyLength,
    head_request: bool,
    max: PacketSize,
}

impl Setup {
    fn new(bits: u8) -> Setup {
        let body = match bits & 3 {
            0 => BodyLength::None,
            1 => BodyLength::Chunked,
            2 => BodyLength::Known(10),
            _ => BodyLength::Known(1 << 20),
        };
        let max = match bits >> 3 & 3 {
            0 => PacketSize::DEFAULT,
            1 => PacketSize::clamped(16 << 10),
            2 => PacketSize::clamped(63 << 10),
            _ => PacketSize::MAX,
        };
        Setup {
            body,
            head_request: bits & 4 != 0,
            max,
        }
    }
}

/// What came out of a stream, for comparison.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Head(ResponseHead),
    Body(Vec<u8>),
    Flush,
    SendBody(BodyQuota),
    Finish { reuse: bool },
    Nothing,
    Malformed(ProtocolError),
}

/// Feeds `stream` in reads of `read_size` bytes, as a connection does, until it ends or breaks.
fn run(setup: &Setup, stream: &[u8], read_size: usize) -> Vec<Event> {
    let mut exchange = Exchange::new(setup.body, setup.head_request, setup.max);
    let mut sent = exchange.eager_body().unwrap_or(0);
    exchange.body_sent(sent);
    let mut events = Vec::new();
    let (mut start, mut end) = (0, 0);
    loop {
        let buffer = &stream[start..end];
        let (action, consumed) = match next_frame(buffer, setup.max) {
            Ok(Frame::Complete { packet, consumed }) => {
                assert!((5..=buffer.len()).contains(&consumed));
                assert!(consumed <= setup.max.bytes() + 4);
                (exchange.on_packet(packet), consumed)
            }
            Ok(Frame::Incomplete { needed }) => {
                assert!(needed > buffer.len(), "nothing would be read: {needed}");
                assert!(needed <= setup.max.bytes() + 4);
                if end == stream.len() {
                    return events;
                }
                end = end.saturating_add(read_size.max(1)).min(stream.len());
                continue;
            }
            Err(error) => (Err(error), 0),
        };
        let packet = &buffer[..consumed];
        let event = match action {
            Ok(action) => event(setup, action, packet, &mut exchange, &mut sent),
            Err(error) => {
                assert!(matches!(error.status(), 500 | 502));
                assert!(!error.to_string().is_empty());
                Event::Malformed(error)
            }
        };
        check_order(&events, &event);
        let is_last = matches!(event, Event::Malformed(_));
        events.push(event);
        if is_last {
            return events;
        }
        start += consumed;
    }
}

fn event(
    setup: &Setup,
    action: Action<'_>,
    packet: &[u8],
    exchange: &mut Exchange,
    sent: &mut usize,
) -> Event {
    match action {
        Action::Head(head) => {
            check_head(&head);
            assert!(head.status() >= 200);
            Event::Head(head)
        }
        Action::Body(data) => {
            assert!(!data.is_empty() && !setup.head_request);
            assert!(packet.as_ptr_range().contains(&data.as_ptr()));
            assert!(data.as_ptr_range().end <= packet.as_ptr_range().end);
            Event::Body(data.to_vec())
        }
        Action::Flush => Event::Flush,
        Action::SendBody(quota) => {
            check_quota(setup, quota, *sent);
            *sent = sent.saturating_add(quota.at_most);
            exchange.body_sent(quota.at_most);
            assert!(exchange.body_requested());
            Event::SendBody(quota)
        }
        Action::Finish { reuse } => {
            assert!(exchange.finished());
            Event::Finish { reuse }
        }
        Action::Hint(_) | Action::Continue | Action::Switch(_) => {
            unreachable!("AJP has no interim responses")
        }
        Action::Nothing => Event::Nothing,
    }
}

/// The head comes first and once, and nothing but an error follows the end.
fn check_order(before: &[Event], event: &Event) {
    let head = before.iter().any(|event| matches!(event, Event::Head(_)));
    let ended = before.iter().any(|e| matches!(e, Event::Finish { .. }));
    match event {
        Event::Head(_) => assert!(!head && !ended),
        Event::Body(_) | Event::Flush | Event::Finish { .. } => assert!(head && !ended),
        Event::SendBody(_) | Event::Nothing => assert!(!ended),
        Event::Malformed(_) => {}
    }
}

fn check_quota(setup: &Setup, quota: BodyQuota, sent: usize) {
    assert!(quota.at_least <= quota.at_most);
    assert!(quota.at_most <= setup.max.max_body());
    match setup.body {
        BodyLength::None => assert_eq!(quota.at_most, 0),
        BodyLength::Known(length) => assert!((sent + quota.at_most) as u64 <= length),
        BodyLength::Chunked => assert!(quota.at_least > 0),
    }
}
