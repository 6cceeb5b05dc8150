//! Why a status worker did not say or do what it was asked.

use crate::manners::{duration, harmless};
use std::io;
use std::time::Duration;

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nobody listens.
    #[error("nobody listens there; is httpd running, and is this its port?")]
    Refused,
    /// Nobody answered.
    #[error("no answer within {}", duration(*.0))]
    TimedOut(Duration),
    /// Its name leads nowhere.
    #[error("the name of this host is not known ({0})")]
    UnknownHost(String),
    /// The connection broke, or could not be made.
    #[error("{0}")]
    Io(io::Error),
    /// No encrypted connection came about.
    #[error("TLS: {0}")]
    Tls(String),
    /// Its certificate is not trusted.
    #[error(
        "TLS: its certificate is not accepted ({0}); give its CA with --ca FILE, and name the host as its certificate does"
    )]
    Certificate(String),
    /// TLS was tried where there is none.
    #[error("this port does not speak TLS; begin the URL with http://")]
    NoTls,
    /// TLS was not tried where it is needed.
    #[error("this port speaks TLS; begin the URL with https://")]
    OnlyTls,
    /// A user is needed.
    #[error(
        "401: it wants a user; give --user NAME, and --password-file FILE or the variable RJK_PASSWORD"
    )]
    NoUser,
    /// The user is not known, or has another password.
    #[error("401: it does not accept the user {0} with this password")]
    WrongUser(String),
    /// Its way of authentication is none of ours.
    #[error(
        "401: it asks for authentication by {0}, and rjk knows Basic only; let it ask for Basic, over TLS"
    )]
    OtherScheme(String),
    /// httpd refuses.
    #[error(
        "403: httpd does not let this user or this machine in; see the Require lines of this place"
    )]
    Forbidden,
    /// The worker's list of users has not this one.
    #[error(
        "the status worker's list of users (worker.NAME.user) has not this one; give --user NAME"
    )]
    Denied,
    /// The worker may not change anything.
    #[error("this status worker is read_only; name one that may change things")]
    ReadOnly,
    /// Nothing is there.
    #[error("404: nothing is there; name the path of the status worker, as its JkMount has it")]
    NotFound,
    /// It is elsewhere.
    #[error("it sends on to {0}; name that URL")]
    Moved(String),
    /// Another status.
    #[error("it answers with status {0}")]
    Status(u16),
    /// mod_jk's status worker.
    #[error(
        "this is a status worker of mod_jk, which knows no mime=json; rjk needs one of mod_rjk"
    )]
    ModJk,
    /// Something answers that is no status worker.
    #[error(
        "what answers there is no status worker of mod_rjk; name the path that its JkMount has"
    )]
    NoStatusWorker,
    /// It does not do what it was asked.
    #[error("the status worker says: {0}")]
    Said(String),
}

impl Trouble {
    /// A word for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Trouble::Refused => "refused",
            Trouble::TimedOut(_) => "timeout",
            Trouble::UnknownHost(_) => "unknown_host",
            Trouble::Io(_) => "connection",
            Trouble::Tls(_) | Trouble::Certificate(_) | Trouble::NoTls | Trouble::OnlyTls => "tls",
            Trouble::NoUser | Trouble::WrongUser(_) | Trouble::OtherScheme(_) => "unauthorized",
            Trouble::Forbidden => "forbidden",
            Trouble::Denied => "denied",
            Trouble::ReadOnly => "read_only",
            Trouble::NotFound => "not_found",
            Trouble::Moved(_) => "moved",
            Trouble::Status(_) => "status",
            Trouble::ModJk => "mod_jk",
            Trouble::NoStatusWorker => "no_status_worker",
            Trouble::Said(_) => "error",
        }
    }

    /// Whether a command that ended so was surely not carried out.
    pub fn was_not_done(&self) -> bool {
        !matches!(
            self,
            Trouble::TimedOut(_) | Trouble::Io(_) | Trouble::Status(_)
        )
    }

    /// What the status worker says when it does not do it.
    pub fn said(message: &str) -> Trouble {
        match message {
            "Access denied." => Trouble::Denied,
            "This command is not allowed in read only mode." => Trouble::ReadOnly,
            other => Trouble::Said(harmless(other)),
        }
    }

    /// What kept the client from an answer. `limit` is the time that it had.
    pub fn of(error: ureq::Error, limit: Duration) -> Trouble {
        match error {
            ureq::Error::Timeout(_) => Trouble::TimedOut(limit),
            ureq::Error::HostNotFound => Trouble::UnknownHost("it has no address".to_owned()),
            ureq::Error::Io(error) => Trouble::of_io(error, limit),
            ureq::Error::NativeTls(error) => Trouble::of_tls(&error.to_string()),
            other => Trouble::Io(other.into_io()),
        }
    }

    fn of_io(error: io::Error, limit: Duration) -> Trouble {
        // The standard library has no kind for it.
        let text = error.to_string();
        if let Some(why) = text.strip_prefix("failed to lookup address information: ") {
            return Trouble::UnknownHost(why.to_owned());
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Trouble::Refused,
            io::ErrorKind::TimedOut => Trouble::TimedOut(limit),
            _ => Trouble::Io(error),
        }
    }

    /// OpenSSL's words: what failed stands behind `routines:`, why at the end in parentheses.
    fn of_tls(text: &str) -> Trouble {
        if text.contains("certificate verify failed") {
            let why = text.rsplit_once('(').map(|(_, rest)| rest);
            let why = why.map_or(text, |rest| rest.trim_end_matches(')'));
            return Trouble::Certificate(why.to_owned());
        }
        let plain = [
            "wrong version number",
            "packet length too long",
            "http request",
        ];
        match plain.iter().any(|words| text.contains(words)) {
            true => Trouble::NoTls,
            false => Trouble::Tls(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openssl_says_is_understood() {
        let verify = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate \
                      verify failed:../ssl/statem/statem_clnt.c:2123: (self-signed certificate)";
        let said = Trouble::of_tls(verify).to_string();
        assert!(
            said.contains("(self-signed certificate); give its CA with --ca FILE"),
            "{said}"
        );
        let plain = "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:1:";
        assert!(Trouble::of_tls(plain).to_string().contains("http://"));
        let other = "error:0A000410:SSL routines:x:sslv3 alert handshake failure:x.c:1:";
        assert!(
            Trouble::of_tls(other)
                .to_string()
                .contains("handshake failure")
        );
    }
}
