//! Texts that httpd reads as long as a pool lives.

use super::apr::Pool;
use rjk_config::decimal::{MOST_DIGITS, put_digits, six_digits};
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
        // Not by way of `Texts`, whose room is zeroed first: a request makes several of these.
        Text::ended(pool.joined(parts))
    }

    /// A text whose last byte is zero.
    fn ended(text: &'p mut [u8]) -> Text<'p> {
        debug_assert_eq!(text.last(), Some(&0));
        Text {
            start: NonNull::from(text).cast(),
            life: PhantomData,
        }
    }

    /// A number in front of what stands behind the place for its digits.
    fn number(text: &'p mut [u8], number: u64) -> Text<'p> {
        let digits = text.first_chunk_mut();
        let start = digits.map_or(0, |digits| put_digits(digits, number));
        Text::ended(&mut text[start..])
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
    /// Bytes of each of the [numbers](Texts::numbers).
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
        let mut places = self
            .place(COUNT * Texts::NUMBER)
            .chunks_exact_mut(Texts::NUMBER);
        numbers.map(|number| match places.next() {
            Some(place) => Text::number(place, number),
            None => Text::from(c""),
        })
    }

    /// Writes seconds with six decimals.
    pub(crate) fn seconds(&mut self, time: Duration) -> Text<'p> {
        let text = self.place(Texts::SECONDS);
        text[MOST_DIGITS] = b'.';
        text[MOST_DIGITS + 1..][..6].copy_from_slice(&six_digits(time.subsec_micros()));
        Text::number(text, time.as_secs())
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
