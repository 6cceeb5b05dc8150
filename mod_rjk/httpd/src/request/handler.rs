//! The handler hook: from a mapped request to its answer (contract G-08…G-15).

use super::client::Client;
use super::env_value::overrides;
use super::facts::Facts;
use super::mapping::{HANDLER, WORKER_NOTE, is_kept_here};
use super::state::{self, ready, request_id};
use super::target::Target;
use super::{notes, status_page};
use crate::ffi::answer::{DECLINED, OK, SERVER_ERROR};
use crate::ffi::guard::catch;
use crate::ffi::request::RequestRec;
use crate::ffi::sys;
use crate::server::ready::{Child, Ready};
use rjk_config::server::ServerConfig;
use rjk_log::{Log, jk_log};
use rjk_proxy::dispatcher::Worker;
use rjk_proxy::job::Served;
use rjk_proxy::job::failure::{Cause, Failure};
use rjk_proxy::job::report::Report;
use rjk_proxy::job::request::{ExchangeOptions, UpstreamRequest};
use std::ffi::c_int;
use std::time::Instant;

/// The handler name that httpd gives to folders.
const DIRECTORY: &[u8] = b"httpd/unix-directory";

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
    let id = request_id(request, ready, "NO-ID");
    let log = sink.with_id(&id);
    if request.is_proxy_request() {
        jk_log!(
            &log,
            Error,
            "a proxy request cannot be forwarded to a worker"
        );
        return SERVER_ERROR;
    }
    let Some(target) = Target::choose(request, ready, &log) else {
        return DECLINED;
    };
    let Some(child) = ready.child.get() else {
        jk_log!(
            &log,
            Error,
            "this child could not be set up, see the error log"
        );
        return SERVER_ERROR;
    };
    serve(request, ready, child, &target, &log)
}

fn is_for_us(request: RequestRec<'_>, ready: &Ready) -> bool {
    match request.handler() {
        Some(name) if name == HANDLER.to_bytes() => true,
        Some(name) if name == DIRECTORY => ready.config.options.forward_directories,
        _ => false,
    }
}

fn serve(
    request: RequestRec<'_>,
    ready: &'static Ready,
    child: &Child,
    target: &Target<'_>,
    log: &dyn Log,
) -> c_int {
    if request.notes().get(WORKER_NOTE).is_none() {
        // T-01: also for a worker that mapping did not choose, and for one that does not exist.
        request
            .notes()
            .set(WORKER_NOTE, request.pool(), &target.worker);
    }
    let Some(worker) = child.dispatcher.worker(&target.worker) else {
        jk_log!(
            log,
            Info,
            "worker {} is not in worker.list: 500",
            target.worker
        );
        return SERVER_ERROR;
    };
    notes::set_type(request, worker.type_name());
    if request.is_aborted() {
        return OK;
    }
    if !child.has_watchdog {
        child.dispatcher.maintain(log);
    }
    match worker {
        Worker::Status(spec) => status_page::send(request, ready, child, spec, log),
        worker => forward(request, ready, child, worker, target, log),
    }
}

fn forward(
    request: RequestRec<'_>,
    ready: &'static Ready,
    child: &Child,
    worker: &Worker,
    target: &Target<'_>,
    log: &dyn Log,
) -> c_int {
    if let Err(status) = request.open_body() {
        return status;
    }
    let state = state::of(request);
    let original = state.map_or_else(|| request.uri(), |state| state.original_uri.as_slice());
    let facts = Facts::gather(request, ready, original);
    let Some(mut client) = Client::new(request, facts.has_body() && request.has_body()) else {
        return SERVER_ERROR;
    };
    let forwarded = UpstreamRequest {
        forward: facts.forward_request(),
        rule: &target.rule,
        overrides: overrides(request),
        options: exchange_options(&ready.config),
        view: &facts,
    };
    let began = Instant::now();
    let served = catch("the handler", None, || {
        Some(child.dispatcher.serve(worker, &forwarded, &mut client, log))
    });
    let Some(report) = served else {
        return after_defect(&mut client);
    };
    notes::set_report(request, &report, began.elapsed());
    jk_log!(
        log,
        Debug,
        "{} bytes of the response body went to the client",
        client.sent
    );
    if client.refused {
        jk_log!(
            log,
            Error,
            "httpd refused the response of worker {}: see the error log",
            target.worker
        );
    }
    finish(request, &mut client, &report)
}

/// An error page behind a part of a response would look like more of it.
fn after_defect(client: &mut Client<'_>) -> c_int {
    if !client.started {
        return SERVER_ERROR;
    }
    client.break_off();
    OK
}

/// What httpd gets to know (G-13).
fn finish(request: RequestRec<'_>, client: &mut Client<'_>, report: &Report) -> c_int {
    match &report.result {
        Ok(Served::Response { .. }) => OK,
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
            c_int::from(*status)
        }
        Ok(Served::Refused { status }) => c_int::from(*status),
        // httpd found the response invalid and answered 500 itself: the client is still there.
        Err(_) if client.refused => sys::AP_FILTER_ERROR,
        Err(Failure {
            cause: Cause::ClientWrite,
            ..
        }) => {
            request.abort();
            OK
        }
        Err(_) if report.started => {
            client.break_off();
            OK
        }
        Err(failure) => {
            if matches!(failure.cause, Cause::ClientRead) {
                request.abort();
            }
            c_int::from(failure.status())
        }
    }
}

/// JkOptions that the exchange obeys.
fn exchange_options(config: &ServerConfig) -> ExchangeOptions {
    ExchangeOptions {
        flush_packets: config.options.flush_packets,
        flush_header: config.options.flush_header,
        disable_reuse: config.options.disable_reuse,
    }
}
