//! Changes that could not be made.

/// Why a change was not made.
pub(super) struct Failed {
    /// The text for the client.
    pub(super) text: String,
    /// Another process keeps the lock: the next change would wait for it as long.
    pub(super) is_last: bool,
}

/// Makes changes in turn, and says what failed last.
pub(super) fn in_turn<T>(
    all: impl IntoIterator<Item = T>,
    mut make: impl FnMut(T) -> Option<Failed>,
) -> Option<Failed> {
    let mut failed: Option<Failed> = None;
    for one in all {
        failed = make(one).or(failed);
        if is_last(&failed) {
            break;
        }
    }
    failed
}

/// Whether no other change is to be tried.
pub(super) fn is_last(failed: &Option<Failed>) -> bool {
    failed.as_ref().is_some_and(|failed| failed.is_last)
}

/// What the client gets to know.
pub(super) fn done(failed: Option<Failed>) -> Result<(), String> {
    failed.map_or(Ok(()), |failed| Err(partly(&failed.text, "")))
}

pub(super) fn partly(failed: &str, rest: &str) -> String {
    format!("Update failed (at least partially): {failed}{rest}")
}
