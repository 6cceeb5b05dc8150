//! Balancers and their members (contract §2.5, A-27…A-32).

use super::values::{Attributes, check_length, split_list};
use super::{Type, ajp, type_of, warn_about_absent};
use crate::advice::nearest;
use crate::error::{ConfigError, Location};
use crate::model::{Activation, BalanceMethod, LbSpec, Lock, MemberSpec};
use crate::properties::Entry;
use bstr::{BStr, BString, ByteSlice};
use std::time::Duration;

const DEFAULT_RETRIES: u32 = 2;
const DEFAULT_RETRY_INTERVAL: Duration = Duration::from_millis(100);
const DEFAULT_RECOVER_SECONDS: u32 = 60;

/// Reads a balancer with its members; `location` is where it is listed.
pub(super) fn read(
    attributes: &mut Attributes<'_>,
    location: Option<&Location>,
) -> Result<LbSpec, ConfigError> {
    let recover_seconds = attributes.at_least("recover_time", 1, DEFAULT_RECOVER_SECONDS);
    Ok(LbSpec {
        name: attributes.worker().into(),
        members: members(attributes, location)?,
        sticky_session: attributes.boolean("sticky_session", true),
        sticky_session_force: attributes.boolean("sticky_session_force", false),
        method: method(attributes),
        lock: lock(attributes),
        retries: attributes.at_least("retries", 1, DEFAULT_RETRIES),
        lb_retries: attributes.at_least("lb_retries", 1, DEFAULT_RETRIES),
        retry_interval: attributes
            .milliseconds("retry_interval")
            .unwrap_or(DEFAULT_RETRY_INTERVAL),
        recover_time: Duration::from_secs(recover_seconds.into()),
        // Whole seconds, as mod_jk divides them (L-10).
        error_escalation_time: attributes
            .seconds("error_escalation_time", u64::from(recover_seconds / 2)),
        max_reply_timeouts: attributes.at_least("max_reply_timeouts", 0, 0),
        session_cookie: attributes
            .name("session_cookie")?
            .unwrap_or_else(|| "JSESSIONID".into()),
        session_path: attributes
            .name("session_path")?
            .unwrap_or_else(|| ";jsessionid".into()),
        set_session_cookie: attributes.boolean("set_session_cookie", false),
        session_cookie_path: attributes
            .name("session_cookie_path")?
            .unwrap_or_else(|| "/".into()),
    })
}

/// L-01; the members need no place in `worker.list`.
fn members(
    attributes: &mut Attributes<'_>,
    location: Option<&Location>,
) -> Result<Vec<MemberSpec>, ConfigError> {
    let list = attributes
        .entry("balance_workers")
        .or_else(|| attributes.entry("balanced_workers"));
    let names = list
        .map(|list| split_list(&list.value).collect::<Vec<_>>())
        .unwrap_or_default();
    let (Some(list), false) = (list, names.is_empty()) else {
        return Err(no_members(attributes, location));
    };
    let secret = attributes.text("secret");
    let mut members: Vec<MemberSpec> = Vec::new();
    for name in names {
        let mut member = member(attributes, name, list)?;
        if member.ajp.secret.is_none() {
            member.ajp.secret = secret.clone(); // L-16
        }
        check_route(&members, &member, list, attributes)?;
        members.push(member);
    }
    check_redirects(&members, attributes);
    Ok(members)
}

fn no_members(attributes: &Attributes<'_>, location: Option<&Location>) -> ConfigError {
    let of_type = attributes.entry("type").map(|entry| &entry.location);
    let worker = attributes.worker();
    let message = format!(
        "the balancer {worker} has no members; write worker.{worker}.balance_workers=<names>"
    );
    ConfigError::new(of_type.or(location).cloned(), message).coded("no-members")
}

fn member(
    balancer: &mut Attributes<'_>,
    name: &BStr,
    list: &Entry,
) -> Result<MemberSpec, ConfigError> {
    check_length("a worker name", &name.into(), Some(&list.location))?;
    warn_about_absent(balancer.properties(), name, list, balancer.warnings());
    let of = balancer.worker().to_owned();
    let mut attributes = balancer.of(name);
    let is_served = is_served(&mut attributes, of.as_bstr(), list)?;
    let mut ajp = ajp::read(&mut attributes)?;
    if !is_served {
        ajp.port = 0;
    }
    let route = match attributes.name("route")? {
        Some(route) => route,
        None => attributes.name("jvm_route")?.unwrap_or_else(|| name.into()),
    };
    let domain = attributes.name("domain")?.or_else(|| domain_of(&route));
    // A port of 0 forbids any contact.
    let activation = if ajp.port == 0 {
        Activation::Stopped
    } else {
        activation(&mut attributes)
    };
    Ok(MemberSpec {
        lbfactor: attributes.at_least("lbfactor", 1, 1),
        distance: attributes.integer("distance").unwrap_or(0),
        redirect: attributes.name("redirect")?,
        route,
        domain,
        activation,
        ajp,
    })
}

/// Whether AJP/1.3 is spoken to a member (L-01). With an ajp12 or status worker in a balancer mod_jk
/// starts, and its child crashes; with a balancer it starts or not, by the size of its shared memory.
fn is_served(
    member: &mut Attributes<'_>,
    balancer: &BStr,
    list: &Entry,
) -> Result<bool, ConfigError> {
    let (kind, name) = (type_of(member)?, member.worker());
    if kind == Type::Ajp13 {
        return Ok(true);
    }
    if name == balancer {
        let message = format!("{} names the balancer itself; remove {name}", list.name);
        return Err(
            ConfigError::new(Some(list.location.clone()), message).coded("balancer-of-itself")
        );
    }
    let remedy = if kind == Type::Lb {
        "name its members instead"
    } else {
        "name only workers of type=ajp13"
    };
    let message = format!(
        "{} names {name}, whose type is not ajp13 and which takes no requests here; {remedy}",
        list.name
    );
    member.warn_as("member-not-served", list, message);
    Ok(false)
}

/// the part before the first dot.
fn domain_of(route: &BString) -> Option<BString> {
    let (domain, _) = route.split_once_str(".")?;
    (!domain.is_empty()).then(|| domain.into())
}

/// the first letter or digit counts.
fn activation(attributes: &mut Attributes<'_>) -> Activation {
    let Some(entry) = attributes.entry("activation") else {
        let stopped = attributes.boolean("stopped", false);
        let disabled = attributes.boolean("disabled", false);
        return match (stopped, disabled) {
            (true, _) => Activation::Stopped,
            (false, true) => Activation::Disabled,
            (false, false) => Activation::Active,
        };
    };
    Activation::parse(&entry.value).unwrap_or_else(|| {
        let message = format!(
            "activation is {:?}; active is used, write active, disabled or stopped",
            entry.value
        );
        attributes.warn(entry, message);
        Activation::Active
    })
}

/// two members with one route could not be told apart.
fn check_route(
    members: &[MemberSpec],
    new: &MemberSpec,
    list: &Entry,
    attributes: &mut Attributes<'_>,
) -> Result<(), ConfigError> {
    let Some(other) = members.iter().find(|member| member.route == new.route) else {
        return Ok(());
    };
    let (name, route) = (&new.ajp.name, &new.route);
    if other.ajp.name == *name {
        let message = format!("{} names {name} twice; remove one", list.name);
        return Err(
            ConfigError::new(Some(list.location.clone()), message).coded("duplicate-member")
        );
    }
    let message = format!(
        "{name} has the route {route} of {}; give each member of {} its own",
        other.ajp.name,
        attributes.worker()
    );
    let member = attributes.of(name.as_bstr());
    let line = member
        .entry("route")
        .or_else(|| member.entry("jvm_route"))
        .unwrap_or(list);
    Err(ConfigError::new(Some(line.location.clone()), message).coded("duplicate-route"))
}

/// a redirect is a route, not a worker name.
fn check_redirects(members: &[MemberSpec], attributes: &mut Attributes<'_>) {
    for member in members {
        let Some(redirect) = &member.redirect else {
            continue;
        };
        if members.iter().any(|other| other.route == *redirect) {
            continue;
        }
        let named = members.iter().find(|other| other.ajp.name == *redirect);
        let routes = members.iter().filter_map(|other| other.route.to_str().ok());
        let wanted = named
            .and_then(|other| other.route.to_str().ok())
            .or_else(|| nearest(&redirect.to_str_lossy(), routes))
            .map_or("the route of a member".to_owned(), |route| {
                format!("redirect={route}")
            });
        let mut attributes = attributes.of(member.ajp.name.as_bstr());
        if let Some(entry) = attributes.entry("redirect") {
            let message =
                format!("redirect is {redirect:?}, the route of no member; write {wanted}");
            attributes.warn_as("unknown-route", entry, message);
        }
    }
}

/// L-04: Request unless the file names another.
fn method(attributes: &mut Attributes<'_>) -> BalanceMethod {
    let words = BalanceMethod::ALL.map(BalanceMethod::as_str);
    word(attributes, "method", BalanceMethod::parse, words).unwrap_or_default()
}

/// L-05: Optimistic unless the file names the other.
fn lock(attributes: &mut Attributes<'_>) -> Lock {
    let words = Lock::ALL.map(Lock::as_str);
    word(attributes, "lock", Lock::parse, words).unwrap_or_default()
}

/// One of the words of a list, the first of which stands for what is none of them.
fn word<T, const N: usize>(
    attributes: &mut Attributes<'_>,
    name: &str,
    parse: impl Fn(&[u8]) -> Option<T>,
    words: [&'static str; N],
) -> Option<T> {
    let entry = attributes.entry(name)?;
    let found = parse(&entry.value);
    if found.is_none() {
        let meant = nearest(&entry.value.to_str_lossy(), words);
        let advice = meant.map_or_else(String::new, |word| format!(", write {word}"));
        let message = format!("{name} is {:?}; {} is used{advice}", entry.value, words[0]);
        attributes.warn(entry, message);
    }
    found
}
