//! The rules that name a worker.

use super::table::{Table, number, text};
use crate::model::MapView;
use maud::{Markup, html};

/// The rules of one worker.
pub(super) fn section(maps: &[MapView]) -> Markup {
    if maps.is_empty() {
        return html! {};
    }
    let mut table = Table::new([
        "Server",
        "URI",
        "Match type",
        "Source",
        "Reply timeout (ms)",
        "Sticky ignore",
        "Stateless",
        "Fail on status",
        "Active",
        "Disabled",
        "Stopped",
        "Server errors from",
    ]);
    for map in maps {
        table.row([
            text(&map.server),
            text(&map.uri),
            text(map.kind),
            text(map.source),
            number(map.reply_timeout),
            number(u8::from(map.sticky_ignore)),
            number(u8::from(map.stateless)),
            text(&map.fail_on_status),
            text(&map.active),
            text(&map.disabled),
            text(&map.stopped),
            number(map.use_server_errors),
        ]);
    }
    html! {
        details {
            summary { "URI mappings (" (maps.len()) ")" }
            (table.markup())
        }
    }
}
