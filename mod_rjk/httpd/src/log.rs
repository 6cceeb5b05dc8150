//! The Jk log: where lines go and how they look (contract §8).

use crate::ffi::apr::Pool;
use crate::ffi::sys;
use rjk_log::line::{Fraction, LONGEST_LINE, LineHead, StampFormat, cut};
use rjk_log::{Level, Log, Origin};
use std::ffi::{CString, c_int};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

/// An open Jk log; servers with the same JkLogFile share one (J-01).
#[derive(Debug)]
pub(crate) struct LogFile(File);

impl LogFile {
    /// Opens `target`: a file, or `|program` as httpd's reliable piped log.
    pub(crate) fn open(target: &str, pool: Pool<'_>) -> std::io::Result<Arc<LogFile>> {
        let file = match target.strip_prefix('|') {
            Some(program) => open_pipe(program, pool)?,
            None => OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o644)
                .open(target)?,
        };
        Ok(Arc::new(LogFile(file)))
    }

    /// httpd's error log, for when nothing else can be opened.
    pub(crate) fn error_log() -> std::io::Result<Arc<LogFile>> {
        let own = std::io::stderr().as_fd().try_clone_to_owned()?;
        Ok(Arc::new(LogFile(File::from(own))))
    }

    /// Writes a line, which gets its end here.
    fn write(&self, mut line: String) {
        cut(&mut line);
        line.push('\n');
        // One write of a line in append mode keeps lines of all children apart (J-03), and so does a
        // pipe with lines of this length. A full disk must not fail a request.
        let _ = (&self.0).write_all(line.as_bytes());
    }
}

fn open_pipe(program: &str, pool: Pool<'_>) -> std::io::Result<File> {
    let failed = || std::io::Error::other(format!("the log program {program} cannot be started"));
    let program = pool.string(program.as_bytes());
    // SAFETY: pool and string are alive until the pool is cleared; the descriptor is duplicated,
    // so that the file owns its own.
    unsafe {
        let piped = sys::ap_open_piped_log(pool.as_ptr(), program);
        if piped.is_null() {
            return Err(failed());
        }
        let mut fd: c_int = -1;
        if sys::apr_os_file_get(&mut fd, sys::ap_piped_log_write_fd(piped)) != 0 {
            return Err(failed());
        }
        let own = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3);
        if own < 0 {
            return Err(std::io::Error::last_os_error());
        }
        Ok(File::from(OwnedFd::from_raw_fd(own)))
    }
}

/// Where and how a server logs (D-10…D-12).
#[derive(Clone, Debug)]
pub(crate) struct LogSink {
    pub(crate) file: Arc<LogFile>,
    pub(crate) level: Level,
    pub(crate) stamp: Stamp,
}

/// `JkLogStampFormat`, ready for strftime (J-08).
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    before: CString,
    fraction: Fraction,
    after: CString,
}

impl Stamp {
    pub(crate) fn new(format: &str) -> Stamp {
        let parts = StampFormat::parse(format);
        let text = |part: &str| CString::new(part).unwrap_or_default();
        Stamp {
            before: text(parts.before),
            fraction: parts.fraction,
            after: text(parts.after),
        }
    }

    fn write(&self, line: &mut String) {
        // SAFETY: a zeroed apr_time_exp_t is valid; httpd fills it.
        let (now, time) = unsafe {
            let now = sys::apr_time_now();
            let mut time: sys::apr_time_exp_t = std::mem::zeroed();
            sys::ap_explode_recent_localtime(&mut time, now);
            (now, time)
        };
        push_time(line, &self.before, &time);
        let micros = u32::try_from(now.rem_euclid(1_000_000)).unwrap_or(0);
        self.fraction.push(line, micros);
        push_time(line, &self.after, &time);
    }
}

fn push_time(line: &mut String, format: &CString, time: &sys::apr_time_exp_t) {
    let mut buffer = [0u8; LONGEST_LINE];
    let mut length: sys::apr_size_t = 0;
    let mut time = *time;
    // SAFETY: the buffer is writable for the size that is passed.
    unsafe {
        sys::apr_strftime(
            buffer.as_mut_ptr().cast(),
            &mut length,
            buffer.len() as _,
            format.as_ptr(),
            &mut time,
        );
    }
    line.push_str(&String::from_utf8_lossy(
        &buffer[..(length as usize).min(buffer.len())],
    ));
}

impl LogSink {
    /// The log of one request, or of one phase: `id` stands in each line (J-06).
    pub(crate) fn with_id<'a>(&'a self, id: &'a str) -> IdLog<'a> {
        IdLog { sink: self, id }
    }

    /// Writes the line of a request, which has the time stamp in front and goes out at every level (J-04).
    pub(crate) fn write_request(&self, push: impl FnOnce(&mut String)) {
        let mut line = String::with_capacity(256);
        self.stamp.write(&mut line);
        push(&mut line);
        self.file.write(line);
    }
}

/// A [`Log`] that writes an id into each line.
#[derive(Clone, Copy)]
pub(crate) struct IdLog<'a> {
    sink: &'a LogSink,
    id: &'a str,
}

impl Log for IdLog<'_> {
    fn enabled(&self, level: Level) -> bool {
        level >= self.sink.level
    }

    fn write(&self, level: Level, origin: Origin, message: fmt::Arguments<'_>) {
        let mut line = String::with_capacity(256);
        self.sink.stamp.write(&mut line);
        let head = LineHead {
            id: self.id,
            pid: std::process::id(),
            thread: thread_id(),
            level,
            origin,
        };
        head.complete(&mut line, message);
        self.sink.file.write(line);
    }
}

fn thread_id() -> u64 {
    // SAFETY: the function has no preconditions.
    unsafe { libc::pthread_self() as u64 }
}
