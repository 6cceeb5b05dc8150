//! What stands after the worker name of a rule (contract §3.3).

use crate::advice::nearest;
use crate::error::Warning;
use crate::model::{Activation, FailStatus, RuleExtensions};
use crate::number::atoi;
use bstr::{BStr, BString};
use std::time::Duration;

const KNOWN: [&str; 12] = [
    "reply_timeout",
    "sticky_ignore",
    "stateless",
    "active",
    "disabled",
    "stopped",
    "fail_on_status",
    "use_server_errors",
    "session_cookie",
    "session_path",
    "set_session_cookie",
    "session_cookie_path",
];

/// Splits `worker;name=value;…`, the value of a rule or of `JK_WORKER_NAME` (E-02, X-01…X-11).
///
/// Blanks count as part of a name; in a list of members or statuses they separate, as commas do. What is not understood is left out with a warning; the warnings
/// have no location. Of numbers given twice the last counts, of everything else the first.
pub fn parse_worker_with_extensions(
    value: &[u8],
    warnings: &mut Vec<Warning>,
) -> (BString, RuleExtensions) {
    let mut fields = value.split(|byte| *byte == b';');
    let worker = fields.next().unwrap_or_default();
    let mut fields = fields.filter(|field| !field.is_empty()).peekable();
    let mut parser = Parser::new(warnings);
    while let Some(field) = fields.next() {
        // `session_path=;jsid` was cut in two at its semicolon.
        let name = (field == b"session_path=")
            .then(|| fields.next_if(|next| !next.contains(&b'=')))
            .flatten();
        match name {
            Some(name) => parser.extension(b"session_path", name),
            None => parser.field(field),
        }
    }
    (worker.into(), parser.finish())
}

/// Reads the extensions of one rule.
struct Parser<'a, 'w> {
    out: RuleExtensions,
    /// `active=`, `disabled=` and `stopped=`, in the order of their effect.
    members: [(Activation, Option<&'a [u8]>); 3],
    seen: Vec<&'a [u8]>,
    warnings: &'w mut Vec<Warning>,
}

impl<'a, 'w> Parser<'a, 'w> {
    fn new(warnings: &'w mut Vec<Warning>) -> Parser<'a, 'w> {
        Parser {
            out: RuleExtensions::default(),
            members: Activation::ALL.map(|activation| (activation, None)),
            seen: Vec::new(),
            warnings,
        }
    }

    fn warn(&mut self, message: String) {
        self.warnings
            .push(Warning::new(None, message).coded("rule-extension"));
    }

    /// One `name=value`; without a `=` no name is known.
    fn field(&mut self, field: &'a [u8]) {
        match field.iter().position(|byte| *byte == b'=') {
            Some(at) => self.extension(&field[..at], &field[at + 1..]),
            None => self.without_value(field),
        }
    }

    fn extension(&mut self, name: &'a [u8], value: &'a [u8]) {
        let is_repeated = self.seen.contains(&name);
        self.seen.push(name);
        if self.number(name, value) {
            if is_repeated {
                let name = BStr::new(name);
                self.warn(format!(
                    "rule extension '{name}' is given twice; the last one counts"
                ));
            }
        } else if is_repeated {
            let name = BStr::new(name);
            self.warn(format!(
                "rule extension '{name}' is given twice; the first one counts"
            ));
        } else if !self.text(name, value) {
            self.unknown(name);
        }
    }

    /// The extensions whose value is a number; false when `name` is none of them.
    fn number(&mut self, name: &[u8], value: &[u8]) -> bool {
        let number = atoi(value);
        match name {
            b"reply_timeout" => {
                self.out.reply_timeout = u64::try_from(number).ok().map(Duration::from_millis);
            }
            b"sticky_ignore" => self.out.sticky_ignore = number != 0,
            b"stateless" => self.out.stateless = number != 0,
            b"set_session_cookie" => self.out.set_session_cookie = number != 0,
            b"use_server_errors" => {
                self.out.use_server_errors = u16::try_from(number).ok().filter(|from| *from > 0);
            }
            _ => return false,
        }
        let digits = value.strip_prefix(b"-").unwrap_or(value);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            let (name, value) = (BStr::new(name), BStr::new(value));
            self.warn(format!(
                "rule extension '{name}={value}' is read as {number}; write a number"
            ));
        }
        true
    }

    /// The other extensions; false when there is none of this name.
    fn text(&mut self, name: &[u8], value: &'a [u8]) -> bool {
        match name {
            b"active" => self.members[0].1 = Some(value),
            b"disabled" => self.members[1].1 = Some(value),
            b"stopped" => self.members[2].1 = Some(value),
            b"fail_on_status" => self.fail_on_status(value),
            b"session_cookie" => self.out.session_cookie = non_empty(value),
            b"session_path" => self.out.session_path = non_empty(value),
            b"session_cookie_path" => self.out.session_cookie_path = non_empty(value),
            _ => return false,
        }
        true
    }

    /// statuses, each with an optional minus sign for a soft failure.
    fn fail_on_status(&mut self, value: &[u8]) {
        let mut list = Vec::new();
        for word in items(value) {
            let number = atoi(word);
            let digits = word.strip_prefix(b"-").unwrap_or(word);
            let is_number = digits.iter().all(u8::is_ascii_digit);
            match u16::try_from(number.unsigned_abs()) {
                Ok(status @ 1..) => {
                    if !is_number {
                        let word = BStr::new(word);
                        self.warn(format!(
                            "fail_on_status: '{word}' is read as {number}; blanks and commas separate"
                        ));
                    }
                    list.push(FailStatus {
                        status,
                        soft: number < 0,
                    });
                }
                _ => {
                    let word = BStr::new(word);
                    self.warn(format!(
                        "fail_on_status: '{word}' is no status and is left out"
                    ));
                }
            }
        }
        self.out.fail_on_status = (!list.is_empty()).then_some(list);
    }

    fn without_value(&mut self, name: &[u8]) {
        let name = BStr::new(name);
        self.warn(format!(
            "rule extension '{name}' has no value and is ignored"
        ));
    }

    fn unknown(&mut self, name: &[u8]) {
        let word = BStr::new(name).to_string();
        let hint = nearest(&word, KNOWN).map(|known| format!("; did you mean '{known}='?"));
        let hint = hint.unwrap_or_default();
        let message = format!("unknown rule extension '{word}' is ignored{hint}");
        self.warnings
            .push(Warning::new(None, message).coded("unknown-extension"));
    }

    /// members in the order active, disabled, stopped, so that the later one wins.
    fn finish(mut self) -> RuleExtensions {
        for (activation, names) in self.members {
            for name in items(names.unwrap_or_default()) {
                let name = BString::from(name);
                let others = self.out.activation.iter();
                if others
                    .clone()
                    .any(|(other, state)| *other == name && *state != activation)
                {
                    let state = activation.as_str();
                    self.warn(format!(
                        "member '{name}' is named more than once; it is {state}"
                    ));
                }
                self.out.activation.push((name, activation));
            }
        }
        self.out
    }
}

/// What blanks and commas separate, in any mix. A tab does not, as in mod_jk.
fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| matches!(byte, b',' | b' '))
        .filter(|item| !item.is_empty())
}

/// An empty name would match everything or nothing: the worker's own stays in force.
fn non_empty(value: &[u8]) -> Option<BString> {
    (!value.is_empty()).then(|| value.into())
}
