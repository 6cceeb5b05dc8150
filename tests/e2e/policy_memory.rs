//! What a routing policy costs a child in memory: 64 threads, 2 MiB for each instance.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::module::repository;
use rjk_testbed::peer::{Head, Script, Step};
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, ensure, process};
use std::sync::Barrier;
use std::time::Duration;

const THREADS: u32 = 64;
/// At most so much more is resident, in KiB.
const RESIDENT: u64 = 16 << 10;
/// At most so much more address space, in KiB.
const ADDRESS_SPACE: u64 = 256 << 10;
const RJK_TOML: &str = r#"
[policy.tenants]
component = "header-route.wasm"
[policy.tenants.config]
header = "X-Tenant"
[policy.tenants.config.workers]
blue = "a"
[balancer.lb]
policy = "tenants"
"#;

/// Resident memory and address space of a child, in KiB.
#[derive(Clone, Copy, Debug)]
struct Memory {
    resident: u64,
    address_space: u64,
}

#[test]
fn a_policy_stays_within_its_memory() -> Result {
    let without = measure(false)?;
    let with = measure(true)?;
    let resident = with.resident.saturating_sub(without.resident);
    let space = with.address_space.saturating_sub(without.address_space);
    println!("without {without:?}, with {with:?}: {resident} KiB resident, {space} KiB of space");
    assert!(resident <= RESIDENT, "{with:?}, without {without:?}");
    assert!(space <= ADDRESS_SPACE, "{with:?}, without {without:?}");
    Ok(())
}

/// A child after several rounds in which all of its threads were at work at once.
fn measure(policy: bool) -> Result<Memory> {
    let slow = Step::Sleep(Duration::from_millis(500));
    let answer = [
        slow,
        Step::Head(Head::ok()),
        Step::text("ok"),
        Step::End(true),
    ];
    let peer = Peer::start(Script::new(answer))?;
    let workers = format!(
        "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=a,b\n{}{}",
        peer.worker("a"),
        peer.worker("b")
    );
    let mut builder = Httpd::builder(Subject::Rjk)
        .workers(workers)
        .directives("JkMount /* lb")
        .server_limit(1)
        .threads_per_child(THREADS)
        .log_level("info");
    if policy {
        let file = repository().join("target/policies/header-route.wasm");
        let component = std::fs::read(&file)
            .with_context(|| format!("{}: plugins/build header-route", file.display()))?;
        builder = builder
            .file("conf/header-route.wasm", component)
            .file("conf/rjk.toml", RJK_TOML)
            .directives("RjkConfigFile conf/rjk.toml");
    }
    let httpd = builder.start()?;
    for _ in 0..4 {
        use_all_threads(&httpd)?;
    }
    let child = *httpd.children().first().context("no child")?;
    let memory = Memory {
        resident: process::rss_kib(child)?,
        address_space: process::virtual_kib(child)?,
    };
    ensure!(peer.requests().len() == 4 * THREADS as usize, "requests");
    httpd.assert_clean();
    Ok(memory)
}

/// One request on each thread, all at once.
fn use_all_threads(httpd: &Httpd) -> Result {
    let together = Barrier::new(THREADS as usize);
    let request = Request::get("/x").header("X-Tenant", "blue");
    std::thread::scope(|scope| {
        let one = || -> Result {
            let client = Client::connect(httpd.port());
            together.wait();
            let response = client?.send(&request)?;
            ensure!(response.status == 200, "{response:?}");
            Ok(())
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| rjk_testbed::bail!("panic"))
        })
    })
}
