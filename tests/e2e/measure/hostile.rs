//! Policies that fail at run time: every request is answered by the built-in method, about as fast
//! as without a policy, in a child that lives and does not grow.
//!
//! A balancer without a policy and one with it are asked in turns, by the same clients.

use crate::clients::{Batch, Clients};
use rjk_testbed::farm::{Members, Notes};
use rjk_testbed::process::{self, ProcessId};
use rjk_testbed::{Httpd, Plan, Result, Subject, bail, policies};
use std::time::{Duration, Instant};

/// Requests through each policy.
const REQUESTS: usize = 1000;
/// Clients, each with a connection that it keeps.
const CLIENTS: usize = 8;
/// Requests of the warm-up through each balancer.
const WARM_UP: usize = 80;
/// Requests of one turn: few, so that other work on the machine disturbs both sides alike.
const TURN: usize = 40;
/// How much slower the slowest request in a hundred may be.
const SLOWER: Duration = Duration::from_millis(5);
/// How often a policy is measured before it counts as slow: one pause of the machine makes eight
/// requests slow, the p99 of a thousand is the tenth.
const MEASUREMENTS: usize = 6;
/// What the child may take more over everything, after one round of warm-up. Each fault ends an
/// instance of 2 MiB of address space: a single one in thirty that stays would be seen.
const GROWTH: Taken = Taken {
    resident_kib: 4 << 10,
    address_space_kib: 64 << 10,
    // A connection of each client to each member of each balancer.
    descriptors: CLIENTS * 2 * (HOSTILE.len() + 1),
};
/// The balancer without a policy.
const NONE: &str = "none";
/// The default of `max_faults`.
const MAX_FAULTS: usize = 5;

/// The policies and what the note says of them.
const HOSTILE: [(&str, &str); 12] = [
    ("endless-loop", "fault out-of-fuel"),
    ("trap", "fault trap"),
    ("unbounded-memory", "fault memory"),
    ("deep-recursion", "fault trap"),
    ("bad-index", "fault bad-index"),
    ("bad-status", "fault bad-status"),
    ("log-flood", "builtin"),
    ("import-flood", "fault calls"),
    ("wasi-call", "fault trap"),
    ("panic", "fault trap"),
    ("store-late", "fault trap"),
    ("observer-never-ends", "builtin"),
];

/// Each hostile policy on a balancer of its name.
fn start(settings: &str) -> Result<(Members, Httpd)> {
    let mut toml = String::new();
    let mut balancers = vec![NONE];
    for (name, _) in HOSTILE {
        let component = policies::fixture(name)?;
        toml += &format!(
            "[policy.{name}]\ncomponent = {component:?}\n{settings}\n\
             [balancer.{name}]\npolicy = \"{name}\"\n"
        );
        balancers.push(name);
    }
    let (peers, mut site) = Plan::balancers(Subject::Rjk, &balancers)
        .httpd(|builder| builder.threads_per_child(16))
        .toml(&toml)
        .members()?;
    for name in &balancers {
        // So that turns of the members are not all that the built-in method has to do.
        site = site.directives(format!("JkWorkerProperty worker.{name}-a.lbfactor=3"));
    }
    Ok((peers, site.start()?))
}

/// What a child has of the machine.
#[derive(Debug)]
struct Taken {
    resident_kib: u64,
    address_space_kib: u64,
    descriptors: usize,
}

impl Taken {
    fn by(child: ProcessId) -> Result<Taken> {
        Ok(Taken {
            resident_kib: process::rss_kib(child)?,
            address_space_kib: process::virtual_kib(child)?,
            descriptors: process::open_fds(child)?,
        })
    }

    fn assert_flat(&self, name: &str, before: &Taken) {
        println!("{name}: {self:?}, after warm-up {before:?}");
        assert!(self.resident_kib <= before.resident_kib + GROWTH.resident_kib);
        assert!(self.address_space_kib <= before.address_space_kib + GROWTH.address_space_kib);
        assert!(self.descriptors <= before.descriptors + GROWTH.descriptors);
    }
}

/// Without and with the policy.
struct Pair {
    none: Batch,
    policy: Batch,
}

fn measure(clients: &mut Clients, name: &str) -> Result<Pair> {
    let (mut none, mut policy) = (Batch::default(), Batch::default());
    while policy.len() < REQUESTS {
        none.add(clients.run(NONE, TURN)?);
        policy.add(clients.run(name, TURN)?);
    }
    Ok(Pair { none, policy })
}

/// Measures until the policy is as fast as it must be; all that was measured.
fn measure_until_fast(clients: &mut Clients, name: &str) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for _ in 0..MEASUREMENTS {
        let pair = measure(clients, name)?;
        println!("{name}: without {}, with {}", pair.none, pair.policy);
        let fast = pair.policy.p99() <= pair.none.p99() + SLOWER;
        pairs.push(pair);
        if fast {
            return Ok(pairs);
        }
    }
    let (policy, none) = pairs
        .iter()
        .map(|pair| (pair.policy.p99(), pair.none.p99()))
        .min_by_key(|(policy, none)| policy.saturating_sub(*none))
        .unwrap_or_default();
    bail!("{name}: p99 {policy:?}, without a policy {none:?}, each time more than {SLOWER:?}");
}

/// The built-in method shared out the requests as it does without a policy, three to one.
fn assert_shared_out(name: &str, batch: &Batch) {
    let (all, to_a) = (batch.len(), batch.served_by("a"));
    let expected = all * 3 / 4;
    // Of requests at the same moment, some see the same load values.
    let off = to_a.abs_diff(expected);
    assert!(off <= all / 25, "{name}: {to_a} of {all} went to a");
    assert_eq!(to_a + batch.served_by("b"), all, "{name}");
}

/// The lines of a policy's requests, after they were all written.
fn lines_of(httpd: &Httpd, name: &str, count: usize) -> Result<Vec<Notes>> {
    let lines = Notes::of(httpd, &format!("/{name}"), count)?;
    assert_eq!(lines.len(), count, "{name}");
    Ok(lines)
}

/// How many lines each policy wrote to the log, and the longest.
fn log_lines(httpd: &Httpd, name: &str) -> (usize, usize) {
    let log = httpd.jk_log();
    let key = format!("policy {name}: ");
    let lines = log.lines().filter(|line| line.contains(&key));
    let lengths: Vec<usize> = lines.map(str::len).collect();
    (lengths.len(), lengths.into_iter().max().unwrap_or(0))
}

/// What the notes must say of a policy's requests.
type Expected = fn(&str, &str, &[Notes]);

fn run(settings: &str, expected: Expected) -> Result {
    let _alone = crate::alone();
    let (_peers, httpd) = start(settings)?;
    let children = httpd.children();
    let [child] = children[..] else {
        bail!("{children:?}");
    };
    let (mut clients, begin) = (Clients::connect(httpd.port(), CLIENTS)?, Instant::now());
    for (name, _) in HOSTILE {
        clients.run(NONE, WARM_UP)?;
        clients.run(name, WARM_UP)?;
    }
    let warm = Taken::by(child)?;
    for (name, note) in HOSTILE {
        let pairs = measure_until_fast(&mut clients, name)?;
        pairs.iter().for_each(|pair| {
            assert_shared_out(NONE, &pair.none);
            assert_shared_out(name, &pair.policy);
        });
        let count = pairs.iter().map(|pair| pair.policy.len()).sum::<usize>() + WARM_UP;
        let lines = lines_of(&httpd, name, count)?;
        assert!(
            lines
                .iter()
                .all(|line| line.pid == child && line.status == 200)
        );
        expected(name, note, &lines);
        Taken::by(child)?.assert_flat(name, &warm);
    }
    assert_logs_are_short(&httpd, begin.elapsed());
    assert_eq!(httpd.children(), children);
    httpd.expect_log("panicked at fixtures/examples/panic.rs");
    httpd.assert_clean();
    Ok(())
}

/// One line in a second about faults, ten that a policy writes itself.
fn assert_logs_are_short(httpd: &Httpd, elapsed: Duration) {
    let seconds = usize::try_from(elapsed.as_secs()).unwrap_or(usize::MAX) + 2;
    for (name, _) in HOSTILE {
        let (lines, longest) = log_lines(httpd, name);
        println!("{name}: {lines} lines in {elapsed:?}, the longest of {longest} bytes");
        let most = if name == "log-flood" {
            10 * seconds
        } else {
            seconds
        };
        assert!((1..=most).contains(&lines), "{name}: {lines} lines");
        assert!(longest < 1300, "{name}: a line of {longest} bytes");
    }
}

#[test]
fn requests_through_hostile_policies_are_answered() -> Result {
    run("max_faults = 0", |name, note, lines| {
        let other = lines.iter().find(|line| line.decided_by != note);
        assert!(other.is_none(), "{name}: {other:?}");
    })
}

#[test]
fn requests_through_hostile_policies_are_answered_with_the_breaker() -> Result {
    run("", |name, note, lines| {
        let count = |note: &str| lines.iter().filter(|line| line.decided_by == note).count();
        if note == "builtin" {
            return assert_eq!(count(note), lines.len(), "{name}");
        }
        let (asked, off) = (count(note), count("fault switched-off"));
        assert_eq!(asked + off, lines.len(), "{name}");
        // Each client may have had one under way, and after 30 s there is a trial.
        assert!(
            (MAX_FAULTS..=MAX_FAULTS + CLIENTS + 4).contains(&asked),
            "{name}: asked {asked} times"
        );
    })
}
