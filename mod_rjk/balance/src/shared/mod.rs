//! What all processes of a server share: records of atomics, and where each lies.

pub(crate) mod breaker;
pub(crate) mod cell;
pub(crate) mod control;
pub(crate) mod failures;
pub(crate) mod layout;
pub(crate) mod ledger;
pub(crate) mod member;
pub(crate) mod policy_slot;
pub(crate) mod policy_state;
pub(crate) mod record;
pub(crate) mod segment;
pub(crate) mod slot;
pub(crate) mod states;
pub(crate) mod topology;
