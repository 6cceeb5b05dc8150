//! What OpenSSL's errors mean for who runs the two ends.

use super::error::TlsError;
use super::link::Link;
use super::note::Note;
use super::queue::said;
use openssl::error::ErrorStack;
use openssl::ssl::{Error, ErrorCode, SslRef, SslStream, SslVersion};
use std::io;

/// The library of OpenSSL that speaks TLS (ERR_LIB_SSL), and its reasons (SSL_R_…): part of its
/// interface. A reason above this is an alert of the other end, by its number.
const TLS_LIBRARY: i32 = 20;
const ALERT: i32 = 1000;
/// Local reasons that speak of versions, and of ciphers with what belongs to them.
const VERSIONS: [i32; 7] = [166, 191, 254, 258, 259, 266, 396];
const CIPHERS: [i32; 10] = [101, 118, 181, 193, 248, 261, 333, 370, 376, 394];
/// The socket ended where TLS did not.
const CUT: i32 = 294;

/// Why a handshake failed.
pub(super) fn of_handshake(stream: &SslStream<Link>, error: Error, us: Us) -> TlsError {
    let (ssl, link) = (stream.ssl(), stream.get_ref());
    let note = Note::of(ssl);
    if let Some(refused) = note.as_ref().and_then(|note| note.take_refused()) {
        return refused;
    }
    if would_block(&error) {
        return TlsError::TimedOut;
    }
    if let Some(foreign) = foreign(link.first()) {
        return foreign;
    }
    let peer = Peer {
        wanted: note.as_ref().map_or("", |note| note.made.wanted.as_str()),
        us,
        has_answered: has_answered(ssl),
    };
    peer.error(link, error, TlsError::Closed)
}

/// Why a stream failed after its handshake.
pub(super) fn of_stream(stream: &SslStream<Link>, error: Error, us: Us) -> TlsError {
    let peer = Peer {
        wanted: "",
        us,
        has_answered: true,
    };
    peer.error(stream.get_ref(), error, TlsError::Truncated)
}

/// Whether it is only that the socket would make its caller wait.
pub(super) fn would_block(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE)
}

/// Whether the worker agreed to a version and a cipher: what it refuses after that is not those.
fn has_answered(ssl: &SslRef) -> bool {
    ssl.current_cipher().is_some() || ssl.peer_certificate().is_some()
}

/// What else than TLS begins like this.
fn foreign(first: &[u8]) -> Option<TlsError> {
    /// Kinds of records of TLS: change of cipher, alert, handshake, data.
    const KINDS: std::ops::RangeInclusive<u8> = 20..=23;
    match first {
        [] => None,
        [kind, 3, ..] | [kind] if KINDS.contains(kind) => None,
        [b'A', b'B', ..] => Some(TlsError::PlainAjp),
        [b'H', b'T', b'T', b'P', ..] => Some(TlsError::PlainHttp),
        _ => Some(TlsError::NotTls {
            began: first.to_vec(),
        }),
    }
}

/// Who we are for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Us {
    /// We show no certificate.
    Unknown,
    /// We show one.
    Shown,
    /// It took us as we are: whatever it says later is not about that.
    Accepted,
}

impl Us {
    /// Only a whole handshake of TLS 1.3 ends before the worker has looked at our certificate. In all
    /// others an alert may come late, behind a request that the worker has read: one that wants a
    /// certificate for some of its pages asks for it then.
    pub(super) fn after_handshake(self, ssl: &SslRef) -> Us {
        match ssl.version2() {
            Some(SslVersion::TLS1_3) if !ssl.session_reused() => self,
            _ => Us::Accepted,
        }
    }
}

/// What is known of the two ends when it fails.
struct Peer<'a> {
    wanted: &'a str,
    us: Us,
    has_answered: bool,
}

impl Peer<'_> {
    /// What TLS itself says first: after that an alert to the worker may fail as well.
    fn error(&self, link: &Link, error: Error, cut: TlsError) -> TlsError {
        let reasons = error.ssl_error().map(ErrorStack::errors);
        let of_tls = reasons
            .unwrap_or_default()
            .iter()
            .filter(|reason| reason.library_code() == TLS_LIBRARY)
            .map(|reason| reason.reason_code());
        let numbers: Vec<i32> = of_tls.collect();
        if let Some(known) = numbers.iter().find_map(|number| self.known(*number)) {
            return known;
        }
        let is_cut = numbers.is_empty() || numbers.contains(&CUT);
        match error.ssl_error() {
            _ if is_cut && link.has_ended() => cut,
            Some(errors) => TlsError::Other(said(errors)),
            None => TlsError::Io(error.into_io_error().unwrap_or_else(io::Error::other)),
        }
    }

    fn known(&self, number: i32) -> Option<TlsError> {
        if VERSIONS.contains(&number) {
            return Some(TlsError::NoCommonVersion);
        }
        if CIPHERS.contains(&number) {
            return Some(TlsError::NoCommonCipher);
        }
        (number > ALERT).then(|| self.alert(number - ALERT))
    }

    /// RFC 8446, 6.2.
    fn alert(&self, number: i32) -> TlsError {
        let name = alert_name(number);
        match number {
            // What says that none came, by version and make.
            40 | 42 | 116 if self.has_answered && self.us == Us::Unknown => {
                TlsError::CertificateWanted
            }
            40 if !self.has_answered => TlsError::NoCommonCipher,
            40 | 42..=46 | 48 | 49 | 51 | 116 if self.has_answered && self.us == Us::Shown => {
                TlsError::CertificateRefused { alert: name }
            }
            70 => TlsError::NoCommonVersion,
            71 => TlsError::NoCommonCipher,
            112 => TlsError::UnknownHost {
                name: self.wanted.to_owned(),
            },
            _ => TlsError::Alert(name),
        }
    }
}

fn alert_name(number: i32) -> &'static str {
    match number {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "of an unknown number",
    }
}
