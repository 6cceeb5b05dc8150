//! The rules that name a worker (OUT-08).

use crate::model::MapView;
use bstr::{BStr, BString};
use rjk_config::model::{Activation, RuleExtensions};
use rjk_config::uri_map::{Mount, UriMap};
use std::sync::Arc;

/// The rules of a worker on all servers, in their order; an exclusion for `*` is one of every worker.
pub(crate) fn of(worker: &BStr, servers: &[(BString, Arc<UriMap>)]) -> Vec<MapView> {
    let all = servers
        .iter()
        .flat_map(|(server, map)| map.rules().map(move |rule| (server, rule)));
    all.filter(|(_, rule)| rule.concerns(worker))
        .zip(1..)
        .map(|((server, rule), id)| view(id, server, rule))
        .collect()
}

fn view(id: usize, server: &BString, rule: &Mount) -> MapView {
    let extensions = &rule.extensions;
    let reply_timeout = extensions
        .reply_timeout
        .map(|timeout| i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
    MapView {
        id,
        server: server.clone(),
        uri: rule.pattern.clone(),
        kind: rule.match_type(),
        source: rule.source.as_str(),
        reply_timeout: reply_timeout.unwrap_or(-1),
        sticky_ignore: extensions.sticky_ignore,
        stateless: extensions.stateless,
        fail_on_status: statuses(extensions),
        active: members(extensions, Activation::Active),
        disabled: members(extensions, Activation::Disabled),
        stopped: members(extensions, Activation::Stopped),
        use_server_errors: extensions.use_server_errors.unwrap_or(0),
    }
}

fn statuses(extensions: &RuleExtensions) -> String {
    let list = extensions.fail_on_status.as_deref().unwrap_or_default();
    let written: Vec<String> = list
        .iter()
        .map(|entry| format!("{}{}", if entry.soft { "-" } else { "" }, entry.status))
        .collect();
    written.join(",")
}

fn members(extensions: &RuleExtensions, activation: Activation) -> BString {
    let names: Vec<&[u8]> = extensions
        .activation
        .iter()
        .filter(|(_, wanted)| *wanted == activation)
        .map(|(name, _)| name.as_slice())
        .collect();
    names.join(&b","[..]).into()
}
