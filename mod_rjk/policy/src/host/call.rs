//! The call into a policy that is going on in this thread.

use crate::clock;
use crate::fault::Excess;
use rjk_balance::{Moment, PolicyState, Question, Tape};
use rjk_log::{Log, RateLimit};
use scoped_tls_hkt::scoped_thread_local;
use std::fmt::Debug;
use wasmtime::{Error, Result};

/// Hears of each call that a policy makes of the host, for tools.
pub trait Trace {
    /// `name` is interface and function as in the contract (`request.header`), `arguments` a tuple or a
    /// value, `answer` what the policy got, or the text of the fault.
    fn host_call(&self, name: &'static str, arguments: &dyn Debug, answer: &dyn Debug);
}

/// What the host functions of one call into a policy work with.
pub(crate) struct Call<'a> {
    /// None in `configure` and `observe`.
    pub(crate) question: Option<&'a Question<'a>>,
    pub(crate) log: &'a dyn Log,
    pub(crate) now: Moment,
    pub(crate) shared: Shared<'a>,
    pub(crate) trace: Option<&'a dyn Trace>,
}

/// What all instances of a policy share.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) name: &'a str,
    /// None when the configuration is checked: there is none yet.
    pub(crate) state: Option<&'a PolicyState>,
    pub(crate) lines: &'a RateLimit,
}

// A store's data lives as long as the store, a request does not: the way to it is this thread.
scoped_thread_local!(static CALL: for<'a> &'a Call<'a>);

/// Works with this thread's call.
pub(super) fn with_call<R>(body: impl FnOnce(&Call<'_>) -> R) -> R {
    CALL.with(|call| body(call))
}

impl<'a> Call<'a> {
    /// Runs `body`, in which this is the call of this thread.
    pub(crate) fn scope<R>(&self, body: impl FnOnce() -> R) -> R {
        CALL.set(self, body)
    }

    /// What is to be decided.
    pub(super) fn question(&self) -> Result<&'a Question<'a>> {
        self.question.ok_or_else(|| Error::new(Excess::NoRequest))
    }

    /// Where what does not follow from the question goes through.
    pub(super) fn tape(&self) -> Option<&'a dyn Tape> {
        self.question?.request.tape()
    }

    /// Milliseconds since 1970.
    pub(super) fn wall_clock_ms(&self) -> u64 {
        let own = clock::wall_clock_ms();
        self.tape().map_or(own, |tape| tape.wall_clock_ms(own))
    }

    /// Microseconds of the monotonic clock.
    pub(super) fn monotonic_us(&self) -> u64 {
        let own = clock::monotonic_us();
        self.tape().map_or(own, |tape| tape.monotonic_us(own))
    }

    /// The random number that the policy gets when the instance drew this one.
    pub(super) fn random(&self, own: u64) -> u64 {
        self.tape().map_or(own, |tape| tape.random(own))
    }

    /// Tells who listens.
    pub(super) fn tell<R: Debug>(
        &self,
        name: &'static str,
        arguments: &dyn Debug,
        answer: &Result<R>,
    ) {
        let Some(trace) = self.trace else { return };
        match answer {
            Ok(answer) => trace.host_call(name, arguments, answer),
            Err(error) => trace.host_call(name, arguments, &format_args!("fault: {error}")),
        }
    }
}
