//! Routing policies on the real parts: what they decide, hostile ones, and restarts that change them.

mod attempts;
mod author;
mod birth;
mod breaker;
mod consistent_hash;
mod contract;
mod copies;
mod engine;
mod explain;
mod features;
mod hostile_start;
mod languages;
mod least_latency;
mod membership;
mod observer;
mod record;
mod record_faults;
mod refusal;
mod replay;
mod restart;
mod site;
mod smallest_stack;
mod stack;
mod start;
mod tenant_quota;
mod warm_up;
