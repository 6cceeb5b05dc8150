//! One exchange of a contact on one connection, and what becomes of the connection.

use super::contact::Contact;
use crate::clock::now;
use crate::exchange::limits::Limits;
use crate::exchange::packet_log::PacketLog;
use crate::exchange::protocol::{self, Codec, Rest};
use crate::exchange::pump::{Ending, Finished, Pump};
use crate::job::failure::{Cause, Failure, Fault, Phase};
use crate::job::switched::Switched;
use crate::job::{Forwarding, Heard, Served, Target};
use crate::way::connection::Connection;
use crate::way::pool::Checkout;
use bstr::ByteSlice;
use rjk_log::{Log, RateLimit, jk_log};
use std::io;
use std::time::{Duration, Instant};

impl Contact {
    pub(super) fn exchange(
        &self,
        mut connection: Box<Connection>,
        checkout: &mut Checkout<'_>,
        job: &mut Forwarding<'_>,
        target: Target<'_>,
        head: &[u8],
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        let before = connection.take_traffic();
        let result = self.transfer(&mut connection, job, target, head, log);
        let moved = connection.take_traffic();
        job.heard.spoke = moved.read > 0;
        job.traffic.sent += before.sent + moved.sent;
        job.traffic.read += before.read + moved.read;
        let finished = match result {
            Ok(finished) => finished,
            Err(failure) => {
                self.leave(*connection, &failure);
                return Err(failure);
            }
        };
        if let Ending::Switched(agreed) = finished.ending {
            job.switched = Some(Box::new(Switched {
                worker: self.spec().name.clone(),
                connection: *connection,
                agreed: *agreed,
                afterwards: None,
            }));
        } else if self.may_be_reused(&mut connection, &finished.ending, log)
            && !job.request.options.disable_reuse
        {
            checkout.keep(connection);
        }
        Ok(finished.served)
    }

    /// Sends the request, and the response to the client.
    pub(super) fn transfer(
        &self,
        connection: &mut Connection,
        job: &mut Forwarding<'_>,
        target: Target<'_>,
        head: &[u8],
        log: &dyn Log,
    ) -> Result<Finished, Failure> {
        let request = job.request;
        let mut codec = Codec::new(job, self.spec());
        let limits = Limits::new(request, self.spec());
        job.body.rewind();
        job.heard = Heard::default();
        let packets = PacketLog::new(self.spec().name.as_bstr(), log);
        let eager = codec.eager_body().unwrap_or(0);
        packets.request(&request.forward, head.len(), eager);
        let refused = self.send(connection, &mut codec, job, head, limits)?;
        if !request.is_safe() {
            job.heard.sent_at = Some(Instant::now());
        }
        Pump {
            refused,
            spec: self.spec(),
            packets,
            connection,
            codec,
            job,
            cookie: target.cookie,
            limits,
            kept_waiting: Duration::ZERO,
            read_at: None,
            wait: None,
            out_of_step: false,
            packet: Vec::new(),
        }
        .run()
    }

    /// Whether the connection is in step with the worker after a whole response (SV-06, PL-09).
    fn may_be_reused(&self, connection: &mut Connection, ending: &Ending, log: &dyn Log) -> bool {
        let why = match ending {
            Ending::Reusable => {
                return match protocol::swallow(connection, self.spec()) {
                    Rest::Answer(bytes) => {
                        self.warn_of_rest(bytes, "behind the end of its answer", log);
                        false
                    }
                    rest => rest == Rest::Quiet,
                };
            }
            Ending::Close if self.spec().way.http().is_none() => "END_RESPONSE does not allow it",
            // What HTTP servers do after so many requests.
            Ending::Close | Ending::Switched(_) => return false,
            Ending::WantsTls => {
                self.tell_of_tls(log);
                return false;
            }
            Ending::OutOfStep => "it answered without the body data that it had asked for",
        };
        jk_log!(
            log,
            Warn,
            "worker {}: the connection is not used again: {why}",
            self.spec().name
        );
        false
    }

    /// The worker's answer is about the way it was asked. Its clients get it, and can make nothing of it:
    /// said loudly, but once a second.
    fn tell_of_tls(&self, log: &dyn Log) {
        static LINES: RateLimit = RateLimit::new(1);
        if self.spec().way.tls().is_none() && LINES.allows(now().as_millis()) {
            jk_log!(
                log,
                Error,
                "worker {} answers 400: its port is for TLS and is asked in clear text; set tls of the worker in rjk.toml, or port to a connector without TLS",
                self.spec().name
            );
        }
    }

    /// Closes a connection in the middle of an exchange: in order when the client failed and Tomcat
    /// may go on, unless it is to notice (RO-03).
    fn leave(&self, connection: Connection, failure: &Failure) {
        let abrupt = self.spec().recovery_options.abort_on_client_error();
        if failure.fault() == Fault::Client && !abrupt {
            connection.close_in_order();
        }
    }

    /// Sends the head and the first part of the body in one go (BD-01). What it returns is why the worker
    /// took no more of the body, where that may be because it has answered.
    fn send(
        &self,
        connection: &mut Connection,
        codec: &mut Codec,
        job: &mut Forwarding<'_>,
        head: &[u8],
        limits: Limits,
    ) -> Result<Option<Failure>, Failure> {
        let Some(bytes) = codec.eager_body() else {
            let sent = connection.send(head, limits.send());
            return match sent {
                Ok(()) => Ok(None),
                Err((taken, error)) => Err(self.unsent(job, taken, error)),
            };
        };
        let first = match job.body.eager(bytes, job.downstream) {
            Ok(first) => first,
            Err(broken) => {
                // BD-08: Tomcat learns that the body is broken, the connection is not used again.
                let parts = [head, codec.broken_body(), b""];
                let _ = connection.send_parts(parts, limits.send());
                return Err(Failure::last(Phase::Send, Cause::ClientRead(broken)));
            }
        };
        let frame = codec.begin(first);
        let frame = frame.as_ref().map_or(&[][..], |frame| frame);
        match connection.send_parts([head, frame, first], limits.send()) {
            Ok(()) => Ok(None),
            Err((taken, error)) => {
                let failure = self.unsent(job, taken, error);
                let has_head = taken >= head.len() && codec.answers_early();
                if has_head {
                    Ok(Some(failure))
                } else {
                    Err(failure)
                }
            }
        }
    }

    fn unsent(&self, job: &Forwarding<'_>, taken: usize, error: io::Error) -> Failure {
        let retry = taken == 0 || job.may_repeat(self.spec(), Phase::Send);
        let failure = Failure::new(Phase::Send, Cause::Send(error), retry);
        failure.unless_refused(job.is_whole())
    }
}
