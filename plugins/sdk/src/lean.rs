//! The router's exported functions without the copies that wit-bindgen makes.
//!
//! wit-bindgen turns the candidates into a new list, field by field: more work than a small policy
//! does itself. In memory they lie exactly as [`Candidate`] does, so this lends them out in place.
//! wit-bindgen's `export!` looks the macro below up under the root that it is given, by the path
//! of the modules here: a release that names it otherwise does not compile.

use crate::{Activation, Candidate, Decision, State};
use std::alloc::{Layout, dealloc};
use std::mem::{offset_of, size_of};

// The canonical ABI's layout of `record candidate`; each enum is a byte, in the order of its cases.
const _: () = assert!(
    size_of::<Candidate>() == 56
        && offset_of!(Candidate, index) == 0
        && offset_of!(Candidate, state) == 4
        && offset_of!(Candidate, activation) == 5
        && offset_of!(Candidate, busy) == 8
        && offset_of!(Candidate, load) == 16
        && offset_of!(Candidate, errors) == 24
        && offset_of!(Candidate, latency_us) == 32
        && offset_of!(Candidate, requests) == 40
        && offset_of!(Candidate, usable_for_ms) == 48
        && State::Probing as u8 == 6
        && Activation::Stopped as u8 == 2
);

/// A `decision` as the canonical ABI reads it: the case, and its number at offset 4.
#[repr(C)]
pub struct RawDecision {
    case: u8,
    number: u32,
}

impl RawDecision {
    /// What stands there before the first decision.
    pub const BUILTIN: RawDecision = RawDecision { case: 0, number: 0 };
}

impl From<Decision> for RawDecision {
    fn from(decision: Decision) -> RawDecision {
        let (case, number) = match decision {
            Decision::Builtin => (0, 0),
            Decision::Worker(index) => (1, index),
            // A u16 at the same offset: the low half of a little-endian u32.
            Decision::Reject(status) => (2, u32::from(status)),
        };
        RawDecision { case, number }
    }
}

/// Lends the candidates to `choose`, then frees them.
///
/// # Safety
/// `candidates` and `count` are a list that the host lowered for this call through `cabi_realloc`,
/// and nobody else uses it.
pub unsafe fn choose(
    sticky_case: i32,
    sticky: i32,
    candidates: *mut u8,
    count: usize,
    choose: impl FnOnce(Option<u32>, &[Candidate]) -> Decision,
) -> RawDecision {
    let sticky = (sticky_case != 0).then_some(sticky as u32);
    // SAFETY: aligned and never null (an empty list too), of that many candidates, and each of them
    // is valid: the layout is checked above, and the component model lets no other case number pass.
    let list = unsafe { std::slice::from_raw_parts(candidates.cast::<Candidate>(), count) };
    let decision = choose(sticky, list);
    let layout = Layout::for_value(list);
    if layout.size() != 0 {
        // SAFETY: `cabi_realloc` takes its memory from the global allocator with this layout.
        unsafe { dealloc(candidates, layout) };
    }
    decision.into()
}

/// A root for wit-bindgen's `export!`.
pub mod exports {
    #[allow(missing_docs, reason = "the names of the WIT package")]
    pub mod rjk {
        pub mod policy {
            pub mod router {
                pub use crate::__lean_router as __export_rjk_policy_router_0_1_0_cabi;
            }
        }
    }
}

/// `configure` as wit-bindgen exports it, `choose` without its copies.
#[doc(hidden)]
#[macro_export]
macro_rules! __lean_router {
    ($component:ident with_types_in $($root:tt)*) => {
        const _: () = {
            use $crate::bindings::policy::exports::rjk::policy::router;

            #[unsafe(export_name = "rjk:policy/router@0.1.0#configure")]
            unsafe extern "C" fn configure(
                members: *mut u8,
                member_count: usize,
                config: *mut u8,
                config_size: usize,
            ) -> *mut u8 {
                // SAFETY: the arguments of the host, passed on.
                unsafe {
                    router::_export_configure_cabi::<$component>(
                        members,
                        member_count,
                        config,
                        config_size,
                    )
                }
            }

            #[unsafe(export_name = "cabi_post_rjk:policy/router@0.1.0#configure")]
            unsafe extern "C" fn configure_was_read(result: *mut u8) {
                // SAFETY: what `configure` returned, passed on.
                unsafe { router::__post_return_configure::<$component>(result) }
            }

            #[unsafe(export_name = "rjk:policy/router@0.1.0#choose")]
            unsafe extern "C" fn choose(
                sticky_case: i32,
                sticky: i32,
                candidates: *mut u8,
                count: usize,
            ) -> *const $crate::lean::RawDecision {
                static mut RESULT: $crate::lean::RawDecision = $crate::lean::RawDecision::BUILTIN;
                // SAFETY: the list is the host's, for this call. A component has one thread and is
                // not entered again before the host has read the result, so nobody else is there.
                unsafe {
                    RESULT = $crate::lean::choose(
                        sticky_case,
                        sticky,
                        candidates,
                        count,
                        $component::choose,
                    );
                    &raw const RESULT
                }
            }
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::candidate;

    /// A list as the host leaves it: memory of the global allocator, owned by nobody.
    fn lowered(count: u32) -> (*mut u8, usize) {
        let list: Box<[Candidate]> = (0..count).map(candidate).collect();
        let count = list.len();
        (Box::into_raw(list).cast(), count)
    }

    #[test]
    fn the_candidates_are_lent_out_in_place() {
        for (case, count, expected) in [(0, 3, None), (1, 1, Some(7)), (0, 0, None)] {
            let (list, length) = lowered(count);
            // SAFETY: a list of the global allocator that nobody else knows.
            let raw = unsafe {
                choose(case, 7, list, length, |sticky, candidates| {
                    assert_eq!(sticky, expected);
                    assert_eq!(candidates, (0..count).map(candidate).collect::<Vec<_>>());
                    Decision::Worker(count)
                })
            };
            assert_eq!((raw.case, raw.number), (1, count));
        }
    }

    #[test]
    fn a_decision_lies_as_the_contract_says() {
        let table = [
            (Decision::Builtin, (0, 0)),
            (Decision::Worker(70_000), (1, 70_000)),
            (Decision::Reject(503), (2, 503)),
        ];
        assert_eq!(
            (
                offset_of!(RawDecision, case),
                offset_of!(RawDecision, number)
            ),
            (0, 4)
        );
        for (decision, expected) in table {
            let raw = RawDecision::from(decision);
            assert_eq!((raw.case, raw.number), expected);
        }
    }
}
