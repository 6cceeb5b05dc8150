//! How the status workers are reached: who asks, whom it trusts, how long it waits.

use super::client::Client;
use crate::manners::{PasswordSource, SecretError, time};
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};
use ureq::tls::{Certificate, PemItem, parse_pem};

/// The arguments that all verbs have which talk to status workers.
#[derive(Clone, Debug, clap::Args)]
pub struct Access {
    /// The user for httpd's Basic authentication
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[command(flatten)]
    password: PasswordSource,
    /// Certificates (PEM) of the CAs that the web hosts' are signed by, in place of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How long a web host may take for an answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    answer_within: Duration,
}

/// A user with a password.
pub struct Login {
    /// Name.
    pub user: String,
    /// The header's value.
    pub authorization: String,
}

impl Access {
    /// The client for all hosts.
    ///
    /// # Errors
    /// A file cannot be read, or does not hold what it should.
    pub fn client(&self) -> Result<Client, AccessError> {
        let login = self.login()?;
        let roots = self.roots()?;
        Ok(Client::new(
            login,
            roots,
            self.answer_within.clamp(SHORTEST, LONGEST),
        ))
    }

    fn login(&self) -> Result<Option<Login>, AccessError> {
        let Some(user) = &self.user else {
            return Ok(None);
        };
        if user.contains(':') {
            return Err(AccessError::Colon(user.clone()));
        }
        let password = self.password.read()?;
        let password = password.ok_or_else(|| AccessError::NoPassword(user.clone()))?;
        Ok(Some(Login::new(user, password.expose())))
    }

    fn roots(&self) -> Result<Option<Vec<Certificate<'static>>>, AccessError> {
        let Some(path) = &self.ca else {
            return Ok(None);
        };
        let pem = fs::read(path).map_err(|error| AccessError::Read(path.clone(), error))?;
        let certificates: Vec<_> = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(AccessError::NoCertificate(path.clone()));
        }
        Ok(Some(certificates))
    }
}

/// Less is no time for an answer: 0 would mean for ever.
const SHORTEST: Duration = Duration::from_millis(1);
/// No clock may overflow.
const LONGEST: Duration = Duration::from_hours(24);

impl Login {
    fn new(user: &str, password: &str) -> Login {
        use base64::Engine;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Login {
            user: user.to_owned(),
            authorization: format!("Basic {pair}"),
        }
    }
}

/// Why hosts cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The password's source is of no use.
    #[error("{0}")]
    Password(#[from] SecretError),
    /// There is none.
    #[error(
        "there is no password for the user {0}; give --password-file FILE, or set RJK_PASSWORD"
    )]
    NoPassword(String),
    /// Basic authentication cannot say it.
    #[error(
        "the user {0} has a colon in its name, which Basic authentication cannot send; give the name alone"
    )]
    Colon(String),
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, io::Error),
    /// It has no certificate.
    #[error("{0}: there is no certificate in it; name a PEM file with the CA's certificate")]
    NoCertificate(PathBuf),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_what_httpd_reads() {
        let login = Login::new("Aladdin", "open sesame");
        assert_eq!(login.authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
