//! The demo stays up for a browser.

use crate::stage::Stage;
use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a Tomcat that somebody killed stays away.
const ABSENCE: Duration = Duration::from_secs(20);
/// Time between two looks.
const STEP: Duration = Duration::from_millis(200);

/// Starts what the story killed, says where to click, and waits for Ctrl-C. Whoever kills a Tomcat
/// meanwhile sees it come back.
pub fn up(stage: &mut Stage) -> Result<()> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    for tomcat in &mut stage.cluster.nodes {
        if tomcat.pid().is_none() {
            tomcat.start()?;
        }
    }
    invite(stage);
    let mut missing: Vec<(usize, Instant)> = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        std::thread::sleep(STEP);
        bring_back(stage, &mut missing)?;
    }
    println!();
    Ok(())
}

fn invite(stage: &Stage) {
    println!("\nAll is up. Open in a browser on this machine:\n");
    println!("   {}   the page to click on", stage.page());
    println!("   {}   the balancer and its members", stage.status_page());
    println!("\nKill the Tomcat that serves you and click on:\n");
    for tomcat in &stage.cluster.nodes {
        let pid = tomcat.pid().unwrap_or_default();
        println!("   kill -9 {pid}   Tomcat {}", tomcat.route());
    }
    let logs = stage.httpd.path("logs/jk.log");
    println!(
        "\nIt comes back after {} s. The module's log:",
        ABSENCE.as_secs()
    );
    println!(
        "\n   tail -f {}\n\nCtrl-C stops everything.\n",
        logs.display()
    );
}

fn bring_back(stage: &mut Stage, missing: &mut Vec<(usize, Instant)>) -> Result<()> {
    for (index, tomcat) in stage.cluster.nodes.iter_mut().enumerate() {
        if tomcat.has_ended() {
            // Reaps it, and ends what may be left of its group.
            tomcat.kill9()?;
            println!("Tomcat {} is gone.", tomcat.route());
            missing.push((index, Instant::now()));
        }
    }
    let (due, waiting): (Vec<_>, Vec<_>) = missing
        .drain(..)
        .partition(|(_, since)| since.elapsed() >= ABSENCE);
    *missing = waiting;
    for (index, _) in due {
        if let Some(tomcat) = stage.cluster.nodes.get_mut(index) {
            tomcat.start()?;
            let pid = tomcat.pid().unwrap_or_default();
            println!("Tomcat {} is back: kill -9 {pid}", tomcat.route());
        }
    }
    Ok(())
}
