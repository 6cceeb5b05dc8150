//! Where results go.

use anstream::AutoStream;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Standard output: coloured on a terminal only, and never with `NO_COLOR`.
///
/// A reader that goes away (`rjk … | head`) is no failure: the rest goes nowhere, and the verb does what it has to do and
/// ends as it would have ended.
pub struct Printer {
    out: Box<dyn Write>,
    json: bool,
    /// Nobody reads any more.
    closed: bool,
}

impl Printer {
    /// To standard output; `json` as `--json` says.
    pub fn stdout(json: bool) -> Printer {
        Printer::to(AutoStream::auto(io::stdout()), json)
    }

    /// To something else.
    pub fn to(out: impl Write + 'static, json: bool) -> Printer {
        Printer {
            out: Box::new(out),
            json,
            closed: false,
        }
    }

    /// Whether results are wanted as JSON.
    pub fn json(&self) -> bool {
        self.json
    }

    /// One JSON value on a line of its own.
    ///
    /// # Errors
    /// As [`Write::write`].
    pub fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(value)?;
        writeln!(self, "{line}")
    }

    /// Nobody reads any more: what is done only to be looked at can end.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// The result, or `gone` when nobody reads.
    fn unless_closed<T>(
        &mut self,
        gone: T,
        act: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.closed {
            return Ok(gone);
        }
        match act(&mut *self.out) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(gone)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => Err(io::Error::new(
                error.kind(),
                format!("cannot write: {error}"),
            )),
            Ok(done) => Ok(done),
        }
    }
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), |out| out.flush())
    }
}

/// A line for the person, on standard error. One that nobody reads is nobody's loss.
pub fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes, then fails in this way.
    struct Failing(usize, ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            match taken {
                0 => Err(self.1.into()),
                taken => Ok(taken),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.1.into())
        }
    }

    #[test]
    fn a_reader_that_goes_away_is_no_failure() {
        let mut printer = Printer::to(Failing(5, ErrorKind::BrokenPipe), true);
        printer.write_all(b"more than five").unwrap();
        printer.value(&"even more").unwrap();
        printer.flush().unwrap();
    }

    #[test]
    fn a_disk_that_is_full_is_one() {
        let mut printer = Printer::to(Failing(5, ErrorKind::StorageFull), true);
        let error = printer.value(&"more than five").unwrap_err();
        assert!(error.to_string().starts_with("cannot write: "), "{error}");
        assert!(printer.flush().is_err());
    }
}
