//! Graceful restarts while uploads are under way: every body arrives whole, once.

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::digest::bytes;
use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Plan, Result, Subject};

const SIZE: usize = 300_000;
/// Restarts during each upload.
const RESTARTS: usize = 3;

/// Half of an upload, one with a length and one in chunks by turns.
fn half(port: u16, number: usize, sent: &[u8]) -> Result<Client> {
    let mut client = Client::connect(port)?;
    let post = Request::new("POST", &format!("/upload{number}"));
    let chunked = number % 2 == 1;
    let head = match chunked {
        true => post.header("Transfer-Encoding", "chunked"),
        false => post.header("Content-Length", &SIZE.to_string()),
    };
    client.raw(&head.head_bytes())?;
    if chunked {
        client.raw(format!("{SIZE:x}\r\n").as_bytes())?;
    }
    client.raw(&sent[..SIZE / 2])?;
    Ok(client)
}

fn finish(client: &mut Client, number: usize, sent: &[u8]) -> Result {
    client.raw(&sent[SIZE / 2..])?;
    if number % 2 == 1 {
        client.raw(b"\r\n0\r\n\r\n")?;
    }
    let answer = client.response("POST")?;
    assert_eq!(
        (answer.status, &answer.end),
        (200, &BodyEnd::Complete),
        "{number}"
    );
    Ok(())
}

#[test]
fn rjk_uploads_outlive_restarts() -> Result {
    let sent = bytes(4, SIZE);
    for mpm in Mpm::ALL {
        let mut farm = Plan::new(Subject::Rjk, &["m1"])
            .mpm(mpm)
            .httpd(|builder| builder.server_limit(16).max_request_workers(16))
            .start()?;
        let mut uploads = Vec::new();
        for number in 0..2 + RESTARTS {
            uploads.push(half(farm.httpd.port(), number, &sent)?);
            farm.peer("m1")?.wait_requests(number + 1)?;
            if number >= 2 {
                farm.graceful()?;
            }
        }
        for (number, client) in uploads.iter_mut().enumerate() {
            finish(client, number, &sent)?;
        }
        let seen = farm.peer("m1")?.requests();
        assert_eq!(seen.len(), 2 + RESTARTS, "{mpm:?}: none was sent twice");
        assert!(seen.iter().all(|request| request.body() == sent), "{mpm:?}");
        farm.wait_not_busy(&["m1"])?;
    }
    Ok(())
}
