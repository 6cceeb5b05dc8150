//! TLS with a peer: whom it trusts, and what it came to.

use rjk_config::model::{TlsIdentity, TlsSpec};
use rjk_proxy::way::tls::{Expiry, TlsAgreed};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The same as `tls` of a worker in rjk.toml.
#[derive(Debug, clap::Args)]
pub(super) struct TlsOptions {
    /// Certificates (PEM) of the CAs that stand for the peer, in place of the system's: ca of tls in rjk.toml
    #[arg(
        long,
        value_name = "FILE",
        visible_alias = "cacert",
        conflicts_with_all = ["worker", "conf"]
    )]
    ca: Option<PathBuf>,
    /// The name that the peer's certificate must have, in place of the URL's: server_name in rjk.toml
    #[arg(long, value_name = "NAME", conflicts_with_all = ["worker", "conf"])]
    server_name: Option<String>,
    /// The certificate (PEM, with its chain) that the peer is shown: cert in rjk.toml
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["worker", "conf"])]
    cert: Option<PathBuf>,
    /// Its key, a file that not everybody can read: key in rjk.toml
    #[arg(
        long,
        value_name = "FILE",
        requires = "cert",
        conflicts_with_all = ["worker", "conf"]
    )]
    key: Option<PathBuf>,
    /// Takes any certificate, as verify = false in rjk.toml: whoever answers may be somebody else
    #[arg(long, conflicts_with_all = ["ca", "worker", "conf"])]
    insecure: bool,
}

impl TlsOptions {
    /// The first one that was given.
    pub(super) fn first(&self) -> Option<&'static str> {
        let given = [
            ("--ca", self.ca.is_some()),
            ("--server-name", self.server_name.is_some()),
            ("--cert", self.cert.is_some()),
            ("--insecure", self.insecure),
        ];
        let mut given = given.into_iter();
        given.find_map(|(name, is_given)| is_given.then_some(name))
    }

    pub(super) fn spec(&self) -> TlsSpec {
        let identity = self.cert.as_ref().zip(self.key.as_ref());
        TlsSpec {
            ca: self.ca.clone(),
            server_name: self.server_name.clone(),
            identity: identity.map(|(cert, key)| TlsIdentity {
                cert: cert.clone(),
                key: key.clone(),
            }),
            verify: !self.insecure,
        }
    }
}

/// What TLS came to, as a line.
pub(super) struct Agreed<'a> {
    pub(super) tls: &'a TlsAgreed,
    /// Whether the certificate was looked at.
    pub(super) is_verified: bool,
}

impl fmt::Display for Agreed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TlsAgreed {
            version,
            cipher,
            subject,
            issuer,
            ..
        } = self.tls;
        write!(
            f,
            "{version}, {cipher}; certificate of {subject}, issued by {issuer}"
        )?;
        if let Some(end) = self.tls.end {
            write!(f, ", valid until {}", date(end))?;
            f.write_str(&notice(end, SystemTime::now()))?;
        }
        match self.is_verified {
            true => Ok(()),
            false => f.write_str("; NOT VERIFIED"),
        }
    }
}

/// A word about an end that is near: the module warns of its own certificates as early.
fn notice(end: SystemTime, now: SystemTime) -> String {
    let Ok(left) = end.duration_since(now) else {
        return ", EXPIRED".to_owned();
    };
    match left.as_secs() / DAY {
        _ if left >= Expiry::NOTICE => String::new(),
        0 => ", for less than a day".to_owned(),
        1 => ", for 1 day".to_owned(),
        days => format!(", for {days} days"),
    }
}

const DAY: u64 = 24 * 3600;

/// The same as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    version: String,
    cipher: String,
    subject: String,
    issuer: String,
    valid_until: Option<String>,
    verified: bool,
}

impl Agreed<'_> {
    pub(super) fn record(&self) -> Record {
        let time = |end| format!("{}T{}Z", date(end), time_of_day(end));
        Record {
            version: self.tls.version.clone(),
            cipher: self.tls.cipher.clone(),
            subject: self.tls.subject.clone(),
            issuer: self.tls.issuer.clone(),
            valid_until: self.tls.end.map(time),
            verified: self.is_verified,
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}

/// `2027-01-31`, in UTC.
fn date(time: SystemTime) -> String {
    let mut left = seconds(time) / DAY;
    let mut year = 1970;
    while left >= days_of(year) {
        left -= days_of(year);
        year += 1;
    }
    let months = [
        31,
        days_of(year) - 337,
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 1;
    for days in months {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", left + 1)
}

fn days_of(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    if is_leap { 366 } else { 365 }
}

fn time_of_day(time: SystemTime) -> String {
    let left = seconds(time) % DAY;
    format!("{:02}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn dates() {
        for (seconds, text, time) in [
            (0, "1970-01-01", "00:00:00"),
            (951_782_399, "2000-02-28", "23:59:59"),
            (951_782_400, "2000-02-29", "00:00:00"),
            (951_868_800, "2000-03-01", "00:00:00"),
            (1_798_761_599, "2026-12-31", "23:59:59"),
            (1_798_761_600, "2027-01-01", "00:00:00"),
            (4_107_542_400, "2100-03-01", "00:00:00"),
        ] {
            assert_eq!(date(at(seconds)), text);
            assert_eq!(time_of_day(at(seconds)), time);
        }
    }

    #[test]
    fn an_end_that_is_near_is_told() {
        let end = at(100 * DAY);
        for (day, text) in [
            (50, ""),
            (79, ""),
            (80, ", for 20 days"),
            (99, ", for 1 day"),
            (100, ", for less than a day"),
            (101, ", EXPIRED"),
        ] {
            assert_eq!(notice(end, at(day * DAY)), text, "{day}");
        }
    }
}
