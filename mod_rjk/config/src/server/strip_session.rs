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

impl StripSession {
    /// What is wrong with the name; a text to follow the directive's (D-09). Anything but a path parameter
    /// is cut by mod_jk too: with `sid` a request for `/x.jspsid` gets the source of `/x.jsp`, which no
    /// mount sees.
    pub(super) fn problem(&self) -> Option<String> {
        let name = &self.name;
        let is_parameter = name.strip_prefix(';').is_some_and(is_plain);
        let remedy = || {
            let proposed = is_plain(name).then(|| format!("; write ';{name}'"));
            proposed.unwrap_or_default()
        };
        let what = |remedy| format!("'{name}' is no path parameter and has no effect{remedy}");
        (self.enabled && !is_parameter).then(|| what(remedy()))
    }
}

/// Whether it can be the name of a path parameter.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains([';', '/'])
}

/// A URI and the name of its file without the session id; `None` for what stays as it is.
pub type Stripped = (Option<Vec<u8>>, Option<Vec<u8>>);

impl StripSession {
    /// Cuts the session id out of a URI and the name of its file, or leaves both.
    ///
    /// Neither gets a segment that it did not have and that means something: with `..`, `.` or nothing
    /// between two `/` the URI would be one that rules of `<Location>` do not see, and the file another.
    pub fn strip(&self, uri: &[u8], file: &[u8]) -> Stripped {
        if !self.enabled || self.problem().is_some() {
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
        let Some(start) = path.find(name) else {
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
    use crate::uri_map::normalize;
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
    fn d09_a_name_is_a_path_parameter() {
        assert_eq!(stripped(";sid", "/a;sid=1/b"), "/a/b");
        for (name, proposal) in [
            ("sid", Some("';sid'")),
            ("/a", None),
            ("", None),
            (";", None),
            (";a/b", None),
            (";a;b", None),
        ] {
            for uri in [
                "/a;sid=1/b",
                "/x.jspsid/b",
                "/..sid/etc",
                "/x;a/b",
                "/x;a;b",
            ] {
                assert_eq!(stripped(name, uri), uri, "{name}");
            }
            let problem = on(name).problem().unwrap();
            assert_eq!(problem.split("write ").nth(1), proposal, "{problem}");
        }
        let off = StripSession::default();
        assert_eq!(off.problem(), None);
        assert_eq!(off.strip(b"/a;jsessionid=1", b""), (None, None), "off");
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
        /// What is served is what the mounts were asked for, and nothing new means something.
        #[test]
        fn only_a_parameter_goes(name in ";[.s=]{1,2}", uri in "/[a.;s=/]{0,16}") {
            let odd = |path: &str| {
                let inner = path.strip_suffix('/').unwrap_or(path);
                let segments = inner.split('/').skip(1);
                segments.filter(|segment| matches!(*segment, "" | "." | "..")).count()
            };
            let after = stripped(&name, &uri);
            prop_assert!(odd(&after) <= odd(&uri), "{} -> {}", uri, after);
            let normal = |path: &str| normalize(path.as_bytes()).map(|path| path.into_owned());
            prop_assert_eq!(normal(&after), normal(&uri), "{} -> {}", uri, after);
        }
    }
}
