//! The status worker: its formats, its commands, who may use it, and the page for people (contract §6).

mod browser;
mod changes;
mod foreign;
mod forms;
mod json;
mod page;
mod scripts;
mod secrets;
mod servers;
mod site;
mod transcripts;
mod words;
