use super::*;
use crate::overlay::EndpointOverlay;
use crate::tests::support::*;
use rjk_config::model::*;
use std::cell::Cell;

/// An editor whose resolver knows `one` and counts the questions.
fn with_editor<R>(body: impl FnOnce(&Editor<'_>, &Cell<u32>) -> R) -> R {
    let asked = Cell::new(0);
    let resolve = |spec: &AjpSpec| {
        asked.set(asked.get() + 1);
        match spec.host.as_slice() {
            b"one" => Ok(vec![([192, 0, 2, 1], spec.port).into()]),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    };
    let editor = Editor {
        is_alive: &|_| true,
        resolve: &resolve,
    };
    body(&editor, &asked)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn v01_v08_what_changes_of_a_balancer() {
    use BalancerSetting::*;
    let rows = [
        (Retries(7), "2", "7"),
        (RetryInterval(millis(250)), "100", "250"),
        (RecoverTime(millis(5000)), "60", "5"),
        (ErrorEscalationTime(millis(1000)), "30", "1"),
        (ErrorEscalationTime(Duration::ZERO), "30", "0"),
        (MaxReplyTimeouts(3), "0", "3"),
        (StickySession(false), "true", "false"),
        (StickySessionForce(true), "false", "true"),
        (Method(BalanceMethod::Busyness), "Request", "Busyness"),
        (
            Lock(rjk_config::model::Lock::Pessimistic),
            "Optimistic",
            "Pessimistic",
        ),
    ];
    for (setting, old, new) in rows {
        let balancer = plain(2, |_| {});
        let change = with_editor(|editor, _| editor.balancer(&balancer, &setting).unwrap());
        assert_eq!(
            (change.old.to_string(), change.new.to_string()),
            (old.into(), new.into())
        );
        let spec = balancer.roster().spec().clone();
        assert_eq!(setting.text(&spec), new, "{setting:?}");
        let again = with_editor(|editor, _| editor.balancer(&balancer, &setting).unwrap());
        assert!(!again.made(), "{setting:?}");
        assert_eq!(balancer.slots.segment.control.sequence(), 1);
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn v10_v15_what_changes_of_a_member() {
    use MemberSetting::*;
    let rows = [
        (
            Activation(rjk_config::model::Activation::Stopped),
            "ACT",
            "STP",
        ),
        (Factor(4), "1", "4"),
        (Route("r.x".into()), "m2", "r.x"),
        (Redirect("m1".into()), "", "m1"),
        (Domain("d".into()), "", "d"),
        (Distance(3), "0", "3"),
        (Distance(-3), "0", "-3"),
    ];
    for (setting, old, new) in rows {
        let balancer = plain(2, |_| {});
        let change = with_editor(|editor, _| editor.member(&balancer, 1, &setting).unwrap());
        assert_eq!(
            (change.old.to_string(), change.new.to_string()),
            (old.into(), new.into())
        );
        let spec = balancer.roster().spec().clone();
        assert_eq!(setting.text(&spec.members[1]), new, "{setting:?}");
        assert_eq!(
            spec.members[0],
            balancer.spec().members[0],
            "the other stays"
        );
    }
}

#[test]
fn v10_a_new_activation_zeroes_all_loads() {
    let balancer = plain(2, |_| {});
    let values = || [0, 1].map(|index| balancer.note(index).unwrap().value);
    let edit = |setting: MemberSetting| {
        balancer.binding.members[0].set_value(5);
        balancer.binding.members[1].set_value(8);
        with_editor(|editor, _| editor.member(&balancer, 0, &setting).unwrap());
        values()
    };
    assert_eq!(edit(MemberSetting::Distance(2)), [5, 8]);
    let activation = MemberSetting::Activation(Activation::Disabled);
    assert_eq!(edit(activation.clone()), [0, 0]);
    assert_eq!(edit(activation), [5, 8], "it was disabled");
}

#[test]
fn v12_a_route_sets_the_domain_when_there_is_none() {
    let domain = |balancer: &Balancer| balancer.roster().spec().clone().members[0].domain.clone();
    let route = |text: &str| MemberSetting::Route(text.into());
    with_editor(|editor, _| {
        let balancer = plain(1, |_| {});
        editor.member(&balancer, 0, &route("plain")).unwrap();
        assert_eq!(domain(&balancer), None);
        editor.member(&balancer, 0, &route("d1.r")).unwrap();
        assert_eq!(domain(&balancer), Some("d1".into()));
        editor.member(&balancer, 0, &route("d2.r")).unwrap();
        assert_eq!(domain(&balancer), Some("d1".into()), "there is one now");
        editor
            .member(&balancer, 0, &MemberSetting::Domain("".into()))
            .unwrap();
        assert_eq!(domain(&balancer), None, "empty: none");
    });
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn v22_v30_what_changes_of_a_worker() {
    use EndpointSetting::*;
    let rows = [
        (PoolTimeout(millis(60_000)), "0", "60"),
        (PingTimeout(millis(3)), "0", "3"),
        (ConnectTimeout(millis(4)), "0", "4"),
        (PrepostTimeout(millis(5)), "0", "5"),
        (ReplyTimeout(millis(6)), "0", "6"),
        (Retries(5), "2", "5"),
        (RetryInterval(millis(7)), "100", "7"),
        (PingInterval(millis(9000)), "0", "9"),
        (RecoveryOptions(7), "0", "7"),
        (BusyLimit(9), "0", "9"),
        (MaxPacketSize(9000), "8192", "9216"),
    ];
    for (setting, old, new) in rows {
        let balancer = plain(2, |_| {});
        let worker = balancer.worker(1).unwrap();
        let change = with_editor(|editor, _| editor.endpoint(worker, &setting).unwrap());
        assert_eq!(
            (change.old.to_string(), change.new.to_string()),
            (old.into(), new.into())
        );
        let prepared = Prepared {
            setting: &setting,
            addresses: None,
        };
        assert_eq!(prepared.text(&worker.settings().spec), new, "{setting:?}");
        let members = balancer.roster().spec().clone().members;
        assert_eq!(members[1].ajp, worker.settings().spec);
        assert_eq!(members[0].ajp, ajp("m1"), "the other stays");
    }
}

#[test]
fn v24_zero_switches_a_limit_off() {
    let balancer = plain(1, |spec| {
        spec.members[0].ajp.reply_timeout = Some(millis(9));
        spec.members[0].ajp.busy_limit = Some(9);
    });
    let worker = balancer.worker(0).unwrap();
    with_editor(|editor, _| {
        editor
            .endpoint(worker, &EndpointSetting::ReplyTimeout(Duration::ZERO))
            .unwrap();
        editor
            .endpoint(worker, &EndpointSetting::BusyLimit(0))
            .unwrap();
    });
    let spec = worker.settings().spec;
    assert_eq!((spec.reply_timeout, spec.busy_limit), (None, None));
}

#[test]
fn v28_only_a_new_value_is_an_explicit_one() {
    let balancer = plain(1, |_| {});
    let worker = balancer.worker(0).unwrap();
    let set = |bits| {
        with_editor(|editor, _| editor.endpoint(worker, &EndpointSetting::RecoveryOptions(bits)))
    };
    let replays = || worker.settings().spec.recovery_options.replay_any_method();
    assert!(!set(0).unwrap().made());
    assert!(
        !replays(),
        "a form that sends back what it showed asks for nothing"
    );
    set(3).unwrap();
    set(0).unwrap();
    assert!(replays());
}

#[test]
fn v20_v21_a_worker_moves() {
    let balancer = plain(1, |_| {});
    let worker = balancer.worker(0).unwrap();
    let to = |host: &str, port| EndpointSetting::Address {
        host: host.into(),
        port,
    };
    with_editor(|editor, asked| {
        let before = worker.settings();
        let same = editor.endpoint(worker, &to("localhost", 8009)).unwrap();
        assert!(!same.made());
        assert_eq!(asked.get(), 0, "BG-22: the same host is not looked for");
        let error = editor.endpoint(worker, &to("nowhere", 8009)).unwrap_err();
        assert!(
            error.to_string().contains("host nowhere does not resolve"),
            "{error}"
        );
        assert_eq!(worker.settings(), before, "the old address stays");
        let change = editor.endpoint(worker, &to("one", 81)).unwrap();
        assert_eq!(
            (change.old, change.new),
            ("localhost:8009".into(), "one:81".into())
        );
        let moved = worker.settings();
        assert_eq!(moved.addresses, [([192, 0, 2, 1], 81).into()]);
        assert_eq!(
            (moved.spec.host, moved.spec.port, moved.moves),
            ("one".into(), 81, 1)
        );
    });
}

#[test]
fn v20_a_worker_with_a_socket_does_not_move() {
    let balancer = plain(1, |spec| {
        spec.members[0].ajp.way.socket = Some("/run/a.sock".into());
    });
    let worker = balancer.worker(0).unwrap();
    let to = |host: &str, port| EndpointSetting::Address {
        host: host.into(),
        port,
    };
    with_editor(|editor, asked| {
        for place in [to("one", 8009), to("localhost", 8010), to("localhost", 0)] {
            let error = editor.endpoint(worker, &place).unwrap_err();
            assert_eq!(
                error.to_string(),
                "it is reached by the socket /run/a.sock, not by host and port; change socket in rjk.toml and restart httpd"
            );
        }
        let same = editor.endpoint(worker, &to("localhost", 8009)).unwrap();
        assert!(!same.made(), "a form sends back what it showed");
        assert_eq!((asked.get(), worker.settings().moves), (0, 0));
    });
}

/// Another process moves the worker between the look at its place and the edit.
#[test]
fn v20_a_worker_that_another_edit_moves_away_is_moved_back() {
    let balancer = plain(1, |_| {});
    let worker = balancer.worker(0).unwrap();
    worker.control().leave_to(4_000_000);
    let moves_away = |_| {
        let mut elsewhere = EndpointOverlay::default();
        elsewhere.place.host = Some("elsewhere".into());
        elsewhere.place.moves = Some(1);
        worker.record.write(&encode(&elsewhere));
        false
    };
    let resolve = |spec: &AjpSpec| Ok(vec![([192, 0, 2, 7], spec.port).into()]);
    let editor = Editor {
        is_alive: &moves_away,
        resolve: &resolve,
    };
    let home = EndpointSetting::Address {
        host: "localhost".into(),
        port: 8009,
    };
    let change = editor.endpoint(worker, &home).unwrap();
    assert_eq!(change.old, "elsewhere:8009");
    let settings = worker.settings();
    assert_eq!(
        (settings.spec.host, settings.moves),
        ("localhost".into(), 2)
    );
    assert_eq!(settings.addresses, [([192, 0, 2, 7], 8009).into()]);
}

#[test]
fn lb05_all_that_have_a_worker_see_its_settings() {
    let (one, two) = (lb(vec![member("m1")]), lb(vec![member("m1"), member("m2")]));
    let two = LbSpec {
        name: "other".into(),
        ..two
    };
    let workers = [WorkerSpec::Lb(one.clone()), WorkerSpec::Lb(two.clone())];
    let topology = crate::Topology::new(&workers);
    let segment = crate::Segment::leaked(&crate::Layout::new(&topology, 1));
    let slots = crate::Slots { segment, row: None };
    let bind = |spec: LbSpec| {
        Balancer::new(spec.into(), &topology, slots, &Default::default(), None).unwrap()
    };
    let (one, two) = (bind(one), bind(two));
    let alone = AjpWorker::new(&ajp("m1"), &[], &topology, slots).unwrap();
    with_editor(|editor, _| {
        editor
            .endpoint(&alone, &EndpointSetting::Retries(9))
            .unwrap()
    });
    assert_eq!(one.roster().spec().members[0].ajp.retries, 9);
    assert_eq!(two.roster().spec().members[0].ajp.retries, 9);
    assert_eq!(two.roster().spec().members[1].ajp.retries, 2);
}

#[test]
fn what_a_worker_cannot_run_with_is_refused() {
    let balancer = plain(1, |_| {});
    let worker = balancer.worker(0).unwrap();
    let long = "x".repeat(64);
    with_editor(|editor, asked| {
        let of_balancer = |setting| editor.balancer(&balancer, &setting).unwrap_err();
        let of_member = |index, setting| editor.member(&balancer, index, &setting).unwrap_err();
        let of_worker = |setting| editor.endpoint(worker, &setting).unwrap_err();
        let host = EndpointSetting::Address {
            host: long.as_str().into(),
            port: 1,
        };
        let rows = [
            of_balancer(BalancerSetting::Retries(0)),
            of_balancer(BalancerSetting::RecoverTime(Duration::ZERO)),
            of_member(0, MemberSetting::Factor(0)),
            of_member(0, MemberSetting::Route(long.as_str().into())),
            of_member(0, MemberSetting::Redirect(long.as_str().into())),
            of_member(0, MemberSetting::Domain(long.as_str().into())),
            of_member(1, MemberSetting::Factor(1)),
            of_worker(host),
            of_worker(EndpointSetting::Retries(0)),
            of_worker(EndpointSetting::MaxPacketSize(8191)),
            of_worker(EndpointSetting::MaxPacketSize(65537)),
        ];
        assert_eq!(asked.get(), 0);
        assert_eq!(
            rows[0].to_string(),
            "retries is 0; give a number from 1 to 4294967295"
        );
        assert_eq!(rows[3].to_string(), "route is longer than 63 bytes");
    });
    assert_eq!(balancer.roster().spec().clone(), **balancer.spec());
    let fits = MemberSetting::Route("y".repeat(63).into());
    with_editor(|editor, _| editor.member(&balancer, 0, &fits).unwrap());
    assert_eq!(
        balancer.roster().spec().clone().members[0].route,
        "y".repeat(63)
    );
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn a_host_that_has_other_addresses_by_now() {
    let address = |last: u8| -> SocketAddr { ([192, 0, 2, last], 8009).into() };
    // What was known, what is found, whether that is news, whether connections are given up.
    let rows: [(&[u8], &[u8], bool, bool); 6] = [
        (&[1], &[1], false, false),
        (&[1, 2], &[2, 1], false, false),
        (&[1], &[1, 2], true, false),
        (&[1, 2], &[2], true, true),
        (&[1], &[2], true, true),
        (&[], &[1], true, false),
    ];
    for (known, found, news, given_up) in rows {
        let listed =
            |list: &[u8]| -> Vec<SocketAddr> { list.iter().map(|last| address(*last)).collect() };
        let balancer = plain(1, |_| {});
        let whole = WorkerSpec::Lb((**balancer.spec()).clone());
        let topology = crate::Topology::new(&[whole]);
        let place = &balancer.spec().members[0].ajp;
        let place = AjpWorker::new(place, &listed(known), &topology, balancer.slots).unwrap();
        let asked = place.settings().spec;
        let readdress = |found: &[u8]| {
            with_editor(|editor, _| editor.readdress(&place, &asked, &listed(found)).unwrap())
        };
        assert_eq!(readdress(found), news, "{known:?} {found:?}");
        let settings = place.settings();
        assert_eq!(settings.moves, u32::from(given_up), "{known:?} {found:?}");
        if news {
            assert_eq!(settings.addresses, listed(found));
        }
        assert!(!readdress(found), "said twice: {known:?} {found:?}");
        // Of ten in any order the same are taken.
        let many: Vec<u8> = (10..20).collect();
        let turned: Vec<u8> = (10..20).rev().collect();
        assert!(readdress(&many) && !readdress(&turned));
        // What was asked of another host is no news of this one.
        let elsewhere = AjpSpec {
            host: "old".into(),
            ..asked.clone()
        };
        let late = with_editor(|editor, _| editor.readdress(&place, &elsewhere, &listed(&[9])));
        assert!(!late.unwrap());
    }
}
