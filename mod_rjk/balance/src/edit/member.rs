//! What can be changed of a member of a balancer (V-10…V-15).

use super::{EditError, Setting, check_length, check_range, number};
use crate::overlay::MemberOverlay;
use bstr::{BString, ByteSlice};
use rjk_config::model::{Activation, MemberSpec};

/// A new value of one property of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberSetting {
    /// Whether it takes requests.
    Activation(Activation),
    /// Share of the load, at least 1.
    Factor(u32),
    /// The jvmRoute of its Tomcat. A member without a domain gets the part before the first
    /// dot as its domain (V-12).
    Route(BString),
    /// Route of the member that takes over; empty for none.
    Redirect(BString),
    /// Replication domain; empty for none.
    Domain(BString),
    /// Lower distances are preferred.
    Distance(i32),
}

impl Setting for MemberSetting {
    type Overlay = MemberOverlay;
    type Spec = MemberSpec;

    fn property(&self) -> &'static str {
        match self {
            MemberSetting::Activation(_) => "activation",
            MemberSetting::Factor(_) => "lbfactor",
            MemberSetting::Route(_) => "route",
            MemberSetting::Redirect(_) => "redirect",
            MemberSetting::Domain(_) => "domain",
            MemberSetting::Distance(_) => "distance",
        }
    }

    fn check(&self) -> Result<(), EditError> {
        match self {
            MemberSetting::Factor(factor) => check_range(self.property(), *factor, 1..=u32::MAX),
            MemberSetting::Route(name)
            | MemberSetting::Redirect(name)
            | MemberSetting::Domain(name) => check_length(self.property(), name),
            MemberSetting::Activation(_) | MemberSetting::Distance(_) => Ok(()),
        }
    }

    fn text(&self, spec: &MemberSpec) -> BString {
        let name = |name: &Option<BString>| name.clone().unwrap_or_default();
        match self {
            MemberSetting::Activation(_) => spec.activation.as_str().into(),
            MemberSetting::Factor(_) => number(spec.lbfactor),
            MemberSetting::Route(_) => spec.route.clone(),
            MemberSetting::Redirect(_) => name(&spec.redirect),
            MemberSetting::Domain(_) => name(&spec.domain),
            MemberSetting::Distance(_) => number(spec.distance),
        }
    }

    fn put(&self, overlay: &mut MemberOverlay, before: &MemberSpec) {
        match self {
            MemberSetting::Activation(activation) => overlay.activation = Some(*activation),
            MemberSetting::Factor(factor) => overlay.factor = Some(*factor),
            MemberSetting::Route(route) => {
                overlay.route = Some(route.clone());
                let has_domain = before.domain.as_ref().is_some_and(|name| !name.is_empty());
                if let Some((domain, _)) = route.split_once_str(b".")
                    && !has_domain
                {
                    overlay.domain = Some(domain.into());
                }
            }
            MemberSetting::Redirect(redirect) => overlay.redirect = Some(redirect.clone()),
            MemberSetting::Domain(domain) => overlay.domain = Some(domain.clone()),
            MemberSetting::Distance(distance) => overlay.distance = Some(*distance),
        }
    }
}
