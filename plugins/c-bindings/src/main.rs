//! Writes the contract as C: `c-bindings WORLD FOLDER` makes WORLD.h and WORLD.c.
//!
//! It does what `wit-bindgen c --no-object-file` does, in the version of wit-bindgen that all policies here are
//! built with. What it wrote lies beside the policies in C, so that they are built without Rust; a test
//! compares.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [world, folder] = arguments.as_slice() else {
        eprintln!("usage: c-bindings policy|observing-policy FOLDER");
        return ExitCode::FAILURE;
    };
    match write(world, Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("c-bindings: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(world: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (name, text) in bindings(world)?.iter() {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// The files of a world.
fn bindings(world: &str) -> Result<Files, Box<dyn Error>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(CONTRACT).map_err(text)?;
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(text)?;
    let options = wit_bindgen_c::Opts {
        no_object_file: true,
        ..wit_bindgen_c::Opts::default()
    };
    let mut files = Files::default();
    options
        .build()
        .generate(&mut resolve, world, &mut files)
        .map_err(text)?;
    Ok(files)
}

/// All causes in one line.
fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_the_policies_is_of_this_contract() -> Result<(), Box<dyn Error>> {
        let folder = Path::new(CONTRACT).join("../c-path-route/bindings");
        let files = bindings("policy")?;
        assert_eq!(files.iter().count(), 2);
        for (name, text) in files.iter() {
            let there = fs::read(folder.join(name))?;
            assert!(
                there == text,
                "bindings/{name} is old; write it anew: cargo run --manifest-path plugins/Cargo.toml \
                 -p c-bindings -- policy plugins/c-path-route/bindings"
            );
        }
        Ok(())
    }

    #[test]
    fn both_worlds_can_be_had() -> Result<(), Box<dyn Error>> {
        let files = bindings("observing-policy")?;
        let header = files.iter().find(|(name, _)| *name == "observing_policy.h");
        let (_, header) = header.ok_or("no header")?;
        let header = String::from_utf8(header.to_vec())?;
        assert!(header.contains("exports_rjk_policy_observer_observe("));
        Ok(())
    }

    #[test]
    fn an_unknown_world_is_an_error() {
        assert!(bindings("police").is_err());
    }
}
