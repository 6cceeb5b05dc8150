//! What OpenSSL's callbacks write down of a connection while it works on it.

use super::certificate::{issuer, names, subject};
use super::error::TlsError;
use super::sessions::{Made, Sessions};
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};
use openssl::x509::{X509Ref, X509StoreContext, X509StoreContextRef};
use parking_lot::Mutex;
use std::sync::{Arc, OnceLock};

/// The notes of one connection.
#[derive(Debug)]
pub(super) struct Note {
    /// What it is made with, the worker's name among it.
    pub(super) made: Made,
    /// Where sessions of it are kept.
    pub(super) sessions: Sessions,
    /// Why its certificate was refused.
    refused: Mutex<Option<TlsError>>,
}

impl Note {
    pub(super) fn new(made: Made, sessions: &Sessions) -> Note {
        Note {
            made,
            sessions: sessions.clone(),
            refused: Mutex::default(),
        }
    }

    /// Lays the notes beside a connection.
    pub(super) fn attach(self, ssl: &mut SslRef) {
        if let Some(index) = index() {
            ssl.set_ex_data(index, Arc::new(self));
        }
    }

    pub(super) fn of(ssl: &SslRef) -> Option<Arc<Note>> {
        ssl.ex_data(index()?).cloned()
    }

    pub(super) fn take_refused(&self) -> Option<TlsError> {
        self.refused.lock().take()
    }
}

/// Where OpenSSL keeps them; a number for the whole process, as long as it lives.
fn index() -> Option<Index<Ssl, Arc<Note>>> {
    static INDEX: OnceLock<Option<Index<Ssl, Arc<Note>>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

/// OpenSSL's callback for each certificate that it looked at: it decides, and why is written down.
pub(super) fn verified(is_good: bool, chain: &mut X509StoreContextRef) -> bool {
    if !is_good {
        note_refusal(chain);
    }
    is_good
}

fn note_refusal(chain: &X509StoreContextRef) -> Option<()> {
    let ssl = chain.ex_data(X509StoreContext::ssl_idx().ok()?)?;
    let note = Note::of(ssl)?;
    let error = refusal(chain, &note.made.wanted);
    note.refused.lock().get_or_insert(error);
    Some(())
}

/// OpenSSL's numbers (X509_V_ERR_…), which are part of its interface.
const NOT_YET_VALID: i32 = 9;
const EXPIRED: i32 = 10;
const SELF_SIGNED: i32 = 18;
const NO_ISSUER: [i32; 4] = [2, 19, 20, 21];
const WRONG_NAME: [i32; 2] = [62, 64];

fn refusal(chain: &X509StoreContextRef, wanted: &str) -> TlsError {
    let result = chain.error();
    let number = result.as_raw();
    let at_fault = chain.current_cert();
    let name = |of: fn(&X509Ref) -> String| at_fault.map_or_else(|| "the worker".to_owned(), of);
    match number {
        NOT_YET_VALID => TlsError::NotYetValid {
            subject: name(subject),
            from: name(|certificate| certificate.not_before().to_string()),
        },
        EXPIRED => TlsError::Expired {
            subject: name(subject),
            since: name(|certificate| certificate.not_after().to_string()),
        },
        SELF_SIGNED => TlsError::SelfSigned {
            subject: name(subject),
        },
        _ if NO_ISSUER.contains(&number) => {
            let chain = chain.chain();
            let own = chain.and_then(|chain| chain.get(0));
            TlsError::UnknownCa {
                subject: own.map_or_else(|| name(subject), subject),
                issuer: name(issuer),
            }
        }
        _ if WRONG_NAME.contains(&number) => TlsError::WrongName {
            wanted: wanted.to_owned(),
            names: at_fault.map(names).unwrap_or_default(),
        },
        _ => TlsError::Unverified {
            subject: name(subject),
            reason: result.error_string().to_owned(),
        },
    }
}
