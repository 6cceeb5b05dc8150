//! The table `[policy.NAME.config]` of rjk.toml; see README.md.

use rjk_policy_sdk::Source;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    header: Option<String>,
    cookie: Option<String>,
    query: Option<String>,
    path_segments: Option<u32>,
    #[serde(default)]
    client_address: bool,
    bound: Option<f64>,
    sticky: Option<bool>,
}

impl Config {
    /// What of a request is its key.
    pub(crate) fn source(&self) -> Result<Source, String> {
        let given = [
            self.header.clone().map(Source::Header),
            self.cookie.clone().map(Source::Cookie),
            self.query.clone().map(Source::Query),
            self.path_segments.map(Source::PathSegments),
            self.client_address.then_some(Source::ClientAddress),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(Source::Header(name) | Source::Cookie(name) | Source::Query(name)), None)
                if name.is_empty() =>
            {
                Err("the name of the header, cookie or query parameter is empty".to_string())
            }
            (Some(Source::PathSegments(count)), None) if !(1..=99).contains(&count) => {
                Err(format!("path_segments is 1 to 99, not {count}"))
            }
            (Some(source), None) => Ok(source),
            (None, _) => Err(
                "write what the key of a request is: header, cookie or query = \"NAME\", \
                 path_segments = 1, or client_address = true"
                    .to_string(),
            ),
            _ => Err(
                "a request has one key: keep one of header, cookie, query, path_segments \
                      and client_address"
                    .to_string(),
            ),
        }
    }

    /// How much more than its share of the requests in flight a member may have; none for any number.
    pub(crate) fn bound(&self) -> Result<Option<f64>, String> {
        match self.bound.unwrap_or(1.25) {
            0.0 => Ok(None),
            bound if (1.01..=10.0).contains(&bound) => Ok(Some(bound)),
            bound => Err(format!("bound is 1.01 to 10, or 0 for none, not {bound}")),
        }
    }

    /// Whether a session goes before the key.
    pub(crate) fn session_first(&self) -> bool {
        self.sticky.unwrap_or(true)
    }
}
