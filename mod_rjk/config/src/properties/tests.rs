use super::*;
use proptest::prelude::*;

fn read(text: &str) -> (Properties, Vec<String>) {
    let mut properties = Properties::workers().with_environment(environment);
    let mut warnings = Vec::new();
    properties
        .add_text(text.as_bytes(), "w.properties", &mut warnings)
        .unwrap();
    (
        properties,
        warnings.iter().map(ToString::to_string).collect(),
    )
}

fn environment(name: &OsStr) -> Option<OsString> {
    (name == "FROM_ENV").then(|| "env".into())
}

fn error(text: &str) -> String {
    let mut properties = Properties::workers();
    properties
        .add_text(text.as_bytes(), "w.properties", &mut Vec::new())
        .unwrap_err()
        .to_string()
}

fn value<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    properties
        .get(name)
        .and_then(|entry| entry.value.to_str().ok())
}

#[test]
fn p02_p03_lines_become_trimmed_entries() {
    #[rustfmt::skip]
    let table: &[(&str, &[(&str, &str)])] = &[
        ("a=b", &[("a", "b")]),
        (" \t a \t= b c \r\n", &[("a", "b c")]),
        ("a=b=c", &[("a", "b=c")]),
        ("a=b # comment", &[("a", "b")]),
        ("#a=b\n  # c=d\n", &[]),
        ("a#=b", &[]),
        ("a=\n=b\nab\n\n", &[]),
        ("worker.w.bogus=\n", &[]),
        ("a=1\nb=2\n", &[("a", "1"), ("b", "2")]),
        ("\u{b}a=b\u{c}", &[("a", "b")]),
    ];
    for (text, expected) in table {
        let (properties, _) = read(text);
        let entries: Vec<_> = properties
            .iter()
            .map(|entry| (entry.name.to_str().unwrap(), entry.value.to_str().unwrap()))
            .collect();
        assert_eq!(entries, *expected, "{text:?}");
    }
}

#[test]
fn p03_ignored_lines_are_named_in_warnings() {
    let (_, warnings) = read("a\nworker.w.secret=\n  # fine\n");
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[0].starts_with("w.properties:1: a line without \"=\""),
        "{warnings:?}"
    );
    assert!(warnings[1].starts_with("w.properties:2: worker.w.secret has no name or no value"));
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn p01_a_long_line_is_split_with_one_warning() {
    let long = format!("a={}b=c\n", "x".repeat(LINE_BYTES - 2));
    let (properties, warnings) = read(&format!("{long}{}", long.replace("a=", "d=")));
    assert_eq!(value(&properties, "a").map(str::len), Some(LINE_BYTES - 2));
    assert_eq!(value(&properties, "b"), Some("c"));
    assert_eq!(
        warnings
            .iter()
            .filter(|warning| warning.contains("8191"))
            .count(),
        1
    );
    let exact = format!("a={}\n", "x".repeat(LINE_BYTES - 2));
    assert_eq!(read(&exact).1, Vec::<String>::new());
}

#[test]
fn p01_a_nul_byte_ends_its_line_with_one_warning() {
    let (properties, warnings) = read("a=b\0c\n\0d=e\nf=g\n");
    assert_eq!(value(&properties, "a"), Some("b"));
    assert_eq!(value(&properties, "f"), Some("g"));
    assert_eq!(properties.iter().count(), 2);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("w.properties:1: the line holds a NUL byte"));
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn p04_unknown_attributes_are_errors_with_the_nearest_name() {
    #[rustfmt::skip]
    let table = [
        ("\nworker.w1.hots=a", "w.properties:2: worker.w1.hots has the unknown attribute \"hots\"; write \"host\""),
        ("worker.w1.replytimeout=1", "w.properties:1: worker.w1.replytimeout has the unknown attribute \"replytimeout\"; write \"reply_timeout\""),
        ("worker.lists=w1", "w.properties:1: worker.lists has the unknown attribute \"lists\"; write \"list\""),
        ("worker.w1.Host=w1", "w.properties:1: worker.w1.Host has the unknown attribute \"Host\"; write \"host\""),
        ("worker.w1.zzzzzzzz=1", "w.properties:1: worker.w1.zzzzzzzz has the unknown attribute \"zzzzzzzz\"; remove the line"),
    ];
    for (text, expected) in table {
        assert_eq!(error(text), expected);
    }
    for fine in [
        "worker.a.b.host=x",
        "worker.host=x",
        "workers.any=x",
        "any.thing=x",
        "worker=x",
    ] {
        assert_eq!(read(fine).0.iter().count(), 1, "{fine}");
    }
}

#[test]
fn d02_a_directive_line_has_no_comments() {
    let mut properties = Properties::workers();
    let mut warnings = Vec::new();
    let place = Location::new("httpd.conf", 7);
    properties
        .add_line(b"worker.w.secret=a#b", place.clone(), &mut warnings)
        .unwrap();
    assert_eq!(value(&properties, "worker.w.secret"), Some("a#b"));
    assert_eq!(
        properties.iter().next().map(|entry| &entry.location),
        Some(&place)
    );
    let error = properties
        .add_line(b"worker.w.prot=1", place.clone(), &mut warnings)
        .unwrap_err();
    assert_eq!(error.location(), Some(&place));
    assert!(properties.add_line(b"a=\0", place, &mut warnings).is_err());
}

#[test]
fn p06_variables() {
    #[rustfmt::skip]
    let table = [
        ("v=1\na=$(v)", "1"),
        ("v=1\na=x$(v)y$(v)z", "x1y1z"),
        ("worker.w.host=h\na=$(worker.w.host)", "h"),
        ("a=$(FROM_ENV)", "env"),
        ("FROM_ENV=file\na=$(FROM_ENV)", "file"),
        ("a=$(later)\nlater=1", "$(later)"),
        ("a=$(nope)$(FROM_ENV)", "$(nope)env"),
        ("a=$(open", "$(open"),
        ("v=$(x)\nx=1\na=$(v)", "$(x)"),
        ("a=$()", "$()"),
    ];
    for (text, expected) in table {
        assert_eq!(value(&read(text).0, "a"), Some(expected), "{text}");
    }
    let many = format!("v=1\na={}", "$(v)".repeat(23));
    assert_eq!(
        value(&read(&many).0, "a"),
        Some(&*format!("{}$(v)$(v)", "1".repeat(21)))
    );
    assert!(read(&many).1[0].contains("more than 21 variables"));
    assert!(read("a=$(nope)").1[0].starts_with("w.properties:1: $(nope) is not defined"));
}

#[test]
fn p06_growth_is_bounded() {
    let mut text = format!("v0={}\n", "x".repeat(8000));
    for step in 0..8 {
        text += &format!("v{}={}\n", step + 1, format!("$(v{step})").repeat(21));
    }
    assert!(error(&text).contains("longer than 1 MiB"));
}

#[test]
fn p16_server_root_is_defined_for_the_file() {
    let mut properties = Properties::workers().with_environment(|_| None);
    let mut warnings = Vec::new();
    properties
        .add_line(
            b"early=$(ServerRoot)",
            Location::new("httpd.conf", 1),
            &mut warnings,
        )
        .unwrap();
    properties.define("ServerRoot", "/etc/httpd");
    properties
        .add_text(b"late=$(ServerRoot)/x", "w", &mut warnings)
        .unwrap();
    assert_eq!(value(&properties, "early"), Some("$(ServerRoot)"));
    assert_eq!(value(&properties, "late"), Some("/etc/httpd/x"));
}

#[test]
fn p07_p08_bg26_duplicates() {
    #[rustfmt::skip]
    let table = [
        ("worker.w.port=1\nworker.w.port=2", "worker.w.port", "2", true),
        ("worker.w.distance=1\nworker.w.distance=2", "worker.w.distance", "2", true),
        ("worker.maintain=1\nworker.maintain=2", "worker.maintain", "2", true),
        ("free=1\nfree=2", "free", "2", true),
        ("worker.list=a\nworker.list=b, c", "worker.list", "a,b, c", false),
        ("worker.l.balance_workers=a\nworker.l.balance_workers=b", "worker.l.balance_workers", "a,b", false),
        ("worker.l.fail_on_status=500\nworker.l.fail_on_status=-503", "worker.l.fail_on_status", "500,-503", false),
    ];
    for (text, name, expected, warns) in table {
        let (properties, warnings) = read(text);
        assert_eq!(value(&properties, name), Some(expected), "{text}");
        assert_eq!(!warnings.is_empty(), warns, "{text}: {warnings:?}");
    }
    let (_, warnings) = read("worker.w.port=1\nworker.w.port=2");
    assert_eq!(
        warnings,
        ["w.properties:2: worker.w.port is set again and replaces w.properties:1; remove one"]
    );
}

#[test]
fn m01_m02_the_uri_map_dialect() {
    let mut properties = Properties::uri_map();
    let mut warnings = Vec::new();
    let text = b"/a/*=w1\nworker.bogus=x\n/a/*=w2 # last\nworker.list=a\nworker.list=b\n/b=\n";
    properties.add_text(text, "uri", &mut warnings).unwrap();
    assert_eq!(value(&properties, "/a/*"), Some("w2"));
    assert_eq!(value(&properties, "worker.bogus"), Some("x"));
    assert_eq!(value(&properties, "worker.list"), Some("b"));
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert_eq!(
        properties.get("/a/*").map(|entry| entry.location.line),
        Some(3)
    );
}

#[test]
fn p15_a33_deprecated_attributes_say_what_to_write() {
    for (attribute, _) in attributes::DEPRECATED {
        let (properties, warnings) = read(&format!("worker.w.{attribute}=1"));
        assert_eq!(properties.iter().count(), 1);
        assert_eq!(warnings.len(), 1, "{attribute}");
        assert!(warnings[0].starts_with(&format!(
            "w.properties:1: worker.w.{attribute} is deprecated; "
        )));
    }
    assert!(read("worker.w.cachesize=1").1[0].ends_with("write connection_pool_size"));
}

#[test]
fn p14_templates_give_what_a_worker_does_not_set() {
    let text = "worker.w.reference=worker.t\nworker.w.port=1\n\
                worker.t.host=h\nworker.t.port=2\nworker.t.reference=worker.base\n\
                worker.base.retries=5\nworker.base.host=base\n";
    let (mut properties, _) = read(text);
    properties.resolve_references().unwrap();
    assert_eq!(value(&properties, "worker.w.port"), Some("1"));
    assert_eq!(value(&properties, "worker.w.host"), Some("h"));
    assert_eq!(value(&properties, "worker.w.retries"), Some("5"));
    assert_eq!(
        properties
            .get("worker.w.retries")
            .map(|entry| entry.location.line),
        Some(6)
    );
    assert_eq!(value(&properties, "worker.base.port"), None);
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn p14_z07_bad_references_are_errors() {
    let chain = |length: usize| {
        let mut text = format!("worker.w{length}.host=end\n");
        for step in 0..length {
            text += &format!("worker.w{step}.reference=worker.w{}\n", step + 1);
        }
        let mut properties = read(&text).0;
        properties.resolve_references().map(|()| properties)
    };
    assert_eq!(value(&chain(19).unwrap(), "worker.w0.host"), Some("end"));
    assert!(
        chain(20)
            .unwrap_err()
            .to_string()
            .contains("more than 19 references")
    );
    #[rustfmt::skip]
    let table = [
        ("worker.a.reference=worker.a", "w.properties:1: worker.a.reference is part of a loop"),
        ("worker.a.reference=worker.b\nworker.b.reference=worker.a", "is part of a loop"),
        ("worker.a.reference=worker.none", "w.properties:1: worker.a.reference names worker.none, which has no property; set worker.none.host"),
        ("worker.t.host=h\nworker.a.reference=t", "w.properties:2: worker.a.reference names t, which has no property; write worker.t"),
    ];
    for (text, expected) in table {
        let error = read(text).0.resolve_references().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        for mut properties in [Properties::workers(), Properties::uri_map()] {
            let _ = properties.add_text(&text, "w", &mut Vec::new());
            for entry in properties.iter() {
                prop_assert!(!entry.name.is_empty() && !entry.value.is_empty());
                prop_assert_eq!(properties.get(&entry.name), Some(entry));
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn p06_a_value_never_grows_past_its_bound(
        lines in proptest::collection::vec("[ab]=(\\$\\([abc]\\)|x|\\$\\(|\\)){0,30}", 0..12),
    ) {
        let mut properties = Properties::uri_map().with_environment(|_| None);
        let _ = properties.add_text(lines.join("\n").as_bytes(), "w", &mut Vec::new());
        for entry in properties.iter() {
            prop_assert!(entry.value.len() <= (1 << 20) + 8191);
        }
    }
}
