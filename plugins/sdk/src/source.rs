//! Texts of requests that stay with the host.

/// What of a request is meant. [`Setup::text`](crate::Setup::text) makes a [`Text`] of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// First value of a request header; the name is compared without case.
    Header(String),
    /// First value of a cookie; the name is compared with case.
    Cookie(String),
    /// First value of a query parameter, percent-decoded, `+` is a space.
    Query(String),
    /// Path without the query.
    Path,
    /// The first segments of the path, 1 to 99 of them: with 2, `/a/b/c` gives `/a/b`. A path that has
    /// fewer is taken whole.
    PathSegments(u32),
    /// Method.
    Method,
    /// Address of the client as text.
    ClientAddress,
    /// Server name that the request is for.
    ServerName,
}

impl Source {
    /// Its kind and name, as the contract has them.
    pub(crate) fn numbered(self) -> (u32, String) {
        match self {
            Source::Header(name) => (0, name),
            Source::Cookie(name) => (1, name),
            Source::Query(name) => (2, name),
            Source::Path => (3, String::new()),
            Source::PathSegments(count) => (4, count.to_string()),
            Source::Method => (5, String::new()),
            Source::ClientAddress => (6, String::new()),
            Source::ServerName => (7, String::new()),
        }
    }
}

/// A text of each request, named in `configure` by [`Setup::text`](crate::Setup::text): to be read
/// ([`Request::text`](crate::Request::text)), hashed ([`Request::hash`](crate::Request::hash)) and
/// looked up. It is a number, and belongs to the instance that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text(pub(crate) u32);

/// How a [`Table`] compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// The texts are equal, byte by byte.
    Exact,
    /// The longest text of the table that the request's text begins with.
    LongestPrefix,
}

/// Texts that requests are compared with, made in `configure` by
/// [`Setup::table`](crate::Setup::table) and asked by [`Request::look_up`](crate::Request::look_up). The
/// host keeps the texts and does the comparing, so a request pays for neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(pub(crate) u32);
