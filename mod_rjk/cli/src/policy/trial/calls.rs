//! What a policy asked the host, for people.

use super::words::{MATCHINGS, SOURCES, word};
use rjk_balance::Metric;
use rjk_policy::Trace;
use std::cell::RefCell;
use std::fmt::Debug;

/// Keeps the calls that it hears of.
#[derive(Default)]
pub(super) struct Calls(RefCell<Vec<(String, String)>>);

impl Calls {
    /// Each call with its answer, in their order.
    pub(super) fn into_list(self) -> Vec<(String, String)> {
        self.0.into_inner()
    }
}

impl Trace for Calls {
    fn host_call(&self, name: &'static str, arguments: &dyn Debug, answer: &dyn Debug) {
        let (arguments, answer) = (format!("{arguments:?}"), format!("{answer:?}"));
        let call = format!("{name}({})", readable(name, &arguments));
        let answer = match name {
            "members.candidates" => rows(&arguments, &answer),
            _ => plain(&answer).to_owned(),
        };
        self.0.borrow_mut().push((call, answer));
    }
}

/// Arguments, with the words of the contract for what is a number there.
fn readable(name: &str, arguments: &str) -> String {
    let inner = arguments
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    let inner = inner.unwrap_or(arguments).trim_end_matches(',');
    let (first, rest) = inner.split_once(", ").unwrap_or((inner, ""));
    let of = |words: &[&str], text: &str| match text.parse() {
        Ok(number) => word(words, number),
        Err(_) => text.to_owned(),
    };
    match name {
        "members.candidates" => metrics(inner).join(", "),
        "members.value" => format!("{first}, {}", metrics(rest).concat()),
        "members.knows" => metrics(inner).concat(),
        "sources.source" => format!("{}, {rest}", of(&SOURCES, first)),
        "sources.table" => {
            let (matching, count) = rest.split_once(", ").unwrap_or((rest, ""));
            format!("{first}, {}, {count} texts", of(&MATCHINGS, matching))
        }
        _ => inner.to_owned(),
    }
}

/// The names of metrics that are listed by their numbers.
fn metrics(list: &str) -> Vec<&'static str> {
    let name = |number| Metric::of(number).map_or("unknown", Metric::as_str);
    let numbers = list.split(|letter: char| !letter.is_ascii_digit());
    numbers
        .filter_map(|number| number.parse().ok())
        .map(name)
        .collect()
}

/// A list of numbers, a row for each candidate.
fn rows(metrics_asked: &str, answer: &str) -> String {
    let columns = metrics(metrics_asked).len();
    let numbers: Vec<&str> = answer.trim_matches(['[', ']']).split(", ").collect();
    if columns == 0 || !answer.starts_with('[') {
        return plain(answer).to_owned();
    }
    let rows: Vec<String> = numbers.chunks(columns).map(|row| row.join(" ")).collect();
    rows.join(" | ")
}

/// An answer without the words of Rust for what is there and what is not.
fn plain(answer: &str) -> &str {
    match answer {
        "()" => "",
        "None" => "none",
        _ => {
            let inner = answer
                .strip_prefix("Some(")
                .and_then(|text| text.strip_suffix(')'));
            inner.unwrap_or(answer)
        }
    }
}
