//! Mount patterns that do not start with `/` (D-05, D-06, M-04, W-05).

use super::normalize;
use crate::advice::{bare, is_invisible, is_quote};

/// Why `pattern` is no pattern, and what to write; a text to follow the name of what holds it.
pub(crate) fn pattern_problem(pattern: &str) -> String {
    format!(
        "'{pattern}' does not start with '/'{}",
        pattern_remedy(pattern, "'")
    )
}

/// What to write instead of `pattern`, between quotes of this kind, or what is wrong with it besides.
pub(crate) fn pattern_remedy(pattern: &str, quote: &str) -> String {
    match proposed_pattern(pattern) {
        Some(proposal) => format!("; write {quote}{proposal}{quote}"),
        None => hint(pattern).to_owned(),
    }
}

/// The pattern that `written` was meant to be.
fn proposed_pattern(written: &str) -> Option<String> {
    let text = bare(written);
    if let Some((scheme, rest)) = text.split_once("://") {
        let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
        let path = rest.find('/').and_then(|at| rest.get(at..));
        return path
            .filter(|path| is_scheme && is_plain_pattern(path))
            .map(str::to_owned);
    }
    if text.starts_with('/') {
        return is_plain_pattern(text).then(|| text.to_owned());
    }
    let path = format!("/{text}");
    let first = text.split('/').next().unwrap_or(text);
    // `www.shop.test`, `www.shop.test/app`: a host, or a name with a dot? `*.jsp` is no host.
    let is_extension = first == text && text.contains(['*', '?']) && text.matches('.').count() == 1;
    let may_be_host = first.contains('.') && !is_extension;
    (text.starts_with(is_start) && !may_be_host && is_plain_pattern(&path)).then_some(path)
}

/// What is known of a pattern that nothing is proposed for.
fn hint(pattern: &str) -> &'static str {
    if pattern.contains(REGEX) || pattern.contains(".*") {
        ", and a mount takes no regular expression: only '*' and '?' have a meaning"
    } else if pattern.contains("://") || pattern.contains(':') {
        ", and a mount takes the path only, without scheme, host and port"
    } else if pattern.contains('\\') {
        ", and the separator of a path is '/'"
    } else {
        ""
    }
}

/// What no path of a browser has, and regular expressions do.
const REGEX: [char; 9] = ['^', '$', '(', ')', '[', ']', '{', '}', '+'];

fn is_start(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '*' | '?' | '_' | '~' | '.')
}

/// Whether a path can match: nothing in it is what no path has, and each of its two forms (M-05) is
/// its own normal form.
pub(crate) fn is_plain_pattern(pattern: &str) -> bool {
    let odd = |letter: char| {
        is_invisible(letter)
            || is_quote(letter)
            || REGEX.contains(&letter)
            || "\\;:#=%<>@,".contains(letter)
    };
    let is_normal = |form: &str| {
        let path = form.replace(['*', '?'], "x");
        normalize(path.as_bytes()).is_ok_and(|normal| normal.as_ref() == path.as_bytes())
    };
    let (stem, tail) = pattern.split_once('|').unwrap_or((pattern, ""));
    !pattern.contains(odd)
        && !pattern.contains(".*")
        && is_normal(stem)
        && is_normal(&format!("{stem}{tail}"))
}
