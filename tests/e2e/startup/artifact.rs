//! The shared object: what it exports, how httpd knows it, on every MPM (issue point 1).

use rjk_testbed::httpd::Mpm;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, client, ensure};
use std::process::Command;

fn output_of(program: &str, arguments: &[&str]) -> Result<String> {
    let path = Subject::Rjk.path()?;
    let output = Command::new(program)
        .args(arguments)
        .arg(path)
        .output()
        .context("binutils")?;
    ensure!(output.status.success(), "{program}: {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// CH-25: nothing but the module structure, so that no name collides with another module's.
#[test]
fn jk_module_is_the_only_exported_symbol() -> Result {
    let symbols = output_of("nm", &["-D", "--defined-only", "--format=posix"])?;
    let names: Vec<&str> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, ["jk_module"]);
    Ok(())
}

/// design §4: httpd unloads and loads a module again within one start.
#[test]
fn the_module_is_never_unloaded() -> Result {
    let dynamic = output_of("readelf", &["--wide", "--dynamic"])?;
    let flags = dynamic.lines().find(|line| line.contains("(FLAGS_1)"));
    assert!(
        flags.is_some_and(|line| line.contains("NODELETE")),
        "{dynamic}"
    );
    Ok(())
}

/// Sections that ask for the module by identifier and by file name (G-01), the version token
/// (G-03), and the line that tells the build, in whichever MPM (G-18).
#[test]
fn g01_g03_g18_the_module_is_known_under_mod_jks_names() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for (subject, token) in [(Subject::Rjk, "mod_rjk/"), (Subject::ModJk, "mod_jk/")] {
        for mpm in Mpm::ALL {
            let httpd = Httpd::builder(subject)
                .mpm(mpm)
                .workers(peer.only_worker("w"))
                .module("headers")
                .log_level("info")
                .directives(
                    "ServerTokens Full\n\
                     <IfModule jk_module>\nJkMount /by-identifier w\n</IfModule>\n\
                     <IfModule mod_jk.c>\nJkMount /by-file w\n</IfModule>\n\
                     <IfModule !jk_module>\nHeader set X-Missing 1\n</IfModule>\n\
                     <IfModule mod_rjk.c>\nHeader set X-Missing 2\n</IfModule>",
                )
                .start()?;
            for target in ["/by-identifier", "/by-file"] {
                let answer = client::get(httpd.port(), target)?;
                assert_eq!(answer.status, 200, "{subject:?} {mpm:?} {target}");
                assert_eq!(answer.header("X-Missing"), None, "{subject:?} {mpm:?}");
                let server = answer.header("Server").context("no Server header")?;
                assert!(server.contains(token), "{server}");
            }
            if subject == Subject::Rjk {
                assert_eq!(ready_lines(&httpd), 1, "{}", httpd.jk_log());
            }
            httpd.assert_clean();
        }
    }
    Ok(())
}

/// One line for a start, although httpd reads the configuration twice; it names version and build.
fn ready_lines(httpd: &Httpd) -> usize {
    let log = httpd.jk_log();
    let lines = log.lines().filter(|line| line.contains("is ready"));
    lines
        .inspect(|line| {
            assert!(line.contains("[JK_INIT]"), "{line}");
            let after = line.split("): mod_rjk ").nth(1).unwrap_or_default();
            let build = after.split_once(" (").map(|(_, build)| build);
            assert!(build.is_some_and(|build| !build.contains('/')), "{line}");
        })
        .count()
}
