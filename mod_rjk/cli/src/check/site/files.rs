//! From the files that somebody names to sites.

use super::{Server, Site, apply, resolve};
use crate::check::finding::Severity;
use crate::check::httpd_conf::{Configuration, Root, read};
use crate::check::kind::Kind;
use rjk_config::error::Location;
use rjk_config::uri_map::FileText;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is to be looked at.
#[derive(Clone, Debug, clap::Args)]
pub struct Given {
    /// httpd configurations, workers.properties, map files, rjk.toml, or folders with such files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What the files are, where neither name nor content says it
    #[arg(long)]
    pub kind: Option<Kind>,
    /// The folder that relative names are relative to, whatever the configuration says
    #[arg(long, value_name = "FOLDER")]
    pub server_root: Option<PathBuf>,
    /// A variable that httpd is started with, or that the configuration takes from its environment
    #[arg(long, short = 'D', value_name = "NAME[=VALUE]")]
    pub define: Vec<String>,
}

/// Why nothing can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is of no known kind.
    #[error("{path} is of no known kind; name it with --kind", path = .0.display())]
    Kind(PathBuf),
    /// A folder has none.
    #[error("{path} has no file that can be checked; name a file", path = .0.display())]
    Empty(PathBuf),
}

/// A file and what it is.
#[derive(Clone, Debug)]
struct Source {
    path: PathBuf,
    kind: Kind,
}

/// The sites that the files make: all httpd configurations are one; what they do not name stands alone, and a
/// file of each other kind belongs together.
///
/// # Errors
/// [`Unusable`].
pub fn sites(given: &Given) -> Result<Vec<Site>, Unusable> {
    let sources = sources(given)?;
    let of = |kind: Kind| -> Vec<PathBuf> {
        let of_kind = sources.iter().filter(|source| source.kind == kind);
        of_kind.map(|source| source.path.clone()).collect()
    };
    let mut loose = Loose {
        workers: of(Kind::Workers),
        maps: of(Kind::Map),
        tomls: of(Kind::Toml),
    };
    let configurations = of(Kind::Httpd);
    let mut sites = Vec::new();
    if !configurations.is_empty() {
        sites.push(configured(&configurations, &mut loose, given)?);
    }
    sites.extend(loose.sites());
    Ok(sites)
}

fn sources(given: &Given) -> Result<Vec<Source>, Unusable> {
    let mut sources = Vec::new();
    for path in &given.paths {
        match path.is_dir() {
            true => sources.extend(in_folder(path)?),
            false => sources.push(source(path, given.kind)?),
        }
    }
    Ok(sources)
}

fn source(path: &Path, forced: Option<Kind>) -> Result<Source, Unusable> {
    let text = FileText::read(path).map_err(|error| Unusable::Read {
        path: path.to_owned(),
        error,
    })?;
    let kind = forced.or_else(|| Kind::of(path, &text.text));
    Ok(Source {
        path: path.to_owned(),
        kind: kind.ok_or_else(|| Unusable::Kind(path.to_owned()))?,
    })
}

/// The configuration that httpd begins with, or else all files of known kinds.
fn in_folder(folder: &Path) -> Result<Vec<Source>, Unusable> {
    const FIRST: [&str; 4] = [
        "httpd.conf",
        "apache2.conf",
        "conf/httpd.conf",
        "conf/apache2.conf",
    ];
    if let Some(first) = FIRST
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
    {
        return Ok(vec![source(&first, Some(Kind::Httpd))?]);
    }
    let entries = fs::read_dir(folder).map_err(|error| Unusable::Read {
        path: folder.to_owned(),
        error,
    })?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let found: Vec<Source> = paths
        .iter()
        .filter_map(|path| source(path, None).ok())
        .collect();
    match found.is_empty() {
        true => Err(Unusable::Empty(folder.to_owned())),
        false => Ok(found),
    }
}

/// Files that no configuration names.
struct Loose {
    workers: Vec<PathBuf>,
    maps: Vec<PathBuf>,
    tomls: Vec<PathBuf>,
}

impl Loose {
    /// What a configuration names stands alone no more.
    fn remove(&mut self, named: &str) {
        let named = canonical(Path::new(named));
        for paths in [&mut self.workers, &mut self.maps, &mut self.tomls] {
            paths.retain(|path| canonical(path) != named);
        }
    }

    fn sites(mut self) -> Vec<Site> {
        let mut sites = Vec::new();
        loop {
            let next = [self.workers.pop(), self.maps.pop(), self.tomls.pop()];
            let Some(first) = next.iter().flatten().next().cloned() else {
                sites.reverse();
                return sites;
            };
            let [workers, map, toml] = next;
            sites.push(loose(&first, workers, map, toml));
        }
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn site(conf: Configuration, first: &Path) -> Site {
    Site {
        conf,
        is_whole: true,
        servers: Vec::new(),
        workers: None,
        ways: Vec::new(),
        ajp_ports: Vec::new(),
        findings: Vec::new(),
        start: Location::new(first.to_string_lossy(), 0),
    }
}

fn configured(files: &[PathBuf], loose: &mut Loose, given: &Given) -> Result<Site, Unusable> {
    let first = files.first().cloned().unwrap_or_default();
    let known = given.server_root.clone();
    let root = Root::new(&first, known, given.paths.clone());
    let conf =
        read(files, root, &given.define).map_err(|(path, error)| Unusable::Read { path, error })?;
    let mut site = site(conf, &first);
    for note in std::mem::take(&mut site.conf.notes) {
        site.find(&note.place, Severity::Hint, "not-followed", note.message);
        site.is_whole = false;
    }
    for error in std::mem::take(&mut site.conf.errors) {
        site.find(
            &error.place,
            Severity::Error,
            "directive-refused",
            error.message,
        );
    }
    if !site.conf.has_jk {
        let message = "no Jk directive is in what was read; name the file that has them, or the folder of ServerRoot with --server-root";
        let start = site.start.clone();
        site.find(&start, Severity::Warning, "nothing-found", message);
    }
    apply::apply(&mut site);
    if let Some(main) = site.servers.first_mut() {
        main.written.global.environment = std::mem::take(&mut site.conf.environment);
    }
    take_named(&mut site, loose);
    resolve::resolve(&mut site);
    Ok(site)
}

/// Files that the configuration names are a part of it, and so is the one workers file of a configuration
/// that names none.
fn take_named(site: &mut Site, loose: &mut Loose) {
    let mut named: Vec<String> = site
        .servers
        .iter()
        .filter_map(|server| server.map_file.clone())
        .collect();
    let Some(main) = site.servers.first_mut() else {
        return;
    };
    let global = &mut main.written.global;
    if global.workers_file.is_none()
        && let [only] = loose.workers.as_slice()
    {
        let file = only.to_string_lossy().into_owned();
        global.workers_file = Some((file.clone(), Location::new(file, 0)));
    }
    site.is_whole &= global.workers_file.is_some() || loose.workers.is_empty();
    named.extend(global.workers_file.iter().map(|(file, _)| file.clone()));
    named.extend(global.config_file.iter().map(|(file, _)| file.clone()));
    named.iter().for_each(|file| loose.remove(file));
}

/// Files without a configuration, as if there were one that names them.
fn loose(
    first: &Path,
    workers: Option<PathBuf>,
    map: Option<PathBuf>,
    toml: Option<PathBuf>,
) -> Site {
    let mut site = site(
        Configuration {
            root: Root::new(first, None, Vec::new()),
            ..Configuration::default()
        },
        first,
    );
    let mut main = Server::new(None);
    let named = |path: PathBuf| {
        let file = path.to_string_lossy().into_owned();
        (file.clone(), Location::new(file, 0))
    };
    main.written.global.workers_file = workers.map(named);
    main.written.global.config_file = toml.map(named);
    if let Some(map) = map {
        // Not below the folder that stands for ServerRoot.
        let path = std::path::absolute(&map).unwrap_or(map);
        let (file, place) = named(path);
        main.written.directives.set_mount_file(&file, place);
        main.map_file = Some(file);
    }
    site.servers.push(main);
    resolve::resolve(&mut site);
    site
}
