//! Connections that Tomcat keeps for a short time only, and requests that must not be repeated.

use rjk_testbed::client::{self, Request};
use rjk_testbed::tls::Authority;
use rjk_testbed::tomcat::{Door, Tomcat};
use rjk_testbed::{Httpd, Result, Version, Way, ensure, wait, way};
use std::time::{Duration, Instant};

/// `keepAliveTimeout` of the connectors, in seconds.
const KEPT: u64 = 3;
const STEADY: Duration = Duration::from_secs(30);
const HTTP: [Way; 3] = [Way::HttpTcp, Way::HttpUnix, Way::Https];

fn tomcat(version: Version, authority: &Authority) -> Result<Tomcat> {
    Tomcat::builder(version)
        .doors(&[Door::Http, Door::HttpSocket, Door::Https])
        .door_attributes(&format!("keepAliveTimeout=\"{}\" ", KEPT * 1000))
        .tls(authority)?
        .valve(
            "AccessLogValve",
            "directory=\"logs\" prefix=\"access\" suffix=\".log\" rotatable=\"false\" \
             buffered=\"false\" pattern=\"%q %{remote}p\"",
        )
        .start()
}

fn site(authority: &Authority, tomcat: &Tomcat, way: Way) -> Result<Httpd> {
    way::site(authority, &[tomcat.reach(way, "w")?], "worker.list=w\n")?
        .directives("JkMount /testbed/* w")
        .server_limit(1)
        .start()
}

fn post(httpd: &Httpd, query: &str) -> Result {
    let request = Request::new("POST", &format!("/testbed/echo.jsp?{query}")).body("12345");
    let answer = client::send(httpd.port(), request)?;
    ensure!(answer.status == 200, "{query}: {answer:?}");
    Ok(())
}

/// The ports from which the requests with this word came to Tomcat.
fn ports(tomcat: &Tomcat, word: &str, count: usize) -> Result<Vec<String>> {
    let found = || -> Vec<String> {
        let log = tomcat.file("logs/access.log");
        let lines = log.lines().filter(|line| line.contains(word));
        let ports = lines.filter_map(|line| line.split_whitespace().last());
        ports.map(str::to_owned).collect()
    };
    wait::until("Tomcat's lines", wait::SOON, || found().len() == count)?;
    Ok(found())
}

/// `Keep-Alive: timeout=3`: a connection is used two seconds long, and not in the third.
fn is_obeyed(version: Version) -> Result {
    let authority = Authority::new("Kept")?;
    let tomcat = tomcat(version, &authority)?;
    for way in [Way::HttpTcp, Way::Https] {
        let httpd = site(&authority, &tomcat, way)?;
        let word = format!("{way:?}");
        post(&httpd, &word)?;
        std::thread::sleep(Duration::from_millis(1000));
        post(&httpd, &word)?;
        std::thread::sleep(Duration::from_millis(2300));
        post(&httpd, &word)?;
        let ports = ports(&tomcat, &word, 3)?;
        ensure!(
            ports[0] == ports[1] && ports[1] != ports[2],
            "{way}: {ports:?}"
        );
    }
    Ok(())
}

#[test]
fn tomcat9_says_how_long_and_is_obeyed() -> Result {
    is_obeyed(Version::V9)
}

#[test]
fn tomcat10_says_how_long_and_is_obeyed() -> Result {
    is_obeyed(Version::V10)
}

/// Posts that come when a connection is about to end, just has ended, or is kept: none fails.
fn no_post_is_lost(version: Version) -> Result {
    let authority = Authority::new("Kept")?;
    let tomcat = tomcat(version, &authority)?;
    let sites = HTTP.map(|way| site(&authority, &tomcat, way));
    let [a, b, c] = sites;
    let sites = [a?, b?, c?];
    let pauses = [150, 1900, 1990, 2100, 2900, 2990, 3010, 3200];
    std::thread::scope(|scope| {
        let user = |httpd, pause: u64| {
            scope.spawn(move || -> Result<u32> {
                let (began, mut count) = (Instant::now(), 0);
                while began.elapsed() < STEADY {
                    post(httpd, "steady")?;
                    count += 1;
                    std::thread::sleep(Duration::from_millis(pause));
                }
                Ok(count)
            })
        };
        let users: Vec<_> = (sites.iter())
            .flat_map(|httpd| pauses.map(|pause| user(httpd, pause)))
            .collect();
        users.into_iter().try_for_each(|user| -> Result {
            let count = user
                .join()
                .map_err(|_| rjk_testbed::Error::msg("a user"))??;
            ensure!(count > 5, "{count} in all");
            Ok(())
        })
    })?;
    for httpd in &sites {
        let log = httpd.jk_log();
        ensure!(
            !log.contains("[error]") && !log.contains("kept from another"),
            "{log}"
        );
        httpd.assert_clean();
    }
    Ok(())
}

#[test]
fn tomcat9_loses_no_post_on_connections_that_end() -> Result {
    no_post_is_lost(Version::V9)
}

#[test]
fn tomcat10_loses_no_post_on_connections_that_end() -> Result {
    no_post_is_lost(Version::V10)
}
