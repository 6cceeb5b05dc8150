//! The how-tos: what can be known of their commands without running them. The lab runs them.

use rjk_testbed::document::{Document, ensure_same_commands};
use rjk_testbed::module::repository;
use rjk_testbed::{Context, Result};

fn page(name: &str) -> Result<Document> {
    Document::read(&repository().join("docs").join(name))
}

/// Who reads the other language does the same.
#[test]
fn the_korean_page_has_the_commands_of_the_english_one() -> Result {
    let (english, korean) = (page("on-premise.md")?, page("ko/on-premise.md")?);
    ensure_same_commands(&english, &korean).context("on-premise.md and ko/on-premise.md")?;
    let commands = english.blocks.iter().flat_map(|block| block.commands());
    assert!(commands.count() > 10);
    Ok(())
}
