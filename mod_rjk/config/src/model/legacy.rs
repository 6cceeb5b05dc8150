//! Workers of protocols that nobody speaks any more.

use bstr::BString;

/// A listed worker that mod_jk starts and that is not served here (A-40…A-42).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacySpec {
    /// Worker name.
    pub name: BString,
    /// Its `type`.
    pub protocol: LegacyProtocol,
}

/// The types of mod_jk that are announced for removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyProtocol {
    /// JServ's.
    Ajp12,
    /// The experiment after AJP/1.3, with a login.
    Ajp14,
}

impl LegacyProtocol {
    /// The value of `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            LegacyProtocol::Ajp12 => "ajp12",
            LegacyProtocol::Ajp14 => "ajp14",
        }
    }
}
