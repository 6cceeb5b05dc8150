use super::*;
use proptest::prelude::*;

/// When it begins.
const T0: Moment = Moment::from_millis(1000);

/// A policy as it uses its breaker.
struct Policy {
    breaker: Breaker,
    limit: u32,
    tally: Tally,
}

impl Policy {
    fn new(limit: u32) -> Policy {
        Policy {
            breaker: Breaker::default(),
            limit,
            // Counts may wrap at any time.
            tally: Tally {
                calls: u32::MAX - 3,
                faults: u32::MAX - 1,
            },
        }
    }

    /// One call; how it was let in, and what it switched off.
    fn call(&mut self, fails: bool, now: Moment) -> (Pass, Option<Tripped>) {
        let pass = self.breaker.pass(now);
        if pass == Pass::Off {
            return (pass, None);
        }
        self.tally.calls = self.tally.calls.wrapping_add(1);
        if !fails {
            self.breaker.success(pass);
            return (pass, None);
        }
        self.tally.faults = self.tally.faults.wrapping_add(1);
        let tripped = self.breaker.fault(pass, self.limit, self.tally, now);
        (pass, tripped)
    }

    /// Of so many calls, 50 ms apart, each `one_in`th fails: what switched it off.
    fn every(&mut self, one_in: u64, calls: u64) -> Option<Tripped> {
        let at = |number: u64| T0 + Duration::from_millis(number * 50);
        (1..=calls).find_map(|number| self.call(number.is_multiple_of(one_in), at(number)).1)
    }
}

#[test]
fn faults_in_a_row_switch_off_and_a_trial_switches_on() {
    let mut policy = Policy::new(3);
    for fails in [true, true, false, true, true] {
        assert_eq!(policy.call(fails, T0), (Pass::On, None));
    }
    assert_eq!(policy.call(true, T0), (Pass::On, Some(Tripped::Row(3))));
    let due = T0 + OFF_FOR;
    let before = T0 + (OFF_FOR - Duration::from_millis(1));
    assert_eq!(policy.breaker.pass(before), Pass::Off);
    assert_eq!(policy.breaker.pass(due), Pass::Trial);
    assert_eq!(policy.breaker.pass(due), Pass::Off, "one at a time");
    policy.breaker.success(Pass::Trial);
    assert_eq!(policy.call(true, due), (Pass::On, None), "a new row");
}

#[test]
fn a_failed_trial_keeps_it_off() {
    let mut policy = Policy::new(1);
    assert_eq!(policy.call(true, T0).1, Some(Tripped::Row(1)));
    let due = T0 + OFF_FOR;
    assert_eq!(policy.call(true, due), (Pass::Trial, None), "it was off");
    assert_eq!(
        policy.breaker.pass(due + Duration::from_millis(1)),
        Pass::Off
    );
    assert_eq!(policy.breaker.pass(T0 + 2 * OFF_FOR), Pass::Trial);
}

/// The child that tried was killed, or its request takes long.
#[test]
fn a_trial_that_does_not_end_is_followed_by_another() {
    let mut policy = Policy::new(1);
    policy.call(true, T0);
    assert_eq!(policy.breaker.pass(T0 + OFF_FOR), Pass::Trial);
    let next = T0 + 2 * OFF_FOR;
    assert_eq!(
        policy
            .breaker
            .pass(T0 + (2 * OFF_FOR - Duration::from_millis(1))),
        Pass::Off
    );
    assert_eq!(policy.breaker.pass(next), Pass::Trial);
}

#[test]
fn what_is_switched_on_begins_anew() {
    let mut policy = Policy::new(2);
    assert_eq!(policy.call(true, T0), (Pass::On, None));
    policy.breaker.switch_on();
    assert_eq!(policy.call(true, T0), (Pass::On, None), "a new row");
    assert!(policy.call(true, T0).1.is_some());
    policy.breaker.switch_on();
    assert_eq!(policy.call(true, T0), (Pass::On, None), "a new window");
}

/// 100 faults in 200 calls: no row is longer than one.
#[test]
fn what_fails_every_other_time_is_switched_off() {
    let tripped = Policy::new(5).every(2, 200);
    let expected = Tally {
        calls: 19,
        faults: 10,
    };
    assert_eq!(tripped, Some(Tripped::Rate(expected)));
}

#[test]
fn a_tenth_is_too_much_and_less_is_not() {
    assert!(Policy::new(5).every(10, 2000).is_some());
    assert_eq!(Policy::new(5).every(11, 2000), None);
    assert_eq!(Policy::new(1000).every(2, 2000), None, "too few in 15 s");
}

#[test]
fn limit_0_never_switches_off() {
    let mut policy = Policy::new(0);
    assert!((0..1000).all(|_| policy.call(true, T0) == (Pass::On, None)));
    // It was off when the file was changed.
    policy.limit = 1;
    assert!(policy.call(true, T0).1.is_some());
    policy.limit = 0;
    assert_eq!(policy.call(true, T0 + OFF_FOR), (Pass::Trial, None));
    assert_eq!(policy.call(true, T0 + OFF_FOR), (Pass::On, None));
}

#[test]
fn of_many_threads_one_switches_off_and_one_tries() {
    // Far more than the 200 faults of a window: threads that begin it at the same time may shorten it.
    const CALLS: u32 = if cfg!(miri) { 400 } else { 20_000 };
    let (breaker, calls, faults) = (Breaker::default(), AtomicU32::new(0), AtomicU32::new(0));
    let (tripped, trials) = (AtomicU32::new(0), AtomicU32::new(0));
    let call = |number: u32| {
        let pass = breaker.pass(T0);
        if pass == Pass::Off {
            return;
        }
        let count = |counter: &AtomicU32| counter.fetch_add(1, Relaxed) + 1;
        let calls = count(&calls);
        if !number.is_multiple_of(3) {
            return breaker.success(pass);
        }
        let tally = Tally {
            calls,
            faults: count(&faults),
        };
        let off = breaker.fault(pass, 100, tally, T0);
        tripped.fetch_add(u32::from(off.is_some()), Relaxed);
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..CALLS).for_each(call));
        }
    });
    assert_eq!(tripped.load(Relaxed), 1, "one line says so");
    assert_eq!(breaker.pass(T0), Pass::Off);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let trial = breaker.pass(T0 + OFF_FOR) == Pass::Trial;
                trials.fetch_add(u32::from(trial), Relaxed);
            });
        }
    });
    assert_eq!(trials.load(Relaxed), 1);
}

/// What the breaker does, with a list of all that happened.
#[derive(Default)]
struct Model {
    /// Time and result of each call since it was last switched on; faults are true.
    calls: Vec<(u64, bool)>,
    /// Number of calls before the window, and before its younger half with the time of its first.
    window: usize,
    half: Option<(usize, u64)>,
    retry_at: Option<u64>,
}

impl Model {
    fn call(&mut self, limit: u32, fails: bool, now: u64) -> (Pass, Option<Tripped>) {
        let trial = match self.retry_at {
            Some(due) if now < due => return (Pass::Off, None),
            due => due.is_some(),
        };
        self.calls.push((now, fails));
        let pass = if trial { Pass::Trial } else { Pass::On };
        match (trial, fails) {
            (true, false) => *self = Model::default(),
            (true, true) => {
                self.retry_at = Some(now + 30_000);
                self.window();
            }
            (false, false) => {}
            (false, true) => {
                let tripped = self.window_and_row(limit);
                self.retry_at = tripped.map(|_| now + 30_000);
                return (pass, tripped);
            }
        }
        (pass, None)
    }

    fn window_and_row(&mut self, limit: u32) -> Option<Tripped> {
        let row = self.calls.iter().rev().take_while(|call| call.1).count() as u32;
        let window = self.window();
        if row >= limit {
            return Some(Tripped::Row(row));
        }
        let rate = f64::from(window.faults - 1) / f64::from(window.calls - 1);
        (window.faults >= 2 * limit && rate >= 0.1).then_some(Tripped::Rate(window))
    }

    /// A new half begins with the first fault that is 5 seconds after that of the last one; both
    /// do after 10.
    fn window(&mut self) -> Tally {
        let (last, now) = (self.calls.len() - 1, self.calls[self.calls.len() - 1].0);
        match self.half {
            Some((_, at)) if now - at < 5000 => {}
            Some((half, at)) if now - at < 10_000 => {
                self.window = half;
                self.half = Some((last, now));
            }
            _ => {
                self.window = last;
                self.half = Some((last, now));
            }
        }
        let inside = &self.calls[self.window..];
        let faults = inside.iter().filter(|call| call.1).count();
        Tally {
            calls: inside.len() as u32,
            faults: faults as u32,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
    fn it_agrees_with_a_list_of_all_calls(
        limit in 1..8_u32,
        // A call fails once in so many, and the pauses are up to so long.
        phases in proptest::collection::vec((2..25_u32, prop_oneof![Just(2), Just(150), Just(4000_u64)]), 1..5),
        chances in proptest::collection::vec((0..u32::MAX, 0..u64::MAX), 400),
    ) {
        let (mut policy, mut model, mut now) = (Policy::new(limit), Model::default(), 0);
        let length = chances.len().div_ceil(phases.len());
        let phase = phases.iter().flat_map(|phase| std::iter::repeat_n(phase, length));
        for ((one_in, pause), (fate, wait)) in phase.zip(chances) {
            now += wait % pause;
            let fails = fate.is_multiple_of(*one_in);
            let seen = policy.call(fails, T0 + Duration::from_millis(now));
            prop_assert_eq!(seen, model.call(limit, fails, now), "at {}", now);
        }
    }
}
