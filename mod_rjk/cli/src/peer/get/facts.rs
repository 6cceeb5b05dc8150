//! What the peer is told of the client, as httpd would know it.

use bstr::BString;
use rjk_config::model::Forward;
use std::net::IpAddr;

/// The client that the module would have.
#[derive(Debug, clap::Args)]
pub(super) struct Facts {
    /// The address of the client that is told; without it this host's own
    #[arg(long, value_name = "ADDRESS")]
    client: Option<IpAddr>,
    /// What the client spoke with httpd, which makes isSecure and getScheme; without it what the URL has
    #[arg(long, value_name = "SCHEME")]
    client_scheme: Option<ClientScheme>,
    /// Over HTTP, the headers that tell address, scheme, host and port: forward in rjk.toml, x-forwarded if nothing is said
    #[arg(long, value_name = "WHICH", conflicts_with_all = ["worker", "conf"])]
    forward: Option<Kind>,
    /// Over HTTP, the header that carries the secret: secret_header in rjk.toml
    #[arg(long, value_name = "NAME", conflicts_with_all = ["worker", "conf"], value_parser = header_name)]
    secret_header: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ClientScheme {
    Http,
    Https,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    XForwarded,
    Forwarded,
    Both,
    None,
}

impl Facts {
    pub(super) fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// Whether the client spoke TLS, where that is said.
    pub(super) fn is_tls(&self) -> Option<bool> {
        self.client_scheme
            .map(|scheme| scheme == ClientScheme::Https)
    }

    pub(super) fn forward(&self) -> Forward {
        match self.forward {
            None | Some(Kind::XForwarded) => Forward::XForwarded,
            Some(Kind::Forwarded) => Forward::Forwarded,
            Some(Kind::Both) => Forward::Both,
            Some(Kind::None) => Forward::None,
        }
    }

    pub(super) fn secret_header(&self) -> Option<BString> {
        self.secret_header.as_deref().map(Into::into)
    }
}

/// The same as for rjk.toml: a name that means something else would replace what belongs there.
fn header_name(text: &str) -> Result<String, String> {
    let toml = format!("[worker_defaults]\nsecret_header = {text:?}\n");
    match rjk_config::toml::RjkToml::parse(&toml, "") {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(
            "write the name of a header that means nothing else, such as X-Worker-Secret"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_a_header_of_its_own() {
        assert!(header_name("X-Worker-Secret").is_ok());
        for name in [
            "",
            "Host",
            "cookie",
            "X-Forwarded-For",
            "a b",
            "a\"b",
            "a\nb",
        ] {
            assert!(header_name(name).is_err(), "{name:?}");
        }
    }
}
