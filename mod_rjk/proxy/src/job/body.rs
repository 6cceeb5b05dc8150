//! The request body on its way from the client, kept as far as it may have to be sent again.

use super::downstream::{BrokenBody, Downstream};
use rjk_message::BodyQuota;

/// The request body, as far as it was read from the client.
#[derive(Debug, Default)]
pub struct BodySource {
    saved: Vec<u8>,
    used: usize,
    beyond: bool,
    /// The client failed before its first packet was whole.
    broken: Option<BrokenBody>,
}

impl BodySource {
    /// Starts over for another attempt.
    pub(crate) fn rewind(&mut self) {
        self.used = 0;
    }

    /// Whether the client was asked for any of it.
    pub(crate) fn has_begun(&self) -> bool {
        self.beyond || self.broken.is_some() || !self.saved.is_empty()
    }

    /// Whether the next bytes were read before, and wait for nobody.
    pub(crate) fn has_kept(&self) -> bool {
        self.used < self.saved.len()
    }

    /// Whether everything that was read is still at hand (BD-06, BD-07).
    pub fn is_repeatable(&self) -> bool {
        !self.beyond
    }

    /// Waits for the first `bytes` of the body, while nothing is held that others need. A client that
    /// fails now fails again when they are asked for.
    pub(crate) fn read_ahead(&mut self, bytes: usize, client: &mut dyn Downstream) {
        self.broken = self.eager(bytes, client).err();
    }

    /// Why the first packet could not be read ahead.
    pub(crate) fn broken_ahead(&self) -> Option<BrokenBody> {
        self.broken
    }

    /// The first `bytes` of the body; read once, kept for other attempts.
    pub(crate) fn eager(
        &mut self,
        bytes: usize,
        client: &mut dyn Downstream,
    ) -> Result<&[u8], BrokenBody> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let have = self.saved.len();
        if have < bytes {
            self.saved.resize(bytes, 0);
            let got = fill(&mut self.saved[have..], bytes - have, client);
            self.saved.truncate(have + got.unwrap_or(0));
            if got? < bytes - have {
                return Err(BrokenBody::SHORT);
            }
        }
        self.used = bytes;
        Ok(&self.saved[..bytes])
    }

    /// The next bytes: what was kept and not used in this attempt, then from the client, until
    /// `quota.at_least` are there or the body ends. They go to `from` in `packet`, which grows where it has
    /// to and is not cut behind them.
    pub(crate) fn next(
        &mut self,
        quota: BodyQuota,
        client: &mut dyn Downstream,
        from: usize,
        packet: &mut Vec<u8>,
    ) -> Result<usize, BrokenBody> {
        let most = from + quota.at_most;
        if packet.len() < most {
            packet.resize(most, 0);
        }
        let room = &mut packet[from..most];
        if quota.at_most == 0 {
            return Ok(0);
        }
        let kept = &self.saved[self.used..];
        if !kept.is_empty() {
            let n = kept.len().min(room.len());
            room[..n].copy_from_slice(&kept[..n]);
            self.used += n;
            return Ok(n);
        }
        self.beyond = true;
        fill(room, quota.at_least, client)
    }
}

/// Reads until `at_least` bytes are there or the body ends.
fn fill(
    buffer: &mut [u8],
    at_least: usize,
    client: &mut dyn Downstream,
) -> Result<usize, BrokenBody> {
    let mut got = 0;
    while got < at_least {
        match client.read_body(&mut buffer[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}
