//! The files that a configuration is read from.

use crate::ffi::apr::{Pool, server_root_relative};
use crate::server::last_good::Texts;
use rjk_config::directive::GlobalDirectives;
use rjk_config::error::{ConfigError, Warning};
use rjk_config::uri_map::FileText;
use rjk_config::workers::Workers;
use std::cell::RefCell;
use std::io;
use std::path::Path;

/// Reads files, or takes the texts that served before, and remembers what it handed out.
#[derive(Default)]
pub(super) struct Files<'a> {
    kept: Option<&'a Texts>,
    /// Others are not there.
    only_kept: bool,
    read: RefCell<Texts>,
}

impl<'a> Files<'a> {
    /// The files as they are now.
    pub(super) fn fresh() -> Files<'a> {
        Files::default()
    }

    /// The files as they were; those that nobody kept as they are now.
    pub(super) fn kept(texts: &'a Texts) -> Files<'a> {
        Files {
            kept: Some(texts),
            ..Files::default()
        }
    }

    /// The files as they were, and no others.
    pub(super) fn only_kept(texts: &'a Texts) -> Files<'a> {
        Files {
            only_kept: true,
            ..Files::kept(texts)
        }
    }

    /// The text of one file.
    pub(super) fn read(&self, path: &Path) -> io::Result<FileText> {
        let kept = self.kept.and_then(|kept| kept.get(path));
        let file = match kept.cloned() {
            Some(text) => FileText { text, stamp: None },
            None if self.only_kept => return Err(io::ErrorKind::NotFound.into()),
            None => FileText::read(path)?,
        };
        let text = file.text.clone();
        self.read.borrow_mut().insert(path.to_owned(), text);
        Ok(file)
    }

    /// All texts that were handed out.
    pub(super) fn into_texts(self) -> Texts {
        self.read.into_inner()
    }
}

/// The workers, in the order of P-16.
///
/// # Errors
/// What is wrong with a line, or with what the lines say together.
pub(super) fn read_workers(
    global: &GlobalDirectives,
    files: &Files<'_>,
    pool: Pool<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Workers, ConfigError> {
    let root = server_root_relative(pool, "");
    global.workers(&|path: &Path| files.read(path), Path::new(&root), warnings)
}
