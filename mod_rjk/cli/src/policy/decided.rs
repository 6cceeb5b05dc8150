//! Decisions as JSON.

use rjk_balance::Decision;
use serde_json::{Value, json};

/// What was decided among members of these names.
pub(super) fn to_json(decision: Decision, names: &[&str]) -> Value {
    match decision {
        Decision::Builtin => json!({"kind": "builtin"}),
        Decision::Worker(index) => json!({"kind": "member", "member": names.get(index)}),
        Decision::Reject(status) => json!({"kind": "reject", "status": status}),
    }
}
