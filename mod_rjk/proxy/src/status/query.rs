//! What a request asks the status worker for (C-01, C-02, C-11). The page answers a part of it; the
//! rest must not get the page, for a script would take it for a success.

use std::borrow::Cow;
use std::fmt;

/// The commands that the page answers.
const SHOWN: [&str; 3] = ["list", "show", "version"];
/// The format of the page.
const FORMAT: &str = "html";
/// Commands (C-01) and formats (C-02) of mod_jk that have no answer yet.
const COMMANDS: [&str; 5] = ["edit", "update", "reset", "recover", "dump"];
const FORMATS: [&str; 3] = ["xml", "txt", "prop"];

/// A wish that has no answer yet: the client gets 501.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// `cmd=` with this command of mod_jk.
    Command(&'static str),
    /// `mime=` with this format of mod_jk.
    Format(&'static str),
    /// `cmd=` with anything else.
    UnknownCommand,
    /// `mime=` with anything else.
    UnknownFormat,
}

impl Unsupported {
    /// The first wish in a query string that has no answer; `None` when the page is what was asked for.
    ///
    /// mod_jk takes the last of several parameters of one name, and only `cmd` and `mime` in exactly this
    /// form. Here each one counts, however it is spelled.
    pub fn of(query: &[u8]) -> Option<Unsupported> {
        query.split(|byte| *byte == b'&').find_map(|parameter| {
            let at = parameter.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (&parameter[..at], &parameter[at + 1..]);
            // What cannot be decoded is no word that is known.
            let value = decode(value).unwrap_or_default();
            match decode(name)?.to_ascii_lowercase().as_slice() {
                b"cmd" => command(&value),
                b"mime" => format(&value),
                _ => None,
            }
        })
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsupported::Command(name) => write!(f, "cmd={name} is not supported yet"),
            Unsupported::Format(name) => write!(f, "mime={name} is not supported yet"),
            Unsupported::UnknownCommand => {
                write!(f, "cmd is none of {}", SHOWN.join(", "))
            }
            Unsupported::UnknownFormat => write!(f, "mime is not {FORMAT}"),
        }
    }
}

fn command(word: &[u8]) -> Option<Unsupported> {
    if SHOWN.iter().any(|known| known.as_bytes() == word) {
        return None;
    }
    let known = COMMANDS.iter().find(|known| known.as_bytes() == word);
    Some(known.map_or(Unsupported::UnknownCommand, |name| {
        Unsupported::Command(name)
    }))
}

fn format(word: &[u8]) -> Option<Unsupported> {
    if word == FORMAT.as_bytes() {
        return None;
    }
    let known = FORMATS.iter().find(|known| known.as_bytes() == word);
    Some(known.map_or(Unsupported::UnknownFormat, |name| Unsupported::Format(name)))
}

/// Percent- and plus-decoded; `None` when an escape is broken.
fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        decoded.push(match first {
            b'+' => b' ',
            b'%' => {
                let digits = after.get(..2)?;
                rest = &after[2..];
                hex(digits[0])? << 4 | hex(digits[1])?
            }
            byte => *byte,
        });
    }
    Some(Cow::Owned(decoded))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn c01_c02_c11_rows() {
        use Unsupported::*;
        let rows = [
            ("", None),
            ("cmd=list&re=5&opt=3", None),
            ("cmd=li%73t", None),
            ("cmd=show&w=lb", None),
            ("cmd=version&mime=html", None),
            ("cmd", None),
            ("&&cmd&", None),
            ("w=cmd=update", None),
            ("w=%zz&sw=%", None),
            ("cmd=update&w=lb", Some(Command("update"))),
            ("w=lb&cmd=%75pd%61te", Some(Command("update"))),
            ("cmd=list&cmd=reset", Some(Command("reset"))),
            ("cmd=reset&cmd=list", Some(Command("reset"))),
            ("cmd=recover", Some(Command("recover"))),
            ("cmd=edit", Some(Command("edit"))),
            ("cmd=dump&mime=xml", Some(Command("dump"))),
            ("mime=prop&cmd=update", Some(Format("prop"))),
            ("mime=%78ml", Some(Format("xml"))),
            ("cmd=Update", Some(UnknownCommand)),
            ("CMD=update", Some(Command("update"))),
            ("%63m%64=update", Some(Command("update"))),
            ("cmd=", Some(UnknownCommand)),
            ("cmd=list%00", Some(UnknownCommand)),
            ("cmd=+list", Some(UnknownCommand)),
            ("cmd=upd%zzate", Some(UnknownCommand)),
            ("cmd=list%7", Some(UnknownCommand)),
            ("mime=json", Some(UnknownFormat)),
            ("mime=HTML", Some(UnknownFormat)),
            ("mime=", Some(UnknownFormat)),
        ];
        for (query, expected) in rows {
            assert_eq!(Unsupported::of(query.as_bytes()), expected, "{query}");
        }
    }

    proptest! {
        /// However the letters of a command are encoded, it is not answered with the page.
        #[test]
        fn c11_no_spelling_hides_a_command(
            name in proptest::sample::select(COMMANDS.to_vec()),
            encoded in proptest::collection::vec(any::<bool>(), 16),
            before in "([a-z]{1,3}=[a-z%]{0,3}&)?",
        ) {
            let spell = |text: &str, from: usize| -> String {
                text.bytes()
                    .zip(&encoded[from..])
                    .map(|(byte, encoded)| match encoded {
                        true => format!("%{byte:02x}"),
                        false => char::from(byte).to_string(),
                    })
                    .collect()
            };
            let query = format!("{before}{}={}", spell("cmd", 0), spell(name, 3));
            prop_assert!(Unsupported::of(query.as_bytes()).is_some(), "{}", query);
        }

        #[test]
        fn any_bytes_are_read(query in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Unsupported::of(&query);
        }
    }
}
