//! `make bench`: CPU time of httpd for each request, side by side: mod_rjk, with a routing policy, over
//! a unix socket and over HTTP, mod_jk, and mod_proxy with AJP and HTTP. Small answers over connections
//! that stay open, eight members, on the event MPM.
//!
//! All servers run from the start of a series; each round loads one after the other, each time in
//! another order, so that what else happens on the machine meets all of them. Two servers of the
//! same kind differ by some percent, as chance has laid out their memory: so each series starts new
//! ones, and mod_rjk is there twice, which shows what of a difference is chance. Figures are medians
//! of all rounds. CPU time is user and system time of the child. httpd has one CPU, what loads it
//! and what answers it have another: who shares a CPU with whom would make more of a difference than
//! what is measured.

#![forbid(unsafe_code)]

mod backend;
mod site;

use backend::Backends;
use rjk_testbed::{Result, bail, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use site::{KINDS, Site};

/// Series, rounds in each, and requests to each server in a round, unless the arguments say other
/// numbers.
const PLAN: [u32; 3] = [8, 24, 4_000];

fn main() -> Result {
    let [series, rounds, requests] = plan(std::env::args().skip(1))?;
    let cpus = Cpus::of_this_machine()?;
    cpus.take_the_load()?;
    let backends = Backends::start()?;
    let mut costs = vec![Vec::new(); KINDS.len()];
    for series in 1..=series {
        cpus.take_httpd()?;
        let sites = Site::all(&backends)?;
        cpus.take_the_load()?;
        for site in &sites {
            site.load(requests)?;
        }
        for round in 0..rounds as usize {
            for index in order(round, sites.len()) {
                costs[index].push(sites[index].load(requests)?);
            }
        }
        println!("after series {series}:");
        report(&costs);
    }
    Ok(())
}

/// Who is loaded when: each begins as often as each other, and comes before and after its neighbour.
fn order(round: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).map(|turn| (round + turn) % count).collect();
    if round / count % 2 == 1 {
        order.reverse();
    }
    order
}

fn plan(mut arguments: impl Iterator<Item = String>) -> Result<[u32; 3]> {
    let mut plan = PLAN;
    for number in &mut plan {
        if let Some(argument) = arguments.next() {
            *number = argument.parse()?;
        }
    }
    let usable = !plan.contains(&0) && arguments.next().is_none();
    ensure!(usable, "usage: bench [SERIES [ROUNDS [REQUESTS]]]");
    Ok(plan)
}

/// CPU time for each request, and its share of that of the first two servers, which are alike, in the
/// same round.
fn report(costs: &[Vec<f64>]) {
    let [first, second, ..] = costs else { return };
    let base = || first.iter().zip(second).map(|(a, b)| (a + b) / 2.0);
    for (kind, costs) in KINDS.iter().zip(costs) {
        let shares: Vec<f64> = costs
            .iter()
            .zip(base())
            .map(|(cost, base)| cost / base)
            .collect();
        let (name, cost, share) = (kind.name, median(costs), median(&shares));
        println!("  {name:<16} {cost:>7.2} µs  {share:>6.3}");
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A CPU for httpd and one for the rest; what is started has those of this thread.
struct Cpus {
    httpd: CpuSet,
    load: CpuSet,
}

impl Cpus {
    fn of_this_machine() -> Result<Cpus> {
        let all = sched_getaffinity(None)?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|&cpu| all.is_set(cpu));
        let (Some(first), Some(second)) = (usable.next(), usable.next()) else {
            bail!("two CPUs are needed")
        };
        let one = |cpu| {
            let mut set = CpuSet::new();
            set.set(cpu);
            set
        };
        Ok(Cpus {
            httpd: one(first),
            load: one(second),
        })
    }

    fn take_httpd(&self) -> Result {
        Ok(sched_setaffinity(None, &self.httpd)?)
    }

    fn take_the_load(&self) -> Result {
        Ok(sched_setaffinity(None, &self.load)?)
    }
}
