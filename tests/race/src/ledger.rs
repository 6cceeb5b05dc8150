//! Counts of living, dying and dead children (H-09, BG-24).

use crate::shared::cell::{Cell, RowOwner, cells_per_row};
use crate::shared::ledger::{Drift, Ledger};
use crate::shared::slot::MemberLoad;
use crate::sync::killed_after;
use crate::{Model, explore, joined, shared};
use loom::thread::spawn;
use std::sync::atomic::Ordering::Relaxed;

pub(crate) const MODELS: &[Model] = &[
    (
        "ledger: what comes and goes leaves nothing",
        nothing_is_left,
    ),
    (
        "ledger: a killed child's share is taken off, by one",
        a_share_is_taken_off_once,
    ),
    ("ledger: a dead child's row goes to one", a_row_goes_to_one),
    ("ledger: a drift is repaired once", a_drift_is_repaired_once),
    (
        "ledger: repairs beside requests end at the truth",
        repairs_end_at_the_truth,
    ),
];

/// Pids that no process of the model has.
const DEAD: u32 = u32::MAX;
const LIVING: u32 = u32::MAX - 1;
const NEW: u32 = u32::MAX - 2;

/// Changes of a count in the life of one request.
const STEPS: usize = 4;

/// One count, of one member, and rows for so many children.
fn ledger(rows: usize) -> Ledger {
    Ledger {
        ajp: &[],
        balancers: &[],
        loads: shared::<MemberLoad>(1),
        owners: shared::<RowOwner>(rows),
        cells: shared::<Cell>((rows + 1) * cells_per_row(0, 0, 1)),
    }
}

fn total(ledger: &Ledger) -> i64 {
    ledger.total(0).unwrap().load(Relaxed)
}

fn request(ledger: &Ledger, row: Option<usize>) {
    drop(ledger.column(row, 0).enter());
}

fn is_alive(pid: u32) -> bool {
    pid != DEAD
}

/// A child's one request, until it is killed after so many steps.
fn die(ledger: &Ledger, steps: usize) {
    let row = ledger.claim_row(DEAD, &is_alive);
    killed_after(steps, || request(ledger, row));
}

/// Maintenance until nothing is left to repair.
fn settle(ledger: &Ledger) {
    let mut drift = Drift::default();
    for _ in 0..2 {
        ledger.reconcile(&mut drift);
    }
}

fn nothing_is_left() {
    explore(|| {
        let ledger = ledger(1);
        let row = ledger.claim_row(LIVING, &is_alive);
        let threads = [row, None].map(|row| spawn(move || request(&ledger, row)));
        let mine = ledger.column(row, 0).enter();
        assert!((1..=3).contains(&mine.count()));
        drop(mine);
        joined(threads);
        assert_eq!(total(&ledger), 0);
    });
}

fn a_share_is_taken_off_once() {
    for steps in 0..=STEPS {
        explore(move || {
            let ledger = ledger(2);
            let row = ledger.claim_row(LIVING, &is_alive);
            die(&ledger, steps);
            let threads = [
                spawn(move || request(&ledger, row)),
                spawn(move || {
                    ledger.reap(DEAD);
                }),
            ];
            ledger.reap_dead(&is_alive);
            joined(threads);
            let left = total(&ledger);
            assert!((-1..=0).contains(&left), "{left}, killed after {steps}");
            settle(&ledger);
            assert_eq!(total(&ledger), 0, "killed after {steps}");
        });
    }
}

fn a_row_goes_to_one() {
    explore(|| {
        let ledger = ledger(1);
        die(&ledger, 2);
        let rows = [LIVING, NEW].map(|pid| spawn(move || ledger.claim_row(pid, &is_alive)));
        let rows = joined(rows);
        assert_eq!(rows.iter().flatten().count(), 1, "{rows:?}");
        assert_eq!(total(&ledger), 0);
    });
}

fn a_drift_is_repaired_once() {
    explore(|| {
        let ledger = ledger(1);
        die(&ledger, 1);
        ledger.reap(DEAD);
        assert_eq!(total(&ledger), -1);
        let other = spawn(move || settle(&ledger));
        settle(&ledger);
        other.join().unwrap();
        assert_eq!(total(&ledger), 0);
    });
}

fn repairs_end_at_the_truth() {
    explore(|| {
        let ledger = ledger(1);
        die(&ledger, 1);
        ledger.reap(DEAD);
        let row = ledger.claim_row(LIVING, &is_alive);
        let living = spawn(move || request(&ledger, row));
        settle(&ledger);
        living.join().unwrap();
        settle(&ledger);
        assert_eq!(total(&ledger), 0);
    });
}
