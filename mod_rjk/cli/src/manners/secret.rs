//! Where a secret comes from: never from the command line, which every user of the machine can read.

use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

/// The variable that holds the secret, if no file is named.
const VARIABLE: &str = "RJK_SECRET";
/// The variable that holds the password, if no file is named.
const PASSWORD_VARIABLE: &str = "RJK_PASSWORD";

/// Names the secret's source.
#[derive(Clone, Debug, clap::Args)]
pub struct SecretSource {
    /// A file that holds the AJP secret; without it the environment's RJK_SECRET is taken, if there is one
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl SecretSource {
    /// Whether a file was named; a variable may be set for something else.
    pub fn is_file(&self) -> bool {
        self.secret_file.is_some()
    }

    /// Reads it. `None`: no secret is set.
    ///
    /// # Errors
    /// The file cannot be read, or holds no secret.
    pub fn read(&self) -> Result<Option<Secret>, SecretError> {
        read(self.secret_file.as_deref(), VARIABLE)
    }
}

/// Names the source of a password for httpd.
#[derive(Clone, Debug, clap::Args)]
pub struct PasswordSource {
    /// A file that holds the user's password; without it the environment's RJK_PASSWORD is taken
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// As [`SecretSource::read`].
    ///
    /// # Errors
    /// The file cannot be read, or holds no password.
    pub fn read(&self) -> Result<Option<Secret>, SecretError> {
        read(self.password_file.as_deref(), PASSWORD_VARIABLE)
    }
}

fn read(file: Option<&Path>, variable: &'static str) -> Result<Option<Secret>, SecretError> {
    let Some(path) = file else {
        let value = env::var(variable).ok().filter(|value| !value.is_empty());
        let secret = value.map(|value| one_line(&value, || variable.to_owned()));
        return secret.transpose();
    };
    let text = fs::read_to_string(path).map_err(|error| SecretError::Read {
        path: path.to_owned(),
        error,
    })?;
    one_line(&text, || path.display().to_string()).map(Some)
}

fn one_line(text: &str, source: impl Fn() -> String) -> Result<Secret, SecretError> {
    let secret = text.trim_end_matches(['\r', '\n']);
    match secret.is_empty() || secret.contains('\n') {
        true => Err(SecretError::NotOneLine(source())),
        false => Ok(Secret(secret.to_owned())),
    }
}

/// A secret, which no message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Its text, for the server alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{path}: {error}; name a file that you can read and others cannot")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is empty, or has several lines.
    #[error("{0}: it must hold the secret alone, on one line")]
    NotOneLine(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Result<Option<Secret>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, text).unwrap();
        let source = SecretSource {
            secret_file: Some(path),
        };
        source.read().map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_holds_one_line() {
        for text in ["s3cret", "s3cret\n", "s3cret\r\n"] {
            assert_eq!(from(text).unwrap().unwrap().expose(), "s3cret");
        }
        for text in ["", "\n", "a\nb\n"] {
            let error = from(text).unwrap_err();
            assert!(error.contains("one line"), "{error}");
        }
    }

    #[test]
    fn so_does_a_variable() {
        let read = |text: &str| one_line(text, || "RJK_SECRET".to_owned());
        assert_eq!(read("s3cret").unwrap().expose(), "s3cret");
        let error = read("a\nb").unwrap_err().to_string();
        assert!(error.starts_with("RJK_SECRET: it must hold"), "{error}");
        assert!(!error.contains("a\nb"), "{error}");
    }

    #[test]
    fn nothing_shows_it() {
        let secret = from("s3cret").unwrap().unwrap();
        assert!(!format!("{secret:?}").contains("s3cret"));
    }
}
