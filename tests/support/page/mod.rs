//! A page of docs that leads through a change of a site, read so that a test can go through it.
//!
//! Its blocks are those of a [`Document`]; what is more than commands says where it belongs, too:
//!
//! ````text
//! ```sh web-01 web-02                              commands, on each of these hosts
//! ```sh not tried                                  commands that nobody runs
//! ```toml web-01 rjk.toml                          text for a file of a host,
//! ```xml was-01 conf/server.xml below Engine       and where in it
//! ```nft was-01 /etc/nftables.conf in place of 8009
//! <!-- player: again on was-02: 1; 2 -->           what the prose beside it says
//! ````
//!
//! A table with the head `file | goes to | owner | mode` says which files are copied. A block that does not say where it
//! belongs is an error: nothing of a page is passed over in silence.

mod edit;
mod marks;
#[cfg(test)]
mod tests;

pub use edit::{Edited, Spot};

use crate::Result;
use crate::document::{Block, Document};
use anyhow::{Context, bail, ensure};
use marks::{Mark, marks};

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// What stands below each heading that has something to do, in order.
    pub parts: Vec<Part>,
}

/// What stands below a heading, down to the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The heading.
    pub title: String,
    /// What is done, in order.
    pub items: Vec<Item>,
}

impl Part {
    /// Whether it is meant by a name: its title, or the number before it.
    pub fn is(&self, name: &str) -> bool {
        let numbered = self.title.strip_prefix(name);
        self.title == name || numbered.is_some_and(|rest| rest.starts_with(". "))
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its line on the page.
    pub line: usize,
    /// What it is.
    pub act: Act,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Commands.
    Run {
        /// On each of these hosts.
        hosts: Vec<String>,
        /// What they are.
        commands: Vec<String>,
        /// The exit code of the last one.
        exit: i32,
        /// What all of them print, if the page says so.
        prints: Option<String>,
    },
    /// Text that goes into a file.
    Put {
        /// On each of these hosts.
        hosts: Vec<String>,
        /// The file.
        file: String,
        /// Where in it.
        spot: Spot,
        /// What it is.
        text: String,
    },
    /// A file that goes from where it was made to others.
    Copy(Copied),
    /// What the prose says.
    Order(String),
    /// Commands that the page says nobody tried.
    NotTried,
}

/// A row of a table of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name where it was made.
    pub file: String,
    /// The hosts that get it.
    pub hosts: Vec<String>,
    /// Its name there.
    pub to: String,
    /// Its owner there, who has a group of that name.
    pub owner: String,
    /// Its mode there, as chmod takes it.
    pub mode: String,
}

impl Page {
    /// Reads one.
    ///
    /// # Errors
    /// A block does not say where it belongs, or is not well formed.
    pub fn read(text: &str) -> Result<Page> {
        let document = Document::parse(text)?;
        let mut parts = vec![Part::default()];
        for (line, mark) in marks(text, &document)? {
            let part = parts.last_mut().context("no part")?;
            let act = match mark {
                Mark::Heading(title) => {
                    let items = Vec::new();
                    parts.push(Part { title, items });
                    continue;
                }
                Mark::Block(block) if block.language == "text" => {
                    let printed = part.takes_printed(&block.text);
                    printed.with_context(|| format!("line {line}"))?;
                    continue;
                }
                Mark::Block(block) => act(block).with_context(|| format!("line {line}"))?,
                Mark::Order(order) => Act::Order(order),
                Mark::Copy(copied) => Act::Copy(copied),
            };
            part.items.push(Item { line, act });
        }
        parts.retain(|part| !part.items.is_empty());
        Ok(Page { parts })
    }

    /// The part of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn part(&self, name: &str) -> Result<&Part> {
        let found = self.parts.iter().find(|part| part.is(name));
        found.with_context(|| format!("the page has no part {name}"))
    }
}

impl Part {
    /// What its last commands print.
    fn takes_printed(&mut self, text: &str) -> Result {
        let last = self.items.last_mut().map(|item| &mut item.act);
        let Some(Act::Run { prints, .. }) = last else {
            bail!("nothing above prints this");
        };
        ensure!(prints.is_none(), "these commands print something already");
        *prints = Some(text.to_owned());
        Ok(())
    }
}

impl Default for Part {
    /// What stands above all headings.
    fn default() -> Part {
        Part {
            title: String::new(),
            items: Vec::new(),
        }
    }
}

/// A block, by its language and the words behind it.
fn act(block: &Block) -> Result<Act> {
    let words: Vec<&str> = block.places.iter().map(String::as_str).collect();
    match (&*block.language, &*words) {
        (language, []) => bail!("a block of {language} that says neither host nor file"),
        ("sh", ["not", "tried"]) => Ok(Act::NotTried),
        ("sh", _) => Ok(Act::Run {
            hosts: block.places.clone(),
            commands: block.commands(),
            exit: block.exit,
            prints: None,
        }),
        _ => put(&words, &block.text),
    }
}

/// Hosts, file, and where in the file.
fn put(words: &[&str], text: &str) -> Result<Act> {
    let at = words.iter().position(|word| word.contains(['.', '/']));
    let at = at.context("no file is named")?;
    ensure!(at > 0, "no host is named");
    Ok(Act::Put {
        hosts: words[..at].iter().map(|word| (*word).to_owned()).collect(),
        file: words[at].to_owned(),
        spot: Spot::read(&words[at + 1..])?,
        text: text.to_owned(),
    })
}
