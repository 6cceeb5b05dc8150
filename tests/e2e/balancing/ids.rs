//! Drawn Cookie headers and paths, read by both modules: they must find the same session (SS-03…SS-07).

use super::draw::Draw;
use rjk_testbed::client::Request;
use rjk_testbed::{Farm, Plan, Result, Subject};

const REQUESTS: u64 = 400;

/// A request without a session goes to the nearest member, m1.
fn farm(subject: Subject) -> Result<Farm> {
    Plan::new(subject, &["m1", "m2", "m3"])
        .member("m2", "distance=1")
        .member("m3", "distance=1")
        .start()
}

#[test]
fn ss05_drawn_cookies() -> Result {
    both_find_the_same(1, |draw| {
        let headers = 1 + draw.below(2);
        (0..headers).fold(Request::get("/x"), |request, _| {
            request.header("Cookie", &draw.text(&COOKIES, 9))
        })
    })
}

#[test]
fn ss04_drawn_paths() -> Result {
    both_find_the_same(2, |draw| {
        let target = format!("/x{}", draw.text(&PATHS, 7));
        Request::get(&target).header("Cookie", "JSESSIONID=a.m3")
    })
}

#[rustfmt::skip]
const COOKIES: [&str; 20] = [
    "JSESSIONID=a.m2", "JSESSIONID=b.m3", "JSESSIONID=\"a.m2\"", "JSESSIONID = a.m2", "JSESSIONID", "JSESSIONID=",
    "=", "a.m2", "a", ".m2", "m3.x", "; ", "; ", ";", ",", " ", "\t", "\"", "X", "b=c",
];

#[rustfmt::skip]
const PATHS: [&str; 14] = [
    ";jsessionid=", ";jsessionid=", ";jsessionid", "=", "a.m2", "a.m2", "b.m3", "b", ";", ";q=1", "/y", "?",
    "%3Bjsessionid=a.m2", ".",
];

fn both_find_the_same(seed: u64, request: impl Fn(&mut Draw) -> Request) -> Result {
    let (mut theirs, mut ours) = (farm(Subject::ModJk)?, farm(Subject::Rjk)?);
    let mut draw = Draw(seed);
    let mut homes = 0;
    for number in 0..REQUESTS {
        let request = request(&mut draw);
        let mut found = (theirs.who(&request)?, ours.who(&request)?);
        if found.0 != found.1 {
            // Ids of earlier requests that mod_jk still has (SS-07) are no longer there in a new child.
            found.0 = farm(Subject::ModJk)?.who(&request)?;
        }
        let shown = String::from_utf8_lossy(&request.head_bytes()).into_owned();
        assert!(
            found.0 == found.1 || hides_an_empty_id(&shown) || has_a_name_behind_it(&shown),
            "request {number}: mod_jk {}, mod_rjk {}: {shown:?}",
            found.0,
            found.1
        );
        homes += u64::from(found.1 != "m1");
    }
    assert!(homes > REQUESTS / 10, "{homes} sessions");
    Ok(())
}

/// SS-04: an empty path parameter before another one or another segment hides the cookie in mod_jk.
fn hides_an_empty_id(head: &str) -> bool {
    let target = head.split(' ').nth(1).unwrap_or_default();
    let target = target.replace("%3B", ";");
    let rest = target.split_once(";jsessionid=").map(|(_, rest)| rest);
    rest.is_some_and(|rest| rest.starts_with([';', '/']))
}

/// SS-05: mod_jk does not look at a name that follows the same name and blanks.
fn has_a_name_behind_it(head: &str) -> bool {
    let blanks = head.replace('\t', " ");
    let words: Vec<&str> = blanks.split_whitespace().collect();
    words.join(" ").contains("JSESSIONID JSESSIONID")
}
