//! `make bench`: CPU time of httpd for each request, side by side: mod_rjk, mod_rjk with a routing
//! policy, and mod_jk. Small answers over connections that stay open, on the event MPM.
//!
//! All servers run from the start; each round loads one after the other, so that what else happens
//! on the machine meets all of them. Figures are medians of the rounds. CPU time is user and system
//! time of the child, as /proc/PID/stat has it.

#![forbid(unsafe_code)]

mod backend;
mod site;

use rjk_testbed::{Result, ensure};
use site::Site;

/// Rounds unless the first argument says another number.
const ROUNDS: usize = 9;
/// Seconds of load for each server in a round, unless the second argument says another number.
const SECONDS: u32 = 3;

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().map_or(Ok(ROUNDS), |text| text.parse())?;
    let seconds = arguments.next().map_or(Ok(SECONDS), |text| text.parse())?;
    ensure!(rounds > 0 && seconds > 0, "usage: bench [ROUNDS [SECONDS]]");
    let port = backend::start()?;
    let sites = Site::all(port)?;
    for site in &sites {
        site.load(1)?;
    }
    let mut costs = vec![Vec::new(); sites.len()];
    for round in 1..=rounds {
        print!("round {round:>2}");
        for (site, costs) in sites.iter().zip(&mut costs) {
            let cost = site.load(seconds)?;
            print!("  {} {cost:.2}", site.name);
            costs.push(cost);
        }
        println!("  µs");
    }
    report(&sites, &costs);
    Ok(())
}

fn report(sites: &[Site], costs: &[Vec<f64>]) {
    println!("\nCPU time of httpd for each request, and its share of mod_rjk's in the same round");
    let Some(base) = costs.first() else { return };
    for (site, costs) in sites.iter().zip(costs) {
        let shares: Vec<f64> = costs
            .iter()
            .zip(base)
            .map(|(cost, base)| cost / base)
            .collect();
        let (name, cost, share) = (site.name, median(costs), median(&shares));
        println!("{name:<16} {cost:>7.2} µs  {share:>6.3}");
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
