//! Signals that end the process: the screen is given back before they have their way.

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::emulate_default_handler;
use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Those that somebody may send to a program on a terminal, or that the terminal sends.
const ENDING: [c_int; 4] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT];

/// Which of them came.
pub struct Signals([(c_int, Arc<AtomicBool>); 4]);

impl Signals {
    /// Watches from now on.
    ///
    /// # Errors
    /// As sigaction(2).
    pub fn watch() -> io::Result<Signals> {
        let signals = Signals(ENDING.map(|signal| (signal, Arc::default())));
        for (signal, came) in &signals.0 {
            flag::register(*signal, Arc::clone(came))?;
        }
        Ok(signals)
    }

    /// Whether one came.
    pub fn came(&self) -> bool {
        self.first().is_some()
    }

    /// Ends the process as the one that came would have ended it; does nothing if none did.
    ///
    /// # Errors
    /// The process cannot be ended so.
    pub fn have_their_way(&self) -> io::Result<()> {
        self.first().map_or(Ok(()), emulate_default_handler)
    }

    fn first(&self) -> Option<c_int> {
        let mut all = self.0.iter();
        let (signal, _) = all.find(|(_, came)| came.load(Ordering::Relaxed))?;
        Some(*signal)
    }
}
