//! To a socket of this host.

use super::socket::SocketOptions;
use socket2::{Domain, SockAddr, Socket, Type};
use std::fmt::Write as _;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The limit where none is set: the kernel has none of its own for a place in the backlog of a worker that
/// hangs, as it has for TCP.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens a stream to the worker that listens at `path`.
///
/// # Errors
/// What the socket calls return; `TimedOut` when the worker takes no connection within the connect
/// timeout, because its backlog is full.
pub(super) fn open(path: &Path, options: &SocketOptions) -> io::Result<UnixStream> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    options.size(&socket)?;
    // A connect without waiting would end with EAGAIN when the backlog is full, and poll(2) cannot
    // wait for a place in it. A blocking one waits, as long as a send may.
    socket.set_write_timeout(options.connect_timeout.or(Some(PATIENCE)))?;
    while let Err(error) = socket.connect(&address) {
        match error.kind() {
            io::ErrorKind::Interrupted => {}
            io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
            _ => return Err(error),
        }
    }
    socket.set_write_timeout(None)?;
    Ok(socket.into())
}

/// What is seen of a socket that could not be connected to, for the line that says so.
pub(super) fn seen(path: &Path) -> String {
    let mut seen = String::new();
    // What the file system says to the same user that could not connect.
    let _ = match fs::metadata(path) {
        Ok(found) if !found.file_type().is_socket() => write!(seen, "it is no socket"),
        Ok(found) => write!(seen, "it is {}", access(&found)),
        Err(error) => write!(seen, "{}", missing(path, &error)),
    };
    seen
}

/// Why nothing is seen of it: what connect(2) said already is not said again.
fn missing(path: &Path, error: &io::Error) -> String {
    let folder = path.parent().unwrap_or(Path::new("/")).display();
    match (error.kind(), path.parent().is_some_and(Path::is_dir)) {
        (io::ErrorKind::NotFound, true) => format!("nobody has made it in {folder}"),
        (io::ErrorKind::NotFound, false) => format!("there is no folder {folder}"),
        (io::ErrorKind::PermissionDenied, _) => closed(path).unwrap_or_else(|| error.to_string()),
        _ => error.to_string(),
    }
}

/// The folder that lets this process see nothing of what is in it.
fn closed(path: &Path) -> Option<String> {
    let mut folders = path.ancestors().skip(1);
    let (folder, found) = folders.find_map(|on| Some((on, fs::metadata(on).ok()?)))?;
    Some(format!("{} is {}", folder.display(), access(&found)))
}

fn access(found: &Metadata) -> String {
    let mode = found.permissions().mode() & 0o777;
    let (owner, group) = (found.uid(), found.gid());
    let (user, own_group) = (rustix::process::geteuid(), rustix::process::getegid());
    format!(
        "of user {owner} and group {group} with mode {mode:04o}, this process runs as user {} and group {}",
        user.as_raw(),
        own_group.as_raw()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::time::Instant;

    fn options(connect_timeout: Option<Duration>) -> SocketOptions {
        SocketOptions {
            connect_timeout,
            keepalive: true,
            buffer: Some(100_000),
        }
    }

    /// A folder that goes with the test.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("rjk-unix-{}-{name}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_full_backlog_ends_with_the_connect_timeout_and_a_free_place_connects() {
        let folder = Folder::new("backlog");
        let path = folder.0.join("s");
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        socket.listen(0).unwrap();
        let limit = Duration::from_millis(100);
        let mut open_ones = Vec::new();
        let (took, error) = loop {
            let began = Instant::now();
            match open(&path, &options(Some(limit))) {
                Ok(stream) => open_ones.push(stream),
                Err(error) => break (began.elapsed(), error),
            }
            assert!(open_ones.len() < 10);
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(took >= limit && took < 20 * limit, "{took:?}");
        let _accepted = socket.accept().unwrap();
        let stream = open(&path, &options(Some(limit))).unwrap();
        assert_eq!(stream.write_timeout().unwrap(), None);
    }

    #[test]
    fn what_is_seen_names_what_stands_in_the_way() {
        let folder = Folder::new("seen");
        let path = folder.0.join("s");
        let folder_name = folder.0.display();
        let nobody = format!("nobody has made it in {folder_name}");
        assert_eq!(seen(&path), nobody);
        let below = folder.0.join("no/s");
        assert_eq!(seen(&below), format!("there is no folder {folder_name}/no"));
        fs::write(&path, "").unwrap();
        assert_eq!(seen(&path), "it is no socket");
        fs::remove_file(&path).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(seen(&path).contains("mode 0640"), "{}", seen(&path));
    }
}
