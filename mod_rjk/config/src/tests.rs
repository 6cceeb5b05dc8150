//! What messages propose passes the check that was failed.

use crate::advice::{host_problem, nearest};
use crate::uri_map::pattern_problem;

#[test]
fn nearest_finds_typing_errors_and_nothing_else() {
    let known = [
        "host",
        "port",
        "reply_timeout",
        "socket_timeout",
        "lbfactor",
    ];
    for (word, expected) in [
        ("hots", Some("host")),
        ("Reply_TimeOut", Some("reply_timeout")),
        ("replytimeout", Some("reply_timeout")),
        ("lb_factor", Some("lbfactor")),
        ("\"host\"", Some("host")),
        ("host\u{a0}", Some("host")),
        ("colour", None),
        ("", None),
        ("\"\"", None),
        // as near to one as to the other
        ("hort", None),
        // most of it is right, and yet it may be something else
        ("connection_timeout", None),
        ("timeout", None),
    ] {
        assert_eq!(nearest(word, known), expected, "{word}");
    }
    assert_eq!(nearest("connection_timeout", ["connect_timeout"]), None);
}

/// What a message proposes to write between quotes.
fn proposed(message: &str) -> Option<&str> {
    message.split_once("; write '")?.1.strip_suffix('\'')
}

#[rustfmt::skip]
#[test]
fn d05_m04_patterns_that_do_not_begin_with_a_slash() {
    for (written, proposal) in [
        ("app/*", Some("/app/*")),
        ("*.jsp", Some("/*.jsp")),
        ("app", Some("/app")),
        ("app|/*", Some("/app|/*")),
        ("ä/*", Some("/ä/*")),
        ("\u{feff}/app/*", Some("/app/*")),
        ("\u{a0}/app/*\u{200b}", Some("/app/*")),
        ("\"/app/*\"", Some("/app/*")),
        ("“/app/*”", Some("/app/*")),
        ("http://h/app/*", Some("/app/*")),
        ("https://h:8443/*.jsp", Some("/*.jsp")),
        // Nothing is known of what was meant.
        ("^/app(/.*)?$", None),
        ("/.*\\.jsp", None),
        ("app/.*", None),
        ("(a|b)/*", None),
        ("http://h", None),
        ("http://h/^app", None),
        ("h:80/app", None),
        ("www.shop.test/app", None),
        ("www.shop.test", None),
        ("shop.test", None),
        ("*.shop.test", None),
        ("127.0.0.1", None),
        ("index.jsp", None),
        (".jsp", None),
        ("app*.jsp", Some("/app*.jsp")),
        ("\\app\\*", None),
        ("-/app/*", None),
        ("!/app/*", None),
        ("./app", None),
        ("../app", None),
        ("app//x", None),
        ("app;x", None),
        ("app/*=w", None),
        ("*If", Some("/*If")),
        ("", None),
        ("\u{feff}", None),
    ] {
        let message = pattern_problem(written);
        assert_eq!(proposed(&message), proposal, "{written:?}: {message}");
        assert!(message.starts_with(&format!("'{written}' does not start with '/'")), "{message}");
    }
}

#[rustfmt::skip]
#[test]
fn a01_hosts_that_are_none() {
    for (written, remedy) in [
        ("\"127.0.0.1\"", Some("write host=127.0.0.1")),
        ("'tomcat'", Some("write host=tomcat")),
        ("“tomcat”", Some("write host=tomcat")),
        ("127.0.0.1\u{a0}", Some("write host=127.0.0.1")),
        ("\u{feff}127.0.0.1", Some("write host=127.0.0.1")),
        ("http://127.0.0.1", Some("write host=127.0.0.1")),
        ("http://127.0.0.1:8080/app", Some("write host=127.0.0.1")),
        ("ajp://tomcat:8010/", Some("write host=tomcat and port=8010")),
        ("tomcat/", Some("write host=tomcat")),
        ("tomcat:", Some("write host=tomcat")),
        ("tomcat:8010", Some("write host=tomcat and port=8010")),
        ("127.0.0.1,", Some("write host=127.0.0.1")),
        ("[::1]:8009", Some("write host=::1 and port=8009")),
        // Nothing is known of what was meant.
        ("tomcat:80090", Some("write one name or address")),
        ("tomcat:0", Some("write one name or address")),
        ("tomcat:ajp", Some("write one name or address")),
        ("a,b", Some("write one name or address")),
        ("a b", Some("write one name or address")),
        ("user@tomcat", Some("write one name or address")),
        ("tom–cat", Some("write one name or address")),
        ("tömcat", Some("write one name or address")),
        ("::1::2", Some("write one name or address")),
        ("http://", Some("write one name or address")),
        // Hosts.
        ("127.0.0.1", None), ("::1", None), ("[::1]", None), ("fe80::1%eth0", None), ("tomcat", None),
        ("tomcat-1.example.test.", None), ("tomcat_1", None), ("127.1", None), ("::1:8009", None),
    ] {
        let problem = host_problem("host", written);
        let end = remedy.map(|remedy| format!("; {remedy}"));
        let right = match (&problem, &end) {
            (Some(text), Some(end)) => text.ends_with(end.as_str()),
            (problem, end) => problem.is_none() && end.is_none(),
        };
        assert!(right, "{written:?}: {problem:?}");
    }
    let source = host_problem("source", "127.0.0.2:80").unwrap();
    assert!(source.ends_with("; write source=127.0.0.2"), "{source}");
}

mod properties {
    use super::*;
    use crate::error::Warning;
    use crate::properties::Properties;
    use crate::uri_map::{Source, UriMapBuilder};
    use crate::workers::Workers;
    use proptest::prelude::*;

    /// Pieces of what people write where a host or a pattern belongs.
    fn written() -> impl Strategy<Value = String> {
        let pieces = [
            "app",
            "tomcat",
            "127.0.0.1",
            "::1",
            "/",
            "/*",
            "*.jsp",
            "?",
            "|",
            ":",
            ":8009",
            ".",
            "..",
            "^",
            "$",
            "(",
            ")",
            ".*",
            "\\",
            "http://",
            "ajp://",
            "\"",
            "'",
            "\u{feff}",
            "\u{a0}",
            "\u{2013}",
            "!",
            "-",
            ",",
            ";",
            "[",
            "]",
            "%",
            "@",
            "=",
            "ä",
            "x",
        ];
        let piece = proptest::sample::select(pieces.to_vec());
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// A proposed pattern is taken without a word, matches what it was made of, and nothing of it
        /// is invented.
        #[test]
        fn a_proposed_pattern_is_taken_and_matches(written in written()) {
            let message = pattern_problem(&written);
            let Some(pattern) = proposed(&message) else { return Ok(()) };
            let mut warnings = Vec::new();
            let mut builder = UriMapBuilder::new();
            builder
                .add_mount(pattern.as_bytes(), b"w", Source::JkMount, None, &mut warnings)
                .unwrap();
            prop_assert_eq!(&warnings, &Vec::new());
            prop_assert!(written.contains(pattern.trim_start_matches('/')), "{}: {}", written, pattern);
            let stem = pattern.split('|').next().unwrap_or_default();
            let path = stem.replace(['*', '?'], "x");
            let normal = crate::uri_map::normalize(path.as_bytes()).unwrap();
            prop_assert_eq!(normal.as_ref(), path.as_bytes());
            prop_assert!(builder.build().lookup(&normal, false).is_some(), "{}: {}", written, pattern);
        }

        /// A proposed host passes, with its port, and stands in what was written.
        #[test]
        fn a_proposed_host_passes(written in written()) {
            let Some(message) = host_problem("host", &written) else { return Ok(()) };
            let Some((_, remedy)) = message.rsplit_once("; write host=") else { return Ok(()) };
            let (host, port) = remedy.split_once(" and port=").unwrap_or((remedy, "8009"));
            prop_assert!(written.contains(host), "{}", message);
            let text = format!("worker.list=w\nworker.w.host={host}\nworker.w.port={port}\n");
            prop_assert_eq!(read(&text), Vec::<String>::new());
        }

        /// A near word is known, and the only one as near.
        #[test]
        fn a_near_word_is_known(word in "[a-z_]{0,12}") {
            let known = crate::properties::attributes::KNOWN;
            if let Some(near) = nearest(&word, known.iter().copied()) {
                let line = format!("worker.list=w\nworker.w.{near}=1\n");
                let mut properties = Properties::workers();
                prop_assert!(properties.add_text(line.as_bytes(), "f", &mut Vec::new()).is_ok());
            }
        }
    }

    /// Warnings, or the error, of a workers.properties.
    fn read(text: &str) -> Vec<String> {
        let mut warnings: Vec<Warning> = Vec::new();
        let mut properties = Properties::workers();
        let built = properties
            .add_text(text.as_bytes(), "f", &mut warnings)
            .and_then(|()| Workers::build(properties, &mut warnings));
        let mut texts: Vec<String> = warnings.iter().map(Warning::to_string).collect();
        texts.extend(built.err().map(|error| error.to_string()));
        texts
    }

    const REST: &str = "worker.t.port=1\nworker.m.port=2\nworker.m.route=r2\n";

    /// A line, what is said of it, and the line that this asks for.
    #[rustfmt::skip]
    const LINES: &[(&str, &str, &str)] = &[
        ("worker.list=\"t\"", "write t", "worker.list=t"),
        ("worker.list=t;", "write t", "worker.list=t"),
        ("worker.list=t\u{a0}", "write t", "worker.list=t"),
        ("worker.list=n", "write worker.n.host", "worker.list=n\nworker.n.host=h"),
        ("worker.list=\"n\"", ", and a name has letters, digits, '_' and '-'", "worker.list=n\nworker.n.host=h"),
        ("worker.list=t\nworker.t.hots=h", "write \"host\"", "worker.list=t\nworker.t.host=h"),
        ("worker.list=t\nworker.t.host\u{a0}=h", "write \"host\"", "worker.list=t\nworker.t.host=h"),
        ("worker.list=t\nworker.t.connection_timeout=9", "remove the line", "worker.list=t"),
        ("worker.list=t\nworker.t.host=", "remove the line", "worker.list=t"),
        ("worker.list=t\nworker.t.host=h:1", "write host=h and port=1", "worker.list=t\nworker.t.host=h"),
        ("worker.list=t\nworker.t.source=\"h\"", "write source=h", "worker.list=t\nworker.t.source=h"),
        ("worker.list=t\nworker.t.retries=3;", "write 3", "worker.list=t\nworker.t.retries=3"),
        ("worker.list=t\nworker.t.retries=3\u{a0}", "write 3", "worker.list=t\nworker.t.retries=3"),
        ("worker.list=t\nworker.t.reply_timeout=-4", "write 0", "worker.list=t\nworker.t.reply_timeout=0"),
        ("worker.list=t\nworker.t.type=\"ajp13\"", "write type=ajp13", "worker.list=t\nworker.t.type=ajp13"),
        ("worker.list=t\nworker.t.type=ajp14", "write type=ajp13", "worker.list=t\nworker.t.type=ajp13"),
        ("worker.list=t\nworker.t.reference=m", "write worker.m", "worker.list=t\nworker.t.reference=worker.m"),
        ("worker.list=t\nworker.t.reply_timeout=30s", "is read as 30; write a plain number",
            "worker.list=t\nworker.t.reply_timeout=30000"),
        ("worker.list=t\nworker.t.disabled=false", "write activation=disabled where it is true", "worker.list=t"),
        ("worker.list=t\nworker.t.domain=$(d)", "; define d above", "worker.list=t\nd=x\nworker.t.domain=$(d)"),
        ("worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=t\nworker.l.method=equest",
            "Request is used, write Request",
            "worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=t\nworker.l.method=Request"),
        ("worker.list=t\nworker.t.cachesize=4", "write connection_pool_size", "worker.list=t\nworker.t.connection_pool_size=4"),
        ("worker.list=t\nworker.t.mount=\"/a\"", "write /a", "worker.list=t\nworker.t.mount=/a"),
        ("worker.list=t\nworker.t.mount=!a", "write /a", "worker.list=t\nworker.t.mount=!/a"),
        ("worker.list=t\n# c\ncomment", "put # in front", "worker.list=t\n# comment"),
        ("worker.list=t\nworker.t.redirect=m\nworker.l.redirect=x", "", "worker.list=t"),
        ("worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=t,m\nworker.t.redirect=m",
            "write redirect=r2",
            "worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=t,m\nworker.t.redirect=r2"),
    ];

    /// What is proposed passes, and it is what the line asks for.
    #[test]
    fn each_proposal_for_a_line_is_taken() {
        for (written, says, wanted) in LINES {
            let rest = |text: &str| format!("{text}\n{REST}");
            let said = read(&rest(written)).join("\n");
            assert!(said.contains(says), "{written:?}: {said:?}");
            assert_eq!(read(&rest(wanted)), Vec::<String>::new(), "{wanted:?}");
        }
    }

    /// A byte order mark at the front of a file, or of a line, is none of a name.
    #[test]
    fn p01_a_byte_order_mark_is_skipped() {
        for text in [
            "\u{feff}worker.list=t\nworker.t.port=1\n",
            "\u{feff}# comment\r\nworker.list=t\r\nworker.t.port=1\r\n",
            "\u{feff}\nworker.list=t\n\u{feff}worker.t.port=1\n",
            "\u{feff}",
        ] {
            assert_eq!(read(text), Vec::<String>::new(), "{text:?}");
        }
        let mut builder = UriMapBuilder::new();
        let mut warnings = Vec::new();
        builder
            .add_file("\u{feff}/a/*=w\n".as_bytes(), "m", &mut warnings)
            .unwrap();
        assert_eq!(warnings, Vec::new());
        assert!(builder.build().lookup(b"/a/x", false).is_some());
    }

    /// No advice makes a comment of the second half of a value.
    #[test]
    fn p01_a_backslash_joins_no_lines() {
        let said = read("worker.list=t,\\\n  m\nworker.t.port=1\nworker.m.port=1\n");
        assert!(
            said.iter()
                .any(|text| text.contains("write both lines as one")),
            "{said:?}"
        );
        assert!(
            !said
                .iter()
                .any(|text| text.contains('#') || text.contains("worker.\\")),
            "{said:?}"
        );
    }

    /// Nothing is proposed where nothing is known of what was meant.
    #[test]
    fn no_proposal_for_what_nobody_can_know() {
        let lb = "worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=t\nworker.t.port=1\n";
        for line in [
            "worker.l.method=fastest",
            "worker.l.lock=mutex",
            "worker.t.domain=$(worker.t.prot)",
            "worker.t.domain=$(a b)",
            "worker.t.domain=$()",
            "worker.t.local_worker=1",
        ] {
            let said = read(&format!("{lb}{line}\n"));
            assert_eq!(said.len(), 1, "{line}: {said:?}");
            assert!(
                !said[0].contains("write ") && !said[0].contains("define "),
                "{said:?}"
            );
        }
    }
}
