//! What a peer's connection goes over.

use crate::tls::Certificate;
use crate::{Result, tls::Authority};
use anyhow::Context;
use openssl::pkey::PKey;
use openssl::ssl::{
    ShutdownState, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode,
    SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// How a peer speaks TLS.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Its own certificate.
    pub own: Certificate,
    /// The name that the worker is told to expect.
    pub server_name: String,
    /// Only clients with a certificate of this authority.
    pub clients: Option<Authority>,
    /// Nothing newer.
    pub at_most: Option<SslVersion>,
    /// Session tickets of a TLS 1.3 handshake.
    pub tickets: usize,
}

impl TlsSettings {
    /// With this certificate, for any client.
    pub fn new(own: Certificate, server_name: &str) -> TlsSettings {
        TlsSettings {
            own,
            server_name: server_name.to_owned(),
            clients: None,
            at_most: None,
            tickets: 2,
        }
    }

    pub(super) fn acceptor(&self) -> Result<SslContext> {
        let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
        // Old versions, too: a test may ask for one.
        context.set_security_level(0);
        context.set_min_proto_version(None)?;
        context.set_max_proto_version(self.at_most)?;
        context.set_num_tickets(self.tickets)?;
        context.set_session_id_context(b"peer")?;
        let own = X509::from_pem(self.own.certificate.as_bytes())?;
        context.set_certificate(&own)?;
        let key = PKey::private_key_from_pem(self.own.key.as_bytes())?;
        context.set_private_key(&key)?;
        if let Some(authority) = &self.clients {
            let mut store = X509StoreBuilder::new()?;
            store.add_cert(X509::from_pem(authority.root()?.as_bytes())?)?;
            context.set_cert_store(store.build());
            context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
        Ok(context.build())
    }
}

/// Where connections come from.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
    Tls(TcpListener, SslContext),
}

impl Listener {
    pub(super) fn accept(&self) -> io::Result<Raw> {
        match self {
            Listener::Tcp(listener) | Listener::Tls(listener, _) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok(Raw::Tcp(stream))
            }
            Listener::Unix(listener) => Ok(Raw::Unix(listener.accept()?.0)),
        }
    }

    pub(super) fn acceptor(&self) -> Option<SslContext> {
        match self {
            Listener::Tls(_, context) => Some(context.clone()),
            _ => None,
        }
    }
}

/// A connected socket.
#[derive(Debug)]
pub(super) enum Raw {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Raw {
    pub(super) fn try_clone(&self) -> io::Result<Raw> {
        Ok(match self {
            Raw::Tcp(stream) => Raw::Tcp(stream.try_clone()?),
            Raw::Unix(stream) => Raw::Unix(stream.try_clone()?),
        })
    }

    pub(super) fn shutdown(&self) {
        self.shutdown_ways(Shutdown::Both);
    }

    fn shutdown_ways(&self, ways: Shutdown) {
        let _ = match self {
            Raw::Tcp(stream) => stream.shutdown(ways),
            Raw::Unix(stream) => stream.shutdown(ways),
        };
    }

    fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Raw::Tcp(stream) => stream.set_read_timeout(limit),
            Raw::Unix(stream) => stream.set_read_timeout(limit),
        }
    }

    /// Closing it will be a reset; a unix socket knows none.
    fn close_by_reset(&self) -> io::Result<()> {
        match self {
            Raw::Tcp(stream) => socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)),
            Raw::Unix(_) => Ok(()),
        }
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Raw::Tcp(stream) => stream.read(buffer),
            Raw::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Raw::Tcp(stream) => stream.write(bytes),
            Raw::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection, with TLS or without.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(Raw),
    Tls(Box<SslStream<Raw>>),
}

impl Stream {
    /// After the handshake, where there is one.
    pub(super) fn over(raw: Raw, context: Option<&SslContext>) -> Result<Stream> {
        let Some(context) = context else {
            return Ok(Stream::Plain(raw));
        };
        let mut stream = SslStream::new(Ssl::new(context)?, raw)?;
        stream.accept().context("accept")?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    /// The socket below.
    pub(super) fn raw(&mut self) -> &mut Raw {
        match self {
            Stream::Plain(raw) => raw,
            Stream::Tls(stream) => stream.get_mut(),
        }
    }

    pub(super) fn set_read_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.raw().set_read_timeout(limit)
    }

    /// Sends no more.
    pub(super) fn finish_sending(&mut self) {
        if let Stream::Tls(stream) = self {
            let _ = stream.shutdown();
        }
        self.raw().shutdown_ways(Shutdown::Write);
    }

    pub(super) fn close(&mut self) {
        if let Stream::Tls(stream) = self {
            let _ = stream.shutdown();
        }
        self.raw().shutdown();
    }

    /// Closes without the word that TLS has for it.
    pub(super) fn cut(&mut self) {
        if let Stream::Tls(stream) = self {
            stream.set_shutdown(ShutdownState::SENT | ShutdownState::RECEIVED);
        }
        self.raw().shutdown();
    }

    pub(super) fn close_by_reset(&mut self) -> io::Result<()> {
        if let Stream::Tls(stream) = self {
            stream.set_shutdown(ShutdownState::SENT | ShutdownState::RECEIVED);
        }
        self.raw().close_by_reset()
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(raw) => raw.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(raw) => raw.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
