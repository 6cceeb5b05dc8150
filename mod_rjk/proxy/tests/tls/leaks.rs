//! Connections leave nothing behind, be they good or bad: alone in its process, which it measures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "../../../httpd/src/ffi/resumption.rs"]
mod resumption;
#[allow(dead_code, reason = "the other tests need more of it")]
mod rig;

use openssl::ssl::SslContext;
use rig::*;
use rjk_proxy::way::tls::{Sessions, TlsContext};
use std::fs;
use std::io::{Read as _, Write as _};

struct Round {
    context: TlsContext,
    good: SslContext,
    stranger: SslContext,
    sessions: Sessions,
}

impl Round {
    fn new() -> Round {
        let ca = Identity::ca("ca");
        let files = Files::new();
        let spec = trusting_spec(&[&ca], &files);
        Round {
            context: TlsContext::load(&spec, Some(resumption::resume)).unwrap(),
            good: worker(&ca.issue(&Says::default()), |_| {}),
            stranger: worker(&Identity::made(&Says::default()), |_| {}),
            sessions: Sessions::default(),
        }
    }

    /// Connections that end in each way.
    fn go(&self) {
        for (worker, host, is_good) in [
            (&self.good, "worker.test", true),
            (&self.good, "other.test", false),
            (&self.stranger, "worker.test", false),
        ] {
            let (raw, far) = accept(worker, |stream| {
                stream.is_ok_and(|mut far| far.write_all(b"x").is_ok())
            });
            let stream = self.context.connect(raw, host, &self.sessions, soon());
            assert_eq!(stream.is_ok(), is_good);
            if let Ok(mut stream) = stream {
                // One byte, and then the cut.
                assert!(stream.read_to_end(&mut Vec::new()).is_err());
            }
            far.join().unwrap();
        }
        let (raw, far) = bare(|mut far| drop(far.write_all(b"HTTP/1.1 400 \r\n\r\n")));
        assert!(connect(&self.context, raw, "worker.test").is_err());
        far.join().unwrap();
    }
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Kilobytes of memory in use.
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse().unwrap()
}

#[test]
fn connections_leave_nothing_behind() {
    let round = Round::new();
    (0..100).for_each(|_| round.go());
    let (files, kilobytes) = (open_files(), memory());
    // An SSL that is not freed has tens of kilobytes.
    (0..300).for_each(|_| round.go());
    assert_eq!(open_files(), files);
    let more = memory().saturating_sub(kilobytes);
    assert!(more < 1500, "{more} KB more");
    assert!(round.sessions.count() <= 16);
    assert_clean();
}
