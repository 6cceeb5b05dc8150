//! The body of the request: a text, a file or standard input, read as it is sent.

use rjk_message::BodyLength;
use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::os::fd::AsFd;
use std::path::PathBuf;

/// A body that is still to be read.
pub(super) struct Upload {
    source: Box<dyn Read>,
    length: BodyLength,
    left: u64,
}

impl Upload {
    /// No body.
    pub(super) fn none() -> Upload {
        Upload {
            source: Box::new(io::empty()),
            length: BodyLength::None,
            left: 0,
        }
    }

    /// This text.
    pub(super) fn text(text: &str) -> Upload {
        let length = text.len() as u64;
        Upload {
            source: Box::new(Cursor::new(text.to_owned())),
            length: BodyLength::Known(length),
            left: length,
        }
    }

    /// What `-d` names: `@FILE`, `@-` or `-` for standard input, else the text itself.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn named(data: &str) -> Result<Upload, UploadError> {
        match (data, data.strip_prefix('@')) {
            ("-", _) | (_, Some("-")) => {
                Upload::stdin().map_err(|error| UploadError("standard input".into(), error))
            }
            (_, Some(path)) => Upload::file(path).map_err(|error| UploadError(path.into(), error)),
            (text, None) => Ok(Upload::text(text)),
        }
    }

    fn stdin() -> io::Result<Upload> {
        Upload::of(File::from(io::stdin().as_fd().try_clone_to_owned()?))
    }

    fn file(path: &str) -> io::Result<Upload> {
        Upload::of(File::open(path)?)
    }

    /// The length of a file is known, that of a pipe is not.
    fn of(mut file: File) -> io::Result<Upload> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let (length, left) = match metadata.is_file() {
            true => {
                let left = metadata.len().saturating_sub(file.stream_position()?);
                (BodyLength::Known(left), left)
            }
            false => (BodyLength::Chunked, u64::MAX),
        };
        Ok(Upload {
            source: Box::new(file),
            length,
            left,
        })
    }

    /// Its length, as the head announces it.
    pub(super) fn length(&self) -> BodyLength {
        self.length
    }

    /// Reads on. `Ok(0)` is the end of a whole body.
    ///
    /// # Errors
    /// It cannot be read, or ended before its announced length.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let room = buffer.len().min(most);
        if room == 0 {
            return Ok(0);
        }
        loop {
            let got = match self.source.read(&mut buffer[..room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if got == 0 && self.length != BodyLength::Chunked {
                let error =
                    io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter meanwhile");
                return Err(error);
            }
            if self.length != BodyLength::Chunked {
                self.left -= got as u64;
            }
            return Ok(got);
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({:?})", self.length)
    }
}

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
#[error("{0}: {1}; name a file that can be read, or - for standard input")]
pub(super) struct UploadError(PathBuf, io::Error);

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn all(upload: &mut Upload) -> io::Result<Vec<u8>> {
        let (mut whole, mut buffer) = (Vec::new(), [0; 3]);
        loop {
            match upload.read(&mut buffer)? {
                0 => return Ok(whole),
                got => whole.extend_from_slice(&buffer[..got]),
            }
        }
    }

    #[test]
    fn a_text_or_a_file() {
        let mut text = Upload::named("a=1&b").unwrap();
        assert_eq!(text.length(), BodyLength::Known(5));
        assert_eq!(all(&mut text).unwrap(), b"a=1&b");
        assert_eq!(Upload::named("").unwrap().length(), BodyLength::Known(0));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        fs::write(&path, b"line\r\n\0\xff").unwrap();
        let name = format!("@{}", path.display());
        let mut file = Upload::named(&name).unwrap();
        assert_eq!(file.length(), BodyLength::Known(8));
        assert_eq!(all(&mut file).unwrap(), b"line\r\n\0\xff");
        for name in ["@", "@/nonexistent/body", "@/"] {
            assert!(Upload::named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_file_that_changes_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        fs::write(&path, b"12345678").unwrap();
        let name = format!("@{}", path.display());
        let (mut shorter, mut longer) =
            (Upload::named(&name).unwrap(), Upload::named(&name).unwrap());
        fs::write(&path, b"123456789").unwrap();
        assert_eq!(all(&mut longer).unwrap(), b"12345678");
        fs::write(&path, b"1234").unwrap();
        assert!(all(&mut shorter).is_err());
    }

    #[test]
    fn a_pipe_has_no_length() {
        let (reader, mut writer) = io::pipe().unwrap();
        io::Write::write_all(&mut writer, b"piped").unwrap();
        drop(writer);
        let mut upload = Upload::of(File::from(std::os::fd::OwnedFd::from(reader))).unwrap();
        assert_eq!(upload.length(), BodyLength::Chunked);
        assert_eq!(all(&mut upload).unwrap(), b"piped");
    }
}
