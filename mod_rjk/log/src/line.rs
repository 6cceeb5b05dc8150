//! The form of a line of the Jk log (contract §8): time stamp, parts in front, length.

use crate::{Level, Origin};
use std::fmt::{self, Write as _};

/// Longest line in bytes, without its end (J-07, Z-09).
pub const LONGEST_LINE: usize = 1021;

/// What ends a line that was too long.
const CUT: &str = "...";

/// `JkLogStampFormat` (J-08): two strftime formats and what stands between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampFormat<'a> {
    /// strftime format of what comes first.
    pub before: &'a str,
    /// Part of the second after it.
    pub fraction: Fraction,
    /// strftime format of the rest.
    pub after: &'a str,
}

/// Part of the second in a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fraction {
    /// None.
    None,
    /// `%Q`: three digits of milliseconds.
    Millis,
    /// `%q`: six digits of microseconds.
    Micros,
}

impl<'a> StampFormat<'a> {
    /// Only the first `%Q`, or without one the first `%q`, is replaced.
    pub fn parse(format: &'a str) -> StampFormat<'a> {
        let found = format
            .split_once("%Q")
            .map(|parts| (parts, Fraction::Millis))
            .or_else(|| {
                let parts = format.split_once("%q")?;
                Some((parts, Fraction::Micros))
            });
        let ((before, after), fraction) = found.unwrap_or(((format, ""), Fraction::None));
        StampFormat {
            before,
            fraction,
            after,
        }
    }
}

impl Fraction {
    /// Adds the digits; `micros` is 0 to 999,999.
    pub fn push(self, line: &mut String, micros: u32) {
        let written = match self {
            Fraction::None => Ok(()),
            Fraction::Millis => write!(line, "{:03}", micros / 1000),
            Fraction::Micros => write!(line, "{micros:06}"),
        };
        debug_assert!(written.is_ok(), "a String takes everything");
    }
}

/// The parts of a line between its time stamp and its message (J-05).
#[derive(Clone, Copy, Debug)]
pub struct LineHead<'a> {
    /// Request id, or the word for a phase (J-06).
    pub id: &'a str,
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub thread: u64,
    /// Level of the line.
    pub level: Level,
    /// Where in our source it comes from.
    pub origin: Origin,
}

impl LineHead<'_> {
    /// Completes `line`, which holds the time stamp: `[id] [pid:thread] [level] origin: message`.
    ///
    /// Control characters of id and message are escaped: whatever a client or a worker sends stays
    /// on its line, and does nothing to the terminal that shows it.
    pub fn complete(&self, line: &mut String, message: fmt::Arguments<'_>) {
        line.push('[');
        let mut safe = Escaped(line);
        let id = safe.write_str(self.id);
        let (pid, thread, level, origin) = (self.pid, self.thread, self.level, self.origin);
        let head = write!(safe.0, "] [{pid}:{thread}] [{}] {origin}: ", level.as_str());
        let text = safe.write_fmt(message);
        debug_assert!(id.and(head).and(text).is_ok(), "a Display failed");
    }
}

/// Adds a value that a client or a worker may have chosen to a line whose form others read: it ends
/// neither the line nor a text in quotes, and bytes that are no text show themselves in hex.
pub fn push_value(line: &mut String, value: &[u8]) {
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' | '\n' | '\r' | '\t' => line.extend(character.escape_default()),
                _ if character.is_control() => {
                    push_hex(line, character.encode_utf8(&mut [0; 4]).as_bytes())
                }
                _ => line.push(character),
            }
        }
        push_hex(line, chunk.invalid());
    }
}

fn push_hex(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let written = write!(line, "\\x{byte:02x}");
        debug_assert!(written.is_ok(), "a String takes everything");
    }
}

/// Writes text without control characters.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if character.is_control() && character != '\t' {
                self.0.extend(character.escape_default());
            } else {
                self.0.push(character);
            }
        }
        Ok(())
    }
}

/// Cuts a line that is longer than [`LONGEST_LINE`], so that one sees it (J-07).
pub fn cut(line: &mut String) {
    if line.len() > LONGEST_LINE {
        line.truncate(line.floor_char_boundary(LONGEST_LINE - CUT.len()));
        line.push_str(CUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(id: &str, message: &str) -> String {
        let head = LineHead {
            id,
            pid: 12,
            thread: 34,
            level: Level::Warn,
            origin: Origin {
                function: "rjk::pool::take",
                file: "src/pool.rs",
                line: 7,
            },
        };
        let mut line = "[now] ".to_owned();
        head.complete(&mut line, format_args!("{message}"));
        cut(&mut line);
        line
    }

    #[test]
    fn j05_parts_in_their_order() {
        assert_eq!(
            line("NO-ID", "worker w1 is back"),
            "[now] [NO-ID] [12:34] [warn] take::pool.rs (7): worker w1 is back"
        );
    }

    #[test]
    fn j03_data_never_splits_a_line() {
        let text = line("a\nb", "x\r\n[now] forged \x1b[31m\t\u{9b}é");
        assert!(
            text.ends_with("x\\r\\n[now] forged \\u{1b}[31m\t\\u{9b}é"),
            "{text}"
        );
        assert!(text.starts_with("[now] [a\\nb] ["), "{text}");
        assert_eq!(text.matches('\n').count(), 0);
    }

    #[test]
    fn r_values_are_told_from_what_stands_around_them() {
        let rows: [(&[u8], &str); 5] = [
            (b"plain /x?y=1", "plain /x?y=1"),
            (b"a\"b\\c", "a\\\"b\\\\c"),
            (b"\r\n\t\x00\x1b\x7f", "\\r\\n\\t\\x00\\x1b\\x7f"),
            ("é\u{9b}".as_bytes(), "é\\xc2\\x9b"),
            (b"\xff\xc3", "\\xff\\xc3"),
        ];
        for (value, expected) in rows {
            let mut line = String::new();
            push_value(&mut line, value);
            assert_eq!(line, expected, "{value:?}");
        }
    }

    #[test]
    fn j07_a_longer_line_ends_in_three_dots() {
        let head = line("i", "").len();
        let longest = line("i", &"x".repeat(LONGEST_LINE - head));
        assert_eq!(longest.len(), LONGEST_LINE);
        assert!(longest.ends_with("xx"));
        let cut = line("i", &"x".repeat(LONGEST_LINE - head + 1));
        assert_eq!(cut.len(), LONGEST_LINE);
        assert!(cut.ends_with("x..."));
    }

    #[test]
    fn j08_the_first_fraction_is_replaced() {
        let rows = [
            ("[%H] ", ("[%H] ", Fraction::None, "")),
            ("%S.%Q %Y", ("%S.", Fraction::Millis, " %Y")),
            ("%S.%q ", ("%S.", Fraction::Micros, " ")),
            ("%q %Q|", ("%q ", Fraction::Millis, "|")),
            ("%Q%Q", ("", Fraction::Millis, "%Q")),
            ("", ("", Fraction::None, "")),
        ];
        for (format, (before, fraction, after)) in rows {
            let expected = StampFormat {
                before,
                fraction,
                after,
            };
            assert_eq!(StampFormat::parse(format), expected, "{format}");
        }
        let mut text = String::new();
        Fraction::Millis.push(&mut text, 7_999);
        Fraction::Micros.push(&mut text, 42);
        Fraction::None.push(&mut text, 42);
        assert_eq!(text, "007000042");
    }

    proptest! {
        #[test]
        fn j07_any_message_makes_one_line_of_bounded_length(id in ".*", message in "(?s).{0,600}") {
            let text = line(&id, &message);
            prop_assert!(text.len() <= LONGEST_LINE);
            prop_assert_eq!(text.find('\n'), None);
        }
    }
}
