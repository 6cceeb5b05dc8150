use super::*;
use crate::decision::FaultKind;
use proptest::prelude::*;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// All of it follows from one number.
fn numbered(number: u32) -> Explanation<'static> {
    let count = number % 20;
    let seen = |index: u32| Seen {
        index: index as usize,
        state: State::from_code((number + index) % 7),
        activation: Activation::Disabled,
        busy: number + index,
        load: u64::from(number) << 32 | u64::from(index),
        latency_us: number,
    };
    Explanation {
        at: Moment::from_millis(number.into()),
        attempt: number,
        session: Session::Member(number as usize),
        route: ShortRoute::new(format!("route-{number}").as_bytes()),
        candidates: (0..count).take(MOST_CANDIDATES).map(seen).collect(),
        candidate_count: count,
        by: DecidedBy::Policy("p"),
        answer: Some(Decision::Worker(number as usize)),
        label: Label::new(&format!("label {number}")),
        found: Chosen::Member(number as usize),
        end: None,
    }
}

fn attempts(ring: &Ring) -> Vec<u32> {
    ring.last("p").iter().map(|one| one.attempt).collect()
}

fn ended(status: u16) -> End {
    End {
        ended: Ended::Status,
        status,
        total: Duration::from_micros(u64::from(status) * 1_000),
    }
}

#[test]
fn the_last_are_kept_the_latest_first() {
    let ring = Ring::leaked(3);
    assert_eq!(ring.last("p"), []);
    let tickets: Vec<_> = (0..100).map(|n| ring.keep(&numbered(n))).collect();
    ring.end(tickets[98], &ended(503));
    let expected = [
        numbered(99),
        Explanation {
            end: Some(ended(503)),
            ..numbered(98)
        },
        numbered(97),
    ];
    assert_eq!(ring.last("p"), expected);
    // Its place has another decision by now.
    ring.end(tickets[10], &ended(200));
    assert_eq!(ring.last("p"), expected);
}

const SESSIONS: [Session; 9] = [
    Session::Off,
    Session::None,
    Session::NoRoute,
    Session::Member(1),
    Session::StandIn(2),
    Session::Domain(3),
    Session::Unknown,
    Session::EmptyDomain,
    Session::Unusable {
        index: 5,
        state: State::Error,
        activation: Activation::Stopped,
    },
];

const BY: [DecidedBy<'_>; 4] = [
    DecidedBy::Builtin,
    DecidedBy::Sticky,
    DecidedBy::Policy("p"),
    DecidedBy::Off,
];

const ANSWERS: [(Option<Decision>, Chosen); 4] = [
    (None, Chosen::Member(4)),
    (Some(Decision::Builtin), Chosen::Reject(599)),
    (
        Some(Decision::Worker(7)),
        Chosen::Nobody(Missing::StickyForce),
    ),
    (
        Some(Decision::Reject(429)),
        Chosen::Nobody(Missing::Unusable),
    ),
];

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn all_words_come_back() {
    let ring = Ring::leaked(10);
    for session in SESSIONS {
        for by in BY.into_iter().chain(FaultKind::ALL.map(DecidedBy::Fault)) {
            for (answer, found) in ANSWERS {
                let one = Explanation {
                    session,
                    by,
                    answer,
                    found,
                    label: Label::new(&"ä".repeat(16)),
                    route: ShortRoute::new(&[0xff; 60]),
                    ..numbered(3)
                };
                ring.keep(&one);
                assert_eq!(ring.last("p")[0], one);
            }
        }
    }
}

#[test]
fn all_ends_come_back() {
    let ring = Ring::leaked(10);
    let ticket = ring.keep(&numbered(1));
    for ended in Ended::ALL {
        let end = End {
            ended,
            ..ended_late()
        };
        ring.end(ticket, &end);
        assert_eq!(ring.last("p")[0].end, Some(end));
    }
}

fn ended_late() -> End {
    End {
        total: Duration::from_micros((1 << 48) - 1),
        status: u16::MAX,
        ..ended(0)
    }
}

/// As after a SIGKILL in the middle of a write.
#[test]
fn what_was_left_half_written_costs_one_decision() {
    let ring = Ring::leaked(4);
    for number in 0..6 {
        ring.keep(&numbered(number));
    }
    ring.break_off(4);
    assert_eq!(attempts(&ring), [5, 3, 2, 1]);
    for number in 6..60 {
        ring.keep(&numbered(number));
    }
    assert_eq!(attempts(&ring), [59, 58, 57, 56]);
    // Another decision's words under an even number.
    ring.overwrite(58);
    assert_eq!(attempts(&ring), [59, 57, 56, 55]);
}

#[test]
fn words_of_another_size_are_no_ring() {
    let leaked: &'static [_] = Box::leak(Box::default());
    assert!(Ring::new(leaked, 3).is_none());
}

/// Also with a ring that goes around all the time.
#[test]
fn readers_see_whole_decisions_only() {
    const ENOUGH: usize = if cfg!(miri) { 3 } else { 2_000 };
    let (ring, done) = (Ring::leaked(1), AtomicBool::new(false));
    let (mut seen, mut torn) = (0, Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let done = &done;
            scope.spawn(move || {
                let mut numbers = (thread..).step_by(3);
                while let Some(number) = numbers.next().filter(|_| !done.load(Relaxed)) {
                    let ticket = ring.keep(&numbered(number));
                    ring.end(ticket, &ended(number as u16));
                }
            });
        }
        // Reading nothing is quicker than starting a thread: what was seen counts.
        let start = Instant::now();
        while seen < ENOUGH && torn.is_empty() && start.elapsed() < Duration::from_secs(60) {
            let all = ring.last("p");
            seen += all.len();
            torn.extend(all.into_iter().filter(|one| !is_whole(one)));
        }
        done.store(true, Relaxed);
    });
    assert_eq!(torn, []);
    assert!(seen >= ENOUGH, "{seen}");
}

/// All of it is of one decision, and so is its end if there is one.
fn is_whole(one: &Explanation<'_>) -> bool {
    let expected = Explanation {
        end: one.end,
        ..numbered(one.attempt)
    };
    let end = ended(one.attempt as u16);
    *one == expected && one.end.is_none_or(|found| found == end)
}

proptest! {
    /// Whatever stands in the memory, reading it is harmless.
    #[test]
    fn any_words_can_be_read(words in prop::collection::vec(any::<u64>(), words::MOST), number in any::<u64>()) {
        let used = words.get(..words::count(number)).unwrap();
        let _ = words::Words::read(used, "p");
    }
}
