//! Files as strangers write them: both modules start or refuse alike, and what they make of a file is the
//! same. The files, and an index of what is known of each, are in tests/parity/strangers.

mod generate;
mod settings;
mod site;

use generate::Chance;
use rjk_testbed::strangers::{self, Entry, Index};
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
    for_each(&index.file, |entry| {
        check(entry, &peers).map_err(|error| error.context(entry.name.clone()))
    })
}

/// No file is forgotten, and each tells which rows it is about.
#[test]
fn the_index_names_each_file_once() -> Result {
    let index = Index::read()?;
    let named: BTreeSet<String> = index.file.iter().map(|entry| entry.name.clone()).collect();
    ensure!(named.len() == index.file.len(), "a file is named twice");
    let there = strangers::files()?;
    ensure!(
        named == there,
        "{:#?}",
        named.symmetric_difference(&there).collect::<Vec<_>>()
    );
    for entry in &index.file {
        ensure!(!entry.rows.is_empty(), "{}: no rows", entry.name);
        ensure!(
            (entry.reason.is_some() || entry.older.is_some()) == entry.differs(),
            "{}: what differs from mod_jk has a reason, and nothing else has",
            entry.name
        );
    }
    Ok(())
}

/// For use by hand: `RJK_CASES` generated files, the first is number `RJK_FIRST`.
#[test]
#[ignore = "takes a second for five files"]
fn generated_files_are_taken_alike() -> Result {
    compare_many(
        &Entry::generated("x.properties", generate::NAMES, &[]),
        generate::file,
    )
}

/// As before, with uriworkermap files.
#[test]
#[ignore = "takes a second for five files"]
fn generated_maps_are_taken_alike() -> Result {
    compare_many(
        &Entry::generated("x.map", &[], generate::PATHS),
        generate::map,
    )
}

fn compare_many(entry: &Entry, text: fn(&mut Chance) -> String) -> Result {
    let number = |name: &str, usual| match std::env::var(name) {
        Ok(text) => text.parse::<u64>(),
        Err(_) => Ok(usual),
    };
    let (first, count) = (number("RJK_FIRST", 0)?, number("RJK_CASES", 300)?);
    let numbers: Vec<u64> = (first..first + count).collect();
    let peers = Peers::start()?;
    let started = AtomicUsize::new(0);
    for_each(&numbers, |number| {
        let text = text(&mut Chance::new(*number));
        let is_started = compare_generated(entry, &text, &peers)
            .map_err(|error| error.context(format!("file {number}:\n{text}")))?;
        started.fetch_add(is_started.into(), Ordering::Relaxed);
        Ok(())
    })?;
    println!("{} of {count} files were played", started.into_inner());
    Ok(())
}

/// Does the same with all of `items`, some at a time, and collects what goes wrong.
fn for_each<T: Sync>(items: &[T], check: impl Fn(&T) -> Result + Sync) -> Result {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A server that ends badly panics.
                    let checked = catch_unwind(AssertUnwindSafe(|| check(item)));
                    let checked =
                        checked.unwrap_or_else(|_| Err(Error::msg("there is a panic above")));
                    if let (Err(error), Ok(mut wrong)) = (checked, wrong.lock()) {
                        wrong.push(format!("{error:#}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_default();
    ensure!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        items.len(),
        wrong.join("\n")
    );
    Ok(())
}

fn check(entry: &Entry, peers: &Peers) -> Result {
    let site = Site::new(entry, &entry.content()?, peers);
    let [rjk, modjk] = [site.ask(Subject::Rjk)?, site.ask(Subject::ModJk)?];
    for (subject, found) in [(Subject::Rjk, &rjk), (Subject::ModJk, &modjk)] {
        check_one(entry, subject, found)?;
    }
    if let (Found::Started(rjk), Found::Started(modjk)) = (&rjk, &modjk) {
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
        let is_quiet = !text.contains(".properties:");
        ensure!(
            is_quiet || !entry.says.is_empty(),
            "said without being expected: {text}"
        );
    }
    Ok(())
}

/// Whether both started and were asked; `false` when both refuse the file, or mod_jk crashes with it.
fn compare_generated(entry: &Entry, text: &str, peers: &Peers) -> Result<bool> {
    let site = Site::new(entry, text.as_bytes(), peers);
    let rjk = site.ask(Subject::Rjk)?;
    let Ok(Ok(modjk)) = catch_unwind(AssertUnwindSafe(|| site.ask(Subject::ModJk))) else {
        return Ok(false);
    };
    match (rjk, modjk) {
        (Found::Started(rjk), Found::Started(modjk)) => {
            ensure!(
                rjk.answers == modjk.answers,
                "{:?}, but mod_jk {:?}; {}",
                rjk.answers,
                modjk.answers,
                modjk.said
            );
            settings::compare(entry, &rjk.settings, &modjk.settings)?;
            Ok(true)
        }
        (Found::Refused(_), Found::Refused(_)) => Ok(false),
        (Found::Refused(said), _) => bail!("only mod_rjk refuses it: {said}"),
        // It crashed, or has something against a balancer in a balancer.
        (Found::Started(rjk), Found::Refused(said))
            if !said.contains("Configuration Failed")
                || rjk.said.contains("name its members instead") =>
        {
            Ok(false)
        }
        (_, Found::Refused(said)) => bail!("only mod_jk refuses it: {said}"),
        _ => bail!("a server was not asked"),
    }
}
