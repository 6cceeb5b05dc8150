//! Which virtual host takes a request.

use super::target::Target;
use crate::check::httpd_conf::{Line, Section};
use crate::check::site::{Server, Site};
use bstr::ByteSlice;
use std::rc::Rc;

/// The server of a request: of the virtual hosts at its port the first that has its name, else the first one;
/// the main server when none listens there. Which address the client came to is not known: `*` stands for all.
pub fn server_of<'s>(site: &'s Site, target: &Target) -> Option<&'s Server> {
    let at_port: Vec<&Server> = site
        .servers
        .iter()
        .filter(|server| {
            server
                .host
                .as_ref()
                .is_some_and(|host| listens(host, target))
        })
        .collect();
    let named = target.host.as_deref().and_then(|name| {
        let mut hosts = at_port.iter();
        hosts.find(|server| has_name(site, server, name))
    });
    named
        .or(at_port.first())
        .copied()
        .or_else(|| site.servers.first())
}

/// `ServerName`, or where it begins.
pub fn label(site: &Site, server: &Server) -> Option<String> {
    let host = server.host.as_ref()?;
    let name = lines_of(site, host).find(|line| line.is("ServerName"));
    let name = name.and_then(|line| line.words().into_iter().next());
    Some(name.map_or_else(|| host.arguments.to_string(), |name| name.to_string()))
}

fn listens(host: &Section, target: &Target) -> bool {
    host.words().iter().any(|word| {
        let word = word.to_str_lossy();
        let end = word.rfind(']').map_or(0, |at| at + 1);
        let (address, port) = match word[end..].rfind(':') {
            Some(at) => (&word[..end + at], &word[end + at + 1..]),
            None => (word.as_ref(), "*"),
        };
        // An address in the URL says to which one the client comes.
        let is_ip = |text: &str| {
            let bare = text.trim_start_matches('[').trim_end_matches(']');
            bare.parse::<std::net::IpAddr>().is_ok()
        };
        let asked = target.host.as_deref().filter(|host| is_ip(host));
        let at_address = match asked {
            Some(asked) if is_ip(address) => asked == address,
            _ => true,
        };
        let at_port = target
            .port
            .is_none_or(|asked| port == "*" || port.parse() == Ok(asked));
        at_address && at_port
    })
}

fn has_name(site: &Site, server: &Server, name: &str) -> bool {
    let Some(host) = &server.host else {
        return false;
    };
    lines_of(site, host).any(|line| {
        let words = line.words();
        let mut words = words
            .iter()
            .map(|word| word.to_str_lossy().to_ascii_lowercase());
        if line.is("ServerName") {
            return words.next().is_some_and(|own| without_port(&own) == name);
        }
        line.is("ServerAlias")
            && words.any(|alias| rjk_config::wildcard::matches(alias.as_bytes(), name.as_bytes()))
    })
}

fn without_port(name: &str) -> &str {
    let name = name.split_once("://").map_or(name, |(_, name)| name);
    match name.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => name,
    }
}

/// The lines that stand in this very host, in no other section.
fn lines_of<'s>(site: &'s Site, host: &'s Rc<Section>) -> impl Iterator<Item = &'s Line> {
    let lines = site.conf.lines.iter();
    lines.filter(move |line| {
        line.section
            .as_ref()
            .is_some_and(|own| Rc::ptr_eq(own, host))
    })
}
