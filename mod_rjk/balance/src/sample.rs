//! A request that nobody sent.

use crate::policy::RequestView;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A request for tools and tests.
#[derive(Clone, Debug)]
pub struct SampleRequest {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Query without its `?`.
    pub query: Option<String>,
    /// Header names with values.
    pub headers: Vec<(String, String)>,
    /// Cookie names with values.
    pub cookies: Vec<(String, String)>,
    /// Address of the client.
    pub client_address: String,
    /// Server name.
    pub server_name: String,
    /// Whether it is encrypted.
    pub tls: bool,
}

impl Default for SampleRequest {
    fn default() -> SampleRequest {
        SampleRequest {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: None,
            headers: Vec::new(),
            cookies: Vec::new(),
            client_address: "192.0.2.1".to_owned(),
            server_name: "example.org".to_owned(),
            tls: false,
        }
    }
}

impl SampleRequest {
    /// `GET /`, as long as the process lives.
    pub fn plain() -> &'static SampleRequest {
        static PLAIN: LazyLock<SampleRequest> = LazyLock::new(SampleRequest::default);
        &PLAIN
    }
}

impl RequestView for SampleRequest {
    fn method(&self) -> &[u8] {
        self.method.as_bytes()
    }

    fn path(&self) -> &[u8] {
        self.path.as_bytes()
    }

    fn query(&self) -> Option<&[u8]> {
        self.query.as_deref().map(str::as_bytes)
    }

    fn header(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let same = |(known, _): &&(String, String)| known.as_bytes().eq_ignore_ascii_case(name);
        let (_, value) = self.headers.iter().find(same)?;
        Some(value.as_bytes().into())
    }

    fn cookie(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let (_, value) = self
            .cookies
            .iter()
            .find(|(known, _)| known.as_bytes() == name)?;
        Some(value.as_bytes().into())
    }

    fn client_address(&self) -> Cow<'_, [u8]> {
        self.client_address.as_bytes().into()
    }

    fn tls(&self) -> bool {
        self.tls
    }

    fn server_name(&self) -> Cow<'_, [u8]> {
        self.server_name.as_bytes().into()
    }
}
