//! The how-tos: what can be known of their commands without running them. The lab runs them.

use rjk_testbed::document::{Document, ensure_same_commands};
use rjk_testbed::how_to::{ELSEWHERE, HowTo, PAGES, SPOKEN, Scene, Step};
use rjk_testbed::module::repository;
use rjk_testbed::rjk::rjk;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Result};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

fn page(name: &str) -> Result<Document> {
    Document::read(&repository().join("docs").join(name))
}

/// Each command of a page has its host or its reason.
#[test]
fn no_command_is_passed_over() -> Result {
    let (mut steps, mut printed) = (Vec::new(), 0);
    for name in PAGES {
        let scenes = HowTo::read(name)?.scenes;
        printed += scenes.iter().filter(|scene| scene.prints.is_some()).count();
        steps.extend(scenes.into_iter().flat_map(|scene| scene.steps));
    }
    assert!(printed > 10, "{printed}");
    for elsewhere in &ELSEWHERE {
        let used = steps.iter().any(|step| match step {
            Step::Elsewhere(why) => why.contains(&elsewhere),
            Step::Run(_) => false,
        });
        assert!(used, "no page says {}", elsewhere.begins);
    }
    for spoken in &SPOKEN {
        let used = steps.contains(&Step::Run(spoken.run.to_owned()));
        assert!(used, "no page says {}", spoken.says);
    }
    Ok(())
}

/// Who reads the other language does the same.
#[test]
fn the_korean_page_has_the_commands_of_the_english_one() -> Result {
    let (english, korean) = (page("on-premise.md")?, page("ko/on-premise.md")?);
    ensure_same_commands(&english, &korean).context("on-premise.md and ko/on-premise.md")?;
    let steps = |name| -> Result<Vec<Step>> {
        let scenes = HowTo::read(name)?.scenes.into_iter();
        Ok(scenes.flat_map(|scene: Scene| scene.steps).collect())
    };
    assert_eq!(steps("on-premise.md")?, steps("ko/on-premise.md")?);
    Ok(())
}

/// `rjk check` asks for limits where a worker has none, and for nothing more with those of the page.
#[test]
fn the_safe_set_bounds_every_wait() -> Result {
    let page = page("timeouts.md")?;
    let mut blocks = page.blocks.iter();
    let set = blocks.find(|block| block.language == "properties");
    let set = &set.context("no safe set")?.text;
    let worker = "worker.list=was1\nworker.was1.type=ajp13\nworker.was1.host=127.0.0.1\n\
                  worker.was1.secret=a-secret\n";
    let dir = Dir::new("safe-set")?;
    for (name, text, asks) in [
        ("bare.properties", "", true),
        ("safe.properties", &**set, false),
    ] {
        let file = dir.write(name, format!("{worker}{text}"))?;
        let output = Command::new(rjk()?).arg("check").arg(&file).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said.contains("nothing bounds the wait"), asks, "{said}");
        assert_eq!(said.is_empty(), !asks, "{said}");
    }
    Ok(())
}

/// The table of on-premise.md with what `rjk ping` says: what of it can be had on one machine.
#[test]
fn rjk_ping_says_what_the_table_has() -> Result {
    let page = page("on-premise.md")?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let http = TcpListener::bind("127.0.0.1:0")?;
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let rows = [
        (closed, "the connection was refused"),
        (
            silent.local_addr()?,
            "it takes the connection and says nothing",
        ),
        (http.local_addr()?, "it speaks HTTP, not AJP"),
    ];
    std::thread::spawn(move || {
        for stream in http.incoming().flatten() {
            let mut stream = stream;
            let mut bytes = [0; 512];
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    for (address, says) in rows {
        let is_told = page.spans.iter().any(|span| span.text == says);
        assert!(is_told, "the page does not say: {says}");
        let output = Command::new(rjk()?)
            .args(["ping", "-c", "1", "--timeout", "1", &address.to_string()])
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    }
    Ok(())
}

/// systemd finds the process that catalina.sh leaves, and the page, the unit and Tomcat mean the same folder.
#[test]
fn the_unit_is_for_the_tomcat_of_the_page() -> Result {
    let folder = repository().join("httpd-conf/on-premise/tomcat");
    let unit = std::fs::read_to_string(folder.join("a-was.service"))?;
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key));
    let file = value("PIDFile=").context("no PIDFile")?;
    assert_eq!(value("Environment=CATALINA_PID="), Some(file));
    let folder = value("RuntimeDirectory=").context("no folder")?;
    assert!(file.starts_with(&format!("/run/{folder}/")), "{file}");
    let start = value("ExecStart=").context("no ExecStart")?;
    assert_eq!(start, "/usr/local/tomcat/a-was/bin/catalina.sh start");
    let spans = page("on-premise.md")?.spans;
    for text in ["a-was.service", "/usr/local/tomcat/a-was"] {
        assert!(spans.iter().any(|span| span.text == text), "{text}");
    }
    Ok(())
}
