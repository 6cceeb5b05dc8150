//! Which columns stand in a line of a certain width, and how wide they are.

use super::rows::{Rates, Row};
use crate::farm::{activation, state};
use crate::manners::Cell;

/// The gap between two columns, and where there is little room.
const GAP: usize = 2;
const NARROW_GAP: usize = 1;
/// Below this there is little room.
const NARROW: usize = 60;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Host,
    Balancer,
    Member,
    Activation,
    State,
    Busy,
    Requests,
    ErrorRate,
    Elected,
    Errors,
}

/// In the order in which they stand.
pub const ALL: [Column; 10] = [
    Column::Host,
    Column::Balancer,
    Column::Member,
    Column::Activation,
    Column::State,
    Column::Busy,
    Column::Requests,
    Column::ErrorRate,
    Column::Elected,
    Column::Errors,
];

/// In the order in which they are given room.
const BY_USE: [Column; 10] = [
    Column::Member,
    Column::State,
    Column::Busy,
    Column::Host,
    Column::Activation,
    Column::Requests,
    Column::ErrorRate,
    Column::Balancer,
    Column::Errors,
    Column::Elected,
];

/// So many of them even if names must be cut for it.
const NEEDED: usize = 6;

impl Column {
    /// The heading; where there is little room, a short one.
    pub fn heading(self, is_narrow: bool) -> &'static str {
        match self {
            Column::Host => "HOST",
            Column::Balancer => "BALANCER",
            Column::Member => "MEMBER",
            Column::Activation if is_narrow => "ACT",
            Column::Activation => "ACTIVATION",
            Column::State => "STATE",
            Column::Busy => "BUSY",
            Column::Requests => "REQ/S",
            Column::ErrorRate => "ERR/S",
            Column::Elected => "ELECTED",
            Column::Errors => "ERRORS",
        }
    }

    /// Whether numbers stand in it.
    pub fn is_number(self) -> bool {
        !matches!(
            self,
            Column::Host | Column::Balancer | Column::Member | Column::Activation | Column::State
        )
    }

    /// What a row has in it.
    pub fn cell(self, row: &Row) -> Cell {
        match self {
            Column::Host => (&row.host).into(),
            Column::Balancer => row.balancer.as_deref().unwrap_or("-").into(),
            Column::Member => (&row.member).into(),
            Column::Activation => row.activation.map_or_else(|| "-".into(), activation),
            Column::State => state(&row.state),
            Column::Busy => row.busy.into(),
            Column::Requests => rate(row.rates.map(|rates| rates.requests)).into(),
            Column::ErrorRate => rate(row.rates.map(|Rates { errors, .. }| errors)).into(),
            Column::Elected => row.count.elected.into(),
            Column::Errors => row.count.errors.into(),
        }
    }

    /// Names may be cut.
    fn least(self, natural: usize) -> usize {
        match self {
            Column::Host | Column::Balancer | Column::Member => natural.min(8),
            _ => natural,
        }
    }
}

fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "-".to_owned(),
        Some(rate @ ..99.95) => format!("{rate:.1}"),
        Some(rate) => format!("{rate:.0}"),
    }
}

/// The columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Each with its width.
    pub columns: Vec<(Column, usize)>,
    /// Between two of them.
    pub gap: usize,
    /// Whether headings are short.
    pub is_narrow: bool,
}

impl Layout {
    /// For a line of a certain width.
    pub fn of(rows: &[&Row], width: usize) -> Layout {
        let is_narrow = width < NARROW;
        let gap = if is_narrow { NARROW_GAP } else { GAP };
        let natural = |column: Column| {
            let cells = rows.iter().map(|row| column.cell(row).text.chars().count());
            let heading = column.heading(is_narrow).len();
            cells.max().unwrap_or(0).max(heading)
        };
        let mut room = Room {
            left: width + gap,
            gap,
            chosen: Vec::new(),
        };
        for column in BY_USE {
            // What is of less use must not cost the names of what is of more.
            if room.chosen.len() == NEEDED {
                room.widen(natural);
            }
            let wanted = natural(column);
            let least = match room.chosen.len() < NEEDED {
                true => column.least(wanted),
                false => wanted,
            };
            if !room.give(column, least) {
                break;
            }
        }
        room.widen(natural);
        let mut chosen = room.chosen;
        chosen.sort_by_key(|(column, _)| ALL.iter().position(|known| known == column));
        Layout {
            columns: chosen,
            gap,
            is_narrow,
        }
    }
}

/// What is left of a line.
struct Room {
    left: usize,
    gap: usize,
    chosen: Vec<(Column, usize)>,
}

impl Room {
    /// Whether there was so much left.
    fn give(&mut self, column: Column, width: usize) -> bool {
        let Some(left) = self.left.checked_sub(width + self.gap) else {
            return false;
        };
        self.left = left;
        self.chosen.push((column, width));
        true
    }

    /// Names that were cut get what is left.
    fn widen(&mut self, natural: impl Fn(Column) -> usize) {
        for (column, width) in &mut self.chosen {
            let more = natural(*column).saturating_sub(*width).min(self.left);
            self.left -= more;
            *width += more;
        }
    }
}

/// A text of at most so many letters: the middle goes, for names differ at their ends.
pub fn cut(text: &str, width: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else {
        return String::new();
    };
    let (front, back) = (room - room / 2, room / 2);
    let start = letters[..front].iter();
    let end = letters[letters.len() - back..].iter();
    start.chain(['…'].iter()).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rows::Order;
    use super::super::rows::tests::farm;
    use super::*;

    #[test]
    fn little_room_goes_to_what_is_used_most() {
        let farm = farm(&[&["node1 ACT OK/IDLE 3 10 0"]]);
        let rows = farm.rows(Order::Host);
        let headings = |width: usize| -> String {
            let layout = Layout::of(&rows, width);
            let used: usize = layout
                .columns
                .iter()
                .map(|(_, width)| width + layout.gap)
                .sum();
            assert!(used <= width + layout.gap, "{width}: {layout:?}");
            let names = layout
                .columns
                .iter()
                .map(|(column, _)| column.heading(layout.is_narrow));
            names.collect::<Vec<_>>().join(" ")
        };
        let all = "HOST BALANCER MEMBER ACTIVATION STATE BUSY REQ/S ERR/S ELECTED ERRORS";
        assert_eq!(headings(100), all);
        assert_eq!(headings(40), "HOST MEMBER ACT STATE BUSY REQ/S ERR/S");
        assert_eq!(headings(20), "MEMBER STATE BUSY");
        assert_eq!(headings(3), "");
    }

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(cut("127.0.0.1:34883", 20), "127.0.0.1:34883");
        assert_eq!(cut("127.0.0.1:34883", 10), "127.0…4883");
        assert_eq!(cut("abc", 1), "…");
        assert_eq!(cut("abc", 0), "");
    }
}
