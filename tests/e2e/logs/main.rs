//! What the logs say of a request: the lines of `JkRequestLogFormat` (contract §1.4) and the notes for
//! `LogFormat` (§1.7).

mod request_lines;
mod request_lines_chain;
