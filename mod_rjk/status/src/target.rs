//! Which worker, and which of its members, a request is about (C-03, C-04).

use crate::query::Query;
use crate::site::{Site, Worker};
use bstr::BStr;
use rjk_balance::Balancer;
use rjk_config::wildcard::{is_wildcard, matches};

/// A worker that a request names.
#[derive(Clone)]
pub(crate) struct Target<'a> {
    /// The worker.
    pub(crate) worker: Worker<'a>,
    /// The members of `sw`, never none; `None` when the request names no member.
    pub(crate) members: Option<Vec<usize>>,
    /// `sw` is a pattern.
    pub(crate) is_pattern: bool,
}

impl<'a> Target<'a> {
    /// Finds the worker of `w` and the members of `sw`, which may be a pattern for `update` only.
    ///
    /// # Errors
    /// The text for the client.
    pub(crate) fn find(
        query: &Query,
        site: &Site<'a>,
        may_be_pattern: bool,
    ) -> Result<Target<'a>, &'static str> {
        let name = query.get("w").filter(|name| !name.is_empty());
        let name = name.ok_or("NULL or EMPTY worker param")?;
        let member = query.get("sw");
        if member.is_some_and(|member| member.is_empty()) {
            return Err("EMPTY sub worker param");
        }
        let worker = site.worker(name).ok_or("Could not find given worker")?;
        let Some(member) = member else {
            return Ok(Target {
                worker,
                members: None,
                is_pattern: false,
            });
        };
        let is_pattern = is_wildcard(member);
        if is_pattern && !may_be_pattern {
            return Err("wildcard not allowed in sub worker for this command");
        }
        let Worker::Balancer(balancer) = worker else {
            return Err("worker type has no sub workers");
        };
        let members = members(balancer, member);
        if members.is_empty() {
            return Err("could not find sub worker");
        }
        Ok(Target {
            worker,
            members: Some(members),
            is_pattern,
        })
    }

    /// The one member that the request names.
    pub(crate) fn member(&self) -> Option<usize> {
        self.members.as_ref()?.first().copied()
    }
}

fn members(balancer: &Balancer, pattern: &BStr) -> Vec<usize> {
    let names = balancer
        .spec()
        .members
        .iter()
        .map(|member| &member.ajp.name);
    names
        .enumerate()
        .filter(|(_, name)| matches(pattern, name))
        .map(|(index, _)| index)
        .collect()
}

#[cfg(test)]
mod tests {
    use rjk_config::wildcard::matches;

    #[test]
    fn c04_bg22_patterns() {
        let rows = [
            ("m1", "m1", true),
            ("M1", "m1", false),
            ("m", "m1", false),
            ("m1x", "m1", false),
            ("*", "", true),
            ("*", "m1", true),
            ("**1", "m1", true),
            ("m*", "m", true),
            ("m1*", "m1", true),
            ("*1*", "m1", true),
            ("*2*", "m1", false),
            ("m?", "m1", true),
            ("?", "m1", false),
            ("??", "m1", true),
            ("m1?", "m1", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
        ];
        for (pattern, name, expected) in rows {
            let matched = matches(pattern.as_bytes(), name.as_bytes());
            assert_eq!(matched, expected, "{pattern} {name}");
        }
    }
}
