//! The host.

use super::*;

#[test]
fn there_is_one_host_and_it_is_one() {
    let cases: [(&[Field], &str); 10] = [
        (&[(b"hOST", b"www.example")], "www.example"),
        (
            &[(b"Host", b" a_b~c-1.example:8080\t")],
            "a_b~c-1.example:8080",
        ),
        (&[(b"Host", b"[2001:db8::1]")], "[2001:db8::1]"),
        (&[(b"Host", b"[::ffff:1.2.3.4]:1")], "[::ffff:1.2.3.4]:1"),
        (&[(b"Host", b"1.2.3.4:65535")], "1.2.3.4:65535"),
        // Tomcat makes port 0 of this colon.
        (&[(b"Host", b"www.example:")], "www.example"),
        (&[(b"Host", b"[::1]:")], "[::1]"),
        (&[(b"Host", b" ")], "server.example:8443"),
        (&[], "server.example:8443"),
        (
            &[(b"H_ost", b"x"), (b"X-Host", b"y")],
            "server.example:8443",
        ),
    ];
    for (headers, expected) in cases {
        let lines = lines(&get(headers), &Told::default());
        assert_eq!(lines[1], format!("Host: {expected}"));
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.starts_with("Host:"))
                .count(),
            1
        );
    }
    let head = RequestHead {
        server_name: b"2001:db8::1",
        ..get(&[])
    };
    assert_eq!(
        lines(&head, &Told::default())[1],
        "Host: [2001:db8::1]:8443"
    );
}

#[test]
fn a_host_that_is_none_is_refused() {
    let cases: [(&[u8], &str); 18] = [
        (b":80", "is no host name"),
        (b"a, b", "is no host name"),
        (b"a,b", "is no host name"),
        (b"a b", "is no host name"),
        (b"a/b", "is no host name"),
        (b"user@a", "is no host name"),
        (b"a?b", "is no host name"),
        (b"a#b", "is no host name"),
        (b"a'b", "is no host name"),
        (b"%41", "is no host name"),
        (b"a\\b", "is no host name"),
        (b"a::", "has no number as its port"),
        (b"a:b", "has no number as its port"),
        (b"a:65536", "has no number as its port"),
        (b"a:80:80", "has no number as its port"),
        (b"[::1", "has no end of its address"),
        (b"[a]", "holds no IPv6 address"),
        (b"[::1]80", "has something behind its address"),
    ];
    for (host, expected) in cases {
        let shown = host
            .strip_suffix(b":")
            .unwrap_or(host)
            .escape_ascii()
            .to_string();
        assert_eq!(
            error(&get(&[(b"Host", host)])),
            format!("the host '{shown}' {expected}")
        );
    }
    let twice = "the host 'www.example' is not the only one";
    assert_eq!(error(&get(&[HOST, HOST])), twice);
    assert_eq!(
        error(&get(&[HOST, (b"X", b""), (b"HOST", b"www.example")])),
        twice
    );
    let nameless = RequestHead {
        server_name: b"",
        ..get(&[])
    };
    assert_eq!(error(&nameless), "the host ':8443' is no host name");
}
