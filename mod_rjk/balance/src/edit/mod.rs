//! What an operator can change while the server runs (contract §6.3).
//!
//! An edit goes into the shared record under the lock of writers; all children read it when their next
//! request begins. A restart begins with what the files say (H-10). Limits are checked here, so that no
//! record holds what a worker cannot run with; reading and bounding of what a client sent comes before.

mod balancer;
mod endpoint;
mod member;

pub use balancer::BalancerSetting;
pub use endpoint::EndpointSetting;
pub use member::MemberSetting;

use crate::balancer::Balancer;
use crate::overlay::codec::{MOST_ADDRESSES, MOST_TEXT_BYTES, decode, encode};
use crate::overlay::{EndpointOverlay, Overlay, laid};
use crate::shared::control::Control;
use crate::shared::record::Record;
use crate::worker::{AjpWorker, EndpointSettings};
use bstr::BString;
use endpoint::Prepared;
use rjk_config::model::AjpSpec;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Finds the addresses of a worker's host and port: none for port 0.
pub type Resolve<'a> = &'a dyn Fn(&AjpSpec) -> io::Result<Vec<SocketAddr>>;

/// Changes records; what it needs to know of the world comes from outside.
#[derive(Clone, Copy)]
pub struct Editor<'a> {
    /// Whether a process lives. The lock of one that does not is taken over.
    pub is_alive: &'a dyn Fn(u32) -> bool,
    /// Resolves a changed host, before the lock is taken.
    pub resolve: Resolve<'a>,
}

/// What became of an edit; the texts are those of the property in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Name of the property.
    pub property: &'static str,
    /// Its value before.
    pub old: BString,
    /// Its value now.
    pub new: BString,
}

impl Change {
    /// Whether the edit made a difference. One that did not wrote nothing.
    pub fn made(&self) -> bool {
        self.old != self.new
    }
}

/// Why an edit was not made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A name that does not fit into its record.
    #[error("{property} is longer than {most} bytes", most = MOST_TEXT_BYTES)]
    TooLong {
        /// Name of the property.
        property: &'static str,
    },
    /// A number that the property cannot have.
    #[error("{property} is {value}; give a number from {least} to {most}")]
    OutOfRange {
        /// Name of the property.
        property: &'static str,
        /// The number.
        value: u32,
        /// The least that it can be.
        least: u32,
        /// The most that it can be.
        most: u32,
    },
    /// The balancer has no such member.
    #[error("the balancer has no member {0}")]
    NoMember(usize),
    /// The host has no address.
    #[error("host {host} does not resolve, the old address stays: {error}")]
    Unresolved {
        /// The host.
        host: BString,
        /// What the resolver said.
        error: io::Error,
    },
    /// A worker without host and port does not move to others.
    #[error(
        "it is reached by the socket {}, not by host and port; change socket in rjk.toml and restart httpd",
        .0.display()
    )]
    HasSocket(PathBuf),
    /// Another process does not end its edit.
    #[error("process {0} holds the lock of configuration changes; try again, or restart it")]
    Locked(u32),
}

impl Editor<'_> {
    /// Changes a balancer. A new method lets all members begin with a load of zero: what another one
    /// counted says nothing to it.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn balancer(
        &self,
        balancer: &Balancer,
        setting: &BalancerSetting,
    ) -> Result<Change, EditError> {
        let control = balancer.slots.segment.control;
        let binding = &balancer.binding;
        let change = self.change(control, setting, &binding.configured, binding.record)?;
        if change.made() && matches!(setting, BalancerSetting::Method(_)) {
            binding.zero_values();
        }
        Ok(change)
    }

    /// Changes a member of a balancer. A new activation lets all members begin with a load of zero
    /// (V-10).
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn member(
        &self,
        balancer: &Balancer,
        index: usize,
        setting: &MemberSetting,
    ) -> Result<Change, EditError> {
        let binding = &balancer.binding;
        let member = binding.configured.members.get(index);
        let record = binding.records.get(index);
        let (configured, record) = member.zip(record).ok_or(EditError::NoMember(index))?;
        let control = balancer.slots.segment.control;
        let change = self.change(control, setting, configured, record)?;
        if change.made() && matches!(setting, MemberSetting::Activation(_)) {
            binding.zero_values();
        }
        Ok(change)
    }

    /// Changes an ajp13 worker, for all balancers that have it and for its use by itself (LB-05).
    ///
    /// # Errors
    /// See [`EditError`]. When the new host does not resolve, the old address stays.
    pub fn endpoint(
        &self,
        worker: &AjpWorker,
        setting: &EndpointSetting,
    ) -> Result<Change, EditError> {
        let checked = Prepared {
            setting,
            addresses: None,
        };
        checked.check()?;
        loop {
            let moved = setting.destination(&worker.settings().spec);
            if let (Some(_), Some(socket)) = (&moved, &worker.configured().way.socket) {
                return Err(EditError::HasSocket(socket.clone()));
            }
            let addresses = moved.map(|spec| self.find(&spec)).transpose()?;
            let knew_where = addresses.is_some();
            let prepared = Prepared { setting, addresses };
            let change = self.change(
                worker.control(),
                &prepared,
                worker.configured(),
                worker.record,
            )?;
            // It was where it is to be, so nobody was asked; another edit moved it away meanwhile.
            let is_there = setting.destination(&worker.settings().spec).is_none();
            if knew_where || is_there {
                return Ok(change);
            }
        }
    }

    /// Takes in what the worker's host, as `asked` had it, resolves to by now; whether that is news.
    /// Connections are given up only when one of the addresses is no longer among them (PL-10).
    ///
    /// # Errors
    /// [`EditError::Locked`].
    pub fn readdress(
        &self,
        worker: &AjpWorker,
        asked: &AjpSpec,
        found: &[SocketAddr],
    ) -> Result<bool, EditError> {
        let found = &few(found);
        let known = |settings: &EndpointSettings| {
            let same = |address| settings.addresses.contains(address);
            let elsewhere = (&settings.spec.host, settings.spec.port) != (&asked.host, asked.port);
            elsewhere || (settings.addresses.len() == found.len() && found.iter().all(same))
        };
        if known(&worker.settings()) {
            return Ok(false);
        }
        let control = worker.control();
        let mut lock = control.lock(self.is_alive).map_err(EditError::Locked)?;
        // Another process may have been faster, or have moved the worker to another host.
        let before = worker.settings();
        if known(&before) {
            return Ok(false);
        }
        let mut overlay: EndpointOverlay = decode(&worker.record.read());
        overlay.place.readdress(&before, found);
        lock.write(worker.record, &encode(&overlay));
        Ok(true)
    }

    fn find(&self, spec: &AjpSpec) -> Result<Vec<SocketAddr>, EditError> {
        (self.resolve)(spec).map_err(|error| EditError::Unresolved {
            host: spec.host.clone(),
            error,
        })
    }

    fn change<S: Setting, const N: usize>(
        &self,
        control: &Control,
        setting: &S,
        configured: &S::Spec,
        record: &Record<N>,
    ) -> Result<Change, EditError> {
        setting.check()?;
        let mut lock = control.lock(self.is_alive).map_err(EditError::Locked)?;
        let mut overlay: S::Overlay = decode(&record.read());
        let before = laid(&overlay, configured);
        setting.put(&mut overlay, &before);
        let change = Change {
            property: setting.property(),
            old: setting.text(&before),
            new: setting.text(&laid(&overlay, configured)),
        };
        if change.made() {
            lock.write(record, &encode(&overlay));
        }
        Ok(change)
    }
}

/// As many addresses as a record holds. Resolvers turn their order around: of too many the same are
/// taken each time.
fn few(found: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut few = found.to_vec();
    if few.len() > MOST_ADDRESSES {
        let preferred = few.first().is_some_and(SocketAddr::is_ipv6);
        few.sort_by_key(|address| (address.is_ipv6() != preferred, *address));
        few.truncate(MOST_ADDRESSES);
    }
    few
}

/// One property of a balancer, a member or a worker, with its new value.
trait Setting {
    /// Where the new value is kept.
    type Overlay: Overlay<Spec = Self::Spec>;
    /// What has the property.
    type Spec: Clone;

    /// The property's name in a file.
    fn property(&self) -> &'static str;
    /// Whether the property can have the value.
    fn check(&self) -> Result<(), EditError>;
    /// The property's value as a file has it.
    fn text(&self, spec: &Self::Spec) -> BString;
    /// Puts the new value into the record; `before` is what it changes.
    fn put(&self, overlay: &mut Self::Overlay, before: &Self::Spec);
}

fn check_length(property: &'static str, text: &BString) -> Result<(), EditError> {
    if text.len() > MOST_TEXT_BYTES {
        return Err(EditError::TooLong { property });
    }
    Ok(())
}

fn check_range(
    property: &'static str,
    value: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<(), EditError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(EditError::OutOfRange {
        property,
        value,
        least,
        most,
    })
}

fn seconds(time: Duration) -> BString {
    time.as_secs().to_string().into()
}

fn milliseconds(time: Duration) -> BString {
    time.as_millis().to_string().into()
}

fn number(value: impl ToString) -> BString {
    value.to_string().into()
}

#[cfg(test)]
mod tests;
