//! How many WebSockets a worker has in this child: each holds a thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The WebSockets of one worker in this child.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tunnels(Arc<AtomicU32>);

/// A place among them, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct TunnelPlace(Arc<AtomicU32>);

impl Tunnels {
    /// A place, unless `most` are taken.
    pub(crate) fn enter(&self, most: u32) -> Option<TunnelPlace> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        // Given back at once when it was one too many.
        let place = TunnelPlace(Arc::clone(&self.0));
        (before < most).then_some(place)
    }
}

impl Drop for TunnelPlace {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_most_and_each_gives_its_place_back() {
        let tunnels = Tunnels::default();
        let first = tunnels.enter(2);
        let second = tunnels.enter(2);
        assert!(first.is_some() && second.is_some());
        assert!(tunnels.enter(2).is_none() && tunnels.enter(2).is_none());
        drop(first);
        assert!(tunnels.enter(2).is_some());
        assert!(tunnels.enter(0).is_none());
    }
}
