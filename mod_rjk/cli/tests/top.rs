//! `rjk top` gives the terminal back before a signal ends it.
#![allow(clippy::unwrap_used, reason = "a test")]

use rjk_testbed::terminal::Terminal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

#[test]
fn a_signal_ends_it_when_the_terminal_is_given_back() {
    // A web host that says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/st", silent.local_addr().unwrap());
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] {
        let rjk = Path::new(env!("CARGO_BIN_EXE_rjk"));
        let folder = tempfile::tempdir().unwrap();
        // SIGQUIT leaves its core where nobody finds it, or none at all.
        let script = "ulimit -c 0; cd \"$1\" && exec \"$2\" top \"$3\"";
        let folder = folder.path().to_str().unwrap();
        let arguments = ["-c", script, "sh", folder, rjk.to_str().unwrap(), &url];
        let mut terminal = Terminal::run(Path::new("/bin/sh"), &arguments, 80, 24).unwrap();
        terminal.wait_for("1 host").unwrap();
        assert!(terminal.is_alternate() && !terminal.is_cooked().unwrap());
        terminal.signal(signal).unwrap();
        let status = terminal.ended().unwrap();
        assert_eq!(status.signal(), Some(signal));
        assert!(!terminal.is_alternate(), "{signal}");
        assert!(terminal.is_cooked().unwrap(), "{signal}");
    }
}
