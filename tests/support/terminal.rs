//! A program on a terminal, whose screen a test reads as text.

use crate::{Result, process, wait};
use anyhow::{Context, bail};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A program that runs on a terminal of its own.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    master: File,
    seen: Arc<Mutex<Seen>>,
    reader: JoinHandle<()>,
}

/// What came so far.
struct Seen {
    parser: vt100::Parser,
    /// Each screen that differs from the one before.
    screens: Vec<String>,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.parser.screen().contents())
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn cells(count: u16) -> Result<NonZeroU16> {
    NonZeroU16::new(count).context("a terminal without a cell")
}

impl Terminal {
    /// Starts a program on a terminal of so many columns and rows.
    pub fn run(program: &Path, arguments: &[&str], columns: u16, rows: u16) -> Result<Terminal> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        tcsetwinsize(&master, size(columns, rows))?;
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str()?)?;
        // setsid makes it the controlling terminal, and becomes the program.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(program)
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .stdin(slave.try_clone()?)
            .stdout(slave.try_clone()?)
            .stderr(slave)
            .spawn()
            .context("setsid")?;
        let seen = Arc::new(Mutex::new(Seen {
            parser: vt100::Parser::new(cells(rows)?, cells(columns)?, 0),
            screens: Vec::new(),
            bytes: Vec::new(),
        }));
        let master = File::from(master);
        let output = master.try_clone()?;
        let kept = Arc::clone(&seen);
        let reader = std::thread::spawn(move || read(output, &kept));
        Ok(Terminal {
            child,
            master,
            seen,
            reader,
        })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The screen as it is.
    pub fn screen(&self) -> String {
        self.seen().parser.screen().contents()
    }

    /// All screens that there were.
    pub fn screens(&self) -> Vec<String> {
        self.seen().screens.clone()
    }

    /// All that was written, with its escape sequences.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// The colour of the first place that has a text, by its number in the palette.
    pub fn colour_of(&self, text: &str) -> Option<u8> {
        let seen = self.seen();
        let screen = seen.parser.screen();
        let lines = screen.contents();
        let (row, line) = lines
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(text))?;
        let column = line[..line.find(text)?].chars().count();
        let cell = screen.cell(u16::try_from(row).ok()?, u16::try_from(column).ok()?)?;
        match cell.fgcolor() {
            vt100::Color::Idx(number) => Some(number),
            _ => None,
        }
    }

    /// Whether the program has the screen for itself, and has not given it back.
    pub fn is_alternate(&self) -> bool {
        self.seen().parser.screen().alternate_screen()
    }

    /// Waits until the screen is as `wanted` asks for.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return Ok(screen);
            }
            if start.elapsed() > wait::SOON {
                bail!("the screen never had {what}:\n{screen}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the screen has a text.
    pub fn wait_for(&self, text: &str) -> Result<String> {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Types.
    pub fn send(&mut self, keys: &str) -> Result {
        Ok(self.master.write_all(keys.as_bytes())?)
    }

    /// Makes the window another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> Result {
        let (rows_there, columns_there) = (cells(rows)?, cells(columns)?);
        let mut seen = self.seen();
        seen.parser.screen_mut().set_size(rows_there, columns_there);
        drop(seen);
        Ok(tcsetwinsize(&self.master, size(columns, rows))?)
    }

    /// Whether keys are echoed and lines edited, as a shell wants it.
    pub fn is_cooked(&self) -> Result<bool> {
        use rustix::termios::{LocalModes, tcgetattr};
        let modes = tcgetattr(&self.master)?.local_modes;
        Ok(modes.contains(LocalModes::ICANON | LocalModes::ECHO))
    }

    /// Sends the program a signal, by its number, as `kill` does.
    pub fn signal(&self, number: i32) -> Result {
        let signal = Signal::from_named_raw(number).context("no such signal")?;
        process::signal(self.child.id(), signal)
    }

    /// Waits for the end, and until all that was written is read: the exit code, `None` after a signal.
    pub fn end(&mut self) -> Result<Option<i32>> {
        Ok(self.ended()?.code())
    }

    /// As [`Terminal::end`], with the signal.
    pub fn ended(&mut self) -> Result<ExitStatus> {
        let mut status = None;
        // The reader ends when nobody has the terminal open any more.
        let ended = wait::became(wait::SOON, || {
            status = self.child.try_wait().ok().flatten();
            status.is_some() && self.reader.is_finished()
        });
        match (ended, status) {
            (true, Some(status)) => Ok(status),
            _ => bail!("it does not end:\n{}", self.screen()),
        }
    }
}

fn read(mut master: File, seen: &Mutex<Seen>) {
    let mut buffer = [0; 4096];
    // A terminal that nobody has open any more is an error.
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.bytes.extend_from_slice(&buffer[..count]);
        seen.parser.process(&buffer[..count]);
        let screen = seen.parser.screen().contents();
        if seen.screens.last() != Some(&screen) {
            seen.screens.push(screen);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
