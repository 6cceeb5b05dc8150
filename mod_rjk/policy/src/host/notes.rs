//! Interface `notes`.

use super::HostState;
use crate::world::notes;
use rjk_balance::Label;
use wasmtime::Result;

impl notes::Host for HostState {
    fn token(&mut self, token: u64) -> Result<()> {
        self.ask("notes.token", &token, |state, _| {
            state.notes.token = token;
            Ok(())
        })
    }

    fn label(&mut self, text: String) -> Result<()> {
        self.ask("notes.label", &text, |state, _| {
            state.notes.label = Label::new(&text);
            Ok(())
        })
    }

    fn retry_after(&mut self, seconds: u32) -> Result<()> {
        self.ask("notes.retry-after", &seconds, |state, _| {
            state.notes.retry_after = Some(seconds);
            Ok(())
        })
    }
}
