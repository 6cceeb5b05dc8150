//! The status worker: what it is asked, what it may do, and its answers in each format (contract §6).
//!
//! [`answer()`] is the one door. A request goes through
//!
//! | module | what it knows |
//! |---|---|
//! | `query` | parameters of the query string |
//! | `access` | who may ask, and what browsers say of pages of other sites |
//! | `command` | the words of `cmd`, `mime` and `opt` |
//! | `target` | which worker and members a request names |
//! | `gather`, `maps`, `policy`, `decisions` | the running server ([`Site`]) as a `model::Page` |
//! | `change`, `setting` | what update, reset and recover do |
//! | `text`, `properties`, `xml`, `json`, `html` | a page in its format |
//!
//! # How a renderer is written
//!
//! A renderer is a function from `model::Page` to text. It reads nothing but the page, and for links
//! and forms the request's parameters, path and worker (`Context`). The page has its three parts in the
//! order of the output: `head` (absent after an error or a change), `body` (one variant for each kind of
//! answer) and `result`. The text formats do not name the fields one by one: `fields` gives those of each block,
//! in order, with the names that scripts know. A page for people names what it shows, and
//! formats it itself. All texts in a page are as the configuration or a client wrote them: a renderer
//! escapes whatever it writes. Secrets are in no page.
//!
//! An edit form comes as a body of its own (`model::Body::Edit`); what it sends back are the parameters of
//! contract §6.3. Of several parameters of one name the last counts, so a checkbox stands behind a hidden field
//! with the other value: unticked, it still sends that one (BG-22).
#![forbid(unsafe_code)]

mod access;
mod answer;
mod change;
mod command;
mod context;
mod decisions;
mod fields;
mod gather;
mod html;
mod json;
mod maps;
mod model;
mod policy;
mod properties;
mod query;
mod setting;
mod site;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod wall_time;
mod xml;

pub use access::{Client, Provenance};
pub use answer::{Answer, Request, answer};
pub use command::Format;
pub use query::Query;
pub use site::{Site, Worker};
pub use wall_time::WallTime;
