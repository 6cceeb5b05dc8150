//! The page in real browsers: on a phone, in a text browser, and behind a button of another site.

use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, client, ensure};
use std::process::Command;
use std::time::Duration;

/// A phone's width in CSS pixels.
const PHONE: u32 = 390;

fn site(peer: &Peer) -> Result<Httpd> {
    let members = ["node1", "node2", "node3"];
    let workers: String = members.iter().map(|name| peer.worker(name)).collect();
    Httpd::builder(Subject::Rjk)
        .workers(format!(
            "worker.list=lb,s\nworker.s.type=status\nworker.lb.type=lb\n\
             worker.lb.balance_workers={}\n{workers}worker.node2.activation=disabled\n",
            members.join(",")
        ))
        .directives("JkMount /app/* lb\nJkMount /jk-status s")
        .file("htdocs/probe.html", PROBE)
        .start()
}

/// Loads the status page in a frame as wide as a phone, and presses the button that the fragment names, if
/// it may look into the frame; says what it saw.
const PROBE: &str = r#"<!DOCTYPE html><title>probe</title><pre id="out"></pre><script>
const [address, width, press] = decodeURIComponent(location.hash.slice(1)).split("|");
const frame = document.createElement("iframe");
const say = text => document.getElementById("out").textContent += text + "\n";
frame.width = width; frame.height = 800; frame.src = address;
let loads = 0;
frame.onload = () => {
  const page = frame.contentDocument;
  if (!page) { say("closed"); return; }
  say("width " + page.documentElement.scrollWidth);
  say(page.body.innerText.includes("Result: OK") ? "changed" : "shown");
  const button = [...page.querySelectorAll("button")].find(one => one.textContent === press);
  if (button && loads++ === 0) button.click();
};
document.body.append(frame);
</script>"#;

/// What the probe said, from a page of `host`.
fn probe(httpd: &Httpd, host: &str, frame: &str, press: &str) -> Result<Vec<String>> {
    let port = httpd.port();
    let folder = tempfile::tempdir()?;
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", folder.path().display()))
        .args(["--virtual-time-budget=2500", "--dump-dom"])
        .arg(format!(
            "http://{host}:{port}/probe.html#{frame}|{PHONE}|{press}"
        ))
        .output()?;
    let dom = String::from_utf8_lossy(&output.stdout);
    let said = dom
        .split_once("<pre id=\"out\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"));
    let (said, _) = said.unwrap_or_default();
    ensure!(
        !said.is_empty(),
        "nothing was said: {dom} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said.lines().map(str::to_owned).collect())
}

fn activation(httpd: &Httpd, member: &str) -> Result<String> {
    let text = client::get(httpd.port(), "/jk-status?mime=prop")?;
    Ok(text
        .field(&format!("worker.{member}.activation"))
        .unwrap_or_default())
}

/// A phone shows it without scrolling sideways; its buttons work there.
#[test]
fn the_page_fits_a_phone_and_its_buttons_work() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer)?;
    assert_eq!(client::get(httpd.port(), "/app/x")?.status, 200);
    let said = probe(&httpd, "127.0.0.1", "/jk-status", "Stop")?;
    assert_eq!(said.len(), 4, "{said:?}");
    for line in said.iter().filter_map(|line| line.strip_prefix("width ")) {
        assert!(line.parse::<u32>()? <= PHONE, "{said:?}");
    }
    assert_eq!((&*said[1], &*said[3]), ("shown", "changed"));
    assert_eq!(activation(&httpd, "node1")?, "STP");
    httpd.assert_clean();
    Ok(())
}

/// C-14: a page of another site has the visitor's browser send a change; the browser says where it comes from.
#[test]
fn c14_a_page_of_another_site_changes_nothing() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer)?;
    let target = format!("http://127.0.0.1:{}/jk-status?", httpd.port());
    let change = format!("{target}cmd=update%26w=lb%26sw=node1%26vwa=s");
    assert_eq!(probe(&httpd, "localhost", &change, "")?, ["closed"]);
    assert_eq!(activation(&httpd, "node1")?, "ACT");
    let limit = Duration::from_secs(5);
    rjk_testbed::wait::until("the refusal in the log", limit, || {
        httpd
            .jk_log()
            .contains("comes from another site (Sec-Fetch-Site")
    })?;
    // Looking is allowed: whoever may see the path may see the page.
    assert_eq!(client::get(httpd.port(), "/jk-status")?.status, 200);
    Ok(())
}

/// A text browser shows words for what others show in colours.
#[test]
fn the_page_is_readable_as_text() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = site(&peer)?;
    let output = Command::new("w3m")
        .args(["-dump", "-cols", "200"])
        .arg(format!("http://127.0.0.1:{}/jk-status", httpd.port()))
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let row = |name: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap_or_default()
    };
    assert!(row("node1").contains("Active"), "{text}");
    assert!(row("node2").contains("Disabled"), "{text}");
    assert!(
        text.contains("2 good, 1 degraded") && text.contains("OK/IDLE"),
        "{text}"
    );
    Ok(())
}
