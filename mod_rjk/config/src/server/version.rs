//! Which httpd the module may run in (design §4).

use crate::error::ConfigError;
use std::fmt;

/// A version of httpd; versions compare by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    /// 2 for httpd 2.4.
    pub major: u32,
    /// 4 for httpd 2.4.
    pub minor: u32,
    /// The number that each release raises.
    pub patch: u32,
}

impl ServerVersion {
    /// A version from its three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> ServerVersion {
        ServerVersion {
            major,
            minor,
            patch,
        }
    }

    /// Whether a module that was built with the headers of `built` may run in this server.
    ///
    /// httpd itself refuses another major magic number only; functions that a release added are
    /// missing in an older one, and a call of them would end the child.
    ///
    /// # Errors
    /// This server is older than the headers.
    pub fn accepts(self, built: ServerVersion) -> Result<(), ConfigError> {
        if self >= built {
            return Ok(());
        }
        let message = format!(
            "this server is httpd {self}, the module was built with the headers of {built}; \
             build it with this server's headers, or update the server"
        );
        Err(ConfigError::new(None, message))
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_server_is_refused_and_the_message_names_both() {
        let built = ServerVersion::new(2, 4, 65);
        let rows = [
            ((2, 4, 65), true),
            ((2, 4, 66), true),
            ((2, 5, 0), true),
            ((3, 0, 1), true),
            ((2, 4, 64), false),
            ((2, 4, 9), false),
            ((2, 2, 99), false),
            ((1, 9, 99), false),
        ];
        for ((major, minor, patch), accepted) in rows {
            let running = ServerVersion::new(major, minor, patch);
            let answer = running.accepts(built);
            assert_eq!(answer.is_ok(), accepted, "{running}");
            if let Err(error) = answer {
                let text = error.to_string();
                assert!(text.contains(&format!("httpd {running},")), "{text}");
                assert!(text.contains("headers of 2.4.65;"), "{text}");
            }
        }
    }
}
