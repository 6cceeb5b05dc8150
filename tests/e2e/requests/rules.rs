//! Priority among rules and the map file (contract §3.1, §3.2).

use rjk_testbed::client;
use rjk_testbed::peer::Script;
use rjk_testbed::{Httpd, Peer, Result, Subject, Table, both};

both! { m01_to_m14_rules }

const MAP_FILE: &str = "\
# M-01: comments and blanks
  /file/*   =   w1   # after a rule
/file/sub/*=w2
!/file/sub/no/*=w2
/file/exact=w3
/dup/*=w1
/dup/*=w2
-/off/*=w1
-!/file/on/*=w1
/or|/*=w3
*.bad=w1
!-/wrong/*=w1
/empty/*=
/un/*=w1
/un/z/*=w2
!/un/z/*=w2
!/un/any/*=*
/q?/a=w1
/src/*=w2
";

fn m01_to_m14_rules(subject: Subject) -> Result {
    let names = ["w1", "w2", "w3"];
    let peers: Vec<Peer> = names
        .iter()
        .map(|name| Peer::named(name, Script::default()))
        .collect::<Result<_>>()?;
    let workers: String = peers
        .iter()
        .zip(names)
        .map(|(peer, name)| peer.worker(name))
        .collect();
    let httpd = Httpd::builder(subject)
        .workers(format!(
            "worker.list=w1,w2,w3\n{workers}worker.w3.mount=/def/* /src/*\n"
        ))
        .file("conf/map.properties", MAP_FILE)
        .directives("JkMountFile conf/map.properties\nJkMount /src/* w1\nJkMount /*.jsp w2")
        .start()?;
    let mut table = Table::default();
    for (row, target, expected) in [
        ("M-01", "/file/x", "w1"),
        ("M-10 slashes", "/file/sub/x", "w2"),
        ("M-12", "/file/sub/no/x", "404"),
        ("M-10 length", "/file/exact", "w3"),
        ("M-02", "/dup/x", "w2"),
        ("M-13", "/off/x", "404"),
        ("M-13", "/file/on/x", "w1"),
        ("M-05", "/or", "w3"),
        ("M-05", "/or/x", "w3"),
        ("M-04", "/x.bad", "404"),
        ("M-03", "/wrong/x", "404"),
        ("M-01 P-03", "/empty/x", "404"),
        ("M-11", "/un/x", "w1"),
        ("M-12 no second best", "/un/z/x", "404"),
        ("M-12 *", "/un/any/x", "404"),
        ("M-07", "/q1/a", "w1"),
        ("M-07", "/q//a", "404"),
        ("M-07", "/q12/a", "404"),
        ("M-10 source", "/src/x", "w2"),
        ("W-05", "/def/x", "w3"),
        ("M-07", "/a/b/c.jsp", "w2"),
        ("M-10 slashes", "/file/a.jsp", "w1"),
        ("M-07", "/.jsp", "w2"),
        ("M-06", "/x.jspx", "404"),
        ("M-07 case", "/x.JSP", "404"),
    ] {
        let response = client::get(httpd.port(), target)?;
        let got = response.field("peer");
        let got = got.unwrap_or_else(|| response.status.to_string());
        table.check(&format!("{row} {target}"), got, expected);
    }
    table.finish()?;
    httpd.assert_clean();
    Ok(())
}
