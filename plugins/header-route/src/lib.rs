//! Routing policy: the value of a request header or of a cookie names the worker.

use rjk_policy_sdk::{Candidate, Decision, Members, Policy, Request};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table `[policy.NAME.config]` of rjk.toml; see README.md.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    header: Option<String>,
    cookie: Option<String>,
    workers: BTreeMap<String, String>,
}

/// Where the value stands.
enum Source {
    Header(String),
    Cookie(String),
}

struct HeaderRoute {
    source: Source,
    /// Value and member, sorted by value.
    routes: Vec<(String, u32)>,
}

impl Policy for HeaderRoute {
    type Config = Config;

    fn configure(members: &Members, config: Config) -> Result<HeaderRoute, String> {
        let source = source(config.header, config.cookie)?;
        if config.workers.is_empty() {
            return Err(
                "the table \"workers\" is empty; write lines of value = \"worker name\""
                    .to_string(),
            );
        }
        let route = |(value, worker): (String, String)| match members.index_of(&worker) {
            Ok(index) => Ok((value, index)),
            Err(error) => Err(format!("workers.\"{value}\": {error}")),
        };
        let routes = config.workers.into_iter().map(route);
        Ok(HeaderRoute {
            source,
            routes: routes.collect::<Result<_, _>>()?,
        })
    }

    fn choose(&self, request: &Request, _: Option<u32>, candidates: &[Candidate]) -> Decision {
        let value = match &self.source {
            Source::Header(name) => request.header(name),
            Source::Cookie(name) => request.cookie(name),
        };
        match value.and_then(|value| self.route(&value)) {
            Some(index) => Decision::worker_if_candidate(index, candidates),
            None => Decision::Builtin,
        }
    }
}

impl HeaderRoute {
    fn route(&self, value: &str) -> Option<u32> {
        let found = self
            .routes
            .binary_search_by(|(known, _)| known.as_str().cmp(value));
        found.ok().map(|position| self.routes[position].1)
    }
}

fn source(header: Option<String>, cookie: Option<String>) -> Result<Source, String> {
    let source = match (header, cookie) {
        (Some(name), None) => Source::Header(name),
        (None, Some(name)) => Source::Cookie(name),
        (Some(_), Some(_)) => {
            return Err("\"header\" and \"cookie\" are both given; keep one".to_string());
        }
        (None, None) => {
            return Err("write header = \"NAME\" or cookie = \"NAME\"".to_string());
        }
    };
    match &source {
        Source::Header(name) | Source::Cookie(name) if name.is_empty() => {
            Err("the name of the header or cookie is empty".to_string())
        }
        _ => Ok(source),
    }
}

rjk_policy_sdk::export!(HeaderRoute);

#[cfg(test)]
mod tests;
