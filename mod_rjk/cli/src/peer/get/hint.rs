//! What an answer says beside its status: Tomcat's connector refuses some requests itself, before any
//! application sees them. It then closes the connection, which an application's own answer does not.

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
}

/// What was asked, as far as the connector may refuse it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) secret: bool,
    pub(super) attributes: bool,
    /// Bytes that were sent.
    pub(super) sent: u64,
}

impl Hint {
    /// What the answer may mean; `None` when it is an application's.
    pub(super) fn of(answer: Answer, asked: Asked) -> Option<Hint> {
        let given = asked.secret;
        match answer.status {
            _ if answer.keeps => None,
            403 if asked.attributes => Some(Hint::AttributeOrSecret { given }),
            403 if given => Some(Hint::SecretWrong),
            403 => Some(Hint::SecretMissing),
            400 if asked.sent > PacketSize::DEFAULT.bytes() as u64 => Some(Hint::PacketSize),
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
            secret,
            attributes,
            sent,
        };
        Hint::of(Answer { status, keeps }, asked)
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
