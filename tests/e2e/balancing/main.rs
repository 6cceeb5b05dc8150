//! The balancer on the real parts: who gets what, and what all children know (contract §4, §7).
//!
//! Most tests run with mod_jk too: what is asserted is what came back and what the peers saw.

mod busy;
mod children;
mod distribution;
mod failover;
mod farm;
mod gate;
mod maintenance;
mod notes;
mod session;
mod shared;
mod states;

/// Two tests, one for each module.
macro_rules! for_both {
    ($($modjk:ident $rjk:ident: $run:path;)*) => {$(
        #[test]
        fn $modjk() -> rjk_testbed::Result {
            $run(rjk_testbed::Subject::ModJk)
        }

        #[test]
        fn $rjk() -> rjk_testbed::Result {
            $run(rjk_testbed::Subject::Rjk)
        }
    )*};
}
pub(crate) use for_both;
