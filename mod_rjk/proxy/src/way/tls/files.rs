//! The files that rjk.toml names for TLS, read and looked at.

use super::queue::said;
use super::setup_error::TlsSetupError;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The certificates in a file; at least one.
pub(super) fn certificates(file: &Path) -> Result<Vec<X509>, TlsSetupError> {
    let (pem, _) = read(file)?;
    let labels = labels(&pem);
    if labels.is_empty() {
        return Err(TlsSetupError::NotPem { file: file.into() });
    }
    if !labels.iter().any(|label| label.ends_with("CERTIFICATE")) {
        return Err(TlsSetupError::NoCertificate {
            file: file.into(),
            found: listed(&labels),
        });
    }
    match X509::stack_from_pem(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(damaged(file, "no certificate in it can be read".to_owned())),
        Err(errors) => Err(damaged(file, said(&errors))),
    }
}

/// The key in a file that only its owner and perhaps a group can read.
pub(super) fn key(file: &Path) -> Result<PKey<Private>, TlsSetupError> {
    let (pem, mode) = read(file)?;
    if mode & 0o007 != 0 {
        return Err(TlsSetupError::OpenKey {
            file: file.into(),
            mode,
        });
    }
    let labels = labels(&pem);
    if labels.is_empty() {
        return Err(TlsSetupError::NotPem { file: file.into() });
    }
    if !labels.iter().any(|label| label.ends_with("PRIVATE KEY")) {
        return Err(TlsSetupError::NoKey {
            file: file.into(),
            found: listed(&labels),
        });
    }
    let mut is_asked = false;
    // Without a callback OpenSSL would ask at the terminal.
    let refuse = |_: &mut [u8]| {
        is_asked = true;
        Err(ErrorStack::get())
    };
    match PKey::private_key_from_pem_callback(&pem, refuse) {
        Ok(key) => Ok(key),
        Err(_) if is_asked => Err(TlsSetupError::Encrypted { file: file.into() }),
        Err(errors) => Err(damaged(file, said(&errors))),
    }
}

fn damaged(file: &Path, reason: String) -> TlsSetupError {
    TlsSetupError::Damaged {
        file: file.into(),
        reason,
    }
}

/// What is in a file, and who may read it.
fn read(file: &Path) -> Result<(Vec<u8>, u32), TlsSetupError> {
    let unreadable = |error: io::Error| TlsSetupError::Unreadable {
        file: file.into(),
        error,
    };
    // A pipe would be waited for.
    let seen = std::fs::metadata(file).map_err(unreadable)?;
    if !seen.is_file() {
        return Err(TlsSetupError::NotAFile { file: file.into() });
    }
    let mut open = File::open(file).map_err(unreadable)?;
    let mode = open.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
    let mut bytes = Vec::new();
    open.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok((bytes, mode))
}

/// What the lines `-----BEGIN …-----` say.
fn labels(pem: &[u8]) -> Vec<String> {
    let lines = pem.split(|byte| *byte == b'\n' || *byte == b'\r');
    lines
        .filter_map(|line| {
            let label = line.strip_prefix(b"-----BEGIN ")?;
            let label = label.trim_ascii_end().strip_suffix(b"-----")?;
            Some(super::certificate::line(&String::from_utf8_lossy(label)))
        })
        .collect()
}

fn listed(labels: &[String]) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for label in labels {
        if !seen.contains(&label.as_str()) {
            seen.push(label);
        }
    }
    seen.join(", ")
}
