//! What a balancer's routing policy decided and heard, over all children since the start of httpd.

use crate::model::PolicyView;
use rjk_balance::{FaultKind, PolicySlot, RoutingPolicy};
use std::borrow::Cow;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// A policy with its counters, if there is something to say of it.
pub(crate) fn view(policy: &dyn RoutingPolicy) -> Option<PolicyView> {
    let (slot, problem) = (policy.slot(), policy.problem());
    if slot.is_none() && problem.is_none() {
        return None;
    }
    let counters = slot.map(PolicySlot::counters).unwrap_or_default();
    let used = counters.iter().copied().enumerate();
    Some(PolicyView {
        name: policy.name().to_owned(),
        problem: problem.map(one_line),
        decisions: slot.map_or(Vec::new(), |slot| decisions(slot, policy.observes())),
        counters: used.filter(|(_, value)| *value > 0).collect(),
    })
}

/// The text formats have a line for each thing.
fn one_line(text: &str) -> String {
    text.replace(|letter: char| letter.is_control(), " ")
}

/// Headings with values; the faults of an observer are none of its decisions.
fn decisions(slot: &PolicySlot, observes: bool) -> Vec<(Cow<'static, str>, u64)> {
    let counted = |(heading, counter): (&'static str, &AtomicU64)| {
        (Cow::Borrowed(heading), counter.load(Relaxed))
    };
    let decisions = [
        ("Built-in", &slot.builtin),
        ("Member", &slot.workers),
        ("Rejected", &slot.rejects),
        ("Shadow same", &slot.shadow_same),
        ("Shadow other", &slot.shadow_other),
        ("Skipped", &slot.skipped),
        ("Switched off", &slot.switched_off),
    ];
    let faults = FaultKind::ALL.map(|kind| {
        let heading = format!("Fault {}", kind.as_str());
        (Cow::Owned(heading), slot.faults(kind))
    });
    let observer = [
        ("Observed", &slot.observed),
        ("Observer faults", &slot.observer_faults),
        ("Observer switched off", &slot.observer_switched_off),
        ("Observer skipped", &slot.observer_skipped),
    ];
    let mut columns: Vec<_> = decisions.into_iter().map(counted).collect();
    columns.extend(faults);
    if observes {
        columns.extend(observer.into_iter().map(counted));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use rjk_balance::{Answer, Decision, Question};

    struct Observer {
        slot: &'static PolicySlot,
        observes: bool,
    }

    impl RoutingPolicy for Observer {
        fn decide(&self, _: &Question<'_>) -> Answer {
            Answer::Decided(Decision::Builtin.into())
        }
        fn name(&self) -> &str {
            "canary"
        }
        fn observes(&self) -> bool {
            self.observes
        }
        fn slot(&self) -> Option<&'static PolicySlot> {
            Some(self.slot)
        }
    }

    #[test]
    fn counters_have_headings() {
        let slot = PolicySlot::leaked();
        slot.count(Decision::Builtin);
        slot.count(Decision::Worker(1));
        slot.count(Decision::Worker(0));
        slot.count_fault(FaultKind::Trap);
        slot.observed.store(4, Relaxed);
        slot.add_to_counter(3, 9);
        for (observes, observed) in [(true, Some(4)), (false, None)] {
            let view = view(&Observer { slot, observes }).unwrap();
            let count = |heading: &str| {
                let mut decisions = view.decisions.iter();
                decisions.find_map(|(name, count)| (name == heading).then_some(*count))
            };
            assert_eq!(view.name, "canary");
            assert_eq!(
                (count("Built-in"), count("Member"), count("Rejected")),
                (Some(1), Some(2), Some(0))
            );
            assert_eq!(
                (count("Fault trap"), count("Observed")),
                (Some(1), observed)
            );
            assert_eq!(view.counters, [(3, 9)], "only those that it used");
        }
        assert!(super::view(&rjk_balance::Builtin).is_none());
    }

    /// Nothing was counted, and it is shown all the same.
    #[test]
    fn a_policy_with_a_problem_is_shown() {
        struct Gone;
        impl RoutingPolicy for Gone {
            fn decide(&self, _: &Question<'_>) -> Answer {
                Answer::Off { reject: Some(30) }
            }
            fn name(&self) -> &str {
                "canary"
            }
            fn problem(&self) -> Option<&str> {
                Some("line 1\nline 2")
            }
        }
        let view = super::view(&Gone).unwrap();
        assert_eq!(view.name, "canary");
        assert_eq!(view.problem.as_deref(), Some("line 1 line 2"));
        assert!(view.decisions.is_empty() && view.counters.is_empty());
    }
}
