//! Routing policy: requests below one path go to one member, all others are decided by the built-in
//! rules.

use rjk_policy_sdk::{Decision, Policy, Request, Setup};
use serde::Deserialize;

/// The table `[policy.NAME.config]` of rjk.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    prefix: String,
    worker: String,
}

struct Hello {
    prefix: String,
    worker: u32,
}

impl Policy for Hello {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<Hello, String> {
        Ok(Hello {
            worker: setup.members().position_of(&config.worker)?,
            prefix: config.prefix,
        })
    }

    fn choose(&self, request: &Request, _: Option<u32>) -> Decision {
        if request.path().starts_with(&self.prefix) {
            Decision::worker_if_candidate(self.worker, request)
        } else {
            Decision::Builtin
        }
    }
}

rjk_policy_sdk::export!(Hello);

#[cfg(test)]
mod tests {
    use super::*;
    use rjk_policy_sdk::testing::{FakeRequest, Harness, json, members};

    #[test]
    fn reports_go_to_their_member_and_all_else_is_builtin() {
        let config = json!({ "prefix": "/reports/", "worker": "was2" });
        let harness = Harness::<Hello>::new(members(&["was1", "was2"]), config).unwrap();
        let table = [
            ("/reports/may", Decision::Worker(1)),
            ("/shop", Decision::Builtin),
        ];
        for (path, expected) in table {
            let decision = harness.choose(&FakeRequest::get(path), None, &harness.all());
            assert_eq!(decision, Ok(expected), "{path}");
        }
    }
}
