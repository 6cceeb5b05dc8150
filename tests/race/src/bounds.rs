//! What is known of loads, against those who lower them.

use crate::choose::bounds::Bounds;
use crate::choose::scan::Scan;
use crate::shared::member::SharedMember;
use crate::shared::slot::{BalancerSlot, MemberLoad, MemberSlot};
use crate::shared::states::{Members, StateWord, States};
use crate::{Model, explore, joined, shared};
use loom::sync::Arc;
use loom::thread::spawn;

pub(crate) const MODELS: &[Model] = &[
    (
        "bounds: none is trusted after a load was lowered",
        none_outlives_a_lowering,
    ),
    (
        "bounds: nor with two who keep, and one who raises",
        two_keep_and_one_raises,
    ),
];

const MEMBERS: usize = 2;

/// Ways to lower a load of 8 below 5.
const LOWERINGS: [fn(&SharedMember); 3] = [
    |member| member.lower(6),
    |member| member.decay(2),
    |member| member.set_value(1),
];

/// A balancer whose members have the loads 5 and 8.
struct Rig {
    slot: &'static BalancerSlot,
    loads: &'static [MemberLoad],
    members: [SharedMember; MEMBERS],
    bounds: Bounds,
}

impl Rig {
    fn new() -> Arc<Rig> {
        let slot = &shared::<BalancerSlot>(1)[0];
        let (slots, loads) = (shared::<MemberSlot>(MEMBERS), shared(MEMBERS));
        let words: &[StateWord] = shared(1);
        let member =
            |at: usize| SharedMember::new(&slots[at], &loads[at], slot, words, at).unwrap();
        let members = std::array::from_fn(member);
        members[0].set_value(5);
        members[1].set_value(8);
        let bounds = Bounds::new(MEMBERS);
        Arc::new(Rig {
            slot,
            loads,
            members,
            bounds,
        })
    }

    /// A choice, as `View::least_of` makes it.
    fn choose(&self) -> Option<usize> {
        let known = self.bounds.now(&self.slot.lowerings);
        let mut states = States::default();
        states.copy(shared(1), MEMBERS);
        let scan = Scan {
            members: &Members::of(MEMBERS, |_| true),
            states: &states,
            loads: self.loads,
            start: 0,
        };
        scan.least(|_, load| load.value(), Some(known))
    }
}

fn none_outlives_a_lowering() {
    for lowers in LOWERINGS {
        explore(move || {
            let rig = Rig::new();
            let (lowering, keeping) = (rig.clone(), rig.clone());
            let threads = [
                spawn(move || lowers(&lowering.members[1])),
                spawn(move || {
                    keeping.choose();
                }),
            ];
            joined(threads);
            assert_eq!(rig.choose(), Some(1), "{rig:?}", rig = rig.bounds);
        });
    }
}

fn two_keep_and_one_raises() {
    explore(|| {
        let rig = Rig::new();
        let (lowering, keeping) = (rig.clone(), rig.clone());
        let threads = [
            spawn(move || {
                lowering.members[1].lower(6);
                lowering.members[0].raise(1);
            }),
            spawn(move || {
                keeping.choose();
            }),
        ];
        rig.choose();
        joined(threads);
        assert_eq!(rig.choose(), Some(1), "{rig:?}", rig = rig.bounds);
    });
}
