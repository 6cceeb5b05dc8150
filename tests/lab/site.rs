//! The two sites and their four Tomcats.

use crate::network::Host;

/// A site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// a-was1 and a-was2.
    A,
    /// b-was1 and b-was2.
    B,
}

impl Site {
    /// Both.
    pub const BOTH: [Site; 2] = [Site::A, Site::B];

    fn letter(self) -> char {
        match self {
            Site::A => 'a',
            Site::B => 'b',
        }
    }

    /// Its name for users.
    pub fn domain(self) -> String {
        format!("site-{}.example.com", self.letter())
    }

    /// Its balancer.
    pub fn balancer(self) -> String {
        format!("site-{}", self.letter())
    }

    /// The AJP port of its Tomcats.
    pub fn port(self) -> u16 {
        match self {
            Site::A => 8009,
            Site::B => 8109,
        }
    }

    /// What its Tomcats want to hear.
    pub fn secret(self) -> String {
        format!("change-me-{}", self.letter())
    }

    /// Group, its port, and the port for sessions.
    pub fn cluster(self) -> (&'static str, u16, u16) {
        match self {
            Site::A => ("228.0.0.4", 45564, 4000),
            Site::B => ("228.0.0.5", 45565, 4001),
        }
    }

    /// Its worker on a was host, which is the jvmRoute there.
    pub fn worker(self, host: Host) -> String {
        let number = if host == Host::Was02 { 2 } else { 1 };
        format!("{}-was{number}", self.letter())
    }

    /// Folder of its instance.
    pub fn instance(self) -> String {
        format!("{}-was", self.letter())
    }

    /// Both workers.
    pub fn workers(self) -> [String; 2] {
        Host::WAS.map(|host| self.worker(host))
    }
}
