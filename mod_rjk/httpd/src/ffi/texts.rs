//! Texts that httpd reads as long as a pool lives.

use super::apr::Pool;
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

/// A C string that lives for `'p`: in a pool, or for ever.
#[derive(Clone, Copy)]
pub(crate) struct Text<'p> {
    start: NonNull<c_char>,
    life: PhantomData<&'p c_char>,
}

impl<'p> Text<'p> {
    /// The parts, one behind the other, in a pool. httpd does not see what stands behind a NUL.
    pub(crate) fn new(pool: Pool<'p>, parts: &[&[u8]]) -> Text<'p> {
        let room = &mut [];
        Texts { pool, room }.write(parts)
    }

    /// A text whose last byte is zero.
    fn ended(text: &'p mut [u8]) -> Text<'p> {
        debug_assert_eq!(text.last(), Some(&0));
        Text {
            start: NonNull::from(text).cast(),
            life: PhantomData,
        }
    }

    pub(crate) fn as_ptr(self) -> *mut c_char {
        self.start.as_ptr()
    }
}

impl<'p> From<&'p CStr> for Text<'p> {
    fn from(text: &'p CStr) -> Text<'p> {
        Text {
            start: NonNull::from(text).cast(),
            life: PhantomData,
        }
    }
}

/// Room in a pool for texts that are written one after the other: asked for once, not for each.
pub(crate) struct Texts<'p> {
    pool: Pool<'p>,
    /// All zero.
    room: &'p mut [u8],
}

impl<'p> Texts<'p> {
    /// Bytes of a [number](Texts::number).
    pub(crate) const NUMBER: usize = MOST_DIGITS + 1;
    /// Bytes of [seconds](Texts::seconds).
    pub(crate) const SECONDS: usize = MOST_DIGITS + 8;

    /// Room for texts of so many bytes, each with its end. What does not fit gets room of its own.
    pub(crate) fn new(pool: Pool<'p>, bytes: usize) -> Texts<'p> {
        let room = pool.room(bytes);
        Texts { pool, room }
    }

    /// Writes one, as [`Text::new`] does.
    pub(crate) fn write(&mut self, parts: &[&[u8]]) -> Text<'p> {
        let text = self.place(parts.iter().map(|part| part.len()).sum::<usize>() + 1);
        let mut at = 0;
        for part in parts {
            text[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        Text::ended(text)
    }

    /// Writes numbers.
    pub(crate) fn numbers<const COUNT: usize>(
        &mut self,
        numbers: [u64; COUNT],
    ) -> [Text<'p>; COUNT] {
        let (places, _) = self.place(COUNT * Texts::NUMBER).as_chunks_mut();
        let mut places = places.iter_mut();
        numbers.map(|number| {
            places
                .next()
                .map_or(Text::from(c""), |place: &mut [u8; Texts::NUMBER]| {
                    let start = put_digits(&mut place[..MOST_DIGITS], number, 1);
                    Text::ended(&mut place[start..])
                })
        })
    }

    /// Writes seconds with six decimals.
    pub(crate) fn seconds(&mut self, time: Duration) -> Text<'p> {
        let text = self.place(Texts::SECONDS);
        let end = Texts::SECONDS - 1;
        let point = put_digits(&mut text[..end], time.subsec_micros().into(), 6) - 1;
        text[point] = b'.';
        let start = put_digits(&mut text[..point], time.as_secs(), 1);
        Text::ended(&mut text[start..])
    }

    fn place(&mut self, bytes: usize) -> &'p mut [u8] {
        if self.room.len() < bytes {
            self.room = self.pool.room(bytes);
        }
        let (place, rest) = std::mem::take(&mut self.room).split_at_mut(bytes);
        self.room = rest;
        place
    }
}

/// Most digits of a number.
const MOST_DIGITS: usize = 20;

/// Writes a number, with zeros in front up to `least` digits, to the end of a room; where it starts there.
fn put_digits(room: &mut [u8], number: u64, least: usize) -> usize {
    let (mut start, mut rest, most) = (room.len(), number, room.len() - least);
    for place in room.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        start -= 1;
        if rest == 0 && start <= most {
            break;
        }
    }
    start
}

/// A number in decimal digits, made without the ways of formatting, which take ten times as long.
pub(crate) struct Decimal {
    digits: [u8; MOST_DIGITS],
    start: usize,
}

impl Decimal {
    pub(crate) fn new(number: u64) -> Decimal {
        let mut digits = [0; MOST_DIGITS];
        let start = put_digits(&mut digits, number, 1);
        Decimal { digits, start }
    }

    pub(crate) fn digits(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}
