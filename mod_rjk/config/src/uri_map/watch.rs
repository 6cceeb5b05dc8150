//! When a map file is looked at, and which of its states is read (M-20…M-23). No clock and no file here.
//!
//! A file that is being written is whole again a moment later: an editor empties it first, a copy fills
//! it piece by piece. What was taken in between would stay for a whole interval, and the paths of the
//! missing rules would be served from the disk. So a change counts once the file was left alone for
//! a while, and after a change the file is looked at earlier than the interval asks for.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

/// How long a file must be left alone to be taken for whole.
const SETTLE: Duration = Duration::from_secs(2);

/// The same for an empty one: `program > file` empties it before the program has anything to say.
const SETTLE_EMPTY: Duration = Duration::from_secs(10);

/// How long a file may be written without a pause before that is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// One state of a file. Two states of a file that differ only within the clock of the file system have
/// the same stamp; [`SETTLE`] is longer than its tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: SystemTime,
    size: u64,
    device: u64,
    inode: u64,
}

impl Stamp {
    /// The state that the file system tells of.
    pub fn of(file: &Metadata) -> Stamp {
        Stamp {
            modified: file.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            size: file.len(),
            device: file.dev(),
            inode: file.ino(),
        }
    }

    fn settle(&self) -> Duration {
        if self.size == 0 { SETTLE_EMPTY } else { SETTLE }
    }

    /// Time since the last write; `None` when that lies ahead, as on another host's file system.
    fn age(&self, wall: SystemTime) -> Option<Duration> {
        wall.duration_since(self.modified).ok()
    }
}

/// A moment by both clocks: the monotonic one measures, the wall clock is the one of files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) monotonic: Duration,
    pub(super) wall: SystemTime,
}

/// What is known of a file over time.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// Zero: only who asks has it looked at.
    interval: Duration,
    /// What was read last, be it good or not.
    read: Option<Stamp>,
    /// A change that has not been taken yet.
    pending: Option<Pending>,
    /// What was said last about a failure, so that it is said once.
    told: Option<(Option<Stamp>, String)>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    stamp: Stamp,
    /// When this stamp was seen first.
    seen: Duration,
    /// Since when every look found it written again.
    since: Duration,
    /// When it was looked at last.
    last: Duration,
}

impl Watch {
    /// A file that was read in the state `stamp`; without one it is read as soon as it is looked at.
    pub(super) fn new(interval: Duration, stamp: Option<Stamp>) -> Watch {
        Watch {
            interval,
            read: stamp,
            pending: None,
            told: None,
        }
    }

    /// Whether a file in this state is to be read now.
    pub(super) fn is_to_read(&mut self, stamp: Stamp, now: Moment) -> bool {
        if self.read == Some(stamp) {
            self.pending = None;
            return false;
        }
        let now_seen = Pending {
            stamp,
            seen: now.monotonic,
            since: now.monotonic,
            last: now.monotonic,
        };
        let pending = match self.pending {
            Some(known) if known.stamp == stamp => Pending {
                last: now.monotonic,
                ..known
            },
            Some(known) if now.monotonic.saturating_sub(known.last) <= SETTLE_EMPTY => Pending {
                since: known.since,
                ..now_seen
            },
            _ => now_seen,
        };
        self.pending = Some(pending);
        stamp.age(now.wall).is_some_and(|age| age >= stamp.settle())
            || now.monotonic.saturating_sub(pending.seen) >= stamp.settle()
    }

    /// Whether the file has been written without a pause for so long that it should be known.
    pub(super) fn is_restless(&self, now: Moment) -> bool {
        let since = self.pending.map(|pending| pending.since);
        since.is_some_and(|since| now.monotonic.saturating_sub(since) >= PATIENCE)
    }

    /// The file was read in this state.
    pub(super) fn was_read(&mut self, stamp: Stamp) {
        self.read = Some(stamp);
        self.pending = None;
    }

    /// Nothing came of a change for now.
    pub(super) fn give_up(&mut self) {
        self.pending = None;
    }

    /// Its rules are in force: a failure from now on is a new one.
    pub(super) fn is_in_force(&mut self) {
        self.told = None;
    }

    /// Whether a failure with the file in this state, or without one, is news.
    pub(super) fn is_news(&mut self, stamp: Option<Stamp>, problem: &str) -> bool {
        let failure = (stamp, problem.to_owned());
        let is_news = self.told.as_ref() != Some(&failure);
        self.told = Some(failure);
        is_news
    }

    /// How long until the file is to be looked at again; `None` is never.
    pub(super) fn next_look(&self, now: Moment) -> Option<Duration> {
        if self.interval.is_zero() {
            return None;
        }
        let age = |stamp: Stamp| stamp.age(now.wall);
        Some(match (self.pending, self.read) {
            (Some(pending), _) => {
                let age = age(pending.stamp).unwrap_or_default();
                let rest = pending.stamp.settle().saturating_sub(age);
                rest.clamp(SETTLE / 8, SETTLE)
            }
            // A writer that paused goes on sooner than one that ended long ago.
            (None, Some(stamp)) => {
                let age = age(stamp).unwrap_or(self.interval);
                age.max(SETTLE).min(self.interval)
            }
            (None, None) => SETTLE.min(self.interval),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn wall(seconds: f64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64(1e6 + seconds)
    }

    fn moment(seconds: f64) -> Moment {
        Moment {
            monotonic: Duration::from_secs_f64(seconds),
            wall: wall(seconds),
        }
    }

    /// A file that was written at this second.
    fn written(seconds: f64, size: u64) -> Stamp {
        Stamp {
            modified: wall(seconds),
            size,
            device: 1,
            inode: 1,
        }
    }

    fn watch(interval: Duration) -> Watch {
        Watch::new(interval, Some(written(-1000.0, 10)))
    }

    #[test]
    fn m20_the_file_as_it_was_is_not_read() {
        let mut watch = watch(MINUTE);
        assert!(!watch.is_to_read(written(-1000.0, 10), moment(60.0)));
        assert_eq!(watch.next_look(moment(60.0)), Some(MINUTE));
    }

    #[test]
    fn m20_any_difference_counts_an_older_file_too() {
        for changed in [
            written(-2000.0, 10),
            written(-500.0, 10),
            written(-1000.0, 11),
            Stamp {
                inode: 2,
                ..written(-1000.0, 10)
            },
            Stamp {
                device: 2,
                ..written(-1000.0, 10)
            },
        ] {
            assert!(watch(MINUTE).is_to_read(changed, moment(60.0)));
        }
    }

    #[test]
    fn a_young_file_waits_until_it_was_left_alone() {
        let mut watch = watch(MINUTE);
        let empty = written(59.9, 0);
        assert!(!watch.is_to_read(empty, moment(60.0)));
        let soon = watch.next_look(moment(60.0)).unwrap();
        assert!(
            soon > Duration::from_secs(1) && soon <= SETTLE,
            "not a minute: {soon:?}"
        );
        let whole = written(60.1, 20);
        assert!(!watch.is_to_read(whole, moment(61.95)));
        assert!(watch.is_to_read(whole, moment(62.2)));
        watch.was_read(whole);
        assert!(!watch.is_to_read(whole, moment(64.4)));
    }

    #[test]
    fn after_a_change_the_looks_become_rare_again() {
        let mut watch = watch(MINUTE);
        watch.was_read(written(0.0, 20));
        for (age, next) in [(2.0, 2.0), (4.0, 4.0), (30.0, 30.0), (90.0, 60.0)] {
            let next = Duration::from_secs_f64(next);
            assert_eq!(watch.next_look(moment(age)), Some(next), "{age}");
        }
        watch.interval = Duration::from_secs(1);
        let second = Some(Duration::from_secs(1));
        assert_eq!(watch.next_look(moment(3.0)), second, "D-04 is the most");
    }

    /// A file server's clock runs ahead, or somebody touched the file with a date to come.
    #[test]
    fn a_file_from_the_future_is_read_when_it_stays_as_it_is() {
        let mut watch = watch(MINUTE);
        let ahead = written(5000.0, 20);
        assert!(!watch.is_to_read(ahead, moment(60.0)));
        assert_eq!(watch.next_look(moment(60.0)), Some(SETTLE));
        assert!(watch.is_to_read(ahead, moment(62.0)));
    }

    #[test]
    fn an_empty_file_waits_longer() {
        let mut watch = watch(MINUTE);
        let empty = written(60.0, 0);
        assert!(!watch.is_to_read(empty, moment(61.0)));
        let soon = watch.next_look(moment(61.0));
        assert_eq!(soon, Some(SETTLE), "it may be written by then");
        assert!(!watch.is_to_read(empty, moment(69.9)));
        assert!(watch.is_to_read(empty, moment(70.1)), "M-21");
    }

    #[test]
    fn a_file_that_is_written_all_the_time_is_not_read_and_told() {
        let mut watch = watch(MINUTE);
        let told = (0..100).find(|second| {
            let now = f64::from(*second);
            assert!(!watch.is_to_read(written(now - 0.5, 20), moment(now)));
            watch.is_restless(moment(now))
        });
        assert_eq!(told, Some(60));
    }

    #[test]
    fn two_changes_far_apart_are_not_one_without_a_pause() {
        let mut watch = watch(MINUTE);
        for now in [60.0, 600.0] {
            assert!(!watch.is_to_read(written(now - 0.5, 20), moment(now)));
            assert!(!watch.is_restless(moment(now)), "{now}");
        }
    }

    #[test]
    fn d04_zero_is_never() {
        let mut watch = watch(Duration::ZERO);
        assert_eq!(watch.next_look(moment(0.0)), None);
        assert!(watch.is_to_read(written(-10.0, 3), moment(0.0)), "M-25");
    }

    #[test]
    fn m22_m23_a_failure_is_said_once_and_again_when_something_changed() {
        let mut watch = watch(MINUTE);
        let (first, second) = (written(1.0, 1), written(2.0, 1));
        for (stamp, problem, is_news) in [
            (None, "missing", true),
            (None, "missing", false),
            (Some(first), "not readable", true),
            (Some(first), "not readable", false),
            (Some(second), "not readable", true),
            (Some(second), "broken", true),
            (Some(second), "broken", false),
        ] {
            assert_eq!(
                watch.is_news(stamp, problem),
                is_news,
                "{stamp:?} {problem}"
            );
        }
        watch.is_in_force();
        assert!(watch.is_news(Some(second), "broken"));
    }

    proptest! {
        /// Whoever writes with pauses of less than SETTLE is never read before the end; and the end is
        /// read soon after it when looks come as they are asked for.
        #[test]
        fn no_half_written_file_is_read(pauses in prop::collection::vec(0.01..1.9f64, 1..60)) {
            let mut watch = watch(MINUTE);
            let mut writes = vec![100.0];
            for pause in pauses {
                writes.push(writes[writes.len() - 1] + pause);
            }
            let end = writes[writes.len() - 1];
            let mut now = 99.95;
            let read = loop {
                let done = writes.iter().filter(|at| **at <= now).count();
                let stamp = match done {
                    0 => written(-1000.0, 10),
                    done => written(writes[done - 1], done as u64),
                };
                if watch.is_to_read(stamp, moment(now)) {
                    break stamp;
                }
                now += watch.next_look(moment(now)).unwrap().as_secs_f64().min(10.0);
                prop_assert!(now < end + 15.0);
            };
            prop_assert_eq!(read, written(end, writes.len() as u64));
        }
    }
}
