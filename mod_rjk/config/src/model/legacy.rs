//! Workers of types that nobody serves any more.

use bstr::BString;
use std::ffi::CStr;

/// A listed worker that some mod_jk started and that is not served here (A-40…A-42).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacySpec {
    /// Worker name.
    pub name: BString,
    /// Its `type`.
    pub kind: LegacyType,
}

/// The types of mod_jk that are announced for removal, or are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyType {
    /// JServ's.
    Ajp12,
    /// The experiment after AJP/1.3, with a login.
    Ajp14,
    /// A Tomcat inside httpd, which mod_jk gave up long ago: 1.2.48 refuses it.
    Jni,
}

impl LegacyType {
    /// The value of `type`.
    pub fn as_str(self) -> &'static str {
        self.as_c_str().to_str().unwrap_or_default()
    }

    /// The same, as httpd takes it.
    pub fn as_c_str(self) -> &'static CStr {
        match self {
            LegacyType::Ajp12 => c"ajp12",
            LegacyType::Ajp14 => c"ajp14",
            LegacyType::Jni => c"jni",
        }
    }
}
