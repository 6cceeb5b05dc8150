use super::*;
use crate::model::{Activation, FailStatus};
use crate::properties::Properties;
use crate::uri_map::normalize;
use crate::wildcard::tests::by_definition;
use crate::workers::Workers;
use proptest::prelude::*;
use std::collections::HashSet;
use std::time::Duration;

/// A map from the text of a uriworkermap file, and the warnings.
fn file(text: &str) -> (UriMap, Vec<String>) {
    let (mut builder, mut warnings) = (UriMapBuilder::new(), Vec::new());
    builder
        .add_file(text.as_bytes(), "map", &mut warnings)
        .unwrap();
    (
        builder.build(),
        warnings.iter().map(Warning::to_string).collect(),
    )
}

fn worker<'a>(map: &'a UriMap, path: &str) -> Option<&'a str> {
    map.lookup(path.as_bytes(), false)
        .map(|mount| std::str::from_utf8(&mount.worker).unwrap())
}

/// What a request path is mapped to, by the way of the normaliser.
fn request<'a>(map: &'a UriMap, decoded: &str) -> Option<&'a str> {
    let path = normalize(decoded.as_bytes()).unwrap();
    worker(map, std::str::from_utf8(&path).unwrap())
}

fn mount(builder: &mut UriMapBuilder, source: Source, pattern: &str, value: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let (pattern, value) = (pattern.as_bytes(), value.as_bytes());
    builder
        .add_mount(pattern, value, source, None, &mut warnings)
        .unwrap();
    warnings.iter().map(Warning::to_string).collect()
}

fn unmount(builder: &mut UriMapBuilder, pattern: &str, worker: &str) {
    let (pattern, worker) = (pattern.as_bytes(), worker.as_bytes());
    builder
        .add_unmount(pattern, worker, Source::JkMount, None, &mut Vec::new())
        .unwrap();
}

#[test]
fn m01_m03_file_grammar_and_prefixes() {
    let (map, warnings) =
        file("# comment\n/a/* = w1 # more\n!/a/x=w1\n-/b=w2\n-!/a/y=w1\n/empty=\nno equals sign\n");
    assert_eq!(
        warnings.len(),
        2,
        "the lines without a value and without '=': {warnings:?}"
    );
    assert_eq!(map.rules().len(), 4);
    assert_eq!(worker(&map, "/a/1"), Some("w1"));
    assert_eq!(worker(&map, "/a/x"), None);
    assert_eq!(worker(&map, "/b"), None, "M-13");
    assert_eq!(worker(&map, "/a/y"), Some("w1"), "M-13");
    let places: Vec<u32> = map
        .rules()
        .map(|rule| rule.location.as_ref().unwrap().line)
        .collect();
    assert_eq!(places.iter().collect::<HashSet<_>>().len(), 4, "{places:?}");
}

#[test]
fn m02_the_last_duplicate_of_a_file_wins_with_a_warning() {
    let (map, warnings) = file("/a=w1\n/a=w2\n");
    assert_eq!(worker(&map, "/a"), Some("w2"));
    assert_eq!(map.rules().len(), 1);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn m03_m04_bad_patterns_are_skipped_and_named() {
    let (map, warnings) = file("*.jsp=w1\n!*.html=w1\n!-/x=w1\nfoo=w1\n/ok=w1\n");
    assert_eq!(map.rules().len(), 1);
    assert_eq!(worker(&map, "/ok"), Some("w1"));
    assert_eq!(warnings.len(), 4);
    assert!(
        warnings[0].starts_with("map:1: ") && warnings[0].contains("'*.jsp'"),
        "{warnings:?}"
    );
    let error = UriMapBuilder::new()
        .add_mount(b"*.jsp", b"w1", Source::JkMount, None, &mut Vec::new())
        .unwrap_err();
    assert!(error.to_string().contains("'*.jsp'"));
}

#[test]
fn m03_jkmount_patterns_are_plain_and_worker_mounts_are_not() {
    let mut builder = UriMapBuilder::new();
    for pattern in ["!/x", "-/x"] {
        let result = builder.add_mount(
            pattern.as_bytes(),
            b"w1",
            Source::JkMount,
            None,
            &mut Vec::new(),
        );
        assert!(result.is_err(), "{pattern}");
    }
    // W-05
    mount(&mut builder, Source::WorkerDefinition, "/a/*", "w1");
    mount(&mut builder, Source::WorkerDefinition, "!/a/x", "w1");
    mount(&mut builder, Source::WorkerDefinition, "-/b", "w1");
    let map = builder.build();
    assert_eq!(worker(&map, "/a/y"), Some("w1"));
    assert_eq!(worker(&map, "/a/x"), None);
    assert_eq!(worker(&map, "/b"), None);
}

#[test]
fn m05_the_bar_makes_two_rules() {
    let (map, _) = file("/app|/*=w1\n!/app/x|/*=w1\n");
    assert_eq!(worker(&map, "/app"), Some("w1"));
    assert_eq!(worker(&map, "/app/"), Some("w1"));
    assert_eq!(worker(&map, "/app/a/b"), Some("w1"));
    assert_eq!(worker(&map, "/app/x"), None);
    assert_eq!(worker(&map, "/app/x/y"), None);
    assert_eq!(worker(&map, "/app/xy"), Some("w1"));
    let mut builder = UriMapBuilder::new();
    mount(&mut builder, Source::JkMount, "/j|/*.jsp|x", "w2");
    let patterns: Vec<String> = builder
        .build()
        .rules()
        .map(|rule| rule.pattern.to_string())
        .collect();
    assert_eq!(patterns, ["/j/*.jsp|x", "/j"]);
}

#[test]
fn m05_w05_an_empty_stem_and_a_bar_of_a_worker() {
    let (map, _) = file("|/d=w1\n|d=w1\n");
    assert_eq!(worker(&map, "/d"), Some("w1"));
    assert_eq!(map.rules().len(), 1);
    let mut builder = UriMapBuilder::new();
    mount(&mut builder, Source::WorkerDefinition, "/j|/*", "w2");
    let map = builder.build();
    assert_eq!(worker(&map, "/j"), None);
    assert_eq!(worker(&map, "/j|/x"), Some("w2"));
}

#[test]
fn m05_m10_of_equal_patterns_that_were_written_differently_the_first_wins() {
    let (map, warnings) = file("/a=w1\n/a|/*=w2\n/b|/*=w1\n/b=w2\n");
    for (path, expected) in [("/a", "w1"), ("/a/x", "w2"), ("/b", "w1"), ("/b/x", "w1")] {
        assert_eq!(worker(&map, path), Some(expected), "{path}");
    }
    assert_eq!(
        warnings,
        [
            "map:2: '/a' is mounted to 'w1' by a rule before this one, which wins",
            "map:4: '/b' is mounted to 'w1' by a rule before this one, which wins",
        ]
    );
    let mut builder = UriMapBuilder::new();
    for (pattern, name) in [("/c|/*", "w1"), ("/c", "w2"), ("/c|/*", "w3")] {
        mount(&mut builder, Source::JkMount, pattern, name);
    }
    for name in ["w1", "w2"] {
        mount(&mut builder, Source::WorkerDefinition, "/d", name);
    }
    let map = builder.build();
    for (path, expected) in [("/c", "w3"), ("/c/x", "w3"), ("/d", "w1")] {
        assert_eq!(worker(&map, path), Some(expected), "{path}");
    }
}

#[test]
fn m06_m07_exact_is_equality_and_wildcards_cross_slashes() {
    let (map, _) = file("/app=w1\n/dir/*=w2\n/*.jsp=w3\n/q?r=w4\n");
    for (path, expected) in [
        ("/app", Some("w1")),
        ("/app/", None),
        ("/app/x", None),
        ("/App", None),
        ("/dir/", Some("w2")),
        ("/dir", None),
        ("/a/b.jsp", Some("w3")),
        ("/q/r", Some("w4")),
        ("*", None),
    ] {
        assert_eq!(worker(&map, path), expected, "{path}");
    }
}

#[test]
fn m08_cv02_longer_than_4095_bytes_never_matches() {
    let (map, _) = file("/*=w1\n");
    for (length, expected) in [
        (4094, Some("w1")),
        (4095, Some("w1")),
        (4096, None),
        (9000, None),
    ] {
        let path = format!("/{}", "a".repeat(length - 1));
        assert_eq!(worker(&map, &path), expected, "{length}");
    }
}

#[test]
fn m10_priority_slashes_then_length_then_source() {
    let (map, _) = file("/*=w1\n/a/*=w2\n/a/b/*=w3\n/abcdefgh*=w4\n/a/b/c=w5\n/a/b/c*=w6\n");
    for (path, expected) in [
        ("/x", "w1"),
        ("/a/x", "w2"),
        ("/a/b/x", "w3"),
        ("/abcdefgh/x", "w4"),
        ("/a/b/cd", "w6"),
        // the wildcard pattern is longer than the exact one
        ("/a/b/c", "w6"),
    ] {
        assert_eq!(worker(&map, path), Some(expected), "{path}");
    }
    let mut builder = UriMapBuilder::new();
    mount(&mut builder, Source::WorkerDefinition, "/s", "def");
    mount(&mut builder, Source::JkMount, "/s", "jkmount");
    assert_eq!(worker(&builder.clone().build(), "/s"), Some("jkmount"));
    builder
        .add_file(b"/s=file\n", "map", &mut Vec::new())
        .unwrap();
    assert_eq!(worker(&builder.build(), "/s"), Some("file"));
}

#[test]
fn m12_an_exclusion_cancels_without_a_second_best() {
    let (map, _) = file("/un/*=w1\n/un/z/*=w2;reply_timeout=5\n!/un/z/*=w2\n/o/*=w1\n!/o/*=w3\n");
    assert_eq!(worker(&map, "/un/z/a"), None);
    assert_eq!(worker(&map, "/un/y"), Some("w1"));
    assert_eq!(
        worker(&map, "/o/x"),
        Some("w1"),
        "exclusion of another worker"
    );
    let (map, _) = file("/a/b/c=w1\n!/a/*=w1\n/d/e=w1\n!/d*=*\n");
    assert_eq!(
        worker(&map, "/a/b/c"),
        None,
        "exclusions beat more specific mounts"
    );
    assert_eq!(worker(&map, "/d/e"), None, "the worker * stands for all");
}

#[test]
fn m14_o13_unsafe_paths() {
    let (map, _) = file("/*=w1\n");
    for (path, matches) in [(&b"/a%b"[..], false), (b"/a\\b", false), (b"/a;b", true)] {
        assert_eq!(map.lookup(path, true).is_some(), matches);
        assert!(map.lookup(path, false).is_some());
    }
}

#[test]
fn out08_a_rule_as_the_status_worker_lists_it() {
    let (map, _) = file(
        "/a/*=w\n-/b=w\n-!/c/*=w\n!/d=*\n!/e?=w\n-/f*=w\n-!/g=w\n/h=lb;stopped=m1 m2;active=m3\n",
    );
    let listed = |pattern: &str| map.rules().find(|rule| rule.pattern == pattern).unwrap();
    for (pattern, kind) in [
        ("/a/*", "Wildchar"),
        ("/b", "Disabled Exact"),
        ("/c/*", "Disabled Unmount Wildchar"),
        ("/d", "Unmount Exact"),
        ("/e?", "Unmount Wildchar"),
        ("/f*", "Disabled Wildchar"),
        ("/g", "Disabled Unmount Exact"),
        ("/h", "Exact"),
    ] {
        assert_eq!(listed(pattern).match_type(), kind, "{pattern}");
        assert_eq!(listed(pattern).source.as_str(), "uriworkermap");
    }
    assert!(listed("/d").concerns(b"w") && listed("/d").concerns(b"lb"));
    assert!(listed("/a/*").concerns(b"w") && !listed("/a/*").concerns(b"lb"));
    let members = |activation| {
        let names = listed("/h").extensions.members(activation);
        names.map(BString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(members(Activation::Stopped), ["m1", "m2"]);
    assert_eq!(members(Activation::Active), ["m3"]);
    assert!(members(Activation::Disabled).is_empty());
    assert_eq!(Source::JkMount.as_str(), "JkMount");
    assert_eq!(Source::WorkerDefinition.as_str(), "worker definition");
}

#[test]
fn bg14_two_unmounts_of_one_path_both_count() {
    let mut builder = UriMapBuilder::new();
    mount(&mut builder, Source::JkMount, "/a/*", "w1");
    mount(&mut builder, Source::JkMount, "/a/b/*", "w2");
    unmount(&mut builder, "/a/*", "w1");
    unmount(&mut builder, "/a/*", "w2");
    let map = builder.build();
    assert_eq!(map.rules().len(), 4);
    assert_eq!(worker(&map, "/a/x"), None);
    assert_eq!(worker(&map, "/a/b/x"), None);
}

#[test]
fn d05_the_same_path_mounted_twice_the_last_wins() {
    let mut builder = UriMapBuilder::new();
    assert_eq!(mount(&mut builder, Source::JkMount, "/a", "w1"), [""; 0]);
    assert_eq!(mount(&mut builder, Source::JkMount, "/a", "w1"), [""; 0]);
    let warnings = mount(&mut builder, Source::JkMount, "/a", "w2");
    assert!(
        warnings[0].contains("'w1'") && warnings[0].contains("'w2'"),
        "{warnings:?}"
    );
    let map = builder.build();
    assert_eq!(worker(&map, "/a"), Some("w2"));
    assert_eq!(map.rules().len(), 1);
}

#[test]
fn cv06_unmounts_hold_for_any_number_of_slashes() {
    let (map, _) = file("/a/*=w1\n!/a/priv/*=w1\n");
    for path in [
        "/a/priv/x",
        "/a//priv/x",
        "//a/priv/x",
        "/a/priv//x",
        "///a///priv///x",
        "/a/./priv/x",
    ] {
        assert_eq!(request(&map, path), None, "{path}");
    }
    assert_eq!(request(&map, "/a//pub/x"), Some("w1"));
}

#[test]
fn cv09_path_parameters_never_change_the_mapping() {
    let (map, _) = file("/app/*=w1\n!/app/priv*=w1\n/status=st\n");
    for (path, expected) in [
        ("/app/..;/priv", None),
        ("/app/priv;x/y", None),
        ("/app/priv;/x", None),
        // `/app/pri%3bv`: httpd has decoded it once
        ("/app/pri;v", Some("w1")),
        ("/app/;x/priv/y", None),
        ("/app/x/..;y/priv", None),
        ("/app/..;/x", None),
        ("/app/..;/app/q", Some("w1")),
        ("/app/..;/status", Some("st")),
        ("/app/%2e%2e/status", Some("w1")),
    ] {
        assert_eq!(request(&map, path), expected, "{path}");
    }
    assert!(normalize(b"/..;/status").is_err());
}

#[test]
fn m21_a_reload_replaces_only_the_rules_of_the_file() {
    let mut builder = UriMapBuilder::new();
    mount(&mut builder, Source::JkMount, "/j", "w1");
    mount(&mut builder, Source::WorkerDefinition, "/w", "w1");
    unmount(&mut builder, "/j/x", "w1");
    builder
        .add_file(b"/f=w1\n", "map", &mut Vec::new())
        .unwrap();
    let old = builder.build();
    let new = old.with_file(b"/g=w2\n", "map", &mut Vec::new()).unwrap();
    assert_eq!(worker(&old, "/f"), Some("w1"));
    assert_eq!(worker(&new, "/f"), None);
    assert_eq!(worker(&new, "/g"), Some("w2"));
    assert_eq!(
        (worker(&new, "/j"), worker(&new, "/w")),
        (Some("w1"), Some("w1"))
    );
    assert_eq!(
        new.with_file(b"", "map", &mut Vec::new())
            .unwrap()
            .rules()
            .len(),
        3
    );
}

fn extensions(value: &str) -> (RuleExtensions, Vec<String>) {
    let mut warnings = Vec::new();
    let (worker, extensions) = parse_worker_with_extensions(value.as_bytes(), &mut warnings);
    assert_eq!(worker, value.split(';').next().unwrap());
    (
        extensions,
        warnings
            .into_iter()
            .map(|warning| warning.message)
            .collect(),
    )
}

type Change = fn(&mut RuleExtensions);

fn statuses(list: &[(u16, bool)]) -> Option<Vec<FailStatus>> {
    Some(
        list.iter()
            .map(|&(status, soft)| FailStatus { status, soft })
            .collect(),
    )
}

#[test]
fn x01_to_x10_values() {
    let table: [(&str, Change); 18] = [
        ("w", |_| ()),
        ("w;", |_| ()),
        ("w;reply_timeout=500", |x| {
            x.reply_timeout = Some(Duration::from_millis(500))
        }),
        ("w;reply_timeout=0", |x| {
            x.reply_timeout = Some(Duration::ZERO)
        }),
        ("w;reply_timeout=-1", |_| ()),
        ("w;sticky_ignore=1", |x| x.sticky_ignore = true),
        ("w;sticky_ignore=0", |_| ()),
        ("w;stateless=2;", |x| x.stateless = true),
        ("w;fail_on_status=500,-503", |x| {
            x.fail_on_status = statuses(&[(500, false), (503, true)]);
        }),
        ("w;fail_on_status=500 404", |x| {
            x.fail_on_status = statuses(&[(500, false), (404, false)]);
        }),
        ("w;use_server_errors=400", |x| {
            x.use_server_errors = Some(400)
        }),
        ("w;use_server_errors=0", |_| ()),
        ("w;session_cookie=SID", |x| {
            x.session_cookie = Some("SID".into())
        }),
        ("w;session_path=;jsid", |x| {
            x.session_path = Some("jsid".into())
        }),
        ("w;session_path=jsid", |x| {
            x.session_path = Some("jsid".into())
        }),
        ("w;session_cookie=;session_path=", |_| ()),
        ("w;session_path=;jsid;stateless=1", |x| {
            (x.session_path, x.stateless) = (Some("jsid".into()), true);
        }),
        ("w;set_session_cookie=1;session_cookie_path=/a", |x| {
            (x.set_session_cookie, x.session_cookie_path) = (true, Some("/a".into()));
        }),
    ];
    for (value, change) in table {
        let mut expected = RuleExtensions::default();
        change(&mut expected);
        assert_eq!(extensions(value), (expected, Vec::new()), "{value}");
    }
}

#[test]
fn x04_member_activation_in_the_order_of_effect() {
    use Activation::{Active, Disabled, Stopped};
    let (found, warnings) = extensions("lb;stopped=m3,m1;active=m1,m2;disabled=m4");
    let expected = [
        ("m1", Active),
        ("m2", Active),
        ("m4", Disabled),
        ("m3", Stopped),
        ("m1", Stopped),
    ];
    let expected: Vec<(BString, Activation)> = expected
        .into_iter()
        .map(|(name, activation)| (name.into(), activation))
        .collect();
    assert_eq!(found.activation, expected);
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("'m1'") && warnings[0].contains("STP"),
        "{warnings:?}"
    );
    let (found, warnings) = extensions("lb;stopped=m1;stopped=m2");
    assert_eq!(found.activation, [("m1".into(), Stopped)]);
    assert!(
        warnings[0].contains("'stopped' is given twice"),
        "{warnings:?}"
    );
}

#[test]
fn x04_blanks_and_commas_separate_names_and_tabs_do_not() {
    use Activation::{Disabled, Stopped};
    for (value, names) in [
        ("lb;stopped=a c", &["a", "c"][..]),
        ("lb;stopped=a, c", &["a", "c"]),
        ("lb;stopped= ,a ,, c ,", &["a", "c"]),
        ("lb;stopped=a\tc", &["a\tc"]),
        ("lb;stopped=", &[]),
        ("lb;stopped=, ,", &[]),
    ] {
        let (found, warnings) = extensions(value);
        let names: Vec<(BString, Activation)> =
            names.iter().map(|name| ((*name).into(), Stopped)).collect();
        assert_eq!((found.activation, warnings), (names, Vec::new()), "{value}");
    }
    let (found, _) = extensions("lb;disabled=a b;stopped=c d");
    let expected = [
        ("a", Disabled),
        ("b", Disabled),
        ("c", Stopped),
        ("d", Stopped),
    ];
    assert_eq!(
        found.activation,
        expected.map(|(name, activation)| (name.into(), activation))
    );
}

#[test]
fn x02_x05_x11_odd_values_and_names_are_named() {
    for (value, text) in [
        ("w;sticky_ignore=true", "'sticky_ignore=true' is read as 0"),
        ("w;stateless= 1x", "is read as 1"),
        ("w;fail_on_status=abc,0,99999", "'abc' is no status"),
        ("w;reply_timeuot=5", "did you mean 'reply_timeout='"),
        ("w; stateless=1", "' stateless'"),
        ("w;stateless =1", "'stateless '"),
        ("w;stateless", "'stateless' has no value"),
        ("w;Stateless=1", "'Stateless'"),
        (
            "w;nonsense=1",
            "unknown rule extension 'nonsense' is ignored",
        ),
    ] {
        let (found, warnings) = extensions(value);
        assert!(
            warnings
                .first()
                .is_some_and(|warning| warning.contains(text)),
            "{warnings:?}"
        );
        let expected = RuleExtensions {
            stateless: value.contains("= 1x"),
            ..Default::default()
        };
        assert_eq!(found, expected, "{value}");
    }
    // a blank before the first semicolon belongs to the name
    let (name, _) = parse_worker_with_extensions(b"w ;stateless=1", &mut Vec::new());
    assert_eq!(name, "w ");
}

#[test]
fn extension_warnings_name_the_line() {
    let (_, warnings) = file("\n/a=w1;what=1\n");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("map:2: "), "{warnings:?}");
}

#[test]
fn g09_m24_x04_unknown_workers_and_members_are_warnings() {
    let text = "worker.list=lb,w1\nworker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n\
                worker.m1.host=h1\nworker.m2.host=h2\nworker.w1.host=h3\n";
    let mut properties = Properties::workers();
    properties
        .add_text(text.as_bytes(), "workers", &mut Vec::new())
        .unwrap();
    let workers = Workers::build(properties, &mut Vec::new()).unwrap();
    let (map, _) = file(
        "/1=lb;stopped=m1,m9\n/2=w1;active=m1\n/3=m1\n/4=lb;active=m2\n/5=w1\n!/6=*\n!/7=w7\n-/8=w8\n",
    );
    let mut warnings = Vec::new();
    map.check_workers(|name| workers.get(name), &mut warnings);
    let mut texts: Vec<String> = warnings.iter().map(Warning::to_string).collect();
    texts.sort();
    assert_eq!(texts.len(), 4, "{texts:#?}");
    for (text, part) in texts.iter().zip([
        "'/1': balancer 'lb' has no member 'm9'",
        "'/2': worker 'w1' is no balancer",
        "'/3': worker 'm1' is not in worker.list",
        "'/7': worker 'w7' is not in worker.list",
    ]) {
        assert!(text.starts_with("map:") && text.contains(part), "{text}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn thousands_of_rules_find_their_worker() {
    let mut text = String::from("/*=rest\n");
    for number in 0..5000 {
        text += &format!("/ctx{number}/*=w{number}\n/exact{number}=e{number}\n");
    }
    let (map, _) = file(&text);
    assert_eq!(worker(&map, "/ctx4321/a/b"), Some("w4321"));
    assert_eq!(worker(&map, "/exact77"), Some("e77"));
    assert_eq!(worker(&map, "/ctx5000/"), Some("rest"));
}

/// M-10…M-14 as they are written, rule by rule.
fn by_contract<'a>(rules: &'a [Mount], path: &[u8], reject_unsafe: bool) -> Option<&'a Mount> {
    if reject_unsafe && (path.contains(&b'%') || path.contains(&b'\\')) {
        return None;
    }
    let hits = |rule: &&Mount| !rule.disabled && by_definition(&rule.pattern, path);
    let slashes = |rule: &Mount| rule.pattern.iter().filter(|byte| **byte == b'/').count();
    let mut best: Option<&Mount> = None;
    for rule in rules
        .iter()
        .filter(|rule| rule.kind == RuleKind::Mount)
        .filter(hits)
    {
        let is_better = best.is_none_or(|best| {
            let (new, old) = (slashes(rule), slashes(best));
            let (new_length, old_length) = (rule.pattern.len(), best.pattern.len());
            new > old
                || (new == old && new_length > old_length)
                || (new == old && new_length == old_length && rule.source > best.source)
        });
        if is_better {
            best = Some(rule);
        }
    }
    let best = best?;
    let mut unmounts = rules
        .iter()
        .filter(|rule| rule.kind == RuleKind::Unmount)
        .filter(hits);
    let cancelled = unmounts.any(|rule| rule.worker == best.worker || rule.worker == "*");
    (!cancelled).then_some(best)
}

fn any_rule() -> impl Strategy<Value = Mount> {
    let source = prop_oneof![
        Just(Source::WorkerDefinition),
        Just(Source::JkMount),
        Just(Source::UriWorkerMap)
    ];
    let worker = prop_oneof![Just("w1"), Just("w2"), Just("*")];
    (
        "/[ab/*?]{0,6}",
        worker,
        source,
        0..3_u8,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(pattern, worker, source, kind, disabled)| Mount {
            pattern: pattern.into(),
            worker: worker.into(),
            extensions: RuleExtensions::default(),
            source,
            kind: if kind == 0 {
                RuleKind::Unmount
            } else {
                RuleKind::Mount
            },
            disabled,
            location: None,
            place: Place::default(),
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// X-04, X-05: what stands between two items, and around them, is all the same.
    #[test]
    fn x04_x05_any_mix_of_blanks_and_commas(
        items in proptest::collection::vec("[1-5][0-9]{2}", 1..5),
        separators in proptest::collection::vec("[ ,]{1,3}", 6),
        around in "[ ,]{0,2}",
    ) {
        let mut written = around.clone();
        for (item, separator) in items.iter().zip(&separators) {
            written += item;
            written += separator;
        }
        for name in ["active", "disabled", "stopped", "fail_on_status"] {
            let expected = extensions(&format!("lb;{name}={}", items.join(",")));
            prop_assert_eq!(extensions(&format!("lb;{name}={written}")), expected);
        }
    }

    #[test]
    fn m10_to_m14_lookup_agrees_with_the_contract(
        mut rules in prop::collection::vec(any_rule(), 0..12),
        paths in prop::collection::vec("/[ab/%]{0,8}", 1..8),
        reject_unsafe: bool,
    ) {
        let mut seen = HashSet::new();
        rules.retain(|rule| {
            let worker = (rule.kind == RuleKind::Unmount).then(|| rule.worker.clone());
            seen.insert((rule.pattern.clone(), rule.source, rule.kind, rule.disabled, worker))
        });
        let map = UriMapBuilder::from_rules(rules.iter().cloned()).build();
        prop_assert_eq!(map.rules().len(), rules.len());
        for path in paths {
            let path = path.as_bytes();
            prop_assert_eq!(map.lookup(path, reject_unsafe).map(Arc::as_ref), by_contract(&rules, path, reject_unsafe));
        }
    }

    #[test]
    fn any_file_and_any_extension_is_read_without_a_panic(text in "[-!/a=;*|,\n]{0,60}", value: Vec<u8>) {
        let (map, _) = file(&text);
        prop_assert!(map.rules().all(|rule| rule.pattern.starts_with(b"/")));
        let (worker, _) = parse_worker_with_extensions(&value, &mut Vec::new());
        prop_assert!(value.starts_with(&worker));
    }
}
