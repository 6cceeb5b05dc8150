//! What a change is made to.

use bstr::{BStr, ByteSlice};
use rjk_balance::Balancer;
use std::fmt;

/// What is changed, for the log and the client.
#[derive(Clone, Copy)]
pub(super) enum Object<'a> {
    Balancer(&'a BStr),
    Member { name: &'a BStr, balancer: &'a BStr },
    Worker(&'a BStr),
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Balancer(name) => write!(f, "balancer {name}"),
            Object::Member { name, balancer } => write!(f, "member {name} of balancer {balancer}"),
            Object::Worker(name) => write!(f, "worker {name}"),
        }
    }
}

impl<'a> Object<'a> {
    /// A member of a balancer.
    pub(super) fn member(balancer: &'a Balancer, index: usize) -> Object<'a> {
        let spec = balancer.spec();
        Object::Member {
            name: spec.members[index].ajp.name.as_bstr(),
            balancer: spec.name.as_bstr(),
        }
    }

    /// The name in the texts of mod_jk.
    pub(super) fn name(&self) -> &BStr {
        match self {
            Object::Balancer(name) | Object::Member { name, .. } | Object::Worker(name) => name,
        }
    }
}
