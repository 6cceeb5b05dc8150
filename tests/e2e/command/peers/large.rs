//! 100 MB in either direction: what rjk needs of memory stays where it was.

use super::{command, url};
use rjk_testbed::digest::{bytes, sha256_hex};
use rjk_testbed::{Context, Result, Tomcat, Version, process};
use std::io::{Read, Write};
use std::process::Stdio;

const SIZE: usize = 100 << 20;
const BLOCK: usize = 1 << 20;
/// How much it may grow after the first megabyte, in KiB.
const GROWTH: u64 = 4 << 10;

/// Memory of a process after each block.
struct Watch {
    pid: u32,
    first: u64,
    most: u64,
}

impl Watch {
    fn new(pid: u32) -> Watch {
        Watch {
            pid,
            first: 0,
            most: 0,
        }
    }

    fn look(&mut self) -> Result {
        let now = process::rss_kib(self.pid)?;
        if self.first == 0 {
            self.first = now;
        }
        self.most = self.most.max(now);
        Ok(())
    }

    fn check(&self) {
        let Watch { first, most, .. } = self;
        assert!(most - first <= GROWTH, "{first} KiB became {most} KiB");
    }
}

#[test]
fn a_large_answer() -> Result {
    let tomcat = Tomcat::shared(Version::V10)?;
    let path = format!("/testbed/download.jsp?bytes={SIZE}&length=1&chunk=65536");
    let mut rjk = command(&["get", &url(tomcat.port(), &path)])?;
    let mut child = rjk.stdout(Stdio::piped()).spawn()?;
    let mut out = child.stdout.take().context("no pipe")?;
    let (mut block, mut watch) = (vec![0; BLOCK], Watch::new(child.id()));
    let first = bytes(1, BLOCK);
    for number in 0..SIZE / BLOCK {
        out.read_exact(&mut block)?;
        assert!(number > 0 || block == first);
        if number + 1 < SIZE / BLOCK {
            watch.look()?;
        }
    }
    assert_eq!(out.read(&mut block)?, 0);
    assert!(child.wait()?.success());
    watch.check();
    Ok(())
}

#[test]
fn a_large_body() -> Result {
    let tomcat = Tomcat::shared(Version::V9)?;
    let kind = "Content-Type: application/octet-stream";
    let to = url(tomcat.port(), "/testbed/upload.jsp");
    let mut rjk = command(&["get", "-d", "-", "-H", kind, &to])?;
    let mut child = rjk.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no pipe")?;
    let (block, mut watch) = (vec![b'x'; BLOCK], Watch::new(child.id()));
    for _ in 0..SIZE / BLOCK {
        input.write_all(&block)?;
        watch.look()?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    let digest = sha256_hex(&vec![b'x'; SIZE]);
    let expected = format!("bytes={SIZE}\nsha256={digest}\n");
    assert!(text.starts_with(&expected), "{text}");
    watch.check();
    Ok(())
}
