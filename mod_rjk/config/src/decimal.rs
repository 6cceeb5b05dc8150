//! Numbers in decimal digits, made without the ways of formatting, which take ten times as long.

/// Most digits of a number.
pub const MOST_DIGITS: usize = 20;

/// All numbers of two digits.
static PAIRS: [[u8; 2]; 100] = {
    let (mut pairs, mut number) = ([[0; 2]; 100], 0);
    while number < pairs.len() {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// A number's digits.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    digits: [u8; MOST_DIGITS],
    start: usize,
}

impl Decimal {
    /// Those of this number.
    pub fn new(number: u64) -> Decimal {
        let mut digits = [0; MOST_DIGITS];
        let start = put_digits(&mut digits, number);
        Decimal { digits, start }
    }

    /// From the first that is no zero.
    pub fn digits(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

/// Writes a number to the end of a room of [`MOST_DIGITS`] bytes; where it starts there. Of the bytes before,
/// the last may be written as well.
pub fn put_digits(room: &mut [u8; MOST_DIGITS], number: u64) -> usize {
    let (mut start, mut rest) = (MOST_DIGITS, number);
    let mut places = room.rchunks_exact_mut(2);
    let mut put = |pair: u64| {
        if let Some(place) = places.next() {
            place.copy_from_slice(&PAIRS[pair as usize]);
        }
    };
    while rest >= 100 {
        put(rest % 100);
        rest /= 100;
        start -= 2;
    }
    put(rest);
    start - if rest >= 10 { 2 } else { 1 }
}

/// The last six digits of a number, zeros in front included.
pub fn six_digits(number: u32) -> [u8; 6] {
    let pair = |factor: u32| PAIRS[(number / factor % 100) as usize];
    let ([a, b], [c, d], [e, f]) = (pair(10_000), pair(100), pair(1));
    [a, b, c, d, e, f]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_digits(number: u64) {
        let digits = Decimal::new(number);
        assert_eq!(digits.digits(), number.to_string().as_bytes());
    }

    #[test]
    fn numbers_of_every_length() {
        for power in (0..20).map(|digits| 10_u64.pow(digits)) {
            [power - 1, power, power + 1]
                .into_iter()
                .for_each(assert_digits);
        }
        assert_digits(u64::MAX);
    }

    #[test]
    fn six_digits_keep_their_zeros() {
        for (number, digits) in [
            (0, b"000000"),
            (7, b"000007"),
            (120_304, b"120304"),
            (999_999, b"999999"),
            (1_000_001, b"000001"),
        ] {
            assert_eq!(&six_digits(number), digits);
        }
    }

    proptest! {
        #[test]
        fn any_number(number in any::<u64>(), micros in 0..1_000_000_u32) {
            assert_digits(number);
            let six = six_digits(micros);
            prop_assert_eq!(String::from_utf8_lossy(&six), format!("{micros:06}"));
        }
    }
}
