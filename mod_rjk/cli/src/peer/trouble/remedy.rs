//! What can be done about a trouble.

use super::{Trouble, tls};
use crate::peer::target::Scheme;
use rjk_proxy::way::exhaustion::Exhaustion;
use std::io::ErrorKind;

impl Trouble {
    /// What can be done about it.
    pub(in crate::peer) fn remedy(&self) -> &'static str {
        self.remedy_of_the_way()
            .or_else(|| self.remedy_of_the_request())
            .unwrap_or_else(|| self.remedy_of_the_peer())
    }

    /// Where no connection came about.
    fn remedy_of_the_way(&self) -> Option<&'static str> {
        Some(match self {
            Trouble::UnknownHost { .. } => {
                "see how the name is written, /etc/hosts and the DNS of this host, or name an address"
            }
            Trouble::Refused(Scheme::Ajp) => {
                "nobody listens there: see that Tomcat runs, and port and address of the <Connector protocol=\"AJP/1.3\"> in its server.xml (without address it listens on the loopback address alone)"
            }
            Trouble::Refused(_) => {
                "nobody listens there: see that Tomcat runs, and port and address of the HTTP <Connector> in its server.xml"
            }
            Trouble::Filtered(_) => {
                "a firewall that drops packets, a host that is down or a full queue of the listener: see the firewalls of both hosts and between them"
            }
            Trouble::Unreachable(_) => {
                "see the address, the routes of this host (ip route get), and firewalls that reject"
            }
            Trouble::Forbidden(_) => {
                "see this host's own firewall (nft list ruleset), and SELinux or what else confines this process"
            }
            Trouble::Exhausted(Exhaustion::Descriptors) => {
                "raise the limit of open files (ulimit -n)"
            }
            Trouble::Exhausted(exhaustion) => exhaustion.remedy(),
            Trouble::NotOpened(_) => "see the address, and the network of this host",
            Trouble::Socket { error, .. } => match error.kind() {
                ErrorKind::PermissionDenied => {
                    "see unixDomainSocketPathPermissions of Tomcat's connector, the group of the folder, the folders above it, and SELinux"
                }
                ErrorKind::TimedOut => {
                    "its queue is full: Tomcat is paused or hangs (jstack PID tells)"
                }
                _ => {
                    "see that Tomcat runs, and that unixDomainSocketPath of its connector is this socket"
                }
            },
            Trouble::Tls(error) => tls::remedy(error),
            _ => return None,
        })
    }

    /// Where the request is to blame.
    fn remedy_of_the_request(&self) -> Option<&'static str> {
        Some(match self {
            Trouble::TooLarge(size) if !size.fits_largest() => {
                "no packet can hold it: send less in path, headers and attributes"
            }
            Trouble::TooLarge(_) => {
                "raise --packet-size and packetSize of Tomcat's connector together, and max_packet_size of the worker for the module"
            }
            Trouble::Unwritable(_) => {
                "the module writes no such request, the client would get 400: write it otherwise"
            }
            Trouble::EndsConnection => {
                "the module takes that for a failed check: name a path whose answer keeps the connection, and see maxKeepAliveRequests of Tomcat's connector"
            }
            _ => return None,
        })
    }

    /// Where a connection came about.
    fn remedy_of_the_peer(&self) -> &'static str {
        match self {
            Trouble::Foreign(foreign) => foreign.remedy(),
            Trouble::Silent { .. } => {
                "Tomcat is paused, hangs or collects garbage (jstack PID tells), all its connections are taken (maxConnections), or another service listens there"
            }
            Trouble::ClosedAtOnce(Scheme::Ajp) | Trouble::ResetAtOnce(Scheme::Ajp) => {
                "Tomcat is paused or stopping, something in between filters by address, or it is another service, a TLS port for instance: see Tomcat's log, and that the port is its AJP connector's"
            }
            Trouble::ClosedAtOnce(_) | Trouble::ResetAtOnce(_) => {
                "Tomcat is paused or stopping, something in between filters by address, or it is another service: see Tomcat's log, and that the port is its HTTP connector's"
            }
            Trouble::Garbage(rjk_proxy::job::wire::WireError::Http(_)) => {
                "see that the port is an HTTP/1.1 connector, and what on that worker writes its answers"
            }
            Trouble::NoCpong(_) | Trouble::Garbage(_) => {
                "see that the port is Tomcat's AJP connector, and Tomcat's log"
            }
            Trouble::NotTaken { .. } => "see Tomcat's log, and its threads (jstack PID)",
            Trouble::ClosedUnanswered(Scheme::Ajp) | Trouble::ResetUnanswered(Scheme::Ajp) => {
                "see Tomcat's log; it does this when it is being stopped or paused, and when the request is larger than its packetSize"
            }
            Trouble::ClosedUnanswered(_) | Trouble::ResetUnanswered(_) => {
                "see Tomcat's log; it does this when it is being stopped or paused"
            }
            Trouble::Slow { .. } => {
                "see what the application waits for (jstack PID) and whether all threads are busy (maxThreads), or raise --timeout"
            }
            Trouble::BrokeOff(_) => {
                "see the logs of Tomcat and of the application for what ended it"
            }
            Trouble::Stalled { .. } => {
                "see what the application waits for (jstack PID), or raise --timeout"
            }
            Trouble::PacketTooLarge { .. } => {
                "packetSize of Tomcat's connector is larger than ours: give the same with --packet-size, and to the module with max_packet_size"
            }
            Trouble::WrongLength { .. } => {
                "the application sets a wrong Content-Length: see its log"
            }
            _ => "see Tomcat's log",
        }
    }
}
