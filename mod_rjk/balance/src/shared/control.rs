//! Who may write configuration records, and how readers learn that one changed (contract H-08).

use crate::shared::record::Record;
use crate::sync::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The sequence number and the writers' lock of a segment.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Control {
    /// Rises with each edit of any record.
    sequence: AtomicU64,
    /// Process that writes; 0 when none does.
    writer: AtomicU64,
}

/// One thread of this process at a time asks for the lock between processes.
static THREADS: Mutex<()> = Mutex::new(());

/// How long another process may hold the lock: an edit takes microseconds.
const PATIENCE: u32 = 2000;
const PAUSE: Duration = Duration::from_millis(1);

impl Control {
    /// The number of edits so far; what they wrote can be read from now on.
    pub(crate) fn sequence_before_reading(&self) -> u64 {
        self.sequence.load(Acquire)
    }

    /// The number of edits so far, for one comparison at the begin of a request.
    pub fn sequence(&self) -> u64 {
        self.sequence.load(Relaxed)
    }

    /// Takes the lock for this process. It waits for another writer, and takes the lock over from one
    /// that is no more.
    ///
    /// # Errors
    /// The process that has the lock, lives and does not end its edit.
    pub(crate) fn lock(&self, is_alive: &dyn Fn(u32) -> bool) -> Result<EditLock<'_>, u32> {
        let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        self.take(u64::from(std::process::id()), is_alive)?;
        Ok(EditLock {
            control: self,
            wrote: false,
            _threads: threads,
        })
    }

    /// Frees the lock of a process that died; the parent calls it when it reaps a child.
    pub fn free_dead(&self, pid: u32) {
        if self.replace_writer(u64::from(pid), 0).is_ok() {
            self.raise();
        }
    }

    fn take(&self, own: u64, is_alive: &dyn Fn(u32) -> bool) -> Result<(), u32> {
        let mut holder = 0;
        for _ in 0..PATIENCE {
            let Err(seen) = self.replace_writer(0, own) else {
                return Ok(());
            };
            holder = u32::try_from(seen).unwrap_or(0);
            // A namesake of this process is one that died: here only one thread comes so far.
            let is_dead = seen == own || !is_alive(holder);
            if is_dead && self.replace_writer(seen, own).is_ok() {
                self.raise();
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        Err(holder)
    }

    fn replace_writer(&self, old: u64, new: u64) -> Result<(), u64> {
        let replaced = self.writer.compare_exchange(old, new, AcqRel, Acquire);
        replaced.map(drop)
    }

    /// What was written so far is to be read. Also for a writer that died before it could say so.
    fn raise(&self) {
        self.sequence.fetch_add(1, Release);
    }
}

/// The right to write the records of a segment; dropping it tells all readers.
#[derive(Debug)]
pub(crate) struct EditLock<'a> {
    control: &'a Control,
    wrote: bool,
    _threads: MutexGuard<'static, ()>,
}

impl EditLock<'_> {
    /// Replaces the words of a record of this segment.
    pub(crate) fn write<const N: usize>(&mut self, record: &Record<N>, words: &[u64; N]) {
        self.wrote = true;
        record.write(words);
    }
}

impl Drop for EditLock<'_> {
    fn drop(&mut self) {
        if self.wrote {
            self.control.raise();
        }
        self.control.writer.store(0, Release);
    }
}

#[cfg(test)]
impl Control {
    /// Leaves the lock to a process.
    pub(crate) fn leave_to(&self, pid: u64) {
        self.writer.store(pid, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_by(pid: u64) -> Control {
        let control = Control::default();
        control.leave_to(pid);
        control
    }

    #[test]
    fn h08_every_edit_raises_the_sequence() {
        let (control, record) = (Control::default(), Record::<1>::default());
        for number in 1..=3 {
            let mut lock = control.lock(&|_| true).unwrap();
            lock.write(&record, &[number]);
        }
        drop(control.lock(&|_| true).unwrap());
        assert_eq!(control.sequence(), 3);
    }

    #[test]
    fn h08_the_lock_of_a_dead_writer_is_taken_over_and_its_edit_told() {
        let control = held_by(77);
        let lock = control.lock(&|pid| pid != 77).unwrap();
        assert_eq!(control.sequence(), 1, "what 77 wrote is to be read");
        drop(lock);
        assert_eq!(control.writer.load(Relaxed), 0);
    }

    #[test]
    fn h08_a_living_writer_keeps_the_lock() {
        assert_eq!(held_by(77).lock(&|_| true).err(), Some(77));
    }

    #[test]
    fn h08_the_parent_frees_the_lock_of_a_dead_child_alone() {
        let control = held_by(77);
        control.free_dead(78);
        assert_eq!((control.writer.load(Relaxed), control.sequence()), (77, 0));
        control.free_dead(77);
        assert_eq!((control.writer.load(Relaxed), control.sequence()), (0, 1));
    }

    #[test]
    fn h08_one_writer_at_a_time() {
        const TURNS: u64 = if cfg!(miri) { 20 } else { 500 };
        let (control, record) = (Control::default(), Record::<1>::default());
        let inside = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..TURNS {
                        let mut lock = control.lock(&|_| true).unwrap();
                        lock.write(&record, &[1]);
                        assert_eq!(inside.fetch_add(1, AcqRel), 0);
                        inside.fetch_sub(1, AcqRel);
                    }
                });
            }
        });
        assert_eq!(control.sequence(), 4 * TURNS);
    }
}
