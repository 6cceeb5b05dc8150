//! Interface `sources`.

use super::HostState;
use crate::fault::Excess;
use crate::table::{Matching, Table};
use crate::world::sources;
use rjk_balance::Source;
use wasmtime::{Error, Result};
use xxhash_rust::xxh64::xxh64;

impl HostState {
    fn named_source(&self, number: u32) -> Result<&Source> {
        let place = usize::try_from(number).ok();
        let source = place.and_then(|place| self.sources.get(place));
        source.ok_or_else(|| Error::new(Excess::NoSource(number)))
    }
}

impl sources::Host for HostState {
    fn source(&mut self, kind: u32, name: String) -> Result<u32> {
        self.make("sources.source", &(kind, &name), |state| {
            let source = Source::of(kind, &name).map_err(|why| Error::new(Excess::Source(why)))?;
            state.add_source(source)
        })
    }

    fn text(&mut self, source: u32) -> Result<Option<String>> {
        self.ask("sources.text", &source, |state, question| {
            let value = state.named_source(source)?.read(question.request);
            value.map(|value| state.copied(value)).transpose()
        })
    }

    fn hash(&mut self, source: u32, seed: u64) -> Result<Option<u64>> {
        self.ask("sources.hash", &(source, seed), |state, question| {
            let source = state.named_source(source)?;
            let value = source.read(question.request);
            let own = value.map(|value| xxh64(&value, seed));
            let tape = question.request.tape();
            Ok(tape.map_or(own, |tape| tape.hash(source, seed, own)))
        })
    }

    fn table(&mut self, source: u32, matching: u32, texts: Vec<String>) -> Result<u32> {
        self.make("sources.table", &(source, matching, texts.len()), |state| {
            let matching = Matching::of(matching).ok_or(Excess::Matching(matching))?;
            let table = Table::new(state.named_source(source)?.clone(), matching, texts);
            let number = state.tables.add(table);
            number.ok_or_else(|| Error::new(Excess::Tables))
        })
    }

    fn look_up(&mut self, table: u32) -> Result<Option<u32>> {
        self.ask("sources.look-up", &table, |state, question| {
            match state.tables.get(table) {
                Some(table) => Ok(table.look_up(question.request)),
                None => Err(Error::new(Excess::NoTable)),
            }
        })
    }
}
