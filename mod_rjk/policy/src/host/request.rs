//! Interface `request`.

use super::HostState;
use super::call::with_call;
use crate::text::{text, text_in};
use crate::world::request;
use bstr::BStr;
use rjk_balance::RequestView;
use std::borrow::Cow;
use wasmtime::Result;

impl HostState {
    /// A text for the policy.
    pub(super) fn copied(&mut self, value: Cow<'_, [u8]>) -> Result<String> {
        self.budget.copy(value.len())?;
        Ok(text(value))
    }

    fn request_text(
        &mut self,
        name: &'static str,
        read: impl for<'r> FnOnce(&'r dyn RequestView) -> Cow<'r, [u8]>,
    ) -> Result<String> {
        self.ask(name, &(), |state, question| {
            state.copied(read(question.request))
        })
    }

    /// A text that has a name: the memory of the name is used again for it.
    fn named(
        &mut self,
        function: &'static str,
        name: String,
        read: impl for<'r> FnOnce(&'r dyn RequestView, &[u8]) -> Option<Cow<'r, [u8]>>,
    ) -> Result<Option<String>> {
        self.budget.spend()?;
        with_call(|call| {
            let value = read(call.question()?.request, name.as_bytes());
            let heard = value.as_deref().map(BStr::new);
            call.tell(function, &name, &Ok(heard));
            let Some(value) = value else { return Ok(None) };
            self.budget.copy(value.len())?;
            Ok(Some(text_in(name, &value)))
        })
    }
}

impl request::Host for HostState {
    fn method(&mut self) -> Result<String> {
        self.request_text("request.method", |request| request.method().into())
    }

    fn path(&mut self) -> Result<String> {
        self.request_text("request.path", |request| request.path().into())
    }

    fn query(&mut self) -> Result<Option<String>> {
        self.ask("request.query", &(), |state, question| {
            let query = question.request.query();
            query.map(|query| state.copied(query.into())).transpose()
        })
    }

    fn header(&mut self, name: String) -> Result<Option<String>> {
        self.named("request.header", name, |request, name| request.header(name))
    }

    fn cookie(&mut self, name: String) -> Result<Option<String>> {
        self.named("request.cookie", name, |request, name| request.cookie(name))
    }

    fn client_address(&mut self) -> Result<String> {
        self.request_text("request.client-address", |request| request.client_address())
    }

    fn tls(&mut self) -> Result<bool> {
        self.ask("request.tls", &(), |_, question| Ok(question.request.tls()))
    }

    fn server_name(&mut self) -> Result<String> {
        self.request_text("request.server-name", |request| request.server_name())
    }
}
