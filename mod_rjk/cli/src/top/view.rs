//! The screen: a title, the table, the keys.

use super::columns::{Column, Layout, cut};
use super::keys::Key;
use super::rows::{Farm, Order, Row};
use crate::manners::Tone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// What the one in front of the screen chose.
#[derive(Debug, Default)]
pub struct View {
    order: Order,
    /// Lines of the table that are above the window.
    offset: usize,
    /// Lines of the table that fit.
    page: usize,
}

/// Lines that are no rows: title, headings, keys.
const FRAME: u16 = 3;

impl View {
    /// Does what a key says.
    pub fn take(&mut self, key: Key) {
        let page = isize::try_from(self.page).unwrap_or(isize::MAX);
        match key {
            Key::Sort => {
                self.order = self.order.next();
                self.offset = 0;
            }
            Key::Scroll(lines) => self.offset = self.offset.saturating_add_signed(lines),
            Key::Page(pages) => {
                self.offset = self
                    .offset
                    .saturating_add_signed(pages.saturating_mul(page));
            }
            Key::Home => self.offset = 0,
            Key::End => self.offset = usize::MAX,
            Key::Quit | Key::Redraw => {}
        }
    }

    /// Draws all of it. A window that is too low loses the keys first, then the title.
    pub fn draw(&mut self, frame: &mut Frame<'_>, farm: &Farm) {
        let area = frame.area();
        let width = usize::from(area.width);
        let rows = farm.rows(self.order);
        let layout = Layout::of(&rows, width);
        let mut body: Vec<Line<'_>> = farm
            .silent()
            .into_iter()
            .map(|(text, bad)| silent(&text, bad, width))
            .collect();
        body.extend(rows.iter().map(|row| row_line(row, &layout)));
        self.page = usize::from(area.height.saturating_sub(FRAME));
        self.offset = self.offset.min(body.len().saturating_sub(self.page));
        let title = self.title(farm, &rows, body.len());
        let mut lines = vec![bar(&title, width), headings(&layout)];
        lines.extend(body.into_iter().skip(self.offset).take(self.page));
        for (line, y) in lines.into_iter().zip(area.top()..area.bottom()) {
            frame.render_widget(line, Rect::new(area.left(), y, area.width, 1));
        }
        if area.height >= FRAME {
            let keys = bar("q quit  s sort  arrows scroll", width);
            frame.render_widget(
                keys,
                Rect::new(area.left(), area.bottom() - 1, area.width, 1),
            );
        }
    }

    /// What must be seen first stands first.
    fn title(&self, farm: &Farm, rows: &[&Row], lines: usize) -> String {
        let failed = rows.iter().filter(|row| row.state.is_error()).count();
        let mut parts = vec!["rjk top".to_owned()];
        if failed > 0 {
            parts.push(format!("{failed} in error"));
        }
        if farm.troubled() > 0 {
            parts.push(format!("{} silent", farm.troubled()));
        }
        parts.push(format!("sort {}", self.order.as_str()));
        parts.push(counted(farm.host_count(), "host"));
        parts.push(counted(rows.len(), "member"));
        if lines > self.page {
            let last = (self.offset + self.page).min(lines);
            parts.push(format!("lines {}-{last} of {lines}", self.offset + 1));
        }
        parts.join("  ")
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn bar(text: &str, width: usize) -> Line<'static> {
    let text: String = text.chars().take(width).collect();
    let style = Style::new().add_modifier(Modifier::REVERSED);
    Line::styled(format!("{text:width$}"), style)
}

fn silent(text: &str, is_bad: bool, width: usize) -> Line<'static> {
    let text: String = text.chars().take(width).collect();
    let tone = if is_bad { Tone::Bad } else { Tone::Plain };
    Line::styled(text, style(tone))
}

fn headings(layout: &Layout) -> Line<'static> {
    let cells = layout.columns.iter().map(|(column, width)| {
        let heading = column.heading(layout.is_narrow);
        padded(heading, *column, *width)
    });
    let line = cells.collect::<Vec<_>>().join(&" ".repeat(layout.gap));
    Line::styled(line, Style::new().add_modifier(Modifier::BOLD))
}

fn row_line(row: &Row, layout: &Layout) -> Line<'static> {
    let mut spans = Vec::new();
    for (index, (column, width)) in layout.columns.iter().enumerate() {
        if index > 0 {
            spans.push(Span::raw(" ".repeat(layout.gap)));
        }
        let cell = column.cell(row);
        let text = padded(&cut(&cell.text, *width), *column, *width);
        spans.push(Span::styled(text, style(cell.tone)));
    }
    Line::from(spans)
}

fn padded(text: &str, column: Column, width: usize) -> String {
    match column.is_number() {
        true => format!("{text:>width$}"),
        false => format!("{text:width$}"),
    }
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Good => Style::new().fg(Color::Green),
        Tone::Odd => Style::new().fg(Color::Yellow),
        Tone::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::farm;
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    /// The screen after some keys, its lines without blanks at the end.
    fn screen(farm: &Farm, keys: &[Key], width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut view = View::default();
        terminal.draw(|frame| view.draw(frame, farm)).unwrap();
        for key in keys {
            view.take(*key);
        }
        terminal.draw(|frame| view.draw(frame, farm)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| {
            (0..width)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
        };
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_screen_of_80_columns() {
        let farm = farm(&[
            &["node1 ACT OK 3 10 0", "node2 DIS ERR 0 0 2"],
            &["node1 ACT OK 3 30 0", "node2 DIS ERR 0 0 2"],
        ]);
        let expected = "\
rjk top  1 in error  sort host  1 host  3 members
HOST  BALANCER  MEMBER  ACTIVATION  STATE  BUSY  REQ/S  ERR/S  ELECTED  ERRORS
www1  lb        node1   ACT         OK        3   20.0    0.0       30       0
www1  lb        node2   DIS         ERR       0    0.0    0.0        0       2
www1  -         single  -           OK        0    0.0    0.0        1       0

q quit  s sort  arrows scroll";
        assert_eq!(screen(&farm, &[], 80, 7).join("\n"), expected);
    }

    #[test]
    fn a_low_screen_scrolls() {
        let members: Vec<String> = (0..20)
            .map(|number| format!("m{number} ACT OK {number} 0 0"))
            .collect();
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        let farm = farm(&[&members]);
        let first = |keys: &[Key]| screen(&farm, keys, 40, 8)[2].clone();
        assert!(first(&[]).contains(" m0 "), "{}", first(&[]));
        assert!(first(&[Key::Scroll(1), Key::Scroll(1)]).contains(" m2 "));
        assert!(first(&[Key::Page(1), Key::Scroll(-1)]).contains(" m4 "));
        // The last page is a whole one, and nothing is beyond.
        assert!(first(&[Key::End]).contains(" m16 "));
        assert!(first(&[Key::Sort]).contains(" m19 "));
        assert!(first(&[Key::Scroll(-1)]).contains(" m0 "));
    }

    #[test]
    fn no_size_is_too_small() {
        let farm = farm(&[&["node1 ACT OK 3 10 0"]]);
        for (width, height) in [(1, 1), (2, 2), (40, 1), (5, 24), (40, 3)] {
            let lines = screen(&farm, &[Key::End, Key::Page(1)], width, height);
            assert_eq!(lines.len(), usize::from(height));
        }
        assert_eq!(screen(&farm, &[], 7, 1), ["rjk top"]);
    }
}
