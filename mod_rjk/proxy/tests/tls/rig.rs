//! A certificate authority, workers that it stands for, and their ends of connections.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVersion,
};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name};
use rjk_config::model::{TlsIdentity, TlsSpec};
use rjk_proxy::way::raw::Raw;
use rjk_proxy::way::tls::{Sessions, TlsContext, TlsError, TlsStream};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity {
    pub cert: X509,
    pub key: PKey<Private>,
}

/// What a certificate says.
#[derive(Clone)]
pub struct Says<'a> {
    pub name: &'a str,
    pub dns: &'a [&'a str],
    pub ip: &'a [&'a str],
    /// Seconds from now on.
    pub from: i64,
    pub to: i64,
    pub is_ca: bool,
    pub is_client: bool,
}

pub const DAY: i64 = 24 * 3600;

impl Default for Says<'_> {
    fn default() -> Self {
        Says {
            name: "worker",
            dns: &["worker.test"],
            ip: &[],
            from: -DAY,
            to: 100 * DAY,
            is_ca: false,
            is_client: false,
        }
    }
}

impl Identity {
    pub fn ca(name: &str) -> Identity {
        Identity::made(&Says {
            name,
            dns: &[],
            is_ca: true,
            ..Says::default()
        })
    }

    /// Signed by itself.
    pub fn made(says: &Says<'_>) -> Identity {
        issue(says, None)
    }

    pub fn issue(&self, says: &Says<'_>) -> Identity {
        issue(says, Some(self))
    }

    pub fn cert_pem(&self) -> Vec<u8> {
        self.cert.to_pem().unwrap()
    }

    pub fn key_pem(&self) -> Vec<u8> {
        self.key.private_key_to_pem_pkcs8().unwrap()
    }
}

fn issue(says: &Says<'_>, issuer: Option<&Identity>) -> Identity {
    static SERIAL: AtomicU32 = AtomicU32::new(1);
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("O", "Test").unwrap();
    name.append_entry_by_text("CN", says.name).unwrap();
    let name = name.build();
    let mut cert = X509Builder::new().unwrap();
    cert.set_version(2).unwrap();
    let serial = BigNum::from_u32(SERIAL.fetch_add(1, Ordering::Relaxed)).unwrap();
    let serial = serial.to_asn1_integer().unwrap();
    cert.set_serial_number(&serial).unwrap();
    cert.set_subject_name(&name).unwrap();
    let issued_by = issuer.map_or(&*name, |issuer| issuer.cert.subject_name());
    cert.set_issuer_name(issued_by).unwrap();
    cert.set_pubkey(&key).unwrap();
    cert.set_not_before(&at(says.from)).unwrap();
    cert.set_not_after(&at(says.to)).unwrap();
    extend(&mut cert, says, issuer);
    let signer = issuer.map_or(&key, |issuer| &issuer.key);
    cert.sign(signer, MessageDigest::sha256()).unwrap();
    Identity {
        cert: cert.build(),
        key,
    }
}

fn extend(cert: &mut X509Builder, says: &Says<'_>, issuer: Option<&Identity>) {
    if says.is_ca {
        let extension = BasicConstraints::new().critical().ca().build().unwrap();
        cert.append_extension(extension).unwrap();
    }
    if says.is_client {
        let extension = ExtendedKeyUsage::new().client_auth().build().unwrap();
        cert.append_extension(extension).unwrap();
    }
    if !says.dns.is_empty() || !says.ip.is_empty() {
        let mut names = SubjectAlternativeName::new();
        for dns in says.dns {
            names.dns(dns);
        }
        for ip in says.ip {
            names.ip(ip);
        }
        let context = cert.x509v3_context(issuer.map(|issuer| &*issuer.cert), None);
        let extension = names.build(&context).unwrap();
        cert.append_extension(extension).unwrap();
    }
}

fn at(seconds: i64) -> Asn1Time {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Asn1Time::from_unix(now.unwrap().as_secs() as i64 + seconds).unwrap()
}

/// A folder with what the configuration names.
pub struct Files(pub TempDir);

impl Files {
    pub fn new() -> Files {
        Files(TempDir::new().unwrap())
    }

    pub fn put(&self, name: &str, mode: u32, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

pub fn spec() -> TlsSpec {
    TlsSpec {
        ca: None,
        server_name: None,
        identity: None,
        verify: true,
    }
}

pub fn load(spec: &TlsSpec) -> TlsContext {
    TlsContext::load(spec, None).unwrap()
}

/// Trusts those certificates.
pub fn trusting(ca: &[&Identity]) -> TlsContext {
    load(&trusting_spec(ca, &Files::new()))
}

pub fn trusting_spec(ca: &[&Identity], files: &Files) -> TlsSpec {
    let pem: Vec<u8> = ca.iter().flat_map(|ca| ca.cert_pem()).collect();
    TlsSpec {
        ca: Some(files.put("ca.pem", 0o644, &pem)),
        ..spec()
    }
}

pub fn shown(identity: &Identity, files: &Files) -> TlsIdentity {
    TlsIdentity {
        cert: files.put("client.pem", 0o644, &identity.cert_pem()),
        key: files.put("client.key", 0o600, &identity.key_pem()),
    }
}

/// A worker's side; `shape` changes what it would be.
pub fn worker(identity: &Identity, shape: impl FnOnce(&mut SslContextBuilder)) -> SslContext {
    let mut builder = SslContextBuilder::new(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&identity.cert).unwrap();
    builder.set_private_key(&identity.key).unwrap();
    builder.set_session_id_context(b"test").unwrap();
    shape(&mut builder);
    builder.build()
}

pub fn only(version: SslVersion) -> impl Fn(&mut SslContextBuilder) {
    move |builder| {
        builder.set_min_proto_version(Some(version)).unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
    }
}

/// The worker's end in a thread of its own, and ours. The worker's socket is closed when `each` ends.
pub fn accept<T: Send + 'static>(
    context: &SslContext,
    each: impl FnOnce(Result<SslStream<UnixStream>, HandshakeError<UnixStream>>) -> T + Send + 'static,
) -> (Raw, JoinHandle<T>) {
    let ssl = Ssl::new(context).unwrap();
    bare(move |socket| each(ssl.accept(socket)))
}

/// As [`accept`], for a worker that speaks no TLS.
pub fn bare<T: Send + 'static>(
    each: impl FnOnce(UnixStream) -> T + Send + 'static,
) -> (Raw, JoinHandle<T>) {
    let (near, far) = UnixStream::pair().unwrap();
    far.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let worker = thread::spawn(move || {
        let done = each(far);
        // Its thread ends: errors of its own are not ours.
        let _ = ErrorStack::get();
        done
    });
    (Raw::Unix(near), worker)
}

pub fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(20))
}

pub fn connect(context: &TlsContext, raw: Raw, host: &str) -> Result<TlsStream, TlsError> {
    let result = context.connect(raw, host, &Sessions::default(), soon());
    assert_clean();
    result
}

/// Nothing of ours is left to mod_ssl.
pub fn assert_clean() {
    let left = ErrorStack::get();
    assert!(left.errors().is_empty(), "{left}");
}

/// As mod_ssl may.
pub fn leave_an_error() {
    let errors = X509::from_der(b"none").unwrap_err();
    errors.put();
}
