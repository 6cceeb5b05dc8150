//! The files that an Include names.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders below each other that an Include of a folder goes into.
const MOST_FOLDERS: usize = 20;

/// Entries of folders that one Include is looked for among. More is no configuration, but a tree that
/// it names by mistake, as `/`, where links lead round and the walk would not end.
pub(super) const MOST_ENTRIES: usize = 20_000;

/// The walk came to [`MOST_ENTRIES`].
#[derive(Debug, PartialEq)]
pub(super) struct TooMany;

/// All files of `pattern`, an absolute path, in the order of their names. A folder stands for all files in it.
///
/// # Errors
/// It would have to be looked for among too many entries.
pub(super) fn files(pattern: &Path) -> Result<Vec<PathBuf>, TooMany> {
    let mut walk = Walk { left: MOST_ENTRIES };
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let part = part.as_os_str();
        let Some(wild) = part.to_str().filter(|part| is_wild(part)) else {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        };
        let mut next = Vec::new();
        for folder in &found {
            next.extend(walk.entries(folder)?);
        }
        next.retain(|path| name_of(path).is_some_and(|name| matches(wild, name)));
        found = next;
    }
    let mut files = Vec::new();
    for path in found {
        walk.collect(&path, MOST_FOLDERS, &mut files)?;
    }
    Ok(files)
}

/// Whether it names more than one file.
pub(super) fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

struct Walk {
    left: usize,
}

impl Walk {
    fn collect(
        &mut self,
        path: &Path,
        depth: usize,
        files: &mut Vec<PathBuf>,
    ) -> Result<(), TooMany> {
        if path.is_dir() {
            if depth > 0 {
                for entry in self.entries(path)? {
                    self.collect(&entry, depth - 1, files)?;
                }
            }
        } else if path.is_file() {
            files.push(path.to_owned());
        }
        Ok(())
    }

    fn entries(&mut self, folder: &Path) -> Result<Vec<PathBuf>, TooMany> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            self.left = self.left.checked_sub(1).ok_or(TooMany)?;
            paths.push(entry.path());
        }
        paths.sort();
        Ok(paths)
    }
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// `*`, `?` and `[…]`, as fnmatch has them; a leading dot is matched by a dot only.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    matches_from(&pattern, &name)
}

/// Keeps the last `*` to come back to: no pattern takes more than the product of both lengths.
fn matches_from(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, of));
                at += 1;
                continue;
            }
            Some(_) => one(&pattern[at..], name[of]),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => {
                at += length;
                of += 1;
            }
            (None, Some((behind, from))) => {
                star = Some((behind, from + 1));
                at = behind;
                of = from + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

/// The length of what matches `letter` at the start of the pattern.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => set(pattern, letter),
        '\\' if pattern.len() > 1 => (pattern[1] == letter).then_some(2),
        plain => (*plain == letter).then_some(1),
    }
}

fn set(pattern: &[char], letter: char) -> Option<usize> {
    let is_negated = matches!(pattern.get(1), Some('!' | '^'));
    let from = 1 + usize::from(is_negated);
    // A bracket that comes first is one of the letters.
    let end = pattern.iter().skip(from + 1).position(|c| *c == ']')? + from + 1;
    let letters = pattern.get(from..end)?;
    let mut found = false;
    let mut at = 0;
    while at < letters.len() {
        match letters[at..] {
            [low, '-', high, ..] => {
                found |= (low..=high).contains(&letter);
                at += 3;
            }
            _ => {
                found |= letters[at] == letter;
                at += 1;
            }
        }
    }
    (found != is_negated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_match_as_with_fnmatch() {
        for (pattern, name, expected) in [
            ("*.conf", "jk.conf", true),
            ("*.conf", ".conf", false),
            ("*.conf", "jk.conf~", false),
            ("0??-*", "010-site", true),
            ("[a-c]*", "b.conf", true),
            ("[!a-c]*", "b.conf", false),
            ("[]x]", "]", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "x", true),
            ("[open", "[open", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_may_have_wild_folders_and_a_folder_stands_for_its_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/x.conf", "a/x.conf", "a/y.txt", "a/deep/z.conf"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |pattern: &str| -> Vec<String> {
            files(&folder.path().join(pattern))
                .unwrap()
                .iter()
                .map(|path| {
                    path.strip_prefix(folder.path())
                        .unwrap()
                        .display()
                        .to_string()
                })
                .collect()
        };
        assert_eq!(found("*/*.conf"), ["a/x.conf", "b/x.conf"]);
        assert_eq!(found("a"), ["a/deep/z.conf", "a/x.conf", "a/y.txt"]);
        assert_eq!(found("a/x.conf"), ["a/x.conf"]);
        assert!(found("none/*.conf").is_empty());
    }

    #[test]
    fn links_that_lead_round_end() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            std::os::unix::fs::symlink(folder.path(), folder.path().join(name)).unwrap();
        }
        assert_eq!(files(folder.path()), Err(TooMany));
        assert_eq!(files(&folder.path().join("*/".repeat(20))), Err(TooMany));
    }

    proptest! {
        #[test]
        fn any_pattern_ends(pattern in "[a*?\\[\\]!^\\\\-]{0,20}", name in "[a.\\]-]{0,20}") {
            matches(&pattern, &name);
        }
    }
}
