//! The one call that the crate openssl leaves to the promise of its caller.

use openssl::ssl::{SslRef, SslSessionRef};

/// A connection that has not begun, and a session of the same [`SslContext`](openssl::ssl::SslContext)
/// that it may take up. Only made by [`Sessions`](super::Sessions), which knows of which context each is.
pub struct Resumption<'a> {
    ssl: &'a mut SslRef,
    session: &'a SslSessionRef,
}

/// Takes up the session by `SslRef::set_session`, which is unsafe for the sake of what a [`Resumption`]
/// holds true. This crate forbids itself unsafe code: who has some says how.
pub type Resume = fn(Resumption<'_>) -> bool;

impl<'a> Resumption<'a> {
    pub(super) fn new(ssl: &'a mut SslRef, session: &'a SslSessionRef) -> Resumption<'a> {
        Resumption { ssl, session }
    }

    /// The two of the same context.
    pub fn parts(self) -> (&'a mut SslRef, &'a SslSessionRef) {
        (self.ssl, self.session)
    }
}
