//! `rjk ping` and `rjk get`: one peer, asked as the module would ask it.

mod configured;
mod foreign;
mod found;
mod get;
mod ping;
mod target;
mod time;
mod tls;
mod trouble;
mod way;

pub use get::Getting;
pub use ping::Pinging;
