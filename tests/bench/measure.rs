//! Takes the figures of one point.

use crate::backends::Backends;
use crate::cpus::Cpus;
use crate::instructions;
use crate::load::{Closed, Open};
use crate::order::order;
use crate::plan::{Backend, Point, Scale, Variant};
use crate::results::{At, Figures, Together};
use crate::site::{Crowd, Site};
use crate::stats::{Spread, percentile};
use crate::syscalls;
use anyhow::anyhow;
use rjk_testbed::{Context, Httpd, Result};
use std::time::Duration;

/// The rate of the visits at a fixed one, against mod_jk's highest.
const PACED_SHARE: f64 = 0.7;
/// Visits of all servers to a Tomcat that has just started, before anything is measured: some ten thousand
/// requests.
const TURNS_OF_TOMCAT: u32 = 4;

/// Measures at a point, series by series.
pub fn measure(point: &'static Point, scale: &Scale, cpus: &Cpus) -> Result<At> {
    cpus.take_the_load()?;
    let backends = Backends::start(point)?;
    let mut at = At {
        point,
        paced_rate: None,
        variants: point
            .variants
            .iter()
            .map(|variant| (*variant, Figures::default()))
            .collect(),
    };
    for series in 0..scale.series {
        // Two servers of the same kind differ by some percent, as chance has laid out their memory: so
        // each series starts new ones.
        let mut sites = start(point, &backends, cpus)?;
        warm_up(point, &mut sites, scale, series)?;
        closed_rounds(&mut at, &mut sites, scale, series)?;
        if point.paced {
            paced_rounds(&mut at, &mut sites, scale, series)?;
        }
        if point.traced && series == 0 {
            trace(&mut at, &mut sites, scale);
        }
        stop(sites)?;
    }
    at.variants.values_mut().for_each(take_together);
    if point.counted {
        instructions::count(&mut at);
    }
    Ok(at)
}

/// All servers of a point, on their CPU.
fn start(point: &'static Point, backends: &Backends, cpus: &Cpus) -> Result<Vec<Site>> {
    cpus.take_httpd()?;
    let started: Vec<Result<Httpd>> = std::thread::scope(|scope| {
        let threads: Vec<_> = point
            .variants
            .iter()
            .map(|variant| scope.spawn(|| Site::start(*variant, point, backends)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("panic"))?)
            .collect()
    });
    cpus.take_the_load()?;
    let variants = point.variants.iter();
    variants
        .zip(started)
        .map(|(variant, httpd)| Site::new(*variant, httpd?, point))
        .collect()
}

/// All at once: each takes its time.
fn stop(sites: Vec<Site>) -> Result {
    std::thread::scope(|scope| {
        let threads: Vec<_> = sites
            .into_iter()
            .map(|mut site| scope.spawn(move || site.httpd.stop()))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("panic"))?)
    })
}

/// Opens the connections and fills the pools: each member is asked, and each thread of the child. A
/// Tomcat that has just started compiles meanwhile what it needs.
fn warm_up(point: &Point, sites: &mut [Site], scale: &Scale, series: u32) -> Result {
    let visit = Duration::from_millis(scale.visit_ms);
    let least = point.clients.max(2 * point.members) as u64;
    let turns = match point.backend {
        Backend::Tomcat if series == 0 => TURNS_OF_TOMCAT,
        _ => 1,
    };
    for _ in 0..turns {
        for site in &mut *sites {
            site.load(&mut Closed::new(visit, least))?;
            if point.few.is_some() {
                site.load_by(Crowd::Few, &mut Closed::new(visit, least))?;
            }
        }
    }
    Ok(())
}

fn closed_rounds(at: &mut At, sites: &mut [Site], scale: &Scale, series: u32) -> Result {
    for round in 0..scale.rounds {
        let crowds = crowds(at.point, round);
        for index in order((series * scale.rounds + round) as usize, sites.len()) {
            let site = &mut sites[index];
            for crowd in crowds {
                let pace = Closed::new(
                    Duration::from_millis(scale.visit_ms),
                    at.point.clients as u64,
                );
                visit(site, *crowd, figures(at, site.variant)?, pace)?;
            }
        }
    }
    for site in sites {
        let resident = site.resident_kib()? as f64 / 1024.0;
        figures(at, site.variant)?.resident_mib.push(resident);
    }
    Ok(())
}

/// Who visits in a round; who is first takes turns.
fn crowds(point: &Point, round: u32) -> &'static [Crowd] {
    match (point.few, round % 2) {
        (None, _) => &[Crowd::All],
        (Some(_), 0) => &[Crowd::All, Crowd::Few],
        (Some(_), _) => &[Crowd::Few, Crowd::All],
    }
}

/// As fast as it goes.
fn visit(site: &mut Site, crowd: Crowd, figures: &mut Figures, mut pace: Closed) -> Result {
    let before = site.cpu_time()?;
    let tally = site.load_by(crowd, &mut pace)?;
    let spent = site.cpu_time()?.saturating_sub(before).as_secs_f64();
    let (answered, elapsed) = (tally.answered as f64, tally.elapsed.as_secs_f64());
    let cpu_us = spent * 1e6 / answered;
    figures.repeated += tally.repeated;
    match crowd {
        Crowd::Few => figures.few_cpu_us.push(cpu_us),
        Crowd::All => {
            figures.rate.push(answered / elapsed);
            figures.cpu_us.push(cpu_us);
            figures.busy.push(spent / elapsed);
        }
    }
    Ok(())
}

fn paced_rounds(at: &mut At, sites: &mut [Site], scale: &Scale, series: u32) -> Result {
    let rate = match at.paced_rate {
        Some(rate) => rate,
        None => {
            let highest = Spread::of(figures(at, Variant::ModJk)?.rate.iter().copied());
            highest.context("no rate of mod_jk")?.median * PACED_SHARE
        }
    };
    at.paced_rate = Some(rate);
    for round in 0..scale.paced_rounds {
        for index in order((series * scale.paced_rounds + round) as usize, sites.len()) {
            let site = &mut sites[index];
            let pace = Open::new(rate, Duration::from_millis(scale.paced_ms));
            paced_visit(site, figures(at, site.variant)?, pace)?;
        }
    }
    Ok(())
}

fn paced_visit(site: &mut Site, figures: &mut Figures, mut pace: Open) -> Result {
    let tally = site.load(&mut pace)?.sorted()?;
    figures.repeated += tally.repeated;
    figures.p50_us.push(us(&tally.latencies, 0.5));
    figures.p99_us.push(us(&tally.latencies, 0.99));
    figures.p999_us.push(us(&tally.latencies, 0.999));
    figures.late_us.push(us(&tally.late, 0.99));
    figures.latencies.extend(tally.latencies);
    Ok(())
}

fn us(sorted: &[Duration], share: f64) -> f64 {
    percentile(sorted, share).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

/// What is so rare that most visits do not see it is in the percentiles of all of them.
fn take_together(figures: &mut Figures) {
    let mut latencies = std::mem::take(&mut figures.latencies);
    latencies.sort_unstable();
    figures.together = (!latencies.is_empty()).then(|| Together {
        p99_us: us(&latencies, 0.99),
        p999_us: us(&latencies, 0.999),
    });
}

/// Where strace may not look, the figures are missing, with the reason.
fn trace(at: &mut At, sites: &mut [Site], scale: &Scale) {
    for site in sites {
        let counted = syscalls::of(site, scale.traced);
        let Some(figures) = at.variants.get_mut(&site.variant) else {
            continue;
        };
        match counted {
            Ok(calls) => figures.system_calls = Some(calls),
            Err(error) => figures.missing.push(format!("system calls: {error:#}")),
        }
    }
}

fn figures(at: &mut At, variant: Variant) -> Result<&mut Figures> {
    let figures = at.variants.get_mut(&variant);
    figures.with_context(|| format!("{} is not compared", variant.name()))
}
