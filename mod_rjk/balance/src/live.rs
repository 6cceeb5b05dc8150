//! A value that is made of records, and made anew when one of them was edited.

use crate::shared::control::Control;
use arc_swap::{ArcSwap, Guard};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// The latest of a value. Readers take no lock: they compare one number.
#[derive(Debug)]
pub struct Live<T> {
    latest: ArcSwap<AsOf<T>>,
    /// Of threads that find it outdated at the same time, one makes it anew.
    making: Mutex<()>,
}

/// A value as of one moment. Who has it goes on with it, whatever is edited meanwhile.
#[derive(Debug)]
pub struct AsOf<T> {
    /// Number of edits that it knows of.
    sequence: u64,
    value: T,
}

/// The latest of a value, as one request has it. It is not counted where all threads would count it: that
/// number would lie on a cache line that each of them reads.
pub struct Current<T>(Guard<Arc<AsOf<T>>>);

impl<T> Current<T> {
    /// The same, for as long as it takes.
    pub fn keep(&self) -> Arc<AsOf<T>> {
        Arc::clone(&self.0)
    }
}

impl<T> Deref for Current<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Deref for AsOf<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Live<T> {
    /// Makes the first one.
    pub fn new(control: &Control, make: impl FnOnce() -> T) -> Live<T> {
        Live {
            latest: ArcSwap::from_pointee(AsOf::new(control, make)),
            making: Mutex::default(),
        }
    }

    /// The latest; after an edit of any record, `make` makes it anew.
    pub fn get(&self, control: &Control, make: impl FnOnce() -> T) -> Current<T> {
        let latest = self.latest.load();
        if latest.sequence == control.sequence() {
            return Current(latest);
        }
        Current(Guard::from_inner(self.renew(control, make)))
    }

    #[cold]
    fn renew(&self, control: &Control, make: impl FnOnce() -> T) -> Arc<AsOf<T>> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.latest.load_full();
        if before.sequence == control.sequence() {
            return before;
        }
        let new = Arc::new(AsOf::new(control, make));
        self.latest.store(Arc::clone(&new));
        new
    }
}

impl<T> AsOf<T> {
    /// The number comes first: what is edited while the value is made, it may not know of.
    fn new(control: &Control, make: impl FnOnce() -> T) -> AsOf<T> {
        AsOf {
            sequence: control.sequence_before_reading(),
            value: make(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::record::Record;
    use std::cell::Cell;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn h08_a_value_is_made_anew_once_for_each_edit() {
        let (control, record) = (Control::default(), Record::<1>::default());
        let live = Live::new(&control, || 0);
        let made = Cell::new(0);
        let get = || {
            *live.get(&control, || {
                made.set(made.get() + 1);
                made.get()
            })
        };
        assert_eq!([get(), get()], [0, 0]);
        for edits in 1..=3 {
            control.lock(&|_| true).unwrap().write(&record, &[edits]);
            assert_eq!([get(), get()], [edits, edits]);
        }
    }

    #[test]
    fn h08_who_asks_after_an_edit_gets_what_it_wrote() {
        const EDITS: u64 = if cfg!(miri) { 100 } else { 20_000 };
        let (control, record) = (Control::default(), Record::<1>::default());
        let live = Live::new(&control, || 0);
        let done = AtomicBool::new(false);
        let get = || *live.get(&control, || record.read()[0]);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Relaxed) {
                        get();
                    }
                });
            }
            for number in 1..=EDITS {
                control.lock(&|_| true).unwrap().write(&record, &[number]);
                assert_eq!(get(), number);
            }
            done.store(true, Relaxed);
        });
    }
}
