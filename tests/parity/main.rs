//! Plays the table of cases: `cargo test -p rjk-testbed --test parity -- FILTER…`.
//!
//! A case is played when its name, `SITE/CASE`, has one of the filters in it; `--list` names them all.

#![forbid(unsafe_code)]

use rjk_testbed::parity::{self, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match play(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play(arguments: &[String]) -> rjk_testbed::Result<bool> {
    let filters: Vec<&String> = arguments
        .iter()
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted =
        |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
    let sites = parity::load()?;
    if arguments.iter().any(|word| word == "--list") {
        let cases = sites
            .iter()
            .flat_map(|site| site.cases.iter().map(move |case| run::name(site, case)));
        cases
            .filter(|name| wanted(name))
            .for_each(|name| println!("{name}: test"));
        return Ok(true);
    }
    let begun = std::time::Instant::now();
    let verdicts = run::all(&sites, threads(), &wanted);
    let failed: Vec<_> = verdicts
        .iter()
        .filter(|verdict| !verdict.problems.is_empty())
        .collect();
    for verdict in &failed {
        println!("FAILED {}", verdict.name);
        for problem in &verdict.problems {
            println!("  {}", problem.replace('\n', "\n  "));
        }
    }
    println!(
        "parity: {} cases played, {} failed, {:.1} s",
        verdicts.len(),
        failed.len(),
        begun.elapsed().as_secs_f64()
    );
    Ok(failed.is_empty())
}

/// As many servers at a time as tests run at a time.
fn threads() -> usize {
    let wanted = std::env::var("RUST_TEST_THREADS").ok();
    wanted.and_then(|count| count.parse().ok()).unwrap_or(4)
}
