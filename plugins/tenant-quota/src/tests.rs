use super::*;
use proptest::prelude::*;
use rjk_policy_sdk::testing::{FakeMembers, FakeRequest, Harness, Notes, Value, json, members};
use rjk_policy_sdk::{Ended, NoConfig};
use std::cell::Cell;
use std::time::Duration;

const NAMES: [&str; 3] = ["was1", "was2", "was3"];

fn harness(instances: usize, config: Value) -> Harness<TenantQuota> {
    let harness = Harness::with_instances(instances, members(&NAMES), config).unwrap();
    harness.advance(Duration::from_secs(100_000));
    harness
}

/// Two of each tenant on each member; acme has cells of its own.
fn two(instances: usize) -> Harness<TenantQuota> {
    harness(
        instances,
        json!({ "header": "X-Tenant", "count": 2, "tenants": ["acme"], "others": 1, "longest": 10 }),
    )
}

fn of(tenant: &str) -> FakeRequest {
    FakeRequest::get("/").with_header("x-tenant", tenant)
}

/// A decision with its token.
fn choose(
    harness: &Harness<TenantQuota>,
    instance: usize,
    tenant: &str,
    members: &FakeMembers,
) -> (Decision, Notes) {
    let decision = harness.on(instance).choose(&of(tenant), None, members);
    (decision.unwrap(), harness.notes())
}

fn taken(harness: &Harness<TenantQuota>, members: &FakeMembers) -> Option<Outcome> {
    match choose(harness, 0, "acme", members) {
        (Decision::Worker(member), Notes { token, .. }) => Some(Outcome {
            token,
            ..Outcome::ok(member)
        }),
        (Decision::Reject(429), _) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_next_member_with_room_takes_what_one_has_no_room_for() {
    let harness = two(1);
    let mut members = harness.all();
    for (member, load) in members.iter_mut().zip([1, 7, 3]) {
        member.load = load;
    }
    let taken: Vec<_> = (0..6)
        .map(|_| taken(&harness, &members).unwrap().member)
        .collect();
    assert_eq!(taken, [0, 0, 2, 2, 1, 1], "by load");
    let (decision, notes) = choose(&harness, 0, "acme", &members);
    assert_eq!(decision, Decision::Reject(429));
    assert_eq!(
        (notes.retry_after, notes.label.as_str()),
        (Some(1), "over quota")
    );
    assert_eq!([harness.counter(MOVED), harness.counter(REFUSED)], [4, 1]);
    let (decision, _) = choose(&harness, 0, "globex", &members);
    assert_eq!(decision, Decision::Worker(0), "another tenant");
    assert_eq!(
        harness.calls(),
        8,
        "look-up, hash, number, clock, builtin, cell twice, token"
    );
}

#[test]
fn an_end_makes_room_whatever_it_was_like() {
    for ended in 0..12 {
        let harness = two(2);
        let only = harness.all().only(&[1]);
        let first = taken(&harness, &only).unwrap();
        assert!(taken(&harness, &only).is_some() && taken(&harness, &only).is_none());
        let outcome = Outcome {
            ended: Ended(ended),
            ..first
        };
        harness.on(1).observe(&outcome).unwrap();
        assert!(taken(&harness, &only).is_some() && taken(&harness, &only).is_none());
        harness.observe(&Outcome { token: 0, ..first }).unwrap();
        assert!(taken(&harness, &only).is_none(), "that one was not counted");
    }
}

/// In shadow mode the request is at another member than the one that it is counted on.
#[test]
fn an_end_elsewhere_makes_room_where_the_request_was_counted() {
    let harness = two(2);
    let only = harness.all().only(&[1]);
    let first = taken(&harness, &only).unwrap();
    assert!(taken(&harness, &only).is_some() && taken(&harness, &only).is_none());
    let elsewhere = Outcome {
        member: 0,
        decided: false,
        ..first
    };
    harness.on(1).observe(&elsewhere).unwrap();
    assert!(taken(&harness, &only).is_some() && taken(&harness, &only).is_none());
}

#[test]
fn a_session_stays_unless_the_file_says_otherwise() {
    for (moves, expected) in [(false, Decision::Reject(429)), (true, Decision::Worker(0))] {
        let harness = harness(
            1,
            json!({ "header": "X-Tenant", "count": 1, "move_sessions": moves }),
        );
        let choose = || harness.choose(&of("acme"), Some(2), &harness.all());
        assert_eq!(choose(), Ok(Decision::Worker(2)));
        assert_eq!(choose(), Ok(expected));
    }
}

#[test]
fn what_is_over_the_quota_may_go_the_usual_way() {
    let harness = harness(
        1,
        json!({ "header": "X-Tenant", "count": 1, "over": "builtin" }),
    );
    let only = harness.all().only(&[0]);
    assert_eq!(choose(&harness, 0, "acme", &only).0, Decision::Worker(0));
    let (decision, notes) = choose(&harness, 0, "acme", &only);
    assert_eq!(
        (decision, notes.token),
        (Decision::Builtin, 0),
        "and does not count"
    );
}

#[test]
fn percent_is_of_the_busy_limit_or_the_capacity() {
    let harness = harness(
        1,
        json!({ "server_name": true, "percent": 25, "capacity": 8, "others": 1024 }),
    );
    for (busy_limit, room) in [(0, 2), (12, 3), (1, 1), (400, 100)] {
        let mut only = harness.all().only(&[0]);
        only[0].busy_limit = busy_limit;
        let name = format!("limit-{busy_limit}-{}.example", busy_limit % 7);
        let request = FakeRequest::get("/").with_server_name(&name);
        let decide = || harness.choose(&request, None, &only).unwrap();
        let taken = (0..200)
            .take_while(|_| decide() == Decision::Worker(0))
            .count();
        assert_eq!(taken, room, "{busy_limit}");
    }
}

#[test]
fn requests_without_a_tenant_have_no_quota() {
    let all = two(1);
    let named = harness(
        1,
        json!({ "header": "X-Tenant", "count": 1, "tenants": ["acme"], "others": 0 }),
    );
    let table = [
        (&all, FakeRequest::get("/")),
        (&all, of("")),
        (&named, of("globex")),
    ];
    for (harness, request) in table {
        for _ in 0..5 {
            let decision = harness.choose(&request, None, &harness.all().only(&[0]));
            assert_eq!(
                (decision, harness.notes().token),
                (Ok(Decision::Builtin), 0)
            );
        }
    }
}

/// However many members are full, the calls of a decision are enough.
#[test]
fn a_long_search_ends_before_the_host_ends_it() {
    let names: Vec<String> = (0..64).map(|number| format!("was{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let config = json!({ "header": "X-Tenant", "percent": 1, "capacity": 100, "tenants": ["a"] });
    let harness = Harness::<TenantQuota>::new(members(&names), config).unwrap();
    let all = harness.all();
    let taken =
        (0..64).take_while(|_| choose(&harness, 0, "acme", &all).0 != Decision::Reject(429));
    assert_eq!(taken.count(), 47, "more are not asked");
    assert!(harness.calls() <= 62, "{}", harness.calls());
}

/// A killed child tells nothing of its requests, nor does an observer that is switched off.
#[test]
fn what_nobody_tells_the_end_of_counts_no_more_after_twice_the_longest_time() {
    for begin in [0, 3, 9] {
        let harness = two(1);
        harness.advance(Duration::from_secs(begin));
        let only = harness.all().only(&[0]);
        let lost = [taken(&harness, &only), taken(&harness, &only)];
        assert!(lost.iter().all(Option::is_some));
        harness.advance(Duration::from_millis(9_999));
        assert!(
            taken(&harness, &only).is_none(),
            "as long as the longest request may take"
        );
        harness.advance(Duration::from_millis(10_001));
        let new = taken(&harness, &only).unwrap();
        // They come late: what counts now does not count less for it.
        for late in lost.into_iter().flatten() {
            harness.observe(&late).unwrap();
        }
        assert!(taken(&harness, &only).is_some() && taken(&harness, &only).is_none());
        harness.observe(&new).unwrap();
        assert!(taken(&harness, &only).is_some());
    }
}

/// One of two places is lost while the tenant goes on with the other one.
#[test]
fn a_place_that_is_lost_comes_back_while_requests_go_on() {
    let harness = two(1);
    let only = harness.all().only(&[0]);
    assert!(taken(&harness, &only).is_some());
    let mut room = Vec::new();
    for _ in 0..200 {
        harness.advance(Duration::from_millis(100));
        let requests: Vec<_> = std::iter::from_fn(|| taken(&harness, &only)).collect();
        room.push(requests.len());
        for request in requests {
            harness.observe(&request).unwrap();
        }
    }
    assert!(room[..99].iter().all(|room| *room == 1), "{room:?}");
    assert_eq!(room.last(), Some(&2));
}

#[test]
fn requests_of_another_membership_take_nothing_off() {
    let mut harness = two(1);
    let old = taken(&harness, &harness.all().only(&[0])).unwrap();
    harness.change_members(members(&NAMES[..2])).unwrap();
    let only = harness.all().only(&[0]);
    assert!(taken(&harness, &only).is_some() && taken(&harness, &only).is_some());
    harness.observe(&old).unwrap();
    assert!(taken(&harness, &only).is_none());
    harness.restart().unwrap();
    assert!(
        taken(&harness, &only).is_none(),
        "a restart forgets nothing"
    );
}

fn assert_errors(table: &[(Value, &str)]) {
    for (config, expected) in table {
        let error = Harness::<TenantQuota>::new(members(&NAMES), config.clone()).err();
        assert_eq!(error.as_deref(), Some(*expected));
    }
}

#[test]
fn it_must_be_said_who_and_how_much() {
    let source = "write one of header = \"NAME\", cookie = \"NAME\" and server_name = true: what names the tenant of a request";
    let quota = "write either count or percent: what one tenant may have in flight on one member";
    let table = [
        (json!({ "count": 1 }), source),
        (json!({ "count": 1, "header": "", }), source),
        (
            json!({ "count": 1, "header": "X", "server_name": true }),
            source,
        ),
        (json!({ "header": "X" }), quota),
        (json!({ "header": "X", "count": 1, "percent": 1 }), quota),
    ];
    assert_errors(&table);
}

#[test]
fn numbers_have_limits() {
    let table = [
        (
            json!({ "header": "X", "count": 0 }),
            "count is 1 to 10000, not 0",
        ),
        (
            json!({ "header": "X", "percent": 101 }),
            "percent is 1 to 100, not 101",
        ),
        (
            json!({ "header": "X", "percent": 1, "capacity": 0 }),
            "capacity is 1 to 10000, not 0",
        ),
        (
            json!({ "header": "X", "count": 1, "capacity": 9 }),
            "capacity is for percent, and there is a count; leave it out",
        ),
        (
            json!({ "header": "X", "count": 1, "status": 200 }),
            "status is 400 to 599, not 200",
        ),
        (
            json!({ "header": "X", "count": 1, "longest": 0 }),
            "longest is 1 to 86400, not 0",
        ),
        (
            json!({ "header": "X", "count": 1, "over": "x" }),
            "unknown variant `x`, expected `reject` or `builtin`",
        ),
        (
            json!({ "header": "X", "count": 1, "others": 0 }),
            "with others = 0 and no tenants nobody has a quota; write tenants",
        ),
        (
            json!({ "header": "X", "count": 1, "others": 1024, "tenants": vec!["x"; 2000] }),
            "3 members with 3024 tenants and others need 9073 cells of 8192; name fewer tenants, or write a smaller others",
        ),
    ];
    assert_errors(&table);
}

/// The same with what an instance can remember by itself.
struct Naive(Cell<i64>);

impl Policy for Naive {
    type Config = NoConfig;

    fn configure(_: &Setup, _: NoConfig) -> Result<Naive, String> {
        Ok(Naive(Cell::new(0)))
    }

    fn choose(&self, request: &Request, _: Option<u32>) -> Decision {
        if self.0.get() >= 2 {
            return Decision::Reject(429);
        }
        self.0.set(self.0.get() + 1);
        request.set_token(1);
        Decision::Worker(0)
    }
}

impl Observer for Naive {
    fn observe(&self, _: &Host, outcome: &Outcome) {
        self.0.set(self.0.get() - outcome.token as i64);
    }
}

/// The most requests of one tenant that are in flight at the same time when it sends them to all instances.
fn most_in_flight<P: Observer>(harness: &Harness<P>, instances: usize) -> usize {
    let only = harness.all().only(&[0]);
    let (mut in_flight, mut most) = (Vec::new(), 0);
    for round in 0..400 {
        let instance = harness.on(round % instances);
        if round % 5 == 4 {
            in_flight
                .pop()
                .into_iter()
                .for_each(|outcome| instance.observe(&outcome).unwrap());
        } else if instance.choose(&of("acme"), None, &only) == Ok(Decision::Worker(0)) {
            in_flight.push(Outcome {
                token: harness.notes().token,
                ..Outcome::ok(0)
            });
        }
        most = most.max(in_flight.len());
    }
    most
}

/// The naive one holds with one instance, and that is all that a test with one can see.
#[test]
fn what_one_instance_remembers_is_not_enough() {
    let naive =
        |count| Harness::<Naive>::with_instances(count, members(&NAMES), json!({})).unwrap();
    assert_eq!(most_in_flight(&naive(1), 1), 2);
    assert!(most_in_flight(&naive(4), 4) > 2);
    assert_eq!(most_in_flight(&two(1), 1), 2);
    assert_eq!(most_in_flight(&two(4), 4), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any order of requests and ends on four instances, with time going by: a tenant never has more than its
    /// quota on a member, and is refused only when all members are full.
    #[test]
    fn the_quota_is_exact(steps in prop::collection::vec((0_usize..4, 0_usize..3, 0_usize..30, 0_u64..400), 1..150)) {
        let harness = two(4);
        let all = harness.all();
        let mut in_flight: Vec<(u64, usize, Outcome)> = Vec::new();
        let mut now = 0;
        for (instance, tenant, end, pause) in steps {
            now += pause;
            harness.advance(Duration::from_millis(pause));
            // The oldest are done before they are longer than the longest.
            let old = in_flight.first().is_some_and(|(began, ..)| now - began > 9_500);
            if old || end < in_flight.len() {
                let (.., outcome) = in_flight.remove(if old { 0 } else { end });
                harness.on(instance).observe(&outcome).unwrap();
                continue;
            }
            // initech and globex share a cell.
            let (decision, Notes { token, .. }) =
                choose(&harness, instance, ["acme", "initech", "globex"][tenant], &all);
            let tenant = tenant.min(1);
            let on = |member| in_flight.iter().filter(|(_, t, o)| (*t, o.member) == (tenant, member)).count();
            match decision {
                Decision::Worker(member) => {
                    prop_assert!(on(member) < 2);
                    in_flight.push((now, tenant, Outcome { token, ..Outcome::ok(member) }));
                }
                other => {
                    prop_assert_eq!(other, Decision::Reject(429));
                    prop_assert_eq!((on(0), on(1), on(2)), (2, 2, 2));
                }
            }
        }
    }
}
