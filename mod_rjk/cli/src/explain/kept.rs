//! Lines that keep requests here by the variable `no-jk`.

use super::target::Target;
use crate::check::httpd_conf::Line;
use crate::check::site::{Server, Site};
use bstr::{BString, ByteSlice};
use regex::bytes::RegexBuilder;
use rjk_config::error::Location;
use std::rc::Rc;

/// What the lines say.
#[derive(Debug, Default)]
pub struct Kept {
    /// This one keeps the request here.
    pub by: Option<Location>,
    /// These may, by what is not known of the request.
    pub perhaps: Vec<Location>,
}

/// What comes after the rules were asked: whoever has one then gets no worker, and no file is there.
pub fn kept_too_late(site: &Site, server: &Server, target: &Target, path: &[u8]) -> Kept {
    let mut kept = Kept::default();
    for line in site.conf.lines.iter().filter(|line| is_of(line, server)) {
        let around = line.section.as_ref().filter(|one| !one.is("VirtualHost"));
        let is_for = around.map_or(Some(true), |section| section.is_for(path));
        let says = match line.is("SetEnv") {
            true => line
                .words()
                .first()
                .filter(|name| is_no_jk(name))
                .map(|_| Some(true)),
            false if around.is_none() || line.is("RewriteRule") => None,
            false => sets(line, target)
                .filter(|sets| !sets.unsets)
                .map(|sets| sets.says),
        };
        match (is_for, says) {
            (Some(true), Some(Some(true))) => kept.by = Some(line.place.clone()),
            (Some(false), _) | (_, None | Some(Some(false))) => {}
            _ => kept.perhaps.push(line.place.clone()),
        }
    }
    kept
}

/// The lines that give a request to a worker that no rule names.
pub fn handlers(site: &Site, server: &Server, path: &[u8]) -> Vec<Location> {
    let lines = site.conf.lines.iter().filter(|line| is_of(line, server));
    let gives = |line: &&Line| {
        let is_handler = line.is("SetHandler") || line.is("AddHandler");
        let mut locations = line
            .sections()
            .filter(|one| one.is("Location") || one.is("LocationMatch"));
        is_handler
            && line.arguments.contains_str("jakarta-servlet")
            && locations.all(|section| section.is_for(path) != Some(false))
    };
    lines.filter(gives).map(|line| line.place.clone()).collect()
}

/// Of the main server, or of this one, be it in another section or not.
fn is_of(line: &Line, server: &Server) -> bool {
    let host = line.virtual_host();
    host.is_none() || host.map(Rc::as_ptr) == server.host.as_ref().map(Rc::as_ptr)
}

fn is_no_jk(name: &BString) -> bool {
    name.eq_ignore_ascii_case(b"no-jk")
}

/// Looks at `SetEnvIf` of the main server and of this one; what stands in other sections comes too late.
pub fn kept(site: &Site, server: &Server, target: &Target) -> Kept {
    let mut kept = Kept::default();
    let is_here = |line: &&Line| match (&line.section, &server.host) {
        (None, _) => true,
        (Some(section), Some(host)) => Rc::ptr_eq(section, host),
        (Some(_), None) => false,
    };
    for line in site.conf.lines.iter().filter(is_here) {
        let Some(Sets { says, unsets }) = sets(line, target) else {
            continue;
        };
        match (says, unsets) {
            (Some(true), false) => kept.by = Some(line.place.clone()),
            (Some(true), true) => kept = Kept::default(),
            (None, false) => kept.perhaps.push(line.place.clone()),
            (None, true) | (Some(false), _) => {}
        }
    }
    kept
}

/// A line about the variable: whether it holds for the request, if that is known.
struct Sets {
    says: Option<bool>,
    unsets: bool,
}

fn sets(line: &Line, target: &Target) -> Option<Sets> {
    let words = line.words();
    let (attribute, pattern, variables, ignores_case) =
        match line.name.to_ascii_lowercase().as_str() {
            "setenvif" => (words.first()?, words.get(1)?, words.get(2..)?, false),
            "setenvifnocase" => (words.first()?, words.get(1)?, words.get(2..)?, true),
            "rewriterule" => {
                let sets = line.arguments.contains_str("E=no-jk");
                return sets.then_some(Sets {
                    says: None,
                    unsets: false,
                });
            }
            _ => return None,
        };
    let name = |variable: &BString| {
        variable
            .split_once_str("=")
            .map_or(variable.to_vec(), |(name, _)| name.to_vec())
    };
    let named = variables.iter().map(name).find(|name| {
        let bare = name.strip_prefix(b"!").unwrap_or(name);
        bare.eq_ignore_ascii_case(b"no-jk")
    })?;
    let value = match attribute.to_ascii_lowercase().as_slice() {
        b"request_uri" => Some(target.raw_path().as_bytes()),
        b"request_method" => Some(&b"GET"[..]),
        b"host" => Some(target.host.as_deref().unwrap_or_default().as_bytes()),
        _ => None,
    };
    let pattern = pattern.to_str().ok().and_then(|pattern| {
        let mut pattern = RegexBuilder::new(pattern);
        pattern.case_insensitive(ignores_case).build().ok()
    });
    Some(Sets {
        says: pattern
            .zip(value)
            .map(|(pattern, value)| pattern.is_match(value)),
        unsets: named.starts_with(b"!"),
    })
}
