//! The reasons.

use super::balance::Chosen;
use crate::manners::listed;
use rjk_config::error::Location;
use rjk_config::model::LbSpec;
use rjk_config::uri_map::{MAX_MATCHED, Mount, RuleKind};
use rjk_config::wildcard::matches;

/// Why no rule takes a path.
pub fn why_none(path: &[u8], rejects: bool, rules: &[Mount]) -> String {
    if path.len() > MAX_MATCHED {
        return format!("the path is longer than the {MAX_MATCHED} bytes that are matched");
    }
    if rejects && path.iter().any(|byte| matches!(byte, b'%' | b'\\')) {
        return "JkOptions +RejectUnsafeURI: a path with an encoded % or a backslash matches no rule".to_owned();
    }
    let hits = |rule: &&Mount| matches(&rule.pattern, path);
    let mut enabled = rules.iter().filter(|rule| !rule.disabled).filter(hits);
    let Some(mount) = enabled.clone().find(|rule| rule.kind == RuleKind::Mount) else {
        return match rules.iter().filter(|rule| rule.disabled).find(hits) {
            Some(rule) => format!(
                "the only rule that matches is switched off: {}{}",
                rule.pattern,
                at(rule)
            ),
            None => "no rule matches".to_owned(),
        };
    };
    let exclusion =
        enabled.find(|rule| rule.kind == RuleKind::Unmount && rule.concerns(&mount.worker));
    match exclusion {
        Some(rule) => format!(
            "the rule {}{} would send it to {}, and {}{} excludes it",
            mount.pattern,
            at(mount),
            mount.worker,
            rule.pattern,
            at(rule)
        ),
        None => "no rule matches".to_owned(),
    }
}

fn at(rule: &Mount) -> String {
    let place = rule.location.as_ref().map(Location::to_string);
    place.map_or_else(String::new, |place| format!(" ({place})"))
}

/// Why this member.
pub fn why_member(
    lb: &LbSpec,
    mount: &Mount,
    chosen: &Chosen,
    index: usize,
    sticky: bool,
) -> String {
    const OTHERS: &str =
        "without a session the least loaded member gets it, of an idle balancer the first one";
    if !lb.sticky_session {
        return format!("sticky_session is off: {OTHERS}");
    }
    if mount.extensions.sticky_ignore {
        return format!("the rule says sticky_ignore: {OTHERS}");
    }
    if let Some(route) = chosen.routes.first() {
        return why_by_route(lb, route, index, sticky);
    }
    if !chosen.ids.is_empty() {
        return format!(
            "the session id has no route: the Engine of its Tomcat has no jvmRoute; {OTHERS}"
        );
    }
    let rule = &mount.extensions;
    let cookie = rule.session_cookie.as_ref().unwrap_or(&lb.session_cookie);
    let parameter = rule.session_path.as_ref().unwrap_or(&lb.session_path);
    format!("there is no session, neither a cookie {cookie} nor {parameter}= in the path; {OTHERS}")
}

fn why_by_route(lb: &LbSpec, route: &str, index: usize, sticky: bool) -> String {
    let routes: Vec<String> = lb
        .members
        .iter()
        .map(|member| member.route.to_string())
        .collect();
    let own = routes.get(index).map(String::as_str);
    if sticky && own == Some(route) {
        return format!("the session is on it, by its route {route}");
    }
    if routes.iter().any(|known| known == route) {
        return format!(
            "the member with the route {route} takes no requests, this one stands in for it"
        );
    }
    if sticky {
        return format!("it is the only member; the session has the route {route}");
    }
    let all = listed(routes);
    format!("no member has the route {route} of the session, there are {all}")
}
