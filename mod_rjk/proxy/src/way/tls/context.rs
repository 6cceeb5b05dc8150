//! What TLS with one worker is set up with.

use super::certificate::{subject, system_time};
use super::error::TlsError;
use super::expiry::{Expiry, Owner};
use super::files;
use super::note::{self, Note};
use super::queue::{CleanQueue, said};
use super::reason::Us;
use super::resumption::Resume;
use super::sessions::{Made, Sessions};
use super::setup_error::TlsSetupError;
use super::stream::TlsStream;
use crate::way::raw::Raw;
use openssl::error::ErrorStack;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
    SslVerifyMode,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use rjk_config::model::{TlsIdentity, TlsSpec};
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A handshake has so long where nothing limits it: a port that takes connections and says nothing would hold
/// a thread for ever.
const HANDSHAKE_TIME: Duration = Duration::from_secs(60);

/// What TLS with one worker is set up with. Made by the parent, which may read the key, and inherited
/// by the children.
#[derive(Clone)]
pub struct TlsContext(Arc<Inner>);

struct Inner {
    number: u64,
    context: SslContext,
    server_name: Option<String>,
    verify: bool,
    us: Us,
    expiries: Vec<Expiry>,
    resume: Option<Resume>,
}

/// Numbers of contexts, so that a session is known to be of one.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

impl fmt::Debug for TlsContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsContext")
            .field("server_name", &self.0.server_name)
            .field("verify", &self.0.verify)
            .finish_non_exhaustive()
    }
}

impl TlsContext {
    /// Reads the files and checks them. With `resume`, connections take up sessions of earlier ones.
    ///
    /// # Errors
    /// See [`TlsSetupError`].
    pub fn load(spec: &TlsSpec, resume: Option<Resume>) -> Result<TlsContext, TlsSetupError> {
        let _clean = CleanQueue::begin();
        let mut builder = builder().map_err(not_set_up)?;
        let mut expiries = Vec::new();
        if spec.verify {
            builder.set_verify_callback(SslVerifyMode::PEER, note::verified);
            match &spec.ca {
                Some(file) => trust(&mut builder, file, &mut expiries)?,
                None => builder.set_default_verify_paths().map_err(not_set_up)?,
            }
        } else {
            builder.set_verify(SslVerifyMode::NONE);
        }
        if let Some(identity) = &spec.identity {
            show(&mut builder, identity, &mut expiries)?;
        }
        expiries.sort_by_key(|expiry| expiry.end);
        Ok(TlsContext(Arc::new(Inner {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            context: builder.build(),
            server_name: spec.server_name.clone(),
            verify: spec.verify,
            us: match spec.identity {
                Some(_) => Us::Shown,
                None => Us::Unknown,
            },
            expiries,
            resume,
        })))
    }

    /// When its certificates end, the first one first: those that the worker is shown, and those that
    /// the file of a CA has.
    pub fn expiries(&self) -> &[Expiry] {
        &self.0.expiries
    }

    /// Opens TLS over a connected socket, to the worker at `host`.
    ///
    /// # Errors
    /// See [`TlsError`]; `TimedOut` when it was not done at `deadline`, or within a minute.
    pub fn connect(
        &self,
        raw: Raw,
        host: &str,
        sessions: &Sessions,
        deadline: Option<Instant>,
    ) -> Result<TlsStream, TlsError> {
        let _clean = CleanQueue::begin();
        let wanted = self.0.server_name.as_deref().unwrap_or(host);
        let ssl = self.prepare(wanted, sessions);
        let ssl = ssl.map_err(|errors| TlsError::Other(said(&errors)))?;
        let deadline = deadline.unwrap_or_else(|| Instant::now() + HANDSHAKE_TIME);
        let stream = TlsStream::connect(ssl, raw, self.0.us, deadline)?;
        sessions.note_certificate(stream.worker_certificate_end());
        Ok(stream)
    }

    fn prepare(&self, wanted: &str, sessions: &Sessions) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.0.context)?;
        let address = bare(wanted).parse::<IpAddr>().ok();
        let name = wanted.strip_suffix('.').unwrap_or(wanted);
        // RFC 6066, 3: no addresses.
        if address.is_none() {
            ssl.set_hostname(name)?;
        }
        if self.0.verify {
            let parameters = ssl.param_mut();
            parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
            match address {
                Some(address) => parameters.set_ip(address)?,
                None => parameters.set_host(name)?,
            }
        }
        let made = Made {
            context: self.0.number,
            wanted: wanted.to_owned(),
        };
        if let Some(resume) = self.0.resume {
            sessions.resume(&mut ssl, &made, resume);
        }
        Note::new(made, sessions).attach(&mut ssl);
        Ok(ssl)
    }
}

/// An address of IPv6 without the brackets that URLs have around it.
fn bare(host: &str) -> &str {
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inside.unwrap_or(host)
}

fn builder() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
    builder.set_mode(
        SslMode::AUTO_RETRY
            | SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::RELEASE_BUFFERS,
    );
    builder.set_options(SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION);
    builder.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    builder.set_new_session_callback(|ssl, session| Sessions::given(ssl, session));
    Ok(builder)
}

/// Trusts the certificates in `file` and no others. One that is not a CA's is trusted for itself.
fn trust(
    builder: &mut SslContextBuilder,
    file: &Path,
    expiries: &mut Vec<Expiry>,
) -> Result<(), TlsSetupError> {
    let mut store = X509StoreBuilder::new().map_err(not_set_up)?;
    store
        .set_flags(X509VerifyFlags::PARTIAL_CHAIN)
        .map_err(not_set_up)?;
    for certificate in files::certificates(file)? {
        expiries.extend(expiry(Owner::Ca, file, &certificate));
        store.add_cert(certificate).map_err(refused(file))?;
    }
    builder.set_cert_store(store.build());
    Ok(())
}

fn show(
    builder: &mut SslContextBuilder,
    identity: &TlsIdentity,
    expiries: &mut Vec<Expiry>,
) -> Result<(), TlsSetupError> {
    let TlsIdentity { cert, key } = identity;
    let chain = files::certificates(cert)?;
    let private = files::key(key)?;
    for (position, certificate) in chain.into_iter().enumerate() {
        expiries.extend(expiry(Owner::Own, cert, &certificate));
        if position > 0 {
            builder
                .add_extra_chain_cert(certificate)
                .map_err(refused(cert))?;
            continue;
        }
        let public = certificate.public_key().map_err(refused(cert))?;
        if !public.public_eq(&private) {
            return Err(TlsSetupError::WrongKey {
                cert: cert.clone(),
                key: key.clone(),
            });
        }
        builder
            .set_certificate(&certificate)
            .map_err(refused(cert))?;
    }
    builder.set_private_key(&private).map_err(refused(key))
}

fn expiry(owner: Owner, file: &Path, certificate: &X509) -> Option<Expiry> {
    Some(Expiry {
        owner,
        file: file.into(),
        subject: subject(certificate),
        end: system_time(certificate.not_after())?,
    })
}

fn refused(file: &Path) -> impl Fn(ErrorStack) -> TlsSetupError + use<'_> {
    move |errors| TlsSetupError::Refused {
        file: file.into(),
        reason: said(&errors),
    }
}

fn not_set_up(errors: ErrorStack) -> TlsSetupError {
    TlsSetupError::OpenSsl(said(&errors))
}
