//! OpenSSL's queue of errors, one for each thread, which mod_ssl has to do with as well.

use openssl::error::ErrorStack;

/// Keeps the queue of this thread clean: what others left there is not taken for the reason of what
/// fails here, and nothing of ours is left to them.
pub(super) struct CleanQueue;

impl CleanQueue {
    pub(super) fn begin() -> CleanQueue {
        drain();
        CleanQueue
    }
}

impl Drop for CleanQueue {
    fn drop(&mut self) {
        drain();
    }
}

fn drain() {
    let _ = ErrorStack::get();
}

/// What OpenSSL says, without the places in its source.
pub(super) fn said(errors: &ErrorStack) -> String {
    let reasons: Vec<String> = errors
        .errors()
        .iter()
        .filter_map(|error| {
            let reason = error.reason()?;
            Some(match error.data() {
                Some(data) => format!("{reason} ({})", super::certificate::line(data)),
                None => reason.to_owned(),
            })
        })
        .collect();
    if reasons.is_empty() {
        return "OpenSSL gives no reason".to_owned();
    }
    reasons.join(", ")
}
