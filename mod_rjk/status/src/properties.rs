//! `mime=prop`: `<prefix>.key=value` and `<prefix>.<worker>.key=value`.
//!
//! Scripts read these keys, so they are mod_jk's with what is odd about them: the times of members are
//! keyed by their balancer, two of them contain a blank, and a worker without a balancer is
//! `<prefix>.<worker>.list` (BG-20).

use crate::fields::{self, Field, Order, Value};
use crate::model::{BalancerView, Body, ErrorTime, Head, MapView, Page, WorkerView, counted};
use bstr::{BStr, ByteSlice};

/// The whole answer; `prefix` is the worker's (S-07).
pub(crate) fn render(page: &Page, prefix: &BStr) -> Vec<u8> {
    let mut out = Writer {
        out: Vec::new(),
        prefix,
    };
    if let Some(head) = &page.head {
        out.head(head, &page.body);
    }
    match &page.body {
        Body::Empty | Body::Edit(_) => {}
        Body::List { balancers, workers } => {
            if let Some(balancers) = counted(balancers) {
                out.global("lb_count", balancers.len().to_string());
                balancers.iter().for_each(|view| out.balancer(view));
            }
            if let Some(workers) = counted(workers) {
                out.global("ajp_count", workers.len().to_string());
                workers.iter().for_each(|view| out.worker(view));
            }
        }
        Body::Balancer(view) => out.balancer(view),
        Body::Worker(view) => out.worker(view),
        Body::Dump(properties) => {
            for (name, value) in properties {
                out.push(&[name.as_slice(), b"=", value]);
            }
        }
    }
    let (kind, message) = page.result.words();
    out.global("result.type", kind);
    out.global("result.message", message);
    out.out
}

struct Writer<'a> {
    out: Vec<u8>,
    prefix: &'a BStr,
}

impl Writer<'_> {
    fn push(&mut self, parts: &[&[u8]]) {
        parts
            .iter()
            .for_each(|part| self.out.extend_from_slice(part));
        self.out.push(b'\n');
    }

    fn global(&mut self, key: &str, value: impl AsRef<[u8]>) {
        self.push(&[self.prefix, b".", key.as_bytes(), b"=", value.as_ref()]);
    }

    fn of(&mut self, worker: &BStr, key: &str, value: &Value<'_>) {
        let mut text = Vec::new();
        value.push(&mut text);
        self.push(&[self.prefix, b".", worker, b".", key.as_bytes(), b"=", &text]);
    }

    fn name(&mut self, worker: &BStr, key: &str, name: &BStr) {
        self.of(worker, key, &Value::Text(name.into()));
    }

    fn all_of(&mut self, worker: &BStr, fields: &[Field<'_>]) {
        for field in fields {
            self.of(worker, field.name, &field.value);
        }
    }

    fn globals(&mut self, start: &str, fields: &[Field<'_>]) {
        for field in fields {
            let mut text = Vec::new();
            field.value.push(&mut text);
            self.global(&format!("{start}{}", field.name), text);
        }
    }

    fn head(&mut self, head: &Head, body: &Body) {
        self.globals("server_", &fields::server(head));
        if !matches!(body, Body::Edit(_)) {
            self.globals("time_", &fields::time(&head.time));
            self.globals("", &fields::software(head));
        }
    }

    fn balancer(&mut self, view: &BalancerView) {
        let name = view.name.as_bstr();
        self.global("list", name);
        self.all_of(name, &fields::balancer(view));
        for member in &view.members {
            let member_name = member.endpoint.name();
            self.name(name, "balance_workers", member_name);
            self.all_of(member_name, &fields::member(member, Order::RetriesFirst));
            self.all_of(name, &fields::last_reset(member.last_reset));
            self.error_time(name, member.error_time.as_ref());
        }
        view.maps.iter().for_each(|view| self.map(name, view));
        if let Some(policy) = &view.policy {
            self.name(name, "policy", policy.name.as_str().into());
            if let Some(field) = fields::policy(policy) {
                self.of(name, &format!("policy.{}", field.name), &field.value);
            }
        }
    }

    fn worker(&mut self, view: &WorkerView) {
        let name = view.endpoint.name();
        self.name(name, "list", name);
        self.all_of(name, &fields::worker(view, Order::RetriesFirst));
        self.all_of(name, &fields::last_reset(view.last_reset));
        self.error_time(name, view.error_time.as_ref());
        view.maps.iter().for_each(|view| self.map(name, view));
    }

    fn error_time(&mut self, worker: &BStr, time: Option<&ErrorTime>) {
        let Some(time) = time else {
            return;
        };
        let keys = [
            "error_time_datetime",
            "error_time_tz",
            "error_time_unix seconds",
            "error_time_ago seconds",
        ];
        for (key, field) in keys.iter().zip(fields::error_time(time)) {
            self.of(worker, key, &field.value);
        }
    }

    fn map(&mut self, worker: &BStr, view: &MapView) {
        for field in fields::map(view) {
            let key = format!("map.{}.{}", view.id, field.name);
            self.of(worker, &key, &field.value);
        }
    }
}
