use super::support::*;
use crate::*;
use proptest::prelude::*;
use rjk_config::model::WorkerSpec;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

fn segment(rows: usize) -> (Topology, Segment) {
    let workers = [
        WorkerSpec::Lb(lb(vec![member("m1"), member("m2")])),
        WorkerSpec::Ajp(ajp("m2")),
    ];
    let topology = Topology::new(&workers);
    let segment = Segment::leaked(&Layout::new(&topology, rows));
    (topology, segment)
}

#[test]
fn h05_one_ajp_slot_per_name_and_one_member_slot_per_balancer() {
    let mut second = lb(vec![member("m2"), member("m3")]);
    second.name = "lb2".into();
    let workers = [
        WorkerSpec::Lb(lb(vec![member("m1"), member("m2")])),
        WorkerSpec::Lb(second),
        WorkerSpec::Ajp(ajp("m2")),
    ];
    let topology = Topology::new(&workers);
    assert_eq!(topology.ajp_workers().count(), 3);
    assert_eq!(topology.ajp_column(b"m2"), Some(1));
    assert_eq!(
        (topology.first_member(b"lb"), topology.first_member(b"lb2")),
        (Some(0), Some(2))
    );
    assert_eq!(
        (
            topology.balancer_index(b"lb2"),
            topology.balancer_index(b"m2")
        ),
        (Some(1), None)
    );
    let layout = Layout::new(&topology, 8);
    assert_eq!(
        (layout.ajp, layout.members, layout.balancers),
        (3 + 16, 4 + 16, 2 + 16)
    );
    let many: Vec<_> = (0..400)
        .map(|n| WorkerSpec::Ajp(ajp(&format!("w{n}"))))
        .collect();
    assert_eq!(Layout::new(&Topology::new(&many), 8).ajp, 500);
}

#[test]
fn offsets_are_aligned_and_do_not_overlap() {
    let (_, segment) = segment(5);
    let layout = segment.header.layout().unwrap();
    let offsets = layout.offsets();
    let ends = [
        (offsets.header, size_of::<Header>()),
        (offsets.control, size_of::<Control>()),
        (offsets.ajp, size_of_val(segment.ajp)),
        (offsets.members, size_of_val(segment.members)),
        (offsets.loads, size_of_val(segment.loads)),
        (offsets.states, size_of_val(segment.states)),
        (offsets.balancers, size_of_val(segment.balancers)),
        (offsets.ajp_records, size_of_val(segment.ajp_records)),
        (offsets.member_records, size_of_val(segment.member_records)),
        (
            offsets.balancer_records,
            size_of_val(segment.balancer_records),
        ),
        (offsets.owners, size_of_val(segment.owners)),
        (offsets.cells, size_of_val(segment.cells)),
    ];
    let mut end = 0;
    for (start, size) in ends {
        assert_eq!((start, start % 64), (end, 0));
        // Each part begins a cache line.
        end = (start + size).next_multiple_of(64);
    }
    assert_eq!(offsets.total_bytes, end);
    assert_eq!(
        Header::default().layout(),
        None,
        "a file of zeros is not published"
    );
}

#[test]
fn another_configuration_is_refused() {
    let (topology, segment) = segment(1);
    let mut spec = lb(vec![member("m1"), member("m9")]);
    let slots = Slots { segment, row: None };
    let error = Balancer::new(spec.clone().into(), &topology, slots, &HashMap::new(), None).err();
    assert_eq!(error, Some(UnknownWorker("m9".into())));
    spec.name = "other".into();
    let error = Balancer::new(spec.into(), &topology, slots, &HashMap::new(), None).err();
    assert_eq!(error, Some(UnknownWorker("other".into())));
}

#[test]
fn rows_of_dead_children_are_claimed_again() {
    let (_, segment) = segment(2);
    let row = segment.ledger().claim_row(11, &|_| true);
    assert_eq!(
        (row, segment.ledger().claim_row(12, &|_| true)),
        (Some(0), Some(1))
    );
    std::mem::forget(Slots { segment, row }.enter_ajp(0));
    assert_eq!(segment.ledger().claim_row(13, &|_| true), None, "all alive");
    assert_eq!(segment.ledger().claim_row(13, &|pid| pid != 11), Some(0));
    assert_eq!(segment.ajp[0].busy(), 0);
    assert_eq!(segment.ledger().reap(11), Reaped::default(), "gone already");
    // A new child with the pid of a dead one takes over its row, not its counts.
    std::mem::forget(
        Slots {
            segment,
            row: Some(1),
        }
        .enter_ajp(1),
    );
    assert_eq!(segment.ledger().claim_row(12, &|_| true), Some(1));
    assert_eq!(segment.ajp[1].busy(), 0);
}

#[test]
fn reap_says_what_it_took() {
    let (_, segment) = segment(2);
    let dead = Slots {
        segment,
        row: segment.ledger().claim_row(11, &|_| true),
    };
    let alive = Slots {
        segment,
        row: segment.ledger().claim_row(12, &|_| true),
    };
    std::mem::forget((
        dead.enter_ajp(0),
        dead.enter_ajp(1),
        dead.enter_connection(1),
    ));
    std::mem::forget(dead.requests_for(0).enter());
    let held = (
        alive.enter_ajp(0),
        alive.enter_connection(1),
        alive.requests_for(0).enter(),
    );
    assert_eq!(held.1.count(), 2);
    assert_eq!(
        segment.ledger().reap(11),
        Reaped {
            rows: 1,
            requests: 2,
            connections: 1
        }
    );
    assert_eq!((segment.ajp[0].busy(), segment.ajp[1].busy()), (1, 0));
    assert_eq!(
        (segment.ajp[1].connected(), segment.balancers[0].busy()),
        (1, 1)
    );
    assert_eq!(segment.ajp[1].max_connected.load(Relaxed), 2);
    drop(held);
    assert_eq!((segment.ajp[0].busy(), segment.balancers[0].busy()), (0, 0));
}

#[test]
fn a_process_without_a_row_is_counted_and_not_repaired_away() {
    let (_, segment) = segment(0);
    let slots = Slots {
        segment,
        row: segment.ledger().claim_row(11, &|_| true),
    };
    assert_eq!(slots.row, None);
    let _held = slots.enter_ajp(0);
    let mut drift = Drift::default();
    assert_eq!(
        (
            segment.ledger().reconcile(&mut drift),
            segment.ledger().reconcile(&mut drift)
        ),
        (0, 0)
    );
    assert_eq!(segment.ajp[0].busy(), 1);
}

#[test]
fn bg24_a_kill_between_two_steps_is_repaired_in_the_second_pass() {
    let (_, segment) = segment(2);
    let dead = Slots {
        segment,
        row: segment.ledger().claim_row(11, &|_| true),
    };
    let alive = Slots {
        segment,
        row: segment.ledger().claim_row(12, &|_| true),
    };
    let _held = alive.enter_ajp(0);
    // Its cell was raised, its total was not.
    segment
        .ledger()
        .cell(dead.row.unwrap(), 0)
        .unwrap()
        .fetch_add(1, Relaxed);
    segment.ledger().reap(11);
    assert_eq!(segment.ajp[0].busy(), 0, "one too low");
    let mut drift = Drift::default();
    assert_eq!(segment.ledger().reconcile(&mut drift), 0, "first seen");
    assert_eq!(segment.ledger().reconcile(&mut drift), 1);
    assert_eq!(segment.ajp[0].busy(), 1);
    segment.ledger().total(1).unwrap().fetch_sub(3, Relaxed);
    assert_eq!(segment.ajp[1].busy(), 0, "reads as 0, not below");
    assert_eq!(segment.ledger().reconcile(&mut drift), 0);
    segment.ledger().total(1).unwrap().fetch_add(1, Relaxed);
    assert_eq!(
        segment.ledger().reconcile(&mut drift),
        0,
        "another drift than before"
    );
    assert_eq!(segment.ledger().reconcile(&mut drift), 1);
    assert_eq!(segment.ledger().total(1).unwrap().load(Relaxed), 0);
}

#[test]
fn bg24_children_that_see_the_same_drift_repair_it_once() {
    let (_, segment) = segment(2);
    let slots = Slots {
        segment,
        row: segment.ledger().claim_row(11, &|_| true),
    };
    let _held = slots.enter_ajp(0);
    segment.ledger().total(0).unwrap().fetch_add(2, Relaxed);
    let mut children = [Drift::default(), Drift::default()];
    let repaired = |children: &mut [Drift; 2]| {
        let counts = children
            .each_mut()
            .map(|drift| segment.ledger().reconcile(drift));
        counts.iter().sum::<usize>()
    };
    assert_eq!(repaired(&mut children), 0, "both have seen it");
    assert_eq!(repaired(&mut children), 1);
    assert_eq!(repaired(&mut children), 0);
    assert_eq!(segment.ajp[0].busy(), 1);
}

/// One child a turn: what a child saw before the pass of another one is not the pass before.
#[test]
fn bg24_a_drift_is_repaired_in_two_passes_of_one_child() {
    let (_, segment) = segment(2);
    segment.ledger().total(0).unwrap().fetch_add(1, Relaxed);
    let (mut one, mut other) = (Drift::default(), Drift::default());
    let minute = Duration::from_secs(60);
    let at = |minutes| Moment::from_millis(1) + minute * minutes;
    assert_eq!(segment.reconcile(&mut one, minute, at(1)), 0, "first seen");
    assert_eq!(
        segment.reconcile(&mut other, minute, at(1)),
        0,
        "not its turn"
    );
    assert_eq!(
        segment.reconcile(&mut other, minute, at(2)),
        0,
        "first seen"
    );
    assert_eq!(segment.reconcile(&mut one, minute, at(3)), 0, "long ago");
    assert_eq!(segment.reconcile(&mut one, minute, at(4)), 1);
}

#[test]
fn threads_of_many_rows_leave_nothing_behind() {
    let (_, segment) = segment(3);
    std::thread::scope(|scope| {
        for pid in 1..=3 {
            scope.spawn(move || {
                let slots = Slots {
                    segment,
                    row: segment.ledger().claim_row(pid, &|_| true),
                };
                for turn in 0..2000 {
                    let _held = (slots.enter_ajp(turn % 2), slots.enter_connection(0));
                    let _more = slots.requests_for(0).enter();
                }
            });
        }
    });
    assert_eq!((segment.ajp[0].busy(), segment.ajp[1].busy()), (0, 0));
    assert_eq!(
        (segment.ajp[0].connected(), segment.balancers[0].busy()),
        (0, 0)
    );
    assert_eq!(
        segment.ajp[0].used.load(Relaxed) + segment.ajp[1].used.load(Relaxed),
        6000
    );
}

#[derive(Clone, Debug)]
enum Step {
    Enter(usize, usize),
    Leave(usize, usize),
    /// Killed, and a new child started in its place.
    Kill(usize),
    Reconcile,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..3_usize, 0..7_usize).prop_map(|(child, column)| Step::Enter(child, column)),
        4 => (0..3_usize, 0..9_usize).prop_map(|(child, which)| Step::Leave(child, which)),
        1 => (0..3_usize).prop_map(Step::Kill),
        1 => Just(Step::Reconcile),
    ]
}

/// Pid, slots, and what it holds by column.
type Child = (u32, Slots, Vec<(usize, InFlight)>);

/// Columns 0 and 1: requests; 2 and 3: connections; 4: the balancer; 5 and 6: its members.
fn enter(slots: &Slots, column: usize) -> InFlight {
    match column {
        0 | 1 => slots.enter_ajp(column),
        2 | 3 => slots.enter_connection(column - 2),
        4 => slots.requests_for(0).enter(),
        _ => slots.attempts_on(column - 5).enter(),
    }
}

proptest! {
    /// Whatever happens in whatever order, a total is the number of what is alive.
    #[test]
    fn totals_are_the_sum_of_the_living(steps in proptest::collection::vec(step(), 0..120)) {
        let (_, segment) = segment(3);
        let claim = |pid| Slots { segment, row: segment.ledger().claim_row(pid, &|_| true) };
        let mut pid = 3;
        let mut children: Vec<Child> =
            (1..=3).map(|pid| (pid, claim(pid), Vec::new())).collect();
        let mut drift = Drift::default();
        for step in steps {
            match step {
                Step::Enter(child, column) => {
                    let (_, slots, held) = &mut children[child];
                    held.push((column, enter(slots, column)));
                }
                Step::Leave(child, which) => {
                    let held = &mut children[child].2;
                    if !held.is_empty() {
                        drop(held.swap_remove(which % held.len()));
                    }
                }
                Step::Kill(child) => {
                    std::mem::take(&mut children[child].2).into_iter().for_each(std::mem::forget);
                    prop_assert_eq!(segment.ledger().reap(children[child].0).rows, 1);
                    pid += 1;
                    children[child] = (pid, claim(pid), Vec::new());
                    prop_assert!(children[child].1.row.is_some());
                }
                Step::Reconcile => prop_assert_eq!(segment.ledger().reconcile(&mut drift), 0),
            }
            let alive = |column| {
                children.iter().flat_map(|c| &c.2).filter(|(c, _)| *c == column).count() as u64
            };
            for index in 0..2 {
                prop_assert_eq!(segment.ajp[index].busy(), alive(index));
                prop_assert_eq!(segment.ajp[index].connected(), alive(index + 2));
                prop_assert_eq!(segment.loads[index].busy(), alive(index + 5));
            }
            prop_assert_eq!(segment.balancers[0].busy(), alive(4));
        }
    }
}
