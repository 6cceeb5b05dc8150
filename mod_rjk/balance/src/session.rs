//! The session ids of a request and the routes in them (contract §4.3, SS-02…SS-07, SS-17).

use crate::cookie::{cookie_values, find, until};
use bstr::ByteSlice;

/// The session ids of one request in the order in which they are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRoutes<'a> {
    source: Source<'a>,
    empty_id: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Source<'a> {
    #[default]
    None,
    /// `JK_ROUTE`: a route without a session id (SS-02).
    Route(&'a [u8]),
    /// What nearly every request with a session has: it costs no allocation.
    Id([&'a [u8]; 1]),
    Ids(Vec<&'a [u8]>),
}

impl<'a> Source<'a> {
    /// With another id behind its own.
    fn and(self, id: &'a [u8]) -> Source<'a> {
        match self {
            Source::None | Source::Route(_) => Source::Id([id]),
            Source::Id([first]) => Source::Ids(vec![first, id]),
            Source::Ids(mut ids) => {
                ids.push(id);
                Source::Ids(ids)
            }
        }
    }
}

impl<'a> SessionRoutes<'a> {
    /// Reads a request. `path` is the forwarded URI, `cookies` the values of its Cookie headers.
    ///
    /// A non-empty `jk_route` hides everything else (SS-02), a path parameter with a value hides
    /// the cookies (SS-03), and all matching cookies are kept for all attempts (SS-05, BG-06).
    pub fn new(
        jk_route: Option<&'a [u8]>,
        path: &'a [u8],
        cookies: impl IntoIterator<Item = &'a [u8]>,
        cookie_name: &[u8],
        path_name: &[u8],
    ) -> SessionRoutes<'a> {
        if let Some(route) = jk_route.filter(|route| !route.is_empty()) {
            return SessionRoutes {
                source: Source::Route(route),
                empty_id: false,
            };
        }
        if let Some(id) = path_parameter(path, path_name) {
            return SessionRoutes {
                source: Source::Id([id]),
                empty_id: false,
            };
        }
        let mut source = Source::None;
        let mut empty_id = false;
        for header in cookies {
            for value in cookie_values(header, cookie_name) {
                if value.is_empty() {
                    empty_id = true;
                } else {
                    source = source.and(value);
                }
            }
        }
        SessionRoutes { source, empty_id }
    }

    /// Whether the request carries a session id, with or without a route (LB-13, LB-16).
    pub fn has_session(&self) -> bool {
        self.source != Source::None
    }

    /// Whether the only id was an empty one (SS-17: worth a log line).
    pub fn only_empty_id(&self) -> bool {
        self.empty_id && !self.has_session()
    }

    /// The session ids; empty when `JK_ROUTE` stands in for them.
    pub fn ids(&self) -> &[&'a [u8]] {
        match &self.source {
            Source::Id(id) => id,
            Source::Ids(ids) => ids,
            Source::None | Source::Route(_) => &[],
        }
    }

    /// The routes in the order in which they are tried: of each id what follows its first dot
    /// (SS-06, SS-07). An id without a dot, or with nothing after it, has none.
    pub fn routes(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        let forced = match self.source {
            Source::Route(route) => Some(route),
            Source::None | Source::Id(_) | Source::Ids(_) => None,
        };
        forced
            .into_iter()
            .chain(self.ids().iter().copied().filter_map(route_of))
    }
}

/// SS-04: the first value of the parameter that is not empty.
fn path_parameter<'p>(path: &'p [u8], name: &[u8]) -> Option<&'p [u8]> {
    let mut from = 0;
    while let Some(start) = find(path, name, from) {
        let value = path[start + name.len()..]
            .strip_prefix(b"=")
            .map(|rest| until(rest, b"?;/"));
        match value {
            Some(value) if !value.is_empty() => return Some(value),
            _ => from = start + 1,
        }
    }
    None
}

fn route_of(id: &[u8]) -> Option<&[u8]> {
    id.split_once_str(b".")
        .map(|(_, route)| route)
        .filter(|route| !route.is_empty())
}
