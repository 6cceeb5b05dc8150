//! The request line.

use super::*;

#[test]
fn a_path_keeps_its_meaning_and_its_place() {
    let cases: [(&[u8], &str); 14] = [
        (b"/", "/"),
        (b"/a/b.jsp;jsessionid=1.r", "/a/b.jsp;jsessionid=1.r"),
        (b"/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"),
        // As the forms of JkOptions that encode have it, in either case.
        (b"/a%20b%c3%A9", "/a%20b%c3%A9"),
        // As the forms that do not encode have it.
        (b"/a b", "/a%20b"),
        (b"/a?b=c", "/a%3Fb=c"),
        ("/caf\u{e9}".as_bytes(), "/caf%C3%A9"),
        (
            b"/a HTTP/1.1\r\nX: y\r\n\r\nGET /b",
            "/a%20HTTP/1.1%0D%0AX:%20y%0D%0A%0D%0AGET%20/b",
        ),
        (
            b"/\"<>[\\]^`{|}\x7F\t",
            "/%22%3C%3E%5B%5C%5D%5E%60%7B%7C%7D%7F%09",
        ),
        // The worker refuses it, as it does over AJP.
        (b"/100%/%zz%", "/100%/%zz%"),
        // A path all the same.
        (b"//host/x", "//host/x"),
        // As a client of a proxy writes it, where the path goes as it was sent.
        (b"HTTP://user@host:80/a b/c", "/a%20b/c"),
        (b"https://host", "/"),
        (b"http:///a", "/a"),
    ];
    for (uri, expected) in cases {
        let head = RequestHead {
            uri,
            ..get(&[HOST])
        };
        assert_eq!(target(&head).as_deref(), Ok(expected));
    }
}

#[test]
fn a_path_that_could_be_read_in_two_ways_is_refused() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "the request target '' does not begin with '/'"),
        (b"*", "the request target '*' does not begin with '/'"),
        (b"a/b", "the request target 'a/b' does not begin with '/'"),
        (b" /a", "the request target ' /a' does not begin with '/'"),
        (
            b"host:443",
            "the request target 'host:443' does not begin with '/'",
        ),
        (
            b"http://",
            "the request target 'http://' does not begin with '/'",
        ),
        (
            b"ftp://host/a",
            "the request target 'ftp://host/a' does not begin with '/'",
        ),
        (b"/a\0b", r"the request target '/a\x00b' holds a NUL"),
        (b"/a#/../b", "the request target '/a#/../b' holds a '#'"),
    ];
    for (uri, expected) in cases {
        assert_eq!(
            error(&RequestHead {
                uri,
                ..get(&[HOST])
            }),
            expected
        );
    }
    let uri = [b"/\n\x1b".as_slice(), &[b'a'; 100], b"#"].concat();
    let head = RequestHead {
        uri: &uri,
        ..get(&[HOST])
    };
    let shown = format!(r"/\n\x1b{}...", "a".repeat(77));
    assert_eq!(
        error(&head),
        format!("the request target '{shown}' holds a '#'")
    );
}

/// Everybody read it so: httpd, who decoded it, and the worker, who decodes what is encoded here.
#[test]
fn a_decoded_path_may_hold_what_begins_a_fragment_elsewhere() {
    let told = Told {
        decoded_path: true,
        ..Told::default()
    };
    for (uri, expected) in [
        ("/a#b", "/a%23b"),
        ("/a#/../b", "/a%23/../b"),
        ("/a?b# c\n", "/a%3Fb%23%20c%0A"),
        // Was encoded twice.
        ("/a%23", "/a%23"),
    ] {
        let head = RequestHead {
            uri: uri.as_bytes(),
            ..get(&[HOST])
        };
        let first = lines(&head, &told).swap_remove(0);
        assert_eq!(first, format!("GET {expected} HTTP/1.1"));
    }
    let nul = RequestHead {
        uri: b"/a\0",
        ..get(&[HOST])
    };
    assert!(text(&nul, &told).is_err());
}

#[test]
fn a_query_keeps_its_meaning_and_its_place() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "/app/x?"),
        (b"a=1&b=%20+?/", "/app/x?a=1&b=%20+?/"),
        // Tomcat refuses these in a request line, and takes them over AJP.
        (
            b"a[]=1&b={x}|\"^`\\<>",
            "/app/x?a%5B%5D=1&b=%7Bx%7D%7C%22%5E%60%5C%3C%3E",
        ),
        (b"a=\xc3\xa9", "/app/x?a=%C3%A9"),
        (b"a#b", "/app/x?a%23b"),
        (
            b"a HTTP/1.1\r\n\r\nGET /",
            "/app/x?a%20HTTP/1.1%0D%0A%0D%0AGET%20/",
        ),
    ];
    for (query, expected) in cases {
        let mut head = get(&[HOST]);
        head.attributes.query = Some(query);
        assert_eq!(target(&head).as_deref(), Ok(expected));
    }
    let mut head = get(&[HOST]);
    head.attributes.query = Some(b"a\0");
    assert_eq!(error(&head), r"the request target 'a\x00' holds a NUL");
}

#[test]
fn the_server_itself_is_asked_by_options_only() {
    let head = |method, query| {
        let mut head = RequestHead {
            method,
            uri: b"*",
            ..get(&[HOST])
        };
        head.attributes.query = query;
        head
    };
    let first = lines(&head(b"OPTIONS", None), &Told::default()).swap_remove(0);
    assert_eq!(first, "OPTIONS * HTTP/1.1");
    for head in [
        head(b"GET", None),
        head(b"PRI", None),
        head(b"OPTIONS", Some(b"a")),
    ] {
        assert_eq!(
            error(&head),
            "the request target '*' does not begin with '/'"
        );
    }
}

#[test]
fn a_method_is_a_token_and_opens_no_tunnel() {
    let cases: [(&[u8], &str); 7] = [
        (b"", "the method '' is not a token"),
        (b"GET ", "the method 'GET ' is not a token"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET",
            r"the method 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET' is not a token",
        ),
        (b"G\0", r"the method 'G\x00' is not a token"),
        (b"G\xc3\xa9", r"the method 'G\xc3\xa9' is not a token"),
        (b"CONNECT", "the method CONNECT is not for a worker"),
        (b"connect", "the method CONNECT is not for a worker"),
    ];
    for (method, expected) in cases {
        assert_eq!(
            error(&RequestHead {
                method,
                ..get(&[HOST])
            }),
            expected
        );
    }
    for method in ["get", "PROPFIND", "M-SEARCH", "!#$%&'*+-.^_`|~0"] {
        let head = RequestHead {
            method: method.as_bytes(),
            ..get(&[HOST])
        };
        let first = lines(&head, &Told::default()).swap_remove(0);
        assert_eq!(first, format!("{method} /app/x HTTP/1.1"));
    }
}
