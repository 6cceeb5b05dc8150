//! Two files that all children write, in turn.

use crate::head::Head;
use crate::line::{decision, outcome};
use crate::secret::Key;
use rjk_balance::record::{Recorded, Recorder};
use rjk_balance::{Membership, Moment, Observation};
use rjk_log::{Log, jk_log};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::SystemTime;

/// Words of shared memory that a record has; all zero is a valid start.
pub const SHARED_WORDS: usize = 8;
/// Index of the word that says which file is written: its turn, and the process that is about to begin the
/// next one.
const TURN: usize = 0;
/// Index of the words with the sizes of the files.
const SIZES: usize = 1;
/// Index of the number of the next decision.
const NEXT: usize = 3;
/// Index of the word that is 1 while nothing can be written.
const FAILING: usize = 4;
/// Index of the word that is 1 while a file is full and the other one cannot be emptied.
const FULL: usize = 5;
/// A file may be that much larger before another child takes over from one that died while it switched, and
/// before lines are dropped because the other file cannot be emptied.
const MARGIN: u64 = 1 << 20;
const MILLION: u64 = 1_000_000;

/// How decisions are recorded.
#[derive(Clone, Debug)]
pub struct Settings {
    /// FILE; the other is FILE.1.
    pub file: PathBuf,
    /// Share of the requests in millionths.
    pub sample_ppm: u32,
    /// Bytes of each file.
    pub max_bytes: u64,
    /// Texts of requests stand there as they are.
    pub plain: bool,
    /// The policy; empty for none.
    pub policy: String,
    /// [`rjk_balance::RoutingPolicy::version`] of it.
    pub version: u64,
}

/// Writes decisions. Made by the parent before there are children, who inherit the open files.
#[derive(Debug)]
pub struct FileRecorder {
    settings: Settings,
    files: [File; 2],
    /// Device and inode of each.
    identities: [[u64; 2]; 2],
    shared: &'static [AtomicU64],
    key: Key,
    /// Tells lines of this start from those of others.
    run: String,
    /// The turn in which, and the membership of which, this process wrote a head last.
    headed: AtomicU64,
    /// Requests that this process was asked about.
    asked: AtomicU64,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The server's user may be root, and who can put a link there is not.
    #[error("{0} is a symbolic link, which is not followed; name the file that it leads to")]
    Link(PathBuf),
    /// Folders, devices, pipes.
    #[error("{0} is no regular file; name another one")]
    Irregular(PathBuf),
    /// It cannot be looked at, made or opened.
    #[error("{0}: {1}; name a file in a folder that the server's user can write to")]
    Io(PathBuf, io::Error),
    /// Less than [`SHARED_WORDS`].
    #[error("there is no memory for it")]
    Memory,
}

/// Looks whether what stands at FILE and FILE.1 can be a record, and makes nothing.
///
/// # Errors
/// It is no regular file.
pub fn check(file: &Path) -> Result<(), OpenError> {
    [file, &second(file)].into_iter().try_for_each(check_one)
}

fn check_one(path: &Path) -> Result<(), OpenError> {
    let about = match path.symlink_metadata() {
        Ok(about) => about,
        // What opening will say.
        Err(_) => return Ok(()),
    };
    if about.is_symlink() {
        return Err(OpenError::Link(path.to_owned()));
    }
    match about.is_file() {
        true => Ok(()),
        false => Err(OpenError::Irregular(path.to_owned())),
    }
}

/// Opens both files; they are made if need be, readable for their owner alone. `shared` has
/// [`SHARED_WORDS`] words.
///
/// # Errors
/// A file cannot be made or is no regular file.
pub fn open(settings: Settings, shared: &'static [AtomicU64]) -> Result<FileRecorder, OpenError> {
    if shared.len() < SHARED_WORDS {
        return Err(OpenError::Memory);
    }
    let paths = [settings.file.clone(), second(&settings.file)];
    let (first, other) = (open_one(&paths[0])?, open_one(&paths[1])?);
    // Goes on with the younger one.
    let younger = other.bytes > 0 && other.changed > first.changed;
    for (place, opened) in [&first, &other].into_iter().enumerate() {
        shared[SIZES + place].store(opened.bytes, Relaxed);
    }
    // Another folder may be named now: what is still so is told again.
    shared[FULL].store(0, Relaxed);
    let _ = shared[TURN].compare_exchange(0, turn(2 + u64::from(younger), 0), AcqRel, Relaxed);
    let key = Key::random();
    Ok(FileRecorder {
        run: key.hash(b"run").chars().take(8).collect(),
        settings,
        identities: [first.identity, other.identity],
        files: [first.file, other.file],
        shared,
        key,
        headed: AtomicU64::new(0),
        asked: AtomicU64::new(0),
    })
}

/// FILE.1.
pub(crate) fn second(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

struct Opened {
    file: File,
    bytes: u64,
    changed: SystemTime,
    /// Device and inode.
    identity: [u64; 2],
}

fn open_one(path: &Path) -> Result<Opened, OpenError> {
    check_one(path)?;
    let failed = |error| OpenError::Io(path.to_owned(), error);
    // What it is may have changed since.
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
        .map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(OpenError::Irregular(path.to_owned()));
    }
    Ok(Opened {
        bytes: about.len(),
        changed: about.modified().map_err(failed)?,
        identity: [about.dev(), about.ino()],
        file,
    })
}

fn turn(number: u64, switching: u32) -> u64 {
    number << 32 | u64::from(switching)
}

impl FileRecorder {
    /// Whether another one writes to one of the same files, by whatever name.
    pub fn shares_a_file_with(&self, other: &FileRecorder) -> bool {
        let ours = &self.identities;
        other.identities.iter().any(|theirs| ours.contains(theirs))
    }

    fn head(&self, membership: &Membership) -> Head {
        Head {
            id: format!("{}-{:016x}", self.run, membership.stamp()),
            key: self.key,
            plain: self.settings.plain,
            policy: self.settings.policy.clone(),
            version: self.settings.version,
            membership: Arc::new(membership.clone()),
        }
    }

    /// Writes a line, behind its head where this process has not yet written that into this file.
    fn write(&self, line: &str, head: Option<&Head>, log: &dyn Log) {
        let Some(now) = self.turn_for(line.len() as u64, log) else {
            return;
        };
        let headed = head.map(|head| (now >> 32).wrapping_mul(31) ^ head.membership.stamp() | 1);
        let is_new = headed.is_some_and(|headed| self.headed.swap(headed, Relaxed) != headed);
        let text = match head.filter(|_| is_new) {
            Some(head) => head.to_line() + line,
            None => line.to_owned(),
        };
        self.size(now).fetch_add(text.len() as u64, Relaxed);
        // One call: lines of others cannot come in between.
        let written = (&self.files[place(now)]).write(text.as_bytes());
        let missing = text.len() - written.as_ref().map_or(0, |count| *count);
        let whole = written.and_then(|_| match missing {
            0 => Ok(()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        });
        if missing > 0 {
            self.shrink(now, missing as u64);
        }
        if whole.is_err() && is_new {
            self.headed.store(0, Relaxed);
        }
        self.tell(whole, log);
    }

    /// What was not written takes no room: else a full disk would fill the files in name alone, and each
    /// turn would empty one of what was recorded before.
    fn shrink(&self, turn: u64, bytes: u64) {
        let less = |size: u64| Some(size.saturating_sub(bytes));
        // The function never declines.
        let _ = self.size(turn).fetch_update(Relaxed, Relaxed, less);
    }

    /// A failure is told once, and so is its end.
    fn tell(&self, whole: io::Result<()>, log: &dyn Log) {
        let (failing, file) = (&self.shared[FAILING], self.settings.file.display());
        match whole {
            Err(error) => {
                if failing.swap(1, Relaxed) == 0 {
                    jk_log!(
                        log,
                        Warn,
                        "record {file} cannot be written: {error}; decisions go on, and are recorded \
                         again as soon as it can"
                    );
                }
            }
            Ok(()) if failing.load(Relaxed) != 0 => {
                if failing.swap(0, Relaxed) != 0 {
                    jk_log!(log, Info, "record {file} is written again");
                }
            }
            Ok(()) => {}
        }
    }

    /// The turn in which there is room for so many bytes; none where the file is full and the other one
    /// cannot be emptied.
    fn turn_for(&self, bytes: u64, log: &dyn Log) -> Option<u64> {
        let now = self.shared[TURN].load(Acquire);
        let after = |turn| self.size(turn).load(Relaxed).saturating_add(bytes);
        if after(now) <= self.settings.max_bytes {
            return Some(now);
        }
        let most = self.settings.max_bytes.saturating_add(MARGIN);
        let next = match self.next_turn(now, after(now) > most) {
            Ok(next) => next,
            Err(error) if after(now) > most => {
                self.tell_full(&error, log);
                return None;
            }
            // One that is full already takes no shorter line either: it would be told each time.
            Err(_) => now,
        };
        if next >> 32 != now >> 32 {
            self.tell_emptied(log);
        }
        let is_full = self.shared[FULL].load(Relaxed) != 0 || after(next) > most;
        (!is_full).then_some(next)
    }

    /// Has the other file begin anew; gives the turn that is then. The child that gets the turn's word
    /// does it, the others write on where they are; if it died meanwhile (`is_stuck`), another one takes over.
    fn next_turn(&self, now: u64, is_stuck: bool) -> io::Result<u64> {
        let (number, switching) = (now >> 32, now & 0xffff_ffff);
        if switching != 0 && !is_stuck {
            return Ok(now);
        }
        let mine = turn(number, std::process::id());
        let got = self.shared[TURN].compare_exchange(now, mine, AcqRel, Relaxed);
        if got.is_err() {
            return Ok(self.shared[TURN].load(Acquire));
        }
        let next = turn(number + 1, 0);
        if let Err(error) = self.files[place(next)].set_len(0) {
            // Whoever took over meanwhile goes on.
            let _ = self.shared[TURN].compare_exchange(mine, turn(number, 0), AcqRel, Relaxed);
            return Err(error);
        }
        self.size(next).store(0, Relaxed);
        match self.shared[TURN].compare_exchange(mine, next, AcqRel, Acquire) {
            Ok(_) => Ok(next),
            Err(other) => Ok(other),
        }
    }

    /// Told once, as its end is.
    fn tell_full(&self, error: &io::Error, log: &dyn Log) {
        if self.shared[FULL].swap(1, Relaxed) == 0 {
            jk_log!(
                log,
                Warn,
                "record {} is full, and the other of its two files cannot be emptied: {error}; decisions go \
                 on and are not recorded; name a file in a folder where httpd may write and not only append \
                 (for SELinux one of type httpd_sys_rw_content_t, not httpd_log_t)",
                self.settings.file.display()
            );
        }
    }

    fn tell_emptied(&self, log: &dyn Log) {
        if self.shared[FULL].load(Relaxed) != 0 && self.shared[FULL].swap(0, Relaxed) != 0 {
            let file = self.settings.file.display();
            jk_log!(log, Info, "record {file} has room again, and is written");
        }
    }

    fn size(&self, turn: u64) -> &'static AtomicU64 {
        &self.shared[SIZES + place(turn)]
    }
}

fn place(turn: u64) -> usize {
    usize::from(turn >> 32 & 1 == 1)
}

impl Recorder for FileRecorder {
    fn wants(&self) -> bool {
        let ppm = u64::from(self.settings.sample_ppm);
        if ppm >= MILLION {
            return true;
        }
        let number = self.asked.fetch_add(1, Relaxed);
        mixed(number ^ u64::from(std::process::id()) << 32) % MILLION < ppm
    }

    fn decision(&self, recorded: &Recorded<'_>, log: &dyn Log) -> u64 {
        let id = self.shared[NEXT].fetch_add(1, Relaxed);
        let head = self.head(recorded.membership);
        self.write(&decision(recorded, id, &head), Some(&head), log);
        id
    }

    fn outcome(&self, decision: u64, observation: &Observation, now: Moment, log: &dyn Log) {
        let line = outcome(observation, decision, now.as_millis(), &self.run);
        self.write(&line, None, log);
    }
}

/// `SplitMix64`'s mixing, Steele, Lea and Flood 2014.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
impl FileRecorder {
    /// Writes into another first or second file; the one that it was.
    pub(crate) fn exchange(&mut self, place: usize, file: File) -> File {
        std::mem::replace(&mut self.files[place], file)
    }
}
