//! Plays a case on running servers.

use super::expect::Expect;
use super::marks::Marks;
use super::request::{Ask, Then};
use super::seen::{self, Seen, Wrong};
use super::site::{Case, Step};
use super::stage::Stage;
use super::transcript::{self, Transcript};
use crate::client::{Client, Response};
use crate::{Gate, Result, Subject, wait};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long something may take to show up in a log or at a peer.
const LATE: Duration = Duration::from_secs(3);

/// How long httpd takes to log a request that it ended without an answer.
const A_LITTLE: Duration = Duration::from_millis(300);

/// What became of a case.
#[derive(Debug, Default)]
pub struct Played {
    /// What is not as expected, each with its step.
    pub wrong: Vec<(String, Wrong)>,
    /// What was seen of each step's request, for the comparison of both modules.
    pub transcripts: Vec<Transcript>,
}

/// A client's connection in a case.
struct Line {
    client: Client,
    port: u16,
    sent: usize,
    mark: usize,
}

struct Player<'a> {
    stage: &'a mut Stage,
    lines: BTreeMap<String, Line>,
    pending: BTreeMap<String, JoinHandle<Seen>>,
    gate: Gate,
    start: Marks,
    played: Played,
}

/// Plays all steps.
pub fn play(stage: &mut Stage, case: &Case) -> Result<Played> {
    let gate = Gate::new();
    for name in stage.members.stopped() {
        // What a case before this one stopped; those of `down` were never there.
        if stage.was_running(&name) {
            stage.members.revive(&name)?;
        }
    }
    stage.taken.clear();
    stage.reset(&gate)?;
    let mut player = Player {
        start: Marks::now(stage),
        stage,
        lines: BTreeMap::new(),
        pending: BTreeMap::new(),
        gate,
        played: Played::default(),
    };
    for (index, step) in case.steps.iter().enumerate() {
        player
            .step(index, step)
            .with_context(|| format!("step {}", index + 1))?;
    }
    player.gate.open();
    let left: Vec<&String> = player.pending.keys().collect();
    ensure!(left.is_empty(), "no step has `finish` for {left:?}");
    Ok(player.played)
}

impl Player<'_> {
    fn step(&mut self, index: usize, step: &Step) -> Result {
        let expect = self.expectation(step);
        if self.stage.httpd.is_err() {
            // As it was to be; there is nobody who could be asked.
            let start = expect.start.unwrap_or_default();
            let wrong = seen::look_at_start(self.stage, &start);
            self.note("start", wrong);
            return Ok(());
        }
        for text in &expect.bad_log {
            self.stage.httpd()?.expect_log(text);
        }
        self.act(step)?;
        let label = format!("step {}", index + 1);
        if let Some(start) = &expect.start {
            let wrong = seen::look_at_start(self.stage, start);
            self.note(&label, wrong);
        }
        match &step.request {
            Some(ask) => self.ask(&label, ask, &expect, step),
            None => self.see(&label, &expect, step),
        }
    }

    /// Sends the step's request.
    fn ask(&mut self, label: &str, ask: &Ask, expect: &Expect, step: &Step) -> Result {
        if let Some(name) = &ask.background {
            let thread = self.send_in_background(ask)?;
            self.pending.insert(name.clone(), thread);
            return Ok(());
        }
        for turn in 0..ask.repeat {
            let marks = Marks::now(self.stage);
            let seen = self.send(ask, &marks)?;
            self.take(&seen, step)?;
            let label = match ask.repeat {
                1 => label.to_owned(),
                _ => format!("{label}, request {}", turn + 1),
            };
            self.look(&label, &marks, &seen, expect, turn, step);
            if !self.played.wrong.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Keeps what later steps want of an answer.
    fn take(&mut self, seen: &Seen, step: &Step) -> Result {
        for (name, [before, after]) in &step.take {
            let body = match &seen.answer {
                Some(Ok(response)) => response.text(),
                _ => String::new(),
            };
            let rest = body.split_once(before.as_str()).map(|(_, rest)| rest);
            let value = rest.and_then(|rest| rest.split_once(after.as_str()));
            let (value, _) = value
                .with_context(|| format!("no {name} between {before:?} and {after:?} in {body}"))?;
            self.stage.taken.insert(name.clone(), value.to_owned());
        }
        Ok(())
    }

    /// Looks at the answer of a request in the background, or at no answer.
    fn see(&mut self, label: &str, expect: &Expect, step: &Step) -> Result {
        let marks = Marks::now(self.stage);
        let seen = match &step.finish {
            None => Seen {
                answer: None,
                took: Duration::ZERO,
                line: None,
            },
            Some(name) => {
                let thread = self.pending.remove(name);
                let thread = thread.with_context(|| format!("nothing is called {name:?}"))?;
                let seen = thread.join();
                seen.map_err(|_| anyhow::anyhow!("the client panicked"))?
            }
        };
        self.look(label, &marks, &seen, expect, 0, step);
        Ok(())
    }

    fn expectation(&self, step: &Step) -> Expect {
        let expect = step.expect.clone().unwrap_or_default();
        match (self.stage.subject, step.difference()) {
            (Subject::ModJk, Some(other)) => expect.changed_by(other),
            _ => expect,
        }
    }

    fn act(&mut self, step: &Step) -> Result {
        if let Some(pause) = step.sleep_ms {
            std::thread::sleep(Duration::from_millis(pause));
        }
        for (name, count) in &step.wait {
            let (stage, start) = (&*self.stage, &self.start);
            wait::until("requests at the peer", wait::SOON, || {
                start.requests_of(stage, name) >= *count
            })?;
        }
        for name in &step.stop {
            self.stage.members.stop(name)?;
        }
        for name in &step.revive {
            self.stage.members.revive(name)?;
        }
        for name in &step.close {
            self.stage.members.peer(name)?.close_connections();
        }
        for (name, does) in &step.peer {
            let script = does.script(&self.gate)?;
            self.stage.members.peer(name)?.set(script);
        }
        for (name, text) in &step.write {
            let text = self.stage.fill(text);
            self.stage.httpd()?.write(name, text)?;
        }
        for name in &step.remove {
            let path = self.stage.httpd()?.path(name);
            std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
        if step.release {
            self.gate.open();
        }
        if step.graceful {
            self.lines.clear();
            let httpd = self.stage.httpd()?;
            let before = httpd.children();
            httpd.graceful()?;
            // Those of before may still take a connection while they end.
            let is_over = || !httpd.children().iter().any(|pid| before.contains(pid));
            wait::became(LATE, is_over);
        }
        Ok(())
    }

    fn send(&mut self, ask: &Ask, marks: &Marks) -> Result<Seen> {
        if let Some(line) = self.lines.remove(&ask.connection) {
            let seen = self.send_on(line, ask)?;
            if !self.was_given_up(&seen, marks) {
                return Ok(seen);
            }
        }
        let line = self.connect()?;
        self.send_on(line, ask)
    }

    /// Whether httpd gave up a kept connection that it was just sent a request on, as it does when its
    /// threads are busy: nobody answered, nothing was forwarded, and no line was logged.
    fn was_given_up(&self, seen: &Seen, marks: &Marks) -> bool {
        let is_logged = || !seen::log_line(self.stage, seen)[0].is_empty();
        matches!(seen.answer, Some(Err(_)))
            && marks.forwarded(self.stage).is_empty()
            && !wait::became(A_LITTLE, is_logged)
    }

    fn send_on(&mut self, mut line: Line, ask: &Ask) -> Result<Seen> {
        let bytes = ask.bytes(&|text| self.stage.fill(text));
        let begun = Instant::now();
        let index = line.sent;
        line.sent += 1;
        let place = Some((line.port, index, line.mark));
        let answer = exchange(&mut line, &bytes, ask);
        let took = begun.elapsed();
        let answer = match answer {
            Some(Ok(response)) if !response.closes() => {
                self.lines.insert(ask.connection.clone(), line);
                Some(Ok(response))
            }
            other => {
                if ask.then == Some(Then::Abort) {
                    line.client.abort()?;
                }
                other
            }
        };
        Ok(Seen {
            answer,
            took,
            line: place,
        })
    }

    fn send_in_background(&mut self, ask: &Ask) -> Result<JoinHandle<Seen>> {
        let mut line = self.connect()?;
        let bytes = ask.bytes(&|text| self.stage.fill(text));
        let ask = ask.clone();
        Ok(std::thread::spawn(move || {
            let begun = Instant::now();
            let answer = exchange(&mut line, &bytes, &ask);
            Seen {
                answer,
                took: begun.elapsed(),
                line: Some((line.port, 0, line.mark)),
            }
        }))
    }

    fn connect(&self) -> Result<Line> {
        let httpd = self.stage.httpd()?;
        let mark = httpd.access_log().len();
        let client = Client::connect(httpd.port())?;
        Ok(Line {
            port: client.local_port()?,
            client,
            sent: 0,
            mark,
        })
    }

    /// Looks until all is as expected, or as late as it may be.
    fn look(
        &mut self,
        label: &str,
        marks: &Marks,
        seen: &Seen,
        expect: &Expect,
        turn: usize,
        step: &Step,
    ) {
        let begun = Instant::now();
        let mut wrong = seen::look(self.stage, marks, seen, expect, turn);
        while !wrong.is_empty() && begun.elapsed() < LATE {
            std::thread::sleep(Duration::from_millis(15));
            wrong = seen::look(self.stage, marks, seen, expect, turn);
        }
        if wrong.is_empty() {
            wrong.extend(self.false_claim(marks, seen, turn, step));
        }
        self.note(label, wrong);
        if step.mod_jk.is_none() && step.older.is_none() {
            let has_body = step.request.as_ref().is_some_and(Ask::has_body);
            self.played.transcripts.push(Transcript {
                step: label.to_owned(),
                lines: self.settled(marks, seen, has_body),
                vary: step.vary.clone(),
            });
        }
    }

    /// The complaint that mod_jk does what this module is to do, though the step says that it differs.
    fn false_claim(&self, marks: &Marks, seen: &Seen, turn: usize, step: &Step) -> Option<Wrong> {
        let ours = step.expect.clone().unwrap_or_default();
        if self.stage.subject == Subject::Rjk || step.difference().is_none() {
            return None;
        }
        let start = ours.start.clone().unwrap_or_default();
        let differs = start.refused == Some(true)
            || !seen::look_at_start(self.stage, &start).is_empty()
            || !seen::look(self.stage, marks, seen, &ours, turn).is_empty();
        (!differs).then(|| Wrong {
            field: "mod_jk".to_owned(),
            expected: "a difference".to_owned(),
            got: "what mod_rjk is to do".to_owned(),
        })
    }

    /// The transcript; once it stays the same, for a backend may read a body behind its answer.
    fn settled(&self, marks: &Marks, seen: &Seen, has_body: bool) -> Vec<(String, String)> {
        let begun = Instant::now();
        let mut lines = transcript::transcript(self.stage, marks, seen);
        while has_body && begun.elapsed() < LATE {
            std::thread::sleep(Duration::from_millis(40));
            let later = transcript::transcript(self.stage, marks, seen);
            if later == lines {
                break;
            }
            lines = later;
        }
        lines
    }

    fn note(&mut self, label: &str, wrong: Vec<Wrong>) {
        let wrong = wrong.into_iter().map(|wrong| (label.to_owned(), wrong));
        self.played.wrong.extend(wrong);
    }
}

/// Sends a request and reads its answer; none when the client goes away.
fn exchange(line: &mut Line, bytes: &[u8], ask: &Ask) -> Option<Result<Response, String>> {
    let sent = line.client.raw(bytes);
    if matches!(ask.then, Some(Then::Abort | Then::Leave)) {
        return None;
    }
    if ask.then == Some(Then::Finish) {
        let _ = line.client.finish_sending();
    }
    let answer = line.client.response(ask.answered_as());
    Some(match (sent, answer) {
        (_, Ok(response)) => Ok(response),
        (Err(error), _) | (Ok(()), Err(error)) => Err(error.to_string()),
    })
}
