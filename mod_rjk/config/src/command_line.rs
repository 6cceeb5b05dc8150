//! What httpd's command line asks of a running server.

/// The words that `-k` takes; the last two end a server.
const COMMANDS: [&[u8]; 5] = [b"start", b"restart", b"graceful", b"stop", b"graceful-stop"];

/// Whether the arguments behind the program's name say `-k stop` or `-k graceful-stop`.
///
/// `options` are the letters that httpd knows besides `k`, in getopt's form: a colon follows a
/// letter that takes a value. httpd reads the options as getopt does: letters may stand together,
/// a value may be a part of its word, and the first other word ends them. Its first `-k` with a
/// word that it knows counts.
pub fn says_stop<A: AsRef<[u8]>>(options: &[u8], arguments: impl IntoIterator<Item = A>) -> bool {
    let mut words = arguments.into_iter();
    while let Some(word) = words.next() {
        let word = word.as_ref();
        let Some(mut letters) = option_letters(word) else {
            return false;
        };
        while let Some((letter, rest)) = letters.split_first() {
            letters = rest;
            if !takes_value(options, *letter) {
                continue;
            }
            let next = if rest.is_empty() { words.next() } else { None };
            let value = next.as_ref().map_or(rest, AsRef::as_ref);
            if *letter == b'k' && COMMANDS.contains(&value) {
                return value.ends_with(b"stop");
            }
            break;
        }
    }
    false
}

/// The letters of a word of options; `None` for a word that ends them.
fn option_letters(word: &[u8]) -> Option<&[u8]> {
    let letters = word.strip_prefix(b"-")?;
    (!letters.is_empty() && !letters.starts_with(b"-")).then_some(letters)
}

fn takes_value(options: &[u8], letter: u8) -> bool {
    letter == b'k' || options.windows(2).any(|pair| pair == [letter, b':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// httpd 2.4's own.
    const OPTIONS: &[u8] = b"C:c:D:d:E:e:f:vVlLtTSMh?X";

    #[test]
    fn options_are_read_as_httpd_reads_them() {
        let rows = [
            ("-k stop", true),
            ("-k graceful-stop", true),
            ("-kstop", true),
            ("-kgraceful-stop", true),
            ("-f conf -k stop", true),
            ("-fconf -DX -k stop", true),
            ("-Xk stop", true),
            ("-TXkstop", true),
            ("-D X -d / -k stop -D Y", true),
            ("-k start", false),
            ("-k graceful", false),
            ("-k restart", false),
            ("", false),
            ("-D stop", false),
            // The value of another option.
            ("-D -k stop", false),
            ("-D -kstop", false),
            ("-Dk stop", false),
            ("-e debug -c -k -k stop", true),
            // Behind the end of the options.
            ("-- -k stop", false),
            ("stop -k stop", false),
            ("- -k stop", false),
            // The first one counts; httpd passes over a word that it does not know.
            ("-k start -k stop", false),
            ("-k stop -k start", true),
            ("-k Stop -k stop", true),
            ("-k", false),
        ];
        for (line, expected) in rows {
            let stops = says_stop(OPTIONS, line.split_whitespace());
            assert_eq!(stops, expected, "{line}");
        }
    }
}
