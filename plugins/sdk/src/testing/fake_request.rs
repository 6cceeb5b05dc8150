//! A made-up request.

use crate::Source;
use std::borrow::Cow;

/// A request for [`Harness::choose`](super::Harness::choose). Everything that is not set is empty.
#[derive(Clone, Debug)]
pub struct FakeRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) cookies: Vec<(String, String)>,
    pub(super) client_address: String,
    pub(super) tls: bool,
    pub(super) server_name: String,
}

impl FakeRequest {
    /// A GET from 192.0.2.1 for www.example.com; a `?` in `target` starts the query.
    pub fn get(target: &str) -> FakeRequest {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_string())),
            None => (target, None),
        };
        FakeRequest {
            method: "GET".to_string(),
            path: path.to_string(),
            query,
            headers: Vec::new(),
            cookies: Vec::new(),
            client_address: "192.0.2.1".to_string(),
            tls: false,
            server_name: "www.example.com".to_string(),
        }
    }

    /// The same request with another method.
    #[must_use]
    pub fn with_method(mut self, method: &str) -> FakeRequest {
        self.method = method.to_string();
        self
    }

    /// The same request for another path.
    #[must_use]
    pub fn with_path(mut self, path: &str) -> FakeRequest {
        self.path = path.to_string();
        self
    }

    /// The same request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> FakeRequest {
        self.headers.push((name.to_string(), value.to_string()));
        self
    }

    /// The same request with one more query parameter, which is encoded as a form does it.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: &str) -> FakeRequest {
        let before = self.query.take().unwrap_or_default();
        let mut query = form_urlencoded::Serializer::new(before);
        self.query = Some(query.append_pair(name, value).finish());
        self
    }

    /// The same request with one more cookie.
    #[must_use]
    pub fn with_cookie(mut self, name: &str, value: &str) -> FakeRequest {
        self.cookies.push((name.to_string(), value.to_string()));
        self
    }

    /// The same request from another client.
    #[must_use]
    pub fn with_client_address(mut self, address: &str) -> FakeRequest {
        self.client_address = address.to_string();
        self
    }

    /// The same request over TLS.
    #[must_use]
    pub fn with_tls(mut self) -> FakeRequest {
        self.tls = true;
        self
    }

    /// The same request for another server name.
    #[must_use]
    pub fn with_server_name(mut self, name: &str) -> FakeRequest {
        self.server_name = name.to_string();
        self
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let found = self.cookies.iter().find(|(other, _)| other == name)?;
        Some(&found.1)
    }

    /// What the request has there.
    pub(super) fn read(&self, source: &Source) -> Option<Cow<'_, str>> {
        Some(match source {
            Source::Header(name) => self.header(name)?.into(),
            Source::Cookie(name) => self.cookie(name)?.into(),
            Source::Query(name) => {
                let mut pairs = form_urlencoded::parse(self.query.as_deref()?.as_bytes());
                pairs.find(|(key, _)| key == name)?.1
            }
            Source::Path => self.path.as_str().into(),
            Source::PathSegments(count) => first_segments(&self.path, *count).into(),
            Source::Method => self.method.as_str().into(),
            Source::ClientAddress => self.client_address.as_str().into(),
            Source::ServerName => self.server_name.as_str().into(),
        })
    }
}

/// `/a/b/c` begins with `/a/b`.
fn first_segments(path: &str, count: u32) -> &str {
    let ends = path.match_indices('/').map(|(at, _)| at);
    let end = ends.filter(|at| *at > 0).nth((count - 1) as usize);
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}
