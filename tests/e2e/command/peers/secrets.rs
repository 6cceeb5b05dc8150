//! A secret is in no command line, and in nothing that rjk says.

use super::{command, run_with, url};
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Gate, Peer, Result};
use std::fs;
use std::process::{Output, Stdio};

const SECRET: &str = "hush-word";

fn without_secret(output: &Output) {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(!text.contains(SECRET), "{text}");
}

/// While it runs, whoever may look at the process sees no secret.
#[test]
fn the_command_line_has_none() -> Result {
    let dir = Dir::new("secret")?;
    let file = dir.write("ajp.secret", format!("{SECRET}\n"))?;
    let file = file.to_string_lossy();
    for by_file in [true, false] {
        let gate = Gate::new();
        let peer = Peer::start(gate.script())?;
        let to = url(peer.port(), "/x");
        let arguments = match by_file {
            true => vec!["get", "-i", "-w", "--secret-file", &file, &to],
            false => vec!["get", "-i", "-w", &to],
        };
        let mut rjk = command(&arguments)?;
        if !by_file {
            rjk.env("RJK_SECRET", SECRET);
        }
        let process = rjk.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let request = peer.wait_requests(1)?.swap_remove(0);
        let line = fs::read(format!("/proc/{}/cmdline", process.id()))?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        gate.open();
        without_secret(&process.wait_with_output()?);
        assert!(
            line.contains("get -i -w") && !line.contains(SECRET),
            "{line}"
        );
        assert_eq!(request.attribute("secret"), Some(SECRET));
    }
    Ok(())
}

#[test]
fn nothing_that_it_says_has_one() -> Result {
    let refused = Script::new([Step::Head(Head::new(403)), Step::End(false)]);
    for script in [
        Script::from(Behaviour::Echo),
        refused,
        Behaviour::ClosesBeforeAnswer.into(),
        Behaviour::UnknownPacket.into(),
        Behaviour::NoCpong.into(),
    ] {
        let peer = Peer::start(script)?;
        let to = url(peer.port(), "/x");
        for arguments in [
            &["get", "-i", "-w", "--connect-timeout", "200ms", &to][..],
            &["get", "--json", "--connect-timeout", "200ms", &to],
        ] {
            without_secret(&command(arguments)?.env("RJK_SECRET", SECRET).output()?);
        }
    }
    let dir = Dir::new("secret")?;
    let two = dir.write("two", format!("{SECRET}\n{SECRET}\n"))?;
    let output = command(&[
        "get",
        "--secret-file",
        &two.to_string_lossy(),
        "127.0.0.1:1",
    ])?;
    let output = { output }.output()?;
    assert_eq!(output.status.code(), Some(2));
    without_secret(&output);
    Ok(())
}

/// There is no option for it, and what somebody puts into the address is not repeated.
#[test]
fn it_has_no_place_in_the_arguments() -> Result {
    let said = run_with(&["get", &format!("ajp://me:{SECRET}@127.0.0.1:1/")], &[])?;
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("--secret-file") && !said.err.contains(SECRET),
        "{said:?}"
    );
    let said = run_with(&["ping", &format!("me:{SECRET}@127.0.0.1:1")], &[])?;
    assert_eq!(said.code, Some(2));
    assert!(!said.err.contains(SECRET), "{said:?}");
    Ok(())
}
