//! `rjk policy pack`.

mod encode;
mod own_crate;
mod shape;
#[cfg(test)]
mod tests;

use super::problem::Problem;
use clap::Args;
use own_crate::OwnCrate;
use serde_json::json;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use encode::PackError;
pub use own_crate::CrateError;

/// Which module becomes which component.
#[derive(Debug, Args)]
pub struct Packing {
    /// The core module that a compiler made; without it, the release build of the crate that this
    /// folder belongs to.
    module: Option<PathBuf>,
    /// The component that is written; without it, the name of the crate or module in this folder.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Packing {
    pub(super) fn run(&self, json: bool, out: &mut dyn Write) -> Result<(), Problem> {
        let (module, component) = self.paths()?;
        let bytes = fs::read(&module).map_err(|error| Problem::Read(module.clone(), error))?;
        let made =
            encode::component(bytes).map_err(|error| Problem::Pack(module.clone(), error))?;
        write_by_rename(&component, &made.bytes)
            .map_err(|error| Problem::Save(component.clone(), error))?;
        if json {
            let value = json!({
                "module": module.display().to_string(),
                "component": component.display().to_string(),
                "size": made.bytes.len(),
                "notes": made.notes,
            });
            writeln!(out, "{value}")?;
            return Ok(());
        }
        for note in made.notes {
            writeln!(out, "{}: {note}", module.display())?;
        }
        writeln!(out, "{} {} bytes", component.display(), made.bytes.len())?;
        Ok(())
    }

    /// What is read and what is written.
    fn paths(&self) -> Result<(PathBuf, PathBuf), Problem> {
        let (module, name) = match &self.module {
            Some(module) => {
                let stem = module.file_stem().unwrap_or(module.as_os_str());
                (module.clone(), stem.to_string_lossy().replace('_', "-"))
            }
            None => {
                let own = OwnCrate::here()?;
                (own.module()?, own.name)
            }
        };
        let output = self.output.clone();
        let output = output.unwrap_or_else(|| PathBuf::from(format!("{name}.wasm")));
        if self.output.is_none() && same_file(&module, &output) {
            return Err(Problem::Pack(module, PackError::OverItself));
        }
        Ok((module, output))
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// A running httpd may read the old file at any time: it must never see half a file.
fn write_by_rename(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&fresh);
    }
    written
}
