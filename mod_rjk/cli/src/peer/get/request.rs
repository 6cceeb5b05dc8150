//! The request of `rjk get`, made of its options.

use super::upload::Upload;
use crate::peer::target::{Scheme, Url};
use crate::peer::way::Member;
use rjk_http1::request::is_removed;
use rjk_message::{Attributes, BodyLength, RequestHead};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The name and value of a header or an attribute.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// A request that owns its parts.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<Pair>,
    attributes: Vec<Pair>,
    /// The host that is asked for, and its port.
    server: (Vec<u8>, u16),
    body: BodyLength,
    client: Option<IpAddr>,
    /// Whether the client spoke TLS.
    is_tls: bool,
    member: Member,
}

/// What the options say of it.
#[derive(Debug)]
pub(super) struct Wishes<'a> {
    /// What is spoken with the peer.
    pub(super) scheme: Scheme,
    pub(super) client: Option<IpAddr>,
    pub(super) client_tls: Option<bool>,
    pub(super) member: &'a Member,
    pub(super) method: Option<&'a str>,
    pub(super) headers: &'a [String],
    pub(super) attributes: &'a [String],
}

impl Request {
    /// Puts it together.
    ///
    /// # Errors
    /// [`BadRequest`].
    pub(super) fn new(
        url: &Url,
        wishes: &Wishes<'_>,
        upload: &Upload,
    ) -> Result<Request, BadRequest> {
        let method = match (wishes.method, upload.length()) {
            (Some(method), _) => method,
            (None, BodyLength::None) => "GET",
            (None, _) => "POST",
        };
        if !is_token(method.as_bytes()) {
            return Err(BadRequest::Method(method.to_owned()));
        }
        let mut headers = defaults(url, upload);
        for text in expand(wishes.headers)? {
            header(&text, wishes.scheme, &mut headers)?;
        }
        let is_tls = wishes
            .client_tls
            .unwrap_or(url.target.scheme == Scheme::Https);
        let attributes = wishes.attributes.iter().map(|text| attribute(text));
        Ok(Request {
            method: method.to_owned(),
            path: url.path.clone().into_bytes(),
            query: url.query.clone().map(String::into_bytes),
            server: server(url, is_tls, &headers),
            headers,
            attributes: attributes.collect::<Result<_, _>>()?,
            body: upload.length(),
            client: wishes.client,
            is_tls,
            member: wishes.member.clone(),
        })
    }

    /// Has `act` see it as the module has it; `local` is who asks, if the way has addresses.
    pub(super) fn with_head<T>(
        &self,
        local: Option<SocketAddr>,
        act: impl FnOnce(&RequestHead<'_>) -> T,
    ) -> T {
        let (headers, attributes) = (slices(&self.headers), slices(&self.attributes));
        let own = local.map_or(Ipv4Addr::LOCALHOST.into(), |local| local.ip());
        let (client, own) = (self.client.unwrap_or(own).to_string(), own.to_string());
        // The port of another host is not known.
        let port = local.filter(|_| self.client.is_none());
        let port = port.map(|local| local.port().to_string());
        act(&RequestHead {
            method: self.method.as_bytes(),
            protocol: b"HTTP/1.1",
            uri: &self.path,
            remote_addr: Some(client.as_bytes()),
            remote_host: None,
            server_name: &self.server.0,
            server_port: self.server.1,
            is_ssl: self.is_tls,
            headers: &headers,
            body: self.body,
            attributes: Attributes {
                query: self.query.as_deref(),
                remote_port: port.as_deref().map(str::as_bytes),
                local_addr: Some(own.as_bytes()),
                route: self.member.route.as_ref().map(|route| route.as_slice()),
                activation: self.member.activation.as_str().as_bytes(),
                extra: &attributes,
                ..Attributes::default()
            },
        })
    }

    pub(super) fn has_body(&self) -> bool {
        self.body != BodyLength::None
    }

    /// Whether attributes were given.
    pub(super) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }
}

fn slices(pairs: &[Pair]) -> Vec<(&[u8], &[u8])> {
    let slices = pairs.iter().map(|(name, value)| (&name[..], &value[..]));
    slices.collect()
}

/// What curl sends by itself.
fn defaults(url: &Url, upload: &Upload) -> Vec<Pair> {
    let pair = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let mut headers = vec![
        pair("Host", &url.target.host_header()),
        pair("User-Agent", concat!("rjk/", env!("CARGO_PKG_VERSION"))),
        pair("Accept", "*/*"),
    ];
    match upload.length() {
        BodyLength::None => {}
        BodyLength::Known(_) => headers.push(pair("Content-Type", FORM)),
        BodyLength::Chunked => {
            headers.push(pair("Content-Type", FORM));
            headers.push(pair("Transfer-Encoding", "chunked"));
        }
    }
    headers
}

const FORM: &str = "application/x-www-form-urlencoded";

/// `@FILE` stands for the lines of a file: a password in a header belongs there.
fn expand(texts: &[String]) -> Result<Vec<String>, BadRequest> {
    let mut all = Vec::new();
    for text in texts {
        let Some(path) = text.strip_prefix('@') else {
            all.push(text.clone());
            continue;
        };
        let lines =
            fs::read_to_string(path).map_err(|error| BadRequest::HeaderFile(path.into(), error))?;
        let lines = lines.lines().filter(|line| !line.is_empty());
        all.extend(lines.map(str::to_owned));
    }
    Ok(all)
}

/// `Name: value` replaces the header that is sent without it, and stands beside others of its name that
/// were given; `Name:` takes away, `Name;` is empty.
fn header(text: &str, scheme: Scheme, headers: &mut Vec<Pair>) -> Result<(), BadRequest> {
    let (name, value) = match (text.split_once(':'), text.strip_suffix(';')) {
        (Some((name, value)), _) => (name, Some(value.trim()).filter(|value| !value.is_empty())),
        (None, Some(name)) => (name, Some("")),
        (None, None) => return Err(BadRequest::Header),
    };
    if !is_token(name.as_bytes()) || value.is_some_and(|value| value.contains(['\r', '\n', '\0'])) {
        return Err(BadRequest::Header);
    }
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    let replaces = DEFAULTS.iter().any(is);
    let is_taken = scheme.is_http() && is_removed(name.as_bytes());
    if value.is_some() && is_taken && !replaces && !is(&"Expect") {
        return Err(BadRequest::Taken(name.to_owned()));
    }
    if value.is_none() || replaces {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name.as_bytes()));
    }
    headers.extend(value.map(|value| (name.as_bytes().to_vec(), value.as_bytes().to_vec())));
    Ok(())
}

/// Headers that a request has once.
const DEFAULTS: [&str; 6] = [
    "Host",
    "User-Agent",
    "Accept",
    "Content-Type",
    "Content-Length",
    "Transfer-Encoding",
];

fn attribute(text: &str) -> Result<Pair, BadRequest> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        }
        _ => Err(BadRequest::Attribute),
    }
}

/// The host that Tomcat is told: the Host header's, as behind httpd.
fn server(url: &Url, is_tls: bool, headers: &[Pair]) -> (Vec<u8>, u16) {
    let usual = if is_tls { 443 } else { 80 };
    let of_url = || (url.target.host.clone().into_bytes(), url.target.port);
    let mut headers = headers.iter();
    let Some((_, value)) = headers.find(|(name, _)| name.eq_ignore_ascii_case(b"Host")) else {
        return of_url();
    };
    let Ok(value) = std::str::from_utf8(value) else {
        return of_url();
    };
    let (host, port) = match value.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(usual)),
        _ => (value, usual),
    };
    (host.as_bytes().to_vec(), port)
}

/// RFC 9110 §5.6.2.
fn is_token(name: &[u8]) -> bool {
    let is_token_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token_byte)
}

/// Why that is no request.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadRequest {
    #[error("{0:?} is no method; write GET, POST, PUT or another word")]
    Method(String),
    #[error(
        "-H takes \"Name: value\", \"Name:\" to send none, \"Name;\" for an empty one, or @FILE with such lines"
    )]
    Header,
    #[error("{0}: {1}; name a readable file with a header on each line")]
    HeaderFile(PathBuf, io::Error),
    #[error("--attribute takes NAME=VALUE")]
    Attribute,
    #[error(
        "over HTTP the module tells {0} itself, and takes a client's away; see --client, --client-scheme, --forward and --attribute"
    )]
    Taken(String),
    #[error(
        "over HTTP a secret travels in a header of its own, and none is named; give --secret-header NAME, or leave --secret-file out"
    )]
    NoSecretHeader,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rjk_config::model::Activation;

    const NO_MEMBER: Member = Member {
        route: None,
        activation: Activation::Active,
    };

    fn none<'w>() -> Wishes<'w> {
        Wishes {
            scheme: Scheme::Ajp,
            client: None,
            client_tls: None,
            member: &NO_MEMBER,
            method: None,
            headers: &[],
            attributes: &[],
        }
    }

    fn request(url: &str, wishes: &Wishes<'_>, upload: &Upload) -> Result<Request, BadRequest> {
        Request::new(&Url::parse(url).unwrap(), wishes, upload)
    }

    fn texts(pairs: &[(&[u8], &[u8])]) -> Vec<String> {
        let text = |(name, value): &(&[u8], &[u8])| {
            let (name, value) = (
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value),
            );
            format!("{name}: {value}")
        };
        pairs.iter().map(text).collect()
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_get_by_itself() {
        let request = request("ajp://h:8010/a?b", &none(), &Upload::none()).unwrap();
        let local = Some(([127, 0, 0, 1], 4711).into());
        request.with_head(local, |head| {
            assert_eq!((head.method, head.uri), (&b"GET"[..], &b"/a"[..]));
            assert_eq!(head.attributes.query, Some(&b"b"[..]));
            assert_eq!((head.server_name, head.server_port), (&b"h"[..], 8010));
            assert_eq!(head.remote_addr, Some(&b"127.0.0.1"[..]));
            assert_eq!(head.attributes.remote_port, Some(&b"4711"[..]));
            let headers = texts(head.headers);
            let agent = concat!("User-Agent: rjk/", env!("CARGO_PKG_VERSION"));
            assert_eq!(headers, ["Host: h:8010", agent, "Accept: */*"]);
            assert_eq!(head.body, BodyLength::None);
        });
    }

    #[test]
    fn headers_replace_take_away_and_repeat() {
        let headers = strings(&[
            "accept: text/html",
            "User-Agent:",
            "X-A: 1",
            "X-A:  2 ",
            "X-E;",
            "Host: www.example.org",
        ]);
        let wishes = Wishes {
            headers: &headers,
            ..none()
        };
        let request = request("h", &wishes, &Upload::none()).unwrap();
        request.with_head(None, |head| {
            let expected = [
                "accept: text/html",
                "X-A: 1",
                "X-A: 2",
                "X-E: ",
                "Host: www.example.org",
            ];
            assert_eq!(texts(head.headers), expected);
            assert_eq!(
                (head.server_name, head.server_port),
                (&b"www.example.org"[..], 80)
            );
        });
    }

    #[test]
    fn whom_the_client_asked_and_who_it_is() {
        for (url, host, tls, server, is_ssl) in [
            ("http://h:8080/", "h:8080", None, ("h", 8080), false),
            ("http://h/", "h", None, ("h", 80), false),
            ("https://h/", "h", None, ("h", 443), true),
            ("https://h:8443/", "h:8443", Some(false), ("h", 8443), false),
            ("http://h/", "h", Some(true), ("h", 443), true),
        ] {
            let wishes = Wishes {
                scheme: Scheme::Http,
                client: Some([192, 0, 2, 7].into()),
                client_tls: tls,
                ..none()
            };
            let request = request(url, &wishes, &Upload::none()).unwrap();
            request.with_head(Some(([127, 0, 0, 1], 4711).into()), |head| {
                assert_eq!(head.headers[0], (&b"Host"[..], host.as_bytes()), "{url}");
                assert_eq!(
                    (head.server_name, head.server_port),
                    (server.0.as_bytes(), server.1)
                );
                assert_eq!(head.is_ssl, is_ssl, "{url}");
                assert_eq!(head.remote_addr, Some(&b"192.0.2.7"[..]));
                assert_eq!(head.attributes.remote_port, None);
                assert_eq!(head.attributes.local_addr, Some(&b"127.0.0.1"[..]));
            });
        }
    }

    #[test]
    fn through_a_socket_this_host_asks() {
        let request = request("h", &none(), &Upload::none()).unwrap();
        request.with_head(None, |head| {
            assert_eq!(head.remote_addr, Some(&b"127.0.0.1"[..]));
            assert_eq!(head.attributes.remote_port, None);
        });
    }

    #[test]
    fn over_http_nobody_says_what_the_module_says() {
        for (text, is_taken) in [
            ("X-Forwarded-For: 192.0.2.1", true),
            ("x_rjk_route: a", true),
            ("Connection: close", true),
            ("Upgrade: websocket", true),
            ("X-Forwarded-For:", false),
            ("Host: a", false),
            ("Expect: 100-continue", false),
            ("Content-Type: text/plain", false),
            ("Cookie: a=b", false),
        ] {
            let headers = strings(&[text]);
            for scheme in [Scheme::Http, Scheme::Https, Scheme::Ajp] {
                let wishes = Wishes {
                    scheme,
                    headers: &headers,
                    ..none()
                };
                let result = request("h", &wishes, &Upload::none());
                let is_refused = matches!(result, Err(BadRequest::Taken(_)));
                assert_eq!(is_refused, is_taken && scheme.is_http(), "{text}");
            }
        }
    }

    #[test]
    fn a_body_makes_a_post() {
        let upload = Upload::text("a=1");
        let post = request("h", &none(), &upload).unwrap();
        assert_eq!(post.method, "POST");
        post.with_head(None, |head| {
            assert_eq!(head.body, BodyLength::Known(3));
            assert!(texts(head.headers).contains(&format!("Content-Type: {FORM}")));
        });
        let wishes = Wishes {
            method: Some("PUT"),
            ..none()
        };
        assert_eq!(request("h", &wishes, &upload).unwrap().method, "PUT");
    }

    #[test]
    fn attributes_have_a_name() {
        let attributes = strings(&["A=1=2", "B="]);
        let wishes = Wishes {
            attributes: &attributes,
            ..none()
        };
        let request = request("h", &wishes, &Upload::none()).unwrap();
        assert!(request.has_attributes());
        request.with_head(None, |head| {
            assert_eq!(texts(head.attributes.extra), ["A: 1=2", "B: "]);
        });
    }

    #[test]
    fn what_is_no_request() {
        for text in ["", "X", ": v", "X Y: v", "X: a\nb", "@/nonexistent/headers"] {
            let headers = strings(&[text]);
            let wishes = Wishes {
                headers: &headers,
                ..none()
            };
            assert!(request("h", &wishes, &Upload::none()).is_err(), "{text:?}");
        }
        for text in ["", "A", "=1"] {
            let attributes = strings(&[text]);
            let wishes = Wishes {
                attributes: &attributes,
                ..none()
            };
            assert!(request("h", &wishes, &Upload::none()).is_err(), "{text:?}");
        }
        let wishes = Wishes {
            method: Some("G ET"),
            ..none()
        };
        assert!(request("h", &wishes, &Upload::none()).is_err());
    }
}
