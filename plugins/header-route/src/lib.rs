//! Routing policy: the value of a request header or of a cookie names the worker.

use rjk_policy_sdk::{Decision, Matching, Policy, Request, Setup, Source, Table};
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

struct HeaderRoute {
    values: Table,
    /// The member of each value.
    members: Vec<u32>,
}

impl Policy for HeaderRoute {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<HeaderRoute, String> {
        let source = source(config.header, config.cookie)?;
        if config.workers.is_empty() {
            return Err(
                "the table \"workers\" is empty; write lines of value = \"worker name\""
                    .to_string(),
            );
        }
        let member = |(value, worker): (&String, &String)| {
            let position = setup.members().position_of(worker);
            position.map_err(|error| format!("workers.\"{value}\": {error}"))
        };
        let text = setup.text(source);
        Ok(HeaderRoute {
            members: config
                .workers
                .iter()
                .map(member)
                .collect::<Result<_, _>>()?,
            values: setup.table(text, Matching::Exact, config.workers.into_keys()),
        })
    }

    fn choose(&self, request: &Request, _: Option<u32>) -> Decision {
        let place = request.look_up(self.values);
        match place.and_then(|place| self.members.get(place)) {
            Some(member) => Decision::worker_if_candidate(*member, request),
            None => Decision::Builtin,
        }
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
