//! The parameters of `update` as settings (V-01…V-30).
//!
//! What a parameter cannot mean is ignored, as mod_jk does with most of it; the log says so.

use crate::query::Query;
use bstr::{BStr, BString};
use rjk_balance::edit::{BalancerSetting, EndpointSetting, MemberSetting};
use rjk_config::model::{Activation, BalanceMethod, Lock};
use rjk_config::number::leading_number;
use rjk_config::workers::parse_boolean;
use std::time::Duration;

/// Parameters of balancers, in the order in which they are applied.
const BALANCER: [&str; 9] = [
    "vlr", "vlri", "vlt", "vlee", "vlx", "vls", "vlf", "vlm", "vll",
];
/// Those of members.
const MEMBER: [&str; 6] = ["vwa", "vwf", "vwn", "vwr", "vwc", "vwd"];
/// Those of members and of workers without a balancer, without host and port.
const ENDPOINT: [&str; 11] = [
    "vacpt", "vapng", "vact", "vapt", "vart", "var", "vari", "vacpi", "varo", "vabl", "vamps",
];
/// Packets are whole multiples of this.
const PACKET_STEP: u32 = 1024;

/// A value that a setting cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ignored {
    pub(crate) parameter: &'static str,
    pub(crate) value: BString,
}

/// Settings, and what was no setting.
pub(crate) type Read<T> = Vec<Result<T, Ignored>>;

/// What can be changed of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnyMemberSetting {
    /// In its balancer.
    Member(MemberSetting),
    /// Of its worker.
    Endpoint(EndpointSetting),
}

/// The settings of a balancer in a query.
pub(crate) fn of_balancer(query: &Query) -> Read<BalancerSetting> {
    read(query, &BALANCER, balancer)
}

/// The settings of a member in a query, without its address.
pub(crate) fn of_member(query: &Query) -> Read<MemberSetting> {
    read(query, &MEMBER, member)
}

/// The settings of a worker in a query, without its address.
pub(crate) fn of_endpoint(query: &Query) -> Read<EndpointSetting> {
    read(query, &ENDPOINT, endpoint)
}

/// The code of `att` that bulk edit knows (§6.4): all of members but host and port.
pub(crate) fn bulk_code(att: &BStr) -> Option<&'static str> {
    let mut all = MEMBER.into_iter().chain(ENDPOINT);
    all.find(|code| att == *code)
}

/// One setting of a member by its code.
pub(crate) fn of_code(code: &'static str, value: &BStr) -> Result<AnyMemberSetting, Ignored> {
    member(code, value)
        .map(AnyMemberSetting::Member)
        .or_else(|| endpoint(code, value).map(AnyMemberSetting::Endpoint))
        .ok_or_else(|| ignored(code, value))
}

/// The wanted host and port (V-20, V-21). Port 0 says, as in the file, that the worker is not to be contacted:
/// a text without a number must not come to mean it.
pub(crate) fn place(query: &Query) -> (Option<&BStr>, Option<Result<u16, Ignored>>) {
    let port = query.get("vaprt").map(|value| {
        let has_number = value
            .trim_ascii_start()
            .first()
            .is_some_and(u8::is_ascii_digit);
        let port = u16::try_from(leading_number(value)).ok();
        port.filter(|_| has_number)
            .ok_or_else(|| ignored("vaprt", value))
    });
    (query.get("vahst"), port)
}

fn read<T>(
    query: &Query,
    codes: &[&'static str],
    parse: impl Fn(&str, &BStr) -> Option<T>,
) -> Read<T> {
    let one = |code: &&'static str| {
        let value = query.get(code)?;
        Some(parse(code, value).ok_or_else(|| ignored(code, value)))
    };
    codes.iter().filter_map(one).collect()
}

fn ignored(parameter: &'static str, value: &BStr) -> Ignored {
    Ignored {
        parameter,
        value: value.into(),
    }
}

fn balancer(code: &str, value: &BStr) -> Option<BalancerSetting> {
    Some(match code {
        "vlr" => BalancerSetting::Retries(at_least(1, value)?),
        "vlri" => BalancerSetting::RetryInterval(millis(1, value)?),
        "vlt" => BalancerSetting::RecoverTime(seconds(1, value)?),
        "vlee" => BalancerSetting::ErrorEscalationTime(seconds(1, value)?),
        "vlx" => BalancerSetting::MaxReplyTimeouts(at_least(0, value)?),
        "vls" => BalancerSetting::StickySession(parse_boolean(value)?),
        "vlf" => BalancerSetting::StickySessionForce(parse_boolean(value)?),
        "vlm" => BalancerSetting::Method(BalanceMethod::parse(value)?),
        "vll" => BalancerSetting::Lock(Lock::parse(value)?),
        _ => return None,
    })
}

fn member(code: &str, value: &BStr) -> Option<MemberSetting> {
    Some(match code {
        "vwa" => MemberSetting::Activation(Activation::parse(value)?),
        "vwf" => MemberSetting::Factor(at_least(1, value)?),
        "vwn" => MemberSetting::Route(value.into()),
        "vwr" => MemberSetting::Redirect(value.into()),
        "vwc" => MemberSetting::Domain(value.into()),
        "vwd" => MemberSetting::Distance(i32::try_from(at_least(0, value)?).ok()?),
        _ => return None,
    })
}

fn endpoint(code: &str, value: &BStr) -> Option<EndpointSetting> {
    Some(match code {
        "vacpt" => EndpointSetting::PoolTimeout(seconds(0, value)?),
        "vapng" => EndpointSetting::PingTimeout(millis(0, value)?),
        "vact" => EndpointSetting::ConnectTimeout(millis(0, value)?),
        "vapt" => EndpointSetting::PrepostTimeout(millis(0, value)?),
        "vart" => EndpointSetting::ReplyTimeout(millis(0, value)?),
        "var" => EndpointSetting::Retries(at_least(1, value)?),
        "vari" => EndpointSetting::RetryInterval(millis(1, value)?),
        "vacpi" => EndpointSetting::PingInterval(seconds(1, value)?),
        "varo" => EndpointSetting::RecoveryOptions(at_least(0, value)?),
        "vabl" => EndpointSetting::BusyLimit(at_least(0, value)?),
        "vamps" => EndpointSetting::MaxPacketSize(packet_size(value)?),
        _ => return None,
    })
}

/// A number of 31 bits that is not below `least`.
fn at_least(least: u32, value: &BStr) -> Option<u32> {
    let number = i32::try_from(leading_number(value)).ok()?;
    u32::try_from(number).ok().filter(|number| *number >= least)
}

fn seconds(least: u32, value: &BStr) -> Option<Duration> {
    at_least(least, value).map(|number| Duration::from_secs(number.into()))
}

fn millis(least: u32, value: &BStr) -> Option<Duration> {
    at_least(least, value).map(|number| Duration::from_millis(number.into()))
}

/// A whole number of steps, rounded up, from 8 KiB to 64 KiB.
fn packet_size(value: &BStr) -> Option<u32> {
    let bytes = at_least(0, value)?.checked_next_multiple_of(PACKET_STEP)?;
    (8192..=65536).contains(&bytes).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a query says of one setting: the setting, or `ignored`, or nothing.
    fn said(query: &str) -> String {
        let query = Query::parse(query.as_bytes());
        let mut all: Vec<String> = Vec::new();
        let mut add = |text: Option<String>| all.push(text.unwrap_or("ignored".to_owned()));
        for setting in of_balancer(&query) {
            add(setting.ok().map(|setting| format!("{setting:?}")));
        }
        for setting in of_member(&query) {
            add(setting.ok().map(|setting| format!("{setting:?}")));
        }
        for setting in of_endpoint(&query) {
            add(setting.ok().map(|setting| format!("{setting:?}")));
        }
        all.join(" ")
    }

    #[test]
    #[rustfmt::skip]
    fn v01_v30_parameters() {
        let rows = [
            ("", ""), ("w=lb&re=5", ""), ("vlr=3&vlr=4", "Retries(4)"),
            ("vlr=1", "Retries(1)"), ("vlr=0", "ignored"), ("vlr=3x", "Retries(3)"), ("vlr=-1", "ignored"),
            ("vlri=7", "RetryInterval(7ms)"), ("vlri=0", "ignored"),
            ("vlt=70", "RecoverTime(70s)"), ("vlt=abc", "ignored"),
            ("vlee=33", "ErrorEscalationTime(33s)"), ("vlee=0", "ignored"),
            ("vlx=0", "MaxReplyTimeouts(0)"), ("vlx=-1", "ignored"),
            ("vls=Yes&vlf=off", "StickySession(true) StickySessionForce(false)"), ("vls=2", "ignored"),
            ("vlm=b", "Method(Busyness)"), ("vlm=4", "Method(Next)"), ("vlm=zz", "ignored"),
            ("vll=Pess", "Lock(Pessimistic)"), ("vll=", "ignored"),
            ("vwa=Stop", "Activation(Stopped)"), ("vwa=1", "Activation(Disabled)"), ("vwa=3", "ignored"),
            ("vwf=1", "Factor(1)"), ("vwf=0", "ignored"),
            ("vwn=&vwr=&vwc=", "Route(\"\") Redirect(\"\") Domain(\"\")"),
            ("vwd=0", "Distance(0)"), ("vwd=-5", "ignored"),
            ("vacpt=0&vacpi=0", "PoolTimeout(0ns) ignored"), ("vacpi=1", "PingInterval(1s)"),
            ("vapng=6&vact=7&vapt=8&vart=0", "PingTimeout(6ms) ConnectTimeout(7ms) PrepostTimeout(8ms) ReplyTimeout(0ns)"),
            ("var=0&vari=0", "ignored ignored"), ("var=2&vari=3", "Retries(2) RetryInterval(3ms)"),
            ("varo=31", "RecoveryOptions(31)"), ("varo=-1", "ignored"),
            ("vabl=2147483647", "BusyLimit(2147483647)"), ("vabl=2147483648", "ignored"), ("vabl=x", "BusyLimit(0)"),
            ("vamps=8191", "MaxPacketSize(8192)"), ("vamps=7168", "ignored"), ("vamps=8193", "MaxPacketSize(9216)"),
            ("vamps=65536", "MaxPacketSize(65536)"), ("vamps=65537", "ignored"), ("vamps=0", "ignored"),
        ];
        for (query, expected) in rows {
            assert_eq!(said(query), expected, "{query}");
        }
    }

    #[test]
    fn v20_v21_places() {
        let rows = [
            ("", "None None"),
            ("vahst=h", "Some(\"h\") None"),
            ("vahst=", "Some(\"\") None"),
            ("vaprt=8009", "None Some(Some(8009))"),
            ("vaprt=0", "None Some(Some(0))"),
            ("vaprt= 7x", "None Some(Some(7))"),
            ("vaprt=65536", "None Some(None)"),
            ("vaprt=-1", "None Some(None)"),
            ("vaprt=x", "None Some(None)"),
            ("vaprt=", "None Some(None)"),
        ];
        for (query, expected) in rows {
            let query_read = Query::parse(query.as_bytes());
            let (host, port) = place(&query_read);
            let port = port.map(Result::ok);
            assert_eq!(format!("{host:?} {port:?}"), expected, "{query}");
        }
    }

    #[test]
    fn s64_codes_of_bulk_edit() {
        let known =
            "vwa vwf vwn vwr vwc vwd vacpt vapng vact vapt vart var vari vacpi varo vabl vamps";
        for code in known.split(' ') {
            let found = bulk_code(code.into());
            assert_eq!(found, Some(code));
            let read = of_code(found.unwrap_or_default(), "9000".into());
            assert_eq!(read.is_ok(), code != "vwa", "{code}");
        }
        for code in ["", "vahst", "vaprt", "vlr", "VWA", "zz"] {
            assert_eq!(bulk_code(code.into()), None, "{code}");
        }
    }
}
