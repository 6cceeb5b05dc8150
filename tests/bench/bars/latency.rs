//! Percentiles at a fixed rate.

use super::Better::Lowest;
use super::{Bar, Bound, PEERS, bar, best, exactly, name};
use crate::plan::Variant::{Again, Rjk};
use crate::results::{At, Figures, Results, Together};
use crate::stats::ratios;

/// A percentile, visit by visit and of all visits together.
#[derive(Clone, Copy)]
struct Percentile {
    name: &'static str,
    visits: fn(&Figures) -> &Vec<f64>,
    together: fn(Together) -> f64,
}

const PERCENTILES: [Percentile; 2] = [
    Percentile {
        name: "p99",
        visits: |figures| &figures.p99_us,
        together: |together| together.p99_us,
    },
    Percentile {
        name: "p99.9",
        visits: |figures| &figures.p999_us,
        together: |together| together.p999_us,
    },
];

/// Of the stub and of Tomcat.
pub fn latencies(results: &Results) -> Vec<Bar> {
    let who = [("stub", "base"), ("Tomcat", "tomcat")];
    who.into_iter()
        .flat_map(|(who, point)| {
            PERCENTILES.map(|percentile| slow_ones(who, results.at(point), percentile))
        })
        .flatten()
        .collect()
}

/// What is rare enough to be in few visits shows only in all of them together, where chance makes more of
/// a difference: the control shows how much.
fn slow_ones(who: &str, at: Option<&At>, percentile: Percentile) -> [Bar; 4] {
    let Percentile {
        name: which,
        visits,
        together,
    } = percentile;
    let best = best(at, Lowest, &PEERS, visits);
    let by_visit = |one, other| ratios(visits(at?.of(one)?), visits(at?.of(other)?));
    let all = |one, other| {
        let of = |variant| at?.of(variant)?.together.map(together);
        Some(exactly(of(one)? / of(other)?))
    };
    let control = format!("control of {which}, {who}: mod_rjk against itself");
    [
        bar(
            format!(
                "{which} at 70 % of mod_jk's rate, {who}, against {}",
                name(best)
            ),
            Bound::AtMost(1.0),
            best.and_then(|best| by_visit(Rjk, best)),
        ),
        bar(
            "the same of all visits together",
            Bound::Anything,
            best.and_then(|best| all(Rjk, best)),
        ),
        bar(control.clone(), Bound::Anything, by_visit(Again, Rjk)),
        bar(
            format!("{control}, all visits together"),
            Bound::Anything,
            all(Again, Rjk),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::bars;
    use crate::report::example;

    #[test]
    fn slow_answers_are_compared_visit_by_visit_and_together() {
        // The best is mod_proxy_ajp with 100 and 200 µs; of all visits together it is half of that.
        let bars = bars(&example());
        for which in ["p99 at", "p99.9 at"] {
            let place = bars.iter().position(|bar| bar.what.starts_with(which));
            let rows = &bars[place.unwrap()..][..4];
            let medians: Vec<_> = rows
                .iter()
                .map(|row| row.measured.unwrap().median)
                .collect();
            assert!(rows[0].what.ends_with("against mod_proxy_ajp"));
            assert_eq!(medians, [0.8, 1.6, 1.0, 1.0], "{which}");
        }
    }
}
