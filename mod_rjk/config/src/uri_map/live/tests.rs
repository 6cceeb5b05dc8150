use super::*;
use crate::uri_map::{Source, UriMapBuilder};
use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::thread;

const MINUTE: Duration = Duration::from_secs(60);

/// A map file in a folder of its own, and the map that follows it.
struct Site {
    folder: PathBuf,
    path: PathBuf,
    map: LiveMap,
}

impl Site {
    fn new(text: &str, interval: Duration) -> Site {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let folder = std::env::temp_dir().join(format!("rjk-map-{}-{number}", process::id()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("map");
        fs::write(&path, text).unwrap();
        age(&path, 1000);
        let FileText { text, stamp } = FileText::read(&path).unwrap();
        let mut builder = UriMapBuilder::new();
        builder
            .add_mount(b"/own/*", b"w", Source::JkMount, None, &mut Vec::new())
            .unwrap();
        builder.add_file(&text, "map", &mut Vec::new()).unwrap();
        let map = LiveMap::following(builder.build(), &path, stamp, interval);
        Site { folder, path, map }
    }

    /// Writes the file and makes it that many seconds old.
    fn write(&self, text: &str, seconds: u64) {
        fs::write(&self.path, text).unwrap();
        age(&self.path, seconds);
    }

    fn worker(&self, path: &str) -> Option<String> {
        let map = self.map.load();
        let mount = map.lookup(path.as_bytes(), false);
        mount.map(|mount| mount.worker.to_string())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn age(path: &Path, seconds: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let then = SystemTime::now() - Duration::from_secs(seconds);
    file.set_modified(then).unwrap();
}

/// Lines whose last has a value of more than 1 MiB.
fn growing() -> String {
    let line = |name: char| {
        format!(
            "{name}={}\n",
            format!("$({})", (name as u8 - 1) as char).repeat(21)
        )
    };
    let lines: String = ('b'..='e').map(line).collect();
    format!("a={}\n{lines}", "x".repeat(10))
}

fn failure(reload: Option<Reload>) -> String {
    match reload {
        Some(Reload::Failed(error)) => error.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn d04_m20_the_file_is_looked_at_after_the_interval() {
    let site = Site::new("/a/*=w1\n", MINUTE);
    site.write("/a/*=w2\n", 10);
    let start = Instant::now();
    for (seconds, is_due) in [(0, false), (59, false), (61, true)] {
        assert_eq!(
            site.map.is_due(|| start + Duration::from_secs(seconds)),
            is_due
        );
    }
    assert!(site.map.check_if_due(start).is_none());
    assert_eq!(site.worker("/a/x").as_deref(), Some("w1"));
    let later = start + Duration::from_secs(61);
    let reload = site.map.check_if_due(later);
    assert!(matches!(reload, Some(Reload::Read { .. })), "{reload:?}");
    assert_eq!(site.worker("/a/x").as_deref(), Some("w2"));
    assert!(!site.map.is_due(|| later), "the next look lies ahead");
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn d04_zero_looks_only_when_asked() {
    let site = Site::new("/a/*=w1\n", Duration::ZERO);
    site.write("/a/*=w2\n", 10);
    let later = Instant::now() + MINUTE * 1000;
    assert!(!site.map.is_due(|| later) && site.map.check_if_due(later).is_none());
    assert!(
        matches!(site.map.check(), Some(Reload::Read { .. })),
        "M-25"
    );
    assert_eq!(site.worker("/a/x").as_deref(), Some("w2"));
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m21_rules_of_the_file_go_and_all_others_stay() {
    let site = Site::new("/a/*=w1\n/b/*=w1\n", MINUTE);
    site.write("/b/*=w2\nodd\n", 10);
    let Some(Reload::Read { map, warnings }) = site.map.check() else {
        panic!("not read")
    };
    assert_eq!((map.rules().len(), warnings.len()), (2, 1), "{warnings:?}");
    for (path, worker) in [("/a/x", None), ("/b/x", Some("w2")), ("/own/x", Some("w"))] {
        assert_eq!(site.worker(path).as_deref(), worker, "{path}");
    }
    site.write("", 11);
    assert!(matches!(site.map.check(), Some(Reload::Read { .. })));
    assert_eq!(site.worker("/b/x"), None, "an emptied file has no rules");
    assert_eq!(site.worker("/own/x").as_deref(), Some("w"));
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m20_a_file_that_got_an_older_date_is_read() {
    let site = Site::new("/a/*=w1\n", MINUTE);
    site.write("/a/*=w2\n", 5000);
    assert!(matches!(site.map.check(), Some(Reload::Read { .. })));
    assert!(site.map.check().is_none(), "once");
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m22_m23_what_cannot_be_read_leaves_the_rules_and_is_said_once() {
    let site = Site::new("/a/*=w1\n", MINUTE);
    let moved = site.folder.join("moved");
    fs::rename(&site.path, &moved).unwrap();
    let text = failure(site.map.check());
    assert!(text.contains("No such file"), "{text}");
    assert!(site.map.check().is_none(), "said once");
    fs::create_dir(&site.path).unwrap();
    let text = failure(site.map.check());
    assert!(text.contains("no file"), "{text}");
    fs::remove_dir(&site.path).unwrap();
    let long = growing();
    site.write(&format!("/a/*=w2\n{long}"), 10);
    let text = failure(site.map.check());
    assert!(text.contains(":6: ") && text.contains("1 MiB"), "{text}");
    assert!(site.map.check().is_none(), "said once");
    site.write(&format!("/a/*=w3\n{long}"), 9);
    let text = failure(site.map.check());
    assert!(text.contains("1 MiB"), "the file changed: {text}");
    assert_eq!(site.worker("/a/x").as_deref(), Some("w1"), "all the time");
    site.write("/a/*=w4\n", 10);
    assert!(matches!(site.map.check(), Some(Reload::Read { .. })));
    assert_eq!(site.worker("/a/x").as_deref(), Some("w4"));
}

/// What stands at the path may be exchanged between the look and the reading.
#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m22_what_is_no_file_is_not_read_and_waited_for() {
    let site = Site::new("", MINUTE);
    let pipe = site.folder.join("pipe");
    let made = process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let (done, ends) = std::sync::mpsc::channel();
    let looks = ["/dev/zero".into(), pipe, site.folder.clone()].map(|path| {
        let done = done.clone();
        thread::spawn(move || done.send(FileText::read(&path).map_err(|error| error.to_string())))
    });
    for _ in looks {
        let read = ends
            .recv_timeout(Duration::from_secs(5))
            .expect("nobody waits");
        assert_eq!(
            read.map(|file| file.text.len()),
            Err("it is no file".to_owned())
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m22_a_file_without_end_is_not_taken_into_memory() {
    let site = Site::new("/a/*=w1\n", MINUTE);
    let file = OpenOptions::new().write(true).open(&site.path).unwrap();
    file.set_len(1 << 40).unwrap();
    age(&site.path, 10);
    let text = failure(site.map.check());
    assert!(text.contains("64 MiB"), "{text}");
    assert!(site.map.check().is_none(), "said once");
    assert_eq!(site.worker("/a/x").as_deref(), Some("w1"));
}

/// On a disk that hangs one look may take for ever: whoever comes next goes on with the rules in force.
#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m25_who_asks_during_a_look_does_not_wait_for_it() {
    let site = Site::new("/a/*=w1\n", MINUTE);
    let due = Instant::now() + MINUTE;
    let look = site.map.followed().unwrap().watch.lock().unwrap();
    thread::scope(|scope| {
        let asked = scope.spawn(|| {
            (
                site.map.check().is_none(),
                site.map.check_if_due(due).is_none(),
            )
        });
        let end = Instant::now() + Duration::from_secs(5);
        while !asked.is_finished() && Instant::now() < end {
            thread::yield_now();
        }
        let is_finished = asked.is_finished();
        drop(look);
        assert!(is_finished, "it waits");
        assert_eq!(asked.join().unwrap(), (true, true));
    });
    assert!(site.map.is_due(|| due), "it is looked at later");
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m26_a_file_that_becomes_readable_is_read_without_being_written() {
    let site = Site::new("/a/*=w1\n", MINUTE);
    site.write("/a/*=w2\n", 10);
    fs::set_permissions(&site.path, Permissions::from_mode(0o0)).unwrap();
    let first = site.map.check();
    // Who runs tests as root reads everything.
    if matches!(first, Some(Reload::Read { .. })) {
        return;
    }
    assert!(failure(first).contains("Permission denied"));
    let now = Instant::now();
    assert!(site.map.is_due(|| now + MINUTE) && !site.map.is_due(|| now + MINUTE / 2));
    assert!(site.map.check().is_none());
    fs::set_permissions(&site.path, Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(site.map.check(), Some(Reload::Read { .. })));
}

/// An editor empties the file and then writes it; a copy comes in pieces.
#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn a_half_written_file_is_not_read_and_looked_at_again_soon() {
    let site = Site::new("/a/*=w1\n/b/*=w1\n", MINUTE);
    site.write("", 0);
    let start = Instant::now();
    assert!(site.map.check().is_none());
    assert_eq!(site.worker("/a/x").as_deref(), Some("w1"));
    let soon = start + Duration::from_secs(3);
    assert!(site.map.is_due(|| soon), "not in a minute");
    site.write("/a/*=w2\n/b/*=w2\n", 3);
    let reload = site.map.check_if_due(start + Duration::from_secs(3));
    assert!(matches!(reload, Some(Reload::Read { .. })), "{reload:?}");
    assert_eq!(site.worker("/b/x").as_deref(), Some("w2"));
    assert!(
        site.map.is_due(|| start + Duration::from_secs(8)),
        "and once more soon"
    );
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m20_a_request_keeps_the_mount_that_it_found() {
    let site = Site::new("/a/*=w1;reply_timeout=7\n", MINUTE);
    let found = site.map.load().lookup(b"/a/x", false).cloned().unwrap();
    site.write("", 11);
    assert!(site.map.check().is_some());
    assert_eq!(site.worker("/a/x"), None);
    assert_eq!(
        found.extensions.reply_timeout,
        Some(Duration::from_millis(7))
    );
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m20_old_rules_are_given_up_when_nobody_uses_them() {
    let site = Site::new("/a/*=w1\n", MINUTE);
    let old = Arc::downgrade(&site.map.load());
    let used = site.map.load().lookup(b"/a/x", false).cloned();
    site.write("/a/*=w2\n", 10);
    assert!(site.map.check().is_some());
    assert!(
        old.upgrade().is_none(),
        "a request keeps its rule, not the map"
    );
    assert_eq!(used.map(|mount| mount.worker.clone()), Some("w1".into()));
}

/// Many look at once: one reads, and nobody ever sees a part of the rules.
#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn m20_one_thread_reads_and_no_one_waits_for_it() {
    let rules = |worker: &str| -> String {
        let lines = (0..2000).map(|number| format!("/r{number}/*={worker}\n"));
        lines.collect()
    };
    let site = Site::new(&rules("w1"), MINUTE);
    site.write(&rules("w2"), 10);
    let (reads, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    let due = Instant::now() + MINUTE;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    if site.map.is_due(|| due) && site.map.check_if_due(due).is_some() {
                        reads.fetch_add(1, Relaxed);
                        stop.store(true, Relaxed);
                    }
                    let map = site.map.load();
                    let first = map.lookup(b"/r0/x", false).unwrap();
                    let last = map.lookup(b"/r1999/x", false).unwrap();
                    assert_eq!(first.worker, last.worker);
                }
            });
        }
    });
    assert_eq!(reads.load(Relaxed), 1);
    assert_eq!(site.worker("/r5/x").as_deref(), Some("w2"));
}

/// A writer that never stops to rewrite the file in two steps, and a reader that looks all the time.
#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn no_part_of_a_file_is_ever_in_force() {
    let site = Site::new("/a/*=w1\n/b/*=w1\n", MINUTE);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..200 {
                let mut file = File::create(&site.path).unwrap();
                file.write_all(format!("/a/*=w{round}\n").as_bytes())
                    .unwrap();
                thread::sleep(Duration::from_micros(300));
                file.write_all(format!("/b/*=w{round}\n").as_bytes())
                    .unwrap();
            }
            stop.store(true, Relaxed);
        });
        while !stop.load(Relaxed) {
            let _ = site.map.check();
            assert_eq!(site.map.load().rules().len(), 3);
        }
    });
}
