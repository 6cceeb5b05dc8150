//! What becomes of the figures: tables, plots, JSON.

mod docs;
mod markdown;
mod number;
mod plots;
mod svg;

pub use markdown::bar_lines;

use crate::results::Results;
use rjk_testbed::Result;
use rjk_testbed::module::repository;
use std::fs;
use std::path::PathBuf;

/// Where all of it lies.
pub fn folder() -> PathBuf {
    repository().join("target/bench")
}

/// Writes tables, plots and JSON, of what was measured so far.
pub fn write(results: &Results) -> Result {
    let folder = folder();
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join("results.json"),
        serde_json::to_string_pretty(results)?,
    )?;
    let title = "# mod_rjk beside its peers\n\n";
    let text = markdown::report(results, "##", "");
    fs::write(folder.join("results.md"), format!("{title}{text}"))?;
    for (name, plot) in plots::all(results) {
        fs::write(folder.join(name), plot)?;
    }
    Ok(())
}

/// Writes the figures of docs/performance.md, and its plots.
pub fn write_docs(results: &Results) -> Result {
    let page = repository().join("docs/performance.md");
    let figures = markdown::report(results, "###", "performance/");
    let text = docs::with_figures(&fs::read_to_string(&page)?, &figures)?;
    let folder = repository().join("docs/performance");
    fs::create_dir_all(&folder)?;
    for (name, plot) in plots::all(results) {
        fs::write(folder.join(name), plot)?;
    }
    Ok(fs::write(page, text)?)
}

#[cfg(test)]
pub use tests::example;

#[cfg(test)]
mod tests;
