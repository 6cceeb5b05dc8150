use super::*;
use crate::model::{
    Activation, AjpSpec, BalanceMethod, FailStatus, LbSpec, Lock, MemberSpec, RatedState,
    RatingSet, StatusSpec,
};
use proptest::prelude::*;

fn build(text: &str) -> Result<(Workers, Vec<String>), String> {
    let mut properties = Properties::workers().with_environment(|_| None);
    let mut warnings = Vec::new();
    let workers = properties
        .add_text(text.as_bytes(), "w", &mut warnings)
        .and_then(|()| Workers::build(properties, &mut warnings))
        .map_err(|error| error.to_string())?;
    Ok((workers, warnings.iter().map(ToString::to_string).collect()))
}

/// The worker `w` from lines in which `w.` stands for `worker.w.`.
fn ajp(lines: &str) -> (AjpSpec, Vec<String>) {
    let lines: String = lines
        .split(';')
        .map(|line| format!("\nworker.w.{line}"))
        .collect();
    let (workers, warnings) = build(&format!("worker.list=w\nworker.w.type=ajp13{lines}")).unwrap();
    match workers.get(b"w") {
        Some(WorkerSpec::Ajp(spec)) => (spec.clone(), warnings),
        other => panic!("{other:?}"),
    }
}

fn lb_text(lines: &str) -> String {
    let members = "worker.m1.host=h1\nworker.m2.host=h2\n";
    format!("worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=m1,m2\n{members}{lines}")
}

fn lb(lines: &str) -> (LbSpec, Vec<String>) {
    let (workers, warnings) = build(&lb_text(lines)).unwrap();
    match workers.get(b"l") {
        Some(WorkerSpec::Lb(spec)) => (spec.clone(), warnings),
        other => panic!("{other:?}"),
    }
}

fn member(lines: &str) -> (MemberSpec, Vec<String>) {
    let (spec, warnings) = lb(lines);
    (spec.members[0].clone(), warnings)
}

fn error(text: &str) -> String {
    build(text).err().unwrap_or_default()
}

fn ms(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

#[test]
fn d01_w01_no_file_means_ajp13_on_localhost() {
    let (workers, warnings) = build("").unwrap();
    assert_eq!(workers.list.len(), 1);
    assert_eq!(workers.maintain, Duration::from_secs(60));
    let Some(WorkerSpec::Ajp(spec)) = workers.get(b"ajp13") else {
        panic!("no ajp13")
    };
    assert_eq!((spec.host.as_slice(), spec.port), (&b"localhost"[..], 8009));
    assert_eq!(warnings, Vec::<String>::new());
    assert!(build("worker.w.host=h").unwrap().1[0].starts_with("w:1: worker.list is missing"));
    assert_eq!(
        build("worker.ajp13.host=h").unwrap().1,
        Vec::<String>::new()
    );
}

#[test]
fn w01_p12_the_list() {
    let hosts = "worker.a.host=h\nworker.b.host=h\nworker.c.host=h\n";
    let (workers, warnings) = build(&format!("{hosts}worker.list=c , a\tb,,a")).unwrap();
    let names: Vec<_> = workers
        .list
        .iter()
        .map(|worker| worker.name().to_string())
        .collect();
    assert_eq!(names, ["c", "a", "b"]);
    assert_eq!(warnings, ["w:4: worker.list names a twice; remove one"]);
    assert!(build("worker.list=none").unwrap().1[0].contains("none, which has no property"));
    assert_eq!(
        error("worker.list=, ,\t,"),
        "w:1: worker.list names no worker; write worker.list=<names>"
    );
}

fn shown(text: &str) -> Vec<(String, String)> {
    let (workers, _) = build(text).unwrap();
    workers
        .properties()
        .map(|property| {
            let value = property.value.map_or("hidden".into(), ToString::to_string);
            (property.name.to_string(), value)
        })
        .collect()
}

#[test]
fn cm08_properties_in_definition_order_with_what_templates_gave() {
    let text = "worker.list=w\nworker.w.reference=worker.t\nworker.w.port=1\nfree=v\n\
                worker.t.host=h-$(free)\nworker.t.port=2\nworker.list=w2\nworker.w.port=3\n";
    let expected = [
        ("worker.list", "w,w2"),
        ("worker.w.reference", "worker.t"),
        ("worker.w.port", "3"),
        ("free", "v"),
        ("worker.t.host", "h-v"),
        ("worker.t.port", "2"),
        ("worker.w.host", "h-v"),
    ];
    assert_eq!(
        shown(text),
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn cm08_bg21_secrets_and_what_they_are_made_of_are_hidden() {
    let text = "word=x\npart=$(word)y\nplain=z\ntomcat.password=p\nMY_SECRET=q\n\
                worker.list=w,v\nworker.t.secret=$(part)!\nworker.w.reference=worker.t\n\
                worker.w.css=/$(word)\nworker.w.route=$(plain)\nworker.v.secretkey=k\n\
                worker.secret=s\nworker.v.domain=secret\n";
    let hidden: Vec<_> = shown(text)
        .into_iter()
        .filter(|(_, value)| value == "hidden")
        .map(|(name, _)| name)
        .collect();
    #[rustfmt::skip]
    let expected = [
        "word", "part", "tomcat.password", "MY_SECRET", "worker.t.secret", "worker.w.css",
        "worker.v.secretkey", "worker.secret", "worker.w.secret",
    ];
    assert_eq!(hidden, expected);
}

#[test]
fn w02_maintain() {
    for (line, seconds) in [("5", 5), ("0", 0), ("-1", 0), ("abc", 60), ("1k", 1024)] {
        let (workers, warnings) = build(&format!("worker.maintain={line}")).unwrap();
        assert_eq!(workers.maintain, Duration::from_secs(seconds), "{line}");
        assert_eq!(
            warnings
                .iter()
                .any(|warning| warning.contains("not a number")),
            line == "abc"
        );
    }
}

#[test]
fn w03_a40_types_that_mod_jk_refuses() {
    #[rustfmt::skip]
    let table = [
        ("ajp14", "w:2: worker.w.type is \"ajp14\", which is not supported; write type=ajp13, Tomcat's AJP connector speaks it"),
        ("AJP13", "w:2: worker.w.type is \"AJP13\", which is not supported; write type=ajp13"),
        ("http", "w:2: worker.w.type is \"http\", which is not supported; write type=ajp13, type=lb or type=status"),
    ];
    for (word, expected) in table {
        assert_eq!(
            error(&format!("worker.list=w\nworker.w.type={word}")),
            expected
        );
    }
    let long = "x".repeat(64);
    let text =
        format!("worker.list=w\nworker.w.type=ajp14\nworker.w.secretkey=k\nworker.w.host={long}");
    assert!(error(&text).starts_with("w:4: host has 64 bytes"));
    // A worker that is neither listed nor a member is never looked at.
    assert!(build("worker.list=w\nworker.w.host=h\nworker.t.type=ajp14").is_ok());
}

#[test]
fn a40_a41_a42_legacy_types_stop_their_worker_alone() {
    for (word, kind) in [
        ("ajp12", LegacyType::Ajp12),
        ("ajp14", LegacyType::Ajp14),
        ("jni", LegacyType::Jni),
    ] {
        let text = format!(
            "worker.list=w,v\nworker.w.type={word}\nworker.w.secretkey=k\nworker.w.mount=/w/*\n\
             worker.v.host=h\n"
        );
        let (workers, warnings) = build(&text).unwrap();
        let expected = LegacySpec {
            name: "w".into(),
            kind,
        };
        assert_eq!(workers.get(b"w"), Some(&WorkerSpec::Legacy(expected)));
        assert_eq!(workers.get(b"w").map(WorkerSpec::type_name), Some(word));
        assert!(matches!(workers.get(b"v"), Some(WorkerSpec::Ajp(_))));
        assert_eq!(workers.mounts.len(), 1);
        let said = format!(
            "w:2: worker.w.type is {word}, which is not supported: its requests get 500; \
             write type=ajp13, Tomcat's AJP connector speaks it"
        );
        assert!(warnings.contains(&said), "{warnings:?}");
    }
}

#[test]
fn l01_members_that_speak_no_ajp13_take_no_requests() {
    let only = "name only workers of type=ajp13";
    for (kind, lines, remedy) in [
        ("ajp14", "worker.m1.secretkey=k", only),
        ("ajp12", "worker.m1.port=8007", only),
        ("status", "worker.m1.user=me", only),
        (
            "lb",
            "worker.m1.balance_workers=m2",
            "name its members instead",
        ),
    ] {
        let (spec, warnings) = lb(&format!("worker.m1.type={kind}\n{lines}"));
        let of = |index: usize| {
            let member: &MemberSpec = &spec.members[index];
            (member.ajp.port, member.activation)
        };
        assert_eq!(of(0), (0, Activation::Stopped), "{kind}");
        assert_eq!(of(1), (8009, Activation::Active), "{kind}");
        let said = format!(
            "w:3: worker.l.balance_workers names m1, whose type is not ajp13 and which takes no \
             requests here; {remedy}"
        );
        assert!(warnings.contains(&said), "{warnings:?}");
    }
}

#[test]
fn w05_s11_mounts_of_listed_workers() {
    let text = "worker.list=w,s\nworker.w.mount=/a/* !/a/x\nworker.w.mount=-!/b\n\
                worker.s.type=status\nworker.s.mount=/jk\nworker.other.mount=/never\n";
    let (workers, _) = build(text).unwrap();
    let mounts: Vec<_> = workers
        .mounts
        .iter()
        .map(|mount| {
            (
                mount.worker.to_string(),
                mount.pattern.to_string(),
                mount.location.line,
            )
        })
        .collect();
    let expected = [
        ("w", "/a/*", 3),
        ("w", "!/a/x", 3),
        ("w", "-!/b", 3),
        ("s", "/jk", 5),
    ];
    assert_eq!(
        mounts,
        expected.map(|(w, p, line)| (w.to_owned(), p.to_owned(), line))
    );
    let bar = build("worker.list=w\nworker.w.mount=/a|/*").unwrap().1;
    assert_eq!(
        bar,
        [
            "w:2: worker.w.mount: a bar is a letter of the pattern here; write both patterns, with a blank between"
        ]
    );
    for bad in ["*.jsp", "a", "!-/a", "!", "-*"] {
        let message = error(&format!("worker.list=w\nworker.w.mount={bad}"));
        assert!(
            message.starts_with("w:2: worker.w.mount has the pattern"),
            "{bad}: {message}"
        );
    }
}

#[test]
fn p10_integers() {
    #[rustfmt::skip]
    let table = [
        ("5", 5, 0), ("+5", 5, 0), ("1k", 1024, 0), ("2K", 2048, 0), ("1m", 1 << 20, 0),
        ("60*30", 60, 1), ("5 k", 5, 1), ("7x", 7, 1), ("x", 2, 1), ("-", 2, 1),
        ("99999999999", 2, 1), ("99999999999999999999", 2, 1), ("4096m", 2, 1),
        ("0", 1, 1), ("-3", 1, 1),
    ];
    for (value, expected, warned) in table {
        let (spec, warnings) = ajp(&format!("retries={value}"));
        assert_eq!(
            (spec.retries, warnings.len()),
            (expected, warned),
            "{value}: {warnings:?}"
        );
    }
}

#[test]
fn p11_booleans() {
    for word in ["on", "ON", "1", "true", "T", "yes", "y", "Yikes"] {
        assert!(
            ajp(&format!("socket_keepalive={word}")).0.socket_keepalive,
            "{word}"
        );
    }
    for word in ["off", "Off", "0", "false", "F", "no", "N", "never"] {
        assert!(
            !lb(&format!("worker.l.sticky_session={word}"))
                .0
                .sticky_session,
            "{word}"
        );
    }
    for word in ["2", "00", "maybe", "onn"] {
        let (spec, warnings) = lb(&format!("worker.l.sticky_session={word}"));
        assert!(
            spec.sticky_session && warnings.len() == 1,
            "{word}: {warnings:?}"
        );
    }
}

#[test]
fn p13_z02_long_names_are_errors() {
    let (fits, long) = ("x".repeat(63), "x".repeat(64));
    assert_eq!(ajp(&format!("host={fits}")).0.host, fits.as_str());
    for attribute in ["host", "source"] {
        let message = error(&format!("worker.list=w\nworker.w.{attribute}={long}"));
        assert!(
            message.starts_with(&format!("w:2: {attribute} has 64 bytes")),
            "{message}"
        );
    }
    for attribute in ["session_cookie", "session_path", "session_cookie_path"] {
        let message = error(&lb_text(&format!("worker.l.{attribute}={long}")));
        assert!(
            message.starts_with(&format!("w:6: {attribute} has 64 bytes")),
            "{message}"
        );
    }
    for attribute in ["route", "domain", "redirect", "jvm_route"] {
        let message = error(&lb_text(&format!("worker.m1.{attribute}={long}")));
        assert!(
            message.starts_with(&format!("w:6: {attribute} has 64 bytes")),
            "{message}"
        );
    }
    assert!(error(&format!("worker.list={long}")).starts_with("w:1: a worker name has 64 bytes"));
}

#[test]
fn a01_to_a26_defaults() {
    let (spec, warnings) = ajp("type=ajp13");
    assert_eq!((spec.host.as_slice(), spec.port), (&b"localhost"[..], 8009));
    assert_eq!((spec.prefer_ipv6, spec.socket_keepalive), (false, false));
    assert_eq!(
        (spec.source, spec.secret, spec.socket_buffer),
        (None, None, None)
    );
    assert_eq!(
        (spec.socket_timeout, spec.socket_connect_timeout),
        (None, None)
    );
    assert_eq!(
        (spec.ping.connect, spec.ping.prepost, spec.ping.interval),
        (None, None, None)
    );
    assert_eq!(spec.ping.timeout, Duration::from_secs(10));
    assert_eq!(
        (spec.pool.size, spec.pool.min_size, spec.pool.timeout),
        (None, None, None)
    );
    assert_eq!(spec.pool.acquire_timeout, Duration::from_millis(200));
    assert_eq!((spec.reply_timeout, spec.busy_limit), (None, None));
    assert_eq!(
        (spec.retries, spec.retry_interval),
        (2, Duration::from_millis(100))
    );
    assert_eq!(
        (spec.recovery_options.explicit, spec.fail_on_status),
        (None, vec![])
    );
    assert_eq!(spec.max_packet_size, 8192);
    assert_eq!(warnings.len(), 1, "type is set twice: {warnings:?}");
}

#[test]
fn a02_port() {
    assert_eq!(ajp("port=0").0.port, 0);
    assert_eq!(ajp("port=65535").0.port, 65535);
    assert_eq!(ajp("port=abc").0.port, 8009);
    for port in ["65536", "-1", "80090"] {
        let (spec, warnings) = ajp(&format!("port={port}"));
        let said = format!(
            "w:3: port is {port} and the worker takes no requests; write a number from 1 to 65535"
        );
        assert_eq!((spec.port, warnings), (0, vec![said]));
        let (member, _) = member(&format!("worker.m1.port={port}"));
        assert_eq!(member.activation, Activation::Stopped);
    }
}

#[test]
fn a01_a_port_in_the_host_is_told() {
    assert!(ajp("host=tc:8009").1[0].ends_with("write host=tc and port=8009"));
    assert_eq!(ajp("host=::1").1, Vec::<String>::new());
}

#[test]
fn a05_a06_socket_times() {
    #[rustfmt::skip]
    let table = [
        ("socket_timeout=5", ms(5000), ms(5000)),
        ("socket_timeout=5;socket_connect_timeout=200", ms(5000), ms(200)),
        ("socket_timeout=5;socket_connect_timeout=0", ms(5000), None),
        ("socket_timeout=-1", None, None),
    ];
    for (lines, timeout, connect) in table {
        let spec = ajp(lines).0;
        assert_eq!(
            (spec.socket_timeout, spec.socket_connect_timeout),
            (timeout, connect),
            "{lines}"
        );
    }
}

#[test]
fn a08_a24_buffer_and_packet() {
    #[rustfmt::skip]
    let table = [
        ("max_packet_size=8192", 8192, 0), ("max_packet_size=8193", 9216, 1),
        ("max_packet_size=100", 8192, 1), ("max_packet_size=-5", 8192, 1),
        ("max_packet_size=64k", 65536, 0), ("max_packet_size=70000", 65536, 1),
    ];
    for (lines, size, warned) in table {
        let (spec, warnings) = ajp(lines);
        assert_eq!(
            (spec.max_packet_size, warnings.len()),
            (size, warned),
            "{lines}"
        );
    }
    assert_eq!(ajp("socket_buffer=1").0.socket_buffer, Some(8192));
    assert_eq!(ajp("socket_buffer=100000").0.socket_buffer, Some(100_000));
    assert_eq!(ajp("socket_buffer=0").0.socket_buffer, None);
}

#[test]
fn a05_a18_a20_negative_times_mean_none_with_one_warning() {
    for attribute in [
        "socket_timeout",
        "socket_connect_timeout",
        "ping_timeout",
        "connect_timeout",
        "prepost_timeout",
        "connection_ping_interval",
        "reply_timeout",
        "retry_interval",
        "connection_acquire_timeout",
    ] {
        let (negative, warnings) = ajp(&format!("{attribute}=-1"));
        let (zero, none) = ajp(&format!("{attribute}=0"));
        assert_eq!(negative, zero, "{attribute}");
        assert_eq!((warnings.len(), none.len()), (1, 0), "{warnings:?}");
        assert!(warnings[0].contains("means 0"), "{warnings:?}");
    }
}

#[test]
fn a09_to_a13_ping() {
    #[rustfmt::skip]
    let table = [
        ("ping_mode=C", ms(10_000), None, None),
        ("ping_mode=p", None, ms(10_000), None),
        ("ping_mode=I", None, None, ms(100_000)),
        ("ping_mode=a", ms(10_000), ms(10_000), ms(100_000)),
        ("ping_mode=CxP", ms(10_000), ms(10_000), None),
        ("ping_mode=A;ping_timeout=2000", ms(2000), ms(2000), ms(20_000)),
        ("ping_mode=A;connect_timeout=7;prepost_timeout=8;connection_ping_interval=9", ms(7), ms(8), ms(9000)),
        ("connect_timeout=7", ms(7), None, None),
        ("prepost_timeout=8", None, ms(8), None),
        ("connection_ping_interval=9", None, None, ms(9000)),
        ("ping_timeout=0;ping_mode=A", None, None, None),
        ("ping_mode=A;connect_timeout=0;prepost_timeout=-1;connection_ping_interval=0", ms(10_000), ms(10_000), ms(100_000)),
        ("ping_timeout=0;ping_mode=A;connect_timeout=7;connection_ping_interval=9", ms(7), None, ms(9000)),
        ("ping_timeout=0;connection_ping_interval=9", None, None, ms(9000)),
    ];
    for (lines, connect, prepost, interval) in table {
        let (spec, warnings) = ajp(lines);
        let ping = spec.ping;
        assert_eq!(
            (ping.connect, ping.prepost, ping.interval),
            (connect, prepost, interval),
            "{lines}"
        );
        assert_eq!(
            warnings.len(),
            usize::from(
                lines.contains('x') || lines.contains("=-1") || lines.contains("=0;ping_mode")
            ),
            "{warnings:?}"
        );
        assert!(ping.wait() >= Duration::from_secs(2), "{lines}");
    }
}

#[test]
fn a14_to_a17_pool() {
    #[rustfmt::skip]
    let table = [
        ("connection_pool_size=0", Some(0), None, None),
        ("connection_pool_size=25;connection_pool_minsize=3;connection_pool_timeout=600", Some(25), Some(3), ms(600_000)),
        ("connection_pool_size=-1;cachesize=7", Some(7), None, None),
        ("connection_pool_size=5;cachesize=7", Some(5), None, None),
        ("cache_timeout=9", None, None, ms(9000)),
        ("connection_pool_timeout=0;cache_timeout=9", None, None, None),
        ("connection_pool_timeout=-1;cache_timeout=9", None, None, ms(9000)),
    ];
    for (lines, size, min_size, timeout) in table {
        let pool = ajp(lines).0.pool;
        assert_eq!(
            (pool.size, pool.min_size, pool.timeout),
            (size, min_size, timeout),
            "{lines}"
        );
    }
}

#[test]
fn a17_a20_bg09_waiting_for_a_place() {
    #[rustfmt::skip]
    let table = [
        ("retries=3", 300, 100), ("retries=3;retry_interval=50", 150, 50), ("retry_interval=0", 0, 0),
        ("retry_interval=-5", 0, 0), ("connection_acquire_timeout=0", 0, 100),
        ("connection_acquire_timeout=-1", 0, 100), ("connection_acquire_timeout=1000", 1000, 100),
    ];
    for (lines, acquire, interval) in table {
        let spec = ajp(lines).0;
        let found = (
            spec.pool.acquire_timeout.as_millis(),
            spec.retry_interval.as_millis(),
        );
        assert_eq!(found, (acquire, interval), "{lines}");
    }
}

#[test]
fn a21_recovery_options() {
    #[rustfmt::skip]
    let table = [("0", Some(0)), ("3", Some(3)), ("31", Some(31)), ("x", None), ("-1", None), ("35", Some(35)), ("32", Some(32)), ("0x3", None), ("0s", None)];
    for (value, explicit) in table {
        let options = ajp(&format!("recovery_options={value}")).0.recovery_options;
        assert_eq!(options.explicit, explicit, "{value}");
        assert_eq!(options.replay_any_method(), value == "0");
    }
}

#[test]
fn a22_ro08_fail_on_status() {
    let (spec, warnings) = ajp("fail_on_status=500 -503,x 99 70000");
    let expected = [(500, false), (503, true)].map(|(status, soft)| FailStatus { status, soft });
    assert_eq!(spec.fail_on_status, expected);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
}

#[test]
fn a18_a23_a25_the_rest() {
    let spec =
        ajp("reply_timeout=60000;busy_limit=20;secret=s3 cret;source=10.0.0.1;prefer_ipv6=1").0;
    assert_eq!(
        (spec.reply_timeout, spec.busy_limit),
        (ms(60_000), Some(20))
    );
    assert_eq!(spec.secret, Some("s3 cret".into()));
    assert_eq!(
        (spec.source, spec.prefer_ipv6),
        (Some("10.0.0.1".into()), true)
    );
    let off = ajp("reply_timeout=0;busy_limit=-1").0;
    assert_eq!((off.reply_timeout, off.busy_limit), (None, None));
}

#[test]
fn l01_members() {
    let (spec, warnings) = lb("");
    let names: Vec<_> = spec
        .members
        .iter()
        .map(|member| member.ajp.name.to_string())
        .collect();
    assert_eq!(names, ["m1", "m2"]);
    assert_eq!(warnings, Vec::<String>::new());
    let workers = build(&lb_text("")).unwrap().0;
    assert!(workers.get(b"m1").is_none(), "members are not mountable");
    let old =
        build("worker.list=l\nworker.l.type=lb\nworker.l.balanced_workers=a\nworker.a.port=1");
    let (old, warnings) = old.unwrap();
    assert!(matches!(&old.list[0], WorkerSpec::Lb(spec) if spec.members.len() == 1));
    assert_eq!(warnings.len(), 1);
    #[rustfmt::skip]
    let table = [
        ("worker.list=l\nworker.l.type=lb", "w:2: the balancer l has no members; write worker.l.balance_workers=<names>"),
        ("worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=,", "w:2: the balancer l has no members; write worker.l.balance_workers=<names>"),
        ("worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=l", "w:3: worker.l.balance_workers names the balancer itself; remove l"),
        ("worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=a\nworker.a.type=ajp14", "w:4: worker.a.type is \"ajp14\", which is not supported; write type=ajp13, Tomcat's AJP connector speaks it"),
        ("worker.list=l\nworker.l.type=lb\nworker.l.balance_workers=a,a\nworker.a.port=1", "w:3: worker.l.balance_workers names a twice; remove one"),
    ];
    for (text, expected) in table {
        assert_eq!(error(text), expected);
    }
}

#[test]
fn l02_to_l15_defaults_and_values() {
    let spec = lb("").0;
    assert_eq!(
        (spec.sticky_session, spec.sticky_session_force),
        (true, false)
    );
    assert_eq!(
        (spec.retries, spec.lb_retries, spec.max_reply_timeouts),
        (2, 2, 0)
    );
    assert_eq!(spec.retry_interval, Duration::from_millis(100));
    assert_eq!(
        (
            spec.recover_time.as_secs(),
            spec.error_escalation_time.as_secs()
        ),
        (60, 30)
    );
    assert_eq!(
        (spec.session_cookie.as_slice(), spec.session_path.as_slice()),
        (&b"JSESSIONID"[..], &b";jsessionid"[..])
    );
    assert_eq!(
        (spec.set_session_cookie, spec.session_cookie_path.as_slice()),
        (false, &b"/"[..])
    );
    let table = [
        ("recover_time=0", 1, 0),
        ("recover_time=5", 5, 2),
        ("error_escalation_time=0", 60, 0),
    ];
    for (line, recover, escalation) in table {
        let spec = lb(&format!("worker.l.{line}")).0;
        let found = (
            spec.recover_time.as_secs(),
            spec.error_escalation_time.as_secs(),
        );
        assert_eq!(found, (recover, escalation), "{line}");
    }
    let set = lb("worker.l.retries=0\nworker.l.lb_retries=4\nworker.l.max_reply_timeouts=-1\nworker.l.session_cookie=SID").0;
    assert_eq!(
        (set.retries, set.lb_retries, set.max_reply_timeouts),
        (1, 4, 0)
    );
    assert_eq!(set.session_cookie.as_slice(), b"SID");
}

#[test]
fn l04_l05_the_first_letter_or_number_names_method_and_lock() {
    use BalanceMethod::{Busyness, Next, Request, Session, Traffic};
    let methods: [(BalanceMethod, &[&str]); 5] = [
        (Request, &["Request", "r", "0", "requests", "Rubbish", "09"]),
        (Traffic, &["Traffic", "t", "T", "1"]),
        (Busyness, &["Busyness", "b", "busy", "2"]),
        (Session, &["Sessions", "Session", "s", "3"]),
        (Next, &["Next", "n", "N", "4"]),
    ];
    for (expected, words) in methods {
        for word in words {
            let (spec, warnings) = lb(&format!("worker.l.method={word}"));
            assert_eq!((spec.method, warnings.len()), (expected, 0), "{word}");
        }
        assert_eq!(
            BalanceMethod::parse(expected.as_str().as_bytes()),
            Some(expected)
        );
    }
    for (expected, words) in [
        (Lock::Optimistic, ["Optimistic", "o", "0"]),
        (Lock::Pessimistic, ["Pessimistic", "p", "1"]),
    ] {
        for word in words {
            let (spec, warnings) = lb(&format!("worker.l.lock={word}"));
            assert_eq!((spec.lock, warnings.len()), (expected, 0), "{word}");
        }
        assert_eq!(Lock::parse(expected.as_str().as_bytes()), Some(expected));
    }
    let (spec, _) = lb("");
    assert_eq!(
        (spec.method, spec.lock),
        (Request, Lock::Optimistic),
        "defaults"
    );
}

#[test]
fn l04_l05_what_names_no_method_or_lock_is_the_first_with_a_warning() {
    for (line, advice) in [
        ("method=x", "method is \"x\"; Request is used"),
        ("method=5", "Request is used"),
        ("method=-1", "Request is used"),
        ("method=Usyness", "Request is used, write Busyness"),
        ("lock=x", "Optimistic is used"),
        ("lock=2", "Optimistic is used"),
        ("lock=essimistic", "Optimistic is used, write Pessimistic"),
    ] {
        let (spec, warnings) = lb(&format!("worker.l.{line}"));
        let found = (spec.method, spec.lock);
        assert_eq!(found, (BalanceMethod::Request, Lock::Optimistic), "{line}");
        let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert!(
            texts.len() == 1 && texts[0].contains(advice),
            "{line}: {texts:?}"
        );
    }
}

#[test]
fn l16_secret_is_inherited() {
    let spec = lb("worker.l.secret=ours\nworker.m2.secret=own").0;
    let secrets: Vec<_> = spec
        .members
        .iter()
        .map(|member| member.ajp.secret.clone())
        .collect();
    assert_eq!(secrets, [Some("ours".into()), Some("own".into())]);
}

#[test]
fn a27_a28_share_and_distance() {
    let table = [
        ("lbfactor=0", 1, 0),
        ("lbfactor=-2", 1, 0),
        ("lbfactor=5", 5, 0),
        ("distance=-3", 1, -3),
    ];
    for (line, lbfactor, distance) in table {
        let member = member(&format!("worker.m1.{line}")).0;
        assert_eq!(
            (member.lbfactor, member.distance),
            (lbfactor, distance),
            "{line}"
        );
    }
}

#[test]
fn a29_a30_routes_and_domains() {
    #[rustfmt::skip]
    let table = [
        ("", "m1", None),
        ("worker.m1.route=n1", "n1", None),
        ("worker.m1.jvm_route=old", "old", None),
        ("worker.m1.jvm_route=old\nworker.m1.route=new", "new", None),
        ("worker.m1.route=d1.n1.x", "d1.n1.x", Some("d1")),
        ("worker.m1.route=.n1", ".n1", None),
        ("worker.m1.route=d1.n1\nworker.m1.domain=d2", "d1.n1", Some("d2")),
    ];
    for (lines, route, domain) in table {
        let member = member(lines).0;
        assert_eq!(
            (member.route, member.domain),
            (route.into(), domain.map(BString::from)),
            "{lines}"
        );
    }
    let message = error(&lb_text("worker.m1.route=n\nworker.m2.route=n"));
    assert_eq!(
        message,
        "w:7: m2 has the route n of m1; give each member of l its own"
    );
}

#[test]
fn a31_redirect_names_a_route() {
    let routes = "worker.m1.route=n1\nworker.m2.route=n2\n";
    let (found, warnings) = member(&format!("{routes}worker.m1.redirect=n2"));
    assert_eq!((found.redirect, warnings.len()), (Some("n2".into()), 0));
    let warnings = member(&format!("{routes}worker.m1.redirect=m2")).1;
    assert_eq!(
        warnings,
        ["w:8: redirect is \"m2\", the route of no member; write redirect=n2"]
    );
}

#[test]
fn a32_a02_activation() {
    #[rustfmt::skip]
    let table = [
        ("", Activation::Active, 0),
        ("activation=A", Activation::Active, 0), ("activation=0", Activation::Active, 0),
        ("activation=disabled", Activation::Disabled, 0), ("activation=1", Activation::Disabled, 0),
        ("activation=Stopped", Activation::Stopped, 0), ("activation=2", Activation::Stopped, 0),
        ("activation=x", Activation::Active, 1),
        ("disabled=1", Activation::Disabled, 1), ("stopped=yes", Activation::Stopped, 1),
        ("port=0", Activation::Stopped, 0),
    ];
    for (line, activation, warned) in table {
        let line = if line.is_empty() {
            String::new()
        } else {
            format!("worker.m1.{line}")
        };
        let (member, warnings) = member(&line);
        assert_eq!(
            (member.activation, warnings.len()),
            (activation, warned),
            "{line}"
        );
    }
    assert_eq!(
        member("worker.m1.stopped=1\nworker.m1.disabled=1")
            .0
            .activation,
        Activation::Stopped
    );
    assert_eq!(
        member("worker.m1.stopped=1\nworker.m1.activation=a")
            .0
            .activation,
        Activation::Active
    );
}

#[test]
fn s01_to_s10_status() {
    let text = "worker.list=s\nworker.s.type=status\nworker.s.css=/x.css\nworker.s.read_only=1\n\
                worker.s.user=ann bob\nworker.s.user=eve\nworker.s.user_case_insensitive=on\n";
    let (workers, warnings) = build(text).unwrap();
    let Some(WorkerSpec::Status(spec)) = workers.get(b"s") else {
        panic!("no status")
    };
    assert_eq!(spec.users, ["ann", "bob", "eve"]);
    assert_eq!(spec.css, Some("/x.css".into()));
    assert!(spec.read_only && spec.user_case_insensitive);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!((spec.good, spec.bad), (RatingSet::GOOD, RatingSet::BAD));
    assert_eq!(
        (spec.prefix.as_slice(), spec.ns.as_slice()),
        (&b"worker"[..], &b"jk:"[..])
    );
    assert_eq!(spec.xmlns, "xmlns:jk=\"http://tomcat.apache.org\"");
    assert_eq!(spec.doctype, None);
}

fn status(lines: &str) -> (StatusSpec, Vec<String>) {
    let (workers, warnings) =
        build(&format!("worker.list=s\nworker.s.type=status\n{lines}")).unwrap();
    match workers.get(b"s") {
        Some(WorkerSpec::Status(spec)) => (spec.clone(), warnings),
        _ => panic!("no status"),
    }
}

#[test]
fn s07_to_s10_names_of_the_output() {
    let (spec, warnings) = status(
        "worker.s.prefix=p\nworker.s.ns=x:\nworker.s.xmlns=xmlns:x=\"u\"\n\
         worker.s.doctype=<!DOCTYPE x>\n",
    );
    assert_eq!(
        (spec.prefix.as_slice(), spec.ns.as_slice()),
        (&b"p"[..], &b"x:"[..])
    );
    assert_eq!(spec.xmlns, "xmlns:x=\"u\"");
    assert_eq!(spec.doctype, Some("<!DOCTYPE x>".into()));
    assert_eq!(warnings, Vec::<String>::new());
    let (spec, _) = status("worker.s.ns=-\nworker.s.xmlns=-x\n");
    assert!(spec.ns.is_empty() && spec.xmlns.is_empty());
}

/// How many of six members, idle, two of each activation, are good and bad: as mod_jk counts them.
#[test]
fn s05_s06_ratings() {
    #[rustfmt::skip]
    let rows = [
        ("", "", 2, 2, 0), ("a", "", 2, 2, 1), ("d", "", 2, 2, 1), ("", "d", 2, 2, 0),
        ("", "a", 0, 2, 1), ("s", "", 0, 2, 1), ("s.i", "a", 2, 2, 0), ("a.o", "a.i", 0, 2, 0),
        ("i", "o", 6, 0, 0), ("n,d.n", "s.n", 4, 2, 1), ("active.idle", "disabled.idle", 2, 2, 0),
        ("A.I", "D.I", 2, 2, 0), ("i.a", "x", 2, 0, 1), ("x", "x", 0, 0, 2), ("x", "", 0, 2, 1),
        ("", "x", 2, 0, 1), ("a,x", "s.x", 2, 0, 2), ("a.", "", 2, 2, 1), (".i", "", 4, 2, 1),
        ("a.i.o", "", 2, 2, 0), ("ax", "", 2, 2, 1), ("a.s", "b r", 0, 0, 1), ("a.o e", "", 0, 2, 1),
    ];
    for (good, bad, expected_good, expected_bad, warned) in rows {
        let line = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!("worker.s.{name}={value}\n"),
        };
        let (spec, warnings) = status(&(line("good", good) + &line("bad", bad)));
        let (mut is_good, mut is_bad) = (0, 0);
        for activation in [
            Activation::Active,
            Activation::Disabled,
            Activation::Stopped,
        ] {
            let idle = RatedState::Idle;
            let bad = spec.bad.contains(activation, idle);
            is_bad += 2 * usize::from(bad);
            is_good += 2 * usize::from(!bad && spec.good.contains(activation, idle));
        }
        let row = format!("good={good} bad={bad}: {warnings:?}");
        assert_eq!(
            (is_good, is_bad, warnings.len()),
            (expected_good, expected_bad, warned),
            "{row}"
        );
    }
}

#[test]
fn p14_p15_a_shared_line_is_warned_about_once() {
    let text = "worker.list=a,b,l\nworker.t.retries=abc\nworker.t.host=h\n\
                worker.a.reference=worker.t\nworker.b.reference=worker.t\n\
                worker.l.type=lb\nworker.l.balance_workers=a,b\n";
    let (workers, warnings) = build(text).unwrap();
    assert_eq!(
        warnings,
        ["w:2: retries is \"abc\", not a number of 32 bits; the default is used"]
    );
    assert!(
        workers
            .list
            .iter()
            .take(2)
            .all(|worker| matches!(worker, WorkerSpec::Ajp(spec) if spec.host == "h"))
    );
    assert!(workers.properties.get("worker.b.host").is_some());
}

const FILE_IN_USE: &str = "\
# Two Tomcats, one of them for maintenance only
tc_secret=geheim
worker.list=app,jkstatus,single
worker.maintain=30

worker.template.type=ajp13
worker.template.port=8009
worker.template.secret=$(tc_secret)
worker.template.ping_mode=A
worker.template.ping_timeout=5000
worker.template.socket_timeout=30
worker.template.connection_pool_timeout=600
worker.template.reply_timeout=120000
worker.template.recovery_options=3

worker.tc1.reference=worker.template
worker.tc1.host=10.0.0.11
worker.tc1.route=east.tc1
worker.tc2.reference=worker.template
worker.tc2.host=10.0.0.12
worker.tc2.route=east.tc2
worker.tc2.activation=disabled   # maintenance
worker.tc2.redirect=east.tc1

worker.app.type=lb
worker.app.balance_workers=tc1
worker.app.balance_workers=tc2
worker.app.sticky_session_force=0

worker.single.reference=worker.tc1
worker.jkstatus.type=status
worker.jkstatus.mount=/jk-status
";

#[test]
fn a_file_as_it_is_in_use() {
    let (workers, warnings) = build(FILE_IN_USE).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(workers.maintain, Duration::from_secs(30));
    let Some(WorkerSpec::Lb(app)) = workers.get(b"app") else {
        panic!("no app")
    };
    let second = &app.members[1];
    assert_eq!(
        (second.route.as_slice(), second.activation),
        (&b"east.tc2"[..], Activation::Disabled)
    );
    assert_eq!(second.domain, Some("east".into()));
    assert_eq!(second.ajp.secret, Some("geheim".into()));
    assert_eq!(second.ajp.ping.interval, ms(50_000));
    assert!(second.ajp.recovery_options.no_retry_after_headers());
    let Some(WorkerSpec::Ajp(single)) = workers.get(b"single") else {
        panic!("no single")
    };
    assert_eq!(
        (single.host.as_slice(), single.reply_timeout),
        (&b"10.0.0.11"[..], ms(120_000))
    );
    assert_eq!(workers.mounts.len(), 1);
}

proptest! {
    #[test]
    fn any_value_of_any_attribute_is_an_answer_not_a_panic(
        lines in proptest::collection::vec(
            ("[wlms]", proptest::sample::select(crate::properties::attributes::KNOWN), "[ -~]{0,12}|-?[0-9]{1,20}[km]?"),
            0..20,
        ),
    ) {
        let mut text = "worker.list=w,l\nworker.l.type=lb\nworker.l.balance_workers=m\n".to_owned();
        for (worker, attribute, value) in lines {
            text += &format!("worker.{worker}.{attribute}={value}\n");
        }
        match build(&text) {
            Ok((workers, _)) => for worker in &workers.list {
                if let WorkerSpec::Ajp(spec) = worker {
                    prop_assert!(spec.retries >= 1 && spec.max_packet_size % 1024 == 0);
                    prop_assert!((8192..=65536).contains(&spec.max_packet_size));
                }
            },
            Err(message) => prop_assert!(message.starts_with("w:"), "{}", message),
        }
    }
}
