//! Interface `system`.

use super::{HostState, printable};
use crate::fault::Excess;
use crate::world::{Level, system};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use wasmtime::{Error, Result};

impl system::Host for HostState {
    fn now_ms(&mut self) -> Result<u64> {
        self.call("system.now-ms", &(), |_, call| Ok(call.wall_clock_ms()))
    }

    fn monotonic_us(&mut self) -> Result<u64> {
        self.call(
            "system.monotonic-us",
            &(),
            |_, call| Ok(call.monotonic_us()),
        )
    }

    fn random(&mut self) -> Result<u64> {
        self.call("system.random", &(), |state, call| {
            Ok(call.random(state.random_number()))
        })
    }

    fn log(&mut self, level: Level, line: String) -> Result<()> {
        self.call("system.log", &(level, &line), |_, call| {
            call.write(level, &line);
            Ok(())
        })
    }

    /// No budget holds it back: it is the last call.
    fn fail(&mut self, reason: String) -> Result<()> {
        Err(Error::new(Excess::Own(printable(&reason))))
    }
}

impl HostState {
    /// Good enough to share out load, not for secrets.
    pub(super) fn random_number(&mut self) -> u64 {
        splitmix(&mut self.random)
    }
}

/// A start for [`splitmix`] that differs between instances, and between children of one parent.
pub(super) fn seed() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    hasher.write_u128(since.map_or(0, |since| since.as_nanos()));
    hasher.finish()
}

/// `SplitMix64`, Steele, Lea and Flood 2014.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
