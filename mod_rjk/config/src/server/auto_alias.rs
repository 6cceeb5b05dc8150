//! `JkAutoAlias`: web applications whose static files httpd serves itself (D-08, AA-01…AA-05).

use bstr::ByteSlice as _;

/// What becomes of a path that no mount takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aliased {
    /// It belongs to no web application: httpd looks for it where it always does.
    Elsewhere,
    /// httpd serves this file, or what lies behind it.
    File(Vec<u8>),
    /// What a web application keeps for itself (AA-02).
    Hidden,
    /// A packed web application (AA-03).
    Packed,
}

/// The folders that no client sees, in any case: there are servers with file systems that tell no case.
const HIDDEN: [&str; 2] = ["WEB-INF", "META-INF"];

/// What becomes of a normalised path with the web applications in `folder`.
///
/// `is_folder` says whether a file name leads to a folder. A path that is normal leads nowhere above
/// `folder`; links are httpd's affair, as for all files.
pub(super) fn auto_alias(
    folder: &str,
    normalised: &[u8],
    is_folder: impl FnOnce(&[u8]) -> bool,
) -> Aliased {
    let mut segments = normalised.splitn(4, |byte| *byte == b'/');
    let (Some(b""), Some(application)) = (segments.next(), segments.next()) else {
        return Aliased::Elsewhere;
    };
    let folder = folder.trim_end_matches('/').as_bytes();
    if application.is_empty() {
        return Aliased::Elsewhere;
    }
    if !is_folder(&[folder, b"/", application].concat()) {
        return match is_packed(application) {
            true => Aliased::Packed,
            false => Aliased::Elsewhere,
        };
    }
    // The first of them only if `folder` is a web application itself, which it is not meant to be.
    if is_hidden(application) || segments.next().is_some_and(is_hidden) {
        return Aliased::Hidden;
    }
    Aliased::File([folder, normalised].concat())
}

fn is_packed(application: &[u8]) -> bool {
    let extension = application.len().checked_sub(4);
    extension.is_some_and(|at| application[at..].eq_ignore_ascii_case(b".war"))
}

fn is_hidden(segment: &[u8]) -> bool {
    let is = |name: &&str| segment.eq_ignore_ascii_case(name.as_bytes());
    HIDDEN.iter().any(is)
}

/// Why nothing of this folder can be served; a text to follow the directive's name (D-08).
pub(super) fn folder_problem(folder: &str) -> Option<String> {
    (!folder.as_bytes().starts_with_str("/")).then(|| {
        format!("'{folder}' is no full path and has no effect; ServerRoot does not count here")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri_map::normalize;
    use proptest::prelude::*;

    const FOLDERS: [&str; 6] = ["ctx", "foo#bar", "dir.war", "WEB-INF", "meta-inf", "a b"];

    fn aliased(folder: &str, uri: &str) -> Aliased {
        let path = normalize(uri.as_bytes()).unwrap();
        auto_alias(folder, &path, |name| {
            let mut known = FOLDERS.iter();
            known.any(|known| name == format!("/apps/{known}").as_bytes())
        })
    }

    #[test]
    fn aa01_to_aa05_table() {
        let file = |name: &str| Aliased::File(name.into());
        for (uri, expected) in [
            // AA-01
            ("/ctx", file("/apps/ctx")),
            ("/ctx/", file("/apps/ctx/")),
            ("/ctx/a.txt", file("/apps/ctx/a.txt")),
            ("/ctx/a b.txt", file("/apps/ctx/a b.txt")),
            ("/ctx;x=1/a.txt;jsessionid=1", file("/apps/ctx/a.txt")),
            ("/x/../ctx/a", file("/apps/ctx/a")),
            ("/a b/c", file("/apps/a b/c")),
            ("/", Aliased::Elsewhere),
            ("/none/a.txt", Aliased::Elsewhere),
            ("/file.txt", Aliased::Elsewhere),
            ("*", Aliased::Elsewhere),
            ("/CTX/a.txt", Aliased::Elsewhere),
            // AA-02
            ("/ctx/WEB-INF", Aliased::Hidden),
            ("/ctx/WEB-INF/web.xml", Aliased::Hidden),
            ("/ctx/web-inf/web.xml", Aliased::Hidden),
            ("/ctx/Meta-Inf/", Aliased::Hidden),
            ("/ctx//WEB-INF;x/web.xml", Aliased::Hidden),
            ("/ctx/a/..;x/WEB-INF/web.xml", Aliased::Hidden),
            ("/foo#bar/WEB-INF/web.xml", Aliased::Hidden),
            ("/ctx/WEB-INFO", file("/apps/ctx/WEB-INFO")),
            ("/ctx/sub/WEB-INF/x", file("/apps/ctx/sub/WEB-INF/x")),
            ("/WEB-INF/web.xml", Aliased::Hidden),
            ("/meta-inf/context.xml", Aliased::Hidden),
            ("/web-inf/web.xml", Aliased::Elsewhere),
            // AA-03
            ("/app.war", Aliased::Packed),
            ("/APP.WAR/x", Aliased::Packed),
            ("/.war", Aliased::Packed),
            ("/war", Aliased::Elsewhere),
            ("/app.warx", Aliased::Elsewhere),
            ("/dir.war/x", file("/apps/dir.war/x")),
            ("/x/app.war", Aliased::Elsewhere),
        ] {
            assert_eq!(aliased("/apps", uri), expected, "{uri}");
            assert_eq!(aliased("/apps/", uri), expected, "{uri}");
        }
    }

    #[test]
    fn d08_a_relative_folder_is_told() {
        assert!(folder_problem("htdocs").is_some_and(|text| text.contains("'htdocs'")));
        assert_eq!(folder_problem("/srv/apps"), None);
    }

    proptest! {
        /// Whatever is asked for, the file is below its application's folder, and not in a hidden one.
        #[test]
        #[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
        fn no_path_leads_out_of_the_folder(
            uri in "/(ctx|\\.\\.|;x|[a.]{0,3})(/|;x)?[a.;/]{0,12}(/WEB-INF|/web-inf;a)?[a.;/]{0,8}",
        ) {
            let Ok(path) = normalize(uri.as_bytes()) else { return Ok(()) };
            if let Aliased::File(name) = auto_alias("/apps", &path, |_| true) {
                let name = String::from_utf8(name).unwrap();
                let rest = name.strip_prefix("/apps/").unwrap();
                prop_assert!(rest.split('/').all(|part| part != ".." && part != "."), "{}", name);
                let second = rest.split('/').nth(1).unwrap_or_default();
                prop_assert!(!second.eq_ignore_ascii_case("WEB-INF"), "{}", name);
            }
        }
    }
}
