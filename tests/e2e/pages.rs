//! The how-tos: what can be known of their commands without running them. The lab runs them.

use rjk_testbed::document::{Document, ensure_same_commands};
use rjk_testbed::how_to::{ELSEWHERE, HowTo, PAGES, SPOKEN, Scene, Step};
use rjk_testbed::module::repository;
use rjk_testbed::{Context, Result};

fn page(name: &str) -> Result<Document> {
    Document::read(&repository().join("docs").join(name))
}

/// Each command of a page has its host or its reason.
#[test]
fn no_command_is_passed_over() -> Result {
    let (mut steps, mut printed) = (Vec::new(), 0);
    for name in PAGES {
        let scenes = HowTo::read(name)?.scenes;
        printed += scenes.iter().filter(|scene| scene.prints.is_some()).count();
        steps.extend(scenes.into_iter().flat_map(|scene| scene.steps));
    }
    assert!(printed > 10, "{printed}");
    for elsewhere in &ELSEWHERE {
        let used = steps.contains(&Step::Elsewhere(elsewhere));
        assert!(used, "no page says {}", elsewhere.begins);
    }
    for spoken in &SPOKEN {
        let used = steps.contains(&Step::Run(spoken.run.to_owned()));
        assert!(used, "no page says {}", spoken.says);
    }
    Ok(())
}

/// Who reads the other language does the same.
#[test]
fn the_korean_page_has_the_commands_of_the_english_one() -> Result {
    let (english, korean) = (page("on-premise.md")?, page("ko/on-premise.md")?);
    ensure_same_commands(&english, &korean).context("on-premise.md and ko/on-premise.md")?;
    let steps = |name| -> Result<Vec<Step>> {
        let scenes = HowTo::read(name)?.scenes.into_iter();
        Ok(scenes.flat_map(|scene: Scene| scene.steps).collect())
    };
    assert_eq!(steps("on-premise.md")?, steps("ko/on-premise.md")?);
    Ok(())
}
