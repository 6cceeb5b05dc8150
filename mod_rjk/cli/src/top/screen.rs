//! The terminal, which is given back as it was however the command ends.

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};
use std::io::{self, Stdout, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is ours. It is given back once: a second time would move the cursor up, over what was written
/// since.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. A panic of any thread gives it back before its message is written, everything else
/// when this value goes.
pub struct Screen(Terminal<CrosstermBackend<Stdout>>);

impl Screen {
    /// Takes the whole screen.
    ///
    /// # Errors
    /// The terminal does not let us.
    pub fn take() -> io::Result<Screen> {
        give_back_before_a_panic_speaks();
        TAKEN.store(true, Ordering::SeqCst);
        begin().inspect_err(|_| give_back())
    }

    /// Draws.
    ///
    /// # Errors
    /// The terminal is gone, or given back.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        match TAKEN.load(Ordering::SeqCst) {
            true => self.0.draw(view).map(drop),
            false => Err(io::Error::other("a thread failed")),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn begin() -> io::Result<Screen> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    terminal.hide_cursor()?;
    Ok(Screen(terminal))
}

fn give_back_before_a_panic_speaks() {
    let speak = panic::take_hook();
    panic::set_hook(Box::new(move |about| {
        give_back();
        speak(about);
    }));
}

/// A terminal that is gone is nobody's loss.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = disable_raw_mode();
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rjk_testbed::terminal::Terminal;
    use std::env;

    /// Says what is to be done on a screen.
    const PART: &str = "RJK_TEST_SCREEN";

    /// Runs this test again, on a terminal, as the one who fails there.
    #[test]
    fn it_is_given_back_after_an_error_and_a_panic() {
        match env::var(PART).as_deref() {
            Ok("panic") => fail_on_screen(|| panic!("something impossible")),
            Ok("error") => fail_on_screen(|| Err(io::Error::other("something went wrong"))),
            _ => {
                given_back("panic", "something impossible");
                given_back("error", "something went wrong");
            }
        }
    }

    fn fail_on_screen(fail: impl FnOnce() -> io::Result<()>) {
        let run = || -> io::Result<()> {
            let mut screen = Screen::take()?;
            screen.draw(|frame| frame.render_widget("DRAWN", frame.area()))?;
            fail()
        };
        run().unwrap();
    }

    fn given_back(part: &str, message: &str) {
        let test = "top::screen::tests::it_is_given_back_after_an_error_and_a_panic";
        let program = env::current_exe().unwrap();
        let variable = format!("{PART}={part}");
        let arguments = [
            "RUST_BACKTRACE=0",
            &variable,
            program.to_str().unwrap(),
            "--exact",
            test,
            "--nocapture",
        ];
        let env = std::path::Path::new("/usr/bin/env");
        let mut terminal = Terminal::run(env, &arguments, 80, 24).unwrap();
        let code = terminal.end().unwrap();
        let screen = terminal.screen();
        assert_eq!(code, Some(101), "{part}: {screen}");
        let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
        assert!(bytes.contains("DRAWN"), "{part}: {bytes}");
        assert!(!terminal.is_alternate(), "{part}");
        assert!(terminal.is_cooked().unwrap(), "{part}");
        assert!(screen.contains(message), "{part}: {screen}");
    }
}
