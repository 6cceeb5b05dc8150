//! Tables: on a narrow screen each row is a card, whose cells carry their headings.

use maud::{Markup, display, html};
use std::fmt::Display;

/// A table with headings.
pub(super) struct Table<const N: usize> {
    headings: [&'static str; N],
    rows: Vec<[Cell; N]>,
}

/// A cell.
pub(super) struct Cell {
    content: Markup,
    is_number: bool,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(headings: [&'static str; N]) -> Table<N> {
        Table {
            headings,
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: [Cell; N]) {
        self.rows.push(cells);
    }

    pub(super) fn markup(&self) -> Markup {
        html! {
            div.scroll {
                table.wide {
                    thead { tr { @for heading in &self.headings { th scope="col" { (heading) } } } }
                    tbody {
                        @for cells in &self.rows {
                            (self.row_markup(cells))
                            // Who reads the source finds one row in one line.
                            "\n"
                        }
                    }
                }
            }
        }
    }

    fn row_markup(&self, cells: &[Cell; N]) -> Markup {
        html! {
            tr {
                @for (heading, cell) in self.headings.iter().zip(cells) {
                    td data-label=(heading) class=[cell.is_number.then_some("n")] { (cell.content) }
                }
            }
        }
    }
}

/// Anything.
pub(super) fn cell(content: Markup) -> Cell {
    Cell {
        content,
        is_number: false,
    }
}

/// Text.
pub(super) fn text(value: impl Display) -> Cell {
    cell(html! { (display(value)) })
}

/// A number.
pub(super) fn number(value: impl Display) -> Cell {
    Cell {
        is_number: true,
        ..text(value)
    }
}
