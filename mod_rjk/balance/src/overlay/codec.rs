//! Overlays as words of a record. Each lists its fields once, for both ways.

use bstr::BString;
use rjk_config::model::{Activation, BalanceMethod, Lock};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

/// Longest text in a record (Z-02).
pub(crate) const MOST_TEXT_BYTES: usize = 63;
/// Most addresses of a host that a record keeps.
pub(crate) const MOST_ADDRESSES: usize = 8;

const TEXT_WORDS: usize = (MOST_TEXT_BYTES + 1) / 8;
/// Marks a word with a number in it; zero is no number.
const PRESENT: u64 = 1 << 63;

/// Goes over the fields of an overlay in their order, one way or the other.
pub(crate) trait Codec {
    /// A number in one word.
    fn number<T: Number>(&mut self, field: &mut Option<T>);
    /// A text of at most [`MOST_TEXT_BYTES`].
    fn text(&mut self, field: &mut Option<BString>);
    /// At most [`MOST_ADDRESSES`].
    fn addresses(&mut self, field: &mut Vec<SocketAddr>);
}

/// What an overlay consists of.
pub(crate) trait Fields: Clone + Default {
    /// Visits each field once.
    fn visit(&mut self, codec: &mut impl Codec);
}

/// The words of an overlay.
pub(crate) fn encode<const N: usize>(overlay: &impl Fields) -> [u64; N] {
    let mut words = [0; N];
    let rest = words.as_mut_slice();
    overlay.clone().visit(&mut Encoder { rest });
    words
}

/// The overlay in these words.
pub(crate) fn decode<T: Fields>(words: &[u64]) -> T {
    let mut overlay = T::default();
    overlay.visit(&mut Decoder { rest: words });
    overlay
}

/// A value that fits into 63 bits.
pub(crate) trait Number: Sized + Copy {
    /// Its bits.
    fn to_bits(self) -> u64;
    /// The value of these bits, if there is one.
    fn of_bits(bits: u64) -> Option<Self>;
}

struct Encoder<'w> {
    rest: &'w mut [u64],
}

impl Encoder<'_> {
    fn put(&mut self, word: u64) {
        if let Some((first, rest)) = std::mem::take(&mut self.rest).split_first_mut() {
            *first = word;
            self.rest = rest;
        }
    }
}

impl Codec for Encoder<'_> {
    fn number<T: Number>(&mut self, field: &mut Option<T>) {
        self.put(field.map_or(0, |value| value.to_bits() | PRESENT));
    }

    fn text(&mut self, field: &mut Option<BString>) {
        let mut bytes = [0; 8 * TEXT_WORDS];
        if let Some(text) = field {
            let text = &text[..text.len().min(MOST_TEXT_BYTES)];
            bytes[0] = text.len() as u8 + 1;
            bytes[1..=text.len()].copy_from_slice(text);
        }
        for word in bytes.as_chunks().0 {
            self.put(u64::from_le_bytes(*word));
        }
    }

    fn addresses(&mut self, field: &mut Vec<SocketAddr>) {
        for index in 0..MOST_ADDRESSES {
            let words = field.get(index).map_or([0; 3], address_words);
            words.into_iter().for_each(|word| self.put(word));
        }
    }
}

struct Decoder<'w> {
    rest: &'w [u64],
}

impl Decoder<'_> {
    fn take(&mut self) -> u64 {
        let (first, rest) = self.rest.split_first().unwrap_or((&0, &[]));
        self.rest = rest;
        *first
    }
}

impl Codec for Decoder<'_> {
    fn number<T: Number>(&mut self, field: &mut Option<T>) {
        let word = self.take();
        *field = (word & PRESENT != 0)
            .then(|| T::of_bits(word & !PRESENT))
            .flatten();
    }

    fn text(&mut self, field: &mut Option<BString>) {
        let words: [u64; TEXT_WORDS] = std::array::from_fn(|_| self.take());
        let bytes = words.map(u64::to_le_bytes);
        let bytes = bytes.as_flattened();
        let length = usize::from(bytes[0]).checked_sub(1);
        *field = length.and_then(|length| Some(bytes.get(1..=length)?.into()));
    }

    fn addresses(&mut self, field: &mut Vec<SocketAddr>) {
        *field = (0..MOST_ADDRESSES)
            .filter_map(|_| address_of(std::array::from_fn(|_| self.take())))
            .collect();
    }
}

/// Family, port and scope; then the address.
fn address_words(address: &SocketAddr) -> [u64; 3] {
    let (family, scope, bits) = match address {
        SocketAddr::V4(v4) => (4, 0, u128::from(v4.ip().to_bits())),
        SocketAddr::V6(v6) => (6, v6.scope_id(), v6.ip().to_bits()),
    };
    let first = family | u64::from(address.port()) << 8 | u64::from(scope) << 32;
    [first, (bits >> 64) as u64, bits as u64]
}

fn address_of([first, high, low]: [u64; 3]) -> Option<SocketAddr> {
    let (port, scope) = ((first >> 8) as u16, (first >> 32) as u32);
    let bits = u128::from(high) << 64 | u128::from(low);
    Some(match first & 0xff {
        4 => SocketAddrV4::new(Ipv4Addr::from_bits(bits as u32), port).into(),
        6 => SocketAddrV6::new(Ipv6Addr::from_bits(bits), port, 0, scope).into(),
        _ => return None,
    })
}

impl Number for u32 {
    fn to_bits(self) -> u64 {
        self.into()
    }
    fn of_bits(bits: u64) -> Option<u32> {
        bits.try_into().ok()
    }
}

impl Number for u16 {
    fn to_bits(self) -> u64 {
        self.into()
    }
    fn of_bits(bits: u64) -> Option<u16> {
        bits.try_into().ok()
    }
}

impl Number for i32 {
    fn to_bits(self) -> u64 {
        self.cast_unsigned().into()
    }
    fn of_bits(bits: u64) -> Option<i32> {
        u32::of_bits(bits).map(u32::cast_signed)
    }
}

impl Number for bool {
    fn to_bits(self) -> u64 {
        self.into()
    }
    fn of_bits(bits: u64) -> Option<bool> {
        Some(bits != 0)
    }
}

/// In whole milliseconds.
impl Number for Duration {
    fn to_bits(self) -> u64 {
        crate::time::millis(self) & !PRESENT
    }
    fn of_bits(bits: u64) -> Option<Duration> {
        Some(Duration::from_millis(bits))
    }
}

impl Number for Activation {
    fn to_bits(self) -> u64 {
        place(&Activation::ALL, self)
    }
    fn of_bits(bits: u64) -> Option<Activation> {
        at(&Activation::ALL, bits)
    }
}

impl Number for BalanceMethod {
    fn to_bits(self) -> u64 {
        place(&BalanceMethod::ALL, self)
    }
    fn of_bits(bits: u64) -> Option<BalanceMethod> {
        at(&BalanceMethod::ALL, bits)
    }
}

impl Number for Lock {
    fn to_bits(self) -> u64 {
        place(&Lock::ALL, self)
    }
    fn of_bits(bits: u64) -> Option<Lock> {
        at(&Lock::ALL, bits)
    }
}

fn place<T: PartialEq>(all: &[T], one: T) -> u64 {
    all.iter().take_while(|other| **other != one).count() as u64
}

fn at<T: Copy>(all: &[T], bits: u64) -> Option<T> {
    all.get(usize::try_from(bits).ok()?).copied()
}

#[cfg(test)]
mod tests;
