//! The overlay of a member of a balancer (V-10…V-15).

use super::codec::{Codec, Fields};
use super::{Overlay, lay};
use bstr::BString;
use rjk_config::model::{Activation, MemberSpec};

/// What was changed of a member.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MemberOverlay {
    pub(crate) activation: Option<Activation>,
    pub(crate) factor: Option<u32>,
    pub(crate) distance: Option<i32>,
    pub(crate) route: Option<BString>,
    /// Empty: none.
    pub(crate) redirect: Option<BString>,
    /// Empty: none.
    pub(crate) domain: Option<BString>,
}

impl Overlay for MemberOverlay {
    type Spec = MemberSpec;

    /// Lays it over a member; its worker has an overlay of its own.
    fn apply(&self, spec: &mut MemberSpec) {
        lay(&self.activation, &mut spec.activation);
        lay(&self.factor, &mut spec.lbfactor);
        lay(&self.distance, &mut spec.distance);
        lay(&self.route, &mut spec.route);
        lay(&self.redirect.clone().map(some_name), &mut spec.redirect);
        lay(&self.domain.clone().map(some_name), &mut spec.domain);
    }
}

fn some_name(name: BString) -> Option<BString> {
    (!name.is_empty()).then_some(name)
}

impl Fields for MemberOverlay {
    fn visit(&mut self, codec: &mut impl Codec) {
        codec.number(&mut self.activation);
        codec.number(&mut self.factor);
        codec.number(&mut self.distance);
        codec.text(&mut self.route);
        codec.text(&mut self.redirect);
        codec.text(&mut self.domain);
    }
}
