//! Files as strangers write them: both modules start or refuse alike, and what they make of a file is the
//! same. The files, and an index of what is known of each, are in tests/parity/strangers.

mod index;
mod settings;
mod site;

use index::{Entry, Index};
use rjk_testbed::{Error, Result, Subject, bail, ensure};
use site::{Found, Peers, Site};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Servers that run at the same time.
const AT_ONCE: usize = 4;

#[test]
fn each_file_is_taken_alike() -> Result {
    let index = Index::read()?;
    let peers = Peers::start()?;
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(entry) = index.file.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A server that ends badly panics.
                    let checked = catch_unwind(AssertUnwindSafe(|| check(entry, &peers)));
                    let checked =
                        checked.unwrap_or_else(|_| Err(Error::msg("see the panic above")));
                    if let (Err(error), Ok(mut wrong)) = (checked, wrong.lock()) {
                        wrong.push(format!("{}: {error:#}", entry.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_default();
    ensure!(
        wrong.is_empty(),
        "{} of {} files:\n{}",
        wrong.len(),
        index.file.len(),
        wrong.join("\n")
    );
    Ok(())
}

/// No file is forgotten, and each tells which rows it is about.
#[test]
fn the_index_names_each_file_once() -> Result {
    let index = Index::read()?;
    let named: BTreeSet<String> = index.file.iter().map(|entry| entry.name.clone()).collect();
    ensure!(named.len() == index.file.len(), "a file is named twice");
    let there = index::files()?;
    ensure!(
        named == there,
        "{:#?}",
        named.symmetric_difference(&there).collect::<Vec<_>>()
    );
    for entry in &index.file {
        ensure!(!entry.rows.is_empty(), "{}: no rows", entry.name);
        ensure!(
            entry.reason.is_some() == entry.differs(),
            "{}: what differs from mod_jk has a reason, and nothing else has",
            entry.name
        );
    }
    Ok(())
}

fn check(entry: &Entry, peers: &Peers) -> Result {
    let site = Site::new(entry, peers)?;
    let [rjk, modjk] = [site.ask(Subject::Rjk)?, site.ask(Subject::ModJk)?];
    for (subject, found) in [(Subject::Rjk, &rjk), (Subject::ModJk, &modjk)] {
        check_one(entry, subject, found)?;
    }
    if let (Found::Started(rjk), Found::Started(modjk)) = (&rjk, &modjk)
        && !rjk.settings.is_empty()
    {
        settings::compare(entry, &rjk.settings, &modjk.settings)?;
    }
    Ok(())
}

fn check_one(entry: &Entry, subject: Subject, found: &Found) -> Result {
    match (found, entry.starts(subject)) {
        (Found::Refused(text), true) => bail!("{subject:?} refuses it: {text}"),
        (Found::Started(_) | Found::NotAsked, false) => bail!("{subject:?} starts"),
        (Found::NotAsked, true) => Ok(()),
        (Found::Refused(text), false) => check_words(entry, subject, text),
        (Found::Started(started), true) => {
            for (target, asked, who) in entry.answers(subject) {
                let got = started.answers.get(&target).map(String::as_str);
                ensure!(
                    got == Some(who),
                    "{subject:?} {asked}: {got:?} instead of {who}; {}",
                    started.said
                );
            }
            check_words(entry, subject, &started.said)
        }
    }
}

/// What mod_rjk says of the file, as a warning or as the reason of a refusal.
fn check_words(entry: &Entry, subject: Subject, text: &str) -> Result {
    if subject == Subject::Rjk {
        for words in &entry.says {
            ensure!(text.contains(words.as_str()), "not said: {words:?}: {text}");
        }
        let quiet = !entry.says.is_empty() || !text.contains("workers.properties:");
        ensure!(quiet, "said without being expected: {text}");
    }
    Ok(())
}
