use crate::policy::tests::{component, output};
use rjk_guest::{Guest, answer, choosing, looking_up};

/// What `rjk policy try` says of a guest among `was1` and `was2`.
fn tried(guest: &Guest, more: &[&str]) -> (String, Result<(), String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path(), guest);
    let line = ["try", file.to_str().unwrap(), "--members", "was1, was2"];
    output(&[&line, more].concat())
}

/// The lines of the output without spaces at their ends, and one space for several.
fn lines(guest: &Guest, more: &[&str]) -> Vec<String> {
    let (out, result) = tried(guest, more);
    assert_eq!(result, Ok(()), "{out}");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    out.lines().map(words).collect()
}

#[test]
fn a_decision_is_shown_with_what_led_to_it() {
    let header = [
        "--header",
        "X-Tenant: blue",
        "--path",
        "/shop",
        "--query",
        "a=b",
    ];
    let more = ["--busy", "was2=3", "--value", "was2.latency-us=1500"];
    let said = lines(&looking_up("x-tenantblue"), &[&header[..], &more].concat());
    let expected = [
        "member 0 was1 candidate ok, active, busy 0",
        "member 1 was2 candidate ok, active, busy 3, latency-us 1500",
        "configure asked",
        "sources.source(header, \"x-tenant\") 0",
        "sources.table(0, exact, 1 texts) 0",
        "request GET /shop?a=b",
        "X-Tenant: blue",
        "choose asked",
        "sources.look-up(0) 0",
        "decided was1; the built-in rules would take was1",
    ];
    assert_eq!(said[..expected.len()], expected, "{said:#?}");
    assert!(said[expected.len()].ends_with("of 200000"), "{said:#?}");

    let other = lines(&looking_up("x-tenantblue"), &["--busy", "was1=1"]);
    assert!(
        other.contains(&"sources.look-up(0) none".to_owned()),
        "{other:#?}"
    );
    let builtin = "decided by the built-in rules; with these numbers they take was2";
    assert!(other.contains(&builtin.to_owned()), "{other:#?}");
}

#[test]
fn notes_and_log_lines_are_shown() {
    let guest = Guest {
        data: "blue",
        ..choosing(format!(
            "(call $token (i64.const 7))
             (call $label (i32.const 1024) (i32.const 4))
             (call $retry_after (i32.const 9))
             (call $log (i32.const 3) (i32.const 1024) (i32.const 4))
             {}",
            answer(2, 503)
        ))
    };
    let said = lines(&guest, &[]);
    for line in [
        "notes.token(7)",
        "log [warn] policy p: blue",
        "decided the client gets 503, Retry-After: 9",
        "label blue",
        "token 7",
    ] {
        assert!(said.contains(&line.to_owned()), "{line}: {said:#?}");
    }
}

#[test]
fn numbers_are_shown_by_their_names() {
    let guest = choosing(format!(
        "(i32.store (i32.const 2048) (i32.const 0))
         (i32.store (i32.const 2052) (i32.const 3))
         (call $candidates (i32.const 2048) (i32.const 2) (i32.const 128))
         (drop (call $value (i32.const 1) (i32.const 12)))
         (call $tried (i32.const 128))
         {}",
        answer(1, 1)
    ));
    let said = lines(&guest, &["--busy", "was2=3", "--sticky", "was2"]);
    for line in [
        "member 1 was2 sticky ok, active, busy 3",
        "members.candidates(position, busy) 0 0 | 1 3",
        "members.value(1, weight) 1",
        "members.tried() []",
    ] {
        assert!(said.contains(&line.to_owned()), "{line}: {said:#?}");
    }
}

#[test]
fn who_cannot_take_the_request_is_no_candidate() {
    let to_second = choosing(answer(1, 1));
    for more in [
        ["--state", "was2=error"],
        ["--state", "was2=busy"],
        ["--activation", "was2=disabled"],
        ["--tried", "was2=connect"],
    ] {
        let (out, result) = tried(&to_second, &more);
        assert!(out.contains("was2         no"), "{more:?}: {out}");
        let error = result.unwrap_err();
        assert!(error.contains("bad-index"), "{more:?}: {error}");
    }
    for more in [
        &["--state", "was2=recovering"][..],
        &["--activation", "was2=disabled", "--sticky", "was2"],
        &["--tried", "was1=timeout"],
    ] {
        assert_eq!(tried(&to_second, more).1, Ok(()), "{more:?}");
    }
}

#[test]
fn a_scene_that_cannot_be_is_refused() {
    let table = [
        (
            &["--busy", "was3=1"][..],
            "there is no member was3; there are: was1, was2",
        ),
        (&["--busy", "was1=many"], "\"many\"; write a number"),
        (
            &["--state", "was1=fine"],
            "\"fine\"; write one of: idle, ok,",
        ),
        (
            &["--value", "was1.speed=3"],
            "metric \"speed\"; write one of: position,",
        ),
        (&["--value", "was1=3"], "write MEMBER.METRIC=N"),
        (
            &["--sticky", "was1", "--state", "was1=error"],
            "--sticky was1: it cannot take",
        ),
        (
            &["--state", "was1=error", "--state", "was2=error"],
            "no member is left",
        ),
    ];
    for (more, expected) in table {
        let error = tried(&Guest::default(), more).1.unwrap_err();
        assert!(error.contains(expected), "{more:?}: {error}");
    }
}

#[test]
fn a_fault_comes_after_what_led_to_it() {
    let guest = choosing("(call $path (i32.const 128)) unreachable");
    let (out, result) = tried(&guest, &["--path", "/x"]);
    assert!(out.contains("request.path()"), "{out}");
    let error = result.unwrap_err();
    assert!(error.contains("choose ended in a fault: trap ("), "{error}");
}
