//! The pages of the command and of each verb.

use super::page::{Page, example};
use clap::Command;
use clap::builder::Resettable;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

/// One page for the command, one for each verb, and for each verb of a verb.
pub fn pages(command: Command) -> Vec<Page> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages);
    pages
}

fn add(command: &Command, pages: &mut Vec<Page>) {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let about = command.get_about().map(ToString::to_string);
    pages.push(Page {
        name: name.to_owned(),
        section: 1,
        about: about.unwrap_or_default(),
        text: text(command.clone()),
    });
    let verbs = command.get_subcommands();
    for verb in verbs.filter(|verb| !verb.is_hide_set()) {
        add(verb, pages);
    }
}

fn text(mut command: Command) -> String {
    let help = command.get_after_help().map(ToString::to_string);
    // clap_mangen would fill the lines of examples.
    command = command.after_help(Resettable::Reset);
    let man = Man::new(command)
        .manual("mod_rjk")
        .source(concat!("mod_rjk ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    // Memory takes all of it.
    let _ = man.render(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    match help {
        Some(help) => text + &Help::of(&help).sections(),
        None => text,
    }
}

/// What stands behind the options in `--help`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Help<'a> {
    /// Paragraphs.
    notes: Vec<&'a str>,
    /// Lines that are to be typed.
    examples: Vec<&'a str>,
}

impl<'a> Help<'a> {
    fn of(text: &'a str) -> Help<'a> {
        let mut help = Help::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.strip_prefix("  ") {
                Some(example) => help.examples.push(example),
                None if matches!(line, "Example:" | "Examples:") => {}
                None => help.notes.push(line),
            }
        }
        help
    }

    /// As man-pages(7) names and orders them.
    fn sections(&self) -> String {
        let mut roff = Roff::new();
        if !self.notes.is_empty() {
            roff.control("SH", ["NOTES"]);
        }
        for note in &self.notes {
            roff.control("PP", []);
            roff.text([roman(*note)]);
        }
        if !self.examples.is_empty() {
            roff.control("SH", ["EXAMPLES"]);
            example(&mut roff, &self.examples.join("\n"));
        }
        roff.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_told_from_notes() {
        let help = Help::of("Before.\n\nExamples:\n  rjk a   one\n  rjk b\n\nAfter.\nAnd more.");
        assert_eq!(help.notes, ["Before.", "After.", "And more."]);
        assert_eq!(help.examples, ["rjk a   one", "rjk b"]);
    }
}
