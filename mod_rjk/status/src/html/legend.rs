//! What the words of the page mean.

use super::View;
use maud::{Markup, html};

const WORDS: [(&str, &str); 18] = [
    ("Active", "takes all requests"),
    ("Disabled", "takes only requests of sessions that it has"),
    ("Stopped", "takes no requests"),
    ("OK/IDLE", "well, not used since the last maintenance"),
    ("OK", "well"),
    (
        "OK/BUSY",
        "well, but no connection is free or its busy_limit is reached",
    ),
    ("ERR", "failed; tried again after the recover time"),
    ("ERR/REC", "failed; the next request tries it"),
    ("ERR/PRB", "failed; one request is trying it"),
    (
        "ERR/FRC",
        "failed like all others; tried because there is no other",
    ),
    (
        "Good, degraded, bad",
        "how the status worker rates members (its properties good and bad)",
    ),
    ("Distance", "members of the lowest distance are used first"),
    ("Factor", "the share of the load that a member is to have"),
    (
        "Multiplier",
        "by how much a unit of load counts, from the factors",
    ),
    (
        "Load",
        "what the balancing method compares; the lowest takes the next request",
    ),
    ("Sessions", "requests without a session"),
    (
        "Client errors",
        "requests that failed because of the client",
    ),
    ("Reply timeouts", "halved at each maintenance"),
];

/// The legend, unless it is to be left out (C-06).
pub(super) fn legend(view: &View<'_>) -> Markup {
    html! {
        @if !view.options.hides_legend() {
            details {
                summary { "Legend" }
                table {
                    tbody { @for (word, meaning) in WORDS { tr { th scope="row" { (word) } td { (meaning) } } } }
                }
            }
        }
    }
}
