//! Where a status worker is.

use std::fmt;
use std::str::FromStr;
use ureq::http::Uri;

/// The URL of a status worker, without a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    url: String,
    /// Host and port, as they were written.
    authority: String,
}

impl Address {
    /// With a query.
    pub fn with(&self, query: &str) -> String {
        format!("{}?{query}", self.url)
    }

    /// Whether the answers come through TLS.
    pub fn is_tls(&self) -> bool {
        self.url.starts_with("https:")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Whether a word is meant to be a URL.
pub fn is_url(word: &str) -> bool {
    let starts = |scheme: &str| {
        word.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    starts("http://") || starts("https://")
}

impl FromStr for Address {
    type Err = AddressError;

    /// A query is left out: it is often copied from a browser, and the verbs ask for what they need.
    fn from_str(text: &str) -> Result<Address, AddressError> {
        if !is_url(text) {
            return Err(AddressError::NoUrl(text.to_owned()));
        }
        let (plain, _) = text.split_once(['?', '#']).unwrap_or((text, ""));
        let rest = plain.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        if let Some((_, host)) = authority.rsplit_once('@') {
            return Err(AddressError::Password(host.to_owned()));
        }
        let uri: Uri = plain
            .parse()
            .map_err(|_| AddressError::Malformed(text.to_owned()))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(AddressError::Malformed(text.to_owned()));
        };
        if authority.host().is_empty() {
            return Err(AddressError::Malformed(text.to_owned()));
        }
        Ok(Address {
            url: format!("{scheme}://{authority}{}", uri.path()),
            authority: authority.to_string(),
        })
    }
}

/// What each of several addresses is called: host and port, or the whole URL where that is not enough.
pub fn labels(addresses: &[Address]) -> Vec<String> {
    let is_shared = |one: &Address| {
        let same = |other: &&Address| other.authority == one.authority;
        addresses.iter().filter(same).count() > 1
    };
    addresses
        .iter()
        .map(|address| match is_shared(address) {
            true => address.url.clone(),
            false => address.authority.clone(),
        })
        .collect()
}

/// No address twice: what is changed or counted would be so twice.
///
/// # Errors
/// [`AddressError::Twice`].
pub fn distinct(addresses: &[Address]) -> Result<(), AddressError> {
    for (index, address) in addresses.iter().enumerate() {
        if addresses[..index].contains(address) {
            return Err(AddressError::Twice(address.to_string()));
        }
    }
    Ok(())
}

/// Why a word is no address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It does not begin like one.
    #[error("{0}: name a status worker by its URL, such as http://www1/jkstatus")]
    NoUrl(String),
    /// It begins like one, only.
    #[error("{0}: this is no URL; write http://HOST:PORT/PATH")]
    Malformed(String),
    /// Every user of the machine could read it. The message does not repeat it.
    #[error(
        "the URL for {0} has a user or a password in it; give --user NAME and --password-file FILE instead"
    )]
    Password(String),
    /// It stands there twice.
    #[error("{0} is named twice")]
    Twice(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let address: Result<Address, AddressError> = text.parse();
        address
            .map(|address| address.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_names_the_worker() {
        for (text, url) in [
            ("http://w1/jkstatus", "http://w1/jkstatus"),
            ("HTTP://w1:81/s?cmd=list#x", "http://w1:81/s"),
            ("https://w1", "https://w1/"),
            ("http://[::1]:8080/s", "http://[::1]:8080/s"),
        ] {
            assert_eq!(read(text), Ok(url.to_owned()), "{text}");
        }
        for text in ["w1/jkstatus", "ftp://w1/", "", "http:/x"] {
            assert!(read(text).unwrap_err().contains("by its URL"), "{text}");
        }
        for text in ["http://", "http://:80/", "http://a b/"] {
            assert!(read(text).unwrap_err().contains("no URL"), "{text}");
        }
    }

    #[test]
    fn a_password_in_it_is_not_repeated() {
        let error = read("http://ann:hush@w1/s").unwrap_err();
        assert!(error.contains("--password-file"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn labels_tell_addresses_apart() {
        let read = |texts: &[&str]| -> Vec<Address> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let all = read(&["http://w1/a", "http://w2:81/a", "http://w1/b"]);
        assert_eq!(labels(&all), ["http://w1/a", "w2:81", "http://w1/b"]);
        assert_eq!(distinct(&all), Ok(()));
        let twice = distinct(&read(&["http://w1/a", "http://w1/a?x"])).unwrap_err();
        assert_eq!(twice.to_string(), "http://w1/a is named twice");
    }
}
