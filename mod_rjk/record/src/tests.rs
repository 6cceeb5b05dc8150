use super::*;
use rjk_balance::explain::Chosen;
use rjk_balance::record::{Frozen, Notes, Recorded, Recorder};
use rjk_balance::{
    DecidedBy, Decision, Ended, Facts, Label, MemberFacts, Membership, Metric, Moment, Observation,
    SampleRequest, Source, Tried, Verdict,
};
use rjk_log::{Level, Log, NoLog, Origin};
use std::fmt::Arguments;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

fn asked() -> SampleRequest {
    SampleRequest {
        path: "/a;jsessionid=secret.m1/b".to_owned(),
        server_name: "\"{\"rjk\":".to_owned(),
        tls: true,
        ..SampleRequest::default()
    }
}

fn membership(balancer: &str) -> Membership {
    Membership::new(Facts {
        balancer: balancer.to_owned(),
        method: "Busyness",
        sticky: true,
        sticky_force: false,
        members: vec![MemberFacts {
            name: "m1".to_owned(),
            route: "r1".to_owned(),
            domain: Some("d".to_owned()),
        }],
    })
}

fn notes() -> Notes {
    let header = Source::Header("X-A".into());
    Notes {
        asked: vec![
            (header.clone(), Some(b"blue".to_vec())),
            (Source::Cookie("c".into()), None),
        ],
        hashes: vec![(header, 7, Some(u64::MAX)), (Source::Query, 8, None)],
        randoms: vec![u64::MAX, 1],
        wall_clock_ms: vec![2],
        monotonic_us: vec![3, 4],
    }
}

fn settings(folder: &tempfile::TempDir) -> Settings {
    Settings {
        file: folder.path().join("record"),
        sample_ppm: 1_000_000,
        max_bytes: 1 << 20,
        plain: false,
        policy: "p".to_owned(),
        version: 0xabc,
    }
}

fn words() -> &'static [AtomicU64] {
    Box::leak((0..SHARED_WORDS).map(|_| AtomicU64::new(0)).collect())
}

/// Takes a decision down; its number.
fn take(recorder: &FileRecorder, log: &dyn Log) -> u64 {
    let members = Frozen {
        numbers: vec![Metric::ALL.map(|metric| metric as u64)],
        candidates: vec![0],
        builtin: Some(0),
    };
    let verdict = Verdict {
        token: 99,
        label: Label::new("why"),
        ..Verdict::from(Decision::Reject(429))
    };
    let tried = [Tried {
        index: 0,
        ended: Ended::Broken,
    }];
    let recorded = Recorded {
        request: &asked(),
        membership: &membership("lb"),
        sticky: None,
        attempt: 2,
        tried: &tried,
        members: &members,
        notes: &notes(),
        by: DecidedBy::Policy("p"),
        verdict: Some(&verdict),
        found: Chosen::Reject(429),
        now: Moment::from_millis(5),
    };
    recorder.decision(&recorded, log)
}

fn observation() -> Observation {
    Observation {
        index: 0,
        ended: Ended::Status,
        status: 500,
        attempt: 2,
        decided: true,
        token: 99,
        head: Duration::from_micros(10),
        total: Duration::from_micros(20),
        body: 30,
    }
}

/// What stands in both files.
fn contents(folder: &tempfile::TempDir) -> [Vec<u8>; 2] {
    ["record", "record.1"].map(|name| std::fs::read(folder.path().join(name)).unwrap())
}

fn reread(folder: &tempfile::TempDir) -> Record {
    let contents = contents(folder);
    read(contents.iter().map(Vec::as_slice))
}

#[test]
fn a_decision_comes_back_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = open(settings(&folder), words()).unwrap();
    let id = take(&recorder, &NoLog);
    recorder.outcome(id, &observation(), Moment::from_millis(6), &NoLog);
    let record = reread(&folder);
    assert_eq!(record.left_out, 0);
    let [Event::Decision(line), Event::Outcome(outcome)] = &record.events[..] else {
        panic!("{record:?}")
    };
    let head = &record.heads[&line.head];
    assert_eq!(*head.membership, membership("lb"));
    assert_eq!((head.policy.as_str(), head.version), ("p", 0xabc));
    assert_eq!((line.path.as_str(), line.tls), ("/a/b", true));
    assert_eq!(line.server_name, "\"{\"rjk\":");
    let hash = Text::Hashed(head.key.hash(b"blue"));
    assert_eq!(line.asked[0].1, Some(hash));
    assert_eq!(line.asked[1], (Source::Cookie("c".into()), None));
    let expected = Notes {
        asked: Vec::new(),
        ..notes()
    };
    assert_eq!(line.notes, expected);
    assert_eq!(line.members.numbers[0][16], 16);
    assert_eq!((line.answer, line.token), (Some(Decision::Reject(429)), 99));
    assert_eq!(
        (line.found, line.label.as_str()),
        (Found::Reject(429), "why")
    );
    assert_eq!((outcome.id, outcome.run.as_str()), (id, line.run()));
    assert_eq!(outcome.observation, observation());
    for (text, file) in [("blue", 0), ("secret", 0)] {
        let text_of_file = String::from_utf8(contents(&folder)[file].clone()).unwrap();
        assert!(!text_of_file.contains(text), "{text_of_file}");
    }
    for name in ["record", "record.1"] {
        let about = folder.path().join(name).metadata().unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn plain_texts_stand_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        plain: true,
        ..settings(&folder)
    };
    take(&open(settings, words()).unwrap(), &NoLog);
    let record = reread(&folder);
    let Event::Decision(line) = &record.events[0] else {
        panic!("{record:?}")
    };
    assert_eq!(line.asked[0].1, Some(Text::Plain("blue".to_owned())));
    assert_eq!(line.path, "/a;jsessionid=secret.m1/b");
}

/// Two children; a line is in one file, and neither file is larger than it may be.
#[test]
fn files_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let shared = words();
    let small = Settings {
        max_bytes: 20_000,
        ..settings(&folder)
    };
    let children = [0; 2].map(|_| open(small.clone(), shared).unwrap());
    std::thread::scope(|scope| {
        for child in &children {
            scope.spawn(move || {
                for _ in 0..200 {
                    take(child, &NoLog);
                }
            });
        }
    });
    let files = contents(&folder);
    assert!(
        files
            .iter()
            .all(|file| !file.is_empty() && file.len() < 25_000)
    );
    let record = reread(&folder);
    assert_eq!(record.left_out, 0);
    let kept = record.events.len();
    assert!((20..400).contains(&kept), "{kept}");
    let numbers: Vec<u64> = record
        .events
        .iter()
        .map(|event| match event {
            Event::Decision(line) => line.id,
            Event::Outcome(line) => line.id,
        })
        .collect();
    assert!(numbers.contains(&399), "the last is there");
    assert!(!numbers.contains(&0), "the first is gone");
}

/// A child that was killed while it switched.
#[test]
fn a_switch_that_was_left_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let shared = words();
    let small = Settings {
        max_bytes: 5_000,
        ..settings(&folder)
    };
    let child = open(small, shared).unwrap();
    take(&child, &NoLog);
    // Turn 2, process 7 is at it, and the file has grown on.
    shared[0].store(2 << 32 | 7, std::sync::atomic::Ordering::Relaxed);
    shared[1].store(3 << 20, std::sync::atomic::Ordering::Relaxed);
    take(&child, &NoLog);
    take(&child, &NoLog);
    let files = contents(&folder);
    assert!(!files[1].is_empty(), "the other file is written");
}

#[test]
fn broken_lines_are_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = open(settings(&folder), words()).unwrap();
    for _ in 0..3 {
        take(&recorder, &NoLog);
    }
    let [whole, _] = contents(&folder);
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let [head, first, second, third] = lines[..] else {
        panic!("{}", lines.len())
    };
    let half = &first[..first.len() / 2];
    for (text, events, left_out) in [
        ([head, first, second, third].concat(), 3, 0),
        ([head, half, second, third].concat(), 2, 1),
        ([head, first, &second[..9], b"\n", third].concat(), 2, 1),
        ([head, first, second, half].concat(), 2, 1),
        ([b"x", head, b"junk\n", first].concat(), 1, 2),
        ([first, second].concat(), 0, 2),
    ] {
        let record = read([text.as_slice()]);
        let got = (record.events.len(), record.left_out);
        assert_eq!(
            got,
            (events, left_out),
            "{}",
            String::from_utf8_lossy(&text)
        );
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, _: Level) -> bool {
        true
    }
    fn write(&self, _: Level, _: Origin, message: Arguments<'_>) {
        self.0.lock().unwrap().push(message.to_string());
    }
}

#[test]
fn what_cannot_be_written_is_told_once() {
    let (folder, lines) = (tempfile::tempdir().unwrap(), Lines::default());
    let mut recorder = open(settings(&folder), words()).unwrap();
    // Open for reading alone: each write fails.
    let sound = recorder.exchange(0, std::fs::File::open("/dev/null").unwrap());
    take(&recorder, &lines);
    take(&recorder, &lines);
    recorder.exchange(0, sound);
    take(&recorder, &lines);
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("cannot be written"), "{lines:?}");
    assert!(lines[1].ends_with("is written again"), "{lines:?}");
    assert_eq!(reread(&folder).events.len(), 1);
}

/// A disk that is full for longer than a file would have lasted.
#[test]
fn what_is_not_written_empties_no_file() {
    let (folder, lines) = (tempfile::tempdir().unwrap(), Lines::default());
    let small = Settings {
        max_bytes: 20_000,
        ..settings(&folder)
    };
    let mut recorder = open(small, words()).unwrap();
    take(&recorder, &lines);
    let sound = recorder.exchange(0, std::fs::File::open("/dev/null").unwrap());
    for _ in 0..200 {
        take(&recorder, &lines);
    }
    recorder.exchange(0, sound);
    take(&recorder, &lines);
    let record = reread(&folder);
    let numbers: Vec<u64> = record
        .events
        .iter()
        .map(|event| match event {
            Event::Decision(line) => line.id,
            Event::Outcome(line) => line.id,
        })
        .collect();
    assert_eq!((numbers, record.left_out), (vec![0, 201], 0));
}

/// As where only appending is allowed: each line can be written, and no file emptied.
#[test]
fn a_file_that_cannot_be_emptied_bounds_the_other_one() {
    let (folder, lines) = (tempfile::tempdir().unwrap(), Lines::default());
    let small = Settings {
        max_bytes: 20_000,
        ..settings(&folder)
    };
    let mut recorder = open(small, words()).unwrap();
    // Open for reading alone: it is not emptied.
    let sound = recorder.exchange(1, std::fs::File::open("/dev/null").unwrap());
    let fill = |recorder: &FileRecorder| {
        for _ in 0..3_000 {
            take(recorder, &lines);
            recorder.outcome(0, &observation(), Moment::from_millis(6), &lines);
        }
        contents(&folder)[0].len()
    };
    let grown = fill(&recorder);
    assert!((1 << 20..(1 << 20) + 25_000).contains(&grown), "{grown}");
    assert_eq!(fill(&recorder), grown, "no line, neither a short one");
    {
        let lines = lines.0.lock().unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        for said in ["cannot be emptied: ", "httpd_sys_rw_content_t"] {
            assert!(lines[0].contains(said), "{lines:?}");
        }
    }
    recorder.exchange(1, sound);
    take(&recorder, &lines);
    take(&recorder, &lines);
    assert!(!contents(&folder)[1].is_empty());
    let record = reread(&folder);
    assert_eq!(record.left_out, 0);
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].ends_with("has room again, and is written"));
}

#[test]
fn a_share_of_the_requests_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let tenth = Settings {
        sample_ppm: 100_000,
        ..settings(&folder)
    };
    let recorder = open(tenth, words()).unwrap();
    let wanted = (0..10_000).filter(|_| recorder.wants()).count();
    assert!((800..1_200).contains(&wanted), "{wanted}");
}

#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |file: &str| Settings {
        file: folder.path().join(file),
        ..settings(&folder)
    };
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "as it was").unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for (link, target) in [("link", "/dev/null"), ("two.1", "victim")] {
        std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
    }
    for (file, said) in [
        ("folder", "folder is no regular file; name another one"),
        ("link", "link is a symbolic link, which is not followed"),
        ("two", "two.1 is a symbolic link"),
    ] {
        for error in [
            open(at(file), words()).unwrap_err(),
            check(&at(file).file).unwrap_err(),
        ] {
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    assert_eq!(std::fs::read(&victim).unwrap(), b"as it was");
    let error = open(at("missing/record"), words()).unwrap_err().to_string();
    assert!(error.contains("missing/record: No such file"), "{error}");
    assert!(check(&at("fresh").file).is_ok());
    assert!(!at("fresh").file.exists(), "a check makes nothing");
}

#[test]
fn one_file_by_two_names_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(".", folder.path().join("again")).unwrap();
    let at = |file: &str| {
        let file = folder.path().join(file);
        let settings = settings(&folder);
        open(Settings { file, ..settings }, words()).unwrap()
    };
    let first = at("record");
    assert!(first.shares_a_file_with(&at("again/record")));
    assert!(first.shares_a_file_with(&at("record.1")));
    assert!(!first.shares_a_file_with(&at("other")));
}
