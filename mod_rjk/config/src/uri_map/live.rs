//! A map that follows its file while requests use it (M-20…M-26).

use super::watch::{Moment, Stamp, Watch};
use super::{Mount, UriMap};
use crate::error::{ConfigError, Warning};
use arc_swap::{ArcSwap, Guard};
use rustix::fs::OFlags;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant, SystemTime};

/// The largest file that is read: one of this size has more than a million rules.
const MOST_BYTES: u64 = 64 << 20;

/// What a path leads to that nothing can be read of as a whole.
const NO_FILE: &str = "it is no file";

/// Milliseconds that never come.
const NEVER: u64 = u64::MAX;

/// What a file said.
#[derive(Clone, Debug)]
pub struct FileText {
    /// Its bytes.
    pub text: Vec<u8>,
    /// The state that it was read in; `None` when it was written meanwhile, and for a text that was
    /// kept from before.
    pub stamp: Option<Stamp>,
}

impl FileText {
    /// The file as it is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> io::Result<FileText> {
        let mut file = open(path)?;
        let before = Stamp::of(&file.metadata()?);
        let mut text = Vec::new();
        (&mut file).take(MOST_BYTES + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MOST_BYTES {
            return Err(io::Error::other("it is larger than 64 MiB"));
        }
        let is_whole = Stamp::of(&file.metadata()?) == before;
        let stamp = is_whole.then_some(before);
        Ok(FileText { text, stamp })
    }
}

/// Opens a regular file. What is another thing by now is not waited for, as a pipe would be.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = options.read(true).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other(NO_FILE)),
    }
}

/// The rules of one server at this moment. Each process has its own and looks after the file itself.
#[derive(Debug)]
pub struct LiveMap(Rules);

#[derive(Debug)]
enum Rules {
    /// Nothing but a restart changes them: who looks at them need not hold on to them.
    Fixed(Arc<UriMap>),
    Following(Box<Followed>),
}

#[derive(Debug)]
struct Followed {
    current: ArcSwap<UriMap>,
    path: PathBuf,
    interval: Duration,
    /// Where `next` counts from, the same in all children.
    began: Instant,
    /// When the file is to be looked at, in milliseconds.
    next: AtomicU64,
    watch: Mutex<Watch>,
}

/// Rules that somebody looks at.
enum Loaded<'a> {
    Fixed(&'a Arc<UriMap>),
    Current(Guard<Arc<UriMap>>),
}

impl Deref for Loaded<'_> {
    type Target = Arc<UriMap>;

    fn deref(&self) -> &Arc<UriMap> {
        match self {
            Loaded::Fixed(map) => map,
            Loaded::Current(map) => map,
        }
    }
}

/// A mount that was found; it stays as it is when the rules are replaced.
#[derive(Debug)]
pub enum Found<'a> {
    /// It is there as long as the map.
    Lasting(&'a Mount),
    /// It is there as long as somebody holds it.
    Held(Arc<Mount>),
}

/// What a look at a changed file led to.
#[derive(Debug)]
pub enum Reload {
    /// New rules are in force.
    Read {
        /// All rules, those that are not from the file too.
        map: Arc<UriMap>,
        /// What is odd in the file.
        warnings: Vec<Warning>,
    },
    /// The rules stay as they are (M-22, BG-17). This is said once.
    Failed(ConfigError),
}

impl LiveMap {
    /// Rules that stay.
    pub fn fixed(map: UriMap) -> LiveMap {
        LiveMap(Rules::Fixed(Arc::new(map)))
    }

    /// Rules of which some come from `path`, read in the state `stamp`; `None` when it was read in no
    /// state that it can be in now. An `interval` of zero looks at the file only when asked (D-04).
    pub fn following(
        map: UriMap,
        path: &Path,
        stamp: Option<Stamp>,
        interval: Duration,
    ) -> LiveMap {
        let file = Followed {
            current: ArcSwap::from_pointee(map),
            path: path.to_owned(),
            interval,
            began: Instant::now(),
            next: AtomicU64::new(NEVER),
            watch: Mutex::new(Watch::new(interval, stamp)),
        };
        file.plan(&Watch::new(interval, stamp), file.moment(Instant::now()));
        LiveMap(Rules::Following(Box::new(file)))
    }

    /// The mount for a path, as [`UriMap::lookup`] finds it in the rules in force.
    pub fn lookup(&self, normalised: &[u8], reject_unsafe: bool) -> Option<Found<'_>> {
        match &self.0 {
            Rules::Fixed(map) => {
                let mount = map.lookup(normalised, reject_unsafe)?;
                Some(Found::Lasting(mount))
            }
            Rules::Following(file) => {
                let map = file.current.load();
                let mount = map.lookup(normalised, reject_unsafe)?;
                Some(Found::Held(Arc::clone(mount)))
            }
        }
    }

    /// The rules in force. Do not keep them over a wait.
    pub fn load(&self) -> impl Deref<Target = Arc<UriMap>> {
        match &self.0 {
            Rules::Fixed(map) => Loaded::Fixed(map),
            Rules::Following(file) => Loaded::Current(file.current.load()),
        }
    }

    /// The file, and how often it is looked at.
    pub fn file(&self) -> Option<(&Path, Duration)> {
        let file = self.followed()?;
        Some((&file.path, file.interval))
    }

    fn followed(&self) -> Option<&Followed> {
        match &self.0 {
            Rules::Fixed(_) => None,
            Rules::Following(file) => Some(file),
        }
    }

    /// Whether the file is to be looked at: one load and one look at the clock, for every request.
    pub fn is_due(&self, now: impl FnOnce() -> Instant) -> bool {
        let file = self.followed();
        file.is_some_and(|file| file.due(now).is_some())
    }

    /// Looks at the file if it is time for that and nobody else does; `None` when nothing came of it.
    pub fn check_if_due(&self, now: Instant) -> Option<Reload> {
        let file = self.followed()?;
        let due = file.due(|| now)?;
        // Who wins looks; the others go on with the rules in force, also while it lasts.
        file.next
            .compare_exchange(due, NEVER, Relaxed, Relaxed)
            .ok()?;
        let Some(watch) = file.try_watch() else {
            // Who looks has planned the next look or will do so; if it has, this is an early one.
            file.next.store(due, Relaxed);
            return None;
        };
        file.look(watch, file.moment(now))
    }

    /// Looks at the file now, whether or not it is time for that (M-25); who does so already is not
    /// waited for, because on a disk that hangs it takes for ever.
    pub fn check(&self) -> Option<Reload> {
        let file = self.followed()?;
        file.look(file.try_watch()?, file.moment(Instant::now()))
    }
}

/// A look at the file, at whose end the next one is planned, however it ends.
struct Planned<'a> {
    file: &'a Followed,
    watch: &'a mut Watch,
    now: Moment,
}

impl Drop for Planned<'_> {
    fn drop(&mut self) {
        self.file.plan(self.watch, self.now);
    }
}

impl Followed {
    fn look(&self, mut watch: MutexGuard<'_, Watch>, now: Moment) -> Option<Reload> {
        let plan = Planned {
            file: self,
            watch: &mut watch,
            now,
        };
        let state = match fs::metadata(&self.path) {
            Ok(state) if state.is_file() => Stamp::of(&state),
            Ok(_) => return plan.watch.failed(None, &self.path, NO_FILE),
            Err(error) => return plan.watch.failed(None, &self.path, &error.to_string()),
        };
        if !plan.watch.is_to_read(state, now) {
            return plan.watch.told_if_restless(&self.path, now);
        }
        match FileText::read(&self.path) {
            Ok(FileText { text, stamp }) if stamp == Some(state) => {
                plan.watch.was_read(state);
                self.take(&text, &self.path, state, plan.watch)
            }
            // It changed meanwhile: the next look finds it settled.
            Ok(_) => None,
            Err(error) => {
                let problem = format!("{error}; the user of the children must be able to read it");
                plan.watch.failed(Some(state), &self.path, &problem)
            }
        }
    }

    fn take(&self, text: &[u8], path: &Path, state: Stamp, watch: &mut Watch) -> Option<Reload> {
        let mut warnings = Vec::new();
        let name = path.to_string_lossy();
        let current = self.current.load_full();
        match current.with_file(text, &name, &mut warnings) {
            Ok(map) => {
                watch.is_in_force();
                let map = Arc::new(map);
                self.current.store(map.clone());
                Some(Reload::Read { map, warnings })
            }
            Err(error) => {
                let is_news = watch.is_news(Some(state), &error.to_string());
                is_news.then_some(Reload::Failed(error))
            }
        }
    }

    /// The right to look at the file, unless another thread has it.
    fn try_watch(&self) -> Option<MutexGuard<'_, Watch>> {
        match self.watch.try_lock() {
            Ok(watch) => Some(watch),
            Err(TryLockError::Poisoned(watch)) => Some(watch.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// When it was due, if it is.
    fn due(&self, now: impl FnOnce() -> Instant) -> Option<u64> {
        let due = self.next.load(Relaxed);
        let is_due = |now: Instant| due <= millis(now.saturating_duration_since(self.began));
        (due != NEVER && is_due(now())).then_some(due)
    }

    fn moment(&self, now: Instant) -> Moment {
        Moment {
            monotonic: now.saturating_duration_since(self.began),
            wall: SystemTime::now(),
        }
    }

    fn plan(&self, watch: &Watch, now: Moment) {
        let next = watch.next_look(now);
        let at = next.map_or(NEVER, |wait| millis(now.monotonic + wait));
        self.next.store(at, Relaxed);
    }
}

impl Watch {
    fn told_if_restless(&mut self, path: &Path, now: Moment) -> Option<Reload> {
        let problem = "it is written again and again; leave it alone for two seconds";
        let is_news = self.is_restless(now) && self.is_news(None, problem);
        let message = format!("{}: {problem}", path.display());
        is_news.then(|| Reload::Failed(ConfigError::new(None, message)))
    }

    /// M-22: the file cannot be read; an error unless that is known.
    fn failed(&mut self, state: Option<Stamp>, path: &Path, problem: &str) -> Option<Reload> {
        self.give_up();
        let is_news = self.is_news(state, problem);
        let message = format!("cannot read {}: {problem}", path.display());
        is_news.then(|| Reload::Failed(ConfigError::new(None, message)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests;
