//! The pages of the command and of each verb.

use super::page::Page;
use clap::Command;
use clap_mangen::Man;

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

fn text(command: Command) -> String {
    let man = Man::new(command)
        .manual("mod_rjk")
        .source(concat!("mod_rjk ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    // Memory takes all of it.
    let _ = man.render(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
