//! What the tests of this crate share.

use rjk_config::model::{RatingSet, StatusSpec};

/// A status worker without settings.
pub(crate) fn spec() -> StatusSpec {
    StatusSpec {
        name: "st".into(),
        css: None,
        read_only: false,
        users: Vec::new(),
        user_case_insensitive: false,
        good: RatingSet::GOOD,
        bad: RatingSet::BAD,
        prefix: "worker".into(),
        ns: "jk:".into(),
        xmlns: "xmlns:jk=\"http://tomcat.apache.org\"".into(),
        doctype: None,
    }
}
