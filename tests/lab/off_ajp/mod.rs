//! `lab --off-ajp`: goes through docs/off-ajp.md, from AJP to HTTP over TLS and back, while users click.
//!
//! Everything is read from the page itself: what goes into which file, which commands are run where, and what they
//! print. What a lab has otherwise than a site is in the tables of `place.rs` and of the lab's
//! `shell.rs`, and nowhere else.

mod local;
mod look;
mod place;
mod player;
mod tomcat;

use crate::enclosure::run;
use crate::lab::{Lab, Plan};
use crate::site::Site;
use crate::tomcat::Kind;
use crate::users::Users;
use anyhow::{Context, Result};
use player::Player;
use rjk_testbed::module::repository;
use rjk_testbed::page::Page;
use rjk_testbed::{Subject, Version};
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

/// What it needs besides what every lab needs, and where it comes from.
pub const PROGRAMS: [(&str, &str); 5] = [
    ("openssl", "openssl"),
    ("keytool", "openjdk-17-jre-headless"),
    ("runuser", "util-linux"),
    ("useradd", "passwd"),
    ("usermod", "passwd"),
];
/// The site of the page.
const SITE: [Site; 1] = [Site::A];
/// Owns the Tomcats, as on-premise.md has it.
const TOMCATS: &str = "tomcat";

/// Goes through the page with Tomcats of that version.
pub fn perform(version: Version) -> Result<ExitCode> {
    let began = Instant::now();
    println!("docs/off-ajp.md, with Tomcat {version:?}\n");
    let page = fs::read_to_string(repository().join("docs/off-ajp.md"))?;
    let page = Page::read(&page).context("docs/off-ajp.md")?;
    run("useradd", &["--system", "--user-group", TOMCATS])?;
    let mut lab = Lab::start(&Plan {
        subject: Subject::Rjk,
        sites: &SITE,
        tomcat: Kind {
            version,
            user: Some(TOMCATS),
        },
    })?;
    lab.users = Some(Users::begin(&SITE));
    let played = through(&mut lab, &page);
    if let Err(error) = &played {
        println!("\nFAILED: {error:#}");
        lab.save_logs();
    }
    lab.stop()?;
    println!("{} s", began.elapsed().as_secs());
    Ok(match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn through(lab: &mut Lab, page: &Page) -> Result<()> {
    let mut player = Player::new(lab, page)?;
    for part in &page.parts {
        player.part(part)?;
    }
    player.end()
}
