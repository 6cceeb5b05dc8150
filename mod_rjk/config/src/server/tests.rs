use super::options::{ClientAddress, ForwardUri, Options};
use super::*;
use crate::uri_map::FileText;
use crate::workers::WorkerMount;
use std::io;
use std::path::Path;
use std::sync::Arc;

const ROOT: &str = "/etc/httpd";

fn place(line: u32) -> Location {
    Location::new("httpd.conf", line)
}

/// `/etc/httpd/main.map` and `/etc/httpd/vhost.map` exist.
fn read(path: &Path) -> io::Result<FileText> {
    let text: &[u8] = match path.to_str() {
        Some("/etc/httpd/main.map") => b"/main-file=wf\n",
        Some("/etc/httpd/vhost.map") => b"/vhost-file=wf\n",
        _ => return Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    Ok(FileText {
        text: text.to_vec(),
        stamp: None,
    })
}

fn worker_mounts() -> [WorkerMount; 1] {
    [WorkerMount {
        worker: "wd".into(),
        pattern: "/defined".into(),
        location: place(1),
    }]
}

fn resolve(directives: &ServerDirectives, main: Option<&ServerConfig>) -> ServerConfig {
    directives
        .resolve(
            main,
            &worker_mounts(),
            &read,
            Path::new(ROOT),
            &mut Vec::new(),
        )
        .unwrap()
}

/// The configuration of a virtual host.
fn vhost_of(main: &ServerDirectives, vhost: &ServerDirectives) -> ServerConfig {
    resolve(
        &ServerDirectives::merge(main, vhost),
        Some(&resolve(main, None)),
    )
}

fn worker(config: &ServerConfig, path: &str) -> Option<String> {
    let map = config.uri_map.load();
    let mount = map.lookup(path.as_bytes(), config.options.reject_unsafe_uri);
    mount.map(|mount| mount.worker.to_string())
}

fn mounted(mut server: ServerDirectives, mounts: &[(&str, &str)]) -> ServerDirectives {
    for (path, worker) in mounts {
        server.set_mount(path, worker, place(7)).unwrap();
    }
    server
}

#[test]
fn d03_to_d37_defaults() {
    let config = resolve(&ServerDirectives::main(), None);
    let by_merge = vhost_of(&ServerDirectives::main(), &ServerDirectives::vhost());
    for config in [&config, &by_merge] {
        assert_eq!(
            config.options,
            Options {
                key_size: true,
                ..Options::default()
            }
        );
        assert_eq!(config.log.file, None, "D-10");
        assert_eq!(config.log.level, Level::Info, "D-11");
        assert_eq!(config.log.stamp, "[%a %b %d %H:%M:%S.%Q %Y] ", "D-12");
        assert!(config.extract_ssl, "D-28");
        assert_eq!(config.strip_session, StripSession::default(), "D-09");
        assert_eq!(config.env_vars, [], "D-37");
        assert_eq!((&config.auto_alias, &config.request_log), (&None, &None));
        assert_eq!(config.indicators.worker, "JK_WORKER_NAME", "D-17");
        assert_eq!(
            config.indicators.cert_chain_prefix, "SSL_CLIENT_CERT_CHAIN_",
            "D-35"
        );
    }
    assert_eq!(worker(&config, "/defined").as_deref(), Some("wd"), "W-05");
    assert_eq!(
        worker(&by_merge, "/defined"),
        None,
        "W-05: main server only"
    );
    assert!(by_merge.uri_map.load().is_empty() && !by_merge.has_mount_table);
}

#[test]
fn d03_mount_file() {
    let mut main = ServerDirectives::main();
    main.set_mount_file("/other/first.map", place(3));
    main.set_mount_file("main.map", place(4));
    let config = resolve(&main, None);
    let minute = Duration::from_secs(60);
    let file = Some((Path::new("/etc/httpd/main.map"), minute));
    assert_eq!(config.uri_map.file(), file, "D-04");
    assert_eq!(worker(&config, "/main-file").as_deref(), Some("wf"));
    main.set_mount_file("/no/such.map", place(5));
    let error = main
        .resolve(None, &[], &read, Path::new(ROOT), &mut Vec::new())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("httpd.conf:5: ") && error.contains("/no/such.map"),
        "{error}"
    );
}

#[test]
fn d04_reload_interval() {
    for (text, seconds) in [("5", 5), ("0", 0), ("-3", 0), ("abc", 0), ("7s", 7)] {
        let mut main = ServerDirectives::main();
        main.set_mount_file("main.map", place(2));
        let warning = main.set_mount_file_reload(text);
        assert_eq!(warning.is_some(), text.parse() != Ok(seconds), "{text}");
        let expected = Some(Duration::from_secs(seconds));
        let interval = |config: &ServerConfig| config.uri_map.file().map(|(_, interval)| interval);
        assert_eq!(interval(&resolve(&main, None)), expected, "{text}");
        let mut vhost = ServerDirectives::vhost();
        vhost.set_mount_file("vhost.map", place(3));
        assert_eq!(interval(&vhost_of(&main, &vhost)), expected, "inh");
    }
}

#[test]
fn d16_watchdog_interval() {
    for (text, seconds, warned) in [
        ("60", 60, false),
        ("0", 0, false),
        ("-1", 0, true),
        ("1m", 1, true),
        ("soon", 0, true),
    ] {
        let (interval, warning) = directive_seconds("JkWatchdogInterval", text);
        assert_eq!(interval, Duration::from_secs(seconds), "{text}");
        assert_eq!(warning.is_some(), warned, "{text}: {warning:?}");
    }
}

fn section<'a>(name: &'a str, path: &'a str, is_regex: bool) -> Option<Section<'a>> {
    Some(Section {
        name,
        path,
        is_regex,
    })
}

#[test]
fn d05_d06_arguments() {
    let taken = |path, worker, warning: Option<&str>| {
        let warning = warning.map(str::to_owned);
        Ok(MountArgs {
            path,
            worker,
            warning,
        })
    };
    assert_eq!(mount_args(None, "/x", Some("w")), taken("/x", "w", None));
    assert!(mount_args(None, "/x", Some("")).is_err());
    let location = section("Location", "/x", false);
    assert_eq!(mount_args(location, "w", None), taken("/x", "w", None));
    for (section, first, second, says) in [
        (None, "w", None, "'w' is alone; write a path and a worker"),
        (None, "/a/*=w", None, "write '/a/* w'"),
        (None, "w", Some("/a/*"), "write '/a/* w'"),
        (
            location,
            "/x",
            Some("w"),
            "that of the section, '/x'; write the worker alone",
        ),
        (
            section("LocationMatch", "^/x", true),
            "w",
            None,
            "regular expression",
        ),
        (
            section("Location", "^/x", true),
            "w",
            None,
            "regular expression",
        ),
        (
            section("Location", "http://h/x/*", false),
            "w",
            None,
            "write '/x/*'",
        ),
        (section("Location", "x/*", false), "w", None, "write '/x/*'"),
        (
            section("If", "*If", false),
            "w",
            None,
            "cannot stand in <If>",
        ),
        (
            section("If", "*If", false),
            "/x",
            Some("w"),
            "cannot stand in <If>",
        ),
        (
            section("Files", "x", false),
            "w",
            None,
            "cannot stand in <Files>",
        ),
    ] {
        let error = mount_args(section, first, second).unwrap_err();
        assert!(error.contains(says), "{section:?} {first}: {error}");
    }
    for (section, says) in [
        (
            section("LocationMatch", "/x/.*", true),
            "not as a regular expression",
        ),
        (
            section("Location", "/x/.*", true),
            "not as a regular expression",
        ),
        (
            section("Directory", "/var/x", false),
            "belongs into <Location>",
        ),
        (section("Proxy", "/x", false), "belongs into <Location>"),
    ] {
        let warning = mount_args(section, "w", None).unwrap().warning;
        assert!(
            warning.as_ref().is_some_and(|text| text.contains(says)),
            "{warning:?}"
        );
    }
}

/// What is proposed is taken, and mounts what was meant; else nothing is proposed.
#[rustfmt::skip]
#[test]
fn d05_d06_proposals_for_a_line() {
    let (in_app, at_top) = (section("Location", "/app", false), None);
    for (section, first, second, proposal) in [
        (in_app, "/app", Some("lb"), Some("write the worker alone")),
        (in_app, "/app/*", Some("lb"), Some("write '/app/* lb' outside of the section")),
        (in_app, "/app/", Some("lb;reply_timeout=5"), Some("write '/app/ lb;reply_timeout=5' outside of the section")),
        (in_app, "/app|/*", Some("tomcat.1"), Some("write '/app|/* tomcat.1' outside of the section")),
        (in_app, "lb", Some("/app/*"), Some("write '/app/* lb' outside of the section")),
        (in_app, "www.shop.test", Some("/app/*"), None),
        (in_app, "^/app", Some("lb"), None),
        (in_app, "/app/.*", Some("lb"), None),
        (in_app, "/a b", Some("lb"), None),
        (in_app, "app/*", Some("lb"), None),
        (section("Location", "app", false), "/app/*", Some("lb"), Some("write '/app/* lb' outside of the section")),
        (section("LocationMatch", "/app", true), "/app", Some("lb"), Some("write '/app lb' outside of the section")),
        (section("LocationMatch", "/app/.*", true), "/app/.*", Some("lb"), None),
        (section("Proxy", "/app", false), "/app", Some("lb"), Some("write '/app lb' outside of the section")),
        (at_top, "lb", Some("/app/*"), Some("write '/app/* lb'")),
        (at_top, "lb", Some("/app/.*"), None),
        (at_top, "lb", Some("/(a|b)"), None),
        (at_top, "lb", Some("/a b"), None),
        (at_top, "*.jsp", Some("/app/*"), None),
        (at_top, "app/*", Some("/app/*"), None),
        (at_top, "www.shop.test", Some("/app/*"), None),
        (at_top, "my lb", Some("/app/*"), None),
        (at_top, "", Some("/app/*"), None),
        (at_top, "/app/*=lb", None, Some("write '/app/* lb'")),
        (at_top, "/app/*=lb;reply_timeout=5", None, Some("write '/app/* lb;reply_timeout=5'")),
        (at_top, "/app/.*=lb", None, None),
        (at_top, "/a b=lb", None, None),
        (at_top, "/app?x=1", None, None),
        (at_top, "lb=/app", None, None),
        (at_top, "/app/*=\"lb\"", None, None),
    ] {
        let error = mount_args(section, first, second).unwrap_err();
        match proposal {
            Some(proposal) => assert!(error.ends_with(proposal), "{first} {second:?}: {error}"),
            None => assert!(!error.contains("write '") && !error.contains("worker alone"), "{first} {second:?}: {error}"),
        }
    }
}

#[test]
fn d05_d06_paths_that_are_none() {
    let mut server = ServerDirectives::main();
    for (path, mount, unmount) in [
        ("x", "write '/x'", "write '/x'"),
        ("*.jsp", "write '/*.jsp'", "write '/*.jsp'"),
        ("!/x/*", "write JkUnMount /x/*", "write '/x/*'"),
        ("^/x", "no regular expression", "no regular expression"),
        ("!/x/.*", "the mark of a map file", "the mark of a map file"),
    ] {
        let error = server.set_mount(path, "w", place(1)).unwrap_err();
        assert!(error.contains(path) && error.contains(mount), "{error}");
        let error = server.set_unmount(path, "w", place(1)).unwrap_err();
        assert!(error.contains(path) && error.contains(unmount), "{error}");
        let proposes = error.contains("; write ");
        assert_eq!(proposes, unmount.contains("write"), "{error}");
    }
}

#[test]
fn d05_d06_bg14_mounts_of_one_server() {
    let mut server = mounted(
        ServerDirectives::main(),
        &[("/a", "w1"), ("/a", "w2"), ("/b|/*", "w1")],
    );
    server.set_unmount("/b/x", "w9", place(8)).unwrap();
    server.set_unmount("/b/x", "w1", place(9)).unwrap();
    server.set_unmount("/b/x", "w8", place(9)).unwrap();
    let mut warnings = Vec::new();
    let config = server
        .resolve(None, &[], &read, Path::new(ROOT), &mut warnings)
        .unwrap();
    assert_eq!(worker(&config, "/a").as_deref(), Some("w2"));
    assert_eq!(worker(&config, "/b").as_deref(), Some("w1"));
    assert_eq!(worker(&config, "/b/x"), None);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].location, Some(place(7)));
}

#[test]
fn w05_a_bad_worker_mount_is_an_error() {
    let mounts = [WorkerMount {
        worker: "w".into(),
        pattern: "x".into(),
        location: place(2),
    }];
    let result =
        ServerDirectives::main().resolve(None, &mounts, &read, Path::new(ROOT), &mut Vec::new());
    assert!(
        result
            .unwrap_err()
            .to_string()
            .starts_with("httpd.conf:2: ")
    );
}

/// Main's JkMountCopy, the virtual host's, whether it copies.
const COPY_MATRIX: [(&str, &str, bool); 12] = [
    ("", "", false),
    ("", "Off", false),
    ("", "On", true),
    ("Off", "", false),
    ("Off", "Off", false),
    ("Off", "On", true),
    ("On", "", false),
    ("On", "Off", false),
    ("On", "on", true),
    ("All", "", true),
    ("all", "off", false),
    ("ALL", "On", true),
];

fn with_copy(mut server: ServerDirectives, word: &str, is_main: bool) -> ServerDirectives {
    if !word.is_empty() {
        server.set_mount_copy(word, is_main).unwrap();
    }
    server
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn d07_matrix_without_own_mounts() {
    for (main_word, vhost_word, copies) in COPY_MATRIX {
        let mut main = mounted(ServerDirectives::main(), &[("/m%", "wm")]);
        main.set_mount_file("main.map", place(2));
        assert_eq!(main.set_auto_alias("/main/alias"), None);
        let main = with_copy(main, main_word, true);
        let mut vhost = with_copy(ServerDirectives::vhost(), vhost_word, false);
        vhost.set_option_words("+RejectUnsafeURI").unwrap();
        let main_config = resolve(&main, None);
        let config = resolve(&ServerDirectives::merge(&main, &vhost), Some(&main_config));
        let row = format!("main {main_word}, vhost {vhost_word}");
        let left = main.without_rules();
        assert_eq!(ServerDirectives::copies(&left, &vhost), copies, "{row}");
        assert_eq!(config.shares_main_map, copies, "{row}");
        assert_eq!(
            Arc::ptr_eq(&config.uri_map, &main_config.uri_map),
            copies,
            "{row}"
        );
        assert_eq!(config.has_mount_table, copies, "{row}");
        // the shared map comes with main's RejectUnsafeURI and with the workers' mounts
        assert_eq!(config.options.reject_unsafe_uri, !copies, "{row}");
        for path in ["/m%", "/main-file", "/defined"] {
            assert_eq!(worker(&config, path).is_some(), copies, "{row} {path}");
        }
        assert_eq!(config.uri_map.file().is_some(), copies, "{row}");
        assert_eq!(config.auto_alias.is_some(), copies, "{row}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn d07_matrix_with_own_mounts() {
    for (main_word, vhost_word, copies) in COPY_MATRIX {
        let mut main = mounted(ServerDirectives::main(), &[("/m%", "wm"), ("/both", "wm")]);
        main.set_unmount("/v/x", "*", place(3)).unwrap();
        main.set_mount_file("main.map", place(2));
        let main = with_copy(main, main_word, true);
        let own = [("/v/*", "wv"), ("/both", "wv")];
        let vhost = with_copy(mounted(ServerDirectives::vhost(), &own), vhost_word, false);
        let config = vhost_of(&main, &vhost);
        let row = format!("main {main_word}, vhost {vhost_word}");
        assert!(!config.shares_main_map && config.has_mount_table, "{row}");
        assert_eq!(worker(&config, "/v/1").as_deref(), Some("wv"), "{row}");
        assert_eq!(
            worker(&config, "/both").as_deref(),
            Some("wv"),
            "{row}: own ones win"
        );
        assert_eq!(worker(&config, "/m%").is_some(), copies, "{row}");
        assert_eq!(worker(&config, "/v/x").is_none(), copies, "{row}");
        assert_eq!(worker(&config, "/main-file").is_some(), copies, "{row}");
        assert_eq!(worker(&config, "/defined"), None, "{row}");
    }
}

#[test]
fn d07_an_own_mount_file_is_a_table_and_wins() {
    let mut main = mounted(ServerDirectives::main(), &[("/m", "wm")]);
    main.set_mount_file("main.map", place(2));
    let mut vhost = with_copy(ServerDirectives::vhost(), "On", false);
    vhost.set_mount_file("vhost.map", place(3));
    assert_eq!(vhost.set_auto_alias("/own"), None);
    assert_eq!(main.set_auto_alias("/main"), None);
    let config = vhost_of(&main, &vhost);
    assert!(!config.shares_main_map);
    assert_eq!(worker(&config, "/m").as_deref(), Some("wm"));
    assert_eq!(worker(&config, "/vhost-file").as_deref(), Some("wf"));
    assert_eq!(worker(&config, "/main-file"), None);
    assert_eq!(config.auto_alias.as_deref(), Some("/own"), "D-08");
}

#[test]
fn d07_words() {
    let mut server = ServerDirectives::vhost();
    assert!(
        server
            .set_mount_copy("All", false)
            .unwrap_err()
            .contains("main server")
    );
    assert!(
        server
            .set_mount_copy("yes", true)
            .unwrap_err()
            .contains("'yes'")
    );
}

#[test]
fn d08_d03_are_not_inherited_without_copy() {
    let mut main = ServerDirectives::main();
    assert_eq!(main.set_auto_alias("/main"), None);
    main.set_mount_file("main.map", place(2));
    let config = vhost_of(&main, &ServerDirectives::vhost());
    assert_eq!((config.auto_alias, config.uri_map.file()), (None, None));
}

#[test]
fn d08_d09_act_with_a_mount_table_only() {
    let mut main = ServerDirectives::main();
    assert_eq!(main.set_auto_alias("/apps"), None);
    main.set_strip_session("On", None).unwrap();
    let vhost = |server: &ServerDirectives| {
        let config = vhost_of(&main, server);
        let (uri, _) = config.without_session(b"/x;jsessionid=1", b"");
        (config.alias(b"/ctx/x", |_| true), uri.is_some())
    };
    let mut server = ServerDirectives::vhost();
    assert_eq!(server.set_auto_alias("/apps"), None);
    assert_eq!(vhost(&server), (Aliased::Elsewhere, false));
    let server = mounted(server, &[("/*.jsp", "w")]);
    let file = Aliased::File(b"/apps/ctx/x".to_vec());
    assert_eq!(vhost(&server), (file, true));
    let mut server = server;
    assert!(
        server
            .set_auto_alias("apps")
            .is_some_and(|text| text.contains("JkAutoAlias"))
    );
    assert_eq!(vhost(&server), (Aliased::Elsewhere, true), "no full path");
}

#[test]
fn d09_strip_session_is_inherited_as_a_whole() {
    let mut main = ServerDirectives::main();
    main.set_strip_session("ON", Some(";sid")).unwrap();
    let inherited = vhost_of(&main, &ServerDirectives::vhost()).strip_session;
    assert_eq!(
        inherited,
        StripSession {
            enabled: true,
            name: ";sid".into()
        }
    );
    let mut vhost = ServerDirectives::vhost();
    vhost.set_strip_session("off", None).unwrap();
    assert_eq!(
        vhost_of(&main, &vhost).strip_session,
        StripSession::default()
    );
    assert!(
        main.set_strip_session("maybe", None)
            .unwrap_err()
            .contains("'maybe'")
    );
}

#[test]
fn d10_to_d13_log_directives_are_inherited() {
    let mut main = ServerDirectives::main();
    main.set_log_file("logs/jk.log");
    main.set_log_stamp("%Y ");
    assert_eq!(main.set_request_log_format("%w"), None);
    assert_eq!(main.set_log_level("Debug"), None);
    let mut vhost = ServerDirectives::vhost();
    let config = vhost_of(&main, &vhost);
    assert_eq!(
        config.log,
        LogSettings {
            file: Some("logs/jk.log".into()),
            level: Level::Debug,
            stamp: "%Y ".into()
        }
    );
    assert_eq!(
        config.request_log,
        RequestLogFormat::parse("%w").ok().map(Arc::new),
        "D-13"
    );
    let warning = vhost.set_log_level("warning").unwrap();
    assert!(
        warning.contains("'warning'") && warning.contains("warn,"),
        "{warning}"
    );
    let warning = vhost.set_request_log_format("%w %x").unwrap();
    assert!(
        warning.contains("'%x'") && warning.contains("no line"),
        "D-13 R-12: {warning}"
    );
    assert_eq!(
        vhost_of(&main, &vhost).request_log,
        None,
        "D-13: broken is off, not inherited"
    );
    vhost.set_log_file("|prog");
    let config = vhost_of(&main, &vhost);
    assert_eq!(
        (config.log.level, config.log.file.as_deref()),
        (Level::Info, Some("|prog"))
    );
}

#[test]
fn d17_to_d35_bg13_every_indicator_is_set_and_inherited() {
    // what the contract's table says: directive and default
    let table = [
        ("JkWorkerIndicator", "JK_WORKER_NAME"),
        ("JkRequestIdIndicator", "UNIQUE_ID"),
        ("JkRemoteAddrIndicator", "JK_REMOTE_ADDR"),
        ("JkRemotePortIndicator", "JK_REMOTE_PORT"),
        ("JkRemoteHostIndicator", "JK_REMOTE_HOST"),
        ("JkRemoteUserIndicator", "JK_REMOTE_USER"),
        ("JkAuthTypeIndicator", "JK_AUTH_TYPE"),
        ("JkLocalNameIndicator", "JK_LOCAL_NAME"),
        ("JkLocalAddrIndicator", "JK_LOCAL_ADDR"),
        ("JkLocalPortIndicator", "JK_LOCAL_PORT"),
        ("JkIgnoreCLIndicator", "JK_IGNORE_CL"),
        ("JkHTTPSIndicator", "HTTPS"),
        ("JkSSLPROTOCOLIndicator", "SSL_PROTOCOL"),
        ("JkCERTSIndicator", "SSL_CLIENT_CERT"),
        ("JkCIPHERIndicator", "SSL_CIPHER"),
        ("JkSESSIONIndicator", "SSL_SESSION_ID"),
        ("JkKEYSIZEIndicator", "SSL_CIPHER_USEKEYSIZE"),
        ("JkCERTCHAINPrefix", "SSL_CLIENT_CERT_CHAIN_"),
    ];
    let all = Indicator::ALL
        .iter()
        .map(|one| (one.directive(), one.default_name()));
    assert_eq!(all.collect::<Vec<_>>(), table);
    for &indicator in Indicator::ALL {
        let mut main = ServerDirectives::main();
        main.set_indicator(indicator, "FROM_MAIN");
        let mut vhost = ServerDirectives::vhost();
        let inherited = vhost_of(&main, &vhost).indicators;
        assert_eq!(inherited, resolve(&main, None).indicators);
        assert_eq!(
            format!("{inherited:?}").matches("FROM_MAIN").count(),
            1,
            "{indicator:?}"
        );
        vhost.set_indicator(indicator, "OWN");
        let own = format!("{:?}", vhost_of(&main, &vhost).indicators);
        assert!(own.contains("OWN") && !own.contains("FROM_MAIN"), "{own}");
    }
    let mut main = ServerDirectives::main();
    main.set_indicator(Indicator::LocalAddr, "ADDR");
    assert_eq!(
        vhost_of(&main, &ServerDirectives::vhost())
            .indicators
            .local_addr,
        "ADDR"
    );
}

#[test]
fn d28_extract_ssl() {
    let (mut main, mut vhost) = (ServerDirectives::main(), ServerDirectives::vhost());
    main.set_extract_ssl(false);
    assert!(!vhost_of(&main, &vhost).extract_ssl);
    vhost.set_extract_ssl(true);
    assert!(vhost_of(&main, &vhost).extract_ssl);
}

#[test]
fn d36_options_are_merged_by_bits() {
    let (mut main, mut vhost) = (ServerDirectives::main(), ServerDirectives::vhost());
    main.set_option_words("+FlushPackets ForwardURIEscaped")
        .unwrap();
    vhost
        .set_option_words("-FlushPackets +ForwardLocalAddress")
        .unwrap();
    let options = vhost_of(&main, &vhost).options;
    assert_eq!(options.forward_uri, ForwardUri::Escaped);
    assert_eq!(options.client_address, ClientAddress::Local);
    assert!(!options.flush_packets && options.key_size);
    assert!(
        vhost
            .set_option_words("+Nonsense")
            .unwrap_err()
            .contains("'Nonsense'")
    );
}

#[test]
fn d37_dd07_env_vars() {
    let var = |name: &str, default: Option<&str>| EnvVar {
        name: name.into(),
        default: default.map(BString::from),
    };
    let mut main = ServerDirectives::main();
    main.add_env_var("A", Some(b"1"));
    main.add_env_var("B", Some(b""));
    main.add_env_var("a", Some(b"2"));
    main.add_env_var("C", None);
    let expected = [var("A", Some("2")), var("B", None), var("C", None)];
    assert_eq!(resolve(&main, None).env_vars, expected);
    let mut vhost = ServerDirectives::vhost();
    vhost.add_env_var("V", None);
    vhost.add_env_var("b", Some(b"own"));
    let expected = [
        var("V", None),
        var("b", Some("own")),
        var("A", Some("2")),
        var("C", None),
    ];
    assert_eq!(vhost_of(&main, &vhost).env_vars, expected);
}

#[test]
fn e03_e04_e05_environment_values() {
    for (value, truth) in [
        ("", true),
        ("1", true),
        ("-1", true),
        ("2x", true),
        ("0", false),
        ("true", false),
        ("on", false),
    ] {
        assert_eq!(env_truth(value.as_bytes()), truth, "{value}");
    }
    assert_eq!(
        env_reply_timeout(b"1500"),
        Some(Duration::from_millis(1500))
    );
    assert_eq!(env_reply_timeout(b"0"), Some(Duration::ZERO));
    assert_eq!(env_reply_timeout(b"-1"), None);
}
