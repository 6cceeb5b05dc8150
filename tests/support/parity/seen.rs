//! What was seen of a request, and how it compares with what was expected.

use super::expect::{Expect, Forward, Start};
use super::marks::Marks;
use super::stage::Stage;
use super::want::Want;
use crate::client::{self, BodyEnd, Response};
use crate::httpd::FailedStart;
use crate::peer::{BodyPacket, Forwarded};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// A field that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field, as the case writes it: `headers.Location`.
    pub field: String,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub got: String,
}

/// What the client saw.
#[derive(Debug)]
pub struct Seen {
    /// The answer; or what happened instead of one.
    pub answer: Option<Result<Response, String>>,
    /// From the request to the end of the answer.
    pub took: Duration,
    /// Which client's connection, and the place of its line among those of this connection.
    pub line: Option<(u16, usize, usize)>,
}

/// Looks at one field after the other.
struct Looker<'a> {
    stage: &'a Stage,
    wrong: Vec<Wrong>,
}

/// What differs between an expectation and what was seen; `turn` counts the repetitions of a request.
pub fn look(stage: &Stage, marks: &Marks, seen: &Seen, expect: &Expect, turn: usize) -> Vec<Wrong> {
    let wrong = Vec::new();
    let mut looker = Looker { stage, wrong };
    looker.answer(seen, expect);
    looker.peers(marks, expect, turn);
    looker.logs(marks, seen, expect);
    for (key, want) in &expect.page {
        looker.want(&format!("page.{key}"), want, &page_line(stage, key));
    }
    if let Some(want) = &expect.took_ms {
        looker.want("took_ms", want, &[seen.took.as_millis().to_string()]);
    }
    looker.wrong
}

/// What differs in the start of a server.
pub fn look_at_start(stage: &Stage, start: &Start) -> Vec<Wrong> {
    let wrong = Vec::new();
    let mut looker = Looker { stage, wrong };
    let said = match &stage.httpd {
        Ok(httpd) => httpd.error_log() + &httpd.jk_log(),
        Err(failed) => FailedStart::text(failed),
    };
    if let Some(want) = &start.says {
        looker.want("start.says", want, &[said]);
    }
    let (accepted, text) = stage.configtest.clone().unwrap_or_default();
    if let Some(want) = start.configtest {
        looker.same("start.configtest", &want, &accepted);
        if want != accepted {
            looker.note("start.configtest_says", &text);
        }
    }
    if let Some(want) = &start.configtest_says {
        looker.want("start.configtest_says", want, &[text]);
    }
    looker.wrong
}

impl Looker<'_> {
    fn want(&mut self, field: &str, want: &Want, found: &[String]) {
        let want = want.map(&|text| self.stage.fill(text));
        if want.is_met(found) {
            return;
        }
        let got = match found {
            [] => "nothing".to_owned(),
            [one] => format!("{one:?}"),
            all => format!("{all:?}"),
        };
        self.put(field, want.to_string(), got);
    }

    fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
        &mut self,
        field: &str,
        want: &T,
        got: &U,
    ) {
        if *want != *got {
            self.put(field, format!("{want:?}"), format!("{got:?}"));
        }
    }

    fn note(&mut self, field: &str, got: &str) {
        self.put(field, "(for the reader)".to_owned(), got.to_owned());
    }

    fn put(&mut self, field: &str, expected: String, got: String) {
        let field = field.to_owned();
        self.wrong.push(Wrong {
            field,
            expected,
            got,
        });
    }

    fn answer(&mut self, seen: &Seen, expect: &Expect) {
        let Some(answer) = &seen.answer else {
            return;
        };
        let response = match answer {
            Ok(response) => response,
            Err(problem) => {
                if let Some(want) = &expect.status
                    && !want.is_met(&["0".to_owned()])
                {
                    self.put("status", want.to_string(), format!("no answer: {problem}"));
                }
                return;
            }
        };
        if let Some(want) = &expect.status {
            self.want("status", want, &[response.status.to_string()]);
        }
        if let Some(want) = &expect.phrase {
            self.want("phrase", want, std::slice::from_ref(&response.reason));
        }
        for (name, want) in &expect.headers {
            let found: Vec<String> = response.all(name).into_iter().map(str::to_owned).collect();
            self.want(&format!("headers.{name}"), want, &found);
        }
        if let Some(want) = &expect.body {
            let text = response.text();
            let found = if text.is_empty() { vec![] } else { vec![text] };
            let empty = *want == Want::Is(String::new()) && found.is_empty();
            if !empty {
                self.want("body", want, &found);
            }
        }
        if let Some(want) = expect.body_length {
            self.same("body_length", &want, &response.body.len());
        }
        if let Some(want) = expect.complete {
            self.same("complete", &want, &(response.end == BodyEnd::Complete));
        }
        if let Some(want) = &expect.interim {
            self.same("interim", want, &response.interim);
        }
    }

    fn peers(&mut self, marks: &Marks, expect: &Expect, turn: usize) {
        let all = marks.forwarded(self.stage);
        let reached: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
        if let Some(want) = &expect.served_by {
            let names = &want.0;
            let name = if names.len() == 1 {
                names.first()
            } else {
                names.get(turn)
            };
            let last = reached.last().copied().unwrap_or("nobody");
            self.same("served_by", &name.map_or("", String::as_str), &last);
        }
        if let Some(want) = &expect.reached {
            self.same("reached", want, &reached);
        }
        if let Some(want) = &expect.forwarded {
            match all.last() {
                Some((_, request, reused)) => self.forwarded(want, request, *reused),
                None => self.put("forwarded", "a request".into(), "nothing".into()),
            }
        }
        for (name, want) in &expect.connections {
            self.same(
                &format!("connections.{name}"),
                &Some(*want),
                &marks.connections(self.stage, name),
            );
        }
        for (name, want) in &expect.pings {
            self.same(
                &format!("pings.{name}"),
                &Some(*want),
                &marks.pings(self.stage, name),
            );
        }
        for (name, want) in &expect.open {
            let peer = self.stage.members.peer(name).ok();
            let open = peer.map(|peer| peer.open_connections());
            self.same(&format!("open.{name}"), &Some(*want), &open);
        }
    }

    fn forwarded(&mut self, want: &Forward, request: &Forwarded, reused: bool) {
        let text = |text: &Option<String>| vec![text.clone().unwrap_or_else(|| NULL.to_owned())];
        let address = |address: Option<IpAddr>| address.iter().map(IpAddr::to_string).collect();
        for (field, want, found) in [
            ("from", &want.from, address(request.from)),
            ("method", &want.method, vec![request.method.clone()]),
            (
                "method_code",
                &want.method_code,
                vec![request.method_code.to_string()],
            ),
            ("protocol", &want.protocol, vec![request.protocol.clone()]),
            ("uri", &want.uri, vec![request.uri.clone()]),
            ("remote_addr", &want.remote_addr, text(&request.remote_addr)),
            ("remote_host", &want.remote_host, text(&request.remote_host)),
            ("server_name", &want.server_name, text(&request.server_name)),
            (
                "server_port",
                &want.server_port,
                vec![request.server_port.to_string()],
            ),
            ("body", &want.body, vec![latin1(&request.body())]),
            ("hex", &want.hex, vec![hex(&request.raw)]),
        ] {
            if let Some(want) = want {
                self.want(&format!("forwarded.{field}"), want, &found);
            }
        }
        for (name, want) in &want.headers {
            let found: Vec<String> = request
                .headers_named(name)
                .into_iter()
                .map(str::to_owned)
                .collect();
            self.want(&format!("forwarded.headers.{name}"), want, &found);
        }
        for (name, want) in &want.attributes {
            self.want(
                &format!("forwarded.attributes.{name}"),
                want,
                &attribute(request, name),
            );
        }
        self.forwarded_lists(want, request);
        if let Some(want) = want.ssl {
            self.same("forwarded.ssl", &want, &request.is_ssl);
        }
        if let Some(want) = want.reused {
            self.same("forwarded.reused", &want, &reused);
        }
    }

    fn forwarded_lists(&mut self, want: &Forward, request: &Forwarded) {
        if let Some(want) = &want.header_order {
            let names: Vec<&str> = request.headers.iter().map(|h| h.name.as_str()).collect();
            self.same("forwarded.header_order", want, &names);
        }
        if let Some(want) = &want.attribute_order {
            let names: Vec<&str> = request.attributes.iter().map(|a| a.name.as_str()).collect();
            self.same("forwarded.attribute_order", want, &names);
        }
        if let Some(want) = want.body_length {
            self.same("forwarded.body_length", &want, &request.body().len());
        }
        if let Some(want) = &want.packets {
            self.same("forwarded.packets", want, &packets(request));
        }
    }

    fn logs(&mut self, marks: &Marks, seen: &Seen, expect: &Expect) {
        let fields = if expect.log.is_empty() {
            Vec::new()
        } else {
            log_line(self.stage, seen)
        };
        for (name, want) in &expect.log {
            let index = self.stage.fields.iter().position(|field| field == name);
            let value = index.and_then(|index| fields.get(index)).cloned();
            let found: Vec<String> = value.filter(|value| value != "-").into_iter().collect();
            self.want(&format!("log.{name}"), want, &found);
        }
        if let Some(want) = &expect.jk_log {
            self.want("jk_log", want, &text_or_nothing(marks.jk_log(self.stage)));
        }
        if let Some(want) = &expect.error_log {
            self.want(
                "error_log",
                want,
                &text_or_nothing(marks.error_log(self.stage)),
            );
        }
        for (name, want) in &expect.files {
            let path = self.stage.httpd.as_ref().map(|httpd| httpd.path(name));
            let bytes = path.ok().and_then(|path| std::fs::read(path).ok());
            let found: Vec<String> = bytes
                .iter()
                .map(|b| String::from_utf8_lossy(b).into_owned())
                .collect();
            self.want(&format!("files.{name}"), want, &found);
        }
        for (name, want) in &expect.modes {
            self.want(&format!("modes.{name}"), want, &modes(self.stage, name));
        }
    }
}

/// The modes of the files whose path below the server root is `name`, or begins so before its `*`.
fn modes(stage: &Stage, name: &str) -> Vec<String> {
    let Ok(httpd) = &stage.httpd else {
        return Vec::new();
    };
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let is_named = |found: &str| match file.strip_suffix('*') {
        Some(start) => found.starts_with(start),
        None => found == file,
    };
    let entries = std::fs::read_dir(httpd.path(folder))
        .into_iter()
        .flatten()
        .flatten();
    let named = entries.filter(|entry| is_named(&entry.file_name().to_string_lossy()));
    let modes = named.filter_map(|entry| Some(entry.metadata().ok()?.permissions().mode()));
    modes.map(|mode| format!("{:o}", mode & 0o7777)).collect()
}

/// How a null string reads.
pub(super) const NULL: &str = "(null)";

fn text_or_nothing(text: String) -> Vec<String> {
    if text.is_empty() {
        Vec::new()
    } else {
        vec![text]
    }
}

fn attribute(request: &Forwarded, name: &str) -> Vec<String> {
    let same = request.attributes.iter().filter(|a| a.name == name);
    same.map(|a| a.value.clone().unwrap_or_else(|| NULL.to_owned()))
        .collect()
}

pub(super) fn packets(request: &Forwarded) -> Vec<String> {
    let text = |packet: &BodyPacket| match packet {
        BodyPacket::Data(data) => data.len().to_string(),
        BodyPacket::End => "end".to_owned(),
        BodyPacket::Broken => "broken".to_owned(),
    };
    request.body_packets.iter().map(text).collect()
}

pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The fields of the access log's line of a request; the first is empty when there is none.
pub(super) fn log_line(stage: &Stage, seen: &Seen) -> Vec<String> {
    let (Ok(httpd), Some((port, index, mark))) = (&stage.httpd, seen.line) else {
        return vec![String::new()];
    };
    let log = httpd.access_log();
    let port = port.to_string();
    let lines = log.get(mark..).unwrap_or_default().split_inclusive('\n');
    let whole = lines.filter_map(|line| line.strip_suffix('\n'));
    let mut own = whole.filter(|line| line.split('\t').next() == Some(&port));
    let line = own.nth(index).unwrap_or_default();
    line.split('\t').map(str::to_owned).collect()
}

/// The values of a key of the status worker's property list.
fn page_line(stage: &Stage, key: &str) -> Vec<String> {
    let (Ok(httpd), Some(path)) = (&stage.httpd, &stage.status) else {
        return vec!["(the site has no `status`)".to_owned()];
    };
    match client::get(httpd.port(), &format!("{path}?mime=prop")) {
        Ok(page) => page.field(key).into_iter().collect(),
        Err(error) => vec![format!("({error})")],
    }
}
