//! The request body on its way to the worker: asked for, or pushed.

use super::protocol::Codec;
use super::pump::{Pump, SLOW_CLIENT, phase};
use crate::job::downstream::BrokenBody;
use crate::job::failure::{Cause, Failure, Phase};
use crate::way::connection::Sent;
use rjk_message::BodyQuota;
use std::io;
use std::ops::Range;
use std::time::Instant;

/// A part of the request body on its way.
#[derive(Default)]
pub(super) struct Outgoing {
    /// It begins with room for what frames it.
    pub(super) packet: Vec<u8>,
    /// What of `packet` is still to be sent.
    pub(super) left: Range<usize>,
    /// The worker takes no more, and may yet say why.
    pub(super) refused: Option<Failure>,
}

impl Pump<'_, '_> {
    /// Answers GET_BODY_CHUNK (BD-04, BD-05).
    pub(super) fn send_body(&mut self, quota: BodyQuota) -> Result<(), Failure> {
        let mut packet = std::mem::take(&mut self.packet);
        let got = self.read_body(quota, Codec::ROOM, &mut packet)?;
        if got == 0 {
            let end = self.codec.end_body();
            return self.send(end);
        }
        let limit = self.limits.send();
        let bytes = self.codec.seal_part(&mut packet[..Codec::ROOM + got]);
        let sent = self.connection.send(bytes, limit);
        self.packet = packet;
        sent.map_err(|(_, error)| self.send_failure(error))
    }

    /// Sends a part of the body that nobody asked for, as far as the worker takes it; whatever it says
    /// meanwhile comes first.
    pub(super) fn push(&mut self, outgoing: &mut Outgoing) -> Result<(), Failure> {
        while !outgoing.left.is_empty() {
            let bytes = &outgoing.packet[outgoing.left.clone()];
            match self.connection.send_or_hear(bytes, self.limits.send()) {
                Ok(Sent::Bytes(sent)) => {
                    outgoing.left.start += sent;
                    // The worker's time begins when it has what it answers.
                    self.wait = None;
                }
                Ok(Sent::Heard) => return Ok(()),
                Err(error) => {
                    outgoing.refused = Some(self.send_failure(error));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Takes the next part of the body from the client.
    pub(super) fn fill(
        &mut self,
        quota: BodyQuota,
        outgoing: &mut Outgoing,
    ) -> Result<(), Failure> {
        // From now on it is not the client alone that takes its time.
        self.read_at = None;
        let packet = &mut outgoing.packet;
        let got = self.read_body(quota, Codec::ROOM, packet)?;
        packet.truncate(Codec::ROOM + got);
        if got == 0 {
            let end = self.codec.end_body();
            // It ended before the length that the worker was told: nothing can make that good.
            if self.codec.push().is_some() {
                let cause = Cause::ClientRead(BrokenBody::SHORT);
                return Err(Failure::last(phase(&self.codec), cause));
            }
            packet.clear();
            packet.extend_from_slice(end);
            outgoing.left = 0..packet.len();
            return Ok(());
        }
        let length = self.codec.seal(packet).len();
        outgoing.left = packet.len() - length..packet.len();
        Ok(())
    }

    /// Puts a part of the body at `from` into a packet, whose length says nothing of it: it is not cut, so
    /// that the next part does not find it zeroed again.
    fn read_body(
        &mut self,
        quota: BodyQuota,
        from: usize,
        packet: &mut Vec<u8>,
    ) -> Result<usize, Failure> {
        let began = Instant::now();
        let got = self
            .job
            .body
            .next(quota, self.job.downstream, from, packet)
            .map_err(|broken| Failure::last(phase(&self.codec), Cause::ClientRead(broken)))?;
        self.kept_waiting = self.kept_waiting.max(began.elapsed());
        self.packets.body(got);
        Ok(got)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let limit = self.limits.send();
        let sent = self.connection.send(bytes, limit);
        sent.map_err(|(_, error)| self.send_failure(error))
    }

    pub(super) fn send_failure(&self, error: io::Error) -> Failure {
        let late = error.kind() == io::ErrorKind::TimedOut;
        let cause = if !late && self.kept_waiting >= SLOW_CLIENT {
            Cause::KeptWaiting(self.kept_waiting)
        } else {
            Cause::Send(error)
        };
        let retry = self.job.may_repeat(self.spec, phase(&self.codec));
        let failure = Failure::new(Phase::Send, cause, retry);
        failure.unless_refused(self.job.is_whole())
    }
}
