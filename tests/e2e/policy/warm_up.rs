//! A member that came back gets its share gradually: `warm-up` on the real parts.

use rjk_testbed::{Farm, Plan, Result, Subject, wait};
use std::time::{Duration, Instant};

/// The share of m2 among the requests without a session until then.
fn share_until(site: &mut Farm, end: Instant) -> Result<f64> {
    let (mut all, mut taken) = (0, 0);
    while Instant::now() < end {
        taken += u32::from(site.get("/x")? == "m2");
        all += 1;
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(f64::from(taken) / f64::from(all))
}

#[test]
fn a_member_that_came_back_gets_its_share_gradually() -> Result {
    let mut site = Plan::new(Subject::Rjk, &["m1", "m2"])
        .policy("warm-up", "", "seconds = 12\nleast_percent = 1")?
        .line("worker.maintain=1")
        .lb("recover_time=1")
        .lb("retry_interval=1")
        .start()?;
    assert_eq!(site.sequence("/x", 4)?, "1212", "nobody has failed yet");
    assert_eq!(site.notes()?.decided_by, "builtin");
    site.stop("m2")?;
    for _ in 0..4 {
        assert_eq!(site.get("/x")?, "m1");
    }
    site.revive("m2")?;
    wait::until("m2 in use again", Duration::from_secs(20), || {
        site.with_cookie("JSESSIONID=1.m2")
            .is_ok_and(|who| who == "m2")
    })?;
    let back = Instant::now();
    // In expectation 14 %, 33 % and 45 % of the requests of the thirds, and a half in the end.
    let third = Duration::from_secs(4);
    let early = share_until(&mut site, back + third)?;
    let middle = share_until(&mut site, back + 2 * third)?;
    let late = share_until(&mut site, back + 3 * third)?;
    assert!(
        early < 0.25 && early < middle && middle < late,
        "{early} {middle} {late}"
    );
    assert!((0.2..0.45).contains(&middle), "{middle}");
    // A session is where it is from the first moment on.
    assert_eq!(site.with_cookie("JSESSIONID=1.m2")?, "m2");
    let warm = share_until(&mut site, back + 4 * third)?;
    assert!((0.4..0.65).contains(&warm), "no rush: {warm}");
    Ok(())
}
