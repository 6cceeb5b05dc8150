//! Requests that are explained.

use super::answer::{Answer, Outcome};
use super::target::Target;
use crate::check::site::{Given, Site, sites};
use proptest::prelude::*;
use std::fs;

const JK: &str = "\
JkWorkersFile workers.properties
JkMount /main/* w
SetEnvIf Request_URI \"\\.css$\" no-jk
SetEnvIf User-Agent bot no-jk
<Location /main/late>
SetEnv no-jk 1
</Location>
<Location /by/handler>
SetHandler jakarta-servlet
</Location>
<VirtualHost *:80>
ServerName a.test
ServerAlias *.a.test
JkMount /* lb
JkUnMount /static/* lb
JkMount /status status
JkMount /none none
</VirtualHost>
<VirtualHost *:81>
ServerName b.test
JkMountCopy On
</VirtualHost>
<VirtualHost *:83>
ServerName d.test
</VirtualHost>
";
const WORKERS: &str = "\
worker.list=w,lb,status
worker.w.port=8010
worker.lb.type=lb
worker.lb.balance_workers=m1,m2
worker.m1.port=8011
worker.m2.port=8012
worker.m2.route=r2
worker.status.type=status
";

fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jk.conf");
    fs::write(&path, JK).unwrap();
    fs::write(folder.path().join("workers.properties"), WORKERS).unwrap();
    let given = Given {
        paths: vec![path],
        kind: None,
        server_root: None,
        define: Vec::new(),
    };
    sites(&given).unwrap().remove(0)
}

fn ask(site: &Site, url: &str, cookie: &str) -> Answer {
    let target = Target::parse(url, None).unwrap();
    let cookies: Vec<String> = match cookie {
        "" => Vec::new(),
        cookie => vec![cookie.to_owned()],
    };
    Answer::of(site, &target, &cookies)
}

/// What becomes of it, and who gets it.
fn who(answer: &Answer) -> String {
    let member = answer.member.as_ref().map(|member| match member.sticky {
        true => format!("{} sticky", member.name),
        false => member.name.clone(),
    });
    let worker = answer.worker.as_ref().map(|worker| worker.name.clone());
    match (answer.outcome, answer.status) {
        (Outcome::Error, status) => format!("{}", status.unwrap_or(0)),
        (Outcome::Here, _) => "here".to_owned(),
        (Outcome::Status, _) => "status".to_owned(),
        (Outcome::Forwarded, _) => member.or(worker).unwrap_or_default(),
    }
}

#[test]
fn each_request_goes_where_httpd_would_send_it() {
    let site = site();
    for (url, cookie, expected) in [
        ("http://a.test/x", "JSESSIONID=1.r2", "m2 sticky"),
        ("http://a.test/x", "JSESSIONID=1.m1", "m1 sticky"),
        ("http://a.test/x;jsessionid=1.r2?q", "", "m2 sticky"),
        (
            "http://a.test/x;jsessionid=1.r2",
            "JSESSIONID=1.m1",
            "m2 sticky",
        ),
        ("http://a.test/x", "JSESSIONID=1.m2", "m1"),
        ("http://a.test/x", "", "m1"),
        ("http://deep.a.test/x", "JSESSIONID=1.r2", "m2 sticky"),
        ("http://a.test/static/x", "", "here"),
        ("http://a.test/y/../static/x", "", "here"),
        ("http://a.test/static/..;/x", "JSESSIONID=1.r2", "m2 sticky"),
        ("http://a.test/x.css", "", "here"),
        ("http://a.test/status", "", "status"),
        ("http://a.test/none", "", "500"),
        ("http://a.test/../x", "", "400"),
        ("http://a.test/a%2Fb", "", "404"),
        ("http://unknown.test/x", "JSESSIONID=1.r2", "m2 sticky"),
        ("http://b.test:81/main/x", "", "w"),
        ("http://b.test:81/x", "", "here"),
        ("http://c.test:82/main/x", "", "w"),
        ("http://c.test:82/main/late", "", "404"),
        ("http://c.test:82/main/later", "", "w"),
        ("http://c.test:82/by/handler", "", "here"),
    ] {
        let answer = ask(&site, url, cookie);
        assert_eq!(who(&answer), expected, "{url} {cookie}: {answer:?}");
    }
}

#[test]
fn the_reason_is_said() {
    let site = site();
    for (url, cookie, words) in [
        ("http://a.test/static/x", "", "/static/*"),
        (
            "http://a.test/x",
            "",
            "neither a cookie JSESSIONID nor ;jsessionid=",
        ),
        ("http://a.test/x", "JSESSIONID=1", "has no route"),
        ("http://a.test/x", "JSESSIONID=1.zz", "there are m1 and r2"),
        ("http://a.test/x.css", "", "jk.conf:3"),
        ("http://a.test/x", "", "unless"),
        (
            "http://c.test:82/main/late",
            "",
            "jk.conf:6 sets no-jk when",
        ),
        ("http://c.test:82/by/handler", "", "unless"),
        ("http://d.test:83/main/x", "", "has no JkMountCopy On"),
    ] {
        let why = ask(&site, url, cookie).why.join("\n");
        assert!(why.contains(words), "{url}: {why}");
    }
}

proptest! {
    #[test]
    fn any_url_has_an_answer(url in "(http://[a-z.:\\[\\]@]{0,8})?[/%;.?#a-f0-9]{0,20}", cookie in "[A-Z=.;a-z0-9 \"]{0,20}") {
        thread_local!(static SITE: Site = site());
        if let Some(target) = Target::parse(&url, None) {
            SITE.with(|site| Answer::of(site, &target, &[cookie]));
        }
    }
}
