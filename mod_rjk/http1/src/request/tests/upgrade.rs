//! Another protocol.

use super::*;

const WEBSOCKET: [Field; 5] = [
    HOST,
    (b"Connection", b"keep-alive, uPgrade"),
    (b"Upgrade", b"WebSocket"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"Sec-WebSocket-Version", b"13"),
];

#[test]
fn websocket_is_asked_for_by_all_of_its_signs() {
    assert!(asks_for_websocket(&get(&WEBSOCKET)));
    for missing in 1..WEBSOCKET.len() {
        let mut headers = WEBSOCKET.to_vec();
        headers.remove(missing);
        assert!(!asks_for_websocket(&get(&headers)), "without {missing}");
    }
    let others: [Field; 8] = [
        (b"Upgrade", b"websocket"),
        (b"Upgrade", b"h2c"),
        (b"Sec-WebSocket-Key", b"x"),
        (b"Sec-WebSocket-Version", b"8"),
        (b"sec-websocket-version", b""),
        (b"UPGRADE", b""),
        (b"Upgrade", b"websocket, h2c"),
        (b"sec-websocket-key", b"y"),
    ];
    for other in others {
        let headers = [&WEBSOCKET[..], &[other]].concat();
        assert!(!asks_for_websocket(&get(&headers)), "{other:?}");
    }
}

#[test]
fn websocket_is_asked_for_by_an_empty_get_of_http_1_1_or_2() {
    let get = get(&WEBSOCKET);
    let heads = [
        RequestHead {
            method: b"POST",
            ..get.clone()
        },
        RequestHead {
            method: b"HEAD",
            ..get.clone()
        },
        RequestHead {
            protocol: b"HTTP/1.0",
            ..get.clone()
        },
        RequestHead {
            body: BodyLength::Known(1),
            ..get.clone()
        },
        RequestHead {
            body: BodyLength::Chunked,
            ..get.clone()
        },
    ];
    assert!(heads.iter().all(|head| !asks_for_websocket(head)));
    assert!(asks_for_websocket(&RequestHead {
        protocol: b"HTTP/2.0",
        ..get.clone()
    }));
    assert!(asks_for_websocket(&RequestHead {
        body: BodyLength::Known(0),
        ..get
    }));
}

/// CVE-2019-17567: no upgrade that both ends did not agree on.
#[test]
fn an_upgrade_is_passed_on_where_it_is_wanted() {
    let told = Told {
        websocket: true,
        ..Told::default()
    };
    let rest = |head: &RequestHead<'_>, told: &Told<'_>| lines(head, told).split_off(4);
    assert_eq!(
        rest(&get(&WEBSOCKET), &told),
        ["Connection: Upgrade", "Upgrade: websocket"]
    );
    assert_eq!(rest(&get(&WEBSOCKET), &Told::default()), [""; 0]);
    let h2c: [Field; 5] = [
        HOST,
        (b"Connection", b"Upgrade, HTTP2-Settings"),
        (b"Upgrade", b"h2c"),
        (b"HTTP2-Settings", b"AAMAAABkAAQCAAAAAAIAAAAA"),
        (b"http2_settings", b""),
    ];
    assert_eq!(
        lines(&get(&h2c), &told),
        ["GET /app/x HTTP/1.1", "Host: www.example"]
    );
}
