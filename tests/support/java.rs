//! Java sources of the documentation, compiled as users would.

use crate::Result;
use crate::module::repository;
use crate::tomcat::{Version, class_path};
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::Command;

/// The Java block of a page of the documentation that holds `class NAME`.
pub fn documented(page: &str, class: &str) -> Result<String> {
    let text = std::fs::read_to_string(repository().join(page)).with_context(|| page.to_owned())?;
    let blocks = text.split("```java\n").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split("```").next());
    let wanted = format!("class {class} ");
    let found = blocks.find(|block| block.contains(&wanted));
    let found = found.with_context(|| format!("{page} has no {class}"))?;
    Ok(found.to_owned())
}

/// Compiles a class against the jars of a Tomcat into a folder; for Tomcat 9 its packages are named as there.
pub fn compile(version: Version, class: &str, source: &str, into: &Path) -> Result {
    std::fs::create_dir_all(into)?;
    let source = match version {
        Version::V9 => source.replace("jakarta.servlet", "javax.servlet"),
        Version::V10 => source.to_owned(),
    };
    let file = into.join(format!("{class}.java"));
    std::fs::write(&file, source)?;
    let classes = class_path(version)?;
    // The compiler that Tomcat has for its pages; a runtime alone has none.
    let output = Command::new("java")
        .args([
            "-cp",
            &classes,
            "org.eclipse.jdt.internal.compiler.batch.Main",
        ])
        .args(["-11", "-nowarn", "-proc:none", "-cp", &classes, "-d"])
        .arg(into)
        .arg(&file)
        .output()
        .context("java")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success(), "{class}: {said}");
    Ok(())
}
