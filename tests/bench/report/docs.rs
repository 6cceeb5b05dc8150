//! docs/performance.md: only its figures are written by a program.

use rjk_testbed::{Context, Result};

const BEGIN: &str = "<!-- figures: written by `make bench DOCS=1` -->\n";
const END: &str = "<!-- end of the figures -->\n";

/// The page with other figures.
pub fn with_figures(page: &str, figures: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("no place for figures")?;
    let (_, after) = rest.split_once(END).context("no end of the figures")?;
    Ok(format!(
        "{before}{BEGIN}\n{}\n\n{END}{after}",
        figures.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rjk_testbed::module::repository;

    #[test]
    fn figures_replace_those_of_before_and_nothing_else() -> Result {
        let page = format!("a\n{BEGIN}old\n{END}b\n");
        let new = with_figures(&page, "new\n")?;
        assert_eq!(new, format!("a\n{BEGIN}\nnew\n\n{END}b\n"));
        assert_eq!(with_figures(&new, "new")?, new);
        assert!(with_figures("a", "new").is_err());
        Ok(())
    }

    #[test]
    fn the_page_has_a_place_for_them() -> Result {
        let page = std::fs::read_to_string(repository().join("docs/performance.md"))?;
        assert!(with_figures(&page, "here")?.contains("\nhere\n"));
        Ok(())
    }
}
