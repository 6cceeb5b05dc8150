//! A thread of this child that does the same thing again and again.

use crate::ffi::guard::catch;
use crate::ffi::signals::Held;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// The thread; dropping this stops it.
pub(super) struct Rounds {
    thread: Thread,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    done: AtomicBool,
}

/// How long a child waits for a round that is under way.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it looks whether the round has ended.
const STEP: Duration = Duration::from_millis(1);

impl Rounds {
    /// Starts the thread `name`, which does a round after each `interval`.
    pub(super) fn start(
        name: &'static str,
        interval: Duration,
        round: impl FnMut() + Send + 'static,
    ) -> Result<Rounds, String> {
        let state = Arc::new(State::default());
        let shared = state.clone();
        let body = move || {
            go_on(name, interval, round, &shared.stop);
            shared.done.store(true, Ordering::Release);
        };
        // httpd's signals are for httpd's threads: a new thread inherits the mask.
        let held = Held::back();
        let spawned = thread::Builder::new()
            .name(format!("rjk-{name}"))
            .spawn(body);
        drop(held);
        spawned
            .map(|handle| Rounds {
                thread: handle.thread().clone(),
                state,
            })
            .map_err(|error| format!("the {name} cannot start: {error}"))
    }
}

fn go_on(name: &'static str, interval: Duration, mut round: impl FnMut(), stop: &AtomicBool) {
    let entry = format!("the {name}");
    let mut last = Instant::now();
    while !stop.load(Ordering::Acquire) {
        let left = interval.saturating_sub(last.elapsed());
        if !left.is_zero() {
            thread::park_timeout(left);
            continue;
        }
        // Each round for itself: what the next one does must not be lost with this one.
        catch(&entry, (), &mut round);
        last = Instant::now();
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        // At once: at a graceful restart httpd may start the first child of the new generation when one
        // of the old has ended, or else a second later.
        self.thread.unpark();
        // Bounded: prefork may run clean-ups from a signal handler, with a lock in its own hands.
        let began = Instant::now();
        while !self.state.done.load(Ordering::Acquire) && began.elapsed() < PATIENCE {
            thread::sleep(STEP);
        }
    }
}
