//! Debian's `envvars`: what the script that starts httpd exports to it.

use super::lines_of;
use bstr::{BString, ByteSlice};
use rjk_config::uri_map::FileText;
use std::collections::HashMap;
use std::path::Path;

/// The variables for a configuration that begins with `first`: those of the file beside `apache2.conf`.
pub(super) fn beside(first: &Path) -> HashMap<BString, BString> {
    if first.file_name().is_none_or(|name| name != "apache2.conf") {
        return HashMap::new();
    }
    let text = FileText::read(&first.with_file_name("envvars"));
    text.map(|text| exported(&text.text)).unwrap_or_default()
}

/// `export NAME=value`. `$SUFFIX` is empty, but for a second httpd; what a shell would have to work out is not known.
fn exported(text: &[u8]) -> HashMap<BString, BString> {
    let mut found = HashMap::new();
    for (_, line) in lines_of(text) {
        let Some(set) = line.strip_prefix(b"export ") else {
            continue;
        };
        let Some((name, value)) = set.trim_ascii().split_once_str("=") else {
            continue;
        };
        let value = value.trim_with(|letter| matches!(letter, '"' | '\''));
        let value = value.replace("${SUFFIX}", "").replace("$SUFFIX", "");
        if value.find_byteset(b"$`").is_none() {
            found.insert(name.into(), value.into());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_exports_are_known() {
        let text = b"unset HOME\nexport A=/var/log/apache2$SUFFIX\n  export B=\"b c\"\nexport C=`id`\nexport LANG\n# export D=d\n";
        let mut found: Vec<(BString, BString)> = exported(text).into_iter().collect();
        found.sort();
        let expected = [("A", "/var/log/apache2"), ("B", "b c")];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.into(), value.into()))
        );
    }
}
