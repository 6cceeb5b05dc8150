//! WASI 0.2, for runtimes that cannot do without: answers that give nothing away.
//!
//! The environment and the list of folders are empty, clocks and randomness are those of the contract, what is
//! written goes to the log, and there is nothing to read. Whatever else is called ends the call of the policy.

mod streams;

use super::{Call, HostState};
use crate::fault::Excess;
use std::fmt::Debug;
use streams::{InputStream, OutputStream, STDERR, STDOUT, Stream};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    ComponentNamedList, ComponentType, Lift, LinkerInstance, Lower, Resource, ResourceType,
};
use wasmtime::{Error, Result, StoreContextMut};

pub(super) use streams::Stdio;

/// The versions whose functions are the ones below.
const VERSION: &str = "0.2.";
/// What [`wall_clock_ms`] and [`monotonic_us`] tell apart, in nanoseconds.
const WALL_CLOCK_STEP: u32 = 1_000_000;
const MONOTONIC_STEP: u64 = 1_000;

/// Resources of WASI that a policy never gets to hold.
struct Descriptor;
struct Terminal;
struct Unknown;

/// A moment of the wall clock, as WASI has it.
#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Links one item of an imported interface of WASI, whose name is with its version.
pub(crate) fn link(
    at: &mut LinkerInstance<'_, HostState>,
    interface: &str,
    item: &str,
    kind: &ComponentItem,
) -> Result<()> {
    match kind {
        ComponentItem::ComponentFunc(_) => {
            if let Some((plain, version)) = interface.split_once('@')
                && version.starts_with(VERSION)
                && answered(at, item, &format!("{plain}.{item}"))?
            {
                return Ok(());
            }
            let name = format!("{interface}#{item}");
            at.func_new(item, move |_, _, _, _| {
                Err(Error::new(Excess::Wasi(name.clone())))
            })
        }
        ComponentItem::Resource(_) => at.resource(item, resource(item), |_, _| Ok(())),
        _ => Ok(()),
    }
}

fn resource(name: &str) -> ResourceType {
    match name {
        "input-stream" => ResourceType::host::<InputStream>(),
        "output-stream" => ResourceType::host::<OutputStream>(),
        "error" => ResourceType::host::<streams::IoError>(),
        "descriptor" => ResourceType::host::<Descriptor>(),
        "terminal-input" | "terminal-output" => ResourceType::host::<Terminal>(),
        _ => ResourceType::host::<Unknown>(),
    }
}

macro_rules! answers {
    ($at:expr, $item:expr, $wanted:expr, $($name:literal => $answer:expr,)*) => {
        match $wanted {
            $($name => { answer($at, $item, $name, $answer)?; true })*
            _ => false,
        }
    };
}

/// Links the function when it has an answer; whether it has.
fn answered(at: &mut LinkerInstance<'_, HostState>, item: &str, name: &str) -> Result<bool> {
    Ok(answers! { at, item, name,
        "wasi:cli/environment.get-environment" => |_, _, (): &()| Ok(Vec::<(String, String)>::new()),
        "wasi:cli/environment.get-arguments" => |_, _, (): &()| Ok(Vec::<String>::new()),
        "wasi:cli/environment.initial-cwd" => |_, _, (): &()| Ok(None::<String>),
        "wasi:filesystem/preopens.get-directories" =>
            |_, _, (): &()| Ok(Vec::<(Resource<Descriptor>, String)>::new()),
        "wasi:cli/stdin.get-stdin" => |_, _, (): &()| Ok(Resource::<InputStream>::new_own(0)),
        "wasi:cli/stdout.get-stdout" => |_, _, (): &()| Ok(Resource::<OutputStream>::new_own(STDOUT)),
        "wasi:cli/stderr.get-stderr" => |_, _, (): &()| Ok(Resource::<OutputStream>::new_own(STDERR)),
        "wasi:cli/terminal-stdin.get-terminal-stdin" => |_, _, (): &()| Ok(None::<Resource<Terminal>>),
        "wasi:cli/terminal-stdout.get-terminal-stdout" => |_, _, (): &()| Ok(None::<Resource<Terminal>>),
        "wasi:cli/terminal-stderr.get-terminal-stderr" => |_, _, (): &()| Ok(None::<Resource<Terminal>>),
        "wasi:clocks/wall-clock.now" => |_, call, (): &()| Ok(now(call)),
        "wasi:clocks/wall-clock.resolution" =>
            |_, _, (): &()| Ok(Datetime { seconds: 0, nanoseconds: WALL_CLOCK_STEP }),
        "wasi:clocks/monotonic-clock.now" => |_, call, (): &()| Ok(call.monotonic_us().wrapping_mul(MONOTONIC_STEP)),
        "wasi:clocks/monotonic-clock.resolution" => |_, _, (): &()| Ok(MONOTONIC_STEP),
        "wasi:random/random.get-random-bytes" => |state, call, bytes: &(u64,)| state.random_bytes(call, bytes.0),
        "wasi:random/random.get-random-u64" => |state, call, (): &()| Ok(call.random(state.random_number())),
        "wasi:random/insecure.get-insecure-random-bytes" => |state, call, bytes: &(u64,)| state.random_bytes(call, bytes.0),
        "wasi:random/insecure.get-insecure-random-u64" => |state, call, (): &()| Ok(call.random(state.random_number())),
        "wasi:random/insecure-seed.insecure-seed" =>
            |state, call, (): &()| Ok((call.random(state.random_number()), call.random(state.random_number()))),
        "wasi:io/streams.[method]output-stream.check-write" => |_, _, _: &Stream| streams::permit(),
        "wasi:io/streams.[method]output-stream.write" => HostState::write_lines,
        "wasi:io/streams.[method]output-stream.blocking-write-and-flush" => HostState::write_lines,
        "wasi:io/streams.[method]output-stream.flush" => |_, _, _: &Stream| streams::flushed(),
        "wasi:io/streams.[method]output-stream.blocking-flush" => |_, _, _: &Stream| streams::flushed(),
        "wasi:io/streams.[method]input-stream.read" => streams::nothing_to_read,
        "wasi:io/streams.[method]input-stream.blocking-read" => streams::nothing_to_read,
    })
}

fn answer<P, R>(
    at: &mut LinkerInstance<'_, HostState>,
    item: &str,
    name: &'static str,
    body: fn(&mut HostState, &Call<'_>, &P) -> Result<R>,
) -> Result<()>
where
    P: ComponentNamedList + Lift + Debug + 'static,
    R: Debug + 'static,
    (R,): ComponentNamedList + Lower,
{
    at.func_wrap(
        item,
        move |mut store: StoreContextMut<'_, HostState>, arguments: P| {
            let state = store.data_mut();
            let answer = state.call(name, &arguments, |state, call| {
                body(state, call, &arguments)
            });
            answer.map(|answer| (answer,))
        },
    )
}

fn now(call: &Call<'_>) -> Datetime {
    let millis = call.wall_clock_ms();
    let rest = u32::try_from(millis % 1000).unwrap_or_default();
    Datetime {
        seconds: millis / 1000,
        nanoseconds: rest * WALL_CLOCK_STEP,
    }
}

impl HostState {
    /// Random bytes, of the budget for copies.
    fn random_bytes(&mut self, call: &Call<'_>, length: u64) -> Result<Vec<u8>> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.budget.copy(length)?;
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let number = call.random(self.random_number()).to_le_bytes();
            let missing = length - bytes.len();
            bytes.extend(number.into_iter().take(missing));
        }
        Ok(bytes)
    }
}
