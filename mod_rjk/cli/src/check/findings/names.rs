//! Names in workers.properties that are nearly those of properties: to mod_jk they are variables.

use super::{Found, Severity};
use bstr::{BStr, ByteSlice};
use rjk_config::advice::nearest;
use rjk_config::properties::is_attribute;

pub(super) fn find(found: &mut Found<'_>) {
    let Some(workers) = &found.site.workers else {
        return;
    };
    for property in workers.properties() {
        let name = property.name;
        let message = match (meant(name), of_nobody(name)) {
            (Some(meant), _) => format!("{name} is a variable, not a property; write {meant}"),
            (None, Some(attribute)) => {
                format!("{name} belongs to no worker; write worker.NAME.{attribute}")
            }
            (None, None) => continue,
        };
        let place = workers.location(name);
        found.add(place, Severity::Warning, "misspelt-name", message);
    }
}

/// `worker.x.host` for `workers.x.host`, and `worker.list` for `wroker.list`. What has no attribute behind it is
/// somebody's variable.
fn meant(name: &BStr) -> Option<String> {
    let (first, rest) = name.split_once_str(".")?;
    let attribute = rest.rsplit_once_str(".").map_or(rest, |(_, last)| last);
    let is_property = is_attribute(attribute)
        && (rest.contains_str(".") || matches!(attribute, b"list" | b"maintain"));
    let first = first.to_str().ok()?;
    let is_near = first != "worker" && nearest(first, ["worker"]).is_some();
    (is_near && is_property).then(|| format!("worker.{}", rest.as_bstr()))
}

/// `port` of `worker.port`: a name is missing. Some are for all workers.
fn of_nobody(name: &BStr) -> Option<&BStr> {
    let attribute = name.strip_prefix(b"worker.")?;
    let is_for_all = matches!(attribute, b"list" | b"maintain");
    (is_attribute(attribute) && !is_for_all).then(|| attribute.as_bstr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_has_a_worker() {
        for (name, expected) in [
            ("worker.port", Some("port")),
            ("worker.host", Some("host")),
            ("worker.list", None),
            ("worker.maintain", None),
            ("worker.home", None),
            ("worker.a.port", None),
            ("port", None),
        ] {
            let expected = expected.map(BStr::new);
            assert_eq!(of_nobody(name.into()), expected, "{name}");
        }
    }

    #[test]
    fn only_what_has_an_attribute_is_meant() {
        for (name, expected) in [
            ("workers.list", Some("worker.list")),
            ("wroker.a.host", Some("worker.a.host")),
            ("Worker.a.port", Some("worker.a.port")),
            ("workers.tomcat_home", None),
            ("workers.java_home", None),
            ("worker.list", None),
            ("was.host", None),
            ("workers.host", None),
            ("ps", None),
        ] {
            assert_eq!(meant(name.into()).as_deref(), expected, "{name}");
        }
    }
}
