//! What an AJP connector wants by itself.

use crate::check::finding::Severity;
use crate::check::findings::Found;
use crate::check::tomcat::Connector;
use crate::check::tomcat::server_xml::Value;
use crate::manners::listed;
use regex::bytes::Regex;
use std::collections::BTreeSet;

/// Request attributes that Tomcat takes from any AJP client.
const KNOWN: [&str; 4] = [
    "AJP_LOCAL_ADDR",
    "AJP_REMOTE_PORT",
    "AJP_SSL_PROTOCOL",
    "JK_LB_ACTIVATION",
];

/// Tomcat does not start a connector that wants a secret and has none.
pub(super) fn starts(connector: &Connector, found: &mut Found<'_>) {
    let has_none = connector.secret == Value::Absent;
    if has_none && connector.secret_required.or(true) == Some(true) {
        let message = "the AJP connector has no secret, and Tomcat (from 8.5.51, 9.0.31 and 10.0 on) does not start it \
                       without secretRequired=\"false\"; set secret here and for the worker";
        found.add(
            Some(&connector.place),
            Severity::Warning,
            "tomcat-secret",
            message,
        );
    }
}

/// `JkEnvVar` sends attributes, and Tomcat answers 403 to one that it does not expect.
pub(super) fn attributes(connector: &Connector, found: &mut Found<'_>) {
    let pattern = match &connector.attributes {
        Value::Unknown => return,
        Value::Absent => None,
        Value::Set(text) => match Regex::new(&format!("^(?:{text})$")) {
            Ok(pattern) => Some(pattern),
            // Java's expressions have what others have not.
            Err(_) => return,
        },
    };
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for server in &found.site.servers {
        for var in server.config.iter().flat_map(|config| &config.env_vars) {
            let is_allowed = pattern
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(var.name.as_bytes()));
            if !is_allowed && !KNOWN.contains(&var.name.as_str()) {
                missing.insert(var.name.clone());
            }
        }
    }
    if missing.is_empty() {
        return;
    }
    let message = format!(
        "allowedRequestAttributesPattern does not match {}, which JkEnvVar sends: Tomcat answers 403; \
         write allowedRequestAttributesPattern=\"{}\"",
        listed(&missing),
        missing
            .iter()
            .map(|name| regex::escape(name))
            .collect::<Vec<_>>()
            .join("|")
    );
    found.add(
        Some(&connector.place),
        Severity::Warning,
        "tomcat-attributes",
        message,
    );
}
