//! `rjk top`: the members of several web hosts, live.

mod columns;
mod feed;
mod keys;
mod once;
mod rows;
mod screen;
mod signals;
mod view;

use crate::farm::{Access, Address, Client, distinct, labels};
use crate::manners::{Ending, Outcome, Printer, time};
use feed::Feed;
use keys::Key;
use rows::Farm;
use screen::Screen;
use signals::Signals;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};
use view::View;

/// `rjk top URL…`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys: q or Ctrl-C quits, s sorts by another column, arrows, Page Up and Page Down scroll.

A web host is asked by a thread of its own: one that does not answer keeps no other waiting. Requests and errors per \
second are differences of two answers; - stands for none, as after a reset.

Example:
  rjk top --interval 5s http://www1/jkstatus http://www2/jkstatus")]
pub struct Top {
    /// Status workers of mod_rjk, one of each web host
    #[arg(value_name = "URL", required = true)]
    urls: Vec<Address>,
    /// Time between two looks at a web host
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    interval: Duration,
    /// Prints one table, after two looks; ends with 1 if a member is in error or a web host does not answer
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    access: Access,
}

/// Status workers are not asked more often than this.
const SHORTEST: Duration = Duration::from_millis(100);
/// How long a key or an answer may wait.
const TICK: Duration = Duration::from_millis(50);
/// Ages on the screen grow by themselves.
const REDRAW: Duration = Duration::from_secs(1);

impl Top {
    /// Shows it until somebody quits.
    ///
    /// # Errors
    /// The arguments are wrong, there is no terminal, or it cannot be used any more.
    pub fn run(&self, printer: &mut Printer) -> Outcome {
        distinct(&self.urls)?;
        let interval = self.interval.max(SHORTEST);
        let client = self.access.client()?;
        if self.once {
            return once::run(&client, &self.urls, interval, printer);
        }
        if printer.json() {
            return Err(TopError::Json.into());
        }
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(TopError::NoTerminal.into());
        }
        let signals = Signals::watch().map_err(TopError::Screen)?;
        let shown = self.live(client, interval, &signals);
        // With a terminal that hangs up, the screen fails, too.
        signals.have_their_way().map_err(TopError::Screen)?;
        shown.map_err(TopError::Screen)?;
        Ok(Ending::Fine)
    }

    fn live(&self, client: Client, interval: Duration, signals: &Signals) -> io::Result<()> {
        let feed = Feed::start(&Arc::new(client), &self.urls, interval);
        let mut farm = Farm::new(labels(&self.urls), interval);
        let mut view = View::default();
        let mut screen = Screen::take()?;
        let mut drawn: Option<Instant> = None;
        while !signals.came() {
            let heard = feed.heard(&mut farm)?;
            if heard || drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
                screen.draw(|frame| view.draw(frame, &farm))?;
                drawn = Some(Instant::now());
            }
            match keys::next(TICK)? {
                Some(Key::Quit) => return Ok(()),
                Some(key) => {
                    view.take(key);
                    drawn = None;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
enum TopError {
    /// Standard input or output is something else.
    #[error("rjk top needs a terminal; give --once for one table")]
    NoTerminal,
    /// A screen is no JSON.
    #[error("--json needs --once")]
    Json,
    /// The terminal does not do what it should.
    #[error("the terminal cannot be used: {0}")]
    Screen(io::Error),
}
