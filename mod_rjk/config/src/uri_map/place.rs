//! Where the worker of a rule stands among those of a process, so that no request looks for its name.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// The place of a rule's worker, once somebody has found it. It is a hint: whoever reads it looks whether
/// the worker there has the name.
#[derive(Debug, Default)]
pub struct Place(AtomicU32);

impl Place {
    /// The place that was found, if one was.
    pub fn get(&self) -> Option<usize> {
        let found = self.0.load(Relaxed).checked_sub(1)?;
        usize::try_from(found).ok()
    }

    /// Keeps a place. One number alone, which any thread may write again: no order is needed.
    pub fn set(&self, place: usize) {
        if let Ok(place) = u32::try_from(place) {
            self.0.store(place.saturating_add(1), Relaxed);
        }
    }
}

impl Clone for Place {
    fn clone(&self) -> Place {
        Place(AtomicU32::new(self.0.load(Relaxed)))
    }
}

/// What was found of a rule is no part of the rule.
impl PartialEq for Place {
    fn eq(&self, _: &Place) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_and_the_first_is_one_too() {
        let place = Place::default();
        assert_eq!(place.get(), None);
        for found in [0, 7] {
            place.set(found);
            assert_eq!(
                (place.get(), place.clone().get()),
                (Some(found), Some(found))
            );
        }
    }
}
