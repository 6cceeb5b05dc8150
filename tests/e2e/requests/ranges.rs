//! Ranges: those of a worker go through as they are; of a whole answer httpd cuts them itself.

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::peer::{Head, Script, Step, body_chunk, end_response};
use rjk_testbed::{Farm, Result, Subject, both, on_mpm};

both! { a_partial_answer_of_the_worker a_range_of_a_whole_answer a_range_that_cannot_be }
on_mpm! { Worker worker: a_range_that_cannot_be }
on_mpm! { Prefork prefork: a_range_that_cannot_be }

const BODY: &str = "0123456789";

fn mounted(subject: Subject, head: Head, body: &str) -> Result<Farm> {
    let farm = Farm::alone(subject, |site| site.directives("JkMount /app/* w"))?;
    // In one write, so that the end of the answer comes with its body.
    let packets = [
        head.packet(),
        body_chunk(body.as_bytes()),
        end_response(true),
    ];
    farm.w().set(Script::new([Step::Send(packets.concat())]));
    Ok(farm)
}

fn a_partial_answer_of_the_worker(subject: Subject) -> Result {
    let head = Head::new(206)
        .header("Content-Range", "bytes 2-4/10")
        .header("Content-Length", "3");
    let farm = mounted(subject, head, "234")?;
    let mut client = Client::connect(farm.httpd.port())?;
    for _ in 0..2 {
        let answer = client.send(&Request::get("/app/x").header("Range", "bytes=2-4"))?;
        assert_eq!((answer.status, answer.text().as_str()), (206, "234"));
        assert_eq!(answer.all("Content-Range"), ["bytes 2-4/10"]);
        assert_eq!(answer.all("Content-Length"), ["3"]);
        assert_eq!(answer.end, BodyEnd::Complete);
    }
    let seen = farm.w().requests().swap_remove(1);
    assert_eq!(seen.header("range"), Some("bytes=2-4"), "Tomcat decides");
    Ok(())
}

fn a_range_of_a_whole_answer(subject: Subject) -> Result {
    let head = Head::ok().header("Content-Length", "10");
    let farm = mounted(subject, head, BODY)?;
    let mut client = Client::connect(farm.httpd.port())?;
    for (range, text, place) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=0-", BODY, "bytes 0-9/10"),
    ] {
        let answer = client.send(&Request::get("/app/x").header("Range", range))?;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (206, text),
            "{range}"
        );
        assert_eq!(answer.all("Content-Range"), [place], "{range}");
        assert_eq!(answer.end, BodyEnd::Complete, "{range}");
    }
    let several = client.send(&Request::get("/app/x").header("Range", "bytes=0-1,4-5"))?;
    let text = several.text();
    assert_eq!(several.status, 206);
    assert!(
        text.contains("bytes 0-1/10") && text.contains("bytes 4-5/10"),
        "{text}"
    );
    assert_eq!(
        client.send(&Request::get("/app/x"))?.text(),
        BODY,
        "in step"
    );
    Ok(())
}

fn a_range_that_cannot_be(subject: Subject) -> Result {
    let head = Head::ok().header("Content-Length", "10");
    let farm = mounted(subject, head, BODY)?;
    let mut client = Client::connect(farm.httpd.port())?;
    let answer = client.send(&Request::get("/app/x").header("Range", "bytes=20-30"))?;
    assert_eq!(answer.status, 416);
    assert!(!answer.text().contains(BODY));
    assert_eq!(
        client.send(&Request::get("/app/x"))?.text(),
        BODY,
        "in step"
    );
    Ok(())
}
