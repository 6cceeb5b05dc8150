//! Race checks (`make race`): the lock-free parts of rjk-balance and the pool of rjk-proxy, the real files, with loom's
//! atomics and locks in the place of the real ones. Each model is played with the orders of its threads' steps, and at each load with the values
//! that the orderings allow; what it asserts holds in all of them. `PREEMPTIONS` bounds how often a thread is
//! interrupted, and orders that loom deems alike are played once: one that differs only in what is read on a
//! condition can be left out. So a model is believed once it was seen to fail with a step or an ordering left out.
//!
//! ```text
//! make race MODEL='part of a name'
//! ```

#![allow(
    dead_code,
    reason = "no model calls all of the files that it tests a part of"
)]

use loom::thread::JoinHandle;
use std::time::Instant;

mod bounds;
mod ledger;
mod pool;
mod record;
mod states;
mod sync;

#[path = "../../../mod_rjk/balance/src/outcome.rs"]
mod outcome;
#[path = "../../../mod_rjk/proxy/src/way/pool/places.rs"]
mod places;
#[path = "../../../mod_rjk/balance/src/state.rs"]
mod state;
#[path = "../../../mod_rjk/balance/src/time.rs"]
mod time;

#[path = "../../../mod_rjk/balance/src/choose"]
mod choose {
    pub(crate) mod bounds;
    pub(crate) mod scan;
}

#[path = "../../../mod_rjk/balance/src/shared"]
mod shared {
    pub(crate) mod cell;
    pub(crate) mod failures;
    pub(crate) mod ledger;
    pub(crate) mod member;
    pub(crate) mod record;
    pub(crate) mod slot;
    pub(crate) mod states;
}

/// Interruptions of a thread within one play. Known races need one or two of them.
const PREEMPTIONS: usize = 3;

type Model = (&'static str, fn());

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let all = [
        states::MODELS,
        bounds::MODELS,
        ledger::MODELS,
        record::MODELS,
        pool::MODELS,
    ]
    .concat();
    let chosen: Vec<Model> = all
        .into_iter()
        .filter(|(name, _)| name.contains(&wanted))
        .collect();
    assert!(!chosen.is_empty(), "no model is called {wanted}");
    for (name, model) in chosen {
        let start = Instant::now();
        println!("{name}");
        model();
        println!("    held, {:.1} s", start.elapsed().as_secs_f64());
    }
}

/// Plays a model in every way.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(model);
}

/// What the threads of a model come to.
fn joined<T, const N: usize>(threads: [JoinHandle<T>; N]) -> [T; N] {
    threads.map(|thread| thread.join().unwrap())
}

/// Memory that all threads of a model share, as processes share a segment.
fn shared<T: Default>(count: usize) -> &'static [T] {
    Box::leak((0..count).map(|_| T::default()).collect())
}
