//! What a policy may ask and do. In a component each call goes to httpd; in a native test it goes
//! to [`testing`](crate::testing).

use crate::{Candidate, Level, Table};
use std::ops::Deref;

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::Backend;

#[cfg(target_arch = "wasm32")]
use component::Backend;

/// The request that is to be routed, and the [`Host`]. Nothing is fetched before it is asked for.
/// Host and request answer at most 64 calls for each decision; one more is a fault.
/// Text that is not UTF-8 arrives with U+FFFD in place of the bad bytes.
pub struct Request {
    host: Host,
}

impl Request {
    pub(crate) fn new(backend: Backend) -> Request {
        Request {
            host: Host { backend },
        }
    }

    /// Method, as the client sent it.
    pub fn method(&self) -> String {
        self.backend.method()
    }

    /// Path of the URI as it is forwarded, without the query.
    pub fn path(&self) -> String {
        self.backend.path()
    }

    /// Query without its `?`; none when the URI has no `?`.
    pub fn query(&self) -> Option<String> {
        self.backend.query()
    }

    /// First value of a request header; the name is compared without case.
    pub fn header(&self, name: &str) -> Option<String> {
        self.backend.header(name)
    }

    /// First value of a cookie; the name is compared with case.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.backend.cookie(name)
    }

    /// Address of the client as text.
    pub fn client_address(&self) -> String {
        self.backend.client_address()
    }

    /// Whether the client's connection is encrypted.
    pub fn tls(&self) -> bool {
        self.backend.tls()
    }

    /// Server name that the request is for.
    pub fn server_name(&self) -> String {
        self.backend.server_name()
    }

    /// Position in the table of the text that this request has at the table's source, of equal texts
    /// the first; none when it is not in the table or the request has nothing there. The cheapest
    /// way to a decision about a text.
    pub fn look_up(&self, table: &Table) -> Option<usize> {
        self.backend
            .look_up(table)
            .and_then(|position| usize::try_from(position).ok())
    }

    /// The members that may be chosen for this attempt, in configuration order. The list is not
    /// cheap, each candidate costs about 60 ns: ask when their numbers are needed, and keep the
    /// answer. Whether one member is among them is what [`is_candidate`](Request::is_candidate)
    /// tells. Counts towards the 64 calls.
    pub fn candidates(&self) -> Vec<Candidate> {
        self.backend.candidates()
    }

    /// Whether the member with this index may be chosen for this attempt. Cheap: it costs as much
    /// as any other call, however many candidates there are. Counts towards the 64 calls.
    pub fn is_candidate(&self, index: u32) -> bool {
        self.backend.is_candidate(index)
    }
}

impl Deref for Request {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

/// Clock, randomness, log and counters.
pub struct Host {
    backend: Backend,
}

impl Host {
    pub(crate) fn new(backend: Backend) -> Host {
        Host { backend }
    }

    /// Wall clock in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        self.backend.now_ms()
    }

    /// A random number, good enough to share out load, not for secrets.
    pub fn random(&self) -> u64 {
        self.backend.random()
    }

    /// One line to the module's log. Cut at 1 KiB; lines that come too often are dropped.
    pub fn log(&self, level: Level, text: &str) {
        self.backend.log(level, text);
    }

    /// Adds to one of 16 counters of this policy, shared by all children of httpd, and returns the
    /// new value. They start at 0 with httpd and wrap around; a key above 15 is a fault.
    pub fn counter_add(&self, key: u32, amount: u64) -> u64 {
        self.backend.counter_add(key, amount)
    }
}

/// Only functions that a policy really calls become imports of its component, so nothing here may
/// hold them in a table.
#[cfg(target_arch = "wasm32")]
pub(crate) mod component {
    use crate::bindings::policy::rjk::policy::host;
    use crate::{Candidate, Level, Table};

    pub(crate) struct Backend;

    impl Backend {
        pub(crate) fn method(&self) -> String {
            host::method()
        }

        pub(crate) fn path(&self) -> String {
            host::path()
        }

        pub(crate) fn query(&self) -> Option<String> {
            host::query()
        }

        pub(crate) fn header(&self, name: &str) -> Option<String> {
            host::header(name)
        }

        pub(crate) fn cookie(&self, name: &str) -> Option<String> {
            host::cookie(name)
        }

        pub(crate) fn client_address(&self) -> String {
            host::client_address()
        }

        pub(crate) fn tls(&self) -> bool {
            host::tls()
        }

        pub(crate) fn server_name(&self) -> String {
            host::server_name()
        }

        pub(crate) fn look_up(&self, table: &Table) -> Option<u32> {
            host::look_up(table.number)
        }

        pub(crate) fn candidates(&self) -> Vec<Candidate> {
            host::candidates()
        }

        pub(crate) fn is_candidate(&self, index: u32) -> bool {
            host::is_candidate(index)
        }

        pub(crate) fn now_ms(&self) -> u64 {
            host::now_ms()
        }

        pub(crate) fn random(&self) -> u64 {
            host::random()
        }

        pub(crate) fn log(&self, level: Level, text: &str) {
            host::log(level, text);
        }

        pub(crate) fn counter_add(&self, key: u32, amount: u64) -> u64 {
            host::counter_add(key, amount)
        }
    }
}
