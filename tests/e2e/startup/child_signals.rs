//! httpd's signals and what is ours in a child: they wait while it is made, and its threads take none.

use rjk_testbed::httpd::Mpm;
use rjk_testbed::{Context, Httpd, Result, Subject, c_module, ensure, process, wait};
use rustix::process::Signal;
use std::fmt::Write;
use std::fs;

/// So many that a child takes a while to be made.
const MEMBERS: usize = 300;

/// Those that httpd's processes tell each other things with, and `kill` of an administrator.
const OF_HTTPD: [Signal; 6] = [
    Signal::TERM,
    Signal::HUP,
    Signal::INT,
    Signal::USR1,
    Signal::USR2,
    Signal::WINCH,
];

fn workers() -> String {
    let names: Vec<String> = (0..MEMBERS).map(|number| format!("m{number}")).collect();
    let mut text = format!(
        "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers={}\n",
        names.join(",")
    );
    for name in names {
        let _ = writeln!(text, "worker.{name}.host=127.0.0.1\nworker.{name}.port=9");
    }
    text
}

/// A handler of httpd's that ends the child, in the middle of our work, is one that frees what is half
/// made. Today's httpd holds signals back by itself, older ones do not.
#[test]
fn a_signal_waits_while_a_child_is_made() -> Result {
    let module = c_module::compile("tests/support/child_signals.c")?;
    for mpm in Mpm::ALL {
        let httpd = Httpd::builder(Subject::Rjk)
            .mpm(mpm)
            .workers(workers())
            .directives(format!(
                "JkMount /a/* lb\nJkWatchdogInterval 60\nLoadModule child_signals_module \"{}\"",
                module.display()
            ))
            .start()?;
        let said = || -> Option<String> {
            let log = httpd.error_log();
            let (_, rest) = log.split_once("child_signals: ")?;
            rest.lines().next().map(str::to_owned)
        };
        wait::until("a child is made", wait::SOON, || said().is_some())?;
        let said = said().context("no line")?;
        ensure!(
            said.starts_with("0 within the module, ")
                && !said.contains(", 0 elsewhere")
                && said.ends_with(", 0 left blocked"),
            "{mpm:?}: {said}"
        );
        httpd.assert_clean();
    }
    Ok(())
}

/// The blocked signals of each thread of ours, as bits.
fn masks_of_ours(pid: u32) -> Vec<u64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let masks = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let value = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
        value("Name:\t")?.strip_prefix("rjk-")?;
        u64::from_str_radix(value("SigBlk:\t")?, 16).ok()
    });
    masks.collect()
}

#[test]
fn a_thread_of_ours_takes_no_signal_of_httpd() -> Result {
    for mpm in Mpm::ALL {
        let httpd = Httpd::builder(Subject::Rjk)
            .mpm(mpm)
            .workers(workers())
            .directives("JkMount /a/* lb\nJkWatchdogInterval 60")
            .start()?;
        let child = httpd.only_child()?;
        wait::until("the child has its thread", wait::SOON, || {
            !masks_of_ours(child).is_empty()
        })?;
        for mask in masks_of_ours(child) {
            for signal in OF_HTTPD {
                let bit = 1 << (signal.as_raw() - 1);
                ensure!(mask & bit != 0, "{mpm:?}: {signal:?} is not in {mask:x}");
            }
            // What it does to itself ends it with a word of httpd's.
            let fault = 1 << (Signal::SEGV.as_raw() - 1);
            ensure!(mask & fault == 0, "{mpm:?}: {mask:x}");
        }
        ensure!(process::is_alive(child), "{mpm:?}");
        httpd.assert_clean();
    }
    Ok(())
}
