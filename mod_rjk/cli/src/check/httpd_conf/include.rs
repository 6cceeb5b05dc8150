//! The files that an Include reads, or why it reads none.

use super::glob;
use super::place::{Found, Root};
use std::io;
use std::path::PathBuf;

/// Files that include each other, and macros that use each other.
pub(super) const MOST_NESTED: usize = 20;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRead {
    #[error(
        "{0} is to be looked for among more than {most} files and folders, and was not read; \
         name the files of the configuration, or a folder of them",
        most = glob::MOST_ENTRIES
    )]
    TooMany(String),
    #[error(
        "more than {MOST_NESTED} files include each other, {0} is not read; \
         take the Include away that leads back"
    )]
    TooDeep(String),
    #[error(
        "{0} is not found and not looked into; name the folder of ServerRoot with --server-root"
    )]
    Missing(String),
    #[error("cannot read {}: {error}; what is in it was not checked", .path.display())]
    Refused { path: PathBuf, error: io::Error },
}

/// What an Include of `name` reads, in a file that `depth` others lead to.
///
/// # Errors
/// It is not looked for, or not found: all of [`NotRead`] but what the files themselves refuse.
pub(super) fn files(root: &Root, name: &str, depth: usize) -> Result<Vec<PathBuf>, NotRead> {
    let Ok(files) = find(root, name) else {
        return Err(NotRead::TooMany(name.to_owned()));
    };
    if depth >= MOST_NESTED {
        return Err(NotRead::TooDeep(name.to_owned()));
    }
    if files.is_empty() {
        return Err(NotRead::Missing(name.to_owned()));
    }
    Ok(files)
}

fn find(root: &Root, name: &str) -> Result<Vec<PathBuf>, glob::TooMany> {
    let places = root.places(name);
    if !glob::is_wild(name) && !places.iter().any(|place| place.is_dir()) {
        return Ok(match root.find(name) {
            Found::Nowhere { .. } => Vec::new(),
            found => vec![found.path().to_owned()],
        });
    }
    for place in &places {
        let files = glob::files(place)?;
        if !files.is_empty() {
            return Ok(files);
        }
    }
    Ok(Vec::new())
}
