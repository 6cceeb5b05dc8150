//! What TLS says to itself in the middle of a connection, made record by record: OpenSSL gives a worker
//! no safe call for it.

use crate::resumption::resume;
use crate::rig::*;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::ssl::{Ssl, SslContext, SslStream, SslVersion};
use openssl::symm::{Cipher, encrypt_aead};
use rjk_proxy::way::tls::{Sessions, TlsContext, TlsError, TlsStream};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let key = PKey::hmac(key).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    for part in parts {
        signer.update(part).unwrap();
    }
    signer.sign_to_vec().unwrap()
}

fn sealed(key: &[u8], nonce: &[u8], aad: &[u8], text: &[u8]) -> Vec<u8> {
    let mut tag = [0; 16];
    let cipher = Cipher::aes_128_gcm();
    let mut bytes = encrypt_aead(cipher, key, Some(nonce), aad, text, &mut tag).unwrap();
    bytes.extend(tag);
    bytes
}

fn header(kind: u8, length: usize) -> [u8; 5] {
    let [high, low] = (length as u16).to_be_bytes();
    [kind, 3, 3, high, low]
}

/// The worker's side of TLS 1.3 with one suite (RFC 8446, 5.2 and 7).
struct Sealing13 {
    secret: Vec<u8>,
    sequence: u64,
}

impl Sealing13 {
    fn expanded(&self, label: &str, length: u8) -> Vec<u8> {
        let label = format!("tls13 {label}");
        let info = [&[0, length, label.len() as u8], label.as_bytes(), &[0, 1]].concat();
        let mut bytes = hmac(&self.secret, &[&info]);
        bytes.truncate(length.into());
        bytes
    }

    fn record(&mut self, kind: u8, text: &[u8]) -> Vec<u8> {
        let mut nonce = self.expanded("iv", 12);
        for (byte, sequence) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= sequence;
        }
        self.sequence += 1;
        let head = header(DATA, text.len() + 17);
        let text = [text, &[kind]].concat();
        let body = sealed(&self.expanded("key", 16), &nonce, &head, &text);
        [&head[..], &body].concat()
    }

    /// KeyUpdate: the next record is sealed with the next key.
    fn update(&mut self, asks_for_one: bool) -> Vec<u8> {
        let record = self.record(HANDSHAKE, &[24, 0, 0, 1, asks_for_one.into()]);
        self.secret = self.expanded("traffic upd", 32);
        self.sequence = 0;
        record
    }
}

/// The same of TLS 1.2 (RFC 5246, 6.3; RFC 5288).
struct Sealing12 {
    key: Vec<u8>,
    salt: Vec<u8>,
    sequence: u64,
}

impl Sealing12 {
    fn new(master: &[u8], server: &[u8], client: &[u8]) -> Sealing12 {
        let seed = [b"key expansion", server, client].concat();
        let mut a = seed.clone();
        let mut block = Vec::new();
        while block.len() < 40 {
            a = hmac(master, &[&a]);
            block.extend(hmac(master, &[&a, &seed]));
        }
        Sealing12 {
            key: block[16..32].to_vec(),
            salt: block[36..40].to_vec(),
            // Finished was the first one.
            sequence: 1,
        }
    }

    fn record(&mut self, kind: u8, text: &[u8]) -> Vec<u8> {
        let sequence = self.sequence.to_be_bytes();
        self.sequence += 1;
        let aad = [&sequence[..], &header(kind, text.len())].concat();
        let nonce = [&self.salt[..], &sequence].concat();
        let body = sealed(&self.key, &nonce, &aad, text);
        [&header(kind, 8 + body.len())[..], &sequence, &body].concat()
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// What a worker writes to its log of keys, by the first word.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Vec<String>>>);

impl Keys {
    fn of(&self, kind: &str) -> Vec<u8> {
        let lines = self.0.lock().unwrap();
        let line = lines.iter().find(|line| line.starts_with(kind)).unwrap();
        hex(line.split(' ').next_back().unwrap())
    }
}

fn telling(identity: &Identity, version: SslVersion) -> (SslContext, Keys) {
    let keys = Keys::default();
    let log = keys.clone();
    let context = worker(identity, |builder| {
        only(version)(builder);
        builder.set_num_tickets(0).unwrap();
        builder.set_ciphersuites("TLS_AES_128_GCM_SHA256").unwrap();
        builder
            .set_cipher_list("ECDHE-ECDSA-AES128-GCM-SHA256")
            .unwrap();
        builder.set_keylog_callback(move |_, line| log.0.lock().unwrap().push(line.to_owned()));
    });
    (context, keys)
}

/// Both ends, the worker's after its handshake.
fn ends(version: SslVersion) -> (TlsStream, SslStream<UnixStream>, Keys) {
    let ca = Identity::ca("ca");
    let (context, keys) = telling(&ca.issue(&Says::default()), version);
    let (raw, far) = accept(&context, |stream| stream.unwrap());
    let stream = connect(&trusting(&[&ca]), raw, "worker.test").unwrap();
    (stream, far.join().unwrap(), keys)
}

fn ends13() -> (TlsStream, SslStream<UnixStream>, Sealing13) {
    let (stream, far, keys) = ends(SslVersion::TLS1_3);
    let sealing = Sealing13 {
        secret: keys.of("SERVER_TRAFFIC_SECRET_0"),
        sequence: 0,
    };
    (stream, far, sealing)
}

fn ends12() -> (TlsStream, SslStream<UnixStream>, Sealing12) {
    let (stream, far, keys) = ends(SslVersion::TLS1_2);
    let (mut server, mut client) = ([0; 32], [0; 32]);
    far.ssl().server_random(&mut server);
    far.ssl().client_random(&mut client);
    let sealing = Sealing12::new(&keys.of("CLIENT_RANDOM"), &server, &client);
    (stream, far, sealing)
}

#[test]
fn a_worker_may_change_its_keys_and_ask_for_others_of_ours() {
    for asks in [false, true] {
        let (mut stream, mut far, mut sealing) = ends13();
        let mut room = [0; 10];
        let update = sealing.update(asks);
        far.get_mut().write_all(&update).unwrap();
        let error = stream.read_now(&mut room).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        let data = sealing.record(DATA, b"after");
        far.get_mut().write_all(&data).unwrap();
        assert_eq!(stream.read(&mut room).unwrap(), 5);
        assert_eq!(&room[..5], b"after");
        stream.write_all(b"answer").unwrap();
        assert_eq!(far.ssl_read(&mut room).unwrap(), 6);
        assert_clean();
    }
}

/// A worker that had answered did not refuse who we are, whatever it says later.
#[test]
fn an_alert_about_certificates_says_something_of_ours_only_before_the_first_answer() {
    for answers in [false, true] {
        let (mut stream, mut far, mut sealing) = ends13();
        let mut room = [0; 10];
        if answers {
            let data = sealing.record(DATA, b"answer");
            far.get_mut().write_all(&data).unwrap();
            assert_eq!(stream.read(&mut room).unwrap(), 6);
        }
        let alert = sealing.record(ALERT, &[2, 42]);
        far.get_mut().write_all(&alert).unwrap();
        let error = stream.read(&mut room).unwrap_err();
        assert_eq!(TlsError::is_refusal(&error), !answers);
        let error = TlsError::from_io(error).unwrap();
        match answers {
            false => assert!(matches!(error, TlsError::CertificateWanted), "{error}"),
            true => assert!(
                matches!(error, TlsError::Alert("bad_certificate")),
                "{error}"
            ),
        }
    }
}

/// In TLS 1.2 the certificate is settled before the handshake ends. A worker that wants one after it has
/// read a request is told no, and its alert is about a request that it has read.
#[test]
fn an_alert_of_tls_1_2_behind_the_handshake_is_no_refusal() {
    for number in [40, 42, 46, 48, 116] {
        let (mut stream, mut far, mut sealing) = ends12();
        stream.write_all(b"POST").unwrap();
        assert_eq!(far.ssl_read(&mut [0; 10]).unwrap(), 4);
        let request = sealing.record(HANDSHAKE, &[0, 0, 0, 0]);
        let alert = sealing.record(ALERT, &[2, number]);
        far.get_mut().write_all(&[request, alert].concat()).unwrap();
        let error = stream.read(&mut [0; 10]).unwrap_err();
        assert!(!TlsError::is_refusal(&error), "{error}");
        let error = TlsError::from_io(error).unwrap();
        assert!(matches!(error, TlsError::Alert(_)), "{error}");
    }
}

/// Who we are was settled when the session was made.
#[test]
fn an_alert_after_a_session_was_taken_up_is_no_refusal() {
    let ca = Identity::ca("ca");
    let (context, keys) = telling(&ca.issue(&Says::default()), SslVersion::TLS1_3);
    let ours = TlsContext::load(&trusting_spec(&[&ca], &Files::new()), Some(resume)).unwrap();
    let sessions = Sessions::default();
    let open = |tickets| {
        keys.0.lock().unwrap().clear();
        let mut ssl = Ssl::new(&context).unwrap();
        ssl.set_num_tickets(tickets).unwrap();
        let (raw, far) = bare(move |socket| ssl.accept(socket).unwrap());
        let stream = ours.connect(raw, "worker.test", &sessions, soon());
        (stream.unwrap(), far.join().unwrap())
    };
    let (mut first, mut far) = open(1);
    far.write_all(b"x").unwrap();
    assert_eq!(first.read(&mut [0; 1]).unwrap(), 1);
    drop((first, far));
    let (mut stream, mut far) = open(0);
    assert!(stream.is_resumed());
    let mut sealing = Sealing13 {
        secret: keys.of("SERVER_TRAFFIC_SECRET_0"),
        sequence: 0,
    };
    let alert = sealing.record(ALERT, &[2, 42]);
    far.get_mut().write_all(&alert).unwrap();
    let error = stream.read(&mut [0; 10]).unwrap_err();
    assert!(!TlsError::is_refusal(&error), "{error}");
    let error = TlsError::from_io(error).unwrap();
    assert!(
        matches!(error, TlsError::Alert("bad_certificate")),
        "{error}"
    );
}

/// An answer that ends with its connection would else be taken for whole.
#[test]
fn after_an_alert_nothing_is_an_end_in_order() {
    for looks in [false, true] {
        let (mut stream, mut far, mut sealing) = ends13();
        let mut room = [0; 10];
        let data = sealing.record(DATA, b"part");
        let alert = sealing.record(ALERT, &[2, 80]);
        far.get_mut().write_all(&[data, alert].concat()).unwrap();
        assert_eq!(stream.read(&mut room).unwrap(), 4);
        let error = match looks {
            true => stream.read_now(&mut room),
            false => stream.read(&mut room),
        };
        let error = TlsError::from_io(error.unwrap_err()).unwrap();
        assert!(
            matches!(error, TlsError::Alert("internal_error")),
            "{error}"
        );
        for _ in 0..2 {
            let error = stream.read(&mut room).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            let error = stream.read_now(&mut room).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        }
        assert_clean();
    }
}

/// Nothing but changes of keys: it must not keep us busy for as long as it likes.
#[test]
fn a_look_ends_though_the_worker_talks_to_itself_without_end() {
    let (mut stream, mut far, mut sealing) = ends13();
    let mut updates = Vec::new();
    while updates.len() < 128 * 1024 {
        updates.extend(sealing.update(false));
    }
    let sent = std::thread::spawn(move || {
        // Our end is closed before it took all.
        let _ = far.get_mut().write_all(&updates);
    });
    let began = Instant::now();
    let limit = Duration::from_secs(10);
    let error = loop {
        match stream.read_now(&mut [0; 1]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(began.elapsed() < limit, "all was taken in");
            }
            result => break result.unwrap_err(),
        }
        use rustix::event::{PollFd, PollFlags, poll};
        let mut fds = [PollFd::new(stream.raw(), PollFlags::IN)];
        poll(&mut fds, None).unwrap();
        // So that one look finds enough of them.
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    assert_clean();
    drop(stream);
    sent.join().unwrap();
}

/// A worker that wants a certificate for some of its pages only.
#[test]
fn a_worker_that_begins_anew_is_told_no_and_goes_on() {
    let (mut stream, mut far, mut sealing) = ends12();
    let mut room = [0; 10];
    // HelloRequest.
    let request = sealing.record(HANDSHAKE, &[0, 0, 0, 0]);
    far.get_mut().write_all(&request).unwrap();
    let error = stream.read_now(&mut room).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let data = sealing.record(DATA, b"after");
    far.get_mut().write_all(&data).unwrap();
    assert_eq!(stream.read(&mut room).unwrap(), 5);
    assert_eq!(&room[..5], b"after");
    stream.write_all(b"answer").unwrap();
    let kinds: Vec<u8> = (0..2).map(|_| kind_of_record(far.get_mut())).collect();
    assert_eq!(kinds, [ALERT, DATA]);
    assert_clean();
}

fn kind_of_record(socket: &mut UnixStream) -> u8 {
    let mut head = [0; 5];
    socket.read_exact(&mut head).unwrap();
    let length = u16::from_be_bytes([head[3], head[4]]);
    socket.read_exact(&mut vec![0; length.into()]).unwrap();
    head[0]
}
