//! Asks status workers over HTTP.
//!
//! A request is a GET, as mod_jk's scripts send it. The status worker refuses changes that a browser was made to send by a page of another
//! site; it knows those by `Sec-Fetch-Site`, `Origin` and `Referer`, of which we send none.

use super::access::Login;
use super::address::Address;
use super::model::Answer;
use super::trouble::Trouble;
use crate::manners::harmless;
use serde_json::Value;
use std::thread;
use std::time::Duration;
use ureq::http::{Response, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body};

/// An answer is not longer than this: some 10,000 workers.
const LONGEST: u64 = 32 << 20;
/// For the requests of one look and change, and not for the next look: httpd closes idle connections when it likes, and one
/// that is kept takes a place there.
const IDLE: Duration = Duration::from_secs(1);
/// No rules.
const LIST: &str = "cmd=list&opt=2&mime=json";

/// Talks to all hosts alike.
pub struct Client {
    agent: Agent,
    login: Option<Login>,
    limit: Duration,
}

impl Client {
    /// With a login, and CAs in place of the system's. It follows no redirect, for the login is meant for the host
    /// that was named, and goes through no proxy.
    pub fn new(
        login: Option<Login>,
        roots: Option<Vec<Certificate<'static>>>,
        limit: Duration,
    ) -> Client {
        let roots = roots.map_or(RootCerts::PlatformVerifier, RootCerts::from);
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(roots)
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("rjk/", env!("CARGO_PKG_VERSION")))
            .max_idle_age(IDLE)
            .tls_config(tls)
            .build();
        Client {
            agent: config.new_agent(),
            login,
            limit,
        }
    }

    /// All workers of a host: as it says it, and as we read it.
    ///
    /// # Errors
    /// [`Trouble`], as of the others.
    pub fn list(&self, address: &Address) -> Result<(Value, Answer), Trouble> {
        self.list_within(address, self.limit)
    }

    /// As [`Client::list`], if there is less time left than usual.
    pub fn list_within(
        &self,
        address: &Address,
        limit: Duration,
    ) -> Result<(Value, Answer), Trouble> {
        let value = self.ask(address, LIST, limit.min(self.limit))?;
        let answer: Answer =
            serde_json::from_value(value.clone()).map_err(|_| Trouble::NoStatusWorker)?;
        match answer.software.jk_version.starts_with("mod_rjk/") {
            true => Ok((value, answer)),
            false => Err(Trouble::NoStatusWorker),
        }
    }

    /// Sends a command without an answer of its own.
    pub fn command(&self, address: &Address, pairs: &[(&str, &str)]) -> Result<(), Trouble> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        let query: Vec<String> = pairs.chain(["mime=json".to_owned()]).collect();
        self.ask(address, &query.join("&"), self.limit).map(drop)
    }

    fn ask(&self, address: &Address, query: &str, limit: Duration) -> Result<Value, Trouble> {
        let request = self.agent.get(address.with(query)).config();
        let mut request = request.timeout_global(Some(limit)).build();
        if let Some(login) = &self.login {
            request = request.header(header::AUTHORIZATION, &login.authorization);
        }
        let trouble = |error| Trouble::of(error, limit);
        let mut response = request.call().map_err(trouble)?;
        let body = response.body_mut().with_config().limit(LONGEST);
        let text = body.lossy_utf8(true).read_to_string().map_err(trouble)?;
        self.admitted(address, &response, &text)?;
        understood(&text)
    }

    /// Whether httpd let the request through.
    fn admitted(
        &self,
        address: &Address,
        response: &Response<Body>,
        text: &str,
    ) -> Result<(), Trouble> {
        let header = |name| -> Option<String> {
            let value = response.headers().get(name)?;
            Some(harmless(&String::from_utf8_lossy(value.as_bytes())))
        };
        match response.status().as_u16() {
            200 => Ok(()),
            401 => Err(self.unauthorized(header(header::WWW_AUTHENTICATE))),
            403 => Err(Trouble::Forbidden),
            404 => Err(Trouble::NotFound),
            300..400 => Err(Trouble::Moved(header(header::LOCATION).unwrap_or_default())),
            400 if !address.is_tls() && text.contains("SSL-enabled server port") => {
                Err(Trouble::OnlyTls)
            }
            other => Err(Trouble::Status(other)),
        }
    }

    fn unauthorized(&self, challenge: Option<String>) -> Trouble {
        let scheme = challenge.unwrap_or_default();
        let scheme = scheme.split(' ').next().unwrap_or_default();
        if !scheme.is_empty() && !scheme.eq_ignore_ascii_case("basic") {
            return Trouble::OtherScheme(scheme.to_owned());
        }
        match &self.login {
            Some(login) => Trouble::WrongUser(login.user.clone()),
            None => Trouble::NoUser,
        }
    }
}

/// JSON of a status worker that did what it was asked.
fn understood(text: &str) -> Result<Value, Trouble> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Err(match text.contains("Invalid mime type") {
            true => Trouble::ModJk,
            false => Trouble::NoStatusWorker,
        });
    };
    let result = &value["result"];
    match (result["type"].as_str(), result["message"].as_str()) {
        (Some("OK"), _) => Ok(value),
        (Some("ERROR"), Some(message)) => Err(Trouble::said(message)),
        _ => Err(Trouble::NoStatusWorker),
    }
}

/// Whatever a name has in it.
fn encoded(value: &str) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}

/// Does something for each of several things at the same time, so that one that hangs keeps no other waiting.
pub fn at_once<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = things
            .iter()
            .map(|thing| scope.spawn(move || work(thing)))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results
            .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_through() {
        assert_eq!(encoded("node-1.x_y"), "node-1.x_y");
        assert_eq!(encoded("a&b c%ä"), "a%26b%20c%25%C3%A4");
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let kind = |text: &str| understood(text).err().map(|trouble| trouble.kind());
        for (text, expected) in [
            (
                r#"{"result":{"type":"OK","message":"Action finished"}}"#,
                None,
            ),
            (
                r#"{"result":{"type":"ERROR","message":"Access denied."}}"#,
                Some("denied"),
            ),
            (
                r#"{"result":{"type":"ERROR","message":"This command is not allowed in read only mode."}}"#,
                Some("read_only"),
            ),
            (
                r#"{"result":{"type":"ERROR","message":"x"}}"#,
                Some("error"),
            ),
            (r#"{"up":true}"#, Some("no_status_worker")),
            ("<html>", Some("no_status_worker")),
            (
                "worker.result.type=ERROR\nworker.result.message=Invalid mime type.\n",
                Some("mod_jk"),
            ),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
