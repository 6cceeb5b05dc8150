//! Interim responses, and the change to a tunnel.

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

const UPGRADE: Expected = Expected {
    upgrade: true,
    ..GET
};

#[test]
fn rfc9110_15_2_interim_responses() {
    let cases: [(&str, &[&str]); 6] = [
        ("HTTP/1.1 100 Continue\r\n\r\n", &["continue"]),
        (
            "HTTP/1.1 100\r\nA: b\r\nContent-Length: 0\r\n\r\n",
            &["continue"],
        ),
        ("HTTP/1.0 100 Continue\r\n\r\n", &["continue"]),
        ("HTTP/1.1 102 Processing\r\n\r\n", &[]),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            &["hint 103"],
        ),
        (
            "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 199 x\r\n\r\nHTTP/1.1 100 x\r\n\r\n",
            &["hint 103", "continue"],
        ),
    ];
    for (interim, words) in cases {
        let words = [words, &["head 200", "finish true", "rest "]].concat();
        let stream = format!("{interim}{OK}");
        assert_eq!(drive(GET, &[stream.as_bytes()]), words, "{interim}");
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(drive(GET, &bytes), words, "{interim}");
    }
}

#[test]
fn interim_responses_have_an_end() {
    let interim = |count| "HTTP/1.1 102 x\r\n\r\n".repeat(count) + OK;
    assert_eq!(drive(GET, &[interim(10).as_bytes()])[0], "head 200");
    assert_eq!(drive(GET, &[interim(11).as_bytes()])[0], "TooManyInterim");
}

#[test]
fn rfc9112_6_1_an_interim_response_has_no_body() {
    for status in [100, 102, 103] {
        for field in [
            "Content-Length: 5",
            "Content-Length: x",
            "Content-Length: 0\r\nContent-Length: 0",
            "Transfer-Encoding: chunked",
        ] {
            let stream = format!("HTTP/1.1 {status} x\r\n{field}\r\n\r\n{OK}");
            let words = drive(GET, &[stream.as_bytes()]);
            assert_eq!(words, ["InterimBody", "rest "], "{stream}");
        }
    }
}

#[test]
fn an_interim_head_is_checked_as_any_other() {
    let lines = [
        "100 x\r\nA b\r\n",
        "103 x\r\nA: b\r\n c\r\n",
        "103 \x07\r\n",
    ];
    let names = ["FieldName", "Folded", "Reason"];
    for (line, name) in lines.into_iter().zip(names) {
        let stream = format!("HTTP/1.1 {line}\r\n{OK}");
        assert_eq!(drive(GET, &[stream.as_bytes()])[0], name, "{line}");
    }
}

const AGREED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n";

const CHANGES: [(&str, Expected, &[&str]); 9] = [
    (AGREED, UPGRADE, &["switch 101", "rest \\x81\\x02hi"]),
    (AGREED, GET, &["SwitchUnasked", "rest "]),
    (
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n",
        UPGRADE,
        &["SwitchElsewhere", "rest "],
    ),
    (
        "HTTP/1.1 101 x\r\nConnection: upgrade\r\n",
        UPGRADE,
        &["SwitchElsewhere", "rest "],
    ),
    ("HTTP/1.1 101 x\r\n", UPGRADE, &["SwitchElsewhere", "rest "]),
    (
        "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n",
        UPGRADE,
        &["SwitchElsewhere", "rest "],
    ),
    (
        "HTTP/1.0 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
        UPGRADE,
        &["SwitchElsewhere", "rest "],
    ),
    (
        "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n",
        UPGRADE,
        &["InterimBody", "rest "],
    ),
    (
        "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n",
        UPGRADE,
        &["switch 101", "rest \\x81\\x02hi"],
    ),
];

#[test]
fn cve_2019_17567_a_tunnel_needs_both_ends() {
    for (head, expected, words) in CHANGES {
        let stream = [head.as_bytes(), b"\r\n\x81\x02hi"].concat();
        assert_eq!(drive(expected, &[&stream]), words, "{head}");
    }
}

#[test]
fn a_tunnel_is_the_end_of_the_exchange() {
    let head = "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut exchange = after(UPGRADE, head.as_bytes());
    assert!(exchange.finished() && exchange.head_received());
    assert_eq!(exchange.push(), None);
    assert_eq!(exchange.step(b"\x81\x02hi"), Err(ProtocolError::AfterEnd));
    assert!(exchange.finished());
}

#[test]
fn a_refused_upgrade_is_an_ordinary_response() {
    let cases: [(&str, &[&str]); 3] = [
        (
            "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno",
            &["head 403", "body no", "finish true", "rest "],
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
            &["head 200", "body hi", "finish false", "rest "],
        ),
        (
            "HTTP/1.1 426 x\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
            &["head 426", "finish true", "rest "],
        ),
    ];
    for (stream, words) in cases {
        assert_eq!(drive(UPGRADE, &[stream.as_bytes()]), words, "{stream}");
    }
}
