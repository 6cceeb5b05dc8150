//! The status worker's answers (contract §6, first cut).

use super::body::RequestBody;
use super::client::Client;
use super::failed::{NO_MEMORY, fail};
use super::map_file;
use crate::ffi::answer::{OK, SERVER_ERROR};
use crate::ffi::request::RequestRec;
use crate::server::ready::{Child, Ready};
use bstr::ByteSlice;
use rjk_config::model::StatusSpec;
use rjk_log::Log;
use rjk_proxy::job::downstream::{Downstream, Then};
use rjk_proxy::status::{self, Unsupported};
use std::ffi::{CStr, c_int};

/// For what has no answer yet.
const NOT_IMPLEMENTED: c_int = 501;

/// Answers with the page of one status worker, or with 501 to what is not there yet.
pub(super) fn send(
    request: RequestRec<'_>,
    ready: &'static Ready,
    child: &Child,
    spec: &StatusSpec,
    log: &dyn Log,
) -> c_int {
    if let Some(unsupported) = request.args().and_then(Unsupported::of) {
        let name = &spec.name;
        let what = format_args!("status worker {name}: {unsupported}, nothing was changed");
        fail(&what, NOT_IMPLEMENTED, log);
        request.set_status(NOT_IMPLEMENTED);
        let text = format!("{unsupported}: nothing was changed\n");
        return answer(request, c"text/plain;charset=utf-8", &text, log);
    }
    map_file::look_at_all(request, log);
    let user = request
        .env()
        .get(&ready.env.remote_user)
        .or_else(|| request.user());
    let page = status::Page {
        server: request.server_name().as_bstr().to_string(),
        port: request.server_port(),
        user: user.map(|user| user.as_bstr().to_owned()),
    };
    let html = page.render(spec, &child.dispatcher);
    answer(request, c"text/html;charset=utf-8", &html, log)
}

fn answer(
    request: RequestRec<'_>,
    content_type: &'static CStr,
    text: &str,
    log: &dyn Log,
) -> c_int {
    let body = RequestBody::new(request, false, 0);
    let Some(mut client) = body.and_then(|body| Client::new(request, body)) else {
        return fail(&NO_MEMORY, SERVER_ERROR, log);
    };
    let (headers, pool) = (request.headers_out(), request.pool());
    headers.set_bytes(pool, b"Cache-Control", b"no-cache");
    headers.set_bytes(pool, b"Pragma", b"no-cache");
    request.set_content_type(content_type);
    if client.send(&[text.as_bytes()], Then::End).is_err() {
        client.break_off(500);
    }
    OK
}
