//! Every example in httpd-conf/ starts with both modules and serves (design §1.3).

use rjk_testbed::client::Request;
use rjk_testbed::http_peer::{HttpPeer, Script, TlsSettings};
use rjk_testbed::httpd::Builder;
use rjk_testbed::module::repository;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::tls::{Authority, curl};
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, client, ensure, policies};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// How the lines begin that an administrator changes, and what this test has in their place. The first is
/// the one that switches modules.
const PLACES: [(&str, &str); 4] = [
    ("LoadModule jk_module ", "modules/"),
    ("Define JK_CONF ", "conf"),
    ("Define JK_LOG ", "@ROOT@/logs"),
    ("Define JK_RUN ", "run"),
];

/// An example with this test's addresses in place of the example's.
struct Example {
    folder: &'static str,
    /// `name=value` lines of workers.properties to replace, by name.
    variables: Vec<(&'static str, String)>,
    /// Lines behind workers.properties.
    more: String,
}

fn root() -> PathBuf {
    repository().join("httpd-conf")
}

impl Example {
    fn new(folder: &'static str) -> Example {
        Example {
            folder,
            variables: Vec::new(),
            more: String::new(),
        }
    }

    fn set(mut self, name: &'static str, value: impl ToString) -> Self {
        self.variables.push((name, value.to_string()));
        self
    }

    /// The example's own files, its LoadModule line, and nothing of the testbed's Jk settings.
    fn site(&self, subject: Subject) -> Result<Builder> {
        let name = match subject {
            Subject::Rjk => "mod_rjk.so",
            Subject::ModJk => "mod_jk.so",
        };
        let mut site = Httpd::plain()
            .module("authz_host")
            .module("setenvif")
            .file(&format!("modules/{name}"), fs::read(subject.path()?)?)
            .file("htdocs/static/a.txt", "from httpd")
            .file("htdocs/shop/a.css", "from httpd")
            .directives("Include conf/jk.conf");
        for entry in fs::read_dir(root().join(self.folder))? {
            let path = entry?.path();
            let file = path.file_name().and_then(|name| name.to_str());
            let file = file.context("a file name")?.to_owned();
            let mut text = fs::read_to_string(&path)?;
            match file.as_str() {
                "jk.conf" => {
                    text = placed(&text, name)?.replace("*:80>", "*:@PORT@>");
                }
                "workers.properties" => text = self.workers(&text)? + &self.more,
                _ => {}
            }
            site = site.file(&format!("conf/{file}"), text);
        }
        Ok(site)
    }

    fn workers(&self, text: &str) -> Result<String> {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (name, value) in &self.variables {
            let start = format!("{name}=");
            let line = lines.iter_mut().find(|line| line.starts_with(&start));
            *line.with_context(|| format!("no {name} in {}", self.folder))? = start + value;
        }
        Ok(lines.join("\n") + "\n")
    }
}

/// jk.conf with the module of that name and the folders of this test.
fn placed(text: &str, name: &str) -> Result<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (start, place) in PLACES {
        let line = lines.iter_mut().find(|line| line.starts_with(start));
        let line = line.with_context(|| format!("no {start}"))?;
        let is_module = start.starts_with("LoadModule");
        ensure!(!is_module || line.ends_with("/mod_rjk.so"), "{line}");
        *line = format!("{start}{place}{}", if is_module { name } else { "" });
    }
    let rotates = |line: &&mut String| line.starts_with("Define JK_ROTATE ");
    if let Some(line) = lines.iter_mut().find(rotates) {
        *line = "Define JK_ROTATE /usr/bin/rotatelogs".to_owned();
    }
    Ok(lines.join("\n") + "\n")
}

/// Who answers a request: a peer's name, or a status from httpd.
fn answer(httpd: &Httpd, host: &str, target: &str, cookie: &str) -> Result<String> {
    let request = Request::get(target)
        .header("Host", host)
        .header("Cookie", cookie);
    let response = client::send(httpd.port(), request)?;
    Ok(match response.field("peer") {
        Some(peer) => peer,
        None => format!("{} {}", response.status, response.text()),
    })
}

/// An example leaves no line in the logs that asks for attention.
fn assert_quiet(httpd: &Httpd) {
    httpd.assert_clean();
    for text in [httpd.error_log(), log(httpd)] {
        let complaints = text.lines().filter(|line| {
            let ours =
                line.contains("[warn]") || line.contains("[error]") || line.contains(":warn]");
            // The ports of this test come as a second value.
            ours && !line.contains("is set again") && !line.contains("Duplicate key")
        });
        assert_eq!(complaints.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

/// The module's log, rotated or not.
fn log(httpd: &Httpd) -> String {
    let files = fs::read_dir(httpd.path("logs")).into_iter().flatten();
    let paths = files.flatten().map(|entry| entry.path());
    let ours = paths.filter(|path| path.to_string_lossy().contains("/mod_jk.log"));
    ours.filter_map(|path| fs::read_to_string(path).ok())
        .collect()
}

/// The status page: for this host, and not for another one.
fn assert_status_page(httpd: &Httpd, host: &str, worker: &str) -> Result {
    let url = format!("http://127.0.0.1:{}/jk-status", httpd.port());
    let from = |address: &str| {
        let host = format!("Host: {host}");
        let code = [
            "-w",
            "%{http_code}",
            "--interface",
            address,
            "-H",
            &host,
            &url,
        ];
        curl(&code).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let (allowed, refused) = (from("127.0.0.1")?, from("127.0.0.2")?);
    assert!(
        allowed.ends_with("200") && allowed.contains(worker),
        "{allowed}"
    );
    assert!(
        refused.ends_with("403") && !refused.contains(worker),
        "{refused}"
    );
    Ok(())
}

#[test]
fn no_example_is_without_a_test() -> Result {
    let mut folders = BTreeSet::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.ends_with("jk.conf") {
                let name = folder.strip_prefix(root())?;
                folders.insert(name.to_string_lossy().into_owned());
            } else if path.is_dir() {
                open.push(path);
            }
        }
    }
    let tested = [
        "http",
        "map-file",
        "on-premise/debian",
        "on-premise/rhel",
        "one-tomcat",
        "policy",
        "two-sites",
    ];
    assert_eq!(folders, tested.map(str::to_owned).into());
    Ok(())
}

#[test]
fn one_tomcat() -> Result {
    for subject in Subject::BOTH {
        let peer = Peer::named("tomcat", Behaviour::Echo)?;
        let example = Example::new("one-tomcat").set("was.port", peer.port());
        let httpd = example.site(subject)?.start()?;
        for target in ["/app", "/app/", "/app/x.jsp"] {
            assert_eq!(answer(&httpd, "any", target, "")?, "tomcat", "{subject:?}");
        }
        assert_eq!(
            answer(&httpd, "any", "/static/a.txt", "")?,
            "200 from httpd"
        );
        let requests = peer.requests();
        assert_eq!(requests.len(), 3);
        for request in requests {
            assert_eq!(request.attribute("secret"), Some("change-me"), "A-25");
        }
        assert_quiet(&httpd);
    }
    Ok(())
}

/// The four Tomcats of `two-sites`.
struct FourPeers {
    a1: Peer,
    a2: Peer,
    b1: Peer,
    b2: Peer,
}

impl FourPeers {
    fn start() -> Result<FourPeers> {
        let peer = |name: &str| Peer::named(name, Behaviour::Echo);
        Ok(FourPeers {
            a1: peer("a-was1")?,
            a2: peer("a-was2")?,
            b1: peer("b-was1")?,
            b2: peer("b-was2")?,
        })
    }

    fn example(&self, folder: &'static str) -> Example {
        let mut example = Example::new(folder)
            .set("was-01", "127.0.0.1")
            .set("was-02", "127.0.0.1")
            .set("site-a.port", self.a1.port())
            .set("site-b.port", self.b1.port());
        // On one address the second Tomcats need ports of their own.
        example.more = format!(
            "worker.a-was2.port={}\nworker.b-was2.port={}\n",
            self.a2.port(),
            self.b2.port()
        );
        example
    }
}

#[test]
fn two_sites() -> Result {
    for subject in Subject::BOTH {
        let peers = FourPeers::start()?;
        let httpd = peers.example("two-sites").site(subject)?.start()?;
        let ask = |host: &str, target: &str, route: &str| {
            let cookie = format!("JSESSIONID=0A1B.{route}");
            answer(&httpd, &format!("{host}.example.com"), target, &cookie)
        };
        for route in ["a-was1", "a-was2", "b-was1", "b-was2"] {
            let host = format!("site-{}", &route[..1]);
            assert_eq!(ask(&host, "/x", route)?, route, "{subject:?} sticks");
            assert_eq!(ask(&host, "/reports/x", route)?, route, "{subject:?}");
        }
        let any: BTreeSet<String> = (0..4)
            .map(|_| ask("site-a", "/x", "nowhere"))
            .collect::<Result<_>>()?;
        assert_eq!(any, BTreeSet::from(["a-was1".into(), "a-was2".into()]));
        assert_eq!(ask("site-a", "/static/a.txt", "")?, "200 from httpd");
        for (peer, secret) in [(&peers.a2, "change-me-a"), (&peers.b1, "change-me-b")] {
            for request in peer.requests() {
                assert_eq!(request.attribute("secret"), Some(secret), "L-16");
            }
        }
        assert_status_page(&httpd, "status.example.com", "a-was1")?;
        let in_site = ask("site-a", "/jk-status", "a-was1")?;
        assert_eq!(in_site, "a-was1", "the page is in no site");
        assert_logs_of_two_sites(&httpd)?;
        assert_quiet(&httpd);
    }
    Ok(())
}

/// The deployment that `make lab` runs; the Tomcats' files are started there.
#[test]
fn on_premise() -> Result {
    for folder in ["on-premise/debian", "on-premise/rhel"] {
        for subject in Subject::BOTH {
            let peers = FourPeers::start()?;
            let httpd = peers.example(folder).site(subject)?.start()?;
            let ask = |host: &str, target: &str, route: &str| {
                let cookie = format!("JSESSIONID=0A1B.{route}");
                answer(&httpd, &format!("{host}.example.com"), target, &cookie)
            };
            for route in ["a-was1", "a-was2", "b-was1", "b-was2"] {
                let host = format!("site-{}", &route[..1]);
                assert_eq!(ask(&host, "/x", route)?, route, "{subject:?} {folder}");
            }
            assert_eq!(ask("site-b", "/static/a.txt", "")?, "200 from httpd");
            for (peer, secret) in [(&peers.a2, "change-me-a"), (&peers.b1, "change-me-b")] {
                for request in peer.requests() {
                    assert_eq!(request.attribute("secret"), Some(secret), "L-16");
                }
            }
            assert_status_page(&httpd, "status.example.com", "a-was1")?;
            assert_status_page(&httpd, "172.16.3.1", "b-was2")?;
            let in_site = ask("site-a", "/jk-status", "a-was1")?;
            assert_eq!(in_site, "a-was1", "the page is in no site");
            let logs = fs::read_dir(httpd.path("logs"))?.flatten();
            let names: Vec<String> = logs
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect();
            for start in ["mod_jk.log.2", "site-a.log.2", "site-b.log.2"] {
                let is_there = names.iter().any(|name| name.starts_with(start));
                assert!(is_there, "{start}… of rotatelogs: {names:?}");
            }
            assert_quiet(&httpd);
        }
    }
    Ok(())
}

/// Only where files go and what a distribution has of its own differs.
#[test]
fn both_on_premise_examples_say_the_same() -> Result {
    let read = |name: &str| {
        let both = ["debian", "rhel"];
        both.map(|flavour| fs::read_to_string(root().join("on-premise").join(flavour).join(name)))
    };
    for name in ["workers.properties", "rjk.toml"] {
        let [debian, rhel] = read(name);
        assert_eq!(debian?, rhel?);
    }
    let [debian, rhel] = read("jk.conf");
    let (debian, rhel) = (debian?, rhel?);
    let body = |text: &str| {
        let (_, body) = text.split_once("Define JK_ROTATE ")?;
        Some(body.split_once('\n')?.1.to_owned())
    };
    assert!(body(&debian).is_some_and(|text| text.contains("<VirtualHost")));
    assert_eq!(body(&debian), body(&rhel));
    Ok(())
}

fn assert_logs_of_two_sites(httpd: &Httpd) -> Result {
    let access = fs::read_to_string(httpd.path("logs/site-b.log"))?;
    assert!(access.contains(" site-b b-was1 OK"), "{access}");
    for name in ["logs/mod_jk-site-a.log", "logs/mod_jk-site-b.log"] {
        assert!(httpd.path(name).is_file(), "{name}");
    }
    Ok(())
}

#[test]
fn map_file() -> Result {
    for subject in Subject::BOTH {
        let shop = Peer::named("shop", Behaviour::Echo)?;
        let wiki = Peer::named("wiki", Behaviour::Echo)?;
        let example = Example::new("map-file")
            .set("shop.port", shop.port())
            .set("wiki.port", wiki.port());
        let httpd = example.site(subject)?.start()?;
        for (target, who) in [
            ("/shop", "shop"),
            ("/shop/cart", "shop"),
            ("/wiki/page", "wiki"),
            ("/wiki/api/v1", "wiki"),
            ("/shop/a.css", "200 from httpd"),
        ] {
            assert_eq!(
                answer(&httpd, "any", target, "")?,
                who,
                "{subject:?} {target}"
            );
        }
        for target in ["/shop/internal/x", "/old/x", "/shop/%25"] {
            let who = answer(&httpd, "any", target, "")?;
            assert!(who.starts_with("404 "), "{subject:?} {target}: {who}");
        }
        assert_status_page(&httpd, "any", "wiki")?;
        assert_quiet(&httpd);
    }
    Ok(())
}

/// With mod_jk the balancer works without the policy: the section is skipped.
#[test]
fn policy() -> Result {
    let component = fs::read(policies::built("header-route")?)?;
    for subject in Subject::BOTH {
        let was1 = Peer::named("was1", Behaviour::Echo)?;
        let was2 = Peer::named("was2", Behaviour::Echo)?;
        let example = Example::new("policy")
            .set("was1.port", was1.port())
            .set("was2.port", was2.port());
        let httpd = example
            .site(subject)?
            .file("conf/policies/header-route.wasm", component.clone())
            .start()?;
        let request = Request::get("/x")
            .header("Cookie", "JSESSIONID=0A1B.was1")
            .header("X-Tenant", "acme");
        let response = client::send(httpd.port(), request)?;
        let expected = match subject {
            Subject::Rjk => "was2",
            Subject::ModJk => "was1",
        };
        assert_eq!(response.field("peer").as_deref(), Some(expected));
        assert_eq!(answer(&httpd, "any", "/x", "JSESSIONID=0A1B.was1")?, "was1");
        assert_status_page(&httpd, "any", "was2")?;
        assert_quiet(&httpd);
    }
    Ok(())
}

/// With mod_jk both are spoken to in AJP. What is a comment can be taken in.
#[test]
fn http() -> Result {
    let (was1, was2) = (
        Peer::named("was1", Behaviour::Echo)?,
        Peer::named("was2", Behaviour::Echo)?,
    );
    let authority = Authority::new("internal")?;
    let own = authority.client("httpd")?;
    let settings = TlsSettings {
        clients: Some(authority.clone()),
        ..TlsSettings::new(authority.server(&["was1.internal"])?, "was1.internal")
    };
    let plain = HttpPeer::start("plain", Script::default())?;
    let secured = HttpPeer::tls("secured", Script::default(), &settings)?;
    let text = fs::read_to_string(root().join("http/rjk.toml"))?;
    let with = |text: &str, port: u16| text.replace("port = 8080", &format!("port = {port}"));
    // A socket that nobody has is warned of.
    let whole = text
        .replace("\n#   ", "\n")
        .replace("\nsocket", "\n# socket");
    for (subject, toml, expected) in [
        (Subject::ModJk, text.clone(), "was1"),
        (Subject::Rjk, with(&text, plain.port()), "plain"),
        (Subject::Rjk, with(&whole, secured.port()), "secured"),
    ] {
        let example = Example::new("http")
            .set("was1.port", was1.port())
            .set("was2.port", was2.port());
        let site = example
            .site(subject)?
            .file("conf/rjk.toml", toml)
            .file("conf/internal-ca.pem", authority.root()?)
            .file("conf/httpd.pem", own.certificate.as_str())
            .private_file("conf/httpd.key", own.key.as_str());
        let httpd = site.start()?;
        let ask = |route| answer(&httpd, "any", "/x", &format!("JSESSIONID=0A1B.{route}"));
        assert_eq!(ask("was1")?, expected, "{subject:?}");
        assert_eq!(ask("was2")?, "was2", "{subject:?}");
        assert_status_page(&httpd, "any", "was2")?;
        assert_quiet(&httpd);
    }
    Ok(())
}
