//! Columns of text.

use super::text::harmless;
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use std::io;

/// How a column's text stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// What a cell says, for the eye; the words say it, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As usual.
    #[default]
    Plain,
    /// Well.
    Good,
    /// To be looked at.
    Odd,
    /// Failed.
    Bad,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Its tone.
    pub tone: Tone,
}

impl<T: ToString> From<T> for Cell {
    fn from(value: T) -> Cell {
        Cell::toned(value, Tone::Plain)
    }
}

impl Cell {
    /// With a tone.
    pub fn toned(text: impl ToString, tone: Tone) -> Cell {
        Cell {
            text: harmless(&text.to_string()),
            tone,
        }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// A table with a line of headings.
pub struct Table {
    columns: Vec<(&'static str, Side)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With these columns.
    pub fn new(columns: &[(&'static str, Side)]) -> Table {
        Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Writes it; nothing if there is no row.
    ///
    /// # Errors
    /// As [`io::Write::write`].
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| self.width(column))
            .collect();
        let headings = self
            .columns
            .iter()
            .map(|(heading, _)| Cell::from(heading))
            .collect();
        for row in std::iter::once(&headings).chain(&self.rows) {
            writeln!(out, "{}", self.line(row, &widths))?;
        }
        Ok(())
    }

    fn width(&self, column: usize) -> usize {
        let heading = self.columns[column].0.len();
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(Cell::width).max().unwrap_or(0).max(heading)
    }

    fn line(&self, row: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        for (index, (cell, (_, side))) in row.iter().zip(&self.columns).enumerate() {
            let gap = " ".repeat(widths[index].saturating_sub(cell.width()));
            let is_last = index + 1 == self.columns.len();
            let (before, after) = match side {
                Side::Left if is_last => ("", ""),
                Side::Left => ("", gap.as_str()),
                Side::Right => (gap.as_str(), ""),
            };
            let style = style(cell.tone);
            let separator = if index == 0 { "" } else { "  " };
            let text = &cell.text;
            let _ = write!(line, "{separator}{before}{style}{text}{style:#}{after}");
        }
        line
    }
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Odd => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_nothing_to_the_terminal() {
        assert_eq!(Cell::from("a\x1b[2Jb\n").text, "a\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn columns_are_as_wide_as_they_need_to_be() {
        let mut table = Table::new(&[
            ("NAME", Side::Left),
            ("BUSY", Side::Right),
            ("STATE", Side::Left),
        ]);
        table.row(vec!["a".into(), 7.into(), "OK".into()]);
        table.row(vec![
            "longer".into(),
            12345.into(),
            Cell::toned("ERR", Tone::Bad),
        ]);
        let mut out = Vec::new();
        table
            .write(&mut anstream::StripStream::new(&mut out))
            .unwrap();
        let expected = "NAME     BUSY  STATE\na           7  OK\nlonger  12345  ERR\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
