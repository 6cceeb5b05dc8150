//! What a build without TLS has of it: names that nothing can be made of.

use super::{Expiry, TlsAgreed, TlsError, TlsSetupError};
use crate::way::raw::Raw;
use rjk_config::model::TlsSpec;
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime};

/// What TLS with a worker is set up with; never, in this build.
#[derive(Clone, Debug)]
pub struct TlsContext(Infallible);

impl TlsContext {
    /// Says that this build has no TLS.
    ///
    /// # Errors
    /// [`TlsSetupError::NotBuilt`], always.
    pub fn load(_: &TlsSpec, _: Option<Resume>) -> Result<TlsContext, TlsSetupError> {
        Err(TlsSetupError::NotBuilt)
    }

    /// When its certificates end.
    pub fn expiries(&self) -> &[Expiry] {
        match self.0 {}
    }

    /// Opens TLS.
    ///
    /// # Errors
    /// None: there is no context that it could be called on.
    pub fn connect(
        &self,
        _: Raw,
        _: &str,
        _: &Sessions,
        _: Option<Instant>,
    ) -> Result<TlsStream, TlsError> {
        match self.0 {}
    }
}

/// How a session is taken up; there is none, in this build.
pub type Resume = Infallible;

/// Sessions to be taken up again; none, in this build.
#[derive(Clone, Debug, Default)]
pub struct Sessions {}

impl Sessions {
    /// Until when the certificate is valid that the worker showed last.
    pub fn worker_certificate_end(&self) -> Option<SystemTime> {
        None
    }
}

/// TLS over a socket; never, in this build.
#[derive(Debug)]
pub struct TlsStream(Infallible);

#[allow(missing_docs, clippy::missing_errors_doc)]
impl TlsStream {
    pub fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        match self.0 {}
    }

    pub fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        match self.0 {}
    }

    pub fn read_now(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn write_now(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn pending(&self) -> usize {
        match self.0 {}
    }

    pub fn end_writing(&mut self) -> io::Result<()> {
        match self.0 {}
    }

    pub fn raw(&self) -> &Raw {
        match self.0 {}
    }

    pub fn is_resumed(&self) -> bool {
        match self.0 {}
    }

    pub fn agreed(&self) -> TlsAgreed {
        match self.0 {}
    }

    pub fn worker_certificate_end(&self) -> Option<SystemTime> {
        match self.0 {}
    }
}

impl Read for TlsStream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

impl Write for TlsStream {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}
