//! Whom a handshake lets pass, and what it says of the others.

use super::rig::*;
use std::io::{Read as _, Write as _};

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
}
