//! A worker that says no more for the moment. In AJP an application's flush is a packet of its own; in HTTP
//! it only shows in what the worker sent before it fell silent.

use super::pump::Pump;
use super::response::Response;
use crate::job::downstream::Then;
use crate::job::failure::Failure;
use crate::way::connection::Look;
use std::time::Instant;

impl Pump<'_, '_> {
    /// Before a wait for the worker or for the client: what the client has not seen of the answer goes to
    /// it, unless the worker says more at once. Whether it did.
    pub(super) fn more_at_once(&mut self, response: &mut Response) -> Result<bool, Failure> {
        if !self.codec.hides_flushes() || !response.lags() {
            return Ok(false);
        }
        match self.connection.look() {
            Look::Spoke => return Ok(true),
            // The read that follows finds it out, and knows what it means.
            Look::Ended => return Ok(false),
            Look::Quiet => {}
        }
        let began = Instant::now();
        response.deliver(&[], Then::Flush, self.job, self.cookie)?;
        self.kept_waiting = self.kept_waiting.max(began.elapsed());
        Ok(false)
    }
}
