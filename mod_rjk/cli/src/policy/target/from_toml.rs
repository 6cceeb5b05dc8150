//! What rjk.toml says of a policy.

use super::{Subject, Target};
use crate::policy::problem::Problem;
use rjk_config::toml::{PolicySpec, RjkToml};
use std::path::Path;

/// The policy that the arguments mean.
pub(super) fn read(file: &Path, target: &Target) -> Result<Subject, Problem> {
    let text =
        std::fs::read_to_string(file).map_err(|error| Problem::Input(file.to_owned(), error))?;
    let name = file.display().to_string();
    let read = RjkToml::parse(&text, &name).map_err(|broken| Problem::config(broken.mistakes))?;
    let spec = wanted(&read, target.policy.as_deref())
        .map_err(|reason| Problem::Arguments(format!("{name}: {reason}")))?;
    // Which balancer it is for tells the members, when nothing else does.
    let mut uses = read.balancers.iter().filter(|entry| {
        let policy = entry.policy.and_then(|index| read.policies.get(index));
        policy.is_some_and(|policy| policy.name == spec.name)
    });
    let balancer = match (uses.next(), uses.next()) {
        (Some(only), None) => Some(only.balancer.as_str()),
        _ => None,
    };
    Ok(Subject {
        file: target.file.clone().unwrap_or(spec.component.clone()),
        name: spec.name.clone(),
        settings: spec.settings,
        engine: read.engine,
        config: Some(spec.config.clone()),
        known: target.members.known(balancer)?,
    })
}

fn wanted<'a>(file: &'a RjkToml, name: Option<&str>) -> Result<&'a PolicySpec, String> {
    let names: Vec<&str> = file
        .policies
        .iter()
        .map(|spec| spec.name.as_str())
        .collect();
    let all = names.join(", ");
    match (name, file.policies.as_slice()) {
        (_, []) => Err("it has no [policy.NAME]".to_owned()),
        (None, [only]) => Ok(only),
        (None, _) => Err(format!(
            "it has several policies; add --policy, one of: {all}"
        )),
        (Some(name), policies) => policies
            .iter()
            .find(|spec| spec.name == name)
            .ok_or_else(|| format!("it has no [policy.{name}]; it has: {all}")),
    }
}
