//! The client's side of `rjk get`: gives the body of the request, takes the response as it comes.

use super::upload::Upload;
use crate::manners::{Progress, bytes};
use crate::peer::target::Scheme;
use rjk_message::ResponseHead;
use rjk_proxy::job::downstream::{BrokenBody, ClientError, Downstream, Then};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Instant;

/// Where the response goes.
pub(super) enum Sink {
    /// Standard output, byte for byte.
    Stdout(File),
    /// A file, made when the response begins.
    File(PathBuf, Option<File>),
    /// It is only counted.
    Nowhere,
}

impl Sink {
    /// Standard output, without what the command's own lines go through.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn stdout() -> io::Result<Sink> {
        let copy = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Sink::Stdout(File::from(copy)))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        match self {
            Sink::Nowhere => Ok(()),
            Sink::Stdout(out) => out.write_all(bytes).map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => Halt::Closed,
                _ => Halt::Save("standard output".into(), error),
            }),
            Sink::File(path, file) => {
                let result = match file {
                    Some(file) => file.write_all(bytes),
                    None => File::create(&*path).and_then(|new| file.insert(new).write_all(bytes)),
                };
                result.map_err(|error| Halt::Save(path.clone(), error))
            }
        }
    }
}

/// What ended it on this side.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    /// The body of the request cannot be read on.
    #[error("the body of the request cannot be read: {0}")]
    Upload(io::Error),
    /// The response cannot be written.
    #[error("{0}: {1}; name a file that can be written with -o")]
    Save(PathBuf, io::Error),
    /// Nobody reads any more.
    #[error("nobody reads the response")]
    Closed,
}

/// The head of the response, and when it came.
pub(super) struct Head {
    pub(super) at: Instant,
    pub(super) head: ResponseHead,
}

/// The client.
pub(super) struct Client {
    upload: Upload,
    sink: Sink,
    /// Whether the head is written before the body, and what was spoken.
    include: Option<Scheme>,
    progress: Progress,
    pub(super) head: Option<Head>,
    /// Bytes of the body that came.
    pub(super) body: u64,
    pub(super) halt: Option<Halt>,
}

impl Client {
    pub(super) fn new(upload: Upload, sink: Sink, include: Option<Scheme>) -> Client {
        Client {
            upload,
            sink,
            include,
            progress: Progress::new(),
            head: None,
            body: 0,
            halt: None,
        }
    }

    /// The status, once there is one.
    pub(super) fn status(&self) -> Option<u16> {
        self.head.as_ref().map(|head| head.head.status())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.sink.write(bytes).map_err(|halt| {
            self.halt = Some(halt);
            ClientError
        })
    }
}

impl Downstream for Client {
    fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize, BrokenBody> {
        self.upload.read(buffer).map_err(|error| {
            self.halt = Some(Halt::Upload(error));
            BrokenBody::SHORT
        })
    }

    fn start(&mut self, head: &ResponseHead, _: Option<&[u8]>) -> Result<(), ClientError> {
        self.head = Some(Head {
            at: Instant::now(),
            head: head.clone(),
        });
        // Makes the file of a response without a body, too.
        let text = self.include.map(|scheme| text(head, scheme));
        let text = text.unwrap_or_default();
        self.write(&text)
    }

    fn send(&mut self, body: &[&[u8]], _: Then) -> Result<(), ClientError> {
        for part in body {
            self.body += part.len() as u64;
            self.write(part)?;
        }
        // Between the bytes on a terminal it would only be in the way.
        if !matches!(self.sink, Sink::Stdout(_)) {
            self.progress
                .show(format_args!("{} received", bytes(self.body)));
        }
        Ok(())
    }
}

/// The head as people know it. A reason that is only the number again is left out.
fn text(head: &ResponseHead, scheme: Scheme) -> Vec<u8> {
    let status = head.status().to_string();
    let version = if scheme.is_http() {
        "HTTP/1.1"
    } else {
        "AJP/1.3"
    };
    let mut text = format!("{version} {status}").into_bytes();
    if !matches!(head.reason(), b"") && head.reason() != status.as_bytes() {
        text.push(b' ');
        text.extend_from_slice(head.reason());
    }
    text.push(b'\n');
    for (name, value) in head.headers() {
        text.extend_from_slice(&[name, b": ", value, b"\n"].concat());
    }
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(reason: &[u8]) -> ResponseHead {
        let mut builder = ResponseHead::builder(404).unwrap();
        builder.reason(reason).unwrap();
        builder.header(b"X-A", b"1").unwrap();
        builder.header(b"X-A", b"\xff").unwrap();
        builder.build()
    }

    #[test]
    fn the_head_as_text() {
        assert_eq!(
            text(&head(b"Not Found"), Scheme::Ajp),
            b"AJP/1.3 404 Not Found\nX-A: 1\nX-A: \xff\n\n"
        );
        for reason in [&b""[..], b"404"] {
            assert!(text(&head(reason), Scheme::Ajp).starts_with(b"AJP/1.3 404\n"));
            assert!(text(&head(reason), Scheme::Https).starts_with(b"HTTP/1.1 404\n"));
        }
    }

    #[test]
    fn bytes_go_into_the_file_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        let sink = Sink::File(path.clone(), None);
        let mut client = Client::new(Upload::none(), sink, None);
        assert!(!path.exists());
        client.start(&head(b""), None).unwrap();
        assert!(path.exists());
        client
            .send(&[b"\x1b[31m\0", b"\xff\r\n"], Then::End)
            .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"\x1b[31m\0\xff\r\n");
        assert_eq!((client.body, client.status()), (9, Some(404)));
    }

    #[test]
    fn a_file_that_cannot_be_made_halts() {
        let sink = Sink::File("/nonexistent/body".into(), None);
        let mut client = Client::new(Upload::none(), sink, None);
        assert_eq!(client.start(&head(b""), None), Err(ClientError));
        assert!(matches!(client.halt, Some(Halt::Save(..))));
    }

    #[test]
    fn a_body_that_breaks_off_halts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        std::fs::write(&path, b"12345678").unwrap();
        let upload = Upload::named(&format!("@{}", path.display())).unwrap();
        std::fs::write(&path, b"").unwrap();
        let mut client = Client::new(upload, Sink::Nowhere, None);
        assert_eq!(client.read_body(&mut [0; 8]), Err(BrokenBody::SHORT));
        assert!(matches!(client.halt, Some(Halt::Upload(_))));
    }
}
