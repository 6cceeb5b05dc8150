//! Ctrl-C ends the probes, and they are summed up all the same.

use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest pause between two looks.
const STEP: Duration = Duration::from_millis(50);
/// What a shell says of a process that Ctrl-C ended.
const ENDED: i32 = 130;

/// Whether somebody pressed Ctrl-C.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches from now on. Pressed again, it ends the process at once.
    ///
    /// # Errors
    /// As sigaction(2).
    pub(super) fn watch() -> io::Result<Interrupt> {
        let pressed = Arc::new(AtomicBool::new(false));
        flag::register_conditional_shutdown(SIGINT, ENDED, Arc::clone(&pressed))?;
        flag::register(SIGINT, Arc::clone(&pressed))?;
        Ok(Interrupt(pressed))
    }

    /// Waits so long, or until Ctrl-C; whether to go on.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if self.0.load(Ordering::Relaxed) || left.is_zero() {
                return !self.0.load(Ordering::Relaxed);
            }
            sleep(left.min(STEP));
        }
    }
}
