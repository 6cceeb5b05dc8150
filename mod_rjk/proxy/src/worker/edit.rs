//! Changes at run time as a process of the server makes them.

use crate::way::address;
use rjk_balance::edit::Editor;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// An editor that asks this host's resolver and process table.
pub const EDITOR: Editor<'static> = Editor {
    is_alive: &is_alive,
    resolve: &address::resolve,
};

/// Whether a process of this host has this id.
pub fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_told_from_the_dead() {
        assert!(is_alive(std::process::id()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
        assert!(!is_alive(0) && !is_alive(u32::MAX));
    }
}
