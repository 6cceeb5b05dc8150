//! When a certificate that TLS with a worker needs expires.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Who has the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This host: the worker is shown it.
    Own,
    /// Those whom the worker's certificate is trusted for.
    Ca,
}

/// The end of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Who has it.
    pub owner: Owner,
    /// The file that it is in.
    pub file: PathBuf,
    /// Whom it names.
    pub subject: String,
    /// Until when it is valid.
    pub end: SystemTime,
}

impl Expiry {
    /// How long before the end it is warned of.
    pub const NOTICE: Duration = Duration::from_secs(21 * 24 * 3600);

    /// A warning, if it ends within [`Expiry::NOTICE`] of `now`.
    pub fn warning(&self, now: SystemTime) -> Option<String> {
        let what = match self.owner {
            Owner::Own => "client certificate",
            Owner::Ca => "CA certificate",
        };
        let (subject, file) = (&self.subject, self.file.display());
        let ends = ends(self.end, now)?;
        Some(format!("the {what} {subject} in {file} {ends}"))
    }
}

/// How a certificate ends, if that is within [`Expiry::NOTICE`] of `now`.
pub fn ends(end: SystemTime, now: SystemTime) -> Option<String> {
    let Ok(left) = end.duration_since(now) else {
        return Some("has expired".to_owned());
    };
    let days = left.as_secs() / (24 * 3600);
    (left < Expiry::NOTICE).then(|| match days {
        0 => "expires within a day".to_owned(),
        1 => "expires in 1 day".to_owned(),
        _ => format!("expires in {days} days"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_comes_21_days_before_the_end() {
        let day = Duration::from_secs(24 * 3600);
        let expiry = Expiry {
            owner: Owner::Ca,
            file: "/etc/ca.pem".into(),
            subject: "CN=ca".to_owned(),
            end: SystemTime::UNIX_EPOCH + 100 * day,
        };
        let at = |days: u32| expiry.warning(SystemTime::UNIX_EPOCH + days * day);
        assert_eq!(at(78), None);
        assert_eq!(at(79), None);
        let rows = [
            (80, "expires in 20 days"),
            (98, "expires in 2 days"),
            (99, "expires in 1 day"),
            (100, "expires within a day"),
            (101, "has expired"),
        ];
        for (days, says) in rows {
            let whole = format!("the CA certificate CN=ca in /etc/ca.pem {says}");
            assert_eq!(at(days), Some(whole), "{days}");
        }
    }
}
