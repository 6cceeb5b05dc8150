//! Texts of requests that are not to stand in a file.

use sha2::{Digest, Sha256};
use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher;

/// What hashes of texts begin with. It stands in the file too: who has that can try guesses, so a hash hides
/// what nobody can guess and keeps what it hides out of sight, no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u8; 16]);

impl Key {
    /// One of 2^128.
    pub fn random() -> Key {
        // The standard library seeds it from the system.
        let part = |word: u8| RandomState::new().hash_one(word).to_le_bytes();
        let mut key = [0; 16];
        key[..8].copy_from_slice(&part(0));
        key[8..].copy_from_slice(&part(1));
        Key(key)
    }

    /// The hash of a text, as it stands in a line: the first 16 bytes of the SHA-256 of key and text.
    pub fn hash(&self, text: &[u8]) -> String {
        let digest = Sha256::new().chain_update(self.0).chain_update(text);
        hex(digest.finalize().get(..16).unwrap_or_default())
    }

    /// As it stands in a head.
    pub fn to_text(self) -> String {
        hex(&self.0)
    }

    /// The reverse.
    pub fn of_text(text: &str) -> Option<Key> {
        let mut key = [0; 16];
        (text.len() == 32).then_some(())?;
        for (place, byte) in key.iter_mut().enumerate() {
            let digits = text.get(place * 2..place * 2 + 2)?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Key(key))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_come_back() {
        let (key, other) = (Key::random(), Key::random());
        assert_ne!(key, other);
        assert_eq!(Key::of_text(&key.to_text()), Some(key));
        assert_eq!(Key::of_text("00"), None);
        assert_eq!(Key::of_text(&"ä".repeat(16)), None);
        assert_eq!(key.hash(b"a"), key.hash(b"a"));
        assert_ne!(key.hash(b"a"), key.hash(b"b"));
        assert_ne!(key.hash(b"a"), other.hash(b"a"));
    }
}
