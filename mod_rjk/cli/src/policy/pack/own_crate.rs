//! The crate that the command is called in.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, io};

/// The targets of which a release build is looked for.
const TARGETS: [&str; 3] = ["wasm32-unknown-unknown", "wasm32-wasip2", "wasm32-wasip1"];

/// Why the crate of this folder gives no module.
#[derive(Debug, thiserror::Error)]
pub enum CrateError {
    /// Neither here nor above.
    #[error("there is no Cargo.toml here; go to the crate of the policy, or name a .wasm file")]
    NoManifest,
    /// cargo cannot be run.
    #[error("cargo cannot be run: {0}; name the .wasm file that is to be packed")]
    NoCargo(io::Error),
    /// cargo does not like the manifest.
    #[error("cargo metadata: {0}")]
    Metadata(String),
    /// A workspace without a package.
    #[error("{0} is no crate of its own; go to the crate of the policy, or name a .wasm file")]
    NoPackage(PathBuf),
    /// An ordinary library, or a program.
    #[error(
        "{0}: crate {1} makes no module that a host can load; write\n\n    [lib]\n    \
         crate-type = [\"cdylib\"]\n\nand build it again"
    )]
    NoCdylib(PathBuf, String),
    /// Nothing there yet.
    #[error("{0} is not there; run `cargo build --release --target wasm32-unknown-unknown` first")]
    NotBuilt(PathBuf),
}

/// A crate, and where cargo puts what it makes of it.
#[derive(Debug)]
pub(super) struct OwnCrate {
    pub(super) name: String,
    /// File name of the module.
    file: String,
    target_folder: PathBuf,
}

impl OwnCrate {
    /// The crate that the current folder belongs to.
    ///
    /// # Errors
    /// [`CrateError`], all but `NotBuilt`.
    pub(super) fn here() -> Result<OwnCrate, CrateError> {
        let folder = env::current_dir().map_err(|_| CrateError::NoManifest)?;
        let manifest = folder.ancestors().map(|above| above.join("Cargo.toml"));
        let manifest = manifest.into_iter().find(|path| path.is_file());
        let manifest = manifest.ok_or(CrateError::NoManifest)?;
        OwnCrate::of(&manifest, &metadata(&manifest)?)
    }

    /// The crate with this manifest, of what `cargo metadata` says.
    pub(super) fn of(manifest: &Path, metadata: &Value) -> Result<OwnCrate, CrateError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let is_this = |package: &Value| Path::new(&text(&package["manifest_path"])) == manifest;
        let package = list(&metadata["packages"]).into_iter().find(is_this);
        let package = package.ok_or_else(|| CrateError::NoPackage(manifest.into()))?;
        let name = text(&package["name"]);
        let is_module = |target: &Value| list(&target["kind"]).iter().any(|kind| kind == "cdylib");
        let target = list(&package["targets"]).into_iter().find(is_module);
        let target = target.ok_or_else(|| CrateError::NoCdylib(manifest.into(), name.clone()))?;
        Ok(OwnCrate {
            name,
            file: format!("{}.wasm", text(&target["name"]).replace('-', "_")),
            target_folder: text(&metadata["target_directory"]).into(),
        })
    }

    /// The youngest release build.
    ///
    /// # Errors
    /// [`CrateError::NotBuilt`].
    pub(super) fn module(&self) -> Result<PathBuf, CrateError> {
        let built = TARGETS.map(|target| self.target_folder.join(target).join("release"));
        let built = built.map(|folder| folder.join(&self.file));
        let age = |path: &&PathBuf| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
        let youngest = built.iter().filter(|path| path.is_file()).max_by_key(age);
        match (youngest, built.first()) {
            (Some(path), _) => Ok(path.clone()),
            (None, first) => Err(CrateError::NotBuilt(first.cloned().unwrap_or_default())),
        }
    }
}

fn metadata(manifest: &Path) -> Result<Value, CrateError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .arg("--manifest-path")
        .arg(manifest)
        .output()
        .map_err(CrateError::NoCargo)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(CrateError::Metadata(said.trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| CrateError::Metadata(e.to_string()))
}
