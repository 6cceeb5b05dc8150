//! The request that a policy is shown.

use clap::Args;
use rjk_policy::bench::SampleRequest;

/// A request, part by part.
#[derive(Debug, Args)]
pub struct RequestArguments {
    /// Its method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// Its path.
    #[arg(long, default_value = "/")]
    path: String,
    /// Its query, without the `?`.
    #[arg(long)]
    query: Option<String>,
    /// A header.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    pub(super) header: Vec<(String, String)>,
    /// A cookie.
    #[arg(long, value_name = "NAME=VALUE", value_parser = cookie)]
    pub(super) cookie: Vec<(String, String)>,
    /// Address of the client.
    #[arg(long, value_name = "ADDRESS", default_value = "192.0.2.1")]
    client: String,
    /// Server name that it is for.
    #[arg(long, value_name = "NAME", default_value = "example.org")]
    server: String,
    /// Its connection is encrypted.
    #[arg(long)]
    tls: bool,
}

impl RequestArguments {
    /// The request.
    pub(super) fn sample(&self) -> SampleRequest {
        SampleRequest {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.header.clone(),
            cookies: self.cookie.clone(),
            client_address: self.client.clone(),
            server_name: self.server.clone(),
            tls: self.tls,
        }
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    split(text, ':', "NAME: VALUE")
}

fn cookie(text: &str) -> Result<(String, String), String> {
    split(text, '=', "NAME=VALUE")
}

/// Two texts with a mark between them, without the spaces around them.
pub(super) fn split(text: &str, mark: char, form: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(mark).ok_or(format!("write {form}"))?;
    let (name, value) = (name.trim(), value.trim());
    match name {
        "" => Err(format!("write {form}")),
        _ => Ok((name.to_owned(), value.to_owned())),
    }
}
