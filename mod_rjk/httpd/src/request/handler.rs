//! The handler hook: from a mapped request to its answer (contract G-08…G-15).

use super::after::MAINTENANCE;
use super::body::RequestBody;
use super::client::Client;
use super::facts::{Facts, Framing};
use super::failed::{NO_MEMORY, fail};
use super::log::RequestLog;
use super::mapping::{HANDLER, is_kept_here};
use super::state::{self, ready};
use super::target::Target;
use super::{notes, status_page};
use crate::ffi::answer::{DECLINED, OK, SERVER_ERROR};
use crate::ffi::guard::catch;
use crate::ffi::request::RequestRec;
use crate::ffi::sys;
use crate::server::ready::{Child, Ready};
use bstr::BStr;
use rjk_config::model::LegacySpec;
use rjk_log::{Log, jk_log};
use rjk_proxy::dispatcher::Worker;
use rjk_proxy::job::Served;
use rjk_proxy::job::failure::{Cause, Failure, Phase, refused_body};
use rjk_proxy::job::report::{Report, Told, log_failure};
use std::ffi::{CStr, c_int};
use std::time::Instant;

const PROXY: &str =
    "a proxy request cannot be forwarded to a worker: send it to one or to the proxy";
const NO_CHILD: &str = "this child could not be set up, see the error log";

/// The handler name that httpd gives to folders.
const DIRECTORY: &CStr = c"httpd/unix-directory";

/// The handler hook.
pub(crate) fn handle(request: RequestRec<'_>) -> c_int {
    let Some(ready) = ready(request) else {
        return DECLINED;
    };
    if !is_for_us(request, ready) || is_kept_here(request) {
        return DECLINED;
    }
    let Some(sink) = &ready.log else {
        return SERVER_ERROR;
    };
    let log = RequestLog {
        sink,
        request,
        ready,
    };
    if request.is_proxy_request() {
        return fail(&PROXY, SERVER_ERROR, &log);
    }
    let Some(target) = Target::choose(request, ready, &log) else {
        return DECLINED;
    };
    if let Some(state) = state::of_forwarded(request) {
        state.note_handled();
    }
    let Some(child) = ready.child.get() else {
        return fail(&NO_CHILD, SERVER_ERROR, &log);
    };
    serve(request, ready, child, &target, &log)
}

fn is_for_us(request: RequestRec<'_>, ready: &Ready) -> bool {
    request.has_handler(HANDLER)
        || (ready.config.options.forward_directories && request.has_handler(DIRECTORY))
}

fn serve(
    request: RequestRec<'_>,
    ready: &'static Ready,
    child: &Child,
    target: &Target<'_>,
    log: &dyn Log,
) -> c_int {
    if !matches!(target, Target::Noted { .. }) {
        // T-01: also for a worker that mapping did not choose, and for one that does not exist.
        notes::set_worker(request, target.worker());
    }
    let Some(worker) = target.find(&child.dispatcher) else {
        let name = target.worker();
        let what =
            format_args!("worker {name} is not in worker.list: add it, or correct the mount");
        return fail(&what, SERVER_ERROR, log);
    };
    notes::set_type(request, worker.type_name());
    if request.is_aborted() {
        return OK;
    }
    if !child.has_watchdog {
        child.dispatcher.maintain(&child.log.with_id(MAINTENANCE));
    }
    match worker {
        Worker::Status(spec) => {
            let began = Instant::now();
            let answer = status_page::send(request, ready, child, spec, log);
            notes::set_duration(request, began.elapsed());
            answer
        }
        Worker::Legacy(spec) => not_supported(spec, log),
        worker => forward(request, ready, child, worker, target, log),
    }
}

/// mod_jk would try a protocol that no Tomcat of today speaks.
fn not_supported(spec: &LegacySpec, log: &dyn Log) -> c_int {
    let (name, kind) = (&spec.name, spec.kind.as_str());
    let what = format_args!(
        "worker {name} has type={kind}, which is not supported: write worker.{name}.type=ajp13"
    );
    fail(&what, SERVER_ERROR, log)
}

fn forward(
    request: RequestRec<'_>,
    ready: &'static Ready,
    child: &Child,
    worker: &Worker,
    target: &Target<'_>,
    log: &dyn Log,
) -> c_int {
    let name = target.worker();
    let state = state::of(request);
    let original = state.map_or_else(|| request.uri(), |state| state.original_uri);
    let (body, framing) = match open_body(request, ready, name, log) {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    let facts = Facts::gather(request, ready, original, framing);
    let forwarded = facts.upstream(ready, target.extensions());
    let Some(mut client) = Client::new(request, body) else {
        return fail(&NO_MEMORY, SERVER_ERROR, log);
    };
    let began = Instant::now();
    // Written where it stays: it is large, and not copied.
    let mut report = Report::default();
    let ended = catch("the exchange", false, || {
        let dispatcher = &child.dispatcher;
        dispatcher.serve(worker, &forwarded, &mut client, &mut report, log);
        true
    });
    if !ended {
        let (answer, told) = after_defect(request, &client);
        let what = format_args!("worker {name}: a defect in mod_rjk, see the error log");
        log_failure(&what, told, log);
        return answer;
    };
    let took = report.ended_at.unwrap_or_else(Instant::now) - began;
    notes::set_report(request, child.notes.as_ref(), took, &report);
    jk_log!(
        log,
        Debug,
        "{} bytes of the response body went to the client",
        client.sent
    );
    let (answer, told) = finish(request, &client, &report);
    if client.refused && report.result.is_err() {
        let what = format_args!("worker {name}: httpd refused its response, see the error log");
        log_failure(&what, told, log);
    } else {
        report.log(name, told, log);
    }
    answer
}

/// The request body and how it is announced; what httpd gets to know when it is refused.
fn open_body<'r>(
    request: RequestRec<'r>,
    ready: &Ready,
    name: &BStr,
    log: &dyn Log,
) -> Result<(RequestBody<'r>, Framing), c_int> {
    if let Err(status) = request.open_body() {
        let what = format_args!(
            "worker {name} failed while opening the request body: httpd refused it; {}",
            refused_body(status)
        );
        return Err(fail(&what, status, log));
    }
    let announced = Framing::announced(request, &ready.env.ignore_cl);
    let has_body = announced.has_body() && request.has_body();
    let Some(mut body) = RequestBody::new(request, has_body, request.announced_body()) else {
        return Err(fail(&NO_MEMORY, SERVER_ERROR, log));
    };
    if !has_body || !request.is_body_filtered() {
        return Ok((body, announced));
    }
    let framing = body.look_ahead(announced).map_err(|broken| {
        let failure = Failure::last(Phase::Send, Cause::ClientRead(broken));
        let (status, left) = (failure.status(), broken.left);
        let told = if left {
            Told::Nothing
        } else {
            Told::Status(status)
        };
        log_failure(&format_args!("worker {name} {failure}"), told, log);
        unanswered(request, status)
    })?;
    Ok((body, framing))
}

/// What httpd gets to know, and what the client got.
type Answer = (c_int, Told);

/// An error page behind a part of a response would look like more of it.
fn after_defect(request: RequestRec<'_>, client: &Client<'_>) -> Answer {
    if client.started {
        return (OK, client.break_off(500));
    }
    (unanswered(request, 500), Told::Status(500))
}

/// The answer of a request that failed before the response began. When httpd has answered already,
/// its word for that: httpd sends its 500 should nobody have done so.
fn unanswered(request: RequestRec<'_>, status: u16) -> c_int {
    if request.is_answered() {
        sys::AP_FILTER_ERROR
    } else {
        c_int::from(status)
    }
}

/// The page that a part belongs to gets to know that it failed, and shows its own words for that
/// behind the part's (G-14).
fn answered(request: RequestRec<'_>, status: u16) -> c_int {
    if request.main().is_some() && status >= 400 {
        c_int::from(status)
    } else {
        OK
    }
}

/// The end of a request, well or not (G-13).
fn finish(request: RequestRec<'_>, client: &Client<'_>, report: &Report<'_>) -> Answer {
    match &report.result {
        Ok(Served::Response { status }) => (answered(request, *status), Told::Status(*status)),
        Ok(Served::ServerPage {
            status,
            authenticate,
        }) => {
            if let Some(value) = authenticate {
                let pool = request.pool();
                request
                    .err_headers_out()
                    .set_bytes(pool, b"WWW-Authenticate", value);
            }
            (c_int::from(*status), Told::Status(*status))
        }
        Ok(Served::Refused(refusal)) => {
            if let Some(seconds) = refusal.retry_after {
                let (pool, value) = (request.pool(), seconds.to_string());
                // It goes along with httpd's own page, too.
                request
                    .err_headers_out()
                    .set_bytes(pool, b"Retry-After", value.as_bytes());
            }
            let status = refusal.status;
            (c_int::from(status), Told::Status(status))
        }
        // The client is there: it gets httpd's 500, or sees the response break off.
        Err(_) if client.refused => (OK, client.break_off(500)),
        Err(failure) => {
            let status = failure.status();
            let (answer, told) = if report.started {
                (OK, client.break_off(status))
            } else {
                (unanswered(request, status), Told::Status(status))
            };
            let has_left = matches!(&failure.cause, Cause::ClientRead(body) if body.left);
            (answer, if has_left { Told::Nothing } else { told })
        }
    }
}
