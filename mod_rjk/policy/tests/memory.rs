//! Memory of 64 instances of header-route that decide at the same moment. A process of its own, so
//! that no other test's memory is counted; what loading a policy costs is tests/e2e/measure/memory.rs.

use rjk_balance::*;
use rjk_config::toml::{EngineKind, PolicySettings};
use rjk_log::NoLog;
use rjk_policy::bench::membership;
use rjk_policy::{Ample, Code, Policy, Setup, configure};
use std::borrow::Cow;
use std::sync::Barrier;

const THREADS: usize = 64;
/// At most so much more is resident, in KiB.
const RESIDENT: u64 = 16 << 10;
/// At most so much more address space, in KiB.
const ADDRESS_SPACE: u64 = 256 << 10;

/// A request whose header arrives when all threads have asked for it.
struct Together<'a>(&'a Barrier);

impl RequestView for Together<'_> {
    fn method(&self) -> &[u8] {
        b"GET"
    }
    fn path(&self) -> &[u8] {
        b"/"
    }
    fn query(&self) -> Option<&[u8]> {
        None
    }
    fn header(&self, _: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.0.wait();
        Some(b"blue".into())
    }
    fn cookie(&self, _: &[u8]) -> Option<Cow<'_, [u8]>> {
        None
    }
    fn client_address(&self) -> Cow<'_, [u8]> {
        b"192.0.2.1".into()
    }
    fn tls(&self) -> bool {
        false
    }
    fn server_name(&self) -> Cow<'_, [u8]> {
        b"example.org".into()
    }
}

#[test]
fn as_many_instances_as_threads_stay_within_their_memory() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/policies/header-route.wasm"
    );
    let bytes = std::fs::read(file).expect("run plugins/build header-route");
    let settings = PolicySettings::default();
    let code = Code::load(&bytes, settings.memory, EngineKind::Auto).unwrap();
    let setup = Setup {
        name: "p",
        settings,
        config: r#"{"header": "X-Tenant", "workers": {"blue": "m0"}}"#,
        trace: None,
    };
    let compiled = configure(&code, &setup, &membership(&["m0"]), &NoLog).unwrap();
    let state = compiled.leaked_state();
    let policy = Policy::new(compiled, THREADS, state, &Ample);

    // The threads, their stacks and heaps are there before and after.
    let (ready, measured, gate) = (
        Barrier::new(THREADS + 1),
        Barrier::new(THREADS + 1),
        Barrier::new(THREADS),
    );
    let (before, after) = std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                drop(std::hint::black_box(vec![1_u8; 1000]));
                ready.wait();
                measured.wait();
                let answer = decide(&policy, &Together(&gate));
                ready.wait();
                measured.wait();
                assert_eq!(answer, Answer::Decided(Decision::Worker(0).into()));
            });
        }
        let look = || {
            ready.wait();
            let memory = [kib("VmRSS:"), kib("VmSize:")];
            measured.wait();
            memory
        };
        (look(), look())
    });
    assert_eq!(policy.idle(), THREADS, "instances");
    let [resident, space] = [0, 1].map(|index: usize| after[index].saturating_sub(before[index]));
    println!("{THREADS} instances: {resident} KiB resident, {space} KiB of address space");
    // Each instance has a memory of its own.
    assert!(space >= THREADS as u64 * 1024, "{space} KiB");
    assert!(resident <= RESIDENT, "{before:?} {after:?}");
    assert!(space <= ADDRESS_SPACE, "{before:?} {after:?}");
}

fn decide(policy: &Policy, request: &dyn RequestView) -> Answer {
    policy.decide(&Question {
        request,
        sticky: None,
        candidates: &vec![Candidate::new(0)],
        attempt: 1,
        tried: &[],
        membership: &membership(&["m0"]),
        now: Moment::NEVER,
        log: &NoLog,
    })
}

/// A number of /proc/self/status.
fn kib(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines()
        .find_map(|line| {
            line.strip_prefix(key)?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(u64::MAX)
}
