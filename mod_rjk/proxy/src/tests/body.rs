//! The request body (BD-01…BD-08).

use super::support::Client;
use crate::job::body::BodySource;
use crate::job::downstream::BrokenBody;
use proptest::prelude::*;
use rjk_message::BodyQuota;

fn exactly(bytes: usize) -> BodyQuota {
    BodyQuota {
        at_least: bytes,
        at_most: bytes,
    }
}

fn client(text: &[u8]) -> Client {
    Client {
        input: text.to_vec(),
        piece: 3,
        ..Client::default()
    }
}

#[test]
fn bd07_the_first_packet_is_kept_and_sent_again() {
    let mut client = client(b"0123456789");
    let mut body = BodySource::default();
    for _ in 0..3 {
        body.rewind();
        assert_eq!(body.eager(6, &mut client).unwrap(), b"012345");
        assert!(body.is_repeatable());
    }
    assert_eq!(client.read, 6, "read once");
}

#[test]
fn bd07_the_second_member_may_take_smaller_or_larger_packets() {
    for second in [2, 8] {
        let mut client = client(b"0123456789");
        let mut body = BodySource::default();
        assert_eq!(body.eager(6, &mut client).unwrap().len(), 6);
        body.rewind();
        let mut all = body.eager(second, &mut client).unwrap().to_vec();
        while append(&mut body, exactly(3), &mut client, &mut all) > 0 {}
        assert_eq!(all, b"0123456789", "{second}");
    }
}

/// The next part behind what is there; bytes.
fn append(
    body: &mut BodySource,
    quota: BodyQuota,
    client: &mut Client,
    all: &mut Vec<u8>,
) -> usize {
    let from = all.len();
    let got = body.next(quota, client, from, all).unwrap();
    all.truncate(from + got);
    got
}

/// What stands before a part is left alone, and a part that is shorter than the last cuts nothing off.
#[test]
fn a_part_is_put_where_it_belongs() {
    let mut packet = b"frame".to_vec();
    let (mut client, mut body) = (client(b"0123456"), BodySource::default());
    assert_eq!(body.next(exactly(4), &mut client, 5, &mut packet), Ok(4));
    assert_eq!(packet, b"frame0123");
    assert_eq!(body.next(exactly(4), &mut client, 5, &mut packet), Ok(3));
    assert_eq!(packet, b"frame4563");
}

#[test]
fn bd06_what_went_beyond_the_first_packet_is_not_repeatable() {
    let mut client = client(b"0123456789");
    let mut body = BodySource::default();
    body.eager(4, &mut client).unwrap();
    let mut packet = Vec::new();
    assert_eq!(body.next(exactly(0), &mut client, 0, &mut packet), Ok(0));
    assert!(body.is_repeatable(), "the end needs no byte");
    assert_eq!(body.next(exactly(2), &mut client, 0, &mut packet), Ok(2));
    assert!(!body.is_repeatable());
}

#[test]
fn bd08_cv05_a_client_that_fails_or_ends_early() {
    for breaks in [true, false] {
        let mut client = Client {
            breaks,
            ..client(b"0123")
        };
        let mut body = BodySource::default();
        assert_eq!(
            body.eager(6, &mut client),
            Err(BrokenBody::SHORT),
            "{breaks}"
        );
    }
    let mut failing = Client {
        breaks: true,
        ..client(b"")
    };
    let result = BodySource::default().next(exactly(2), &mut failing, 0, &mut Vec::new());
    assert_eq!(result, Err(BrokenBody::SHORT));
}

proptest! {
    /// BD-04: packets of any quota, pieces of any size and any number of starts give the body.
    #[test]
    fn bd04_the_body_arrives_whole_and_in_order(
        input in proptest::collection::vec(any::<u8>(), 0..200),
        piece in 1usize..50,
        eager in 0usize..60,
        starts in 1usize..4,
        quotas in proptest::collection::vec((1usize..40, 0usize..20), 1..10),
    ) {
        let mut client = Client { input: input.clone(), piece, ..Client::default() };
        let mut body = BodySource::default();
        let eager = eager.min(input.len());
        let mut all = Vec::new();
        for _ in 0..starts {
            body.rewind();
            all = body.eager(eager, &mut client).unwrap().to_vec();
        }
        for (at_least, more) in quotas.iter().cycle().take(1000) {
            let quota = BodyQuota { at_least: *at_least, at_most: at_least + more };
            let before = all.len();
            let got = append(&mut body, quota, &mut client, &mut all);
            prop_assert_eq!(all.len(), before + got);
            prop_assert!(got <= quota.at_most);
            if got == 0 { break }
        }
        prop_assert_eq!(all, input);
    }
}
