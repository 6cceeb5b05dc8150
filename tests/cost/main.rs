//! What a small GET costs httpd, counted and not timed: instructions and allocations by callgrind,
//! system calls by strace, in one child of the prefork MPM. A busy machine changes nothing.
//!
//!     cost                                           all, side by side
//!     cost calls                                     system calls by name
//!     cost bill                                      the items that a test guards, for tests/e2e/guard.txt
//!     cost of KIND [MEMBERS [new|sticky]]            one line
//!     cost profile [KIND [MEMBERS [new|sticky [ROWS]]]]   which functions
//!
//! KIND is floor (a handler that answers from memory), mod_rjk, mod_rjk_http, mod_rjk_policy (which
//! routes by a header), mod_jk, mod_proxy_ajp or mod_proxy_http.

#![forbid(unsafe_code)]

use rjk_testbed::cost::{self, Cost, Kind, Session, Way, bill};
use rjk_testbed::{Context, Result, bail};

/// Sizes of the balancers.
const MEMBERS: [usize; 3] = [2, 200, 1_000];
/// Rows of a profile.
const ROWS: usize = 40;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => table(),
        ["calls"] => calls(),
        ["bill"] => {
            print!("{}", bill::to_text(&bill::bill()?));
            Ok(())
        }
        ["of", ref way @ ..] if way.len() <= 3 => one(&parse(way)?),
        ["profile", ref way @ ..] if way.len() <= 4 => {
            let rows = way.get(3).map_or(Ok(ROWS), |rows| rows.parse())?;
            profile(&parse(way)?, rows)
        }
        _ => bail!(
            "usage: cost [calls | bill | of WAY | profile [WAY [ROWS]]], WAY: KIND [MEMBERS [new|sticky]]"
        ),
    }
}

fn parse(words: &[&str]) -> Result<Way> {
    let (kind, session) = (words.first(), words.get(2));
    let kinds = Kind::ALL.into_iter();
    let sessions = Session::ALL.into_iter();
    Ok(Way {
        kind: match kind {
            None => Kind::Rjk,
            Some(name) => kinds
                .into_iter()
                .find(|kind| kind.name() == *name)
                .context("KIND")?,
        },
        members: words.get(1).map_or(Ok(2), |number| number.parse())?,
        session: match session {
            None => Session::New,
            Some(name) => sessions
                .into_iter()
                .find(|session| session.name() == *name)
                .context("new or sticky")?,
        },
    })
}

fn table() -> Result {
    println!(
        "{:<14} {:>7} {:<7} {:>12} {:>11} {:>13} {:>11}",
        "", "members", "session", "instructions", "above floor", "in the module", "allocations"
    );
    for session in Session::ALL {
        let floor = Way {
            kind: Kind::Floor,
            members: 0,
            session,
        };
        let lowest = cost::measure(&floor)?;
        line(&floor, &lowest, &lowest);
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Floor) {
            for members in MEMBERS {
                let way = Way {
                    kind,
                    members,
                    session,
                };
                line(&way, &cost::measure(&way)?, &lowest);
            }
        }
    }
    Ok(())
}

fn line(way: &Way, cost: &Cost, floor: &Cost) {
    println!(
        "{:<14} {:>7} {:<7} {:>12.0} {:>11.0} {:>13.0} {:>11.2}",
        way.kind.name(),
        way.members,
        way.session.name(),
        cost.instructions,
        cost.instructions - floor.instructions,
        cost.own,
        cost.allocations
    );
}

fn one(way: &Way) -> Result {
    let cost = cost::measure(way)?;
    println!(
        "{} {} {}: {:.1} instructions, {:.1} of them in the module itself, {:.2} allocations",
        way.kind.name(),
        way.members,
        way.session.name(),
        cost.instructions,
        cost.own,
        cost.allocations
    );
    Ok(())
}

fn calls() -> Result {
    for kind in Kind::ALL {
        let way = Way {
            kind,
            members: 2,
            session: Session::New,
        };
        let calls = cost::calls(&way)?;
        let words: Vec<String> = calls
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        println!("{:<14} {}", kind.name(), words.join(", "));
    }
    Ok(())
}

fn profile(way: &Way, rows: usize) -> Result {
    println!(
        "{} with {} members, {} sessions, for each request:",
        way.kind.name(),
        way.members,
        way.session.name()
    );
    print!("{}", cost::profile(way, rows)?);
    Ok(())
}
