//! Both Tomcats of a site get their part, and a session stays where it is.

use super::{Seen, Step};
use crate::lab::Lab;
use crate::network::Host;
use crate::site::Site;
use crate::users::Users;
use crate::visit::Visitor;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const STEPS: [Step; 2] = [
    Step {
        name: "balancing",
        asked: "60 new visitors, by both web hosts, on both sites",
        act: new_visitors,
        leaves: false,
    },
    Step {
        name: "stickiness",
        asked: "8 visitors, 10 clicks each, in turn by both web hosts",
        act: sessions_stay,
        leaves: false,
    },
];

/// New visitors of each site through each web host.
const NEW: u64 = 15;
/// The smallest part that one of two Tomcats may get, in percent.
const LEAST: u64 = 30;
const CLICKS: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(30);

fn new_visitors(_lab: &mut Lab) -> Result<Seen> {
    let mut counts = BTreeMap::<String, u64>::new();
    for site in Site::BOTH {
        for web in Host::WEB {
            for _ in 0..NEW {
                let page = Visitor::new(site).open(web, PATIENCE)?;
                *counts.entry(page.node).or_default() += 1;
            }
        }
    }
    let each = 2 * NEW;
    for name in Site::BOTH.iter().flat_map(|site| site.workers()) {
        let count = counts.get(&name).copied().unwrap_or_default();
        ensure!(
            count * 100 >= each * LEAST,
            "{name} got {count} of {each}: {counts:?}"
        );
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    Ok(Seen::new(parts.join(", ")).sent(2 * each))
}

/// Then the users begin, who stay until the end.
fn sessions_stay(lab: &mut Lab) -> Result<Seen> {
    let mut sent = 0;
    for site in Site::BOTH {
        for _ in 0..4 {
            sent += stays(site)?;
        }
    }
    lab.users = Some(Users::begin(lab.sites));
    Ok(Seen::new(format!(
        "{sent} pages, each by the session's Tomcat, whose name its id carries"
    ))
    .sent(sent))
}

fn stays(site: Site) -> Result<u64> {
    let mut visitor = Visitor::new(site);
    let first = visitor.open(Host::Web01, PATIENCE)?;
    ensure!(first.route() == first.node, "{first:?}");
    for click in 2..=CLICKS {
        let web = Host::WEB[usize::from(click % 2 == 0)];
        let page = visitor.open(web, PATIENCE)?;
        let same = page.session == first.session && page.node == first.node;
        ensure!(same && page.counter == click, "{first:?}, then {page:?}");
    }
    Ok(CLICKS)
}
