//! What happens, in order: steps 4 to 9 of such a deployment.

mod balance;
mod operate;
mod outage;
mod pages;
mod reach;
mod uploads;

use crate::lab::Lab;
use crate::report::{Report, Row, Verdict};
use crate::users::{Tally, Users};
use anyhow::{Result, ensure};
use std::time::Instant;

/// What a step saw.
#[derive(Default)]
struct Seen {
    answered: String,
    /// Requests that the step sent itself, beside the users.
    sent: u64,
    failed: u64,
    /// The module has no such thing.
    absent: bool,
}

impl Seen {
    fn new(answered: impl Into<String>) -> Seen {
        Seen {
            answered: answered.into(),
            ..Seen::default()
        }
    }

    fn sent(mut self, sent: u64) -> Seen {
        self.sent = sent;
        self
    }

    fn absent(why: &str) -> Seen {
        Seen {
            answered: why.to_owned(),
            absent: true,
            ..Seen::default()
        }
    }
}

/// One step.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    asked: &'static str,
    act: fn(&mut Lab) -> Result<Seen>,
    /// The next step goes on with what this one did.
    leaves: bool,
}

/// Every step, one after the other; each is a row of the report.
pub fn walk(lab: &mut Lab, report: &mut Report, most: usize) {
    let steps = [
        &reach::STEPS[..],
        &pages::STEPS,
        &balance::STEPS,
        &outage::STEPS,
        &operate::STEPS,
        &pages::LAST,
    ]
    .concat();
    for (index, step) in steps.iter().take(most).enumerate() {
        println!("{:2}. {}: {}", index + 1, step.name, step.asked);
        let row = play(lab, step);
        println!("    {}\n", row.in_one_line());
        report.add(row);
    }
}

fn play(lab: &mut Lab, step: &Step) -> Row {
    let _ = take(lab);
    let ready = lab.wait_replicated();
    let began = Instant::now();
    let result = ready.and_then(|()| (step.act)(lab));
    // What the next step is to put right itself stays as it is, unless this one broke off.
    let healed = if step.leaves && result.is_ok() {
        Ok(())
    } else {
        lab.heal()
    };
    let settled = lab.users.as_ref().map_or(Ok(()), Users::settle);
    let tally = take(lab);
    let result = result.and_then(|seen| healed.and(settled).map(|()| seen));
    let seconds = began.elapsed().as_secs_f64();
    row(step, result, &tally, seconds)
}

fn take(lab: &Lab) -> Tally {
    lab.users
        .as_ref()
        .map(|users| users.take())
        .unwrap_or_default()
}

fn row(step: &Step, result: Result<Seen>, tally: &Tally, seconds: f64) -> Row {
    let (seen, verdict) = match result {
        Err(error) => (Seen::default(), Verdict::Failed(format!("{error:#}"))),
        Ok(seen) if seen.absent => (seen, Verdict::Absent),
        Ok(seen) => match content(tally) {
            Err(error) => (seen, Verdict::Failed(error.to_string())),
            Ok(()) => (seen, Verdict::Held),
        },
    };
    Row {
        step: step.name.to_owned(),
        asked: step.asked.to_owned(),
        answered: seen.answered,
        sent: seen.sent + tally.sent,
        failed: seen.failed + tally.failed,
        cut: tally.cut,
        slowest_ms: u64::try_from(tally.slowest.as_millis()).unwrap_or(u64::MAX),
        seconds,
        verdict,
    }
}

/// What users want: each click a page, and their session in it.
fn content(tally: &Tally) -> Result<()> {
    let told = tally.told.join("; ");
    ensure!(
        tally.failed == 0,
        "{} of {} clicks failed: {told}",
        tally.failed,
        tally.sent
    );
    ensure!(tally.lost == 0, "{} sessions were lost: {told}", tally.lost);
    Ok(())
}
