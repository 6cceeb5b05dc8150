//! Lists in rule extensions: names are separated by blanks and commas in any mix, in
//! JkMount, in a map file and in JK_WORKER_NAME alike.

use rjk_testbed::client::{self, Request};
use rjk_testbed::peer::Script;
use rjk_testbed::{Httpd, Peer, Result, Subject, Table, both};
use std::collections::BTreeSet;

both! { x04_x05_blanks_and_commas }

/// A worker with its extensions, who answers, and the status.
type Row = (&'static str, &'static [&'static str], u16);

#[rustfmt::skip]
const ROWS: [Row; 17] = [
    ("lb;stopped=a c", &["b"], 200),
    ("lb;stopped=a,c", &["b"], 200),
    ("lb;stopped=a, c", &["b"], 200),
    ("lb;stopped= a ,  c ", &["b"], 200),
    ("lb;stopped=,a,,c,", &["b"], 200),
    ("lb;stopped=a c,x", &["b"], 200),
    ("lb;stopped=c b", &["a"], 200),
    ("lb;stopped=a a", &["b", "c"], 200),
    ("lb;disabled=a c", &["b"], 200),
    ("lb;disabled=a b;stopped=c", &[], 503),
    ("lb;stopped=a b c", &[], 503),
    ("lb;active=a b;stopped=a b", &["c"], 200),
    // Only a blank is one: what a tab joins is one name, of no member.
    ("lb;stopped=a\tc", &["a", "b", "c"], 200),
    ("one;fail_on_status=404 200", &[], 503),
    ("one;fail_on_status=404, -200", &[], 503),
    ("one;fail_on_status= 404 410", &["a"], 200),
    ("one;fail_on_status=404\t200", &["a"], 200),
];

fn site(subject: Subject, peers: &[Peer]) -> Result<Httpd> {
    let [mut mounts, mut map, mut list, mut balancers] = [const { String::new() }; 4];
    for (index, (worker, ..)) in ROWS.iter().enumerate() {
        // Each has a balancer of its own, whose load no other rule moves.
        let worker = worker.replace("lb;", &format!("lb{index};"));
        list += &format!(",lb{index}");
        balancers +=
            &format!("worker.lb{index}.type=lb\nworker.lb{index}.balance_workers=a\tb, c\n");
        mounts += &format!("JkMount /mount{index}/* \"{worker}\"\n");
        mounts += &format!("SetEnvIf Request_URI ^/env{index}/ \"JK_WORKER_NAME={worker}\"\n");
        map += &format!("/map{index}/*={worker}\n");
    }
    let workers: String = ["a", "b", "c"]
        .iter()
        .zip(peers)
        .map(|(name, peer)| peer.worker(name))
        .collect();
    Httpd::builder(subject)
        .workers(format!(
            "worker.list=one{list}\n{workers}{balancers}\
             worker.one.reference=worker.a\nworker.one.retries=1\n"
        ))
        .module("setenvif")
        .file("conf/rules.map", map)
        .directives(mounts)
        .directives("JkMountFile conf/rules.map\nSetHandler jakarta-servlet")
        .log_level("info")
        .start()
}

/// Who answers six requests, and their status.
fn ask(httpd: &Httpd, path: &str) -> Result<(BTreeSet<String>, BTreeSet<u16>)> {
    let (mut members, mut statuses) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..6 {
        let response = client::send(httpd.port(), Request::get(path))?;
        statuses.insert(response.status);
        members.extend(response.field("peer"));
    }
    Ok((members, statuses))
}

fn x04_x05_blanks_and_commas(subject: Subject) -> Result {
    let peers: Vec<Peer> = ["a", "b", "c"]
        .iter()
        .map(|name| Peer::named(name, Script::default()))
        .collect::<Result<_>>()?;
    let httpd = site(subject, &peers)?;
    let mut table = Table::default();
    for (index, (worker, members, status)) in ROWS.iter().enumerate() {
        let members = members.iter().map(|name| (*name).to_owned()).collect();
        for source in ["mount", "map", "env"] {
            let seen = ask(&httpd, &format!("/{source}{index}/x"))?;
            let expected = (BTreeSet::clone(&members), BTreeSet::from([*status]));
            table.check(&format!("{source} {worker:?}"), seen, expected);
        }
    }
    table.finish()?;
    httpd.assert_clean();
    Ok(())
}
