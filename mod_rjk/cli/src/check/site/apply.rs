//! Runs the directives of a configuration, with the code that the module runs.

use super::{Server, Site, WrittenMount};
use crate::check::finding::Severity;
use crate::check::httpd_conf::{Found, Line, Root, Section, first_word};
use bstr::{BString, ByteSlice};
use rjk_config::advice::nearest;
use rjk_config::directive::{self, Arguments, Context, Directive, Name, Raw, ServerRoot, Setting};
use rjk_config::server::Section as Around;
use std::rc::Rc;

/// Runs all lines.
pub(super) fn apply(site: &mut Site) {
    let hosts = site.conf.sections.iter();
    let hosts = hosts.filter(|section| section.is("VirtualHost"));
    site.servers = std::iter::once(Server::new(None))
        .chain(hosts.map(|host| Server::new(Some(host.clone()))))
        .collect();
    for line in site.conf.lines.clone() {
        match Directive::find(&line.name) {
            Some(directive) => one(site, directive, &line),
            None => unknown(site, &line),
        }
    }
}

/// httpd does not start with a directive that it does not know.
fn unknown(site: &mut Site, line: &Line) {
    let lower = line.name.to_ascii_lowercase();
    if !(lower.starts_with("jk") || lower.starts_with("rjk")) {
        return;
    }
    let known = directive::ALL.iter().map(Directive::as_str);
    let remedy = match nearest(&line.name, known) {
        Some(name) => format!("write {name}"),
        None => "remove the line".to_owned(),
    };
    let message = format!("{} is no directive; {remedy}", line.name);
    site.find(&line.place, Severity::Error, "unknown-directive", message);
}

fn one(site: &mut Site, directive: &Directive, line: &Line) {
    if let Err(message) = misplaced(directive, line).and_then(|()| run(site, directive, line)) {
        let message = match message.starts_with(directive.as_str()) {
            true => message,
            false => format!("{}: {message}", directive.as_str()),
        };
        site.find(&line.place, Severity::Error, "directive-refused", message);
    }
}

/// In httpd's words.
fn misplaced(directive: &Directive, line: &Line) -> Result<(), String> {
    let is_in_section = line.sections().any(|section| is_around(section));
    match directive.context {
        Context::Section => Ok(()),
        Context::Global if line.virtual_host().is_some() => Err(
            "cannot occur within <VirtualHost> section; write it outside of all sections"
                .to_owned(),
        ),
        Context::Global | Context::Server if is_in_section => {
            Err("not allowed here; write it outside of the section".to_owned())
        }
        Context::Global | Context::Server => Ok(()),
    }
}

fn is_around(section: &Section) -> bool {
    Around::NAMES.iter().any(|name| section.is(name))
}

/// The arguments of a line, as the directive wants them.
fn split(directive: &Directive, line: &Line) -> Result<(BString, Option<BString>), String> {
    if directive.arguments == Arguments::Raw {
        return Ok((line.arguments.clone(), None));
    }
    let (first, rest) = first_word(&line.arguments);
    let (second, rest) = match directive.arguments {
        Arguments::OneOrTwo if !rest.is_empty() => {
            let (second, rest) = first_word(rest);
            (Some(second), rest)
        }
        _ => (None, rest),
    };
    match first.is_empty() || !rest.is_empty() {
        true => Err(directive.wrong_count()),
        false => Ok((first, second)),
    }
}

fn run(site: &mut Site, directive: &Directive, line: &Line) -> Result<(), String> {
    let (first, second) = split(directive, line)?;
    let text = first.to_str_lossy().into_owned();
    if !has_file(site, directive.name, &text, line) {
        return Ok(());
    }
    let around = line.sections().find(|section| is_around(section));
    let around = around.map(|section| argument_of(section));
    let second_text = second.as_ref().map(|second| second.to_str_lossy());
    let root = site.conf.root.clone();
    let Some(server) = server_of(&mut site.servers, line) else {
        return Ok(());
    };
    let is_main = server.host.is_none();
    let section_text = around.as_ref().map(|around| around.path.to_str_lossy());
    let mut setting = Setting {
        written: &mut server.written,
        is_main,
        is_restart: false,
        section: around
            .as_ref()
            .zip(section_text.as_ref())
            .map(|(around, path)| Around {
                name: around.name,
                path,
                is_regex: around.is_regex,
            }),
        location: line.place.clone(),
        first: &text,
        second: second_text.as_deref(),
        raw: Raw {
            section: around.as_ref().map(|around| around.path.as_slice()),
            first: &first,
            second: second.as_deref().map(|second| second.as_slice()),
        },
        root: &Near(&root),
    };
    directive.name.apply(&mut setting)?;
    match directive.name {
        Name::Mount | Name::UnMount => {
            let path = around.map(|around| around.path);
            let words = [Some(directive.as_str().into()), path, Some(first), second];
            server.mounts.push(WrittenMount {
                words: words.into_iter().flatten().collect(),
                place: line.place.clone(),
            });
        }
        Name::MountFile => server.map_file = Some(Near(&root).file(&text)),
        _ => {}
    }
    Ok(())
}

fn server_of<'s>(servers: &'s mut [Server], line: &Line) -> Option<&'s mut Server> {
    let host = line.virtual_host();
    servers
        .iter_mut()
        .find(|server| match (&server.host, host) {
            (None, None) => true,
            (Some(own), Some(host)) => Rc::ptr_eq(own, host),
            _ => false,
        })
}

/// The section around a mount, as httpd hands it over.
struct AroundMount {
    name: &'static str,
    path: BString,
    is_regex: bool,
}

fn argument_of(section: &Section) -> AroundMount {
    let known = Around::NAMES.iter().find(|name| section.is(name));
    let (mut path, is_regex) = section.path();
    // httpd ends the name of a folder with a slash.
    if section.is("Directory") && !is_regex && !path.ends_with(b"/") {
        path.push(b'/');
    }
    AroundMount {
        name: known.copied().unwrap_or("Section"),
        path,
        is_regex,
    }
}

/// Says what became of a file that is named; whether the directive can be run.
fn has_file(site: &mut Site, name: Name, file: &str, line: &Line) -> bool {
    if !matches!(name, Name::WorkersFile | Name::MountFile | Name::ConfigFile) {
        return true;
    }
    match site.conf.root.find(file) {
        Found::There(_) => true,
        Found::Elsewhere(path) => {
            let message = format!(
                "{file} does not exist here; {} was checked in its place",
                path.display()
            );
            site.find(&line.place, Severity::Hint, "file-elsewhere", message);
            true
        }
        Found::Nowhere {
            is_certain: true, ..
        } => true,
        Found::Nowhere { path, .. } => {
            let message = format!(
                "{file} is not found, {} was looked for; name the folder of ServerRoot with --server-root",
                path.display()
            );
            site.find(&line.place, Severity::Warning, "file-not-found", message);
            false
        }
    }
}

/// ServerRoot, or what may be it.
struct Near<'r>(&'r Root);

impl ServerRoot for Near<'_> {
    fn file(&self, name: &str) -> String {
        self.0.find(name).path().to_string_lossy().into_owned()
    }
}
