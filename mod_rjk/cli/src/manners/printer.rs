//! Where results go.

use anstream::AutoStream;
use serde::Serialize;
use std::io::{self, ErrorKind, Write};

/// Standard output: coloured on a terminal only, and never with `NO_COLOR`. It knows when its reader went away.
pub struct Printer {
    out: Box<dyn Write>,
    json: bool,
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

    /// Nobody reads any more (`rjk … | head`): that is no failure.
    pub fn closed(&self) -> bool {
        self.closed
    }

    fn noticed<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.closed |= matches!(&result, Err(error) if error.kind() == ErrorKind::BrokenPipe);
        result
    }
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.noticed(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.noticed(result)
    }
}
