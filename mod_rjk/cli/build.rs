//! Carries the SDK of policies into the command: `rjk policy new` writes it into the new crate.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What of plugins/ a crate needs to stand for itself.
const FOLDERS: [&str; 2] = ["sdk", "wit"];

fn main() -> io::Result<()> {
    let plugins = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../plugins");
    let plugins = plugins.canonicalize()?;
    let mut list = String::new();
    for folder in FOLDERS {
        add(&plugins, &plugins.join(folder), &mut list)?;
    }
    let text = format!("static CARRIED: &[(&str, &str)] = &[\n{list}];\n");
    fs::write(PathBuf::from(variable("OUT_DIR")?).join("carried.rs"), text)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(io::Error::other)
}

/// Adds the files of a folder, by names below plugins/.
fn add(plugins: &Path, folder: &Path, list: &mut String) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(plugins).map_err(io::Error::other)?;
        let kind = path.extension().and_then(|kind| kind.to_str());
        match kind {
            _ if path.is_dir() && name.ends_with("target") => {}
            _ if path.is_dir() => add(plugins, &path, list)?,
            Some("rs" | "toml" | "wit") => {
                let line = format!(
                    "({:?}, include_str!({path:?})),",
                    name.display().to_string()
                );
                writeln!(list, "    {line}").map_err(io::Error::other)?;
            }
            _ => {}
        }
    }
    Ok(())
}
