//! Numbers that look drawn and are the same in each run.

/// Draws; two of the same seed draw the same.
pub struct Draw(pub u64);

impl Draw {
    /// A number below the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// True so many times in ten.
    pub fn in_ten(&mut self, times: u64) -> bool {
        self.below(10) < times
    }

    /// One of a list.
    pub fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    /// A text of 1 up to so many parts.
    pub fn text(&mut self, parts: &[&str], most: u64) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.one(parts)).collect()
    }
}
