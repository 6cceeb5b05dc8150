//! Sessions that are taken up again.

use crate::resumption::resume;
use crate::rig::*;
use openssl::ssl::{SslContext, SslVersion};
use rjk_proxy::way::tls::{Sessions, TlsContext, TlsError};
use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, SystemTime};

fn resuming(ca: &Identity) -> TlsContext {
    let context = TlsContext::load(&trusting_spec(&[ca], &Files::new()), Some(resume));
    context.unwrap()
}

/// One connection with one answer; whether it took up an earlier session.
fn asked(
    context: &TlsContext,
    worker: &SslContext,
    host: &str,
    sessions: &Sessions,
) -> Result<bool, TlsError> {
    let (raw, far) = accept(worker, |stream| {
        let Ok(mut far) = stream else { return };
        far.read_exact(&mut [0; 3]).unwrap();
        far.write_all(b"answer").unwrap();
        let _ = far.shutdown();
    });
    let result = context.connect(raw, host, sessions, soon());
    let result = result.map(|mut stream| {
        stream.write_all(b"ask").unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, b"answer");
        stream.is_resumed()
    });
    far.join().unwrap();
    assert_clean();
    result
}

fn setting(version: SslVersion) -> (Identity, TlsContext, SslContext) {
    let ca = Identity::ca("ca");
    let says = Says {
        dns: &["worker.test", "also.test"],
        ..Says::default()
    };
    let worker = worker(&ca.issue(&says), only(version));
    (ca.clone(), resuming(&ca), worker)
}

#[test]
fn each_connection_after_the_first_takes_one_up() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let (_, context, worker) = setting(version);
        let sessions = Sessions::default();
        let resumed = (0..10).map(|_| asked(&context, &worker, "worker.test", &sessions).unwrap());
        let resumed: Vec<bool> = resumed.collect();
        assert!(!resumed[0]);
        assert_eq!(resumed[1..], [true; 9], "{version:?}");
        assert!(sessions.count() > 0);
    }
}

#[test]
fn a_ticket_is_shown_once_a_session_of_tls_1_2_again() {
    for (version, left) in [(SslVersion::TLS1_2, 1), (SslVersion::TLS1_3, 0)] {
        let (_, context, worker) = setting(version);
        let sessions = Sessions::default();
        asked(&context, &worker, "worker.test", &sessions).unwrap();
        while sessions.count() > 1 {
            asked_and_left(&context, &worker, &sessions);
        }
        assert!(asked_and_left(&context, &worker, &sessions));
        assert_eq!(sessions.count(), left, "{version:?}");
    }
}

/// A connection that reads nothing, and so no ticket; whether it took up an earlier session.
fn asked_and_left(context: &TlsContext, worker: &SslContext, sessions: &Sessions) -> bool {
    let (raw, far) = accept(worker, drop);
    let stream = context.connect(raw, "worker.test", sessions, soon());
    let is_resumed = stream.unwrap().is_resumed();
    far.join().unwrap();
    is_resumed
}

#[test]
fn what_was_proved_of_one_is_not_taken_for_another() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let (ca, context, worker) = setting(version);
        let sessions = Sessions::default();
        let ask = |context: &TlsContext, host| asked(context, &worker, host, &sessions);
        assert!(!ask(&context, "worker.test").unwrap());
        assert!(!ask(&context, "also.test").unwrap());
        assert!(ask(&context, "also.test").unwrap());
        // The same files, read again.
        assert!(!ask(&resuming(&ca), "also.test").unwrap());
        assert!(matches!(
            ask(&context, "other.test"),
            Err(TlsError::WrongName { .. })
        ));
    }
}

#[test]
fn a_worker_that_forgot_gets_a_whole_handshake() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let (ca, context, old) = setting(version);
        let restarted = worker(&ca.issue(&Says::default()), only(version));
        let sessions = Sessions::default();
        assert!(!asked(&context, &old, "worker.test", &sessions).unwrap());
        assert!(!asked(&context, &restarted, "worker.test", &sessions).unwrap());
        assert!(asked(&context, &restarted, "worker.test", &sessions).unwrap());
    }
}

#[test]
fn no_more_than_so_many_are_kept() {
    let (ca, context, _) = setting(SslVersion::TLS1_3);
    let generous = worker(&ca.issue(&Says::default()), |builder| {
        only(SslVersion::TLS1_3)(builder);
        builder.set_num_tickets(40).unwrap();
    });
    let sessions = Sessions::default();
    asked(&context, &generous, "worker.test", &sessions).unwrap();
    assert_eq!(sessions.count(), 16);
}

#[test]
fn a_certificate_that_ended_is_not_taken_for_good_by_way_of_a_session() {
    let ca = Identity::ca("ca");
    let context = resuming(&ca);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let brief = ca.issue(&Says {
            to: 2,
            ..Says::default()
        });
        let worker = worker(&brief, only(version));
        let sessions = Sessions::default();
        assert!(!asked(&context, &worker, "worker.test", &sessions).unwrap());
        thread::sleep(Duration::from_millis(3100));
        let result = asked(&context, &worker, "worker.test", &sessions);
        assert!(
            matches!(result, Err(TlsError::Expired { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn the_end_of_the_workers_certificate_is_known_since_the_last_handshake() {
    let ca = Identity::ca("ca");
    let context = resuming(&ca);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let sessions = Sessions::default();
        assert_eq!(sessions.worker_certificate_end(), None);
        for days in [30, 9] {
            let says = Says {
                to: days * DAY,
                ..Says::default()
            };
            let worker = worker(&ca.issue(&says), only(version));
            // The second takes the first one's session up, and is shown no certificate.
            for _ in 0..2 {
                asked(&context, &worker, "worker.test", &sessions).unwrap();
                let end = sessions.worker_certificate_end().unwrap();
                let left = end.duration_since(SystemTime::now()).unwrap();
                let left = left + Duration::from_secs(60);
                assert_eq!(left.as_secs() / (24 * 3600), days as u64, "{version:?}");
            }
        }
    }
}

#[test]
fn without_the_call_for_it_each_handshake_is_a_whole_one() {
    let (ca, _, worker) = setting(SslVersion::TLS1_3);
    let context = trusting(&[&ca]);
    let sessions = Sessions::default();
    for _ in 0..2 {
        assert!(!asked(&context, &worker, "worker.test", &sessions).unwrap());
    }
}
