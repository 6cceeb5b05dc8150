//! The harness of `rjk policy bench` gives figures.

use super::support::*;
use crate::bench::{SampleRequest, measure};
use rjk_balance::{Decision, FaultKind};
use rjk_guest::*;

#[test]
fn figures_are_measured() {
    let policy_ = policy(&Guest::default());
    let figures = measure(&policy_, &SampleRequest::default(), 8).unwrap();
    assert_eq!(
        (figures.candidates, figures.decision),
        (8, Decision::Builtin)
    );
    assert!(
        figures.lowest_ns > 0.0 && figures.p99.as_nanos() > 0,
        "{figures:?}"
    );
    let failing = policy(&choosing("unreachable"));
    let got = measure(&failing, &SampleRequest::default(), 2);
    assert_eq!(got, Err(Some(FaultKind::Trap)));
}
