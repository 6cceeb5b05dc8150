//! Two children of one server: two balancers over one segment.

use super::support::*;
use crate::edit::{BalancerSetting, Editor, EndpointSetting, MemberSetting};
use crate::overrides::MOST_RULES;
use crate::*;
use proptest::prelude::*;
use rjk_config::model::*;
use rjk_log::NoLog;
use std::sync::Arc;
use std::time::Duration;

/// Two children with members m1…mn, changed by `change`.
fn children(count: usize, change: impl FnOnce(&mut LbSpec)) -> [Balancer; 2] {
    let mut spec = lb((1..=count).map(|n| member(&format!("m{n}"))).collect());
    change(&mut spec);
    let topology = Topology::new(&[WorkerSpec::Lb(spec.clone())]);
    let segment = Segment::leaked(&Layout::new(&topology, 4));
    let spec = Arc::new(spec);
    [100, 101].map(|pid| {
        let row = segment.ledger().claim_row(pid, &|_| true);
        let slots = Slots { segment, row };
        Balancer::new(
            Arc::clone(&spec),
            &topology,
            slots,
            &Default::default(),
            None,
        )
        .unwrap()
    })
}

const EDITOR: Editor<'static> = Editor {
    is_alive: &|_| true,
    resolve: &|_| Ok(Vec::new()),
};

fn edit(balancer: &Balancer, index: usize, setting: MemberSetting) {
    assert!(EDITOR.member(balancer, index, &setting).unwrap().made());
}

fn chosen(balancer: &Balancer, ask: &Ask<'_>) -> Result<usize, Missing> {
    pick(balancer, ask).map(|(index, ..)| index)
}

#[test]
fn v10_h08_a_member_that_is_stopped_gets_no_request_of_any_child() {
    let [one, other] = children(2, |_| {});
    let sticky = cookie("JSESSIONID=x.m1");
    assert_eq!(chosen(&other, &sticky), Ok(0));
    edit(&one, 0, MemberSetting::Activation(Activation::Stopped));
    for child in [&one, &other] {
        assert_eq!(chosen(child, &sticky), Ok(1));
        assert_eq!(chosen(child, &Ask::default()), Ok(1));
    }
    edit(&other, 0, MemberSetting::Activation(Activation::Disabled));
    for child in [&one, &other] {
        assert_eq!(chosen(child, &sticky), Ok(0), "only its sessions");
        assert_eq!(chosen(child, &Ask::default()), Ok(1));
    }
    edit(&one, 1, MemberSetting::Activation(Activation::Stopped));
    assert_eq!(chosen(&other, &Ask::default()), Err(Missing::Unusable));
}

#[test]
fn lb01_v11_a_new_factor_gives_all_members_new_multipliers() {
    let [one, other] = children(2, |_| {});
    let multipliers = |child: &Balancer| {
        let roster = child.roster();
        [0, 1].map(|index| roster.members[index].multiplier)
    };
    assert_eq!(multipliers(&other), [1, 1]);
    edit(&one, 0, MemberSetting::Factor(3));
    assert_eq!(multipliers(&one), [1, 3]);
    assert_eq!(multipliers(&other), [1, 3]);
    let mut served = [0; 2];
    for round in 0..400 {
        let child = [&one, &other][round % 2];
        served[serve(child, &Ask::default(), Outcome::Success, T0)] += 1;
    }
    assert_eq!(served, [300, 100]);
}

#[test]
fn v12_v14_sessions_follow_a_new_route_domain_and_redirect() {
    let [one, other] = children(3, |_| {});
    assert!(!pick(&other, &cookie("JSESSIONID=x.r9")).unwrap().1);
    edit(&one, 2, MemberSetting::Route("r9".into()));
    let found = pick(&other, &cookie("JSESSIONID=x.r9")).unwrap();
    assert_eq!(found, (2, true, "r9".to_owned()));
    assert!(
        !pick(&other, &cookie("JSESSIONID=x.m3")).unwrap().1,
        "the old one is nobody's"
    );
    edit(&one, 1, MemberSetting::Domain("d".into()));
    let found = pick(&other, &cookie("JSESSIONID=x.d")).unwrap();
    assert_eq!(found, (1, false, "d".to_owned()));
    edit(&one, 0, MemberSetting::Redirect("r9".into()));
    edit(&one, 0, MemberSetting::Activation(Activation::Stopped));
    let found = pick(&other, &cookie("JSESSIONID=x.m1")).unwrap();
    assert_eq!(found, (2, false, "r9".to_owned()));
}

#[test]
fn v15_a_new_distance_counts_at_once() {
    let [one, other] = children(2, |_| {});
    edit(&one, 0, MemberSetting::Distance(5));
    assert_eq!(
        [0, 1, 2].map(|_| chosen(&other, &Ask::default())),
        [Ok(1); 3]
    );
    edit(&other, 0, MemberSetting::Distance(-1));
    assert_eq!([0, 1, 2].map(|_| chosen(&one, &Ask::default())), [Ok(0); 3]);
}

#[test]
fn v01_v07_a_balancer_changes_for_the_next_request() {
    let [one, other] = children(2, |_| {});
    let edit = |setting| assert!(EDITOR.balancer(&one, &setting).unwrap().made());
    edit(BalancerSetting::StickySession(false));
    let (_, sticky, _) = pick(&other, &cookie("JSESSIONID=x.m1")).unwrap();
    assert!(!sticky);
    edit(BalancerSetting::StickySession(true));
    edit(BalancerSetting::StickySessionForce(true));
    let found = pick(&other, &cookie("JSESSIONID=x.nobody"));
    assert_eq!(found, Err(Missing::StickyForce));
    edit(BalancerSetting::Retries(3));
    edit(BalancerSetting::RetryInterval(Duration::from_millis(7)));
    let mut rounds = other.roster().rounds();
    let steps: Vec<_> = (0..9).map(|_| rounds.next()).collect();
    let pause = Round::NewRound(Duration::from_millis(7));
    let round = [Round::Attempt, Round::Attempt];
    let expected = [
        &round[..],
        &[pause],
        &round,
        &[pause],
        &round,
        &[Round::Exhausted],
    ]
    .concat();
    assert_eq!(steps, expected);
}

#[test]
fn v03_v05_limits_of_errors_change_for_attempts_that_begin() {
    let [one, other] = children(2, |_| {});
    let first = cookie("JSESSIONID=x.m1");
    EDITOR
        .balancer(&one, &BalancerSetting::MaxReplyTimeouts(3))
        .unwrap();
    let late = Outcome::ReplyTimeout { count: 2 };
    serve(&other, &first, late, T0);
    assert_eq!(other.member_slot(0).unwrap().state(), State::Ok, "2 of 3");
    serve(&other, &first, late, T0);
    assert_eq!(other.member_slot(0).unwrap().state(), State::Error);
    EDITOR
        .balancer(
            &one,
            &BalancerSetting::RecoverTime(Duration::from_secs(200)),
        )
        .unwrap();
    let minute = Duration::from_secs(60);
    for (seconds, state) in [
        (1, State::Error),
        (100, State::Error),
        (210, State::Recover),
    ] {
        crate::maintain(&other, minute, later(seconds * 1000), &NoLog);
        assert_eq!(other.member_slot(0).unwrap().state(), state, "{seconds}");
    }
}

#[test]
fn v07_the_method_changes_and_an_attempt_ends_by_the_one_it_began_with() {
    let [one, other] = children(2, |_| {});
    let set = |method| {
        EDITOR
            .balancer(&one, &BalancerSetting::Method(method))
            .unwrap()
    };
    let values = || [0, 1].map(|index| other.note(index).unwrap().value);
    let traffic = Traffic { read: 5, sent: 6 };
    with(&other, &cookie("JSESSIONID=x.m1"), T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!("no member");
        };
        let lease = Lease::begin(selection, &choice);
        assert_eq!(values(), [1, 0]);
        set(BalanceMethod::Traffic);
        assert_eq!(
            values(),
            [0, 0],
            "what one method counted says nothing to another"
        );
        let _ = lease.finish(Outcome::Success, traffic, Duration::ZERO, T0);
        assert_eq!(values(), [0, 0], "it began by requests");
    });
    with(&other, &cookie("JSESSIONID=x.m1"), T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!("no member");
        };
        let lease = Lease::begin(selection, &choice);
        set(BalanceMethod::Busyness);
        assert_eq!(values(), [0, 0], "not counted when it began");
        let _ = lease.finish(Outcome::Success, traffic, Duration::ZERO, T0);
        assert_eq!(values(), [0, 0]);
    });
    set(BalanceMethod::Traffic);
    serve(&other, &cookie("JSESSIONID=x.m1"), Outcome::Success, T0);
    assert_eq!(values(), [15, 0]);
}

#[test]
fn v29_a_new_busy_limit_frees_a_member_at_the_next_request() {
    let [one, other] = children(2, |spec| spec.members[0].ajp.busy_limit = Some(1));
    let _held = one.slots.enter_ajp(one.worker(0).unwrap().column());
    one.member_slot(0).unwrap().set_state(State::Busy, T0);
    assert_eq!(chosen(&other, &cookie("JSESSIONID=x.m1")), Ok(1));
    let worker = one.worker(0).unwrap();
    EDITOR
        .endpoint(worker, &EndpointSetting::BusyLimit(2))
        .unwrap();
    assert_eq!(chosen(&other, &cookie("JSESSIONID=x.m1")), Ok(0));
}

#[test]
fn a_request_keeps_its_roster_until_its_next_round() {
    let [one, other] = children(2, |_| {});
    with(&other, &Ask::default(), T0, |selection| {
        edit(&one, 0, MemberSetting::Route("new".into()));
        edit(&one, 0, MemberSetting::Activation(Activation::Stopped));
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!("no member");
        };
        assert_eq!((choice.index, selection.route(&choice)), (0, &b"m1"[..]));
        let lease = Lease::begin(selection, &choice);
        assert_eq!(other.ajp_slot(0).unwrap().busy(), 1);
        let state = lease.finish(Outcome::LocalError, Traffic::default(), Duration::ZERO, T0);
        selection.settle(choice.index, state);
        assert_eq!(other.ajp_slot(0).unwrap().busy(), 0);
        other.member_slot(0).unwrap().set_state(State::Ok, T0);
        selection.next_round(T0);
        for _ in 0..2 {
            let Pick::Member(choice) = selection.pick(T0) else {
                panic!("no member");
            };
            assert_eq!(choice.index, 1, "the next round knows of the edit");
        }
    });
}

#[test]
fn x04_the_next_round_knows_of_an_edit_also_where_a_rule_overrides_others() {
    let [one, other] = children(3, |_| {});
    let mut ask = Ask::default();
    ask.rule.activation = vec![("m3".into(), Activation::Stopped)];
    with(&other, &ask, T0, |selection| {
        edit(&one, 0, MemberSetting::Activation(Activation::Stopped));
        selection.next_round(T0);
        for _ in 0..3 {
            let Pick::Member(choice) = selection.pick(T0) else {
                panic!("no member");
            };
            assert_eq!(choice.index, 1);
        }
    });
}

#[test]
fn x04_what_a_rule_overrides_is_worked_out_once_for_a_roster() {
    let [one, other] = children(2, |_| {});
    let rule = |name: &str| RuleExtensions {
        activation: vec![(name.into(), Activation::Stopped)],
        ..RuleExtensions::default()
    };
    let [first, again, of_another] =
        ["m1", "m1", "m2"].map(|name| other.roster().overrides(&rule(name)));
    assert!(first.is_the_same_as(&again) && !first.is_the_same_as(&of_another));
    assert_eq!(
        [first.get(0), first.get(1)],
        [Some(Activation::Stopped), None]
    );
    assert_eq!(of_another.get(1), Some(Activation::Stopped));
    edit(&one, 0, MemberSetting::Activation(Activation::Disabled));
    let after = other.roster().overrides(&rule("m1"));
    assert!(!first.is_the_same_as(&after), "another roster");
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn x04_rules_that_are_read_anew_and_anew_do_not_pile_up() {
    let [balancer, _] = children(2, |_| {});
    let roster = balancer.roster();
    for number in 0..3 * MOST_RULES {
        let rule = RuleExtensions {
            activation: vec![
                (format!("gone{number}").into(), Activation::Active),
                ("m2".into(), Activation::Disabled),
            ],
            ..RuleExtensions::default()
        };
        assert_eq!(roster.overrides(&rule).get(1), Some(Activation::Disabled));
        assert!(roster.rules.len() <= MOST_RULES);
    }
}

#[test]
fn h10_a_new_segment_knows_nothing_of_the_old_edits() {
    let [one, _] = children(2, |_| {});
    edit(&one, 0, MemberSetting::Activation(Activation::Stopped));
    let [fresh, _] = children(2, |_| {});
    assert_eq!(fresh.roster().spec(), &**fresh.spec());
}

#[test]
fn a_writer_that_was_killed_stops_neither_readers_nor_writers() {
    let [one, other] = children(2, |_| {});
    let before = other.roster().spec().clone();
    let control = one.slots.segment.control;
    control.leave_to(4_000_000);
    one.binding.records[0].half_write(u64::MAX);
    assert_eq!(other.roster().spec(), &before);
    let living = Editor { ..EDITOR };
    let setting = MemberSetting::Distance(1);
    assert!(
        living.member(&one, 0, &setting).is_err(),
        "it may be at work"
    );
    let editor = Editor {
        is_alive: &|pid| pid != 4_000_000,
        ..EDITOR
    };
    assert!(editor.member(&one, 0, &setting).unwrap().made());
    assert_eq!(other.roster().spec().members[0].distance, 1);
    edit(&other, 1, MemberSetting::Distance(2));
    assert_eq!(one.roster().spec().members[1].distance, 2);
}

fn setting() -> impl Strategy<Value = MemberSetting> {
    let name = || prop_oneof![Just(""), Just("a"), Just("b.c"), Just("m1"), Just("m2")];
    prop_oneof![
        (0..3_usize).prop_map(|at| {
            const ALL: [Activation; 3] = [
                Activation::Active,
                Activation::Disabled,
                Activation::Stopped,
            ];
            MemberSetting::Activation(ALL[at])
        }),
        (1..9_u32).prop_map(MemberSetting::Factor),
        name().prop_map(|name| MemberSetting::Route(name.into())),
        name().prop_map(|name| MemberSetting::Redirect(name.into())),
        name().prop_map(|name| MemberSetting::Domain(name.into())),
        (-2..3_i32).prop_map(MemberSetting::Distance),
    ]
}

proptest! {
    /// What children do after edits is what a child does that was configured so.
    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn edits_are_as_good_as_configuration(
        edits in proptest::collection::vec((0..2_usize, 0..3_usize, setting()), 1..12),
        asks in proptest::collection::vec(0..6_usize, 1..8),
    ) {
        let children = children(3, |_| {});
        for (child, index, setting) in &edits {
            let _ = EDITOR.member(&children[*child], *index, setting).unwrap();
            // Each makes its roster anew, or not.
            if *index == 0 {
                children[1].roster();
            }
        }
        let spec = children[0].roster().spec().clone();
        prop_assert_eq!(children[1].roster().spec().clone(), spec.clone());
        let configured = bind(spec, None);
        for slot in &children[0].binding.members {
            slot.set_value(0);
        }
        const COOKIES: [&str; 6] = ["", "JSESSIONID=x.m1", "JSESSIONID=x.m2", "JSESSIONID=x.a",
            "JSESSIONID=x.b.c", "JSESSIONID=x.b"];
        for at in asks {
            let ask = cookie(COOKIES[at]);
            prop_assert_eq!(pick(&children[1], &ask), pick(&configured, &ask));
            for child in [&children[1], &configured] {
                if chosen(child, &ask).is_ok() {
                    serve(child, &ask, Outcome::Success, T0);
                }
            }
        }
    }
}
