//! `rjk status`.

use super::site::{Site, url};
use crate::said::run;
use rjk_testbed::Result;
use rjk_testbed::client::Request;

#[test]
fn one_table_over_all_web_hosts() -> Result {
    let site = Site::start()?;
    site.send(
        0,
        Request::get("/app/x").header("Cookie", "JSESSIONID=1.m1"),
    )?;
    let urls = site.urls("/st");
    let said = run(&["status", &urls[0], &urls[1]])?;
    let (one, two) = (site.label(0), site.label(1));
    let expected = [
        "HOST BALANCER MEMBER ROUTE ACTIVATION STATE BUSY ELECTED ERRORS".to_owned(),
        format!("{one} lb m1 m1 ACT OK 0 1 0"),
        format!("{one} lb m2 m2 ACT OK/IDLE 0 0 0"),
        format!("{one} - alone - - OK/IDLE 0 0 0"),
        format!("{two} lb m1 m1 ACT OK/IDLE 0 0 0"),
        format!("{two} lb m2 m2 ACT OK/IDLE 0 0 0"),
        format!("{two} - alone - - OK/IDLE 0 0 0"),
    ];
    assert_eq!(said.lines(), expected, "{said:?}");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.err, "");
    Ok(())
}

#[test]
fn a_member_in_error_is_found() -> Result {
    let mut site = Site::start()?;
    drop(site.peers.remove(0));
    site.send(
        0,
        Request::get("/app/x").header("Cookie", "JSESSIONID=1.m1"),
    )?;
    let said = run(&["status", &url(&site.hosts[0], "/st")])?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.lines()[1].contains("lb m1 m1 ACT ERR 0"), "{said:?}");
    Ok(())
}

#[test]
fn as_json_the_answers_come_as_they_are() -> Result {
    let site = Site::start()?;
    let nobody = rjk_testbed::ports::refusing()?;
    let gone = format!("http://127.0.0.1:{}/st", nobody.port);
    let said = run(&["status", "--json", &site.urls("/st")[0], &gone])?;
    let json = said.json()?;
    assert_eq!(said.code, Some(1), "{said:?}");
    let hosts = &json["hosts"];
    assert_eq!(hosts[0]["url"], site.urls("/st")[0]);
    let member = &hosts[0]["answer"]["balancers"][0]["members"][1];
    assert_eq!(member["name"], "m2");
    assert_eq!(member["activation"], "ACT");
    assert_eq!(hosts[1]["url"], gone);
    assert_eq!(hosts[1]["problem"]["kind"], "refused");
    Ok(())
}
