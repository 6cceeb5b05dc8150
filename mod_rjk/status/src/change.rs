//! The commands that change something: update, reset and recover (CM-04…CM-06, §6.3, §6.4).

mod failed;
mod object;

use crate::access::Client;
use crate::query::Query;
use crate::setting::{self, AnyMemberSetting, Ignored};
use crate::site::{Site, Worker};
use crate::target::Target;
use bstr::{BStr, BString, ByteSlice};
use failed::{Failed, done, in_turn, is_last, partly};
use object::Object;
use rjk_balance::edit::{Change, EditError, EndpointSetting, MemberSetting};
use rjk_balance::{
    AjpWorker, Balancer, recover_member, reset_balancer, reset_member, reset_worker,
};
use rjk_config::model::StatusSpec;
use rjk_log::{Log, jk_log};
use std::fmt;

/// Who changes what, and where it is written down.
pub(crate) struct Changer<'a> {
    pub(crate) spec: &'a StatusSpec,
    pub(crate) site: &'a Site<'a>,
    pub(crate) query: &'a Query,
    pub(crate) client: Client<'a>,
    pub(crate) log: &'a dyn Log,
}

impl Changer<'_> {
    /// `cmd=update`.
    ///
    /// # Errors
    /// The text for the client, as from [`Changer::reset`] and [`Changer::recover`].
    pub(crate) fn update(&self) -> Result<(), String> {
        let target = Target::find(self.query, self.site, true)?;
        match (&target.worker, &target.members) {
            (Worker::Balancer(balancer), Some(members)) => {
                self.update_members(balancer, members, target.is_pattern)
            }
            (Worker::Balancer(balancer), None) => match self.query.get("att") {
                Some(att) => self.update_all(balancer, att),
                None => self.update_balancer(balancer),
            },
            (Worker::Ajp(worker), _) => {
                let object = Object::Worker(worker.name());
                done(self.update_endpoint(worker, object))
            }
            (Worker::Other, _) => Err("Update failed".to_owned()),
        }
    }

    /// `cmd=reset`.
    pub(crate) fn reset(&self) -> Result<(), String> {
        let target = Target::find(self.query, self.site, false)?;
        let now = self.site.clock.now;
        let object = match (&target.worker, target.member()) {
            (Worker::Balancer(balancer), Some(index)) => {
                reset_member(balancer, index, now);
                Object::member(balancer, index)
            }
            (Worker::Balancer(balancer), None) => {
                reset_balancer(balancer, now);
                Object::Balancer(balancer.spec().name.as_bstr())
            }
            (Worker::Ajp(worker), _) => {
                reset_worker(worker.slot(), now);
                Object::Worker(worker.name())
            }
            (Worker::Other, _) => return Err("Reset failed".to_owned()),
        };
        self.note(format_args!("{object}: statistics begin anew"));
        Ok(())
    }

    /// `cmd=recover`.
    pub(crate) fn recover(&self) -> Result<(), String> {
        let target = Target::find(self.query, self.site, false)?;
        let now = self.site.clock.now;
        match (&target.worker, target.member()) {
            (Worker::Balancer(balancer), Some(index)) if recover_member(balancer, index, now) => {
                let object = Object::member(balancer, index);
                self.note(format_args!("{object}: marked for recovery"));
                Ok(())
            }
            _ => Err("Marking worker for recovery failed".to_owned()),
        }
    }

    fn update_balancer(&self, balancer: &Balancer) -> Result<(), String> {
        let object = Object::Balancer(balancer.spec().name.as_bstr());
        done(in_turn(setting::of_balancer(self.query), |setting| {
            let setting = self.read(setting)?;
            let done = self.site.editor.balancer(balancer, &setting);
            self.noted(done, object, None)
        }))
    }

    /// The members of `sw`: one, or all that a pattern matches until one fails.
    fn update_members(
        &self,
        balancer: &Balancer,
        members: &[usize],
        is_pattern: bool,
    ) -> Result<(), String> {
        for index in members {
            if let Some(failed) = self.update_member(balancer, *index) {
                let rest = match is_pattern {
                    true => " Aborting further wildcard updates.",
                    false => "",
                };
                return Err(partly(&failed.text, rest));
            }
        }
        Ok(())
    }

    /// What failed last, if anything did.
    fn update_member(&self, balancer: &Balancer, index: usize) -> Option<Failed> {
        let object = Object::member(balancer, index);
        let failed = in_turn(setting::of_member(self.query), |setting| {
            let setting = self.read(setting)?;
            let done = self.site.editor.member(balancer, index, &setting);
            self.noted(done, object, text_of(&setting))
        });
        if is_last(&failed) {
            return failed;
        }
        let worker = balancer.worker(index)?;
        self.update_endpoint(worker, object).or(failed)
    }

    fn update_endpoint(&self, worker: &AjpWorker, object: Object<'_>) -> Option<Failed> {
        let failed = self.update_place(worker, object);
        if is_last(&failed) {
            return failed;
        }
        in_turn(setting::of_endpoint(self.query), |setting| {
            let setting = self.read(setting)?;
            let done = self.site.editor.endpoint(worker, &setting);
            self.noted(done, object, None)
        })
        .or(failed)
    }

    /// Moves a worker to another host, another port or both, in one edit (V-20, V-21).
    fn update_place(&self, worker: &AjpWorker, object: Object<'_>) -> Option<Failed> {
        let (host, port) = setting::place(self.query);
        let port = port.and_then(|port| self.read(port));
        if host.is_none() && port.is_none() {
            return None;
        }
        let now = worker.settings().spec;
        let host = host.unwrap_or(now.host.as_bstr()).to_owned();
        let port = port.unwrap_or(now.port);
        let unresolved = || {
            let name = object.name();
            let text =
                format!("could not resolve address '{host}:{port}' for sub worker '{name}'.");
            Failed {
                text,
                is_last: false,
            }
        };
        if host.is_empty() {
            return Some(unresolved());
        }
        let setting = EndpointSetting::Address {
            host: host.clone(),
            port,
        };
        match self.site.editor.endpoint(worker, &setting) {
            Err(EditError::Unresolved { error, .. }) => {
                let name = &self.spec.name;
                jk_log!(
                    self.log,
                    Error,
                    "status worker {name}: {object}: host {host} does not resolve: {error}"
                );
                Some(unresolved())
            }
            done => self.noted(done, object, Some(("host name", host))),
        }
    }

    /// §6.4: one setting of all members, each with a value of its own.
    fn update_all(&self, balancer: &Balancer, att: &BStr) -> Result<(), String> {
        let Some(code) = setting::bulk_code(att) else {
            let name = &self.spec.name;
            jk_log!(
                self.log,
                Warn,
                "status worker {name}: att={att} is no setting that all members can get at once"
            );
            return Ok(());
        };
        let query = self.query;
        let values = (0..balancer.spec().members.len())
            .filter_map(|index| Some((index, query.get(&format!("val{index}"))?)));
        done(in_turn(values, |(index, value)| {
            let object = Object::member(balancer, index);
            let setting = self.read(setting::of_code(code, value))?;
            let text = match &setting {
                AnyMemberSetting::Member(setting) => text_of(setting),
                AnyMemberSetting::Endpoint(_) => None,
            };
            let done = self.apply(balancer, index, &setting)?;
            self.noted(done, object, text)
        }))
    }

    fn apply(
        &self,
        balancer: &Balancer,
        index: usize,
        setting: &AnyMemberSetting,
    ) -> Option<Result<Change, EditError>> {
        let editor = &self.site.editor;
        match setting {
            AnyMemberSetting::Member(setting) => Some(editor.member(balancer, index, setting)),
            AnyMemberSetting::Endpoint(setting) => {
                Some(editor.endpoint(balancer.worker(index)?, setting))
            }
        }
    }

    /// The setting; what is none gets a line.
    fn read<T>(&self, setting: Result<T, Ignored>) -> Option<T> {
        setting
            .inspect_err(|Ignored { parameter, value }| {
                let name = &self.spec.name;
                jk_log!(
                    self.log,
                    Warn,
                    "status worker {name}: {parameter}={value} cannot be and is ignored"
                );
            })
            .ok()
    }

    /// Writes down what became of an edit; the text of its failure. `text` says what a text is that may be
    /// too long, and the text.
    fn noted(
        &self,
        done: Result<Change, EditError>,
        object: Object<'_>,
        text: Option<(&'static str, BString)>,
    ) -> Option<Failed> {
        match done {
            Ok(change) => {
                if change.made() {
                    let Change { property, old, new } = change;
                    self.note(format_args!("{object}: {property} '{old}' -> '{new}'"));
                }
                None
            }
            Err(error) => {
                let (name, sub_worker) = (&self.spec.name, object.name());
                jk_log!(self.log, Error, "status worker {name}: {object}: {error}");
                let is_last = matches!(error, EditError::Locked(_));
                let text = match (error, text) {
                    (EditError::TooLong { .. }, Some((what, text))) => format!(
                        "new {what} '{text}' too long for sub worker '{sub_worker}', \
                         see log file for details."
                    ),
                    (error, _) => format!("{error}, for worker '{sub_worker}'."),
                };
                Some(Failed { text, is_last })
            }
        }
    }

    /// A change that was made, by whom and from where.
    fn note(&self, what: fmt::Arguments<'_>) {
        let name = &self.spec.name;
        let Client { user, address } = self.client;
        let user = user.unwrap_or(b"-".as_bstr());
        jk_log!(
            self.log,
            Info,
            "status worker {name}: {what}, by {user} from {address}"
        );
    }
}

/// The text of a setting that may be too long, and what it is.
fn text_of(setting: &MemberSetting) -> Option<(&'static str, BString)> {
    match setting {
        MemberSetting::Route(text) => Some(("route", text.clone())),
        MemberSetting::Redirect(text) => Some(("redirect", text.clone())),
        MemberSetting::Domain(text) => Some(("domain", text.clone())),
        _ => None,
    }
}
