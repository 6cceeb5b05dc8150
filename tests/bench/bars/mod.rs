//! What the project wants of its speed, and whether this run has it.

mod bodies;
mod latency;

use crate::plan::Variant::{
    self, Again, AjpUnix, Floor, Http, Limit, LimitUnix, ModJk, Policy, ProxyAjp, ProxyHttp, Rjk,
};
use crate::results::{At, Figures, Results};
use crate::stats::{Spread, ratios};
use crate::syscalls;

/// Whom mod_rjk is compared with; the best of them counts, figure by figure.
const PEERS: [Variant; 3] = [ModJk, ProxyAjp, ProxyHttp];

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Nothing: it shows how much chance makes, or what the limit leaves.
    Anything,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Bar {
    pub what: String,
    pub bound: Bound,
    /// `None` when this run has no figure for it.
    pub measured: Option<Spread>,
}

impl Bar {
    /// By the median.
    pub fn is_met(&self) -> Option<bool> {
        Some(self.bound.holds(self.measured?.median))
    }

    /// The quartiles lie on both sides: another run may say the opposite.
    pub fn is_close(&self) -> bool {
        self.measured
            .is_some_and(|spread| self.bound.holds(spread.low) != self.bound.holds(spread.high))
    }
}

impl Bound {
    fn holds(self, figure: f64) -> bool {
        match self {
            Bound::AtMost(bound) => figure <= bound,
            Bound::AtLeast(bound) => figure >= bound,
            Bound::Anything => true,
        }
    }
}

/// All of them.
pub fn bars(results: &Results) -> Vec<Bar> {
    let base = results.at("base");
    [
        small_gets(base),
        counted(base, results.at("prefork")),
        bodies::transfers(results),
        many(results),
        latency::latencies(results),
        ways(base, results.at("tomcat")),
    ]
    .concat()
}

fn bar(what: impl Into<String>, bound: Bound, measured: Option<Spread>) -> Bar {
    Bar {
        what: what.into(),
        bound,
        measured,
    }
}

fn exactly(figure: f64) -> Spread {
    Spread {
        median: figure,
        low: figure,
        high: figure,
    }
}

fn small_gets(base: Option<&At>) -> Vec<Bar> {
    let best = best(base, Lowest, &PEERS, |figures| &figures.cpu_us);
    let above = |other: Variant| ratios(&base?.above_floor(Rjk)?, &base?.above_floor(other)?);
    vec![
        bar(
            format!("small GET: CPU above the floor, against {}", name(best)),
            Bound::AtMost(0.65),
            best.and_then(above),
        ),
        bar(
            "the same of the limit, which is the least that AJP takes",
            Bound::Anything,
            best.and_then(|peer| ratios(&base?.above_floor(Limit)?, &base?.above_floor(peer)?)),
        ),
        bar(
            "small GET: CPU above the floor, against the limit",
            Bound::AtMost(1.25),
            above(Limit),
        ),
        bar(
            "with a policy (header-route): CPU of a request, against none",
            Bound::AtMost(1.02),
            base.and_then(|at| at.share(Policy)),
        ),
        bar(
            "control: mod_rjk against itself, which is chance",
            Bound::Anything,
            base.and_then(|at| ratios(&at.of(Again)?.cpu_us, &at.of(Rjk)?.cpu_us)),
        ),
    ]
}

/// What was counted and not timed, and memory.
fn counted(base: Option<&At>, traced: Option<&At>) -> Vec<Bar> {
    let above = |variant| Some(base?.of(variant)?.instructions? - base?.of(Floor)?.instructions?);
    let least = PEERS
        .into_iter()
        .filter_map(|peer| Some((peer, above(peer)?)))
        .min_by(|one, other| one.1.total_cmp(&other.1));
    let half = || Some(exactly(above(Rjk)? / least?.1));
    let allocations = || Some(exactly(base?.of(Rjk)?.allocations?));
    let calls = || {
        let (ours, floor) = (traced?.of(Rjk)?, traced?.of(Floor)?);
        let beyond = syscalls::beyond(ours.system_calls.as_ref()?, floor.system_calls.as_ref()?);
        Some(exactly(beyond))
    };
    let resident = || {
        let (ours, theirs) = (base?.of(Rjk)?, base?.of(ModJk)?);
        let pairs = ours.resident_mib.iter().zip(&theirs.resident_mib);
        Spread::of(pairs.map(|(ours, theirs)| ours - theirs))
    };
    vec![
        bar(
            "small GET: instructions above the floor",
            Bound::AtMost(11_500.0),
            above(Rjk).map(exactly),
        ),
        bar(
            format!("the same, against {}", name(least.map(|(peer, _)| peer))),
            Bound::AtMost(0.5),
            half(),
        ),
        bar(
            "small GET: allocations in our code",
            Bound::AtMost(4.0),
            allocations(),
        ),
        bar(
            "small GET: system calls above the floor",
            Bound::AtMost(3.0),
            calls(),
        ),
        bar(
            "resident memory of a child, MiB above mod_jk's",
            Bound::AtMost(3.0),
            resident(),
        ),
    ]
}

fn name(peer: Option<Variant>) -> &'static str {
    peer.map_or("the best peer", Variant::name)
}

fn many(results: &Results) -> Vec<Bar> {
    let rjk = |name| results.at(name).and_then(|at| at.of(Rjk));
    let instructions = |many, few| -> Option<Spread> {
        Some(exactly(rjk(many)?.instructions? / rjk(few)?.instructions?))
    };
    let clients = results.at("clients-256");
    let more = |variant| {
        let figures = clients?.of(variant)?;
        ratios(&figures.cpu_us, &figures.few_cpu_us)
    };
    let added = || {
        let few = clients?.beyond_floor(Rjk, |figures| &figures.few_cpu_us);
        ratios(&clients?.above_floor(Rjk)?, &few?)
    };
    vec![
        bar(
            "1,000 members against 2, new: instructions",
            Bound::AtMost(1.10),
            instructions("members-1000", "base"),
        ),
        bar(
            "1,000 members against 2, sticky: instructions",
            Bound::AtMost(1.02),
            instructions("sticky-1000", "sticky"),
        ),
        bar(
            "256 clients against 16: CPU of a request",
            Bound::AtMost(1.05),
            more(Rjk),
        ),
        bar(
            "the same of the floor, which is httpd alone",
            Bound::Anything,
            more(Floor),
        ),
        bar(
            "the same of what mod_rjk adds to the floor",
            Bound::Anything,
            added(),
        ),
    ]
}

fn ways(base: Option<&At>, tomcat: Option<&At>) -> Vec<Bar> {
    let http = || {
        let at = base?;
        ratios(&at.of(Http)?.cpu_us, &at.of(ProxyHttp)?.cpu_us)
    };
    let limit = || {
        let at = base?;
        ratios(&at.of(LimitUnix)?.cpu_us, &at.of(Limit)?.cpu_us)
    };
    vec![
        bar(
            "HTTP: CPU of a request, against mod_proxy_http",
            Bound::AtMost(1.0),
            http(),
        ),
        bar(
            "AJP over a unix socket: CPU of a request, against TCP, stub",
            Bound::AtMost(0.85),
            base.and_then(|at| at.share(AjpUnix)),
        ),
        bar(
            "the same of the limit, which only writes and reads",
            Bound::Anything,
            limit(),
        ),
        bar(
            "AJP over a unix socket: CPU of a request, against TCP, Tomcat",
            Bound::AtMost(0.85),
            tomcat.and_then(|at| at.share(AjpUnix)),
        ),
    ]
}

/// Which figure is the better one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Better {
    Lowest,
    Highest,
}
use Better::{Highest, Lowest};

/// The peer with the best median.
fn best(
    at: Option<&At>,
    better: Better,
    peers: &[Variant],
    of: impl Fn(&Figures) -> &Vec<f64>,
) -> Option<Variant> {
    let median = |peer: Variant| {
        let spread = Spread::of(of(at?.of(peer)?).iter().copied())?;
        Some((peer, spread.median))
    };
    let medians = peers.iter().copied().filter_map(median);
    let sorted = |one: &(Variant, f64), other: &(Variant, f64)| one.1.total_cmp(&other.1);
    let found = match better {
        Lowest => medians.min_by(sorted),
        Highest => medians.max_by(sorted),
    };
    found.map(|(peer, _)| peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    fn find(bars: &[Bar], what: &str) -> Bar {
        bars.iter()
            .find(|bar| bar.what.starts_with(what))
            .unwrap()
            .clone()
    }

    #[test]
    fn bars_are_measured_against_the_best_peer_above_the_floor() {
        let bars = bars(&example());
        // Floor 20, mod_jk 60, mod_proxy_ajp 50, mod_rjk 40.
        let bar = find(
            &bars,
            "small GET: CPU above the floor, against mod_proxy_ajp",
        );
        let ratio = bar.measured.unwrap().median;
        assert!((ratio - 2.0 / 3.0).abs() < 1e-9, "{ratio}");
        assert_eq!(bar.is_met(), Some(false));
        assert!(!bar.is_close());
        let calls = find(&bars, "small GET: system calls");
        assert_eq!(calls.measured.map(|spread| spread.median), Some(3.0));
        assert_eq!(calls.is_met(), Some(true));
    }

    #[test]
    fn many_clients_are_compared_with_few_of_the_same_servers() {
        let bars = bars(&example());
        for what in [
            "256 clients against 16",
            "the same of the floor, which is httpd",
            "the same of what mod_rjk adds",
        ] {
            let ratio = find(&bars, what).measured.unwrap().median;
            assert!((ratio - 1.25).abs() < 1e-9, "{what}: {ratio}");
        }
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let bars = bars(&example());
        let bar = find(&bars, "100 MB upload");
        assert_eq!((bar.measured, bar.is_met()), (None, None));
        assert!(bar.what.ends_with("against the best peer"));
    }

    #[test]
    fn a_spread_over_the_bound_is_said() {
        let spread = Spread {
            median: 0.99,
            low: 0.95,
            high: 1.03,
        };
        let close = bar("x", Bound::AtMost(1.0), Some(spread));
        assert_eq!((close.is_met(), close.is_close()), (Some(true), true));
        let sure = bar("x", Bound::AtLeast(0.9), Some(spread));
        assert_eq!((sure.is_met(), sure.is_close()), (Some(true), false));
    }
}
