//! Scripts as people run them, unchanged against both modules: one takes a member out, one is a plugin of a
//! monitor, one reads XML, one goes along with a deployment.

use crate::site::Site;
use rjk_testbed::client::Request;
use rjk_testbed::{Result, Subject, both};
use std::path::Path;
use std::process::Command;

both! {
    disable_member_changes_where_requests_go check_jk_tells_a_monitor read_xml_finds_every_member
    after_deployment_puts_everything_back
}

/// What a script printed, and its exit code.
fn run(site: &Site, script: &str, arguments: &[&str]) -> Result<(String, Option<i32>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("e2e/status/scripts")
        .join(script);
    let url = format!("http://127.0.0.1:{}/st", site.httpd.port());
    let arguments = arguments
        .iter()
        .map(|argument| argument.replace("@URL@", &url));
    let output = Command::new("sh").arg(path).args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Ok((text.trim_end().to_owned(), output.status.code()))
}

fn served_by(site: &Site) -> Result<Option<String>> {
    Ok(site.send(Request::get("/app/x"))?.field("peer"))
}

fn disable_member_changes_where_requests_go(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    let script = |arguments: &[&str]| run(&site, "disable-member.sh", arguments);
    assert_eq!(served_by(&site)?.as_deref(), Some("m1"));
    let done = script(&["@URL@", "lb", "m1"])?;
    assert_eq!(done, ("m1 is DIS".into(), Some(0)));
    assert_eq!(served_by(&site)?.as_deref(), Some("m3"));
    let done = script(&["@URL@", "lb", "m1", "active"])?;
    assert_eq!(done, ("m1 is ACT".into(), Some(0)));
    assert_eq!(served_by(&site)?.as_deref(), Some("m1"));
    let failed = script(&["@URL@", "lb", "none"])?;
    assert_eq!(failed, ("could not find sub worker".into(), Some(1)));
    site.httpd.assert_clean();
    Ok(())
}

fn check_jk_tells_a_monitor(subject: Subject) -> Result {
    let mut site = Site::start(subject)?;
    let check =
        |site: &Site, balancer: &str| run(site, "check_jk.sh", &["-u", "@URL@", "-b", balancer]);
    let (text, code) = check(&site, "lb")?;
    let expected = "OK - lb: good=2 degraded=1 bad=0 | busy=0;;;0 max_busy=0 m1.busy=0;;;0 m1.errors=0c \
                    m2.busy=0;;;0 m2.errors=0c m3.busy=0;;;0 m3.errors=0c";
    assert_eq!((text.as_str(), code), (expected, Some(0)));
    site.peers.retain(|(name, _)| *name == "m3");
    assert_eq!(served_by(&site)?.as_deref(), Some("m3"));
    let (text, code) = check(&site, "lb")?;
    let start = format!(
        "WARNING - lb: good=1 degraded=1 bad=1, failed: m1(127.0.0.1:{}) | busy=0;;;0 max_busy=1 \
         m1.busy=0;;;0 m1.errors=1c m2.",
        site.ports[0].1
    );
    assert!(text.starts_with(&start), "{text}");
    assert_eq!(code, Some(1));
    let (text, code) = check(&site, "none")?;
    assert_eq!(
        (text.as_str(), code),
        ("UNKNOWN - no balancer none", Some(3))
    );
    site.httpd.assert_clean();
    Ok(())
}

fn read_xml_finds_every_member(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    for target in ["/app/x", "/app/x", "/alone/x"] {
        site.send(Request::get(target))?;
    }
    let read = run(&site, "read-xml.sh", &["@URL@"])?;
    let expected =
        "lb m1 OK ACT 2 2\nlb m2 OK/IDLE DIS 0 0\nlb m3 OK/IDLE ACT 0 0\n- alone 1 0\nOK";
    assert_eq!(read, (expected.into(), Some(0)));
    site.httpd.assert_clean();
    Ok(())
}

/// While a member is deployed to, the others serve.
fn after_deployment_puts_everything_back(subject: Subject) -> Result {
    let site = Site::start(subject)?;
    served_by(&site)?;
    let deploy = site.httpd.write("deploy.sh", deployment(&site))?;
    Command::new("chmod").arg("+x").arg(&deploy).status()?;
    let deploy = deploy.display().to_string();
    let (text, code) = run(&site, "after-deployment.sh", &["@URL@", "lb", &deploy])?;
    let expected = "m1 deployed, m3 served\nm1: ACT\nm2 deployed, m1 served\nm2: DIS\nm3 deployed, m1 served\n\
                    m3: ACT\nelected: 0 0 0";
    assert_eq!((text.as_str(), code), (expected, Some(0)));
    site.httpd.assert_clean();
    Ok(())
}

/// A deployment that looks who serves meanwhile.
fn deployment(site: &Site) -> String {
    let port = site.httpd.port();
    format!(
        "#!/bin/sh\nserved=$(curl -fsS http://127.0.0.1:{port}/app/x | sed -n 's/^peer=//p')\n\
         echo \"$1 deployed, $served served\"\n"
    )
}
