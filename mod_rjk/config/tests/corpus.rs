//! The fuzzer's corpus, without the fuzzer: tests/fuzz says what has to hold.

use std::io;
use std::path::Path;

#[path = "../../../tests/fuzz/checks/properties.rs"]
mod properties;
#[path = "../../../tests/fuzz/checks/uri.rs"]
mod uri;

/// Runs every file of a folder; a failing one is the last that is named.
fn replay(target: &str, check: fn(&[u8])) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let files = std::fs::read_dir(root.join(target))?;
    let mut count = 0;
    for file in files {
        let path = file?.path();
        println!("{}", path.display());
        check(&std::fs::read(path)?);
        count += 1;
    }
    assert!(count > 10, "{target}: only {count} files");
    Ok(())
}

#[test]
fn properties_corpus() -> io::Result<()> {
    replay("properties", properties::check)
}

#[test]
fn uri_corpus() -> io::Result<()> {
    replay("uri", uri::check)
}
