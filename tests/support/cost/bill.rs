//! All that a small GET through the module costs above the floor, item by item, to be compared with what
//! it cost before.

use super::{Calls, Cost, Kind, Session, Way, calls, measure};
use crate::Result;
use std::collections::BTreeMap;

/// Members of the small and of the large balancer.
const SMALL: usize = 2;
const LARGE: usize = 1_000;

/// Items by name, such as `new.allocations`.
pub type Bill = BTreeMap<String, f64>;

/// What it costs now.
pub fn bill() -> Result<Bill> {
    let mut bill = Bill::new();
    for session in Session::ALL {
        let floor = Floor::of(session)?;
        let few = floor.add(&mut bill, Kind::Rjk, session.name())?;
        floor.add_members(&mut bill, session.name(), &few)?;
    }
    Floor::of(Session::New)?.add(&mut bill, Kind::RjkHttp, "http")?;
    Ok(bill)
}

/// What a handler costs that answers from memory.
struct Floor {
    session: Session,
    cost: Cost,
    calls: Calls,
}

impl Floor {
    fn of(session: Session) -> Result<Floor> {
        let way = Way {
            kind: Kind::Floor,
            members: SMALL,
            session,
        };
        Ok(Floor {
            session,
            cost: measure(&way)?,
            calls: calls(&way)?,
        })
    }

    fn way(&self, kind: Kind, members: usize) -> Way {
        Way {
            kind,
            members,
            session: self.session,
        }
    }

    fn add(&self, bill: &mut Bill, kind: Kind, name: &str) -> Result<Cost> {
        let way = self.way(kind, SMALL);
        let cost = measure(&way)?;
        let above = cost.instructions - self.cost.instructions;
        bill.insert(format!("{name}.instructions"), above.round());
        bill.insert(
            format!("{name}.instructions.of-the-module"),
            cost.own.round(),
        );
        bill.insert(format!("{name}.allocations"), cost.allocations);
        bill.insert(format!("{name}.clock-reads"), cost.clock_reads);
        for (call, count) in calls(&way)? {
            let more = count - self.calls.get(&call).unwrap_or(&0.0);
            if more != 0.0 {
                bill.insert(format!("{name}.calls.{call}"), more);
            }
        }
        Ok(cost)
    }

    /// What more members cost each request.
    fn add_members(&self, bill: &mut Bill, name: &str, few: &Cost) -> Result {
        let many = measure(&self.way(Kind::Rjk, LARGE))?;
        let more = (many.instructions - few.instructions) * 1_000.0 / (LARGE - SMALL) as f64;
        bill.insert(
            format!("{name}.instructions.per-1000-members"),
            more.round(),
        );
        let more = many.allocations - few.allocations;
        bill.insert(format!("{name}.allocations.per-1000-members"), more);
        Ok(())
    }
}

/// One line for each item; the form in which a bill is kept.
pub fn to_text(bill: &Bill) -> String {
    let line = |(item, count): (&String, &f64)| format!("{item} {count}\n");
    bill.iter().map(line).collect()
}

/// Reads [`to_text`]; lines that begin with `#` are for people.
pub fn from_text(text: &str) -> Result<Bill> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (item, count) = line.split_once(' ').unwrap_or((line, ""));
            Ok((item.to_owned(), count.parse()?))
        })
        .collect()
}

/// Part of the instructions by which two bills may differ.
const TOLERANCE: f64 = 0.05;
/// Instructions that are chance, where few are counted.
const CHANCE: f64 = 100.0;

/// What is not as it was: instructions that are more than 5 % up or down, and any other item that is
/// not the same.
pub fn differences(known: &Bill, now: &Bill) -> Vec<String> {
    let missing = known.keys().filter(|item| !now.contains_key(*item));
    let items = now.keys().chain(missing);
    items
        .filter_map(|item| {
            let count = |bill: &Bill| bill.get(item).copied().unwrap_or(0.0);
            let (before, now) = (count(known), count(now));
            let allowed = if item.contains("instructions") {
                (before * TOLERANCE).max(CHANCE)
            } else {
                0.0
            };
            let differs = (now - before).abs() > allowed;
            differs.then(|| format!("{item}: {now}, was {before}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(item: &str, count: f64) -> Bill {
        Bill::from([(item.to_owned(), count)])
    }

    #[test]
    fn instructions_may_differ_by_five_percent_up_and_down() {
        let known = with("new.instructions", 10_000.0);
        for (now, differs) in [(9_500.0, 0), (10_500.0, 0), (9_499.0, 1), (10_501.0, 1)] {
            let found = differences(&known, &with("new.instructions", now));
            assert_eq!(found.len(), differs, "{now} {found:?}");
        }
        let few = with("new.instructions.per-1000-members", 200.0);
        let now = |count| differences(&few, &with("new.instructions.per-1000-members", count));
        assert!(now(300.0).is_empty());
        assert_eq!(
            now(301.0),
            ["new.instructions.per-1000-members: 301, was 200"]
        );
    }

    #[test]
    fn all_else_is_exact() {
        let known = with("new.allocations", 4.0);
        assert!(differences(&known, &with("new.allocations", 4.0)).is_empty());
        for other in [3.0, 4.005, 5.0] {
            let found = differences(&known, &with("new.allocations", other));
            assert_eq!(found, [format!("new.allocations: {other}, was 4")]);
        }
        let found = differences(&known, &with("new.calls.poll", 1.0));
        assert_eq!(
            found,
            ["new.calls.poll: 1, was 0", "new.allocations: 0, was 4"]
        );
    }

    #[test]
    fn a_bill_is_what_was_written() -> Result {
        let bill = Bill::from([("a.b".to_owned(), 3.0), ("c".to_owned(), 0.5)]);
        assert_eq!(to_text(&bill), "a.b 3\nc 0.5\n");
        assert_eq!(from_text(&format!("# Why.\n{}", to_text(&bill)))?, bill);
        assert!(from_text("a.b many").is_err());
        Ok(())
    }
}
