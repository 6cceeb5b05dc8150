//! Which worker, and which of its members, a request is about (C-03, C-04).

use crate::query::Query;
use crate::site::{Site, Worker};
use bstr::BStr;
use rjk_balance::Balancer;

/// A worker that a request names.
#[derive(Clone)]
pub(crate) struct Target<'a> {
    /// The worker.
    pub worker: Worker<'a>,
    /// The members of `sw`, never none; `None` when the request names no member.
    pub members: Option<Vec<usize>>,
    /// `sw` is a pattern.
    pub is_pattern: bool,
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
        let Worker::Balancer(balancer) = worker else {
            return Err("worker type has no sub workers");
        };
        let is_pattern = member.iter().any(|byte| b"*?".contains(byte));
        if is_pattern && !may_be_pattern {
            return Err("wildcard not allowed in sub worker for this command");
        }
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

/// Whether a name is of a pattern: `*` stands for any text, `?` for one byte.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where to go on when the text after the latest star does not fit: the star takes one byte more.
    let mut again: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                again = Some((at + 1, read));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[read] => {
                at += 1;
                read += 1;
            }
            _ => match again {
                Some((after_star, from)) => {
                    again = Some((after_star, from + 1));
                    (at, read) = (after_star, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    fn by_definition(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), Some((_, shorter))) => {
                by_definition(rest, name) || by_definition(pattern, shorter)
            }
            (Some((b'*', rest)), None) => by_definition(rest, name),
            (Some((byte, rest)), Some((first, shorter))) => {
                (*byte == b'?' || byte == first) && by_definition(rest, shorter)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn c04_as_defined(pattern in "[ab*?]{0,7}", name in "[ab]{0,9}") {
            let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(matches(pattern, name), by_definition(pattern, name));
        }
    }
}
