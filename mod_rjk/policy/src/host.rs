//! What a policy can ask and do: the `host` interface.

use crate::clock::wall_clock_ms;
use crate::fault::Excess;
use crate::limits::{LOG_LINES_PER_SECOND, Limiter, MAX_CALLS, MAX_COPIED_BYTES, MAX_LOG_LINE};
use crate::table::{Table, Tables};
use crate::world::types::Source;
use crate::world::{Level, host, types};
use bstr::ByteSlice;
use rjk_balance::{Moment, PolicySlot, Question, RequestView};
use rjk_log::{Log, RateLimit, jk_log};
use scoped_tls_hkt::scoped_thread_local;
use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::Ordering::Relaxed;
use wasmtime::{Error, Result};

/// What the host functions of one call into a policy work with.
pub(crate) struct Call<'a> {
    /// None in `configure` and `observe`.
    pub(crate) question: Option<&'a Question<'a>>,
    pub(crate) log: &'a dyn Log,
    pub(crate) now: Moment,
    pub(crate) shared: Shared<'a>,
}

/// What all instances of a policy share.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) name: &'a str,
    pub(crate) slot: &'a PolicySlot,
    pub(crate) lines: &'a RateLimit,
}

// A store's data lives as long as the store, a request does not: the way to it is this thread.
scoped_thread_local!(static CALL: for<'a> &'a Call<'a>);

impl Call<'_> {
    /// Runs `body`, in which this is the call of this thread.
    pub(crate) fn scope<R>(&self, body: impl FnOnce() -> R) -> R {
        CALL.set(self, body)
    }
}

/// The limit for the log lines of one policy.
pub(crate) fn log_limit() -> RateLimit {
    RateLimit::new(LOG_LINES_PER_SECOND)
}

/// The part of an instance that the host functions see.
pub(crate) struct HostState {
    pub(crate) limiter: Limiter,
    calls_left: u32,
    copies_left: usize,
    /// The list of candidates was copied.
    listed: bool,
    random: u64,
    tables: Tables,
    configured: bool,
}

impl HostState {
    pub(crate) fn new(memory: usize) -> HostState {
        HostState {
            limiter: Limiter::new(memory),
            calls_left: MAX_CALLS,
            copies_left: MAX_COPIED_BYTES,
            listed: false,
            random: seed(),
            tables: Tables::default(),
            configured: false,
        }
    }

    /// No more tables from here on.
    pub(crate) fn set_configured(&mut self) {
        self.configured = true;
    }

    /// Gives the calls and copies of a new decision.
    pub(crate) fn refill(&mut self) {
        self.calls_left = MAX_CALLS;
        self.copies_left = MAX_COPIED_BYTES;
        self.listed = false;
    }

    /// Takes one call into the host off the budget.
    fn spend(&mut self) -> Result<()> {
        match self.calls_left.checked_sub(1) {
            Some(left) => {
                self.calls_left = left;
                Ok(())
            }
            None => Err(Error::new(Excess::Calls)),
        }
    }

    /// Takes what is about to be copied off the budget.
    fn copy(&mut self, bytes: usize) -> Result<()> {
        match self.copies_left.checked_sub(bytes) {
            Some(left) => {
                self.copies_left = left;
                Ok(())
            }
            None => Err(Error::new(Excess::Copies)),
        }
    }

    /// The text for the policy.
    fn text(&mut self, value: Cow<'_, [u8]>) -> Result<String> {
        self.copy(value.len())?;
        Ok(text(value))
    }

    /// The same in the place of its name.
    fn text_in(&mut self, name: String, value: Option<Cow<'_, [u8]>>) -> Result<Option<String>> {
        let Some(value) = value else { return Ok(None) };
        self.copy(value.len())?;
        Ok(Some(text_in(name, &value)))
    }

    fn question<R>(&mut self, ask: impl FnOnce(&Question<'_>) -> R) -> Result<R> {
        self.spend()?;
        question(ask)
    }

    fn request<R>(&mut self, ask: impl FnOnce(&dyn RequestView) -> R) -> Result<R> {
        self.question(|question| ask(question.request))
    }
}

/// Asks the question of this thread's call.
fn question<R>(ask: impl FnOnce(&Question<'_>) -> R) -> Result<R> {
    CALL.with(|call| match call.question {
        Some(question) => Ok(ask(question)),
        None => Err(Error::new(Excess::NoRequest)),
    })
}

/// Types alone need no host, the linker wants one.
impl types::Host for HostState {}

impl host::Host for HostState {
    fn method(&mut self) -> Result<String> {
        self.spend()?;
        question(|question| self.text(question.request.method().into()))?
    }

    fn path(&mut self) -> Result<String> {
        self.spend()?;
        question(|question| self.text(question.request.path().into()))?
    }

    fn query(&mut self) -> Result<Option<String>> {
        self.spend()?;
        question(|question| {
            let query = question.request.query();
            query.map(|query| self.text(query.into())).transpose()
        })?
    }

    fn header(&mut self, name: String) -> Result<Option<String>> {
        self.spend()?;
        question(|question| {
            let value = question.request.header(name.as_bytes());
            self.text_in(name, value)
        })?
    }

    fn cookie(&mut self, name: String) -> Result<Option<String>> {
        self.spend()?;
        question(|question| {
            let value = question.request.cookie(name.as_bytes());
            self.text_in(name, value)
        })?
    }

    fn client_address(&mut self) -> Result<String> {
        self.spend()?;
        question(|question| self.text(question.request.client_address()))?
    }

    fn tls(&mut self) -> Result<bool> {
        self.request(|request| request.tls())
    }

    fn server_name(&mut self) -> Result<String> {
        self.spend()?;
        question(|question| self.text(question.request.server_name()))?
    }

    fn table(&mut self, source: Source, texts: Vec<String>) -> Result<u32> {
        self.spend()?;
        if self.configured {
            return Err(Error::new(Excess::LateTable));
        }
        let number = self.tables.add(Table::new(source, texts));
        number.ok_or_else(|| Error::new(Excess::Tables))
    }

    fn look_up(&mut self, table: u32) -> Result<Option<u32>> {
        self.spend()?;
        match self.tables.get(table) {
            Some(table) => question(|question| table.look_up(question.request)),
            None => Err(Error::new(Excess::NoTable)),
        }
    }

    fn candidates(&mut self) -> Result<Vec<types::Candidate>> {
        self.spend()?;
        question(|question| {
            let list = question.candidates.list();
            if std::mem::replace(&mut self.listed, true) {
                self.copy(size_of_val(&list[..]))?;
            }
            Ok(list.iter().map(types::Candidate::from).collect())
        })?
    }

    fn is_candidate(&mut self, index: u32) -> Result<bool> {
        self.question(|question| {
            usize::try_from(index).is_ok_and(|index| question.candidates.contains(index))
        })
    }

    fn now_ms(&mut self) -> Result<u64> {
        self.spend()?;
        Ok(wall_clock_ms())
    }

    fn random(&mut self) -> Result<u64> {
        self.spend()?;
        Ok(splitmix(&mut self.random))
    }

    fn log(&mut self, level: Level, line: String) -> Result<()> {
        self.spend()?;
        CALL.with(|call| call.write(level, &line));
        Ok(())
    }

    fn counter_add(&mut self, key: u32, amount: u64) -> Result<u64> {
        self.spend()?;
        CALL.with(|call| call.shared.slot.add_to_counter(key, amount))
            .ok_or_else(|| Error::new(Excess::CounterKey))
    }
}

impl Call<'_> {
    fn write(&self, level: Level, line: &str) {
        let shared = &self.shared;
        // A line that nobody would see takes none of the budget.
        if !self.log.enabled(level.of_the_log()) {
            return;
        }
        if !shared.lines.allows(self.now.as_millis()) {
            shared.slot.lines_dropped.fetch_add(1, Relaxed);
            return;
        }
        let (name, line) = (shared.name, printable(line));
        match level {
            Level::Debug => jk_log!(self.log, Debug, "policy {name}: {line}"),
            Level::Info => jk_log!(self.log, Info, "policy {name}: {line}"),
            Level::Warn => jk_log!(self.log, Warn, "policy {name}: {line}"),
            Level::Error => jk_log!(self.log, Error, "policy {name}: {line}"),
        }
    }
}

impl Level {
    fn of_the_log(self) -> rjk_log::Level {
        match self {
            Level::Debug => rjk_log::Level::Debug,
            Level::Info => rjk_log::Level::Info,
            Level::Warn => rjk_log::Level::Warn,
            Level::Error => rjk_log::Level::Error,
        }
    }
}

/// One line of at most [`MAX_LOG_LINE`] bytes: what a policy writes must not look like two.
pub(crate) fn printable(line: &str) -> String {
    let cut = line.floor_char_boundary(MAX_LOG_LINE);
    line.chars()
        .scan(cut, |left, letter| {
            *left = left.checked_sub(letter.len_utf8())?;
            Some(if letter.is_control() { ' ' } else { letter })
        })
        .collect()
}

fn text(bytes: Cow<'_, [u8]>) -> String {
    match bytes {
        Cow::Borrowed(bytes) => bytes.to_str_lossy().into_owned(),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().to_str_lossy().into_owned()),
    }
}

/// The text in the place of another, whose memory is used again: most values are short, and every
/// request would pay for new memory.
fn text_in(mut place: String, bytes: &[u8]) -> String {
    place.clear();
    place.push_str(&bytes.to_str_lossy());
    place
}

/// A start for [`splitmix`] that differs between instances, and between children of one parent.
fn seed() -> u64 {
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
