//! The sockets that are named, looked at before anybody needs them.

use super::reach::{NamedFile, Reached, Role};
use crate::error::Warning;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

impl Reached {
    /// What keeps the worker's socket from being one now. Tomcat makes it when it starts, which may be after
    /// httpd: nothing of that keeps httpd from starting, as a host does not that cannot be resolved.
    pub fn socket_warning(&self) -> Option<Warning> {
        let mut files = self.files.iter();
        let file = files.find(|file| file.role == Role::Socket)?;
        let message = problem(&file.path)?;
        let NamedFile { path, location, .. } = file;
        let message = format!("the socket {} {message}", path.display());
        Some(Warning::new(Some(location.clone()), message).coded("socket-not-there"))
    }
}

fn problem(path: &Path) -> Option<String> {
    let message = match fs::metadata(path) {
        Ok(seen) if seen.file_type().is_socket() => return None,
        Ok(seen) => {
            let what = match seen.is_dir() {
                true => "a folder",
                false => "a file",
            };
            format!(
                "is {what}: Tomcat cannot make its socket there; take it away, or name the path of \
                 unixDomainSocketPath of Tomcat's connector"
            )
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            match folder.is_dir() {
                true => "is not there: the worker takes no requests until it is; start its Tomcat, or name the path \
                         of unixDomainSocketPath of its connector"
                    .to_owned(),
                false => format!(
                    "is not there, and neither is the folder {}; make the folder, for the user of Tomcat, or name \
                     the path of unixDomainSocketPath of its connector",
                    folder.display()
                ),
            }
        }
        Err(error) => format!("cannot be looked at: {error}; see the folders above it"),
    };
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    #[cfg_attr(miri, ignore = "makes files and a socket")]
    fn what_is_no_socket_is_told() {
        let name = format!("rjk-sockets-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let path = |name: &str| folder.join(name);
        let _listener = UnixListener::bind(path("a.sock")).unwrap();
        fs::write(path("file"), "").unwrap();
        let told: Vec<_> = ["a.sock", "b.sock", "no/b.sock", "file", "", "file/b"]
            .iter()
            .map(|name| problem(&path(name)).unwrap_or_default())
            .collect();
        fs::remove_dir_all(&folder).unwrap();
        let expected = [
            "",
            "is not there: the worker takes no requests until it is; start its Tomcat",
            "is not there, and neither is the folder ",
            "is a file: Tomcat cannot make its socket there; take it away",
            "is a folder: Tomcat cannot make its socket there; take it away",
            "cannot be looked at: Not a directory",
        ];
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
