//! The status worker's answers (contract §6).

use super::body::RequestBody;
use super::client::Client;
use super::failed::{NO_MEMORY, fail};
use super::map_file;
use crate::ffi::about;
use crate::ffi::answer::{OK, SERVER_ERROR};
use crate::ffi::request::RequestRec;
use crate::server::ready::{Child, Ready};
use crate::server::slot::{ServerSlot, servers};
use crate::startup::generation::Generation;
use bstr::{BStr, BString, ByteSlice};
use rjk_balance::Clock;
use rjk_config::model::StatusSpec;
use rjk_config::uri_map::UriMap;
use rjk_log::Log;
use rjk_proxy::clock::now;
use rjk_proxy::dispatcher::{Dispatcher, Worker};
use rjk_proxy::job::downstream::{Downstream, Then};
use rjk_proxy::worker::edit::EDITOR;
use rjk_status::{Answer, Format, Provenance, Request, Site, WallTime};
use std::ffi::{CStr, c_int};
use std::sync::Arc;
use std::time::SystemTime;

/// Answers a request to a status worker.
pub(super) fn send(
    request: RequestRec<'_>,
    ready: &'static Ready,
    child: &Child,
    spec: &StatusSpec,
    log: &dyn Log,
) -> c_int {
    // SAFETY: httpd's configuration outlives every request of this child.
    let generation = unsafe { Generation::of(about::main_server()) };
    let Some(generation) = generation else {
        return fail(&"the configuration is gone", SERVER_ERROR, log);
    };
    map_file::look_at_all(request, log);
    let asked = asked(request, ready, spec);
    let site = site(request, child, generation);
    let answer = rjk_status::answer(&asked, &site, log);
    child.dispatcher.follow();
    give(request, &answer, log)
}

fn asked<'r>(request: RequestRec<'r>, ready: &'static Ready, spec: &'r StatusSpec) -> Request<'r> {
    let headers = request.headers_in();
    let user = request
        .env()
        .get(&ready.env.remote_user)
        .or_else(|| request.user());
    Request {
        spec,
        query: request.args().unwrap_or_default(),
        path: request.uri().as_bstr(),
        client: rjk_status::Client {
            user: user.map(ByteSlice::as_bstr),
            address: request.useragent().0.unwrap_or(b"-").as_bstr(),
        },
        provenance: Provenance {
            fetch_site: headers.get(c"Sec-Fetch-Site"),
            origin: headers.get(c"Origin"),
            referer: headers.get(c"Referer"),
            host: headers.get(c"Host"),
            agent: headers.get(c"User-Agent"),
            language: headers.get(c"Accept-Language"),
        },
    }
}

fn site<'r>(request: RequestRec<'r>, child: &'r Child, generation: &'r Generation) -> Site<'r> {
    let properties = generation.workers.properties();
    Site {
        name: request.server_name().as_bstr(),
        port: request.server_port(),
        web_server: about::description().as_bstr(),
        workers: workers(&child.dispatcher),
        maps: maps(),
        properties: properties
            .filter_map(|property| Some((property.name, property.value?)))
            .collect(),
        maintain: generation.workers.maintain,
        clock: Clock {
            now: now(),
            unix: about::unix_time(),
        },
        notices: notices(child, generation),
        editor: EDITOR,
        calendar: &wall_time,
    }
}

/// What was wrong when httpd was restarted, then which certificates end soon.
fn notices(child: &Child, generation: &Generation) -> Vec<String> {
    let mut notices = generation.emergencies.clone();
    notices.extend(child.dispatcher.notices(SystemTime::now()));
    notices
}

fn workers(dispatcher: &Dispatcher) -> Vec<(&BStr, rjk_status::Worker<'_>)> {
    let all = dispatcher.workers();
    all.map(|(name, worker)| {
        let worker = match worker {
            Worker::Lb(lb) => rjk_status::Worker::Balancer(&lb.balancer),
            Worker::Ajp(worker) => rjk_status::Worker::Ajp(worker.endpoint.worker().clone()),
            Worker::Status(_) | Worker::Legacy(_) => rjk_status::Worker::Other,
        };
        (name.as_bstr(), worker)
    })
    .collect()
}

/// The rules of all servers, in httpd's order.
fn maps() -> Vec<(BString, Arc<UriMap>)> {
    // SAFETY: the servers of the running configuration, which children never change.
    unsafe {
        servers(about::main_server())
            .filter_map(|server| {
                let ready = ServerSlot::of(server)?.ready.as_ref()?;
                Some((
                    about::server_text(server).into(),
                    Arc::clone(&ready.config.uri_map.load()),
                ))
            })
            .collect()
    }
}

fn wall_time(unix: i64) -> WallTime {
    let time = about::local_time(unix);
    WallTime {
        unix,
        year: time.tm_year + 1900,
        month: time.tm_mon + 1,
        day: time.tm_mday,
        hour: time.tm_hour,
        minute: time.tm_min,
        second: time.tm_sec,
        offset: time.tm_gmtoff,
    }
}

/// What browsers must not do with the page: show it in one of another site, whose visitor would then click on
/// our buttons, or run a script (C-14).
const GUARDS: [(&[u8], &[u8]); 2] = [
    (
        b"Content-Security-Policy",
        b"frame-ancestors 'self'; script-src 'none'",
    ),
    (b"X-Frame-Options", b"SAMEORIGIN"),
];

fn give(request: RequestRec<'_>, answer: &Answer, log: &dyn Log) -> c_int {
    let body = RequestBody::new(request, false, 0);
    let Some(mut client) = body.and_then(|body| Client::new(request, body)) else {
        return fail(&NO_MEMORY, SERVER_ERROR, log);
    };
    let (headers, pool) = (request.headers_out(), request.pool());
    headers.set_bytes(pool, b"Cache-Control", b"no-cache");
    headers.set_bytes(pool, b"Pragma", b"no-cache");
    if answer.format == Some(Format::Html) {
        for (name, value) in GUARDS {
            headers.set_bytes(pool, name, value);
        }
    }
    request.set_content_type(content_type(answer.format));
    if answer.status != 200 {
        request.set_status(c_int::from(answer.status));
    }
    if client.send(&[&answer.text], Then::End).is_err() {
        client.break_off(500);
    }
    OK
}

/// The type of an answer; a request whose format is not known gets plain text (C-12).
fn content_type(format: Option<Format>) -> &'static CStr {
    match format {
        Some(Format::Html) => c"text/html;charset=utf-8",
        Some(Format::Xml) => c"text/xml",
        Some(Format::Json) => c"application/json",
        Some(Format::Text | Format::Properties) | None => c"text/plain",
    }
}
