//! What runs policies: the processor or the interpreter, with the same results.

use super::support::*;
use super::{budgets, decide, load};
use crate::Code;
use rjk_config::toml::EngineKind;
use rjk_guest::Guest;

#[test]
fn decisions_are_the_same_in_the_interpreter() {
    interpreted(decide::the_three_decisions_are_carried_out_and_counted);
    interpreted(decide::a_policy_reads_a_header_lazily);
    interpreted(decide::an_observer_hears_of_responses);
    interpreted(decide::instances_are_used_by_many_threads);
}

#[test]
fn budgets_hold_in_the_interpreter() {
    interpreted(decide::whatever_a_policy_does_is_a_counted_fault);
    interpreted(decide::fuel_is_for_each_decision);
    interpreted(budgets::texts_that_are_copied_have_a_budget_for_each_decision);
    interpreted(budgets::lists_of_candidates_have_a_budget_but_the_first_has_none);
    interpreted(load::a_configure_that_never_ends_or_traps_is_stopped);
    interpreted(load::more_memory_at_the_start_than_allowed_is_refused);
}

/// Nothing is forbidden here; tests/e2e/policy/engine.rs has a system that forbids.
#[test]
fn where_native_code_is_allowed_it_runs() {
    let bytes = Guest::default().component();
    for kind in EngineKind::NAMES.map(|(_, kind)| kind) {
        let code = Code::load(&bytes, settings().memory, kind).unwrap();
        assert_eq!(code.denied(), None, "{kind:?}");
        let interpreted = code.engine().is_pulley();
        assert_eq!(interpreted, kind == EngineKind::Interpreter, "{kind:?}");
    }
}
