use super::*;
use crate::response::{Frame, next_frame};
use proptest::prelude::*;

const MAX: PacketSize = PacketSize::DEFAULT;

const HEAD: &[u8] = b"AB\x00\x0e\x04\x00\xc8\x00\x00\0\x00\x01\xa0\x03\x00\x012\0";
const CHUNK: &[u8] = b"AB\x00\x06\x03\x00\x02hi\0";
const FLUSH: &[u8] = b"AB\x00\x04\x03\x00\x00\0";
const GET_BODY: &[u8] = b"AB\x00\x03\x06\x00\x64";
const CPONG: &[u8] = b"AB\x00\x01\x09";
const END: &[u8] = b"AB\x00\x02\x05\x01";
const END_CLOSE: &[u8] = b"AB\x00\x02\x05\x00";

fn packet(bytes: &[u8]) -> Packet<'_> {
    match next_frame(bytes, MAX).unwrap() {
        Frame::Complete { packet, .. } => packet,
        Frame::Incomplete { needed } => panic!("{needed}"),
    }
}

fn get() -> Exchange {
    Exchange::new(BodyLength::None, false, MAX)
}

/// The short name of what came out, so that sequences can be compared.
fn name(result: &Result<Action<'_>, ProtocolError>) -> String {
    match result {
        Ok(Action::Head(head)) => format!("head {}", head.status()),
        Ok(Action::Body(data)) => format!("body {}", data.escape_ascii()),
        Ok(Action::SendBody(quota)) => format!("send {}..{}", quota.at_least, quota.at_most),
        Ok(Action::Finish { reuse }) => format!("finish {reuse}"),
        Ok(other) => format!("{other:?}").to_lowercase(),
        Err(error) => format!("{error:?} {}", error.status()),
    }
}

fn run(exchange: &mut Exchange, packets: &[&[u8]]) -> Vec<String> {
    packets
        .iter()
        .map(|bytes| name(&exchange.on_packet(packet(bytes))))
        .collect()
}

/// Contract row, packets, and what comes out.
type Order = (
    &'static str,
    &'static [&'static [u8]],
    &'static [&'static str],
);

const ORDERS: [Order; 13] = [
    (
        "plain",
        &[HEAD, CHUNK, END],
        &["head 200", "body hi", "finish true"],
    ),
    ("PL-09", &[HEAD, END_CLOSE], &["head 200", "finish false"]),
    (
        "RS-11",
        &[FLUSH, HEAD, FLUSH, CHUNK, FLUSH],
        &["nothing", "head 200", "flush", "body hi", "flush"],
    ),
    ("RS-10", &[CHUNK], &["BodyBeforeHeaders { len: 2 } 500"]),
    (
        "BG-23",
        &[GET_BODY, CHUNK],
        &["send 0..0", "BodyBeforeHeaders { len: 2 } 500"],
    ),
    (
        "F-09 twice",
        &[HEAD, HEAD],
        &["head 200", "HeadersRepeated 500"],
    ),
    (
        "F-09 twice, flushed",
        &[HEAD, FLUSH, HEAD],
        &["head 200", "flush", "HeadersRepeated 500"],
    ),
    (
        "F-10",
        &[HEAD, CHUNK, HEAD],
        &["head 200", "body hi", "HeadersAfterBody 502"],
    ),
    ("F-09 end", &[END], &["EndBeforeHeaders 500"]),
    (
        "F-09 cpong",
        &[HEAD, CPONG],
        &["head 200", "UnexpectedCpong 500"],
    ),
    (
        "BD-05",
        &[HEAD, GET_BODY, END],
        &["head 200", "send 0..0", "finish true"],
    ),
    (
        "after end",
        &[HEAD, END, END],
        &["head 200", "finish true", "PacketAfterEnd 500"],
    ),
    (
        "after end",
        &[HEAD, END, GET_BODY],
        &["head 200", "finish true", "PacketAfterEnd 500"],
    ),
];

#[test]
fn rs_order_of_packets() {
    for (row, packets, actions) in ORDERS {
        assert_eq!(run(&mut get(), packets), actions, "{row}");
    }
}

#[test]
fn rs09_head_swallows_the_body() {
    let mut exchange = Exchange::new(BodyLength::None, true, MAX);
    let actions = run(&mut exchange, &[HEAD, CHUNK, CHUNK, END]);
    assert_eq!(actions, ["head 200", "flush", "flush", "finish true"]);
    let mut exchange = Exchange::new(BodyLength::None, true, MAX);
    assert_eq!(
        run(&mut exchange, &[HEAD, CHUNK, HEAD])[2],
        "HeadersAfterBody 502"
    );
}

#[test]
fn bd01_bd03_first_body_packet() {
    let cases = [
        (BodyLength::None, None),
        (BodyLength::Known(0), None),
        (BodyLength::Known(1), Some(1)),
        (BodyLength::Known(8186), Some(8186)),
        (BodyLength::Known(8187), Some(8186)),
        (BodyLength::Known(u64::MAX), Some(8186)),
        (BodyLength::Chunked, None),
    ];
    for (body, bytes) in cases {
        assert_eq!(
            Exchange::new(body, false, MAX).eager_body(),
            bytes,
            "{body:?}"
        );
    }
    let large = Exchange::new(BodyLength::Known(70_000), false, PacketSize::MAX);
    assert_eq!(large.eager_body(), Some(65530));
}

#[test]
fn bd04_bd05_quota() {
    let cases = [
        (BodyLength::None, 0, 100, (0, 0)),
        (BodyLength::Known(20_000), 8186, 100, (100, 100)),
        (BodyLength::Known(20_000), 8186, 8186, (8186, 8186)),
        (BodyLength::Known(20_000), 8186, 0xFFFF, (8186, 8186)),
        (BodyLength::Known(20_000), 16372, 8186, (3628, 3628)),
        (BodyLength::Known(20_000), 20_000, 8186, (0, 0)),
        (BodyLength::Known(5), 9, 8186, (0, 0)),
        (BodyLength::Known(20_000), 8186, 0, (1, 1)),
        (BodyLength::Known(20_000), 20_000, 0, (0, 0)),
        (BodyLength::Chunked, 0, 100, (8174, 8186)),
        (BodyLength::Chunked, 50_000, 0, (8174, 8186)),
    ];
    for (body, sent, wanted, (at_least, at_most)) in cases {
        let mut exchange = Exchange::new(body, false, MAX);
        exchange.body_sent(sent);
        let action = exchange.on_packet(Packet::GetBody(wanted));
        let quota = BodyQuota { at_least, at_most };
        assert_eq!(
            action,
            Ok(Action::SendBody(quota)),
            "{body:?} {sent} {wanted}"
        );
    }
}

#[test]
fn bd06_what_the_exchange_remembers() {
    let seen = |e: &Exchange| (e.head_received(), e.body_requested(), e.finished());
    let mut exchange = get();
    assert_eq!(seen(&exchange), (false, false, false));
    run(&mut exchange, &[FLUSH]);
    assert_eq!(seen(&exchange), (false, false, false));
    run(&mut exchange, &[GET_BODY]);
    assert_eq!(seen(&exchange), (false, true, false));
    run(&mut exchange, &[HEAD]);
    assert_eq!(seen(&exchange), (true, true, false));
    run(&mut exchange, &[CHUNK, END]);
    assert_eq!(seen(&exchange), (true, true, true));
}

#[test]
fn cp08_no_reuse_while_tomcat_waits_for_the_first_body_packet() {
    for (body, sent, finish) in [
        (BodyLength::Known(10), 0, "finish false"),
        (BodyLength::Known(10), 10, "finish true"),
        (BodyLength::Known(20_000), 8186, "finish true"),
        (BodyLength::Chunked, 0, "finish true"),
    ] {
        let mut exchange = Exchange::new(body, false, MAX);
        exchange.body_sent(sent);
        assert_eq!(
            run(&mut exchange, &[HEAD, END])[1],
            finish,
            "{body:?} {sent}"
        );
    }
}

/// Feeds a stream in the given pieces, as a connection would, up to the first error.
fn drive(pieces: &[&[u8]]) -> Vec<String> {
    let mut exchange = get();
    let (mut buf, mut actions) = (Vec::new(), Vec::new());
    for piece in pieces {
        buf.extend_from_slice(piece);
        loop {
            match next_frame(&buf, MAX) {
                Ok(Frame::Incomplete { .. }) => break,
                Err(error) => {
                    actions.push(format!("{error:?}"));
                    return actions;
                }
                Ok(Frame::Complete { packet, consumed }) => {
                    let result = exchange.on_packet(packet);
                    actions.push(name(&result));
                    if result.is_err() {
                        return actions;
                    }
                    buf.drain(..consumed);
                }
            }
        }
    }
    actions
}

fn any_packet() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![
        4 => Just(HEAD),
        4 => Just(CHUNK),
        2 => Just(FLUSH),
        2 => Just(GET_BODY),
        1 => Just(CPONG),
        2 => Just(END),
        1 => Just(END_CLOSE),
        1 => Just(b"AB\x00\x03\x03\x00\x01".as_slice()),
        1 => Just(b"AB\x00\x00".as_slice()),
        1 => Just(b"XX\x00\x01\x09".as_slice()),
    ]
}

#[test]
fn any_cut_of_a_good_stream_gives_the_same_actions() {
    let stream = [FLUSH, GET_BODY, HEAD, FLUSH, CHUNK, CHUNK, END].concat();
    let whole = drive(&[&stream]);
    assert_eq!(whole.last().map(String::as_str), Some("finish true"));
    for cut in 0..=stream.len() {
        let (first, second) = stream.split_at(cut);
        assert_eq!(drive(&[first, second]), whole, "{cut}");
    }
    assert_eq!(drive(&stream.chunks(1).collect::<Vec<_>>()), whole);
}

proptest! {
    #[test]
    fn any_stream_gives_the_same_actions_however_it_arrives(
        packets in proptest::collection::vec(any_packet(), 0..8), size in 1..9usize,
    ) {
        let stream = packets.concat();
        let pieces: Vec<&[u8]> = stream.chunks(size).collect();
        prop_assert_eq!(drive(&pieces), drive(&[&stream]));
    }

    #[test]
    fn the_client_sees_one_head_first_and_nothing_after_the_end(
        packets in proptest::collection::vec(any_packet(), 0..12), head_request: bool,
    ) {
        let mut exchange = Exchange::new(BodyLength::None, head_request, MAX);
        let (mut heads, mut ended) = (0, false);
        for bytes in packets {
            let Ok(Frame::Complete { packet, .. }) = next_frame(bytes, MAX) else { break };
            let Ok(action) = exchange.on_packet(packet) else { break };
            prop_assert!(!ended);
            match action {
                Action::Head(_) => heads += 1,
                Action::Body(data) => prop_assert!(heads == 1 && !data.is_empty() && !head_request),
                Action::Flush => prop_assert_eq!(heads, 1),
                Action::Finish { .. } => {
                    prop_assert_eq!(heads, 1);
                    ended = true;
                }
                Action::SendBody(_) | Action::Nothing => {}
                other => prop_assert!(false, "{other:?}"),
            }
            prop_assert!(heads <= 1);
            prop_assert_eq!(exchange.head_received(), heads == 1);
            prop_assert_eq!(exchange.finished(), ended);
        }
    }
}

#[test]
fn bd05_asking_after_the_end_of_the_body_has_an_end() {
    let mut exchange = get();
    for _ in 0..8 {
        assert_eq!(run(&mut exchange, &[GET_BODY]), ["send 0..0"]);
        exchange.body_ended();
    }
    assert_eq!(run(&mut exchange, &[GET_BODY]), ["BodyAskedAfterEnd 500"]);
}
