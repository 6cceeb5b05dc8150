//! Sessions that a worker gave, so that the next connection to it begins with less.

use super::certificate::system_time;
use super::note::Note;
use super::resumption::{Resume, Resumption};
use openssl::ssl::{SslRef, SslSession, SslSessionRef, SslVersion};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

/// Most that are kept of one worker: as many connections may be opened at once with profit.
const MOST: usize = 16;

/// The sessions of one worker in one child, and until when it said that its certificate is valid.
///
/// Each is used once: a ticket of TLS 1.3 that is shown twice tells who listens that both connections
/// are of the same host. Those of TLS 1.2 come back when they were taken up.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// The most recent one last.
    kept: Arc<Mutex<VecDeque<Kept>>>,
    /// Seconds since 1970; 0 before it showed one.
    certificate_end: Arc<AtomicU64>,
}

/// What a session was made with: nothing of that is proved again, and it is good for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    /// The number of the context.
    pub(super) context: u64,
    /// The name or address that the worker had.
    pub(super) wanted: String,
}

struct Kept {
    session: SslSession,
    made: Made,
    /// Until when the worker's certificate holds.
    end: Option<SystemTime>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

impl Sessions {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.kept.lock().len()
    }

    /// Until when the certificate is valid that the worker showed last.
    pub fn worker_certificate_end(&self) -> Option<SystemTime> {
        let end = self.certificate_end.load(Relaxed);
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(end))?;
        (end > SystemTime::UNIX_EPOCH).then_some(end)
    }

    /// Notes until when the certificate is valid that the worker just showed.
    pub(super) fn note_certificate(&self, end: Option<SystemTime>) {
        let end = end.and_then(|end| end.duration_since(SystemTime::UNIX_EPOCH).ok());
        if let Some(end) = end {
            self.certificate_end.store(end.as_secs(), Relaxed);
        }
    }

    /// Has a connection of that context take up the most recent session, if there is one.
    pub(super) fn resume(&self, ssl: &mut SslRef, made: &Made, resume: Resume) {
        if let Some(session) = self.take(made) {
            // Without it the handshake is a whole one.
            let _ = resume(Resumption::new(ssl, &session));
        }
    }

    fn take(&self, made: &Made) -> Option<SslSession> {
        let now = SystemTime::now();
        let mut kept = self.kept.lock();
        kept.retain(|kept| kept.made == *made && kept.end.is_none_or(|end| end > now));
        kept.pop_back().map(|kept| kept.session)
    }

    fn keep(&self, kept: Kept) {
        let mut all = self.kept.lock();
        let oldest = if all.len() < MOST {
            None
        } else {
            all.pop_front()
        };
        all.push_back(kept);
        drop(all);
        drop(oldest);
    }

    /// Keeps what the worker just gave on this connection.
    pub(super) fn given(ssl: &SslRef, session: SslSession) {
        let Some(note) = Note::of(ssl) else {
            return;
        };
        let certificate = ssl.peer_certificate();
        note.sessions.keep(Kept {
            session,
            made: note.made.clone(),
            end: certificate.and_then(|worker| system_time(worker.not_after())),
        });
    }

    /// Keeps the session that a connection took up, if it may be used again.
    pub(super) fn keep_resumed(ssl: &SslRef) {
        let again = |session: &&SslSessionRef| session.protocol_version() != SslVersion::TLS1_3;
        if ssl.session_reused()
            && let Some(session) = ssl.session().filter(again)
        {
            Sessions::given(ssl, session.to_owned());
        }
    }
}
