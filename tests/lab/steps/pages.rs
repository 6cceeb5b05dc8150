//! The how-tos, command by command.

use super::{Seen, Step};
use crate::lab::Lab;
use crate::player::{Played, play};
use crate::web::Web;
use anyhow::{Result, ensure};
use rjk_testbed::Subject;
use rjk_testbed::how_to::{HowTo, PAGES, lines_of_the_log};

pub(super) const STEPS: [Step; 2] = [
    Step {
        name: "the how-to",
        asked: "docs/on-premise.md: each command on its host; is what comes what the page says?",
        act: first,
        leaves: false,
    },
    Step {
        name: "the other pages",
        asked: "from-mod_jk.md, troubleshooting.md and timeouts.md: their commands, too",
        act: others,
        leaves: false,
    },
];

/// When all that breaks has broken.
pub(super) const LAST: [Step; 1] = [Step {
    name: "the log",
    asked: "does it have the lines that docs/on-premise.md tells of?",
    act: log,
    leaves: false,
}];

/// How mod_jk stands to the pages.
const ABSENT: &str = "the pages are about mod_rjk";

fn first(lab: &mut Lab) -> Result<Seen> {
    let (first, _) = PAGES.split_at(1);
    pages(lab, first)
}

fn others(lab: &mut Lab) -> Result<Seen> {
    let (_, others) = PAGES.split_at(1);
    pages(lab, others)
}

fn pages(lab: &mut Lab, names: &[&'static str]) -> Result<Seen> {
    if lab.subject == Subject::ModJk {
        return Ok(Seen::absent(ABSENT));
    }
    let mut all = Played::default();
    for name in names {
        let played = play(lab, &HowTo::read(name)?)?;
        all.run += played.run;
        all.compared += played.compared;
        all.elsewhere.extend(played.elsewhere);
    }
    let elsewhere: Vec<&str> = all.elsewhere.into_iter().collect();
    Ok(Seen::new(format!(
        "{} commands ran, {} blocks printed what the page says; for other machines: {}",
        all.run,
        all.compared,
        elsewhere.join(", ")
    )))
}

fn log(lab: &mut Lab) -> Result<Seen> {
    if lab.subject == Subject::ModJk {
        return Ok(Seen::absent(ABSENT));
    }
    let logs: Vec<String> = lab.webs.iter().map(Web::logs).collect();
    let mut seen = Vec::new();
    for line in lines_of_the_log()? {
        let count: usize = logs.iter().map(|log| log.matches(&*line).count()).sum();
        ensure!(count > 0, "no line has '{line}'");
        seen.push(format!("{count} times '{line}'"));
    }
    ensure!(seen.len() > 2, "the page tells of too few: {seen:?}");
    Ok(Seen::new(seen.join(", ")))
}
