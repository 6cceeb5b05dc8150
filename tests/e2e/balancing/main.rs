//! The balancer on the real parts: who gets what, and what all children know (contract §4, §7).
//!
//! Most tests run with mod_jk too: what is asserted is what came back and what the peers saw.

mod alike;
mod busy;
mod children;
mod distribution;
mod draw;
mod exhaustion;
mod failover;
mod ids;
mod live;
mod maintenance;
mod many;
mod methods;
mod readme;
mod session;
mod shared;
mod shm_file;
mod states;
mod storm;
