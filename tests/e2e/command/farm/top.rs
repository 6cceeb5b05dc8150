//! `rjk top`, on a terminal and without one.

use super::site::{Site, url};
use crate::said::run;
use rjk_testbed::client::Request;
use rjk_testbed::rjk::rjk;
use rjk_testbed::terminal::Terminal;
use rjk_testbed::{Result, ports};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// The command on a terminal of so many columns and rows.
fn top(urls: &[&str], columns: u16, rows: u16) -> Result<Terminal> {
    let arguments = [&["top", "--interval", "200ms"], urls].concat();
    Terminal::run(&rjk()?, &arguments, columns, rows)
}

/// The words of the lines of a screen.
fn lines(screen: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    screen.lines().map(words).collect()
}

/// Quits with a key: the terminal is as it was.
fn quits(mut terminal: Terminal, key: &str) -> Result {
    assert!(terminal.is_alternate());
    assert!(!terminal.is_cooked()?);
    terminal.send(key)?;
    assert_eq!(terminal.end()?, Some(0), "{}", terminal.screen());
    assert!(!terminal.is_alternate());
    assert!(terminal.is_cooked()?);
    assert!(
        terminal.bytes().ends_with(b"\x1b[?25h"),
        "the cursor is shown again"
    );
    Ok(())
}

#[test]
fn all_hosts_live_in_80_columns() -> Result {
    let site = Site::start()?;
    let urls = site.urls("/st");
    let terminal = top(&[&urls[0], &urls[1]], 80, 24)?;
    let screen = terminal.wait("all rates", |screen| screen.matches(" 0.0").count() == 12)?;
    let found = lines(&screen);
    assert_eq!(found[0], "rjk top sort host 2 hosts 6 members", "{screen}");
    assert_eq!(
        found[1], "HOST BALANCER MEMBER ACTIVATION STATE BUSY REQ/S ERR/S",
        "{screen}"
    );
    let (one, two) = (site.label(0), site.label(1));
    assert!(
        found[2].starts_with(&format!("{one} lb m1 ACT OK/IDLE 0 ")),
        "{screen}"
    );
    assert!(
        found[5].starts_with(&format!("{two} lb m1 ACT OK/IDLE 0 ")),
        "{screen}"
    );
    assert_eq!(found[23], "q quit s sort arrows scroll", "{screen}");
    // Requests that come now are counted by the second.
    for _ in 0..20 {
        site.send(
            0,
            Request::get("/app/x").header("Cookie", "JSESSIONID=1.m1"),
        )?;
    }
    let rate = |screen: &str| -> f64 {
        let line = lines(screen).into_iter().nth(2).unwrap_or_default();
        line.split(' ')
            .nth(6)
            .and_then(|word| word.parse().ok())
            .unwrap_or_default()
    };
    terminal.wait("the requests of m1", |screen| rate(screen) > 1.0)?;
    terminal.wait("none any more", |screen| rate(screen) == 0.0)?;
    quits(terminal, "q")
}

#[test]
fn states_have_colours_and_words() -> Result {
    let mut site = Site::start()?;
    drop(site.peers.remove(0));
    site.send(
        0,
        Request::get("/app/x").header("Cookie", "JSESSIONID=1.m1"),
    )?;
    run(&["disable", &site.urls("/st")[1], "lb", "m2"])?;
    let urls = site.urls("/st");
    let terminal = top(&[&urls[0], &urls[1]], 80, 24)?;
    // One host may have answered before the other.
    let screen = terminal.wait("both hosts", |screen| {
        screen.contains("DIS") && screen.contains("1 in error ")
    })?;
    assert!(lines(&screen)[2].contains("m1 ACT ERR 0"), "{screen}");
    let (red, green, yellow) = (Some(1), Some(2), Some(3));
    assert_eq!(terminal.colour_of("ERR  "), red);
    assert_eq!(terminal.colour_of("OK/IDLE"), green);
    assert_eq!(terminal.colour_of("DIS"), yellow);
    assert_eq!(terminal.colour_of("ACT  "), None);
    quits(terminal, "\x03")
}

#[test]
fn keys_sort_and_scroll_in_40_columns() -> Result {
    let site = Site::start()?;
    site.send(
        1,
        Request::get("/app/x").header("Cookie", "JSESSIONID=1.m2"),
    )?;
    let urls = site.urls("/st");
    let mut terminal = top(&[&urls[0], &urls[1]], 40, 7)?;
    let screen = terminal.wait("both hosts", |screen| {
        screen.contains("lines 1-4 of 6") || screen.contains("6 members")
    })?;
    assert!(
        screen.lines().all(|line| line.chars().count() <= 40),
        "{screen}"
    );
    let found = lines(&screen);
    assert_eq!(found[1], "HOST MEMBER ACT STATE BUSY REQ/S", "{screen}");
    assert!(found[2].contains(" m1 ACT OK/IDLE 0"), "{screen}");
    terminal.send("\x1b[B\x1b[B")?;
    terminal.wait("the third row first", |screen| {
        lines(screen)[2].contains(" alone - OK/IDLE")
    })?;
    terminal.send("\x1b[A")?;
    terminal.wait("the second row first", |screen| {
        lines(screen)[2].contains(" m2 ACT OK/IDLE")
    })?;
    for order in ["busy", "req/s", "err/s", "state", "host"] {
        terminal.send("s")?;
        terminal.wait_for(&format!("sort {order}"))?;
    }
    terminal.resize(80, 24)?;
    terminal.wait("a wider table", |screen| screen.contains("ACTIVATION"))?;
    quits(terminal, "q")
}

#[test]
fn a_host_that_does_not_answer_blocks_nobody() -> Result {
    let mut site = Site::start()?;
    let nobody = ports::refusing()?;
    let gone = format!("127.0.0.1:{}", nobody.port);
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let silent = silent.local_addr()?.to_string();
    let (gone_url, silent_url) = (format!("http://{gone}/st"), format!("http://{silent}/st"));
    let urls = site.urls("/st");
    let arguments = [
        "--answer-within",
        "30s",
        &gone_url,
        &silent_url,
        &urls[0],
        &urls[1],
    ];
    let terminal = top(&arguments, 100, 24)?;
    let start = Instant::now();
    let screen = terminal.wait("all but the silent one", |screen| {
        screen.contains(&format!("{gone} refused for "))
            && lines(screen)
                .iter()
                .filter(|line| line.contains(" lb m1 "))
                .count()
                == 2
    })?;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(screen.contains(&format!("{silent} is asked")), "{screen}");
    assert!(screen.contains("nobody listens there"), "{screen}");
    assert!(lines(&screen)[0].contains("1 silent"), "{screen}");
    // One that goes away meanwhile loses its rows.
    let label = site.label(1);
    drop(site.hosts.remove(1));
    terminal.wait_for(&format!("{label} refused for "))?;
    assert!(
        !terminal.screen().contains(&format!("{label}  lb")),
        "{}",
        terminal.screen()
    );
    // Nobody waits for the one that hangs.
    let start = Instant::now();
    quits(terminal, "q")?;
    assert!(start.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[test]
fn without_a_terminal_once() -> Result {
    let site = Site::start()?;
    let address = url(&site.hosts[0], "/st");
    let said = run(&["top", &address])?;
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
    assert!(
        said.err.contains("needs a terminal; give --once"),
        "{said:?}"
    );
    let said = run(&["top", &address, "--json"])?;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("--json needs --once"), "{said:?}");
    let said = run(&["top", "--once", "--interval", "300ms", &address])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let heading = "HOST BALANCER MEMBER ACTIVATION STATE BUSY REQ/S ERR/S ELECTED ERRORS";
    assert_eq!(said.lines()[0], heading);
    assert_eq!(
        said.lines()[1],
        format!("{} lb m1 ACT OK/IDLE 0 0.0 0.0 0 0", site.label(0))
    );
    let nobody = ports::refusing()?;
    let gone = format!("http://127.0.0.1:{}/st", nobody.port);
    let said = run(&[
        "top",
        "--once",
        "--json",
        "--interval",
        "300ms",
        &address,
        &gone,
    ])?;
    let json = said.json()?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(json["hosts"][0]["members"][1]["member"], "m2");
    assert_eq!(json["hosts"][0]["members"][1]["requests_per_second"], 0.0);
    assert_eq!(json["hosts"][1]["problem"]["kind"], "refused");
    Ok(())
}
