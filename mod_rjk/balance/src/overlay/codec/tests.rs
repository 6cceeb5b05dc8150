use super::*;
use crate::overlay::{BalancerOverlay, EndpointOverlay, MemberOverlay, Place};
use crate::shared::record::{AjpRecord, BalancerRecord, MemberRecord};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = Option<BString>> {
    of(vec(any::<u8>(), 0..=MOST_TEXT_BYTES).prop_map(BString::from))
}

fn time() -> impl Strategy<Value = Option<Duration>> {
    of((0..1_u64 << 40).prop_map(Duration::from_millis))
}

fn address() -> impl Strategy<Value = SocketAddr> {
    prop_oneof![
        any::<(u32, u16)>()
            .prop_map(|(ip, port)| SocketAddrV4::new(Ipv4Addr::from_bits(ip), port).into()),
        any::<(u128, u16, u32)>().prop_map(|(ip, port, scope)| {
            SocketAddrV6::new(Ipv6Addr::from_bits(ip), port, 0, scope).into()
        }),
    ]
}

prop_compose! {
    fn place()(
        host in text(),
        port in any::<Option<u16>>(),
        addresses in vec(address(), 0..=MOST_ADDRESSES),
        moves in any::<Option<u32>>(),
    ) -> Place {
        Place { host, port, addresses, moves }
    }
}

prop_compose! {
    fn endpoint()(
        place in place(),
        times in [time(), time(), time(), time(), time(), time(), time()],
        numbers in any::<[Option<u32>; 4]>(),
    ) -> EndpointOverlay {
        let [pool_timeout, ping_timeout, connect_timeout, prepost_timeout, reply_timeout,
            retry_interval, ping_interval] = times;
        let [retries, recovery_options, busy_limit, max_packet_size] = numbers;
        EndpointOverlay {
            place, pool_timeout, ping_timeout, connect_timeout, prepost_timeout, reply_timeout,
            retries, retry_interval, ping_interval, recovery_options, busy_limit, max_packet_size,
        }
    }
}

prop_compose! {
    fn member()(
        activation in of(0..3_u64),
        factor in any::<Option<u32>>(),
        distance in any::<Option<i32>>(),
        names in [text(), text(), text()],
    ) -> MemberOverlay {
        let [route, redirect, domain] = names;
        let activation = activation.and_then(Activation::of_bits);
        MemberOverlay { activation, factor, distance, route, redirect, domain }
    }
}

prop_compose! {
    fn balancer()(
        numbers in any::<[Option<u32>; 2]>(),
        times in [time(), time(), time()],
        flags in any::<[Option<bool>; 2]>(),
        method in of(0..5_u64),
        lock in of(0..2_u64),
    ) -> BalancerOverlay {
        let ([retries, max_reply_timeouts], [sticky_session, sticky_session_force]) =
            (numbers, flags);
        let [retry_interval, recover_time, error_escalation_time] = times;
        BalancerOverlay {
            retries, retry_interval, recover_time, error_escalation_time, max_reply_timeouts,
            sticky_session, sticky_session_force,
            method: method.and_then(BalanceMethod::of_bits),
            lock: lock.and_then(Lock::of_bits),
        }
    }
}

proptest! {
    #[test]
    fn h06_records_give_back_what_they_were_given(
        endpoint in endpoint(),
        member in member(),
        balancer in balancer(),
    ) {
        let (of_endpoint, of_member, of_balancer) =
            (AjpRecord::default(), MemberRecord::default(), BalancerRecord::default());
        of_endpoint.write(&encode(&endpoint));
        of_member.write(&encode(&member));
        of_balancer.write(&encode(&balancer));
        prop_assert_eq!(decode::<EndpointOverlay>(&of_endpoint.read()), endpoint);
        prop_assert_eq!(decode::<MemberOverlay>(&of_member.read()), member);
        prop_assert_eq!(decode::<BalancerOverlay>(&of_balancer.read()), balancer);
    }

    #[test]
    fn h06_any_words_are_some_overlay(words in vec(any::<u64>(), 63)) {
        let endpoint: EndpointOverlay = decode(&words);
        prop_assert!(endpoint.place.host.is_none_or(|host| host.len() <= MOST_TEXT_BYTES));
        decode::<MemberOverlay>(&words);
        decode::<BalancerOverlay>(&words);
    }
}

#[test]
fn h06_zero_is_as_configured() {
    assert_eq!(
        decode::<EndpointOverlay>(&[0; 63]),
        EndpointOverlay::default()
    );
    assert_eq!(decode::<MemberOverlay>(&[0; 31]), MemberOverlay::default());
    assert_eq!(
        decode::<BalancerOverlay>(&[0; 15]),
        BalancerOverlay::default()
    );
}
