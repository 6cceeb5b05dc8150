//! The head of a response: found, read, and what it says of the body and the connection behind it.

mod control;
mod fault;
mod fields;
mod framing;
mod head;
mod section;

pub(crate) use control::Control;
pub(crate) use fields::check_trailers;
pub(crate) use framing::Framing;
pub(crate) use head::Received;
pub(crate) use section::Section;
