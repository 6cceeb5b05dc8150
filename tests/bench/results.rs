//! What was measured.

use crate::machine::Machine;
use crate::plan::{Plan, Point, Variant};
use crate::stats::{Spread, ratios};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// One run.
#[derive(Debug, Serialize)]
pub struct Results {
    pub machine: Machine,
    /// The command that measured it.
    pub command: String,
    pub plan: Plan,
    pub points: Vec<At>,
    /// Points without figures, and why.
    pub failed: Vec<String>,
}

/// What was measured at a point.
#[derive(Debug, Serialize)]
pub struct At {
    pub point: &'static Point,
    /// Requests per second of the visits at a fixed rate.
    pub paced_rate: Option<f64>,
    pub variants: BTreeMap<Variant, Figures>,
}

/// Figures of one variant: one for each visit, in the order of rounds, so that those of two variants
/// belong together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Requests per second, as fast as it goes.
    pub rate: Vec<f64>,
    /// CPU time of httpd for each request, in µs.
    pub cpu_us: Vec<f64>,
    /// The same with few clients, where the point has such.
    pub few_cpu_us: Vec<f64>,
    /// The share of its CPU that httpd took: near 1, httpd was what limited the rate.
    pub busy: Vec<f64>,
    /// Resident memory of the child with the most after the load of a series, in MiB.
    pub resident_mib: Vec<f64>,
    /// Percentiles of the visits at a fixed rate, in µs.
    pub p50_us: Vec<f64>,
    pub p99_us: Vec<f64>,
    pub p999_us: Vec<f64>,
    /// The time of each request of these visits, until their percentiles are taken together.
    #[serde(skip)]
    pub latencies: Vec<Duration>,
    pub together: Option<Together>,
    /// How late the generator itself was with 99 of 100 requests, in µs.
    pub late_us: Vec<f64>,
    /// Requests that met the end of an idle connection and were sent again.
    pub repeated: u64,
    /// System calls for each request, by name.
    pub system_calls: Option<BTreeMap<String, f64>>,
    /// Instructions in user space for each request.
    pub instructions: Option<f64>,
    /// Allocations by the module's code for each request.
    pub allocations: Option<f64>,
    /// What could not be measured, and why.
    pub missing: Vec<String>,
}

/// Percentiles of the requests of all visits at a fixed rate together, in µs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Together {
    pub p99_us: f64,
    pub p999_us: f64,
}

impl Results {
    /// A point that was measured.
    pub fn at(&self, name: &str) -> Option<&At> {
        self.points.iter().find(|at| at.point.name == name)
    }
}

impl At {
    /// What was measured of a variant, if it is compared there.
    pub fn of(&self, variant: Variant) -> Option<&Figures> {
        self.variants.get(&variant)
    }

    /// CPU time of a variant above the floor's in the same round.
    pub fn above_floor(&self, variant: Variant) -> Option<Vec<f64>> {
        self.beyond_floor(variant, |figures| &figures.cpu_us)
    }

    /// A figure of a variant without the floor's in the same round.
    pub fn beyond_floor(
        &self,
        variant: Variant,
        of: impl Fn(&Figures) -> &Vec<f64>,
    ) -> Option<Vec<f64>> {
        let pairs = of(self.of(variant)?)
            .iter()
            .zip(of(self.of(Variant::Floor)?));
        Some(pairs.map(|(cost, floor)| cost - floor).collect())
    }

    /// CPU time of a variant, divided by the mean of both mod_rjks in the same round.
    pub fn share(&self, variant: Variant) -> Option<Spread> {
        let (one, other) = (self.of(Variant::Rjk)?, self.of(Variant::Again)?);
        let mean: Vec<f64> = one
            .cpu_us
            .iter()
            .zip(&other.cpu_us)
            .map(|(one, other)| (one + other) / 2.0)
            .collect();
        ratios(&self.of(variant)?.cpu_us, &mean)
    }
}
