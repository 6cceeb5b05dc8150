//! `rjk policy new`.

mod files;
#[cfg(test)]
mod tests;

use super::problem::Problem;
use clap::Args;
use serde_json::json;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The crate that is begun.
#[derive(Debug, Args)]
pub struct Beginning {
    /// Name of the policy and of its crate.
    #[arg(value_parser = name)]
    name: String,
    /// The folder that is made; without it, NAME in this folder.
    #[arg(long, value_name = "FOLDER")]
    at: Option<PathBuf>,
}

/// Why no crate was begun.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// Nothing is ever written over.
    #[error("{0} is there already; name another folder with --at")]
    Taken(PathBuf),
    /// The folder cannot be made or filled.
    #[error("{0} cannot be made: {1}")]
    Write(PathBuf, io::Error),
}

impl Beginning {
    pub(super) fn run(&self, json: bool, out: &mut dyn Write) -> Result<(), Problem> {
        let folder = self.at.clone().unwrap_or_else(|| PathBuf::from(&self.name));
        if folder.symlink_metadata().is_ok() {
            return Err(NewError::Taken(folder).into());
        }
        let files = files::of(&self.name);
        write_all(&folder, &files).map_err(|error| NewError::Write(folder.clone(), error))?;
        if json {
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            let value =
                json!({"name": self.name, "folder": folder.display().to_string(), "files": names});
            writeln!(out, "{value}")?;
            return Ok(());
        }
        writeln!(
            out,
            "{folder} is a crate of its own; in it:\n\n    cargo test\n    \
             cargo build --release --target wasm32-unknown-unknown\n    rjk policy pack\n    \
             rjk policy check --toml rjk.toml --members was1,was2\n\nREADME.md says the rest.",
            folder = folder.display()
        )?;
        Ok(())
    }
}

/// Fills a folder beside the wanted one, so that nobody ever finds half a crate.
fn write_all(folder: &Path, files: &[(String, String)]) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut fresh = folder.as_os_str().to_owned();
    fresh.push(format!(".{}.new", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let written = write_files(&fresh, files).and_then(|()| fs::rename(&fresh, folder));
    if written.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_dir_all(&fresh);
    }
    written
}

fn write_files(folder: &Path, files: &[(String, String)]) -> io::Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// A name that cargo takes, and rjk.toml as the name of a policy.
fn name(text: &str) -> Result<String, String> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !text.starts_with(|first: char| first.is_ascii_alphabetic())
        || !text.bytes().all(letter)
        || text.len() > 63
    {
        return Err(
            "begin with a letter; then letters, digits, '-' and '_', at most 63".to_owned(),
        );
    }
    if files::is_taken(text) {
        return Err("Rust or a crate that the policy needs has this name; take another".to_owned());
    }
    Ok(text.to_owned())
}
