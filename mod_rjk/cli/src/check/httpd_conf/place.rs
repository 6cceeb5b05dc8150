//! Where the files of a configuration are.

use std::path::{Path, PathBuf};

/// What relative names are relative to.
#[derive(Clone, Debug, Default)]
pub struct Root {
    /// ServerRoot, where something says it.
    known: Option<PathBuf>,
    /// The folder of the first file, for when nothing does.
    folder: PathBuf,
    /// The files that the command was given.
    given: Vec<PathBuf>,
}

/// What became of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Where httpd would find it.
    There(PathBuf),
    /// A file of this name, elsewhere: what is checked may be a copy.
    Elsewhere(PathBuf),
    /// Nowhere; where httpd would look, and whether that is certain.
    Nowhere {
        /// Where it should be.
        path: PathBuf,
        /// ServerRoot is known, or the name absolute.
        is_certain: bool,
    },
}

impl Found {
    /// The path to read, be it there or not.
    pub fn path(&self) -> &Path {
        match self {
            Found::There(path) | Found::Elsewhere(path) | Found::Nowhere { path, .. } => path,
        }
    }
}

impl Root {
    /// For a configuration that begins with `first`; `known` is what the command line says.
    pub fn new(first: &Path, known: Option<PathBuf>, given: Vec<PathBuf>) -> Root {
        let folder = first.parent().unwrap_or(Path::new(""));
        Root {
            // Names that are made with it are looked at, and told, as they are.
            known: known.map(|known| absolute(&known)),
            folder: absolute(folder),
            given,
        }
    }

    /// A `ServerRoot` line.
    pub fn set(&mut self, path: &Path) {
        // The command line knows better: what is checked may be a copy.
        if self.known.is_none() {
            self.known = Some(path.to_owned());
        }
    }

    /// The folder itself, as good as it is known.
    pub fn path(&self) -> PathBuf {
        self.known.clone().unwrap_or_else(|| self.guess())
    }

    /// Where httpd would look.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Where something may be: where httpd would look, then, of a copy, in the same place below it.
    pub fn places(&self, name: &str) -> Vec<PathBuf> {
        let absent = self.known.as_ref().filter(|root| !root.is_dir());
        let is_known = self.known.is_some() && absent.is_none();
        let path = Path::new(name);
        let below = absent
            .and_then(|root| path.strip_prefix(root).ok())
            .unwrap_or(path);
        let mut places = vec![self.join(name)];
        if !is_known && !below.is_absolute() {
            places.extend([self.guess().join(below), self.folder.join(below)]);
        }
        places
    }

    /// Finds a file.
    pub fn find(&self, name: &str) -> Found {
        let path = self.join(name);
        if path.is_file() {
            return Found::There(path);
        }
        let is_certain = self.is_certain(name);
        let other = self.elsewhere(name, &path).find(|other| other.is_file());
        match other {
            Some(other) if is_certain => Found::Elsewhere(other),
            Some(other) => Found::There(other),
            None => Found::Nowhere { path, is_certain },
        }
    }

    /// Whether it is known where httpd would look. A ServerRoot that is not here is that of another host.
    pub fn is_certain(&self, name: &str) -> bool {
        Path::new(name).is_absolute() || self.known.as_ref().is_some_and(|root| root.is_dir())
    }

    /// Without ServerRoot a relative name may mean several; a copy lies beside, or was named itself.
    fn elsewhere(&self, name: &str, path: &Path) -> impl Iterator<Item = PathBuf> {
        let base = path.file_name().unwrap_or_default().to_owned();
        let given = self
            .given
            .iter()
            .filter(|given| given.file_name() == Some(&base));
        let given: Vec<PathBuf> = given.cloned().collect();
        let relative = (!Path::new(name).is_absolute()).then(|| self.folder.join(name));
        given
            .into_iter()
            .chain(relative)
            .chain(self.places(name))
            .chain([self.folder.join(&base)])
    }

    /// `/etc/httpd` for `/etc/httpd/conf/httpd.conf` and for `conf.d`; else the folder itself.
    fn guess(&self) -> PathBuf {
        let name = self.folder.file_name().and_then(|name| name.to_str());
        let is_part = name.is_some_and(|name| {
            name.starts_with("conf") || name.starts_with("mods-") || name.starts_with("sites-")
        });
        match self.folder.parent() {
            Some(parent) if is_part => parent.to_owned(),
            _ => self.folder.clone(),
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    })
    .unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn without_a_server_root_files_are_looked_for_near_the_configuration() {
        let tree = tree(&[
            "conf/httpd.conf",
            "conf/w.properties",
            "flat/jk.conf",
            "flat/w.properties",
        ]);
        let of = |first: &str, name: &str| {
            let root = Root::new(&tree.path().join(first), None, Vec::new());
            root.find(name)
        };
        let at = |name: &str| Found::There(tree.path().join(name));
        assert_eq!(
            of("conf/httpd.conf", "conf/w.properties"),
            at("conf/w.properties")
        );
        assert_eq!(
            of("conf/httpd.conf", "w.properties"),
            at("conf/w.properties")
        );
        assert_eq!(
            of("flat/jk.conf", "conf/w.properties"),
            at("flat/w.properties")
        );
        let nowhere = of("flat/jk.conf", "x.properties");
        assert!(
            matches!(
                nowhere,
                Found::Nowhere {
                    is_certain: false,
                    ..
                }
            ),
            "{nowhere:?}"
        );
    }

    #[test]
    fn a_copy_of_a_whole_tree_is_looked_into() {
        let tree = tree(&["conf/httpd.conf", "conf.d/jk.conf"]);
        let mut root = Root::new(&tree.path().join("conf/httpd.conf"), None, Vec::new());
        root.set(Path::new("/no/such/httpd"));
        let here = tree.path().join("conf.d/jk.conf");
        assert_eq!(root.find("conf.d/jk.conf"), Found::There(here.clone()));
        for name in ["conf.d/*.conf", "/no/such/httpd/conf.d/*.conf"] {
            let places = root.places(name);
            assert!(
                places.contains(&tree.path().join("conf.d/*.conf")),
                "{places:?}"
            );
        }
        assert_eq!(root.places("/elsewhere/x").len(), 1);
    }

    #[test]
    fn a_server_root_that_is_given_is_made_absolute() {
        let root = Root::new(Path::new("jk.conf"), Some(PathBuf::from("sub")), Vec::new());
        assert!(root.join("x").is_absolute());
    }

    #[test]
    fn a_copy_of_what_is_named_by_its_full_path_is_taken() {
        let tree = tree(&["a/jk.conf", "b/w.properties"]);
        let given = vec![tree.path().join("b/w.properties")];
        let root = Root::new(&tree.path().join("a/jk.conf"), None, given.clone());
        assert_eq!(
            root.find("/no/such/w.properties"),
            Found::Elsewhere(given[0].clone())
        );
        let nowhere = root.find("/no/such/x.properties");
        let path = PathBuf::from("/no/such/x.properties");
        assert_eq!(
            nowhere,
            Found::Nowhere {
                path,
                is_certain: true
            }
        );
    }
}
