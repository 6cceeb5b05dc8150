//! A deployment without a failed click, and a restart under uploads.

use super::uploads::Uploads;
use super::{Seen, Step};
use crate::lab::Lab;
use crate::network::Host;
use crate::operator::{Activation, set};
use crate::site::Site;
use crate::visit::Visitor;
use anyhow::{Result, ensure};
use rjk_testbed::wait;
use std::time::{Duration, Instant};

pub(super) const STEPS: [Step; 3] = [
    Step {
        name: "drain for a deployment",
        asked: "a-was1 on both web hosts: no new sessions; then its sessions leave it",
        act: drain,
        leaves: false,
    },
    Step {
        name: "deployed, taken back",
        asked: "a-was1 is restarted and activated on both web hosts",
        act: deploy,
        leaves: false,
    },
    Step {
        name: "graceful restarts",
        asked: "three of each httpd, under uploads of 256 KiB and clicks",
        act: graceful,
        leaves: false,
    },
];

const MEMBER: &str = "a-was1";
const OTHER: &str = "a-was2";
/// New visitors through each web host while it is drained.
const NEW: u64 = 8;
const RESTARTS: u32 = 3;
const LIMIT: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(2);
const BETWEEN: Duration = Duration::from_millis(1500);

fn drain(lab: &mut Lab) -> Result<Seen> {
    let said = set(lab.subject, Site::A, MEMBER, Activation::Drained)?;
    for web in Host::WEB {
        for _ in 0..NEW {
            let page = Visitor::new(Site::A).open(web, LIMIT)?;
            ensure!(
                page.node == OTHER,
                "a new session on {MEMBER}, by {}",
                web.name()
            );
        }
    }
    let before = lab.users()?.look();
    wait::until("its sessions are served", LIMIT, || {
        lab.users()
            .is_ok_and(|users| users.look().of(MEMBER) > before.of(MEMBER))
    })?;
    // Who has an hour waits until they end; here they are sent to the other Tomcat, which has them.
    let stopped = set(lab.subject, Site::A, MEMBER, Activation::Stopped)?;
    // What is in flight comes to its end; behind that nothing may come any more.
    std::thread::sleep(QUIET);
    let settled = lab.users()?.look();
    std::thread::sleep(QUIET);
    let after = lab.users()?.look();
    ensure!(
        after.of(MEMBER) == settled.of(MEMBER),
        "users still come to {MEMBER}"
    );
    let moved = after.moved.saturating_sub(before.moved);
    ensure!(moved > 0, "no session left {MEMBER}");
    Ok(Seen::new(format!(
        "{said}; {} new visitors all to {OTHER}; {stopped}: {moved} sessions went there, none lost",
        2 * NEW
    ))
    .sent(2 * NEW))
}

fn deploy(lab: &mut Lab) -> Result<Seen> {
    let began = Instant::now();
    lab.tomcat(MEMBER)?.stop()?;
    lab.tomcat(MEMBER)?.start()?;
    let restarted = began.elapsed();
    let said = set(lab.subject, Site::A, MEMBER, Activation::Active)?;
    let began = Instant::now();
    lab.reached_by_new_visitors(Site::A, MEMBER, LIMIT)?;
    Ok(Seen::new(format!(
        "restarted in {:.1} s; {said}; new visitors after {:.1} s",
        restarted.as_secs_f64(),
        began.elapsed().as_secs_f64()
    )))
}

fn graceful(lab: &mut Lab) -> Result<Seen> {
    let uploads = Uploads::begin();
    for _ in 0..RESTARTS {
        std::thread::sleep(BETWEEN);
        for web in &lab.webs {
            web.graceful()?;
        }
    }
    std::thread::sleep(BETWEEN);
    let (sent, failed) = uploads.end();
    ensure!(
        failed.is_empty(),
        "{} of {sent} uploads failed: {}",
        failed.len(),
        failed[0]
    );
    ensure!(sent > 0, "nothing was uploaded");
    Ok(Seen::new(format!(
        "{sent} uploads arrived whole (SHA-256) in {} restarts",
        2 * RESTARTS
    ))
    .sent(sent))
}
