//! `mime=prop`: `<prefix>.key=value` and `<prefix>.<worker>.key=value`.
//!
//! Scripts read these keys, so they are mod_jk's with what is odd about them: the times of members are
//! keyed by their balancer, two of them contain a blank, and a worker without a balancer is
//! `<prefix>.<worker>.list` (BG-20).

use crate::fields::{self, Field, Order};
use crate::model::{BalancerView, Body, ErrorTime, Head, MapView, Page, WorkerView};
use crate::text::verdict;
use bstr::{BStr, ByteSlice};
use std::fmt::{self, Write as _};

/// The whole answer; `prefix` is the worker's (S-07).
pub(crate) fn render(page: &Page, prefix: &BStr) -> String {
    let mut out = Writer {
        out: String::new(),
        prefix,
    };
    if let Some(head) = &page.head {
        out.head(head, &page.body);
    }
    match &page.body {
        Body::Empty | Body::Edit(_) => {}
        Body::List { balancers, workers } => {
            if let Some(balancers) = balancers {
                out.global("lb_count", balancers.len());
                balancers.iter().for_each(|view| out.balancer(view));
            }
            if let Some(workers) = workers {
                out.global("ajp_count", workers.len());
                workers.iter().for_each(|view| out.worker(view));
            }
        }
        Body::Balancer(view) => out.balancer(view),
        Body::Worker(view) => out.worker(view),
        Body::Dump(properties) => {
            for (name, value) in properties {
                let _ = writeln!(out.out, "{name}={value}");
            }
        }
    }
    let (kind, message) = verdict(&page.result);
    out.global("result.type", kind);
    out.global("result.message", message);
    out.out
}

struct Writer<'a> {
    out: String,
    prefix: &'a BStr,
}

impl Writer<'_> {
    fn global(&mut self, key: &str, value: impl fmt::Display) {
        let _ = writeln!(self.out, "{}.{key}={value}", self.prefix);
    }

    fn of(&mut self, worker: &BStr, key: impl fmt::Display, value: impl fmt::Display) {
        let _ = writeln!(self.out, "{}.{worker}.{key}={value}", self.prefix);
    }

    fn all_of(&mut self, worker: &BStr, fields: &[Field<'_>]) {
        for field in fields {
            self.of(worker, field.name, &field.value);
        }
    }

    fn head(&mut self, head: &Head, body: &Body) {
        for field in fields::server(head) {
            self.global(&format!("server_{}", field.name), field.value);
        }
        if matches!(body, Body::Edit(_)) {
            return;
        }
        for field in fields::time(&head.time) {
            self.global(&format!("time_{}", field.name), field.value);
        }
        for field in fields::software(head) {
            self.global(field.name, field.value);
        }
    }

    fn balancer(&mut self, view: &BalancerView) {
        let name = view.name.as_bstr();
        self.global("list", name);
        self.all_of(name, &fields::balancer(view));
        for member in &view.members {
            let member_name = member.endpoint.name();
            self.of(name, "balance_workers", member_name);
            self.all_of(member_name, &fields::member(member, Order::RetriesFirst));
            self.all_of(name, &fields::last_reset(member.last_reset));
            self.error_time(name, member.error_time.as_ref());
        }
        view.maps.iter().for_each(|view| self.map(name, view));
    }

    fn worker(&mut self, view: &WorkerView) {
        let name = view.endpoint.name();
        self.of(name, "list", name);
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
            self.of(worker, key, field.value);
        }
    }

    fn map(&mut self, worker: &BStr, view: &MapView) {
        for field in fields::map(view) {
            let key = format!("map.{}.{}", view.id, field.name);
            self.of(worker, key, field.value);
        }
    }
}
