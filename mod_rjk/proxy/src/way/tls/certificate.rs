//! Certificates in words: whom they name and how long they are valid.

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::x509::{X509NameRef, X509Ref};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

/// A name longer than this is cut: a worker chooses what it holds.
const LONGEST: usize = 200;

/// Whom a certificate names, as one line.
pub(super) fn subject(certificate: &X509Ref) -> String {
    distinguished(certificate.subject_name())
}

/// Who issued it, as one line.
pub(super) fn issuer(certificate: &X509Ref) -> String {
    distinguished(certificate.issuer_name())
}

fn distinguished(name: &X509NameRef) -> String {
    let parts = name.entries().map(|entry| {
        let kind = entry.object().nid().short_name().unwrap_or("?");
        let value = entry.data().to_string();
        format!("{kind}={}", value.as_deref().unwrap_or("?"))
    });
    match parts.collect::<Vec<_>>().join(", ") {
        name if name.is_empty() => "a certificate without a name".to_owned(),
        name => line(&name),
    }
}

/// The hosts and addresses that it is for.
pub(super) fn names(certificate: &X509Ref) -> Vec<String> {
    let alternatives = certificate.subject_alt_names();
    let listed: Vec<String> = alternatives
        .iter()
        .flatten()
        .filter_map(|name| {
            let address = || address(name.ipaddress()?).map(|address| address.to_string());
            name.dnsname().map(line).or_else(address)
        })
        .collect();
    if listed.is_empty() {
        return vec![subject(certificate)];
    }
    listed
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).into());
    }
    <[u8; 16]>::try_from(bytes)
        .ok()
        .map(|bytes| Ipv6Addr::from(bytes).into())
}

/// Fit for a line of a log, whatever the worker wrote.
pub(super) fn line(text: &str) -> String {
    let mut line: String = text.chars().take(LONGEST).map(visible).collect();
    if line.len() < text.len() && text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

fn visible(letter: char) -> char {
    if letter.is_control() { '?' } else { letter }
}

/// When a time of a certificate is; `None` for one that cannot be told.
pub(super) fn system_time(time: &Asn1TimeRef) -> Option<SystemTime> {
    let epoch = Asn1Time::from_unix(0).ok()?;
    let since = epoch.diff(time).ok()?;
    let seconds = i64::from(since.days) * 24 * 3600 + i64::from(since.secs);
    let Ok(after) = u64::try_from(seconds) else {
        return Some(SystemTime::UNIX_EPOCH);
    };
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(after))
}
