//! What a policy can ask and do: the imports of the contract, an interface a file.

mod budget;
mod call;
mod lines;
mod members;
mod notes;
mod request;
mod sources;
mod store;
mod system;
pub(crate) mod wasi;

pub use call::Trace;
pub(crate) use call::{Call, Shared};
pub(crate) use lines::{log_limit, printable};

use crate::fault::Excess;
use crate::limits::{Limiter, MAX_SOURCES};
use crate::table::{SharedTables, Tables};
use crate::world::types;
use budget::Budget;
use call::with_call;
use rjk_balance::{Label, Question, Source, StoreSize};
use std::fmt::Debug;
use std::sync::Arc;
use wasmtime::{Error, Result};

/// The part of an instance that the host functions see.
pub(crate) struct HostState {
    pub(crate) limiter: Limiter,
    budget: Budget,
    random: u64,
    stdio: wasi::Stdio,
    sources: Vec<Source>,
    tables: Tables,
    /// What `reserve` asked for.
    reserved: Option<StoreSize>,
    /// Notes of the decision that is being made.
    pub(crate) notes: Notes,
    configured: bool,
}

/// What goes along with a decision.
#[derive(Clone, Copy, Default)]
pub(crate) struct Notes {
    pub(crate) token: u64,
    pub(crate) label: Label,
    pub(crate) retry_after: Option<u32>,
}

impl HostState {
    /// With so many bytes of memory; equal tables are shared with other instances.
    pub(crate) fn new(memory: usize, tables: Arc<SharedTables>) -> HostState {
        HostState {
            limiter: Limiter::new(memory),
            budget: Budget::default(),
            random: system::seed(),
            stdio: wasi::Stdio::default(),
            sources: Vec::new(),
            tables: Tables::new(tables),
            reserved: None,
            notes: Notes::default(),
            configured: false,
        }
    }

    /// Nothing is named or reserved from here on.
    pub(crate) fn set_configured(&mut self) {
        self.configured = true;
    }

    /// The store that `configure` asked for.
    pub(crate) fn store(&self) -> StoreSize {
        self.reserved.unwrap_or_default()
    }

    /// Gives the calls and copies of a new decision.
    pub(crate) fn refill(&mut self) {
        self.budget = Budget::default();
        self.notes = Notes::default();
    }

    /// One call of the host, which `body` answers.
    fn call<R: Debug>(
        &mut self,
        name: &'static str,
        arguments: &dyn Debug,
        body: impl FnOnce(&mut HostState, &Call<'_>) -> Result<R>,
    ) -> Result<R> {
        self.budget.spend()?;
        with_call(|call| {
            let answer = body(self, call);
            call.tell(name, arguments, &answer);
            answer
        })
    }

    /// The same, about the question.
    fn ask<R: Debug>(
        &mut self,
        name: &'static str,
        arguments: &dyn Debug,
        body: impl FnOnce(&mut HostState, &Question<'_>) -> Result<R>,
    ) -> Result<R> {
        self.call(name, arguments, |state, call| body(state, call.question()?))
    }

    /// The same, for what is made in `configure`.
    fn make<R: Debug>(
        &mut self,
        name: &'static str,
        arguments: &dyn Debug,
        body: impl FnOnce(&mut HostState) -> Result<R>,
    ) -> Result<R> {
        self.call(name, arguments, |state, _| match state.configured {
            false => body(state),
            true => Err(Error::new(Excess::Late(name))),
        })
    }

    fn add_source(&mut self, source: Source) -> Result<u32> {
        if self.sources.len() >= MAX_SOURCES {
            return Err(Error::new(Excess::Sources));
        }
        self.sources.push(source);
        Ok(crate::world::number(self.sources.len() - 1))
    }
}

/// Types alone need no host, the linker wants one.
impl types::Host for HostState {}
