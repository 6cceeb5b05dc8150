//! What a small GET costs is what it cost before: nothing creeps in. Instructions within 5 %, system
//! calls and allocations exactly, counted by `rjk_testbed::cost`.

use rjk_testbed::cost::bill;
use rjk_testbed::{Result, ensure};

/// What it cost before.
const KNOWN: &str = include_str!("guard.txt");

#[test]
fn a_small_get_costs_what_it_did() -> Result {
    let known = bill::from_text(KNOWN)?;
    let now = bill::bill()?;
    let differences = bill::differences(&known, &now);
    ensure!(
        differences.is_empty(),
        "a small GET does not cost what it did: {differences:#?}\n\
         What is now:\n{}\n\
         If that is meant, or another compiler, httpd or C library made it, write the items of\n\
             cargo run -p rjk-testbed --bin cost -- bill\n\
         into tests/e2e/guard.txt. Which functions it is says `cost -- profile`. The module must be a\n\
         release build.",
        bill::to_text(&now)
    );
    Ok(())
}
