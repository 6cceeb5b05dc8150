//! `rjk ping` and `rjk get`: one AJP peer, asked as the module would ask it.

mod foreign;
mod get;
mod ping;
mod target;
mod time;
mod trouble;
mod way;

pub use get::Getting;
pub use ping::Pinging;
