//! Changes that a page of another site has a browser send (C-14): 403 and a line.

use crate::site::Site;
use rjk_testbed::client::Request;
use rjk_testbed::{Result, Subject};

const CHANGES: [&str; 3] = [
    "cmd=update&w=lb&sw=m1&vwa=stopped",
    "cmd=reset&w=lb",
    "cmd=recover&w=lb&sw=m1",
];

/// Headers of browsers on other sites' pages.
const FOREIGN: [(&str, &str); 8] = [
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Site", "same-site"),
    ("Origin", "http://evil.example"),
    ("Origin", "null"),
    ("Origin", "http://rjk.test:8080"),
    ("Referer", "http://evil.example/page"),
    ("Referer", "https://rjk.test.evil.example/"),
    ("Referer", "http://rjk.test@evil.example/"),
];

/// Those of browsers on this server's own pages, of the address bar, and of scripts.
const OWN: [(&str, &str); 6] = [
    ("X-Nothing", "1"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Site", "none"),
    ("Origin", "http://rjk.test"),
    ("Referer", "http://rjk.test/st?cmd=edit&w=lb&sw=m1"),
    ("Referer", "https://RJK.test:443/st"),
];

#[test]
fn c14_a_change_from_elsewhere_is_refused() -> Result {
    let site = Site::start(Subject::Rjk)?;
    site.send(Request::get("/app/x"))?;
    for change in CHANGES {
        for mime in ["html", "xml", "txt", "prop", "json"] {
            for (name, value) in FOREIGN {
                let lines = site.httpd.jk_log().lines().count();
                for method in ["GET", "POST"] {
                    let request = Request::new(method, &format!("/st?{change}&mime={mime}"));
                    let answer = site.send(request.header(name, value))?;
                    assert_eq!(answer.status, 403, "{method} {change} {name}: {value}");
                    let text = answer.text();
                    assert!(text.contains("comes from another site"), "{text}");
                }
                let log = site.httpd.jk_log();
                let new: Vec<&str> = log.lines().skip(lines).collect();
                assert_eq!(new.len(), 2, "{new:?}");
                for line in new {
                    let said = [
                        "[warn]",
                        "status worker st",
                        "another site",
                        name,
                        "client 127.0.0.1",
                    ];
                    assert!(said.iter().all(|text| line.contains(text)), "{line}");
                }
            }
        }
    }
    assert_eq!(site.value("m1.activation")?, "ACT");
    assert_eq!(site.value("m1.elected")?, "1");
    site.httpd.assert_clean();
    Ok(())
}

#[test]
fn c14_what_changes_nothing_may_come_from_anywhere() -> Result {
    let site = Site::start(Subject::Rjk)?;
    for (name, value) in FOREIGN {
        for query in [
            "",
            "cmd=show&w=lb",
            "cmd=version&mime=xml",
            "cmd=dump&mime=prop",
            "cmd=edit&w=lb",
        ] {
            let request = Request::get(&format!("/st?{query}")).header(name, value);
            assert_eq!(site.send(request)?.status, 200, "{query} {name}: {value}");
        }
    }
    site.httpd.assert_clean();
    Ok(())
}

#[test]
fn c14_own_pages_and_scripts_work() -> Result {
    let site = Site::start(Subject::Rjk)?;
    for (word, (name, value)) in ["d", "a", "s", "a", "d", "a"].into_iter().zip(OWN) {
        let target = format!("/st?cmd=update&w=lb&sw=m1&mime=txt&vwa={word}");
        let answer = site.send(Request::get(&target).header(name, value))?;
        assert_eq!(answer.status, 200, "{name}: {value}");
        let now = site.value("m1.activation")?;
        assert!(
            now.to_lowercase().starts_with(word),
            "{name}: {value}: {now}"
        );
    }
    site.httpd.assert_clean();
    Ok(())
}

/// Without TLS browsers send no `Sec-Fetch-Site`, and a page with `Referrer-Policy: no-referrer` has them send no
/// `Referer`: an image of such a page stopped a member.
#[test]
fn c14_a_browser_says_where_it_is() -> Result {
    let site = Site::start(Subject::Rjk)?;
    let change = || Request::get("/st?cmd=update&w=lb&sw=m1&vwa=s&mime=txt");
    let browser = |request: Request| {
        request
            .header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)")
            .header("Accept-Language", "en")
    };
    let answer = site.send(browser(change()))?;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(answer.text().contains("does not say from which page"));
    assert_eq!(site.value("m1.activation")?, "ACT");
    assert_eq!(site.log_lines(&["[warn]", "no Referer"]).len(), 1);
    let shown = site.send(browser(Request::get("/st")))?;
    assert_eq!(shown.status, 200);
    let own = change().header("Referer", "http://rjk.test/st");
    assert_eq!(site.send(browser(own))?.status, 200);
    assert_eq!(site.value("m1.activation")?, "STP");
    site.httpd.assert_clean();
    Ok(())
}

/// Whoever is led to click on a button of a page in a frame sends a request of our own page.
#[test]
fn c14_no_other_site_shows_the_page_in_a_frame() -> Result {
    let site = Site::start(Subject::Rjk)?;
    for query in ["", "cmd=edit&w=lb", "cmd=none", "cmd=reset&w=lb"] {
        let answer = site.send(Request::get(&format!("/st?{query}")))?;
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        assert!(
            header("Content-Security-Policy").contains("frame-ancestors 'self'"),
            "{query}"
        );
        assert_eq!(header("X-Frame-Options"), "SAMEORIGIN", "{query}");
    }
    site.httpd.assert_clean();
    Ok(())
}
