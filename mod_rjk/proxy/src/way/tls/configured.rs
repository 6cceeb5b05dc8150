//! What is wrong with the files of a worker's TLS, or will be soon, and where rjk.toml names them.

use super::expiry::{Expiry, Owner};
use super::setup_error::TlsSetupError;
use rjk_config::error::{ConfigError, Location, Warning};
use rjk_config::toml::{Reached, Role};
use std::path::Path;
use std::time::SystemTime;

impl TlsSetupError {
    /// The same, at the line that names the file.
    pub fn refusal(&self, reached: &Reached) -> ConfigError {
        let named = self.file().and_then(|file| {
            // The two of a certificate may be one file.
            let of_key = matches!(
                self,
                TlsSetupError::NoKey { .. } | TlsSetupError::WrongKey { .. }
            );
            let roles: &[Role] = match of_key {
                true => &[Role::Key],
                false => &[Role::Ca, Role::Cert, Role::Key],
            };
            place(reached, file, roles)
        });
        let (worker, remedy) = (&reached.worker, self.remedy());
        let message = format!("tls of worker {worker}: {self}; {remedy}");
        let place = named.unwrap_or_else(|| reached.place.clone());
        ConfigError::new(Some(place), message).coded("tls-file")
    }
}

impl Expiry {
    /// A warning at the line that names the file, if it ends soon after `now`, or has ended.
    pub fn notice(&self, reached: &Reached, now: SystemTime) -> Option<Warning> {
        let (role, remedy) = match self.owner {
            Owner::Own => (Role::Cert, "renew it"),
            Owner::Ca => (Role::Ca, "put the one that follows it beside it"),
        };
        let warning = self.warning(now)?;
        let message = format!("{warning}; {remedy}, and restart httpd gracefully");
        let place = place(reached, &self.file, &[role]);
        Some(Warning::new(place, message).coded("certificate-ends"))
    }
}

fn place(reached: &Reached, file: &Path, roles: &[Role]) -> Option<Location> {
    let mut named = reached.files.iter();
    let named = named.find(|named| named.path == file && roles.contains(&named.role))?;
    Some(named.location.clone())
}
