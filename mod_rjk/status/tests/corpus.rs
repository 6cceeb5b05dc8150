//! The fuzzer's corpus, without the fuzzer: tests/fuzz says what has to hold.

use std::io;
use std::path::Path;

#[path = "../../../tests/fuzz/checks/status.rs"]
mod status;

#[test]
fn status_corpus() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/status");
    let mut count = 0;
    for file in std::fs::read_dir(corpus)? {
        let path = file?.path();
        println!("{}", path.display());
        status::check(&std::fs::read(path)?);
        count += 1;
    }
    assert!(count > 10, "only {count} files");
    Ok(())
}
