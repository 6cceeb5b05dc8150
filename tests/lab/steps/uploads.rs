//! Slow uploads, whose digest the application sends back.

use crate::network::Host;
use crate::site::Site;
use anyhow::{Result, anyhow, ensure};
use rjk_testbed::client::{Client, Request};
use rjk_testbed::digest::sha256_hex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const SLICE: usize = 32 << 10;
const SLICES: u8 = 8;
/// Between two slices.
const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(40);

/// One upload after the other, by each web host to each site.
pub(super) struct Uploads {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Result<()>>>>,
}

impl Uploads {
    pub(super) fn begin() -> Uploads {
        let ended = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for web in Host::WEB {
            for site in Site::BOTH {
                let ended = Arc::clone(&ended);
                threads.push(std::thread::spawn(move || {
                    let mut results = Vec::new();
                    while !ended.load(Ordering::Relaxed) {
                        results.push(upload(web, site));
                    }
                    results
                }));
            }
        }
        Uploads { ended, threads }
    }

    /// How many were sent, and what failed.
    pub(super) fn end(self) -> (u64, Vec<String>) {
        self.ended.store(true, Ordering::Relaxed);
        let (mut sent, mut failed) = (0, Vec::new());
        for thread in self.threads {
            let died = |_| vec![Err(anyhow!("an uploader died"))];
            for result in thread.join().unwrap_or_else(died) {
                sent += 1;
                failed.extend(result.err().map(|error| format!("{error:#}")));
            }
        }
        (sent, failed)
    }
}

fn upload(web: Host, site: Site) -> Result<()> {
    let body: Vec<u8> = (0..SLICES).flat_map(|slice| vec![slice; SLICE]).collect();
    let request = Request::new("POST", "/upload.jsp")
        .header("Host", &site.domain())
        .header("Connection", "close")
        .body(body.clone());
    let mut client = Client::to((web.address(), 80).into())?.timeout(PATIENCE)?;
    client.raw(&request.head_bytes())?;
    for slice in body.chunks(SLICE) {
        std::thread::sleep(PAUSE);
        client.raw(slice)?;
    }
    let response = client.response("POST")?;
    let digest = response.field("sha256");
    ensure!(
        response.status == 200 && digest.as_deref() == Some(&*sha256_hex(&body)),
        "{} answered {} {}",
        web.name(),
        response.status,
        response.text()
    );
    Ok(())
}
