//! A response that breaks off is known as broken by every filter behind us: no cache keeps the
//! half, no coding closes it in order, no page that includes it is whole (BG-01, RO-06).

use rjk_testbed::client::{self, BodyEnd, Client, Request, Response};
use rjk_testbed::h2::{End, Stream};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{Head, Script, Step, body_chunk, end_response};
use rjk_testbed::wait::SOON;
use rjk_testbed::{Gate, Httpd, Peer, Result, Subject, farm};
use std::os::unix::fs::PermissionsExt;

/// How a worker breaks off.
#[derive(Clone, Copy, Debug)]
enum Break {
    Closes,
    Resets,
    Stalls,
    TalksNonsense,
    EndsInsideAPacket,
    SendsASecondHead,
}

impl Break {
    const ALL: [Break; 6] = [
        Break::Closes,
        Break::Resets,
        Break::Stalls,
        Break::TalksNonsense,
        Break::EndsInsideAPacket,
        Break::SendsASecondHead,
    ];

    /// The first answer breaks off behind the word `half`, once the gate opens; all others are whole.
    fn script(self, gate: &Gate) -> Script {
        let end = match self {
            Break::Closes => Step::Close,
            Break::Resets => Step::Reset,
            Break::Stalls => Step::Stall,
            Break::TalksNonsense => Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Break::EndsInsideAPacket => Step::Send(body_chunk(b"part")[..7].to_vec()),
            Break::SendsASecondHead => Step::Head(Head::ok()),
        };
        let head = Step::Head(cacheable());
        Script::new([
            Step::ReadBody,
            head,
            Step::text("half "),
            Step::Flush,
            gate.step(),
            end,
            Step::Close,
        ])
        .then(whole())
    }
}

fn cacheable() -> Head {
    Head::ok()
        .header("Cache-Control", "max-age=60")
        .header("Content-Type", "text/html")
}

fn whole() -> Vec<Step> {
    let head = cacheable().header("Content-Length", "11").packet();
    let parts = [head, body_chunk(b"a whole one"), end_response(true)];
    vec![Step::Send(parts.concat())]
}

fn in_front_of(peer: &Peer) -> Builder {
    let workers = peer.worker("w") + "worker.w.reply_timeout=500\n";
    farm::server(Subject::Rjk, &["w"], &workers)
}

/// A half is never called whole.
fn assert_broken(response: &Response, row: &str) {
    let is_whole = response.end == BodyEnd::Complete;
    assert!(!is_whole, "{row}: {response:?}");
    assert!(!response.text().contains("after"), "{row}: {response:?}");
}

/// The first answer breaks off, a second one is whole; `requests` reach the worker in all.
fn half_then_whole(site: impl Fn(Builder) -> Builder, target: &str, requests: usize) -> Result {
    for way in Break::ALL {
        let row = format!("{way:?} {target}");
        let gate = Gate::new();
        let peer = Peer::start(way.script(&gate))?;
        let httpd = site(in_front_of(&peer)).start()?;
        let cache = httpd.path("cache");
        std::fs::create_dir_all(&cache)?;
        std::fs::set_permissions(cache, std::fs::Permissions::from_mode(0o777))?;
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        assert_broken(
            &client.send_and_then(&Request::get(target), || gate.open())?,
            &row,
        );
        // Its connection ends with it, whatever was sent ahead.
        assert!(client.head().is_err(), "{row}");
        for _ in 0..2 {
            let again = client::get(httpd.port(), target)?;
            assert_eq!((again.status, &again.end), (200, &BodyEnd::Complete));
            assert!(again.text().contains("a whole one"), "{row}: {again:?}");
        }
        assert_eq!(peer.requests().len(), requests, "{row}");
        farm::wait_idle(&httpd)?;
        httpd.assert_clean();
    }
    Ok(())
}

/// The second GET goes to the worker; the third, as a control, is served from the cache.
fn no_half_is_cached(site: impl Fn(Builder) -> Builder, target: &str) -> Result {
    half_then_whole(site, target, 2)
}

const DISK: &str =
    "CacheRoot @ROOT@/cache\nCacheEnable disk /\nCacheLock On\nCacheLockPath @ROOT@/cache/lock";

#[test]
fn rjk_cache_disk() -> Result {
    no_half_is_cached(
        |site| site.module("cache").module("cache_disk").directives(DISK),
        "/w/x",
    )
}

#[test]
fn rjk_cache_disk_behind_the_handler() -> Result {
    let later = format!("{DISK}\nCacheQuickHandler off");
    no_half_is_cached(
        |site| site.module("cache").module("cache_disk").directives(&later),
        "/w/x",
    )
}

#[test]
fn rjk_cache_socache() -> Result {
    no_half_is_cached(
        |site| {
            site.module("socache_shmcb")
                .module("cache")
                .module("cache_socache")
                .directives("CacheSocache shmcb\nCacheEnable socache /")
        },
        "/w/x",
    )
}

fn including(site: Builder) -> Builder {
    site.module("include")
        .module("mime")
        .directives(
            "TypesConfig /dev/null\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n\
             <Directory @ROOT@/htdocs>\nOptions +Includes\n</Directory>",
        )
        .file(
            "htdocs/page.shtml",
            "<p>before <!--#include virtual=\"/w/part\" --> after</p>",
        )
        .file(
            "htdocs/outer.shtml",
            "<div><!--#include virtual=\"/page.shtml\" --></div>",
        )
}

/// A page that is made of a broken part is broken, and no cache keeps it.
#[test]
fn rjk_cached_page_of_parts() -> Result {
    let cached = format!("{DISK}\nCacheIgnoreNoLastMod On\nCacheDefaultExpire 60");
    no_half_is_cached(
        |site| {
            including(site)
                .module("cache")
                .module("cache_disk")
                .directives(&cached)
        },
        "/page.shtml",
    )
}

/// The page breaks off where its part did, in whatever depth.
#[test]
fn rjk_page_of_parts() -> Result {
    half_then_whole(including, "/page.shtml", 3)?;
    half_then_whole(including, "/outer.shtml", 3)
}

/// A coding does not close its stream in order: gzip ends with the length of what was coded.
#[test]
fn rjk_codings() -> Result {
    for (module, coding, filter) in [
        ("deflate", "gzip", "DEFLATE"),
        ("brotli", "br", "BROTLI_COMPRESS"),
    ] {
        for way in Break::ALL {
            let gate = Gate::new();
            let peer = Peer::start(way.script(&gate))?;
            let httpd = in_front_of(&peer)
                .module(module)
                .module("filter")
                .directives(format!("SetOutputFilter {filter}"))
                .start()?;
            let request = Request::get("/w/x").header("Accept-Encoding", coding);
            let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
            let broken = client.send_and_then(&request, || gate.open())?;
            assert_broken(&broken, &format!("{way:?}"));
            assert_eq!(broken.header("Content-Encoding"), Some(coding));
            assert!(!broken.body.ends_with(&[5, 0, 0, 0]), "{way:?} {broken:?}");
            assert_eq!(client::send(httpd.port(), request)?.end, BodyEnd::Complete);
            httpd.assert_clean();
        }
    }
    Ok(())
}

/// What a coding holds back is not sent: a client that has seen nothing gets the whole story.
#[test]
fn rjk_nothing_seen_yet() -> Result {
    let (status, limit) = (504, "worker.w.reply_timeout=500\n");
    let head = Step::Head(cacheable());
    let peer = Peer::start(Script::new([head, Step::text("half "), Step::Stall]))?;
    let workers = peer.worker("w") + limit;
    let httpd = farm::server(Subject::Rjk, &["w"], &workers)
        .module("deflate")
        .module("filter")
        .directives("SetOutputFilter DEFLATE")
        .start()?;
    let get = Request::get("/w/x").header("Accept-Encoding", "gzip");
    let answer = client::send(httpd.port(), get)?;
    assert_eq!((answer.status, &answer.end), (status, &BodyEnd::Complete));
    assert!(!answer.text().contains("half"), "{answer:?}");
    httpd.assert_clean();
    Ok(())
}

/// HTTP/2: the stream is reset, the page's too.
#[test]
fn rjk_h2() -> Result {
    for (path, seen) in [("/w/x", "half "), ("/page.shtml", "before half ")] {
        for way in Break::ALL {
            let gate = Gate::new();
            let peer = Peer::start(way.script(&gate))?;
            let httpd = including(in_front_of(&peer))
                .module("http2")
                .directives("Protocols h2c http/1.1")
                .start()?;
            let mut stream = Stream::get(httpd.port(), path)?;
            stream.wait_for(seen)?;
            gate.open();
            let answer = stream.answer()?;
            assert!(answer.text.ends_with(seen), "{way:?} {answer:?}");
            assert_eq!(answer.end, End::Reset, "{way:?} {answer:?}");
            let again = Stream::get(httpd.port(), path)?.answer()?;
            assert!(
                again.end == End::Whole && again.text.contains("a whole one"),
                "{again:?}"
            );
            httpd.assert_clean();
        }
    }
    Ok(())
}

/// A filter that fails in the middle, though the client is there: the client sees it at once.
fn failing_filter() -> Result<(Peer, Httpd)> {
    let long = "x".repeat(2000);
    let peer = Peer::start(Script::new([
        Step::ReadBody,
        Step::Head(cacheable()),
        Step::text("half \n"),
        Step::Flush,
        Step::text(&long),
        Step::Flush,
        Step::text(&long),
        Step::End(true),
    ]))?;
    let httpd = in_front_of(&peer)
        .module("substitute")
        .module("filter")
        .directives(
            "SetOutputFilter SUBSTITUTE\nSubstitute s/nothing/x/\nSubstituteMaxLineLength 1000",
        )
        .start()?;
    Ok((peer, httpd))
}

#[test]
fn rjk_a_filter_fails() -> Result {
    let (_peer, httpd) = failing_filter()?;
    let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
    let broken = client.send(&Request::get("/w/x"))?;
    assert!(
        matches!(&broken.end, BodyEnd::Broken(why) if !why.contains("unavailable")),
        "{broken:?}"
    );
    assert!(client.head().is_err());
    farm::wait_idle(&httpd)?;
    httpd.assert_clean();
    Ok(())
}
