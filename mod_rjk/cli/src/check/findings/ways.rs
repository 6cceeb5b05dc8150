//! Workers that are reached otherwise than mod_jk does it.

use super::pool::children;
use super::{Found, Severity, ajp_workers};
use crate::manners::listed;
use bstr::ByteSlice;
use rjk_config::error::Location;
use rjk_config::model::{AjpSpec, HttpSpec, LbSpec, MemberSpec, WorkerSpec};
use rjk_config::workers::Workers;

/// Where Tomcat's server.xml has HTTPS.
const TLS_PORTS: [u16; 2] = [443, 8443];
/// Where it has HTTP.
const PLAIN_PORTS: [u16; 2] = [80, 8080];

pub(super) fn find(workers: &Workers, found: &mut Found<'_>) {
    for worker in &workers.list {
        if let WorkerSpec::Lb(lb) = worker {
            some_members(lb, found);
        }
    }
    let mut threads_held = 0_u32;
    for ajp in ajp_workers(workers) {
        let Some(http) = ajp.way.http() else { continue };
        let place = found.site.way_to(&ajp.name).map(|way| way.place.clone());
        secret(ajp, http, place.as_ref(), found);
        ping(ajp, http, place.as_ref(), found);
        port(ajp, http, place.as_ref(), found);
        let Some(websocket) = http.websocket else {
            continue;
        };
        let was_fine = !exceeds(threads_held, found);
        threads_held = threads_held.saturating_add(websocket.most);
        if was_fine && exceeds(threads_held, found) {
            let message = format!(
                "websocket_max of all workers up to {} is {threads_held}, and each child of httpd has no more threads: \
                 WebSockets can hold all of them; write less, or raise ThreadsPerChild",
                ajp.name
            );
            found.add(
                place.as_ref(),
                Severity::Warning,
                "websockets-hold-all",
                message,
            );
        }
    }
}

/// A session stays with a member that has no WebSocket.
fn some_members(lb: &LbSpec, found: &mut Found<'_>) {
    let has = |member: &&MemberSpec| {
        let http = member.ajp.way.http();
        http.is_some_and(|http| http.websocket.is_some())
    };
    let with: Vec<&MemberSpec> = lb.members.iter().filter(has).collect();
    let without: Vec<&MemberSpec> = lb.members.iter().filter(|member| !has(member)).collect();
    let (Some(first), Some(other)) = (with.first(), without.first()) else {
        return;
    };
    let message = format!(
        "of the members of {} only {} may have WebSocket: that of a session on another one is refused; write websocket = true in \
         [worker.{}] too, with protocol = \"http\"",
        lb.name,
        listed(with.iter().map(|member| &member.ajp.name)),
        other.ajp.name
    );
    let way = found.site.way_to(&first.ajp.name);
    let place = way.map(|way| way.place.clone());
    found.add(
        place.as_ref(),
        Severity::Warning,
        "websocket-of-some",
        message,
    );
}

fn exceeds(held: u32, found: &Found<'_>) -> bool {
    children(&found.site.conf).is_some_and(|children| held >= children.threads)
}

fn secret(ajp: &AjpSpec, http: &HttpSpec, place: Option<&Location>, found: &mut Found<'_>) {
    // A certificate of ours, or who may use a socket, is as good.
    let has_other =
        ajp.way.socket.is_some() || http.tls.as_ref().is_some_and(|tls| tls.identity.is_some());
    if ajp.secret.is_none() || http.secret_header.is_some() || has_other {
        return;
    }
    let name = ajp.name.as_bstr();
    let message = format!(
        "worker {name} has a secret, which HTTP does not carry by itself: Tomcat takes requests of anybody who reaches \
         it; write cert and key in [worker.{name}.tls] where its connector asks for a certificate, or secret_header \
         where a valve or filter asks for it"
    );
    found.add(place, Severity::Hint, "secret-not-sent", message);
}

fn ping(ajp: &AjpSpec, http: &HttpSpec, place: Option<&Location>, found: &mut Found<'_>) {
    let ping = &ajp.ping;
    let is_asked = ping.connect.or(ping.prepost).or(ping.interval).is_some();
    if !is_asked || http.probe.is_some() {
        return;
    }
    let name = ajp.name.as_bstr();
    let message = format!(
        "worker {name} is to be checked as ping_mode says, and HTTP has no CPING; write probe = \"/\" in \
         [worker.{name}], with a path that answers fast"
    );
    found.add(place, Severity::Hint, "no-probe", message);
}

fn port(ajp: &AjpSpec, http: &HttpSpec, place: Option<&Location>, found: &mut Found<'_>) {
    if ajp.way.socket.is_some() {
        return;
    }
    let (name, port) = (ajp.name.as_bstr(), ajp.port);
    let message = match http.tls.is_some() {
        false if TLS_PORTS.contains(&port) => format!(
            "worker {name} is spoken to in clear text on port {port}, which mostly is one of HTTPS; write tls in \
             [worker.{name}] if it is"
        ),
        true if PLAIN_PORTS.contains(&port) => format!(
            "worker {name} is spoken to in TLS on port {port}, which mostly is one without; write the port of an \
             HTTPS connector in [worker.{name}]"
        ),
        _ => return,
    };
    found.add(place, Severity::Hint, "odd-http-port", message);
}
