//! What a routing policy costs a child in memory: 64 threads, 2 MiB for each instance.

use rjk_testbed::client::{Client, Request};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Script;
use rjk_testbed::{Context, Gate, Httpd, Peer, Result, Subject, ensure, policies, process};
use std::sync::Barrier;

const THREADS: u32 = 64;
/// At most so much more is resident, in KiB.
const RESIDENT: u64 = 16 << 10;
/// At most so much more address space, in KiB.
const ADDRESS_SPACE: u64 = 256 << 10;

/// Resident memory and address space of a child, in KiB.
#[derive(Clone, Copy, Debug)]
struct Memory {
    resident: u64,
    address_space: u64,
}

/// A policy that takes so long that each thread needs an instance of its own.
const SLOW: &str = r#"
[policy.slow]
component = "slow.wasm"
fuel = 100_000_000
[balancer.lb]
policy = "slow"
"#;

#[test]
fn a_policy_stays_within_its_memory() -> Result {
    let _alone = crate::alone();
    let without = measure(Ok)?;
    let grown = |name: &str, with: Memory| -> Memory {
        let resident = with.resident.saturating_sub(without.resident);
        let address_space = with.address_space.saturating_sub(without.address_space);
        println!("{name}: {resident} KiB resident, {address_space} KiB of address space more");
        assert!(resident <= RESIDENT, "{name}: {with:?}, {without:?}");
        assert!(
            address_space <= ADDRESS_SPACE,
            "{name}: {with:?}, {without:?}"
        );
        Memory {
            resident,
            address_space,
        }
    };
    grown(
        "header-route",
        measure(|site| policies::tenants(site, "a"))?,
    );
    let slow = grown("64 instances at once", measure(slow)?);
    // Each has 2 MiB of its own; some threads may have been late.
    assert!(slow.address_space > u64::from(THREADS) * 1536, "{slow:?}");
    Ok(())
}

fn slow(site: Builder) -> Result<Builder> {
    let component = std::fs::read(policies::fixture("slow")?)?;
    Ok(site
        .file("conf/slow.wasm", component)
        .file("conf/rjk.toml", SLOW)
        .directives("RjkConfigFile conf/rjk.toml"))
}

/// A child after several rounds in which all of its threads were at work at once.
fn measure(policy: impl FnOnce(Builder) -> Result<Builder>) -> Result<Memory> {
    let peer = Peer::start(Script::default())?;
    let workers = format!(
        "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=a,b\n{}{}",
        peer.worker("a"),
        peer.worker("b")
    );
    let site = Httpd::builder(Subject::Rjk)
        .workers(workers)
        .directives("JkMount /* lb")
        .server_limit(1)
        .threads_per_child(THREADS)
        .log_level("info");
    let httpd = policy(site)?.start()?;
    for _ in 0..4 {
        use_all_threads(&httpd, &peer)?;
    }
    let child = *httpd.children().first().context("no child")?;
    let memory = Memory {
        resident: process::rss_kib(child)?,
        address_space: process::virtual_kib(child)?,
    };
    ensure!(peer.requests().len() == 4 * THREADS as usize, "requests");
    let log = httpd.jk_log();
    ensure!(!log.contains("rules decide"), "a fault: {log}");
    httpd.assert_clean();
    Ok(memory)
}

/// One request on each thread, all at once: none is answered before the last is at the peer.
fn use_all_threads(httpd: &Httpd, peer: &Peer) -> Result {
    let gate = Gate::new();
    peer.set(gate.script());
    let wanted = peer.requests().len() + THREADS as usize;
    let together = Barrier::new(THREADS as usize);
    let request = Request::get("/x").header("X-Tenant", "blue");
    let one = || -> Result {
        let client = Client::connect(httpd.port());
        together.wait();
        let response = client?.send(&request)?;
        ensure!(response.status == 200, "{response:?}");
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
        let arrived = peer.wait_requests(wanted);
        gate.open();
        arrived?;
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| rjk_testbed::bail!("panic"))
        })
    })
}
