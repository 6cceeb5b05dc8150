//! `JkStripSession`: session ids in the paths of files that httpd serves itself (D-09).

use bstr::ByteSlice as _;

/// `JkStripSession`: what is cut from the path of a request that is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripSession {
    /// Whether it is on.
    pub enabled: bool,
    /// The text to cut from, with its own `;`.
    pub name: String,
}

impl Default for StripSession {
    fn default() -> StripSession {
        StripSession {
            enabled: false,
            name: ";jsessionid".to_owned(),
        }
    }
}

/// A URI and the name of its file without the session id; `None` for what stays as it is.
pub type Stripped = (Option<Vec<u8>>, Option<Vec<u8>>);

impl StripSession {
    /// Cuts the session id out of a URI and the name of its file, or leaves both.
    ///
    /// Neither gets a segment that it did not have and that means something: with `..`, `.` or nothing
    /// between two `/` the URI would be one that rules of `<Location>` do not see, and the file another.
    pub fn strip(&self, uri: &[u8], file: &[u8]) -> Stripped {
        if !self.enabled {
            return (None, None);
        }
        match (self.cut(uri), self.cut(file)) {
            (Cut::Harmful, _) | (_, Cut::Harmful) => (None, None),
            (uri, file) => (uri.text(), file.text()),
        }
    }

    /// The first occurrence goes, up to the next parameter or segment.
    fn cut(&self, path: &[u8]) -> Cut {
        let name = self.name.as_bytes();
        let Some(start) = path.find(name).filter(|_| !name.is_empty()) else {
            return Cut::Nothing;
        };
        let behind = start + name.len();
        let is_end = |byte: &u8| matches!(byte, b';' | b'/');
        let length = path[behind..].iter().position(is_end);
        let end = length.map_or(path.len(), |length| behind + length);
        let (before, after) = (&path[..start], &path[end..]);
        if leaves_a_segment(before, after) {
            Cut::Rest([before, after].concat())
        } else {
            Cut::Harmful
        }
    }
}

enum Cut {
    Nothing,
    Rest(Vec<u8>),
    Harmful,
}

impl Cut {
    fn text(self) -> Option<Vec<u8>> {
        match self {
            Cut::Rest(text) => Some(text),
            Cut::Nothing | Cut::Harmful => None,
        }
    }
}

/// Whether the segment in which something was cut out is still a name, or the end of a folder's path.
fn leaves_a_segment(before: &[u8], after: &[u8]) -> bool {
    let Some(start) = before.rfind_byte(b'/') else {
        return false;
    };
    let end = after.find_byte(b'/');
    let segment = [&before[start + 1..], &after[..end.unwrap_or(after.len())]].concat();
    match segment.as_slice() {
        b"" => end.is_none(),
        b"." | b".." => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn on(name: &str) -> StripSession {
        StripSession {
            enabled: true,
            name: name.to_owned(),
        }
    }

    fn stripped(name: &str, uri: &str) -> String {
        let file = format!("/srv/www{uri}");
        let (new_uri, new_file) = on(name).strip(uri.as_bytes(), file.as_bytes());
        let text = |new: Option<Vec<u8>>, old: &str| match new {
            Some(new) => String::from_utf8(new).unwrap(),
            None => old.to_owned(),
        };
        let uri = text(new_uri, uri);
        assert_eq!(text(new_file, &file), format!("/srv/www{uri}"));
        uri
    }

    #[test]
    fn d09_table() {
        for (uri, expected) in [
            ("/s.txt;jsessionid=1.m1", "/s.txt"),
            ("/s.txt;jsessionid=1;x=1", "/s.txt;x=1"),
            ("/s.txt;x=1;jsessionid=1", "/s.txt;x=1"),
            ("/sub;jsessionid=9/s.txt", "/sub/s.txt"),
            ("/a;jsessionid=1/b;jsessionid=2", "/a/b;jsessionid=2"),
            ("/dir/;jsessionid=1", "/dir/"),
            ("/s.txt;jsessionid", "/s.txt"),
            ("/s.txt;jsessionids=1", "/s.txt"),
            ("/s.txt;JSESSIONID=1", "/s.txt;JSESSIONID=1"),
            ("/s.txt;x=1", "/s.txt;x=1"),
            ("/s.txt", "/s.txt"),
            // Nothing that means something appears.
            ("/pub/..;jsessionid=1/priv/x", "/pub/..;jsessionid=1/priv/x"),
            ("/pub/.;jsessionid=1/x", "/pub/.;jsessionid=1/x"),
            ("/pub/;jsessionid=1/priv", "/pub/;jsessionid=1/priv"),
            ("/pub/..;jsessionid=1", "/pub/..;jsessionid=1"),
            ("/.;jsessionid=1;x/y", "/.;x/y"),
        ] {
            assert_eq!(stripped(";jsessionid", uri), expected, "{uri}");
        }
    }

    #[test]
    fn d09_a_name_is_a_plain_substring() {
        for (name, uri, expected) in [
            (";sid", "/a;sid=1/b", "/a/b"),
            ("sid", "/a;sid=1/b", "/a;/b"),
            ("sid", "/..sid/etc", "/..sid/etc"),
            ("/a", "/a/b", "/a/b"),
            ("", "/a;b", "/a;b"),
        ] {
            assert_eq!(stripped(name, uri), expected, "{name} {uri}");
        }
        assert_eq!(
            StripSession::default().strip(b"/a;jsessionid=1", b""),
            (None, None),
            "off"
        );
    }

    #[test]
    fn d09_uri_and_file_go_together() {
        let strip = on(";jsessionid");
        assert_eq!(
            strip.strip(b"/x;jsessionid=1", b"/srv/..;jsessionid=1"),
            (None, None)
        );
        let file = Some(b"/srv/x".to_vec());
        assert_eq!(strip.strip(b"/x", b"/srv/x;jsessionid=1"), (None, file));
    }

    proptest! {
        #[test]
        fn no_dot_segment_and_no_empty_one_appears(name in "[;.s]{1,3}", uri in "/[a.;s/]{0,16}") {
            let odd = |path: &str| {
                let inner = path.strip_suffix('/').unwrap_or(path);
                let segments = inner.split('/').skip(1);
                segments.filter(|segment| matches!(*segment, "" | "." | "..")).count()
            };
            let after = stripped(&name, &uri);
            prop_assert!(after.starts_with('/'));
            prop_assert!(odd(&after) <= odd(&uri), "{} -> {}", uri, after);
        }
    }
}
