//! The status worker's page (contract §6, first cut).

use super::client::Client;
use crate::ffi::answer::{OK, SERVER_ERROR};
use crate::ffi::request::RequestRec;
use crate::server::ready::{Child, Ready};
use bstr::ByteSlice;
use rjk_config::model::StatusSpec;
use rjk_proxy::job::downstream::{Downstream, Then};
use rjk_proxy::status;
use std::ffi::c_int;

/// Answers with the page of one status worker.
pub(super) fn send(
    request: RequestRec<'_>,
    ready: &'static Ready,
    child: &Child,
    spec: &StatusSpec,
) -> c_int {
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
    let Some(mut client) = Client::new(request, false) else {
        return SERVER_ERROR;
    };
    let (headers, pool) = (request.headers_out(), request.pool());
    headers.set_bytes(pool, b"Cache-Control", b"no-cache");
    headers.set_bytes(pool, b"Pragma", b"no-cache");
    request.set_content_type(c"text/html;charset=utf-8");
    let _ = client.send(&[html.as_bytes()], Then::End);
    OK
}
