//! What follows the answer of a worker that changes protocols.

use super::packet_log::PacketLog;
use crate::job::failure::{Cause, Failure, Phase};
use crate::job::switched::{Agreed, Switched};
use crate::job::{Forwarding, Served};
use crate::tunnel::TunnelEnding;
use bstr::ByteSlice;
use rjk_log::Log;

/// Leaves the connection to client and worker, until one of them is done with it.
///
/// # Errors
/// The client cannot be told, and saw nothing.
pub(crate) fn join(
    switched: Switched,
    job: &mut Forwarding<'_>,
    log: &dyn Log,
) -> Result<Served, Failure> {
    let Switched {
        worker,
        mut connection,
        agreed: Agreed { head, admission },
        afterwards,
    } = switched;
    job.started = true;
    let limits = admission.limits;
    let tunnelled = job.downstream.tunnel(&head, &mut connection, limits);
    let packets = PacketLog::new(worker.as_bstr(), log);
    packets.tunnelled(&tunnelled);
    if let Some(afterwards) = afterwards {
        afterwards.moved(connection.take_traffic());
    }
    match tunnelled.ending {
        TunnelEnding::Refused(why) => Err(Failure::last(Phase::Receive, Cause::NoTunnel(why))),
        _ => Ok(Served::Response {
            status: head.status(),
        }),
    }
}
