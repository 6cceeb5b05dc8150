use super::support::*;
use crate::*;
use proptest::prelude::*;
use rjk_config::model::{Activation, RuleExtensions};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const OK: Outcome = Outcome::Success;

fn shares(balancer: &Balancer, ask: &Ask<'_>, requests: usize) -> Vec<usize> {
    let mut counts = vec![0; balancer.spec().members.len()];
    for _ in 0..requests {
        counts[serve(balancer, ask, OK, T0)] += 1;
    }
    counts
}

#[test]
fn lb10_shares_follow_the_factors_exactly() {
    const REQUESTS: usize = if cfg!(miri) { 30 } else { 1000 };
    for factors in [vec![3, 6], vec![1, 1, 1], vec![1, 2, 5], vec![7, 11, 2, 5]] {
        let balancer = plain(factors.len(), |spec| {
            for (member, &factor) in std::iter::zip(&mut spec.members, &factors) {
                member.lbfactor = factor;
            }
        });
        let sum = factors.iter().sum::<u32>() as usize;
        let turns = REQUESTS / sum;
        let expected: Vec<_> = factors.iter().map(|&f| f as usize * turns).collect();
        assert_eq!(
            shares(&balancer, &Ask::default(), sum * turns),
            expected,
            "{factors:?}"
        );
    }
}

#[test]
fn lb01_multipliers() {
    assert_eq!(load::multipliers(&[3, 6]), [2, 1]);
    assert_eq!(load::multipliers(&[1, 1]), [1, 1]);
    assert_eq!(
        load::multipliers(&[0, 2]),
        [2, 1],
        "a factor of 0 counts as 1"
    );
    assert!(load::multipliers(&[]).is_empty());
    let primes = [4_294_967_291, 4_294_967_279, 65_537, 1];
    let big = load::multipliers(&primes);
    for (m, f) in std::iter::zip(&big, primes) {
        let product = m * u64::from(f);
        assert!(product.abs_diff(1 << 40) <= u64::from(f), "{m} x {f}");
    }
}

#[test]
fn lb06_ties_rotate_and_x03_stateless_ignores_the_load() {
    let balancer = plain(3, |_| {});
    let order: Vec<_> = (0..6)
        .map(|_| pick(&balancer, &Ask::default()).unwrap().0)
        .collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2]);
    balancer.member_slot(0).unwrap().set_value(1000);
    let stateless = RuleExtensions {
        stateless: true,
        ..RuleExtensions::default()
    };
    let ask = Ask {
        rule: stateless,
        ..Ask::default()
    };
    assert_eq!(shares(&balancer, &ask, 6), [2, 2, 2]);
    assert_eq!(
        balancer.note(1).unwrap().sessions,
        0,
        "LB-16: stateless is no session"
    );
    assert_eq!(shares(&balancer, &Ask::default(), 6), [0, 3, 3]);
    assert_eq!(balancer.note(1).unwrap().sessions, 3, "LB-16");
    assert_eq!(shares(&balancer, &cookie("JSESSIONID=x.m2"), 5), [0, 5, 0]);
    assert_eq!(
        balancer.note(1).unwrap().sessions,
        3,
        "LB-16: carries a session"
    );
}

#[test]
fn a28_lowest_distance_first() {
    let balancer = plain(3, |spec| {
        spec.members[0].distance = 1;
        spec.members[1].distance = -1;
        spec.members[2].distance = -1;
    });
    assert_eq!(shares(&balancer, &Ask::default(), 10), [0, 5, 5]);
    set(&balancer, 1, State::Error);
    set(&balancer, 2, State::Busy);
    // A free pool makes BUSY usable again (TR-02).
    assert_eq!(shares(&balancer, &Ask::default(), 4), [0, 0, 4]);
}

/// Members: m1 (redirect to m3), m2 and m3 in domain d, m4 alone.
fn family(force: bool) -> Balancer {
    plain(4, |spec| {
        spec.sticky_session_force = force;
        spec.members[0].redirect = Some("m3".into());
        spec.members[1].domain = Some("d".into());
        spec.members[2].domain = Some("d".into());
    })
}

/// Member, sticky, route; `None` when nobody is found without force recovery (TR-20).
type Got = Option<(usize, bool, &'static str)>;
/// Row, session id, states, activations, result, result with `sticky_session_force`.
type Row = (
    &'static str,
    &'static str,
    &'static [(usize, State)],
    Option<(&'static str, Activation)>,
    Got,
    Got,
);

const M1: Got = Some((0, false, "m1"));
const M2: Got = Some((1, true, "m2"));
const D2: Got = Some((1, false, "d"));
const D3: Got = Some((2, false, "d"));
const R3: Got = Some((2, false, "m3"));
const M4: Got = Some((3, true, "m4"));
const ERR: State = State::Error;
const PROBE: State = State::Probe;
const DIS: Activation = Activation::Disabled;
const STP: Activation = Activation::Stopped;

#[rustfmt::skip]
const SESSIONS: &[Row] = &[
    ("SS-09 exact", "x.m2", &[], None, M2, M2),
    ("SS-09 case", "x.M2", &[], None, M1, None),
    ("SS-07 [obs] second id", "x.zz; JSESSIONID=y.m2", &[], None, M2, M2),
    ("SS-10 domain", "x.d", &[], None, D2, D2),
    ("SS-10 domain before a dot", "x.d.m9", &[], None, D2, D2),
    ("SS-10 usable one", "x.d", &[(1, ERR)], None, D3, D3),
    ("SS-10 not a disabled one", "x.d", &[], Some(("m2", DIS)), D3, D3),
    ("SS-11 redirect", "x.m1", &[(0, ERR)], None, R3, None),
    ("SS-11 [obs] redirect to a disabled one", "x.m1", &[(0, PROBE)], Some(("m3", DIS)), R3, None),
    ("SS-11 redirect unusable", "x.m1", &[(0, ERR), (2, ERR)], None, Some((1, false, "m2")), None),
    ("SS-11 domain", "x.m2", &[(1, ERR)], None, D3, None),
    ("SS-11 domain unusable", "x.m2", &[(1, ERR), (2, ERR)], None, M1, None),
    ("SS-11 stopped", "x.m4", &[], Some(("m4", STP)), M1, None),
    ("SS-12 disabled serves its sessions", "x.m4", &[], Some(("m4", DIS)), M4, M4),
    ("SS-13 id without a route", "x", &[], None, M1, None),
    ("SS-13 no session", "", &[], None, M1, M1),
];

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn ss09_to_ss13_table() {
    for (row, id, states, activation, plain_result, force_result) in SESSIONS {
        for (force, expected) in [(false, plain_result), (true, force_result)] {
            let balancer = family(force);
            for (index, state) in *states {
                set(&balancer, *index, *state);
            }
            let header = format!("JSESSIONID={id}");
            let mut ask = cookie(if id.is_empty() { "" } else { &header });
            ask.rule.activation = activation.iter().map(|(n, a)| ((*n).into(), *a)).collect();
            let got = with(&balancer, &ask, T0, |selection| match selection.pick(T0) {
                Pick::Member(c) if c_forced(selection, c.index) => None,
                Pick::Member(c) => Some((c.index, c.sticky, selection.route(&c).to_vec())),
                Pick::NoMember(why) => {
                    assert_eq!(why, Missing::StickyForce, "{row}");
                    None
                }
                Pick::Reject(_) => unreachable!(),
            });
            let expected = expected.map(|(i, s, r)| (i, s, r.as_bytes().to_vec()));
            assert_eq!(got, expected, "{row}, force {force}");
        }
    }
}

/// Chosen only because of force recovery (TR-20), which has tests of its own.
fn c_forced(selection: &Selection<'_>, index: usize) -> bool {
    selection.state(index) == Some(State::Force)
}

#[test]
fn ss13_failover_redirect_when_nobody_can_be_balanced() {
    let balancer = plain(3, |spec| {
        spec.members[1].redirect = Some("m3".into());
        for member in &mut spec.members {
            member.activation = Activation::Disabled;
        }
    });
    assert_eq!(
        pick(&balancer, &Ask::default()),
        Ok((2, false, "m3".into()))
    );
    set(&balancer, 2, State::Probe);
    assert_eq!(pick(&balancer, &Ask::default()), Err(Missing::Unusable));
}

#[test]
fn ss14_one_member() {
    let balancer = plain(1, |_| {});
    assert_eq!(pick(&balancer, &Ask::default()), Ok((0, true, "m1".into())));
    let mut disabled = Ask::default();
    disabled.rule.activation = vec![("m1".into(), Activation::Disabled)];
    assert_eq!(
        pick(&balancer, &disabled),
        Err(Missing::Unusable),
        "[obs] 503 without"
    );
    disabled.cookie = "JSESSIONID=x.m1";
    assert_eq!(
        pick(&balancer, &disabled),
        Ok((0, true, "m1".into())),
        "[obs] 200 with"
    );
    let mut stopped = cookie("JSESSIONID=x.m1");
    stopped.rule.activation = vec![("m1".into(), Activation::Stopped)];
    assert_eq!(pick(&balancer, &stopped), Err(Missing::Unusable));
    set(&balancer, 0, State::Probe);
    assert_eq!(pick(&balancer, &Ask::default()), Err(Missing::Unusable));
}

#[test]
fn ss15_jk_route_is_forwarded_whoever_serves() {
    let balancer = plain(2, |_| {});
    let route = |jk_route| Ask {
        jk_route: Some(jk_route),
        ..Ask::default()
    };
    assert_eq!(pick(&balancer, &route("m2")), Ok((1, true, "m2".into())));
    assert_eq!(
        pick(&balancer, &route("bogus")),
        Ok((0, false, "bogus".into())),
        "E-06"
    );
    let loose = plain(2, |spec| spec.sticky_session = false);
    assert_eq!(
        pick(&loose, &route("m2")),
        Ok((0, false, "m2".into())),
        "E-06, SS-01"
    );
}

#[test]
fn bg04_bg06_after_a_failover_route_and_ids_are_those_of_the_attempt() {
    let balancer = plain(3, |_| {});
    let ask = cookie("JSESSIONID=a.m2; JSESSIONID=b.m3");
    with(&balancer, &ask, T0, |selection| {
        let Pick::Member(first) = selection.pick(T0) else {
            panic!()
        };
        assert_eq!((first.index, selection.route(&first)), (1, &b"m2"[..]));
        let lease = Lease::begin(selection, &first);
        end(lease, Outcome::LocalError, Traffic::default(), selection);
        let Pick::Member(second) = selection.pick(T0) else {
            panic!()
        };
        assert_eq!(
            (second.index, selection.route(&second), second.sticky),
            (2, &b"m3"[..], true)
        );
    });
}

#[test]
fn ss01_sticky_off_or_ignored() {
    let ask = cookie("JSESSIONID=x.m2");
    assert_eq!(
        pick(&plain(2, |spec| spec.sticky_session = false), &ask)
            .unwrap()
            .0,
        0
    );
    let mut ignored = cookie("JSESSIONID=x.m2");
    ignored.rule.sticky_ignore = true;
    let balancer = plain(2, |spec| spec.sticky_session_force = true);
    assert_eq!(serve(&balancer, &ignored, OK, T0), 0);
    assert_eq!(
        balancer.note(0).unwrap().sessions,
        1,
        "SS-01: counts as no session"
    );
    let mut named = cookie("SID=x.m2");
    named.rule.session_cookie = Some("SID".into());
    assert_eq!(pick(&balancer, &named).unwrap().0, 1, "X-07");
    let mut path = Ask {
        path: "/a;sid=x.m2",
        ..Ask::default()
    };
    path.rule.session_path = Some("sid".into());
    assert_eq!(pick(&balancer, &path).unwrap().0, 1, "X-08");
}

#[test]
fn ss16_session_cookie() {
    let balancer = plain(2, |spec| spec.set_session_cookie = true);
    let text = |rule: &RuleExtensions, secure| {
        balancer
            .roster()
            .session_cookie(0, rule, secure)
            .map(|c| String::from_utf8(c).unwrap())
    };
    let none = RuleExtensions::default();
    assert_eq!(
        text(&none, false).unwrap(),
        "JSESSIONID=.m1;PATH=/;HttpOnly"
    );
    assert_eq!(
        text(&none, true).unwrap(),
        "JSESSIONID=.m1;PATH=/;HttpOnly;Secure"
    );
    let bg07 = RuleExtensions {
        session_cookie: Some("SID".into()),
        session_cookie_path: Some("/app".into()),
        ..RuleExtensions::default()
    };
    assert_eq!(text(&bg07, false).unwrap(), "SID=.m1;PATH=/app;HttpOnly");
    let off = plain(2, |_| {});
    assert_eq!(off.roster().session_cookie(0, &none, false), None);
    let x09 = RuleExtensions {
        set_session_cookie: true,
        ..RuleExtensions::default()
    };
    assert!(off.roster().session_cookie(0, &x09, false).is_some());
}

#[test]
fn a02_a32_a_stopped_member_takes_nothing() {
    let balancer = plain(2, |spec| spec.members[0].activation = Activation::Stopped);
    assert_eq!(shares(&balancer, &cookie("JSESSIONID=x.m1"), 3), [0, 3]);
    assert_eq!(balancer.note(0).unwrap().activation, Activation::Stopped);
}

#[test]
fn x04_the_last_override_of_a_name_wins() {
    let balancer = plain(2, |_| {});
    let mut ask = Ask::default();
    ask.rule.activation = vec![
        ("m1".into(), Activation::Active),
        ("m1".into(), Activation::Stopped),
        ("zz".into(), Activation::Stopped),
    ];
    with(&balancer, &ask, T0, |selection| {
        let Pick::Member(choice) = selection.pick(T0) else {
            panic!()
        };
        assert_eq!((choice.index, choice.activation), (1, Activation::Active));
    });
    assert_eq!(
        balancer.roster().overrides(&ask.rule).get(0),
        Some(Activation::Stopped)
    );
    assert_eq!(balancer.roster().overrides(&ask.rule).get(1), None);
}

/// Attempts on Tomcat when every one fails (FO-01: the member's own retries multiply).
fn attempts(members: usize, lb_retries: u32, retries: u32) -> (usize, usize) {
    let mut rounds = Rounds::new(members, lb_retries, retries, Duration::from_millis(100));
    let (mut attempts, mut pauses) = (0, 0);
    loop {
        match rounds.next() {
            Round::Attempt => attempts += 1,
            Round::NewRound(pause) => {
                assert_eq!(pause, Duration::from_millis(100));
                pauses += 1;
            }
            Round::Exhausted => return (attempts, pauses),
        }
    }
}

#[test]
fn fo01_fo02_rounds() {
    let member_retries = 2;
    assert_eq!(attempts(2, 2, 2).0 * member_retries, 8, "FO-01 defaults");
    assert_eq!(attempts(5, 2, 2), (4, 1), "FO-02");
    assert_eq!(attempts(1, 2, 2), (2, 1));
    assert_eq!(attempts(3, 9, 1), (3, 0));
    assert_eq!(attempts(3, 3, 4), (12, 3));
    assert_eq!(attempts(2, 0, 0), (1, 0), "L-06, L-07: at least one");
}

#[test]
fn fo01_all_down_tries_each_member_in_each_round() {
    let balancer = plain(2, |_| {});
    let mut tried = Vec::new();
    with(&balancer, &Ask::default(), T0, |selection| {
        let mut rounds = balancer.roster().rounds();
        loop {
            match rounds.next() {
                Round::Attempt => {
                    if let Pick::Member(choice) = selection.pick(T0) {
                        tried.push(choice.index);
                        let lease = Lease::begin(selection, &choice);
                        let none = Traffic::default();
                        end(lease, Outcome::LocalError, none, selection);
                    }
                }
                Round::NewRound(_) => selection.next_round(T0),
                Round::Exhausted => break,
            }
        }
    });
    assert_eq!(
        tried,
        [0, 1, 0, 1],
        "the second round by force recovery (TR-20)"
    );
    assert_eq!(balancer.slot().busy(), 0);
}

#[derive(Clone, Debug)]
struct Sample {
    state: u32,
    activation: u8,
    distance: i32,
    value: u64,
}

fn sample() -> impl Strategy<Value = Sample> {
    (0..7_u32, 0..4_u8, -1..2_i32, 0..4_u64).prop_map(|(state, activation, distance, value)| {
        Sample {
            state,
            activation,
            distance,
            value,
        }
    })
}

proptest! {
    /// §4.2: lowest distance, then lowest load, then next in rotation, among all that may be used.
    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn least_loaded_agrees_with_brute_force(
        samples in proptest::collection::vec(sample(), 2..50),
        start in 0..50_usize,
        stateless in any::<bool>(),
    ) {
        let count = samples.len();
        let balancer = plain(count, |spec| {
            for (member, sample) in std::iter::zip(&mut spec.members, &samples) {
                member.distance = sample.distance;
                member.activation = match sample.activation {
                    0 => Activation::Disabled,
                    1 => Activation::Stopped,
                    _ => Activation::Active,
                };
            }
        });
        for (index, sample) in samples.iter().enumerate() {
            set(&balancer, index, State::from_code(sample.state));
            balancer.member_slot(index).unwrap().set_value(sample.value);
        }
        balancer.scans.next_offset.store(start, Relaxed);
        // BUSY is made OK by TR-02, since the pool has room.
        let usable = |s: &Sample| s.activation >= 2 && s.state <= 4;
        let expected = (0..count).filter(|&i| usable(&samples[i])).min_by_key(|&i| {
            let value = if stateless { 0 } else { samples[i].value };
            (samples[i].distance, value, (i + count - start % count) % count)
        });
        let rule = RuleExtensions { stateless, ..RuleExtensions::default() };
        let got = with(&balancer, &Ask { rule, ..Ask::default() }, T0, |selection| {
            match selection.pick(T0) {
                // Chosen only because of force recovery: not what is tested here.
                Pick::Member(c) if expected.is_none() && c_forced(selection, c.index) => None,
                Pick::Member(c) => Some(c.index),
                _ => None,
            }
        });
        prop_assert_eq!(got, expected);
        if let Some(index) = expected {
            prop_assert_eq!(balancer.scans.next_offset.load(Relaxed), index + 1);
        }
    }
}
