//! What a peer does, as a case writes it.

use super::request::{latin1, pattern};
use crate::Gate;
use crate::peer::{self, Behaviour, Head, MAX_CHUNK, Script, Step, body_chunk, end_response};
use anyhow::{Context, ensure};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::time::Duration;

/// What a peer does: a [`Behaviour`] by its name, an answer, or several, one for each request.
#[derive(Clone, Debug)]
pub enum Does {
    /// `"Stalls"`.
    Named(String),
    /// One answer to all requests.
    Answer(Box<Answer>),
    /// The first request, the second and so on; the last repeats.
    Turns(Vec<Does>),
}

/// A scripted answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status; 200 by default.
    pub status: Option<u16>,
    /// The reason phrase; the status' digits by default, as Tomcat sends it.
    pub phrase: Option<String>,
    /// Header lines, `Name: value`.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The body.
    pub body: Option<String>,
    /// A body of so many bytes.
    pub body_length: Option<usize>,
    /// The body, a packet each.
    #[serde(default)]
    pub chunks: Vec<String>,
    /// The flag of END_RESPONSE; true by default.
    pub reuse: Option<bool>,
    /// Instead of all above: step by step.
    pub steps: Option<Vec<Does1>>,
    /// What it does at a CPING; nothing is no answer.
    pub on_ping: Option<Vec<Does1>>,
    /// What it does when a connection comes.
    pub on_accept: Option<Vec<Does1>>,
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does1 {
    /// Bytes in hexadecimal digits; blanks are left out.
    Hex(String),
    /// A packet, right or wrong.
    Frame(FrameOf),
    /// A response head.
    Head(HeadOf),
    /// A body chunk.
    Chunk(String),
    /// Body chunks of so many bytes in all.
    Fill(usize),
    /// An empty chunk.
    Flush,
    /// END_RESPONSE that allows reuse.
    End,
    /// END_RESPONSE that does not.
    EndNoReuse,
    /// Asks for so many body bytes, and reads the packet that comes.
    GetBody(u16),
    /// Reads a body packet that comes unasked.
    ReadPacket,
    /// Reads the whole body.
    ReadBody,
    /// Answers with what came.
    Echo,
    /// Answers CPONG.
    Cpong,
    /// Pauses.
    SleepMs(u64),
    /// Waits until a step of the case says `release`.
    Hold,
    /// Does nothing until the other side closes.
    Stall,
    /// Closes the connection.
    Close,
    /// Resets it.
    Reset,
}

/// A packet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameOf {
    /// The first two bytes in hexadecimal digits; `4142` by default.
    pub magic: Option<String>,
    /// The payload in hexadecimal digits.
    #[serde(default)]
    pub hex: String,
    /// So many zero bytes behind it.
    #[serde(default)]
    pub zeros: usize,
    /// The length that is announced; the true one by default.
    pub length: Option<u16>,
}

impl FrameOf {
    fn bytes(&self) -> crate::Result<Vec<u8>> {
        let magic = hex(self.magic.as_deref().unwrap_or("4142"))?;
        ensure!(magic.len() == 2, "the magic has two bytes");
        let mut payload = hex(&self.hex)?;
        payload.resize(payload.len() + self.zeros, 0);
        let length = u16::try_from(payload.len());
        let length = self.length.map_or(length, Ok)?;
        Ok(peer::frame_with([magic[0], magic[1]], length, &payload))
    }
}

/// A response head.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadOf {
    /// The status.
    #[serde(default = "ok")]
    pub status: u16,
    /// The reason phrase.
    pub phrase: Option<String>,
    /// Header lines.
    #[serde(default)]
    pub headers: Vec<String>,
}

fn ok() -> u16 {
    200
}

impl Does {
    /// The peer's script; `gate` is what `hold` waits for.
    pub fn script(&self, gate: &Gate) -> crate::Result<Script> {
        match self {
            Does::Named(name) => behaviour(name),
            Does::Answer(answer) => answer.script(gate),
            Does::Turns(turns) => {
                let scripts = turns.iter().map(|turn| turn.script(gate));
                let scripts = scripts.collect::<crate::Result<Vec<_>>>()?;
                let mut all = scripts.first().cloned().context("an empty list")?;
                all.on_request = scripts.into_iter().flat_map(|s| s.on_request).collect();
                Ok(all)
            }
        }
    }
}

fn behaviour(name: &str) -> crate::Result<Script> {
    let mut all = Behaviour::ALL.into_iter();
    let found = all.find(|behaviour| format!("{behaviour:?}") == name);
    let found = found.with_context(|| format!("no behaviour of a peer is called {name:?}"))?;
    Ok(found.script())
}

impl Answer {
    fn script(&self, gate: &Gate) -> crate::Result<Script> {
        let mut script = Script::new(self.request_steps(gate)?);
        if let Some(steps) = &self.on_ping {
            script = script.on_ping(all(steps, gate)?);
        }
        if let Some(steps) = &self.on_accept {
            script = script.on_accept(all(steps, gate)?);
        }
        Ok(script)
    }

    fn request_steps(&self, gate: &Gate) -> crate::Result<Vec<Step>> {
        if let Some(steps) = &self.steps {
            return all(steps, gate);
        }
        if !self.is_answer() {
            return Ok(vec![Step::Echo]);
        }
        let head = head(
            self.status.unwrap_or(200),
            self.phrase.as_deref(),
            &self.headers,
        )?;
        // In one write, as Tomcat does: what httpd makes of a short answer depends on whether its end
        // came with it.
        let mut bytes = head.packet();
        for chunk in self.body_chunks() {
            let packets = chunk.chunks(MAX_CHUNK).flat_map(body_chunk);
            bytes.extend(packets);
        }
        bytes.extend(end_response(self.reuse.unwrap_or(true)));
        Ok(vec![Step::ReadBody, Step::Send(bytes)])
    }

    fn body_chunks(&self) -> impl Iterator<Item = Vec<u8>> {
        let body = self.body.iter().map(|body| latin1(body));
        let length = self.body_length.into_iter().map(pattern);
        let chunks = self.chunks.iter().map(|chunk| latin1(chunk));
        body.chain(length).chain(chunks)
    }

    fn is_answer(&self) -> bool {
        let about_body =
            self.body.is_some() || self.body_length.is_some() || !self.chunks.is_empty();
        let about_head = self.status.is_some() || self.phrase.is_some() || !self.headers.is_empty();
        about_body || about_head || self.reuse.is_some()
    }
}

fn head(status: u16, phrase: Option<&str>, lines: &[String]) -> crate::Result<Head> {
    let mut head = Head::new(status);
    if let Some(phrase) = phrase {
        head = head.reason(phrase);
    }
    for line in lines {
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("{line:?} is no header line"))?;
        head = head.header(name, value.strip_prefix(' ').unwrap_or(value));
    }
    Ok(head)
}

fn all(steps: &[Does1], gate: &Gate) -> crate::Result<Vec<Step>> {
    steps.iter().map(|step| step.step(gate)).collect()
}

impl Does1 {
    fn step(&self, gate: &Gate) -> crate::Result<Step> {
        Ok(match self {
            Does1::Hex(digits) => Step::Send(hex(digits)?),
            Does1::Frame(of) => Step::Send(of.bytes()?),
            Does1::Head(of) => Step::Head(head(of.status, of.phrase.as_deref(), &of.headers)?),
            Does1::Chunk(text) => Step::Chunk(latin1(text)),
            Does1::Fill(length) => Step::Chunk(pattern(*length)),
            Does1::Flush => Step::Flush,
            Does1::End => Step::End(true),
            Does1::EndNoReuse => Step::End(false),
            Does1::GetBody(wanted) => Step::GetBody(*wanted),
            Does1::ReadPacket => Step::ReadPacket,
            Does1::ReadBody => Step::ReadBody,
            Does1::Echo => Step::Echo,
            Does1::Cpong => Step::Send(peer::CPONG.to_vec()),
            Does1::SleepMs(pause) => Step::Sleep(Duration::from_millis(*pause)),
            Does1::Hold => gate.step(),
            Does1::Stall => Step::Stall,
            Does1::Close => Step::Close,
            Does1::Reset => Step::Reset,
        })
    }
}

fn hex(digits: &str) -> crate::Result<Vec<u8>> {
    let digits: String = digits.split_whitespace().collect();
    ensure!(
        digits.len().is_multiple_of(2) && digits.is_ascii(),
        "{digits:?} are no hexadecimal bytes"
    );
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16);
    (0..digits.len())
        .step_by(2)
        .map(|at| Ok(byte(at)?))
        .collect()
}

impl<'de> Deserialize<'de> for Does {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Does, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Does;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a behaviour, a table that describes an answer, or a list of both",
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Does, E> {
                Ok(Does::Named(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Does, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Does::Turns)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Does, A::Error> {
                let answer = Answer::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Does::Answer(Box::new(answer)))
            }
        }

        from.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn each_way_to_describe_a_peer_is_read() {
        let text = "a = 'Stalls'\nb = {status = 404, headers = ['X: y'], body = 'no'}\n\
            c = ['Echo', {steps = ['read_body', {chunk = 'x'}, {hex = '41 42'}, 'close']}]\n\
            d = {on_ping = []}";
        let peers: BTreeMap<String, Does> = toml::from_str(text).unwrap();
        let script =
            |name: &str| format!("{:?}", peers[name].script(&Gate::new()).unwrap().on_request);
        assert_eq!(script("a"), "[[ReadBody, Stall]]");
        assert_eq!(script("b"), "[[ReadBody, Send(39 bytes)]]");
        assert_eq!(
            script("c"),
            "[[Echo], [ReadBody, Chunk(1 bytes), Send(2 bytes), Close]]"
        );
        let silent = peers["d"].script(&Gate::new()).unwrap();
        assert!(silent.on_ping.is_empty());
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for text in ["a = {state = 200}", "a = {steps = ['jump']}"] {
            assert!(
                toml::from_str::<BTreeMap<String, Does>>(text).is_err(),
                "{text}"
            );
        }
        assert!(Does::Named("Sings".into()).script(&Gate::new()).is_err());
    }
}
