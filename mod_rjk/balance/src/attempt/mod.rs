//! One attempt on a chosen member.

pub(crate) mod afterwards;
pub(crate) mod lease;
