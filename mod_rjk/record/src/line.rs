//! A decision, and what came of it, as lines.

use crate::head::Head;
use crate::read::run;
use rjk_balance::explain::Chosen;
use rjk_balance::record::{Frozen, Notes, Recorded};
use rjk_balance::{Decision, Ended, Metric, Observation, Source, Tried};
use serde_json::{Value, json};
use std::time::Duration;

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionLine {
    /// [`Head::id`] of its head.
    pub head: String,
    /// By which its outcome names it.
    pub id: u64,
    /// Milliseconds of the host's monotonic clock.
    pub at: u64,
    /// Number of the attempt within its request, from 1.
    pub attempt: u32,
    /// What the request tried before, oldest first.
    pub tried: Vec<Tried>,
    /// The member that the session rules resolved to.
    pub sticky: Option<usize>,
    /// Method.
    pub method: String,
    /// Path; without its parameters (`;jsessionid=…`) unless texts stand there as they are.
    pub path: String,
    /// Server name.
    pub server_name: String,
    /// The client's connection was encrypted.
    pub tls: bool,
    /// Texts that the policy asked for.
    pub asked: Vec<(Source, Option<Text>)>,
    /// What else it got; its `asked` is empty.
    pub notes: Notes,
    /// The members.
    pub members: Frozen,
    /// Who decided.
    pub by: String,
    /// What the policy answered, in shadow mode too.
    pub answer: Option<Decision>,
    /// What it left for its observer.
    pub token: u64,
    /// What it left for people.
    pub label: String,
    /// What was decided.
    pub found: Found,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The attempt was on this member.
    Member(usize),
    /// The client got this status.
    Reject(u16),
    /// Nobody could take it.
    Nobody,
}

/// A text of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// As it was.
    Plain(String),
    /// [`crate::Key::hash`] of it.
    Hashed(String),
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeLine {
    /// [`DecisionLine::run`] of its decision.
    pub run: String,
    /// [`DecisionLine::id`] of its decision.
    pub id: u64,
    /// Milliseconds of the host's monotonic clock.
    pub at: u64,
    /// What the policy was told.
    pub observation: Observation,
}

/// The line of a decision.
pub(crate) fn decision(recorded: &Recorded<'_>, id: u64, head: &Head) -> String {
    let (request, verdict, notes) = (recorded.request, recorded.verdict, recorded.notes);
    let tried = recorded.tried.iter();
    let asked = notes.asked.iter().map(|(source, value)| {
        let value = value.as_deref().map(|value| text(value, head));
        json!([source.to_string(), value])
    });
    let hashes = notes.hashes.iter();
    let (found, members) = (found(recorded.found), recorded.members);
    let value = json!({
        "h": head.id,
        "id": id,
        "at": recorded.now.as_millis(),
        "attempt": recorded.attempt,
        "tried": tried.map(|one| json!([one.index, one.ended.as_str()])).collect::<Value>(),
        "sticky": recorded.sticky,
        "method": String::from_utf8_lossy(request.method()),
        "path": path(request.path(), head.plain),
        "server_name": String::from_utf8_lossy(&request.server_name()),
        "tls": request.tls(),
        "asked": asked.collect::<Value>(),
        "hashes": hashes.map(|(source, seed, hash)| json!([source.to_string(), seed, hash])).collect::<Value>(),
        "random": notes.randoms,
        "wall_clock_ms": notes.wall_clock_ms,
        "monotonic_us": notes.monotonic_us,
        "candidates": members.candidates,
        "builtin": members.builtin,
        "members": members.numbers,
        "by": recorded.by.to_string(),
        "answer": verdict.map(|verdict| answer(verdict.decision)),
        "token": verdict.map_or(0, |verdict| verdict.token),
        "label": verdict.map(|verdict| verdict.label.as_str().to_owned()),
        "decision": found,
    });
    written("decision", &value)
}

/// The line of an outcome.
pub(crate) fn outcome(observation: &Observation, id: u64, at: u64, run: &str) -> String {
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let value = json!({
        "run": run,
        "id": id,
        "at": at,
        "member": observation.index,
        "ended": observation.ended.as_str(),
        "status": observation.status,
        "attempt": observation.attempt,
        "decided": observation.decided,
        "token": observation.token,
        "head_us": micros(observation.head),
        "total_us": micros(observation.total),
        "body": observation.body,
    });
    written("outcome", &value)
}

/// The line of an object: its kind comes first, by which a reader finds where lines begin.
pub(crate) fn written(kind: &str, object: &Value) -> String {
    let text = object.to_string();
    let rest = text.strip_prefix('{').unwrap_or_default();
    format!("{{\"rjk\":\"{kind}\",{rest}\n")
}

impl DecisionLine {
    /// Tells its [`DecisionLine::id`] from those of other starts of httpd.
    pub fn run(&self) -> &str {
        run(&self.head)
    }

    pub(crate) fn of_json(line: &Value) -> Option<DecisionLine> {
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        let asked = line["asked"].as_array()?.iter().map(|pair| {
            let source = Source::parse(pair[0].as_str()?)?;
            match &pair[1] {
                Value::Null => Some((source, None)),
                value => Some((source, Some(Text::of_json(value)?))),
            }
        });
        Some(DecisionLine {
            head: text("h")?,
            id: line["id"].as_u64()?,
            at: line["at"].as_u64()?,
            attempt: number(&line["attempt"])?,
            tried: list(&line["tried"], |one| {
                Some(Tried {
                    index: number(&one[0])?,
                    ended: ended(&one[1])?,
                })
            })?,
            sticky: optional(&line["sticky"])?,
            method: text("method")?,
            path: text("path")?,
            server_name: text("server_name")?,
            tls: line["tls"].as_bool()?,
            asked: asked.collect::<Option<_>>()?,
            notes: notes(line)?,
            members: members(line)?,
            by: text("by")?,
            answer: match &line["answer"] {
                Value::Null => None,
                answer => Some(answer_of(answer.as_str()?)?),
            },
            token: line["token"].as_u64()?,
            label: text("label").unwrap_or_default(),
            found: found_of(line["decision"].as_str()?)?,
        })
    }
}

impl OutcomeLine {
    pub(crate) fn of_json(line: &Value) -> Option<OutcomeLine> {
        let micros = |key: &str| line[key].as_u64().map(Duration::from_micros);
        Some(OutcomeLine {
            run: line["run"].as_str()?.to_owned(),
            id: line["id"].as_u64()?,
            at: line["at"].as_u64()?,
            observation: Observation {
                index: number(&line["member"])?,
                ended: ended(&line["ended"])?,
                status: number(&line["status"])?,
                attempt: number(&line["attempt"])?,
                decided: line["decided"].as_bool()?,
                token: line["token"].as_u64()?,
                head: micros("head_us")?,
                total: micros("total_us")?,
                body: line["body"].as_u64()?,
            },
        })
    }
}

impl Text {
    fn of_json(value: &Value) -> Option<Text> {
        let text = value.as_str()?;
        match text.split_at_checked(1)? {
            ("=", plain) => Some(Text::Plain(plain.to_owned())),
            ("#", hash) => Some(Text::Hashed(hash.to_owned())),
            _ => None,
        }
    }
}

fn text(value: &[u8], head: &Head) -> String {
    match head.plain {
        true => format!("={}", String::from_utf8_lossy(value)),
        false => format!("#{}", head.key.hash(value)),
    }
}

/// A session id may stand in the parameters of a path.
fn path(path: &[u8], plain: bool) -> String {
    let path = String::from_utf8_lossy(path);
    if plain {
        return path.into_owned();
    }
    let segments = path.split('/');
    let bare = segments.map(|segment| segment.split(';').next().unwrap_or(""));
    bare.collect::<Vec<_>>().join("/")
}

fn notes(line: &Value) -> Option<Notes> {
    Some(Notes {
        asked: Vec::new(),
        hashes: list(&line["hashes"], |one| {
            let source = Source::parse(one[0].as_str()?)?;
            Some((source, one[1].as_u64()?, one[2].as_u64()))
        })?,
        randoms: list(&line["random"], Value::as_u64)?,
        wall_clock_ms: list(&line["wall_clock_ms"], Value::as_u64)?,
        monotonic_us: list(&line["monotonic_us"], Value::as_u64)?,
    })
}

fn members(line: &Value) -> Option<Frozen> {
    Some(Frozen {
        numbers: list(&line["members"], |one| {
            let numbers = list(one, Value::as_u64)?;
            // A later version may know more of them.
            let mut known = [0; Metric::ALL.len()];
            for (known, number) in known.iter_mut().zip(numbers) {
                *known = number;
            }
            Some(known)
        })?,
        candidates: list(&line["candidates"], number)?,
        builtin: optional(&line["builtin"])?,
    })
}

fn list<T>(value: &Value, one: impl FnMut(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(one).collect()
}

fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_u64()?).ok()
}

/// `Some(None)` for null.
fn optional(value: &Value) -> Option<Option<usize>> {
    match value {
        Value::Null => Some(None),
        value => number(value).map(Some),
    }
}

fn ended(value: &Value) -> Option<Ended> {
    let word = value.as_str()?;
    Ended::ALL.into_iter().find(|ended| ended.as_str() == word)
}

fn answer(decision: Decision) -> String {
    match decision {
        Decision::Builtin => "builtin".to_owned(),
        Decision::Worker(index) => format!("member {index}"),
        Decision::Reject(status) => format!("reject {status}"),
    }
}

fn answer_of(text: &str) -> Option<Decision> {
    if text == "builtin" {
        return Some(Decision::Builtin);
    }
    match found_of(text)? {
        Found::Member(index) => Some(Decision::Worker(index)),
        Found::Reject(status) => Some(Decision::Reject(status)),
        Found::Nobody => None,
    }
}

fn found(found: Chosen) -> String {
    match found {
        Chosen::Member(index) => format!("member {index}"),
        Chosen::Reject(status) => format!("reject {status}"),
        Chosen::Nobody(_) => "nobody".to_owned(),
    }
}

fn found_of(text: &str) -> Option<Found> {
    match text.split_once(' ') {
        Some(("member", index)) => Some(Found::Member(index.parse().ok()?)),
        Some(("reject", status)) => Some(Found::Reject(status.parse().ok()?)),
        None if text == "nobody" => Some(Found::Nobody),
        _ => None,
    }
}
