//! An ajp13 worker of this process: its configuration bound to its slot and its record.

use crate::overlay::codec::decode;
use crate::overlay::{EndpointOverlay, laid};
use crate::shared::control::Control;
use crate::shared::ledger::Column;
use crate::shared::record::AjpRecord;
use crate::shared::segment::Slots;
use crate::shared::slot::AjpSlot;
use crate::shared::topology::{Topology, UnknownWorker};
use bstr::{BStr, ByteSlice};
use rjk_config::model::AjpSpec;
use std::net::SocketAddr;

/// An ajp13 worker, by itself or as a member of a balancer. All that have its name share one slot
/// and one record (LB-05, H-05).
#[derive(Debug)]
pub struct AjpWorker {
    configured: AjpSpec,
    addresses: Vec<SocketAddr>,
    slots: Slots,
    column: usize,
    requests: Column,
    slot: &'static AjpSlot,
    pub(crate) record: &'static AjpRecord,
}

/// How a worker is reached at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointSettings {
    /// Its configuration with what was changed since.
    pub spec: AjpSpec,
    /// Where it listens; none when nowhere, or when that is not known.
    pub addresses: Vec<SocketAddr>,
    /// How often it moved to another host or port.
    pub moves: u32,
}

impl AjpWorker {
    /// Binds a configured worker, which listens at one of `addresses`, to what the topology gives it.
    ///
    /// # Errors
    /// [`UnknownWorker`] when topology or segment were made for another configuration.
    pub fn new(
        spec: &AjpSpec,
        addresses: &[SocketAddr],
        topology: &Topology,
        slots: Slots,
    ) -> Result<AjpWorker, UnknownWorker> {
        let unknown = || UnknownWorker(spec.name.clone());
        let column = topology.ajp_column(&spec.name).ok_or_else(unknown)?;
        let slot = slots.segment.ajp.get(column).ok_or_else(unknown)?;
        let record = slots.segment.ajp_records.get(column).ok_or_else(unknown)?;
        Ok(AjpWorker {
            configured: spec.clone(),
            addresses: addresses.to_vec(),
            slots,
            column,
            requests: slots.requests_on(column),
            slot,
            record,
        })
    }

    /// Its name.
    pub fn name(&self) -> &BStr {
        self.configured.name.as_bstr()
    }

    /// Its configuration, without what was changed since.
    pub fn configured(&self) -> &AjpSpec {
        &self.configured
    }

    /// Its shared slot.
    pub fn slot(&self) -> &'static AjpSlot {
        self.slot
    }

    /// The place of its slot, for [`Slots::enter_ajp`].
    pub fn column(&self) -> usize {
        self.column
    }

    /// Requests in flight on it.
    pub(crate) fn requests(&self) -> Column {
        self.requests
    }

    /// This process's way to the segment.
    pub fn slots(&self) -> Slots {
        self.slots
    }

    /// Says whether a record was edited, for [`Live`](crate::Live).
    pub fn control(&self) -> &'static Control {
        self.slots.segment.control
    }

    /// The settings of this moment, read from the record.
    pub fn settings(&self) -> EndpointSettings {
        let overlay: EndpointOverlay = decode(&self.record.read());
        let spec = laid(&overlay, &self.configured);
        let place = overlay.place;
        EndpointSettings {
            spec,
            addresses: match place.moves {
                Some(_) => place.addresses,
                None => self.addresses.clone(),
            },
            moves: place.moves.unwrap_or(0),
        }
    }
}
