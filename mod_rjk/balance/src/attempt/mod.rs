//! One attempt on a chosen member.

pub(crate) mod lease;
