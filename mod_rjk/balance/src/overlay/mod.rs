//! What an operator changed while the server runs, laid over the configuration (contract §6.3).
//!
//! An overlay is what a record says. A field that is `None` is as configured.

mod balancer;
pub(crate) mod codec;
mod endpoint;
mod member;

pub(crate) use balancer::BalancerOverlay;
pub(crate) use endpoint::{EndpointOverlay, Place};
pub(crate) use member::MemberOverlay;

use codec::Fields;

/// What a record of some kind says.
pub(crate) trait Overlay: Fields {
    /// What it is laid over.
    type Spec: Clone;
    /// Lays it over a configuration.
    fn apply(&self, spec: &mut Self::Spec);
}

/// A configuration with what was changed of it.
pub(crate) fn laid<T: Overlay>(overlay: &T, configured: &T::Spec) -> T::Spec {
    let mut spec = configured.clone();
    overlay.apply(&mut spec);
    spec
}

/// Replaces a value by the one that is laid over it.
fn lay<T: Clone>(over: &Option<T>, value: &mut T) {
    if let Some(over) = over {
        value.clone_from(over);
    }
}
