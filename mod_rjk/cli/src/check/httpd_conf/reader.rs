//! Follows a configuration from file to file.

use super::condition::{Facts, Modules, decide};
use super::include::{self, MOST_NESTED, NotRead};
use super::lines::{lines, unknown_variable, word, words};
use super::macros::Macro;
use super::variables::Variables;
use super::{Configuration, Line, Root, Section, shown};
use bstr::ByteSlice;
use rjk_config::directive::Directive;
use rjk_config::error::Location;
use rjk_config::uri_map::FileText;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Lines of a whole configuration: more come from files that include each other again and again.
const MOST_LINES: usize = 300_000;
/// Files of a whole configuration, each as often as it is included.
const MOST_FILES: usize = 10_000;

/// What could not be followed.
#[derive(Clone, Debug)]
pub struct Note {
    /// The line that asks for it.
    pub place: Location,
    /// What is missing, and what to do.
    pub message: String,
}

/// Reads the configuration that begins with `files`, one after the other; `defines` are httpd's `-D` words,
/// with a value behind `=`.
///
/// # Errors
/// One of `files` cannot be read.
pub fn read(
    files: &[PathBuf],
    root: Root,
    defines: &[String],
) -> Result<Configuration, (PathBuf, io::Error)> {
    let mut reader = Reader {
        out: Configuration {
            root,
            ..Configuration::default()
        },
        variables: Variables::new(files.first().map(PathBuf::as_path), defines),
        modules: Modules::default(),
        macros: HashMap::new(),
        open: Vec::new(),
        depth: 0,
        read: 0,
        files: 0,
    };
    for file in files {
        reader
            .file(file)
            .map_err(|error| (file.to_owned(), error))?;
    }
    reader.out.mpm = reader.modules.mpm();
    reader.out.environment = reader.variables.into_environment();
    Ok(reader.out)
}

struct Reader {
    out: Configuration,
    variables: Variables,
    modules: Modules,
    macros: HashMap<String, Rc<Macro>>,
    open: Vec<Open>,
    depth: usize,
    read: usize,
    files: usize,
}

/// A section that has begun.
struct Open {
    name: String,
    kind: Kind,
    place: Location,
}

enum Kind {
    /// It goes into the configuration.
    Section(Rc<Section>),
    /// A condition that holds: its lines count as if it were not there.
    Holds,
    /// A condition that does not hold: nothing in it counts.
    Skipped,
    /// Lines for later.
    Macro(Macro),
}

impl Reader {
    fn file(&mut self, path: &Path) -> io::Result<()> {
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(io::Error::other(format!(
                "more than {MOST_FILES} files are included"
            )));
        }
        let text = FileText::read(path)?.text;
        let name: Arc<str> = path.to_string_lossy().into();
        let text = match text.strip_prefix(b"\xef\xbb\xbf") {
            Some(text) => {
                let place = Location {
                    file: name.clone(),
                    line: 1,
                };
                let message = "the file begins with a byte order mark, which httpd takes for a directive; save it as UTF-8 without one";
                self.refuse(place, message.to_owned());
                text
            }
            None => text.as_slice(),
        };
        self.all(&name, lines(text));
        Ok(())
    }

    /// A section ends in the file that it begins in.
    fn all(&mut self, file: &Arc<str>, lines: impl Iterator<Item = (u32, Vec<u8>)>) {
        let before = self.open.len();
        for (number, line) in lines {
            self.read += 1;
            if self.read > MOST_LINES {
                break;
            }
            let place = Location {
                file: file.clone(),
                line: number,
            };
            self.line(&line, place);
        }
        let is_whole = self.read <= MOST_LINES;
        for open in self.open.split_off(before.min(self.open.len())) {
            if is_whole {
                self.unclosed(&open.place);
            }
        }
    }

    fn unclosed(&mut self, place: &Location) {
        let message = "the section is not closed; write its end before the file ends, and before the end of the section around it";
        self.refuse(place.clone(), message.to_owned());
    }

    fn refuse(&mut self, place: Location, message: String) {
        self.out.errors.push(Note { place, message });
    }

    fn line(&mut self, line: &[u8], place: Location) {
        let ends = line.strip_prefix(b"</").map(|name| {
            // What follows it is not looked at.
            let (name, _) = word(name);
            shown(name.strip_suffix(b">").unwrap_or(&name))
        });
        let macro_ends = ends
            .as_ref()
            .is_some_and(|name| name.eq_ignore_ascii_case("macro"));
        if let Some(Open {
            kind: Kind::Macro(begun),
            ..
        }) = self.open.last_mut()
            && !macro_ends
        {
            // In a macro everything is text, but for its end.
            begun.push(place.line, line);
        } else if let Some(name) = ends {
            self.end(&name, place);
        } else if let Some(begun) = line.strip_prefix(b"<") {
            self.begin(begun, place);
        } else if !self.is_skipping() {
            let (name, rest) = word(line);
            let arguments = self.variables.resolve(rest);
            self.directive(&shown(&name), &arguments, place);
        }
    }

    fn is_skipping(&self) -> bool {
        let mut open = self.open.iter();
        open.any(|open| matches!(open.kind, Kind::Skipped))
    }

    fn begin(&mut self, line: &[u8], place: Location) {
        let end = line.rfind_byte(b'>');
        let (name, rest) = word(end.map_or(line, |end| &line[..end]));
        let name = shown(&name);
        if end.is_none() && !self.is_skipping() {
            let message =
                format!("<{name} is missing its closing >; write > at the end of the line");
            self.refuse(place.clone(), message);
        }
        let lower = name.to_ascii_lowercase();
        let begins = place.clone();
        let kind = if self.is_skipping() {
            Kind::Skipped
        } else if lower == "macro" {
            Kind::Macro(Macro::new(rest, place.file))
        } else {
            let arguments = self.variables.resolve(rest);
            match self.decide(&lower, &arguments) {
                Some(true) => Kind::Holds,
                Some(false) => Kind::Skipped,
                None => Kind::Section(self.section(name.clone(), arguments, place)),
            }
        };
        self.open.push(Open {
            name: lower,
            kind,
            place: begins,
        });
    }

    fn section(&mut self, name: String, arguments: Vec<u8>, place: Location) -> Rc<Section> {
        let section = Rc::new(Section {
            name,
            arguments: arguments.into(),
            place,
            parent: self.innermost(),
        });
        self.out.sections.push(section.clone());
        section
    }

    fn innermost(&self) -> Option<Rc<Section>> {
        self.open.iter().rev().find_map(|open| match &open.kind {
            Kind::Section(section) => Some(section.clone()),
            _ => None,
        })
    }

    fn decide(&self, name: &str, arguments: &[u8]) -> Option<bool> {
        let facts = Facts {
            modules: &self.modules,
            is_defined: &|name| self.variables.is_defined(name),
            is_file: &|name| self.out.root.join(name).exists(),
            // What is not ours is httpd's, and this httpd may have it.
            is_directive: &|name| {
                let is_ours = name.to_ascii_lowercase();
                let is_ours = is_ours.starts_with("jk") || is_ours.starts_with("rjk");
                !is_ours || Directive::find(name).is_some()
            },
        };
        decide(name, arguments, &facts)
    }

    /// Takes the innermost section of this name away, with what was left open in it.
    fn end(&mut self, name: &str, place: Location) {
        let is_it = |open: &Open| open.name.eq_ignore_ascii_case(name);
        let Some(at) = self.open.iter().rposition(is_it) else {
            let message = format!(
                "</{name}> ends no section; remove the line, or write <{name}> where it begins"
            );
            return self.refuse(place, message);
        };
        let mut ended = self.open.split_off(at).into_iter();
        if let Some(Open {
            kind: Kind::Macro(done),
            ..
        }) = ended.next()
        {
            self.macros.insert(done.name.clone(), Rc::new(done));
        }
        ended.for_each(|open| self.unclosed(&open.place));
    }

    fn directive(&mut self, name: &str, arguments: &[u8], place: Location) {
        let lower = name.to_ascii_lowercase();
        let is_ours = lower.starts_with("jk") || lower.starts_with("rjk");
        self.out.is_httpds |= matches!(lower.as_str(), "listen" | "serverroot")
            || (lower == "loadmodule" && arguments.starts_with(b"jk_module"));
        self.out.has_jk |= is_ours || arguments.contains_str("jakarta-servlet");
        // Files are looked for by their names, and logs are not looked at.
        let needs_all = (is_ours && !lower.ends_with("file")) || lower.starts_with("include");
        if needs_all && self.is_unknown(arguments, &place) {
            return;
        }
        match lower.as_str() {
            "define" => self.variables.define(arguments),
            "undefine" => self.variables.undefine(arguments),
            "loadmodule" => self.modules.load(arguments),
            "serverroot" => {
                let root = word(arguments).0;
                self.out.root.set(Path::new(OsStr::from_bytes(&root)));
            }
            "include" => self.include(arguments, &place, true),
            "includeoptional" => self.include(arguments, &place, false),
            "use" => self.use_macro(arguments),
            _ => self.out.lines.push(Line {
                name: name.to_owned(),
                arguments: arguments.into(),
                place,
                section: self.innermost(),
            }),
        }
    }

    /// httpd leaves a variable that it does not know as it is; the one that is checked for may know it.
    fn is_unknown(&mut self, arguments: &[u8], place: &Location) -> bool {
        let around = self.innermost();
        let around = std::iter::successors(around.as_ref(), |section| section.parent.as_ref());
        // A virtual host's own variables are its address.
        let sections = around.filter(|section| !section.is("VirtualHost"));
        let sections = sections.map(|section| section.arguments.as_slice());
        let unknown = std::iter::once(arguments)
            .chain(sections)
            .find_map(unknown_variable);
        let Some(name) = unknown.map(shown) else {
            return false;
        };
        let message = format!(
            "${{{name}}} is not known here, and its lines are left out; give -D {name}=VALUE"
        );
        if self.out.notes.iter().all(|note| note.message != message) {
            self.note(place, message);
        }
        true
    }

    fn include(&mut self, arguments: &[u8], place: &Location, must_be: bool) {
        let name = shown(&word(arguments).0);
        let files = match include::files(&self.out.root, &name, self.depth) {
            Ok(files) => files,
            Err(NotRead::Missing(_)) if !must_be => return,
            Err(why) => return self.note(place, why.to_string()),
        };
        self.depth += 1;
        for path in files {
            if self.files > MOST_FILES {
                break;
            }
            if let Err(error) = self.file(&path) {
                self.note(place, NotRead::Refused { path, error }.to_string());
            }
        }
        self.depth -= 1;
    }

    fn note(&mut self, place: &Location, message: String) {
        let is_same = |note: &Note| note.place == *place && note.message == message;
        if self.out.notes.iter().any(is_same) {
            return;
        }
        self.out.notes.push(Note {
            place: place.clone(),
            message,
        });
    }

    fn use_macro(&mut self, arguments: &[u8]) {
        let mut words = words(arguments).into_iter();
        let name = words.next().unwrap_or_default();
        let found = self.macros.get(&shown(&name).to_ascii_lowercase()).cloned();
        let Some(known) = found.filter(|_| self.depth < MOST_NESTED) else {
            return;
        };
        let values: Vec<Vec<u8>> = words.collect();
        self.depth += 1;
        self.all(&known.file, known.lines(&values));
        self.depth -= 1;
    }
}
