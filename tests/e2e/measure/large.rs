//! 1 GB in either direction through one child, whose memory stays where it was.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::digest::bytes;
use rjk_testbed::process::{self, ProcessId};
use rjk_testbed::{Context, Httpd, Result, Subject, Tomcat, Version, ensure, farm};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const GIGABYTE: u64 = 1 << 30;
const BLOCK: usize = 1 << 20;
/// SHA-256 of the first 2^30 bytes of `digest::bytes(1, …)`.
const DIGEST: &str = "d23b9e96aaa930afed1941412e0c232a892c52bd6222d27cd5c212059795c2eb";
/// How much a child may grow, in KiB.
const GROWTH: u64 = 8 * 1024;

/// SHA-256 by coreutils: a test build's own is too slow for so many bytes.
struct Sha256 {
    process: Child,
}

impl Sha256 {
    fn start() -> Result<Sha256> {
        let mut command = Command::new("sha256sum");
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(Sha256 {
            process: command.spawn().context("sha256sum")?,
        })
    }

    fn add(&mut self, bytes: &[u8]) -> Result {
        let input = self.process.stdin.as_mut().context("no pipe")?;
        Ok(input.write_all(bytes)?)
    }

    fn finish(mut self) -> Result<String> {
        drop(self.process.stdin.take());
        let output = self.process.wait_with_output()?;
        let text = String::from_utf8(output.stdout)?;
        Ok(text.split(' ').next().unwrap_or_default().to_owned())
    }
}

/// The most memory that a process had while `work` ran, in KiB.
fn peak_rss(pid: ProcessId, work: impl FnOnce() -> Result) -> Result<u64> {
    let (done, peak) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                peak.fetch_max(process::rss_kib(pid).unwrap_or(u64::MAX), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let result = work();
        done.store(true, Ordering::SeqCst);
        result
    })?;
    Ok(peak.into_inner())
}

fn upload(httpd: &Httpd, size: u64) -> Result {
    let block = bytes(3, BLOCK);
    let mut digest = Sha256::start()?;
    let mut client = Client::connect(httpd.port())?.timeout(Duration::from_secs(120))?;
    let request = Request::new("POST", "/testbed/upload.jsp")
        .header("Content-Type", "application/octet-stream")
        .header("Content-Length", &size.to_string());
    client.raw(&request.head_bytes())?;
    for _ in 0..size / BLOCK as u64 {
        client.raw(&block)?;
        digest.add(&block)?;
    }
    let answer = client.response("POST")?;
    ensure!(answer.status == 200, "{answer:?}");
    assert_eq!(answer.field("bytes"), Some(size.to_string()));
    assert_eq!(answer.field("sha256"), Some(digest.finish()?));
    Ok(())
}

/// The download's digest.
fn download(httpd: &Httpd, size: u64) -> Result<String> {
    let mut client = Client::connect(httpd.port())?.timeout(Duration::from_secs(120))?;
    let target = format!("/testbed/download.jsp?bytes={size}&seed=1&length=1&chunk=65536");
    client.raw(&Request::get(&target).head_bytes())?;
    let head = client.head()?;
    assert_eq!(head.status, 200);
    assert_eq!(
        head.header("Content-Length"),
        Some(size.to_string().as_str())
    );
    let mut digest = Sha256::start()?;
    let mut left = size;
    while left > 0 {
        let most = usize::try_from(left)?.min(BLOCK);
        let got = client.read_some(most)?;
        ensure!(!got.is_empty(), "{left} bytes are missing");
        digest.add(&got)?;
        left -= got.len() as u64;
    }
    digest.finish()
}

#[test]
fn rjk_a_gigabyte_both_ways_costs_no_memory() -> Result {
    let _alone = crate::alone();
    for (version, up) in [(Version::V9, true), (Version::V10, false)] {
        let workers = Tomcat::shared(version)?.worker("testbed");
        let httpd = farm::server(Subject::Rjk, &["testbed"], &workers).start()?;
        let child = httpd.only_child()?;
        // What a first request allocates stays; that is no growth.
        upload(&httpd, 8 * BLOCK as u64)?;
        download(&httpd, 8 * BLOCK as u64)?;
        let before = process::rss_kib(child)?;
        let peak = peak_rss(child, || {
            if up {
                upload(&httpd, GIGABYTE)
            } else {
                assert_eq!(download(&httpd, GIGABYTE)?, DIGEST);
                Ok(())
            }
        })?;
        println!("{version:?} up={up}: {before} KiB before, {peak} KiB at most");
        assert!(
            peak <= before + GROWTH,
            "{version:?}: {before} KiB became {peak} KiB"
        );
        assert_eq!(httpd.only_child()?, child);
    }
    Ok(())
}
