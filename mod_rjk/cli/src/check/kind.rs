//! What kind of file somebody names.

use super::httpd_conf::lines_of;
use bstr::ByteSlice;
use std::path::Path;

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// An httpd configuration, or a part of one
    Httpd,
    /// Workers, as of JkWorkersFile
    Workers,
    /// Mount rules, as of JkMountFile
    Map,
    /// The file of RjkConfigFile
    Toml,
}

impl Kind {
    /// By the name where that says it, else by what most of its lines are.
    pub fn of(path: &Path, text: &[u8]) -> Option<Kind> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_lowercase();
        let by_name = match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "toml" => Some(Kind::Toml),
            "conf" | "load" => Some(Kind::Httpd),
            "map" => Some(Kind::Map),
            _ if name.starts_with("uri") && name.contains("map") => Some(Kind::Map),
            _ => None,
        };
        let or_by_name = || name.ends_with(".properties").then_some(Kind::Workers);
        by_name.or_else(|| by_content(text)).or_else(or_by_name)
    }
}

fn by_content(text: &[u8]) -> Option<Kind> {
    let mut votes = [
        (Kind::Workers, 0_usize),
        (Kind::Map, 0),
        (Kind::Toml, 0),
        (Kind::Httpd, 0),
    ];
    for (_, line) in lines_of(text) {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if let Some(vote) = kind_of_line(line) {
            votes
                .iter_mut()
                .filter(|(kind, _)| *kind == vote)
                .for_each(|(_, count)| *count += 1);
        }
    }
    // Of equal counts the first kind counts.
    let best = votes.into_iter().rev().max_by_key(|(_, count)| *count);
    best.filter(|(_, count)| *count > 0).map(|(kind, _)| kind)
}

fn kind_of_line(line: &[u8]) -> Option<Kind> {
    let lower = line.to_ascii_lowercase();
    if lower.starts_with(b"worker.") {
        return Some(Kind::Workers);
    }
    if line.starts_with(b"<") || lower.starts_with(b"jk") || lower.starts_with(b"rjkconfig") {
        return Some(Kind::Httpd);
    }
    let marks = b"!-";
    let bare = line.trim_start_with(|letter| marks.contains(&(letter as u32 as u8)));
    if bare.starts_with(b"/") && line.contains(&b'=') {
        return Some(Kind::Map);
    }
    let tables: [&[u8]; 5] = [
        b"[policy.",
        b"[balancer.",
        b"[wasm]",
        b"[worker.",
        b"[worker_defaults",
    ];
    tables
        .iter()
        .any(|table| line.starts_with(table))
        .then_some(Kind::Toml)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_kind_is_seen_by_name_or_content() {
        for (name, text, expected) in [
            ("a.toml", "", Some(Kind::Toml)),
            ("jk.conf", "worker.list=a", Some(Kind::Httpd)),
            ("workers.properties", "", Some(Kind::Workers)),
            (
                "workers.properties",
                "ps=/\nworker.list=a\n",
                Some(Kind::Workers),
            ),
            ("x.properties", "/app/*=a\n!/app/b=a", Some(Kind::Map)),
            ("uriworkermap.properties", "", Some(Kind::Map)),
            (
                "site",
                "<VirtualHost *:80>\nJkMount /a w\n",
                Some(Kind::Httpd),
            ),
            ("rjk", "[policy.x]\n", Some(Kind::Toml)),
            ("rjk", "[worker.x]\nport = 1\n", Some(Kind::Toml)),
            ("readme", "hello", None),
        ] {
            assert_eq!(
                Kind::of(Path::new(name), text.as_bytes()),
                expected,
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_kind_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Kind::of(Path::new("x"), &bytes);
        }
    }
}
