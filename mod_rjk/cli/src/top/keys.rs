//! What keys mean.

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::io;
use std::time::Duration;

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The end.
    Quit,
    /// Another order.
    Sort,
    /// So many lines down, or up.
    Scroll(isize),
    /// So many pages down, or up.
    Page(isize),
    /// To the first line.
    Home,
    /// To the last line.
    End,
    /// The window has another size.
    Redraw,
}

/// The next one, if it comes in time.
///
/// # Errors
/// The terminal is gone.
pub fn next(limit: Duration) -> io::Result<Option<Key>> {
    if !event::poll(limit)? {
        return Ok(None);
    }
    Ok(match event::read()? {
        Event::Key(key) if key.kind != KeyEventKind::Release => meaning(key),
        Event::Resize(..) => Some(Key::Redraw),
        _ => None,
    })
}

fn meaning(key: KeyEvent) -> Option<Key> {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c') if is_control => Key::Quit,
        KeyCode::Char('l') if is_control => Key::Redraw,
        KeyCode::Char(_) if is_control => return None,
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        KeyCode::Char('s') => Key::Sort,
        KeyCode::Down => Key::Scroll(1),
        KeyCode::Up => Key::Scroll(-1),
        KeyCode::PageDown => Key::Page(1),
        KeyCode::PageUp => Key::Page(-1),
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_meaning() {
        let plain = |code| meaning(KeyEvent::new(code, KeyModifiers::NONE));
        let control = |code| meaning(KeyEvent::new(code, KeyModifiers::CONTROL));
        assert_eq!(plain(KeyCode::Char('q')), Some(Key::Quit));
        assert_eq!(control(KeyCode::Char('c')), Some(Key::Quit));
        assert_eq!(control(KeyCode::Char('s')), None);
        assert_eq!(plain(KeyCode::Char('c')), None);
        assert_eq!(plain(KeyCode::Char('s')), Some(Key::Sort));
        assert_eq!(plain(KeyCode::PageUp), Some(Key::Page(-1)));
    }
}
