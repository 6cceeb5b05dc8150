//! A request and a response as no protocol knows them, between the crates that speak one and those
//! that carry it.
//!
//! A [`ResponseHead`] can only be made by a [`builder`](ResponseHead::builder), which checks all
//! that it takes: whoever holds one passes it on without another look. The length of a body is read
//! from Content-Length in one place, [`ContentLength`].
#![forbid(unsafe_code)]

mod action;
mod attributes;
mod error;
mod length;
mod name;
mod parts;
mod request;
mod response;

pub use action::{Action, BodyQuota};
pub use attributes::Attributes;
pub use error::HeadError;
pub use length::ContentLength;
pub use name::KnownName;
pub use request::{BodyLength, RequestHead};
pub use response::{HeadBuilder, ResponseHead};
