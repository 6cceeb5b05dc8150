//! What workers.properties says (contract §2.2–§2.6): typed workers, checked as a whole.

mod ajp;
mod lb;
mod status;
#[cfg(test)]
mod tests;
mod values;

pub use values::parse_boolean;

use crate::advice::{bare, nearest};
use crate::error::{ConfigError, Location, Warning};
use crate::model::{AjpSpec, LegacySpec, LegacyType, Way, WorkerSpec};
use crate::properties::{Entry, Properties, Property};
use crate::uri_map::pattern_remedy;
use bstr::{BStr, BString, ByteSlice};
use std::collections::HashSet;
use std::time::Duration;
use values::{Attributes, check_length, split_list};

/// The workers and what is global in the file.
#[derive(Clone, Debug)]
pub struct Workers {
    /// The workers of `worker.list` in its order, each name once (W-01).
    pub list: Vec<WorkerSpec>,
    /// Maintenance interval, in whole seconds; zero switches maintenance off (W-02).
    pub maintain: Duration,
    /// Mount rules of the main server, in definition order (W-05).
    pub mounts: Vec<WorkerMount>,
    properties: Properties,
}

/// One URI pattern of `worker.N.mount` (W-05).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerMount {
    /// The worker's name.
    pub worker: BString,
    /// The pattern with its `-` and `!` prefixes (M-03).
    pub pattern: BString,
    /// The line it is from.
    pub location: Location,
}

/// The values of `type` (W-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Ajp13,
    Lb,
    Status,
    Legacy(LegacyType),
}

impl Workers {
    /// Resolves templates and creates every worker of `worker.list`; `ajp13` without a list (W-01).
    ///
    /// Each warning is given once, even when several workers share the line.
    ///
    /// # Errors
    /// What mod_jk refuses to start with (G-16), and numbers outside of what they are for.
    pub fn build(
        mut properties: Properties,
        warnings: &mut Vec<Warning>,
    ) -> Result<Workers, ConfigError> {
        properties.resolve_references()?;
        let mut found = Vec::new();
        let result = create_all(&properties, &mut found);
        let mut seen = HashSet::new();
        warnings.extend(
            found
                .into_iter()
                .filter(|warning| seen.insert(warning.to_string())),
        );
        let (list, mounts, maintain) = result?;
        Ok(Workers {
            list,
            maintain,
            mounts,
            properties,
        })
    }

    /// All properties with what templates gave, in definition order: first the `JkWorkerProperty`
    /// lines (P-14, P-16, CM-08). Secrets have no value here.
    pub fn properties(&self) -> impl Iterator<Item = Property<'_>> {
        self.properties.shown()
    }

    /// Where a property is written, be it in the template of its worker.
    pub fn location(&self, name: impl AsRef<[u8]>) -> Option<&Location> {
        self.properties.get(name).map(|entry| &entry.location)
    }

    /// The worker with this name; members of balancers that are not listed have none (L-01).
    pub fn get(&self, name: &[u8]) -> Option<&WorkerSpec> {
        self.list.iter().find(|worker| worker.name() == name)
    }

    /// The ajp13 workers, listed ones and members, each name once.
    pub fn ajp13(&self) -> Vec<&AjpSpec> {
        let mut seen = HashSet::new();
        let all = self.list.iter().flat_map(WorkerSpec::ajp13);
        // A member of another type is one that is never asked.
        all.filter(|spec| self.type_of(&spec.name).is_none_or(|kind| kind == "ajp13"))
            .filter(|spec| seen.insert(spec.name.as_bstr()))
            .collect()
    }

    /// The type of a worker that some line describes, be it used or not.
    pub fn type_of(&self, name: &[u8]) -> Option<&BStr> {
        let kind = self.properties.get([b"worker.", name, b".type"].concat());
        let kind = kind.map(|entry| entry.value.as_bstr());
        kind.or_else(|| has_properties(&self.properties, name.into()).then_some("ajp13".into()))
    }

    /// Says how an ajp13 worker is reached, wherever it is used. A port of 0 forbids any contact, so it
    /// gets no other way.
    pub fn set_way(&mut self, name: &[u8], way: &Way, port: Option<u16>) {
        let all = self.list.iter_mut().flat_map(WorkerSpec::ajp13_mut);
        for spec in all.filter(|spec| spec.name == name && spec.port != 0) {
            spec.way = way.clone();
            spec.port = port.unwrap_or(spec.port);
        }
    }
}

type Created = (Vec<WorkerSpec>, Vec<WorkerMount>, Duration);

fn create_all(
    properties: &Properties,
    warnings: &mut Vec<Warning>,
) -> Result<Created, ConfigError> {
    let mut list = Vec::new();
    let mut mounts = Vec::new();
    for (name, location) in listed_names(properties, warnings)? {
        check_length("a worker name", &name, location.as_ref())?;
        let mut attributes = Attributes::new(properties, name.as_bstr(), warnings);
        list.push(create(&mut attributes, location.as_ref())?);
        mounts.extend(mounts_of(&mut attributes)?);
    }
    let maintain = Attributes::global(properties, warnings).seconds("maintain", 60);
    Ok((list, mounts, maintain))
}

/// A name of `worker.list`, and the place of the list.
type Listed = (BString, Option<Location>);

/// The names of `worker.list`, each once.
fn listed_names(
    properties: &Properties,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Listed>, ConfigError> {
    let Some(entry) = properties.get("worker.list") else {
        let mut others = properties.iter();
        let other = others.find(|entry| entry.name.starts_with(b"worker."));
        if let Some(other) = other.filter(|_| !has_properties(properties, b"ajp13".as_bstr())) {
            let message = "worker.list is missing and the only worker is ajp13 on localhost:8009; \
                           write worker.list=<names>";
            warnings.push(Warning::new(Some(other.location.clone()), message).coded("no-list"));
        }
        return Ok(vec![(BString::from("ajp13"), None)]);
    };
    let mut names: Vec<Listed> = Vec::new();
    for name in split_list(&entry.value) {
        if names.iter().any(|(known, _)| known == name) {
            let message = format!("worker.list names {name} twice; remove one");
            warnings.push(
                Warning::new(Some(entry.location.clone()), message).coded("duplicate-in-list"),
            );
            continue;
        }
        warn_about_absent(properties, name, entry, warnings);
        names.push((name.into(), Some(entry.location.clone())));
    }
    if names.is_empty() {
        let message = "worker.list names no worker; write worker.list=<names>";
        return Err(ConfigError::new(Some(entry.location.clone()), message).coded("empty-list"));
    }
    Ok(names)
}

fn create(
    attributes: &mut Attributes<'_>,
    location: Option<&Location>,
) -> Result<WorkerSpec, ConfigError> {
    Ok(match type_of(attributes)? {
        Type::Ajp13 => WorkerSpec::Ajp(ajp::read(attributes)?),
        Type::Lb => WorkerSpec::Lb(lb::read(attributes, location)?),
        Type::Status => WorkerSpec::Status(status::read(attributes)),
        Type::Legacy(kind) => WorkerSpec::Legacy(legacy(attributes, kind)?),
    })
}

/// one worker that nobody can serve does not keep the others from serving.
fn legacy(attributes: &mut Attributes<'_>, kind: LegacyType) -> Result<LegacySpec, ConfigError> {
    if kind == LegacyType::Ajp14 {
        // What mod_jk refuses in it is refused.
        ajp::read(attributes)?;
    }
    if let Some(entry) = attributes.entry("type") {
        let message = format!(
            "{} is {}, which is not supported: its requests get 500; write type=ajp13, Tomcat's \
             AJP connector speaks it",
            entry.name, entry.value
        );
        attributes.warn_as("type-not-served", entry, message);
    }
    Ok(LegacySpec {
        name: attributes.worker().into(),
        kind,
    })
}

/// W-03: the exact words.
fn type_of(attributes: &Attributes<'_>) -> Result<Type, ConfigError> {
    let Some(entry) = attributes.entry("type") else {
        return Ok(Type::Ajp13);
    };
    let word = entry.value.to_str_lossy();
    let remedy = match word.as_ref() {
        "ajp13" => return Ok(Type::Ajp13),
        "lb" => return Ok(Type::Lb),
        "status" => return Ok(Type::Status),
        "ajp12" => return Ok(Type::Legacy(LegacyType::Ajp12)),
        "jni" => return Ok(Type::Legacy(LegacyType::Jni)),
        // mod_jk starts it with a login only.
        "ajp14" if attributes.entry("secretkey").is_some() => {
            return Ok(Type::Legacy(LegacyType::Ajp14));
        }
        "ajp14" => "write type=ajp13, Tomcat's AJP connector speaks it".to_owned(),
        _ => match nearest(&word, ["ajp13", "lb", "status"]) {
            Some(known) => format!("write type={known}"),
            None => "write type=ajp13, type=lb or type=status".to_owned(),
        },
    };
    let message = format!(
        "{} is {:?}, which is not supported; {remedy}",
        entry.name, entry.value
    );
    Err(ConfigError::new(Some(entry.location.clone()), message).coded("unknown-type"))
}

fn mounts_of(attributes: &mut Attributes<'_>) -> Result<Vec<WorkerMount>, ConfigError> {
    let Some(entry) = attributes.entry("mount") else {
        return Ok(Vec::new());
    };
    if entry.value.contains(&b'|') {
        let message = format!(
            "{}: a bar is a letter of the pattern here; write both patterns, with a blank between",
            entry.name
        );
        attributes.warn_as("bar-in-mount", entry, message);
    }
    split_list(&entry.value)
        .map(|pattern| {
            let bare = pattern.strip_prefix(b"-").unwrap_or(pattern);
            let bare = bare.strip_prefix(b"!").unwrap_or(bare);
            if !bare.starts_with(b"/") {
                let remedy = pattern_remedy(&bare.to_str_lossy(), "");
                let message = format!(
                    "{} has the pattern {pattern:?}, which does not start with \"/\"{remedy}",
                    entry.name
                );
                return Err(
                    ConfigError::new(Some(entry.location.clone()), message).coded("bad-pattern")
                );
            }
            Ok(WorkerMount {
                worker: attributes.worker().into(),
                pattern: pattern.into(),
                location: entry.location.clone(),
            })
        })
        .collect()
}

fn has_properties(properties: &Properties, worker: &BStr) -> bool {
    properties.iter().any(|entry| {
        let rest = entry
            .name
            .strip_prefix(b"worker.")
            .and_then(|rest| rest.strip_prefix(worker.as_bytes()));
        rest.is_some_and(|rest| rest.starts_with(b"."))
    })
}

/// A worker nobody describes is most often a typing error; mod_jk starts it with the defaults.
fn warn_about_absent(
    properties: &Properties,
    worker: &BStr,
    entry: &Entry,
    warnings: &mut Vec<Warning>,
) {
    if worker != "ajp13" && !has_properties(properties, worker) {
        let remedy = match remedy_of_absent(properties, &worker.to_str_lossy()) {
            Some(remedy) => format!("; write {remedy}"),
            None => ", and a name has letters, digits, '_' and '-'".to_owned(),
        };
        let message = format!(
            "{} names {worker}, which has no property and is taken for ajp13 on localhost:8009{remedy}",
            entry.name
        );
        warnings.push(
            Warning::new(Some(entry.location.clone()), message).coded("worker-without-properties"),
        );
    }
}

/// The worker that was meant by a name with quotes, commas of another kind or invisible characters
/// around it; else a property for a name that can have one (P-18).
fn remedy_of_absent(properties: &Properties, worker: &str) -> Option<String> {
    let meant = bare(worker).trim_end_matches([';', ':', '\\']);
    if meant != worker && has_properties(properties, meant.as_bytes().as_bstr()) {
        return Some(meant.to_owned());
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    worker
        .chars()
        .all(is_plain)
        .then(|| format!("worker.{worker}.host"))
}
