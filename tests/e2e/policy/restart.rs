//! Restarts that change a policy.
