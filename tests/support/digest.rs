//! Deterministic bodies and their SHA-256, the same as in the JSPs.

use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `len` bytes of the generator that `download.jsp?seed=` uses: a 32-bit linear congruential one
/// of which each step gives its top byte.
pub fn bytes(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_the_standards_example() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), expected);
    }

    #[test]
    fn bytes_depend_on_the_seed_and_not_on_the_length() {
        assert_eq!(bytes(1, 10), bytes(1, 20)[..10]);
        assert_ne!(bytes(1, 10), bytes(2, 10));
    }
}
