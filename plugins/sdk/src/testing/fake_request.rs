//! A made-up request.

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

    /// The same request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> FakeRequest {
        self.headers.push((name.to_string(), value.to_string()));
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
}
