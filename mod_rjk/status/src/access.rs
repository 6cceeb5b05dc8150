//! Who may ask for what (C-13, C-14, S-02…S-04).

use bstr::{BStr, ByteSlice};
use rjk_config::model::StatusSpec;

/// Who sent a request, for the user list and the log.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The authenticated user.
    pub user: Option<&'a BStr>,
    /// The address.
    pub address: &'a BStr,
}

/// What a browser says about the page that a request comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provenance<'a> {
    /// The header `Sec-Fetch-Site`.
    pub fetch_site: Option<&'a [u8]>,
    /// The header `Origin`.
    pub origin: Option<&'a [u8]>,
    /// The header `Referer`.
    pub referer: Option<&'a [u8]>,
    /// The header `Host`, which is this server.
    pub host: Option<&'a [u8]>,
    /// The header `User-Agent`.
    pub agent: Option<&'a [u8]>,
    /// The header `Accept-Language`.
    pub language: Option<&'a [u8]>,
}

impl Client<'_> {
    /// Whether the worker's list of users has this one; an empty list has all (S-03, S-04).
    pub fn may_use(&self, spec: &StatusSpec) -> bool {
        let is_named = |user: &BStr| {
            spec.users.iter().any(|known| {
                known == user || (spec.user_case_insensitive && known.eq_ignore_ascii_case(user))
            })
        };
        spec.users.is_empty() || self.user.is_some_and(is_named)
    }
}

impl<'a> Provenance<'a> {
    /// The header that says that another site's page had the request sent. Scripts send none of them.
    pub fn foreign(&self) -> Option<(&'static str, &'a [u8])> {
        let site = self.fetch_site.filter(|site| {
            let site = site.trim_ascii();
            !site.eq_ignore_ascii_case(b"same-origin") && !site.eq_ignore_ascii_case(b"none")
        });
        if let Some(site) = site {
            return Some(("Sec-Fetch-Site", site));
        }
        [("Origin", self.origin), ("Referer", self.referer)]
            .into_iter()
            .find_map(|(name, value)| {
                let is_foreign = |value: &&[u8]| !value.is_empty() && !self.is_own(value);
                Some((name, value.filter(is_foreign)?))
            })
    }

    /// Whether this is a browser that says nothing of the page that it is on. Without TLS a page can have it
    /// keep quiet (`Referrer-Policy: no-referrer`); programs send no `Accept-Language`.
    pub fn is_silent_browser(&self) -> bool {
        let is_browser = self.agent.is_some_and(|agent| {
            let name = agent.trim_ascii_start().get(..8);
            name.is_some_and(|name| name.eq_ignore_ascii_case(b"Mozilla/"))
        });
        let said = [self.fetch_site, self.origin, self.referer];
        is_browser && self.language.is_some() && said.iter().flatten().all(|value| value.is_empty())
    }

    /// Whether an address is on this host.
    fn is_own(&self, address: &[u8]) -> bool {
        let (Some(host), Some(other)) = (self.host, authority(address)) else {
            return false;
        };
        without_default_port(host.trim_ascii()).eq_ignore_ascii_case(without_default_port(other))
    }
}

/// Host and port of an absolute address.
fn authority(address: &[u8]) -> Option<&[u8]> {
    let (_, rest) = address.trim_ascii().split_once_str("://")?;
    let end = rest.find_byteset(b"/?#\\").unwrap_or(rest.len());
    let authority = &rest[..end];
    Some(
        authority
            .rsplit_once_str("@")
            .map_or(authority, |(_, host)| host),
    )
}

/// The port that a browser leaves out may be written in one header and not in the other.
fn without_default_port(authority: &[u8]) -> &[u8] {
    let stripped = |port: &str| authority.strip_suffix(port.as_bytes());
    stripped(":80")
        .or_else(|| stripped(":443"))
        .unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec;

    #[test]
    fn s03_s04_user_list() {
        let rows = [
            (None, "", false, true),
            (None, "ann", false, false),
            (Some("ann"), "bob ann", false, true),
            (Some("Ann"), "ann", false, false),
            (Some("Ann"), "ann", true, true),
            (Some(""), "ann", true, false),
        ];
        for (user, users, insensitive, expected) in rows {
            let spec = StatusSpec {
                users: users.split_whitespace().map(Into::into).collect(),
                user_case_insensitive: insensitive,
                ..spec()
            };
            let client = Client {
                user: user.map(Into::into),
                address: "127.0.0.1".into(),
            };
            let row = format!("{user:?} {users:?} {insensitive}");
            assert_eq!(client.may_use(&spec), expected, "{row}");
        }
    }

    /// `Sec-Fetch-Site|Origin|Referer|Host` and the header that gives the foreigner away.
    #[rustfmt::skip]
    const BROWSERS: &[(&str, Option<&str>)] = &[
            ("|||", None),
            ("|||www.example", None),
            ("none|||www.example", None),
            ("same-origin|||www.example", None),
            ("Same-Origin|||www.example", None),
            ("same-site|||www.example", Some("Sec-Fetch-Site")),
            ("cross-site|||www.example", Some("Sec-Fetch-Site")),
            ("whatever|||www.example", Some("Sec-Fetch-Site")),
            ("|http://www.example||www.example", None),
            ("|http://WWW.example||www.Example", None),
            ("|http://www.example:80||www.example", None),
            ("|https://www.example||www.example:443", None),
            ("|http://www.example:8080||www.example:8080", None),
            ("|http://www.example:8080||www.example", Some("Origin")),
            ("|http://evil.example||www.example", Some("Origin")),
            ("|http://www.example.evil||www.example", Some("Origin")),
            ("|null||www.example", Some("Origin")),
            ("|||", None),
            ("|http://www.example||", Some("Origin")),
            ("||http://www.example/jk?cmd=list|www.example", None),
            ("||http://www.example|www.example", None),
            ("||http://www.example@evil.example/|www.example", Some("Referer")),
            ("||http://evil.example/http://www.example/|www.example", Some("Referer")),
            ("||http://evil.example?://www.example|www.example", Some("Referer")),
            ("||http://evil.example\\@www.example/|www.example", Some("Referer")),
            ("||about:blank|www.example", Some("Referer")),
            ("||http://[::1]:8080/|[::1]:8080", None),
            ("same-origin|http://evil.example||www.example", Some("Origin")),
            ("same-origin|http://www.example|http://evil.example/|www.example", Some("Referer")),
            ("cross-site|http://www.example||www.example", Some("Sec-Fetch-Site")),
        ];

    #[test]
    fn c14_what_browsers_say() {
        for (row, expected) in BROWSERS {
            let parts: Vec<&str> = row.split('|').collect();
            let part = |index: usize| {
                let text: &str = parts[index];
                (!text.is_empty()).then_some(text.as_bytes())
            };
            let provenance = Provenance {
                fetch_site: part(0),
                origin: part(1),
                referer: part(2),
                host: part(3),
                ..Provenance::default()
            };
            assert_eq!(
                provenance.foreign().map(|(name, _)| name),
                *expected,
                "{row}"
            );
        }
    }

    /// `Sec-Fetch-Site|Referer|User-Agent|Accept-Language`, and whether that is a browser that keeps quiet.
    #[rustfmt::skip]
    const SILENT: &[(&str, bool)] = &[
        ("||Mozilla/5.0 (X11)|en", true),
        ("||Mozilla/5.0 (X11)|*", true),
        ("||mozilla/4.0|", true),
        ("|http://www.example/st|Mozilla/5.0 (X11)|en", false),
        ("none||Mozilla/5.0 (X11)|en", false),
        ("same-origin||Mozilla/5.0 (X11)|en", false),
        ("||Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1|-", false),
        ("||curl/8.0|-", false),
        ("||curl/8.0|en", false),
        ("||Lynx/2.9|en", false),
        ("||-|-", false),
    ];

    #[test]
    fn c14_a_browser_that_says_nothing_of_its_page() {
        for (row, expected) in SILENT {
            let parts: Vec<&[u8]> = row.split('|').map(str::as_bytes).collect();
            let sent = |index: usize| Some(parts[index]).filter(|text| !text.is_empty());
            let provenance = Provenance {
                fetch_site: sent(0),
                referer: sent(1),
                agent: Some(parts[2]).filter(|text| *text != b"-"),
                language: Some(parts[3]).filter(|text| *text != b"-"),
                host: Some(b"www.example"),
                origin: None,
            };
            assert_eq!(provenance.is_silent_browser(), *expected, "{row}");
            assert_eq!(provenance.foreign(), None, "{row}");
        }
    }
}
