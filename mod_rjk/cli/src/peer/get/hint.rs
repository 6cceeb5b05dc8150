//! What an answer says beside its status: Tomcat's connector refuses some requests itself, before any
//! application sees them. It then closes the connection, which an application's own answer does not.

use crate::peer::target::Scheme;
use rjk_ajp::PacketSize;
use rjk_proxy::worker::direct::Answer;
use serde::Serialize;
use std::fmt;

/// Why the connector may have refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// It may want a secret.
    SecretMissing,
    /// It may want another secret.
    SecretWrong,
    /// It may want no such attributes, or a secret, or another one.
    AttributeOrSecret {
        /// A secret was given.
        given: bool,
    },
    /// Its packets may be smaller.
    PacketSize,
    /// It may take smaller heads.
    HeadSize,
    /// It is for TLS.
    TlsPort,
}

/// What was asked, as far as the connector may refuse it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) scheme: Scheme,
    pub(super) secret: bool,
    pub(super) attributes: bool,
    /// The request has a body.
    pub(super) body: bool,
    /// Bytes that were sent.
    pub(super) sent: u64,
}

/// Bytes of a head that Tomcat's HTTP connector takes without being told.
const USUAL_HEAD: u64 = 8192;

impl Hint {
    /// What the answer may mean; `None` when it is an application's. Whether the peer speaks TLS is asked
    /// only where that matters.
    pub(super) fn of(
        answer: Answer,
        asked: Asked,
        speaks_tls: impl FnOnce() -> bool,
    ) -> Option<Hint> {
        let (given, sent) = (asked.secret, asked.sent);
        match (asked.scheme, answer.status) {
            _ if answer.keeps => None,
            (Scheme::Http, 400) if speaks_tls() => Some(Hint::TlsPort),
            (Scheme::Http | Scheme::Https, 400 | 431) if !asked.body && sent > USUAL_HEAD => {
                Some(Hint::HeadSize)
            }
            (Scheme::Http | Scheme::Https, _) => None,
            (_, 403) if asked.attributes => Some(Hint::AttributeOrSecret { given }),
            (_, 403) if given => Some(Hint::SecretWrong),
            (_, 403) => Some(Hint::SecretMissing),
            (_, 400) if sent > PacketSize::DEFAULT.bytes() as u64 => Some(Hint::PacketSize),
            _ => None,
        }
    }

    /// As JSON.
    pub(super) fn record(self) -> Record {
        Record {
            kind: match self {
                Hint::SecretMissing => "secret_missing",
                Hint::SecretWrong => "secret_wrong",
                Hint::AttributeOrSecret { .. } => "attribute_or_secret",
                Hint::PacketSize => "packet_size",
                Hint::HeadSize => "head_size",
                Hint::TlsPort => "tls_port",
            },
            message: self.to_string(),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hint::SecretMissing => {
                "the connector refused this, not the application: no secret was given, and it wants one (--secret-file FILE or RJK_SECRET; secret of the connector in server.xml)"
            }
            Hint::SecretWrong => {
                "the connector refused this, not the application: the secret that was given is not its own (secret of the connector in server.xml)"
            }
            Hint::AttributeOrSecret { given: false } => {
                "the connector refused this, not the application: its allowedRequestAttributesPattern does not match the name of an --attribute, or it wants a secret, and none was given (--secret-file FILE or RJK_SECRET)"
            }
            Hint::AttributeOrSecret { given: true } => {
                "the connector refused this, not the application: its allowedRequestAttributesPattern does not match the name of an --attribute, or the secret that was given is not its own"
            }
            Hint::PacketSize => {
                "the connector refused this, not the application: it may be larger than its packetSize, which must not be less than --packet-size (and max_packet_size of the worker)"
            }
            Hint::HeadSize => {
                "the connector refused this, not the application: its head may be larger than maxHttpRequestHeaderSize of the connector, 8192 if nothing is said (maxHttpHeaderSize before Tomcat 9.0.63)"
            }
            Hint::TlsPort => {
                "the connector refused this, not the application: it speaks TLS; write https://"
            }
        })
    }
}

/// The same as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    kind: &'static str,
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(status: u16, keeps: bool, secret: bool, attributes: bool, sent: u64) -> Option<Hint> {
        let asked = Asked {
            scheme: Scheme::Ajp,
            secret,
            attributes,
            body: false,
            sent,
        };
        Hint::of(Answer { status, keeps }, asked, || false)
    }

    #[test]
    fn what_an_http_connector_refuses() {
        for (scheme, status, keeps, body, sent, tls, expected) in [
            (
                Scheme::Http,
                400,
                false,
                false,
                300,
                true,
                Some(Hint::TlsPort),
            ),
            (Scheme::Http, 400, true, false, 300, true, None),
            (Scheme::Http, 400, false, false, 300, false, None),
            (
                Scheme::Http,
                400,
                false,
                false,
                9000,
                false,
                Some(Hint::HeadSize),
            ),
            (
                Scheme::Https,
                400,
                false,
                false,
                9000,
                false,
                Some(Hint::HeadSize),
            ),
            (Scheme::Https, 400, false, true, 9000, false, None),
            (Scheme::Http, 403, false, false, 300, false, None),
        ] {
            let asked = Asked {
                scheme,
                secret: true,
                attributes: false,
                body,
                sent,
            };
            let hint = Hint::of(Answer { status, keeps }, asked, || tls);
            assert_eq!(hint, expected, "{scheme:?} {status} {sent}");
        }
    }

    #[test]
    fn what_the_connector_refuses() {
        let either = |given| Some(Hint::AttributeOrSecret { given });
        assert_eq!(
            hint(403, false, false, false, 300),
            Some(Hint::SecretMissing)
        );
        assert_eq!(hint(403, false, true, false, 300), Some(Hint::SecretWrong));
        assert_eq!(hint(403, false, false, true, 300), either(false));
        assert_eq!(hint(403, false, true, true, 300), either(true));
        assert_eq!(hint(400, false, false, false, 9000), Some(Hint::PacketSize));
    }

    #[test]
    fn an_applications_answer_has_no_hint() {
        assert_eq!(hint(403, true, false, true, 300), None);
        assert_eq!(hint(400, true, false, false, 9000), None);
        assert_eq!(hint(400, false, false, false, 300), None);
        assert_eq!(hint(404, false, false, false, 300), None);
        assert_eq!(hint(200, false, true, true, 9000), None);
    }
}
