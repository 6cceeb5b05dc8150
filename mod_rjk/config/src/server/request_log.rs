//! `JkRequestLogFormat` (contract D-13, §1.4): what the line of a request says.

use rjk_log::line::push_value;
use std::borrow::Cow;
use thiserror::Error;

/// A format without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLogFormat(Vec<Item>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Text(String),
    Value(Conversion),
}

/// What stands for a value of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// `%b`: bytes of the response body; nothing when no body was sent.
    BodyBytes,
    /// `%B`: the same, 0 when no body was sent.
    BodyBytesOrZero,
    /// `%H`: the protocol.
    Protocol,
    /// `%m`: the method.
    Method,
    /// `%p`: the port of the server's configuration, else that of the scheme.
    Port,
    /// `%q`: the query with its question mark, or an empty text.
    Query,
    /// `%r`: the request line.
    RequestLine,
    /// `%s`: the status.
    Status,
    /// `%T`: how long the worker took, in seconds with six decimals.
    Duration,
    /// `%U`: the path.
    Path,
    /// `%v`: the name of the server's configuration.
    CanonicalName,
    /// `%V`: the name as `UseCanonicalName` has it.
    ServerName,
    /// `%w`: the worker that the request was mapped to.
    Worker,
    /// `%R`: the route.
    Route,
}

/// A conversion that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "'{0}' is no conversion, there are %b %B %H %m %p %q %r %s %T %U %v %V %w %R; a percent sign \
     of its own, modifiers and %{{…}} cannot be written"
)]
pub struct UnknownConversion(String);

/// What stands for a value that the request does not have.
const NONE: &str = "-";

impl RequestLogFormat {
    /// Reads a format: `\\`, `\n` and `\t` are a backslash, a line end and a tab, any other backslash is
    /// itself.
    ///
    /// # Errors
    /// The first percent sign that starts no conversion.
    pub fn parse(format: &str) -> Result<RequestLogFormat, UnknownConversion> {
        let (mut items, mut text) = (Vec::new(), String::new());
        let mut rest = format;
        while let Some(at) = rest.find(['%', '\\']) {
            text.push_str(&rest[..at]);
            let (sign, behind) = rest[at..].split_at(1);
            if sign == "\\" {
                rest = push_escape(&mut text, behind);
                continue;
            }
            let conversion = behind.chars().next().and_then(Conversion::of);
            let unknown = || UnknownConversion(rest[at..].chars().take(2).collect());
            items.extend(take_text(&mut text));
            items.push(Item::Value(conversion.ok_or_else(unknown)?));
            // The letters of conversions are ASCII.
            rest = &behind[1..];
        }
        text.push_str(rest);
        items.extend(take_text(&mut text));
        Ok(RequestLogFormat(items))
    }

    /// Adds what the format says to `line`. A value goes in so that it ends neither the line nor a text
    /// in quotes.
    pub fn push<'v>(&self, line: &mut String, value: impl Fn(Conversion) -> Option<Cow<'v, [u8]>>) {
        for item in &self.0 {
            match item {
                Item::Text(text) => line.push_str(text),
                Item::Value(conversion) => match value(*conversion) {
                    Some(value) => push_value(line, &value),
                    None => line.push_str(NONE),
                },
            }
        }
    }
}

fn take_text(text: &mut String) -> Option<Item> {
    (!text.is_empty()).then(|| Item::Text(std::mem::take(text)))
}

/// Adds what the backslash in front of `rest` stands for; what is left is given back.
fn push_escape<'a>(text: &mut String, rest: &'a str) -> &'a str {
    for (letter, meaning) in [('\\', '\\'), ('n', '\n'), ('t', '\t')] {
        if let Some(behind) = rest.strip_prefix(letter) {
            text.push(meaning);
            return behind;
        }
    }
    text.push('\\');
    rest
}

impl Conversion {
    fn of(letter: char) -> Option<Conversion> {
        Some(match letter {
            'b' => Conversion::BodyBytes,
            'B' => Conversion::BodyBytesOrZero,
            'H' => Conversion::Protocol,
            'm' => Conversion::Method,
            'p' => Conversion::Port,
            'q' => Conversion::Query,
            'r' => Conversion::RequestLine,
            's' => Conversion::Status,
            'T' => Conversion::Duration,
            'U' => Conversion::Path,
            'v' => Conversion::CanonicalName,
            'V' => Conversion::ServerName,
            'w' => Conversion::Worker,
            'R' => Conversion::Route,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use Conversion::*;

    const LETTERS: [(char, Conversion); 14] = [
        ('b', BodyBytes),
        ('B', BodyBytesOrZero),
        ('H', Protocol),
        ('m', Method),
        ('p', Port),
        ('q', Query),
        ('r', RequestLine),
        ('s', Status),
        ('T', Duration),
        ('U', Path),
        ('v', CanonicalName),
        ('V', ServerName),
        ('w', Worker),
        ('R', Route),
    ];

    /// The line of a request that has every value: each is its letter in angle brackets.
    fn line(format: &str) -> Result<String, String> {
        let parsed = RequestLogFormat::parse(format).map_err(|error| error.0)?;
        let mut line = String::new();
        parsed.push(&mut line, |conversion| {
            let mut letters = LETTERS.iter().filter(|(_, known)| *known == conversion);
            let (letter, _) = letters.next()?;
            Some(format!("<{letter}>").into_bytes().into())
        });
        Ok(line)
    }

    #[test]
    fn r01_to_r11_the_letters_of_the_conversions() {
        for (letter, conversion) in LETTERS {
            let parsed = RequestLogFormat::parse(&format!("%{letter}"));
            let expected = RequestLogFormat(vec![Item::Value(conversion)]);
            assert_eq!(parsed, Ok(expected), "%{letter}");
        }
        let all: Vec<char> = (' '..='~')
            .filter(|letter| line(&format!("%{letter}")).is_ok())
            .collect();
        assert_eq!(all.len(), LETTERS.len(), "{all:?}");
    }

    #[test]
    fn r12_and_text() {
        let rows = [
            ("plain", Ok("plain")),
            ("", Ok("")),
            ("%w %V %T", Ok("<w> <V> <T>")),
            ("\"%r\"é%s", Ok("\"<r>\"é<s>")),
            ("a%sb%Uc", Ok("a<s>b<U>c")),
            ("%s%%", Err("%%")),
            ("%", Err("%")),
            ("a%", Err("%")),
            ("%é", Err("%é")),
            ("%x", Err("%x")),
            ("%>s", Err("%>")),
            ("%{Foo}i", Err("%{")),
            ("%200s", Err("%2")),
            ("%!200s", Err("%!")),
            ("%h", Err("%h")),
            ("%\\s", Err("%\\")),
            (r"\\", Ok("\\")),
            (r"\n\t|", Ok("\n\t|")),
            (r"\\n", Ok("\\n")),
            (r"\x\%s", Ok("\\x\\<s>")),
            ("\\", Ok("\\")),
        ];
        for (format, expected) in rows {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(line(format), expected, "{format:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_a_dash_and_values_stay_on_their_line() -> Result<(), UnknownConversion>
    {
        let mut line = String::new();
        RequestLogFormat::parse("%w|%U|%q|")?.push(&mut line, |conversion| match conversion {
            Conversion::Path => Some(Cow::Borrowed(
                b"/a\n[Sun] forged\" 200\x1b[31m\t\\\xff\xc3\xa9",
            )),
            Conversion::Query => Some(Cow::Borrowed(b"")),
            _ => None,
        });
        assert_eq!(line, "-|/a\\n[Sun] forged\\\" 200\\x1b[31m\\t\\\\\\xffé||");
        Ok(())
    }

    proptest! {
        #[test]
        fn values_never_end_the_line(value in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut line = String::new();
            let format = RequestLogFormat::parse("\"%U\"");
            prop_assert!(format.is_ok());
            if let Ok(format) = format {
                format.push(&mut line, |_| Some(Cow::Borrowed(&value)));
            }
            prop_assert!(!line.chars().any(char::is_control));
            // The only quote that no backslash stands in front of is the last character.
            let mut characters = line[1..].chars();
            while let Some(character) = characters.next() {
                match character {
                    '\\' => drop(characters.next()),
                    '"' => prop_assert_eq!(characters.as_str(), ""),
                    _ => {}
                }
            }
        }

        #[test]
        fn any_text_parses_or_is_refused(format in ".{0,40}") {
            let has_percent = format.contains('%');
            let parsed = RequestLogFormat::parse(&format);
            prop_assert!(parsed.is_ok() || has_percent);
        }
    }
}
