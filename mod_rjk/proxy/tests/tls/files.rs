//! The files that are named for TLS, right and wrong.

use crate::rig::*;
use openssl::symm::Cipher;
use rjk_config::model::{TlsIdentity, TlsSpec};
use rjk_proxy::way::tls::{Owner, TlsContext};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn refusal(spec: &TlsSpec) -> String {
    let error = TlsContext::load(spec, None).unwrap_err();
    assert_clean();
    error.to_string()
}

fn named(path: &Path) -> TlsSpec {
    TlsSpec {
        ca: Some(path.into()),
        ..spec()
    }
}

#[test]
fn what_can_be_wrong_with_the_file_of_ca() {
    let files = Files::new();
    let ca = Identity::ca("ca");
    let key = ca.key_pem();
    let broken = ca.cert_pem();
    let broken: Vec<u8> = broken
        .iter()
        .enumerate()
        .map(|(at, byte)| if at == 200 { b'!' } else { *byte })
        .collect();
    let rows: [(&str, &[u8], &str); 4] = [
        ("text", b"ca", "is not PEM: it has no line \"-----BEGIN"),
        ("empty", b"", "is not PEM"),
        ("key", &key, "has no certificate in it, but PRIVATE KEY"),
        ("broken", &broken, "is damaged: "),
    ];
    for (name, content, says) in rows {
        let path = files.put(name, 0o644, content);
        let refusal = refusal(&named(&path));
        assert!(refusal.starts_with(path.to_str().unwrap()), "{refusal}");
        assert!(refusal.contains(says), "{refusal}");
    }
    let missing = files.0.path().join("missing");
    let refusal_of_it = refusal(&named(&missing));
    assert!(
        refusal_of_it.contains("missing cannot be read: No such file"),
        "{refusal_of_it}"
    );
    let folder = refusal(&named(files.0.path()));
    assert!(folder.ends_with("is not a file"), "{folder}");
}

fn identified(cert: &Path, key: &Path) -> TlsSpec {
    TlsSpec {
        identity: Some(TlsIdentity {
            cert: cert.into(),
            key: key.into(),
        }),
        ..spec()
    }
}

/// A certificate, its key, and where they are.
struct Own {
    files: Files,
    identity: Identity,
    cert: PathBuf,
    key: PathBuf,
}

fn own() -> Own {
    let files = Files::new();
    let identity = Identity::made(&Says::default());
    let cert = files.put("cert", 0o644, &identity.cert_pem());
    let key = files.put("key", 0o600, &identity.key_pem());
    Own {
        files,
        identity,
        cert,
        key,
    }
}

#[test]
fn what_can_be_wrong_with_the_key() {
    const EMPTY: &[u8] = b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n";
    let own = own();
    let (key, cipher) = (&own.identity.key, Cipher::aes_128_cbc());
    let pkcs8 = key.private_key_to_pem_pkcs8_passphrase(cipher, b"pass");
    let old = key.ec_key().unwrap();
    let old = old.private_key_to_pem_passphrase(cipher, b"pass");
    let (pem, other) = (
        own.identity.key_pem(),
        Identity::made(&Says::default()).key_pem(),
    );
    let rows: [(u32, &[u8], &str); 8] = [
        (0o600, &pkcs8.unwrap(), "is encrypted, and nobody"),
        (0o600, &old.unwrap(), "is encrypted, and nobody"),
        (0o644, &pem, "can be read by anybody (mode 0644)"),
        (0o640, &other, "does not belong to the certificate"),
        (
            0o600,
            &own.identity.cert_pem(),
            "has no private key in it, but CERTIFICATE",
        ),
        (0o600, b"key", "is not PEM"),
        (0o600, &pem[..pem.len() / 2], "is damaged: "),
        (0o600, EMPTY, "is damaged: "),
    ];
    for (row, (mode, content, says)) in rows.into_iter().enumerate() {
        let path = own.files.put(&format!("key{row}"), mode, content);
        let refusal = refusal(&identified(&own.cert, &path));
        assert!(refusal.contains(path.to_str().unwrap()), "{refusal}");
        assert!(refusal.contains(says), "{refusal}");
    }
}

#[test]
fn what_can_be_wrong_with_the_two() {
    let own = own();
    let missing = own.files.0.path().join("missing");
    for (cert, key) in [(&own.cert, &missing), (&missing, &own.key)] {
        let refusal = refusal(&identified(cert, key));
        assert!(
            refusal.contains("missing cannot be read: No such file"),
            "{refusal}"
        );
    }
    let swapped = refusal(&identified(&own.key, &own.cert));
    assert!(
        swapped.contains("has no certificate in it, but PRIVATE KEY"),
        "{swapped}"
    );
    // Both in one file, and readable by a group.
    let both = [own.identity.cert_pem(), own.identity.key_pem()].concat();
    let both = own.files.put("both", 0o640, &both);
    load(&identified(&both, &both));
    assert_clean();
}

#[test]
fn the_ends_of_all_certificates_are_told_the_first_one_first() {
    let files = Files::new();
    let with = |name: &'static str, days: i64| Says {
        name,
        to: days * DAY,
        ..Says::default()
    };
    let between = Identity::made(&with("between", 5));
    let own = between.issue(&with("own", 40));
    let (near, far) = (
        Identity::made(&with("near", 20)),
        Identity::made(&with("far", 30)),
    );
    let chain = [own.cert_pem(), between.cert_pem()].concat();
    let context = load(&TlsSpec {
        identity: Some(TlsIdentity {
            cert: files.put("chain.pem", 0o644, &chain),
            key: files.put("key.pem", 0o600, &own.key_pem()),
        }),
        ..trusting_spec(&[&far, &near], &files)
    });
    let told: Vec<(Owner, &str, u64)> = context
        .expiries()
        .iter()
        .map(|expiry| {
            let left = expiry.end.duration_since(SystemTime::now()).unwrap();
            let days = (left + Duration::from_secs(60)).as_secs() / (24 * 3600);
            (expiry.owner, expiry.subject.as_str(), days)
        })
        .collect();
    let expected = [
        (Owner::Own, "O=Test, CN=between", 5),
        (Owner::Ca, "O=Test, CN=near", 20),
        (Owner::Ca, "O=Test, CN=far", 30),
        (Owner::Own, "O=Test, CN=own", 40),
    ];
    assert_eq!(told, expected);
    let warned: Vec<String> = context
        .expiries()
        .iter()
        .filter_map(|expiry| expiry.warning(SystemTime::now()))
        .collect();
    assert_eq!(warned.len(), 2);
    assert!(load(&spec()).expiries().is_empty());
}

#[test]
fn nothing_is_kept_open_by_what_is_read() {
    let files = Files::new();
    let ca = Identity::ca("ca");
    let context = load(&trusting_spec(&[&ca], &files));
    drop(files);
    let (raw, far) = accept(&worker(&ca.issue(&Says::default()), |_| {}), |stream| {
        stream.is_ok()
    });
    connect(&context, raw, "worker.test").unwrap();
    assert!(far.join().unwrap());
}
