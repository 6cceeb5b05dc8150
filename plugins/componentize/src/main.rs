//! Makes components of the core modules that cargo builds for wasm32-unknown-unknown.
//!
//! `componentize MODULE COMPONENT [MODULE COMPONENT]...`: the type of each component stands in its
//! module, where wit-bindgen wrote it. Prints name and size of what it wrote.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};
use wit_component::ComponentEncoder;

fn main() -> ExitCode {
    let paths: Vec<String> = env::args().skip(1).collect();
    if paths.is_empty() || !paths.len().is_multiple_of(2) {
        eprintln!("usage: componentize MODULE COMPONENT [MODULE COMPONENT]...");
        return ExitCode::FAILURE;
    }
    for pair in paths.chunks_exact(2) {
        let (module, component) = (Path::new(&pair[0]), Path::new(&pair[1]));
        match componentize(module, component) {
            Ok(size) => println!("{} {size} bytes", component.display()),
            Err(error) => {
                eprintln!("componentize: {}: {error}", module.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Writes the component of `module`; returns its size in bytes.
fn componentize(module: &Path, component: &Path) -> Result<usize, Box<dyn Error>> {
    let bytes = ComponentEncoder::default()
        .module(&fs::read(module)?)
        .map_err(|error| format!("{error:#}"))?
        .validate(true)
        .encode()
        .map_err(|error| format!("{error:#}"))?;
    write_by_rename(component, &bytes)?;
    Ok(bytes.len())
}

/// A running httpd may read the old file at any time: it must never see half a file.
fn write_by_rename(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("wasm.new");
    fs::write(&fresh, bytes)?;
    fs::rename(fresh, path)
}
