//! What breaks: power, a Tomcat, a network, a web host. Users click on.

use super::{Seen, Step};
use crate::lab::Lab;
use crate::network::{Host, LOSS};
use crate::operator::property;
use crate::site::Site;
use crate::users::Users;
use crate::visit::Visitor;
use anyhow::{Result, ensure};
use rjk_testbed::wait;
use std::time::{Duration, Instant};

pub(super) const STEPS: [Step; 6] = [
    Step {
        name: "power cut of was-01",
        asked: "the cable goes first, so nobody hears a FIN or RST; then both Tomcats die",
        act: power_cut,
        leaves: true,
    },
    Step {
        name: "was-01 is back",
        asked: "cable and Tomcats are there again: do new visitors reach them?",
        act: power_back,
        leaves: false,
    },
    Step {
        name: "Tomcat stopped",
        asked: "the one of site A with most users is stopped as its service would be, and started",
        act: stopped,
        leaves: false,
    },
    Step {
        name: "Tomcat hangs",
        asked: "the one of site B with most users is stopped in place (SIGSTOP) for 20 s",
        act: hangs,
        leaves: false,
    },
    Step {
        name: "packets get lost",
        asked: "both was hosts lose 30 % of what comes to them, for 12 s",
        act: lossy,
        leaves: false,
    },
    Step {
        name: "web-01 down",
        asked: "its cable is pulled for 8 s: users go to web-02, and back",
        act: web_down,
        leaves: false,
    },
];

/// Longest time until nobody is sent to a Tomcat that is not there, and until one that is back gets users.
const LIMIT: Duration = Duration::from_secs(60);
/// So long nobody must have come, to say that nobody comes.
const QUIET: Duration = Duration::from_secs(2);
const HANGS_FOR: Duration = Duration::from_secs(20);
const LOSES_FOR: Duration = Duration::from_secs(12);
const WEB_IS_AWAY_FOR: Duration = Duration::from_secs(8);
/// Requests that began with the usual patience have ended by then.
const LAST_ONES: Duration = Duration::from_secs(1);

fn power_cut(lab: &mut Lab) -> Result<Seen> {
    Host::Was01.plugged(false)?;
    for site in Site::BOTH {
        lab.tomcat(&site.worker(Host::Was01))?.kill()?;
    }
    let began = Instant::now();
    for site in Site::BOTH {
        left_alone(lab.users()?, &site.worker(Host::Was01))?;
    }
    let settled = began.elapsed().saturating_sub(QUIET);
    let states = states("a-was1")?;
    let seen = lab.users()?.look();
    ensure!(seen.moved > 0, "no session went to was-02: {seen:?}");
    ensure!(
        seen.moved == seen.rerouted,
        "an id names the old Tomcat: {seen:?}"
    );
    for site in Site::BOTH {
        ensure!(seen.of(&site.worker(Host::Was02)) > 0, "{seen:?}");
    }
    Ok(Seen::new(format!(
        "{} sessions went on at was-02 with ids that name it, the last after {:.1} s; a-was1 is {states}",
        seen.moved,
        settled.as_secs_f64()
    )))
}

fn power_back(lab: &mut Lab) -> Result<Seen> {
    Host::Was01.plugged(true)?;
    let names = Site::BOTH.map(|site| site.worker(Host::Was01));
    for name in &names {
        let tomcat = lab.tomcat(name)?;
        if tomcat.pid().is_none() {
            tomcat.launch()?;
        }
    }
    for name in &names {
        lab.tomcat(name)?.wait_ready()?;
    }
    let began = Instant::now();
    for site in Site::BOTH {
        lab.reached_by_new_visitors(site, &site.worker(Host::Was01), LIMIT)?;
    }
    Ok(Seen::new(format!(
        "new visitors reach both of its Tomcats {:.1} s after their start; nothing was edited",
        began.elapsed().as_secs_f64()
    )))
}

/// How both web hosts see a member.
fn states(name: &str) -> Result<String> {
    let seen = Host::WEB.map(|web| {
        let state = property(web, name, "state")?;
        Ok(format!("{state} on {}", web.name()))
    });
    let seen: Result<Vec<String>> = seen.into_iter().collect();
    Ok(seen?.join(", "))
}

/// Waits until no user is at a Tomcat any more, none of those either who wait for their next page.
fn left_alone(users: &Users, name: &str) -> Result<()> {
    let mut since = Instant::now();
    wait::until("users leave a Tomcat", LIMIT, || {
        if users.at(name) > 0 {
            since = Instant::now();
        }
        since.elapsed() >= QUIET
    })
}

/// The Tomcat of a site that most users are at, and the other one.
fn busiest(lab: &Lab, site: Site) -> Result<[String; 2]> {
    let users = lab.users()?;
    let mut names = site.workers();
    names.sort_by_key(|name| std::cmp::Reverse(users.at(name)));
    ensure!(users.at(&names[0]) > 0, "no user is at {names:?}");
    Ok(names)
}

fn stopped(lab: &mut Lab) -> Result<Seen> {
    let [name, other] = &busiest(lab, Site::A)?;
    lab.tomcat(name)?.stop()?;
    left_alone(lab.users()?, name)?;
    let states = states(name)?;
    let moved = lab.users()?.look().moved;
    ensure!(moved > 0, "no session went to {other}");
    lab.tomcat(name)?.start()?;
    let began = Instant::now();
    lab.reached_by_new_visitors(Site::A, name, LIMIT)?;
    Ok(Seen::new(format!(
        "{moved} sessions went on at {other} ({name} is {states}); back {:.1} s after its start",
        began.elapsed().as_secs_f64()
    )))
}

fn hangs(lab: &mut Lab) -> Result<Seen> {
    let [name, other] = &busiest(lab, Site::B)?;
    let before = lab.users()?.look().of(other);
    lab.tomcat(name)?.hang(true)?;
    std::thread::sleep(HANGS_FOR);
    let states = states(name)?;
    let seen = lab.users()?.look();
    ensure!(
        seen.of(other) > before,
        "nobody was served by {other}: {seen:?}"
    );
    lab.tomcat(name)?.hang(false)?;
    let began = Instant::now();
    lab.reached_by_new_visitors(Site::B, name, LIMIT)?;
    Ok(Seen::new(format!(
        "{} sessions went on at {other} ({name} is {states}); back {:.1} s after it went on",
        seen.moved,
        began.elapsed().as_secs_f64()
    )))
}

fn lossy(lab: &mut Lab) -> Result<Seen> {
    for host in Host::WAS {
        host.lossy(true)?;
    }
    std::thread::sleep(LOSES_FOR);
    let mut lost = 0;
    for host in Host::WAS {
        lost += host.lost_packets()?;
        host.lossy(false)?;
    }
    let seen = lab.users()?.look();
    ensure!(lost > 0, "no packet was lost");
    Ok(Seen::new(format!(
        "{lost} packets were lost ({LOSS} %); {} clicks meanwhile, the slowest {:.1} s",
        seen.sent,
        seen.slowest.as_secs_f64()
    )))
}

fn web_down(lab: &mut Lab) -> Result<Seen> {
    lab.users()?.cutting(true);
    std::thread::sleep(LAST_ONES);
    Host::Web01.plugged(false)?;
    std::thread::sleep(WEB_IS_AWAY_FOR);
    let seen = lab.users()?.look();
    ensure!(seen.elsewhere > 0, "nobody went to web-02: {seen:?}");
    Host::Web01.plugged(true)?;
    let began = Instant::now();
    wait::until("web-01 serves again", LIMIT, || {
        Visitor::new(Site::A).open(Host::Web01, LIMIT).is_ok()
    })?;
    let back = began.elapsed();
    // Who began before the cable was there again still waits as before.
    std::thread::sleep(LAST_ONES);
    Ok(Seen::new(format!(
        "{} times a user went to web-02, {} cut in an answer and sent again; back after {:.1} s",
        seen.elsewhere,
        seen.cut,
        back.as_secs_f64()
    )))
}
