//! Trailers of a chunked request: no header to Tomcat, and the client's connection stays in step.

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::{Farm, Result, Subject, both, on_mpm};

both! { trailers_are_no_headers }
on_mpm! { Worker worker: trailers_are_no_headers }
on_mpm! { Prefork prefork: trailers_are_no_headers }

/// What a client may send behind its last chunk.
const TRAILERS: [&str; 4] = [
    "X-Trail: 1\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
    "Authorization: Basic YTpi\r\nHost: other.test\r\n",
    "X-Trail: 1\r\nX-Trail: 2\r\n",
];

fn trailers_are_no_headers(subject: Subject) -> Result {
    let farm = Farm::alone(subject, |site| site.directives("JkMount /app/* w"))?;
    let mut client = Client::connect(farm.httpd.port())?;
    for (index, trailer) in TRAILERS.into_iter().enumerate() {
        client
            .raw(b"POST /app/x HTTP/1.1\r\nHost: rjk.test\r\nX-Own: 1\r\nTrailer: X-Trail\r\n")?;
        client.raw(b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")?;
        client.raw(format!("{trailer}\r\n").as_bytes())?;
        let answer = client.response("POST")?;
        assert_eq!(
            (answer.status, &answer.end),
            (200, &BodyEnd::Complete),
            "{trailer:?}"
        );
        let seen = farm.w().requests().swap_remove(2 * index);
        assert_eq!(seen.body(), b"hello", "{trailer:?}");
        let own = (seen.header("x-own"), seen.header("host"));
        assert_eq!(own, (Some("1"), Some("rjk.test")), "{trailer:?}");
        for gone in ["x-trail", "authorization", "content-length"] {
            assert_eq!(seen.header(gone), None, "{trailer:?}: {gone}");
        }
        let next = client.send(&Request::get("/app/next"))?;
        assert_eq!(next.field("uri").as_deref(), Some("/app/next"), "in step");
    }
    Ok(())
}
