//! Lines of httpd's configuration that another one replaces, or that name what is not there.

use super::{Found, Severity};
use crate::check::httpd_conf::Line;
use bstr::ByteSlice;
use std::rc::Rc;

/// Of several lines with one of these, httpd takes the last one.
const ONCE: [&str; 4] = ["JkShmFile", "JkLogFile", "JkLogLevel", "JkWatchdogInterval"];

pub(super) fn find(found: &mut Found<'_>) {
    for name in ONCE {
        repeated(name, found);
    }
    for line in &found.site.conf.lines {
        if line.is("JkLogFile") {
            log_folder(line, found);
        }
    }
}

/// The earlier one says nothing.
fn repeated(name: &str, found: &mut Found<'_>) {
    let lines = found.site.conf.lines.iter().filter(|line| line.is(name));
    let lines: Vec<&Line> = lines.collect();
    let server = |line: &Line| line.virtual_host().map(Rc::as_ptr);
    for (at, line) in lines.iter().enumerate() {
        let mut later = lines.iter().skip(at + 1);
        if let Some(other) = later.find(|later| server(later) == server(line)) {
            let message = format!(
                "{name} is written again at {}, which counts; take one of the two away",
                other.place
            );
            found.add(
                Some(&line.place),
                Severity::Warning,
                "duplicate-key",
                message,
            );
        }
    }
}

/// httpd makes no folder, and does not start without this one.
fn log_folder(line: &Line, found: &mut Found<'_>) {
    let Some(name) = line.words().into_iter().next() else {
        return;
    };
    let root = &found.site.conf.root;
    let name = name.to_str_lossy();
    if name.starts_with('|') || !root.is_certain(&name) {
        return;
    }
    let path = root.join(&name);
    let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else {
        return;
    };
    let message = format!(
        "the folder {} of JkLogFile is not here, and httpd does not start without it; make it",
        folder.display()
    );
    found.add(Some(&line.place), Severity::Hint, "folder-missing", message);
}
