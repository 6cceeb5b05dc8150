//! Sites with policies over two scripted peers, `a` and `b`.

use rjk_testbed::client::Response;
use rjk_testbed::farm::Members;
use rjk_testbed::httpd::Builder;
use rjk_testbed::{Context, Plan, Result, Subject, ensure, policies};

/// The names of the peers.
pub const PEERS: [&str; 2] = ["a", "b"];

/// The one balancer of most sites.
pub const LB: [&str; 1] = ["lb"];

/// The peers, and httpd with one child and these balancers, each mounted at `/NAME` and below;
/// `conf/rjk.toml` is to be added.
pub fn site(balancers: &[&str]) -> Result<(Members, Builder)> {
    Plan::balancers(Subject::Rjk, balancers)
        .httpd(|builder| builder.threads_per_child(16))
        .directives("RjkConfigFile conf/rjk.toml")
        .members()
}

/// `header-route` as the policy `p` of the balancer `lb`: header `X-Member: b` leads to member b.
pub fn header_route(component: &str) -> String {
    format!(
        "[policy.p]\ncomponent = {component:?}\n[policy.p.config]\nheader = \"X-Member\"\n\
         [policy.p.config.workers]\na = \"lb-a\"\nb = \"lb-b\"\n[balancer.lb]\npolicy = \"p\"\n"
    )
}

/// The path of a test policy's component as a text for rjk.toml.
pub fn fixture(name: &str) -> Result<String> {
    Ok(policies::fixture(name)?.to_string_lossy().into_owned())
}

/// The path of `header-route`.
pub fn header_route_file() -> Result<String> {
    Ok(policies::built("header-route")?
        .to_string_lossy()
        .into_owned())
}

/// Who served, if the answer is whole.
pub fn who(response: &Response) -> Result<String> {
    ensure!(response.status == 200, "{response:?}");
    response.field("peer").context("the answer names no peer")
}
