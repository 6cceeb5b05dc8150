//! What a network tool makes of all that this module sent to backends.

use super::run::Outcome;
use crate::Result;
use crate::peer::wire::{self, PORT};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Writes the capture and has tshark read it: what it finds malformed, each with its site. An error when it
/// does not find the requests that the backends got.
pub fn problems(outcome: &Outcome, file: &Path) -> Result<Vec<String>> {
    let wires: Vec<wire::Wire> = outcome.wires.iter().map(|(_, wire)| wire.clone()).collect();
    std::fs::create_dir_all(file.parent().unwrap_or(file))?;
    std::fs::write(file, wire::capture(&wires))?;
    let places = outcome.wires.iter().enumerate();
    let places = places.map(|(number, (site, _))| (address(number), site.as_str()));
    let places: BTreeMap<String, &str> = places.collect();
    let requests = tshark(file, "ajp13.method", "ajp13.method")?;
    let found: usize = requests.iter().map(|line| line[1].split(',').count()).sum();
    ensure!(
        found == outcome.requests,
        "tshark finds {found} requests in {}, the backends got {}",
        file.display(),
        outcome.requests
    );
    let bad = tshark(file, BAD, "_ws.expert.message")?;
    let place = |line: &Vec<String>| places.get(line[0].as_str()).copied().unwrap_or_default();
    Ok(bad
        .iter()
        .map(|line| format!("{}: tshark: {}", place(line), line[1]))
        .collect())
}

/// Something malformed, or any complaint of the dissector itself.
const BAD: &str =
    "_ws.malformed or ajp13.content_length.invalid or (ajp13 and _ws.expert.severity == \"Error\")";

/// For each packet to a backend that `filter` takes: its sender, and a field.
fn tshark(file: &Path, filter: &str, field: &str) -> Result<Vec<Vec<String>>> {
    let output = Command::new("tshark")
        .args(["-n", "-d", &format!("tcp.port=={PORT},ajp13")])
        .args(["-Y", &format!("tcp.dstport == {PORT} and ({filter})")])
        .args(["-T", "fields", "-e", "ip.src", "-e", field, "-r"])
        .arg(file)
        .output()
        .context("tshark")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "tshark: {errors}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let fields = |line: &str| match line.split_once('\t') {
        Some((from, value)) => vec![from.to_owned(), value.to_owned()],
        None => vec![line.to_owned(), String::new()],
    };
    Ok(text.lines().map(fields).collect())
}

fn address(number: usize) -> String {
    wire::client(number).map(|part| part.to_string()).join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::wire::{Way, Wire};
    use crate::tempdir::Dir;

    /// A request for `/x` whose server name is announced to be so long.
    fn request(name_length: u8) -> Vec<u8> {
        let mut payload = vec![0x02, 0x02];
        payload.extend_from_slice(b"\x00\x08HTTP/1.1\x00\x00\x02/x\x00\x00\x01a\x00\xFF\xFF");
        payload.extend_from_slice(&[0x00, name_length]);
        payload.extend_from_slice(b"host\x00\x00\x50\x00\x00\x00\xFF");
        let length = payload.len() as u8;
        [&[0x12, 0x34, 0x00, length][..], &payload].concat()
    }

    fn of(bytes: &[u8]) -> Vec<String> {
        let mut wire = Wire::default();
        wire.put(Way::FromHttpd, bytes);
        let outcome = Outcome {
            wires: vec![("site".to_owned(), wire)],
            requests: 1,
            ..Outcome::default()
        };
        let dir = Dir::new("wire").unwrap();
        problems(&outcome, &dir.join("x.pcap")).unwrap()
    }

    #[test]
    fn a_string_beyond_its_packet_is_found() {
        assert_eq!(of(&request(4)), Vec::<String>::new());
        let found = of(&request(200));
        assert!(found[0].starts_with("site: tshark: "), "{found:?}");
    }
}
