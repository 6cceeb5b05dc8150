//! The stack that policies run on. WebAssembly runs on that of its host, and where a policy may use
//! more than there is, the process ends: so whoever calls one sees to it first.

use crate::limits::DECISION_STACK;

/// Gives policies the stack that they need, whatever the calling thread has.
pub trait Stacks: Send + Sync {
    /// Whether the calling thread has that many bytes of stack left. Asked for each decision.
    fn has(&self, bytes: usize) -> bool;

    /// Runs `body`, once, where at least that many bytes of stack are left.
    ///
    /// # Errors
    /// Why there is none, and what to do; `body` did not run.
    fn run(&self, bytes: usize, body: &mut dyn FnMut()) -> Result<(), String>;
}

/// For programs whose threads all have [`CHECK_STACK`](crate::limits::CHECK_STACK) or more.
#[derive(Clone, Copy, Debug)]
pub struct Ample;

impl Stacks for Ample {
    fn has(&self, _: usize) -> bool {
        true
    }

    fn run(&self, _: usize, body: &mut dyn FnMut()) -> Result<(), String> {
        body();
        Ok(())
    }
}

/// Runs a call of a policy that has too little stack here.
#[cold]
pub(crate) fn elsewhere<R>(stacks: &dyn Stacks, body: impl FnOnce() -> R) -> Result<R, String> {
    let (mut body, mut result) = (Some(body), None);
    stacks.run(DECISION_STACK, &mut || {
        if let Some(body) = body.take() {
            result = Some(body());
        }
    })?;
    result.ok_or_else(|| "it was not run".to_owned())
}
