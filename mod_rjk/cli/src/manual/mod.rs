//! The manual pages, the completions and the schema of rjk.toml: all of them made from what the programs
//! themselves are made from, so that they cannot say something else.

mod command;
mod directives;
mod page;
mod schema;
#[cfg(test)]
mod tests;
mod toml;

use crate::manners::{Ending, Outcome, Printer};
use clap::{Args, Command};
use page::Page;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `rjk manual`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rjk manual rjk.toml | man -l -\n  rjk manual --into /usr/local/share/man"
)]
pub struct Manual {
    /// A page, such as rjk-check or mod_rjk.conf; without it the pages are listed
    page: Option<String>,
    /// Writes all pages to the folders man1 and man5 in here
    #[arg(long, value_name = "FOLDER", conflicts_with = "page")]
    into: Option<PathBuf>,
}

impl Manual {
    /// Prints a page, lists or writes all of them.
    pub fn run(&self, command: Command, printer: &mut Printer) -> Outcome {
        let pages = pages(command);
        if let Some(folder) = &self.into {
            return write_all(&pages, folder, printer);
        }
        match &self.page {
            Some(name) => print(&pages, name, printer),
            None => list(&pages, printer),
        }
    }
}

/// All pages, in the order of their names.
fn pages(command: Command) -> Vec<Page> {
    let mut pages = command::pages(command);
    pages.push(directives::page());
    pages.push(toml::page());
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    pages
}

fn print(pages: &[Page], name: &str, printer: &mut Printer) -> Outcome {
    let found = pages.iter().find(|page| page.is(name));
    let page = found.ok_or_else(|| ManualError::NoPage(name.to_owned()))?;
    match printer.json() {
        true => printer.value(&page)?,
        false => printer.write_all(page.text.as_bytes())?,
    }
    Ok(Ending::Fine)
}

fn list(pages: &[Page], printer: &mut Printer) -> Outcome {
    for page in pages {
        match printer.json() {
            true => printer.value(&page)?,
            false => writeln!(printer, "{:<24} {}", page.title(), page.about)?,
        }
    }
    Ok(Ending::Fine)
}

fn write_all(pages: &[Page], folder: &Path, printer: &mut Printer) -> Outcome {
    for page in pages {
        let path = folder.join(page.file());
        save(&path, &page.text).map_err(|error| ManualError::Write(path.clone(), error))?;
        match printer.json() {
            true => printer.value(&path)?,
            false => writeln!(printer, "{}", path.display())?,
        }
    }
    Ok(Ending::Fine)
}

fn save(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}

/// Why there is no manual.
#[derive(Debug, thiserror::Error)]
enum ManualError {
    /// No page has this name.
    #[error("there is no manual page {0}; rjk manual lists them")]
    NoPage(String),
    /// A page cannot be written.
    #[error("{0}: {1}; name a folder that you may write to")]
    Write(PathBuf, io::Error),
}

/// `rjk completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rjk completions bash > /etc/bash_completion.d/rjk")]
pub struct Completions {
    /// The shell that they are for
    shell: Shell,
}

/// The shells that complete our verbs.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    /// Prints a shell's completions.
    pub fn run(&self, mut command: Command, printer: &mut Printer) -> Outcome {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
        };
        // It panics where it cannot write: into memory it always can.
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "rjk", &mut text);
        printer.write_all(&text)?;
        Ok(Ending::Fine)
    }
}

/// `rjk schema`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  rjk schema > rjk.schema.json\n  and `#:schema rjk.schema.json` as the first line of rjk.toml"
)]
pub struct Schema {}

impl Schema {
    /// Prints the JSON schema of rjk.toml.
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        let schema = schema::schema();
        match printer.json() {
            true => printer.value(&schema)?,
            false => writeln!(printer, "{schema:#}")?,
        }
        Ok(Ending::Fine)
    }
}
