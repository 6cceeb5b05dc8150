//! `rjk policy check`.

use super::problem::Problem;
use super::target::Target;
use rjk_policy::Description;
use std::io::Write;

/// What is known without a configuration comes first; configure may need one.
pub(super) fn check(target: &Target, out: &mut dyn Write) -> Result<(), Problem> {
    let code = target.load()?;
    describe(target, code.description(), out)?;
    match target.config {
        Some(_) => {
            target.configure(&code, 2)?;
            writeln!(out, "configure accepts the configuration")?;
        }
        None => writeln!(
            out,
            "configure was not tried; give --config '{{...}}' and --members A,B,..."
        )?,
    }
    Ok(())
}

fn describe(target: &Target, about: &Description, out: &mut dyn Write) -> Result<(), Problem> {
    writeln!(out, "file      {}", target.file.display())?;
    writeln!(out, "size      {} bytes", about.size)?;
    writeln!(out, "contract  rjk:policy@{}", about.version)?;
    for (word, names) in [("imports", &about.imports), ("exports", &about.exports)] {
        for name in names {
            writeln!(out, "{word:<9} {name}")?;
        }
    }
    if about.observes {
        writeln!(out, "observes  responses")?;
    }
    Ok(())
}
