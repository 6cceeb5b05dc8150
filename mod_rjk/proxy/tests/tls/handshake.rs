//! Whom a handshake lets pass, and what it says of the others.

use crate::rig::*;
use openssl::ssl::{NameType, SslContext, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;
use rjk_config::model::TlsSpec;
use rjk_proxy::way::raw::Raw;
use rjk_proxy::way::tls::{Sessions, TlsContext, TlsError};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a connection to a worker with that certificate comes to.
fn tried(context: &TlsContext, worker_has: &Identity, host: &str) -> Result<(), TlsError> {
    tried_with(context, &worker(worker_has, |_| {}), host)
}

fn tried_with(context: &TlsContext, worker: &SslContext, host: &str) -> Result<(), TlsError> {
    let (raw, far) = accept(worker, |stream| drop(stream.map(|mut far| far.shutdown())));
    let result = connect(context, raw, host).map(drop);
    far.join().unwrap();
    result
}

fn assert_line(error: &TlsError, line: &str) {
    assert!(error.to_string().contains(line), "{error}\nhas not: {line}");
    assert!(!error.remedy().is_empty());
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn a_worker_with_a_trusted_certificate_for_its_host_is_spoken_to() {
    let ca = Identity::ca("ca");
    let context = worker(&ca.issue(&Says::default()), |_| {});
    let (raw, far) = accept(&context, |stream| {
        let mut stream = stream.unwrap();
        let mut said = [0; 5];
        stream.read_exact(&mut said).unwrap();
        stream.write_all(b"world").unwrap();
        stream.shutdown().unwrap();
        said
    });
    let mut stream = connect(&trusting(&[&ca]), raw, "worker.test").unwrap();
    stream.write_all(b"hello").unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"world");
    assert_eq!(&far.join().unwrap(), b"hello");
    assert!(stream.worker_certificate_end().is_some());
    let agreed = stream.agreed();
    assert_eq!(
        (agreed.version.as_str(), agreed.end),
        ("TLSv1.3", stream.worker_certificate_end())
    );
    assert!(agreed.cipher.starts_with("TLS_"), "{agreed:?}");
    assert_eq!(
        (agreed.subject.as_str(), agreed.issuer.as_str()),
        ("O=Test, CN=worker", "O=Test, CN=ca")
    );
    assert!(agreed.handshake > Duration::ZERO);
    assert_clean();
}

#[test]
fn names_and_addresses_that_a_certificate_is_for() {
    let ca = Identity::ca("ca");
    let says = Says {
        dns: &["worker.test", "*.wild.test"],
        ip: &["127.0.0.1", "::1"],
        ..Says::default()
    };
    let several = ca.issue(&says);
    let old = ca.issue(&Says {
        name: "old.test",
        dns: &[],
        ..Says::default()
    });
    let context = trusting(&[&ca]);
    let good = ["worker.test", "WORKER.test", "worker.test.", "a.wild.test"];
    for host in good.into_iter().chain(["127.0.0.1", "::1", "[::1]"]) {
        tried(&context, &several, host).unwrap();
    }
    for host in [
        "other.test",
        "a.b.wild.test",
        "wild.test",
        "127.0.0.2",
        "::2",
    ] {
        let error = tried(&context, &several, host).unwrap_err();
        let line = format!("not for {host} but for worker.test, *.wild.test, 127.0.0.1, ::1");
        assert_line(&error, &line);
    }
    // Made without any alternative name, as keytool does it.
    tried(&context, &old, "old.test").unwrap();
    let error = tried(&context, &old, "other.test").unwrap_err();
    assert_line(&error, "not for other.test but for O=Test, CN=old.test");
}

#[test]
fn server_name_is_asked_for_instead_of_the_host() {
    let ca = Identity::ca("ca");
    let files = Files::new();
    let context = load(&TlsSpec {
        server_name: Some("worker.test".to_owned()),
        ..trusting_spec(&[&ca], &files)
    });
    tried(&context, &ca.issue(&Says::default()), "10.0.0.1").unwrap();
}

#[test]
fn a_name_is_told_and_an_address_is_not_and_no_protocol_is_offered() {
    let ca = Identity::ca("ca");
    let identity = ca.issue(&Says {
        ip: &["127.0.0.1"],
        ..Says::default()
    });
    let context = trusting(&[&ca]);
    for (host, told) in [("worker.test", Some("worker.test")), ("127.0.0.1", None)] {
        let (heard, offered) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (to_heard, to_offered) = (heard.clone(), offered.clone());
        let worker = worker(&identity, |builder| {
            builder.set_servername_callback(move |ssl, _| {
                *to_heard.lock().unwrap() = ssl.servername(NameType::HOST_NAME).map(str::to_owned);
                Ok(())
            });
            builder.set_alpn_select_callback(move |_, offer| {
                to_offered.store(true, Ordering::Relaxed);
                Ok(&offer[1..1 + usize::from(offer[0])])
            });
        });
        tried_with(&context, &worker, host).unwrap();
        assert_eq!(heard.lock().unwrap().as_deref(), told);
        assert!(!offered.load(Ordering::Relaxed));
    }
}

#[test]
fn nobody_that_is_trusted_stands_for_it() {
    let (ca, other) = (Identity::ca("ca"), Identity::ca("other"));
    let stranger = other.issue(&Says::default());
    let line = "O=Test, CN=worker, was issued by O=Test, CN=other, which is not trusted";
    for context in [trusting(&[&ca]), load(&spec())] {
        assert_line(
            &tried(&context, &stranger, "worker.test").unwrap_err(),
            line,
        );
        // With its root beside it.
        let chained = worker(&stranger, |builder| {
            builder.add_extra_chain_cert(other.cert.clone()).unwrap();
        });
        let error = tried_with(&context, &chained, "worker.test").unwrap_err();
        assert_line(&error, line);
        let own = Identity::made(&Says::default());
        let error = tried(&context, &own, "worker.test").unwrap_err();
        assert!(matches!(error, TlsError::SelfSigned { .. }));
        assert_line(&error, "O=Test, CN=worker, is self-signed and not trusted");
    }
    let unverified = load(&TlsSpec {
        verify: false,
        ..spec()
    });
    tried(&unverified, &stranger, "another.test").unwrap();
}

/// Each certificate in the file is trusted for itself, its issuer is not asked for.
#[test]
fn what_the_file_of_ca_has_is_trusted_be_it_no_ca() {
    let (ca, between) = (Identity::ca("ca"), Identity::ca("other"));
    let own = Identity::made(&Says::default());
    let issued = ca.issue(&Says::default());
    let intermediate = ca.issue(&Says {
        name: "between",
        dns: &[],
        is_ca: true,
        ..Says::default()
    });
    let below = intermediate.issue(&Says::default());
    for (trusted, worker_has) in [(&own, &own), (&issued, &issued), (&intermediate, &below)] {
        let context = trusting(&[&between, trusted]);
        tried(&context, worker_has, "worker.test").unwrap();
    }
    let chained = worker(&below, |builder| {
        builder
            .add_extra_chain_cert(intermediate.cert.clone())
            .unwrap();
    });
    tried_with(&trusting(&[&ca]), &chained, "worker.test").unwrap();
    let error = tried(&trusting(&[&ca]), &below, "worker.test").unwrap_err();
    assert_line(
        &error,
        "O=Test, CN=worker, was issued by O=Test, CN=between",
    );
}

#[test]
fn certificates_out_of_their_time_or_for_something_else() {
    let ca = Identity::ca("ca");
    let context = trusting(&[&ca]);
    let with = |says: Says<'_>| tried(&context, &ca.issue(&says), "worker.test").unwrap_err();
    let expired = with(Says {
        from: -2 * DAY,
        to: -DAY,
        ..Says::default()
    });
    assert_line(&expired, "the certificate of O=Test, CN=worker expired at ");
    assert_line(&expired, " GMT");
    let early = with(Says {
        from: DAY,
        to: 2 * DAY,
        ..Says::default()
    });
    assert_line(
        &early,
        "the certificate of O=Test, CN=worker is valid from ",
    );
    let for_clients = with(Says {
        is_client: true,
        ..Says::default()
    });
    assert_line(
        &for_clients,
        "the certificate of O=Test, CN=worker was refused: ",
    );
    let ended = Identity::made(&Says {
        name: "ended",
        dns: &[],
        is_ca: true,
        to: -1,
        ..Says::default()
    });
    let error = tried(
        &trusting(&[&ended]),
        &ended.issue(&Says::default()),
        "worker.test",
    );
    assert_line(
        &error.unwrap_err(),
        "the certificate of O=Test, CN=ended expired at ",
    );
}

#[test]
fn what_a_certificate_says_is_one_line_of_a_bounded_length() {
    let evil = Identity::made(&Says {
        name: "a\nb\u{1b}[2Jc",
        ..Says::default()
    });
    let error = tried(&trusting(&[&Identity::ca("ca")]), &evil, "worker.test").unwrap_err();
    assert_line(&error, "O=Test, CN=a?b?[2Jc, is self-signed");
    let names: Vec<String> = (0..30)
        .map(|n| format!("{n}.{}.test", "x".repeat(60)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let own = Identity::made(&Says {
        dns: &names,
        ..Says::default()
    });
    let error = tried(&trusting(&[&own]), &own, "worker.test").unwrap_err();
    assert_line(&error, " and 22 more");
}

/// Workers that want a certificate of the other end, by version.
fn asking(ca: &Identity, version: SslVersion) -> SslContext {
    let identity = ca.issue(&Says::default());
    let trusted = ca.cert.clone();
    worker(&identity, |builder| {
        only(version)(builder);
        let mode = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        builder.set_verify(mode);
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(trusted).unwrap();
        builder.set_cert_store(store.build());
    })
}

/// What the handshake or the first answer comes to: in TLS 1.3 the worker looks at the certificate
/// after our part of the handshake.
fn answered(context: &TlsContext, worker: &SslContext) -> Result<Vec<u8>, io::Error> {
    let (raw, far) = accept(worker, |stream| {
        let Ok(mut far) = stream else { return };
        let _ = far.write_all(b"answer");
        let _ = far.shutdown();
    });
    let mut heard = Vec::new();
    let result = connect(context, raw, "worker.test")
        .map_err(io::Error::from)
        .and_then(|mut stream| stream.read_to_end(&mut heard));
    far.join().unwrap();
    assert_clean();
    result.map(|_| heard)
}

#[test]
fn a_worker_that_wants_a_certificate() {
    let (ca, other) = (Identity::ca("ca"), Identity::ca("other"));
    let files = Files::new();
    let none = trusting_spec(&[&ca], &files);
    let identified = |by: &Identity| TlsSpec {
        identity: Some(shown(&by.issue(&Says::default()), &files)),
        ..none.clone()
    };
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let worker = asking(&ca, version);
        let good = answered(&load(&identified(&ca)), &worker);
        assert_eq!(good.unwrap(), b"answer");
        let error = answered(&load(&none), &worker).unwrap_err();
        let error = TlsError::of(&error).unwrap_or_else(|| panic!("{error:?}"));
        assert_line(error, "the worker wants a client certificate");
        let error = answered(&load(&identified(&other)), &worker).unwrap_err();
        let error = TlsError::of(&error).unwrap_or_else(|| panic!("{error:?}"));
        assert_line(
            error,
            "the worker refused our client certificate (unknown_ca)",
        );
    }
}

/// A worker that takes the first message, answers with those bytes and closes.
fn answering(bytes: &'static [u8]) -> (Raw, JoinHandle<()>) {
    bare(move |mut far| {
        let mut hello = [0; 4096];
        assert!(far.read(&mut hello).unwrap() > 0);
        far.write_all(bytes).unwrap();
    })
}

#[test]
fn what_is_not_tls_and_what_an_alert_says() {
    const fn alert(number: u8) -> [u8; 7] {
        [21, 3, 3, 0, 2, 2, number]
    }
    let rows: &[(&[u8], &str)] = &[
        (b"HTTP/1.1 400 \r\nConnection: close\r\n\r\n", "plain HTTP"),
        (b"AB\x00\x01\x09", "in AJP"),
        (b"SSH-2.0-x\r\n", "begins with \"SSH-2.0-\""),
        (b"\x16\x00\x00", "begins with \"\\x16\\x00\\x00\""),
        (b"", "closed the connection within the TLS handshake"),
        (&[22, 3, 3, 0, 50, 2, 0], "closed the connection within"),
        (&const { alert(40) }, "no cipher suite"),
        (&const { alert(70) }, "no version of TLS in common"),
        (&const { alert(71) }, "no cipher suite"),
        (
            &const { alert(112) },
            "the worker knows no host worker.test",
        ),
        (
            &const { alert(80) },
            "ended TLS with the alert internal_error",
        ),
        (
            &const { alert(200) },
            "ended TLS with the alert of an unknown number",
        ),
        // More than a record may have.
        (&[22, 3, 3, 255, 255, 2, 0], "TLS failed: "),
    ];
    let context = trusting(&[&Identity::ca("ca")]);
    for (bytes, line) in rows {
        let (raw, far) = answering(bytes);
        let error = connect(&context, raw, "worker.test").unwrap_err();
        assert_line(&error, line);
        far.join().unwrap();
    }
}

#[test]
fn nothing_in_common() {
    let ca = Identity::ca("ca");
    let identity = ca.issue(&Says::default());
    let context = trusting(&[&ca]);
    // Its key is none that RSA can be done with.
    let rsa = worker(&identity, |builder| {
        only(SslVersion::TLS1_2)(builder);
        builder.set_cipher_list("AES128-GCM-SHA256").unwrap();
    });
    let error = tried_with(&context, &rsa, "worker.test").unwrap_err();
    assert!(matches!(error, TlsError::NoCommonCipher), "{error:?}");
    let old = worker(&identity, |builder| {
        builder.set_security_level(0);
        only(SslVersion::TLS1_1)(builder);
    });
    // Where the host's policy lets the version pass, it does not let its signatures.
    let error = tried_with(&context, &old, "worker.test").unwrap_err();
    let is_known = matches!(error, TlsError::NoCommonVersion | TlsError::NoCommonCipher);
    assert!(is_known, "{error:?}");
}

#[test]
fn a_handshake_has_its_time_be_it_quiet_or_dripping() {
    let context = trusting(&[&Identity::ca("ca")]);
    let limit = Duration::from_millis(150);
    let quiet = bare(|mut far| drop(io::copy(&mut far, &mut io::sink())));
    // A record that goes on and on.
    let dripping = bare(|mut far| {
        let mut bytes = [22, 3, 3, 64, 0, 2].into_iter().chain(std::iter::repeat(0));
        while far.write_all(&[bytes.next().unwrap()]).is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    for (raw, far) in [quiet, dripping] {
        let began = Instant::now();
        let error = context.connect(
            raw,
            "worker.test",
            &Sessions::default(),
            Some(began + limit),
        );
        let took = began.elapsed();
        let error = error.unwrap_err();
        assert!(matches!(error, TlsError::TimedOut), "{error:?}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
        assert!(took >= limit && took < 10 * limit, "{took:?}");
        assert_clean();
        far.join().unwrap();
    }
}

#[test]
fn a_reset_stays_what_the_system_says() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let context = trusting(&[&Identity::ca("ca")]);
    socket2::SockRef::from(&far)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(far);
    let error = connect(&context, Raw::Tcp(near), "worker.test").unwrap_err();
    let error = io::Error::from(error);
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error:?}");
    assert!(error.raw_os_error().is_some());
}

/// What somebody else left in OpenSSL's queue is not taken for the reason of a failure here.
#[test]
fn errors_of_others_are_not_ours() {
    let context = trusting(&[&Identity::ca("ca")]);
    leave_an_error();
    let (raw, far) = answering(b"");
    let error = connect(&context, raw, "worker.test").unwrap_err();
    assert!(matches!(error, TlsError::Closed), "{error:?}");
    far.join().unwrap();
}
