//! The bytes that are sent, made before anything is measured.

use crate::plan::{Point, Work};
use std::fmt::Write;
use std::sync::Arc;

/// Bytes of one of the headers of [`Work::Headers`].
const HEADER: usize = 512;

/// Heads that are sent in turn, and what belongs to each.
#[derive(Clone, Debug)]
pub struct Requests {
    heads: Arc<[Vec<u8>]>,
    turn: usize,
    /// Bytes of a request's body.
    pub upload: u64,
    /// Bytes of an answer's body.
    pub answer: u64,
    /// The connection stays open.
    pub keep_alive: bool,
}

impl Requests {
    /// Those of a point, for a server with this path.
    pub fn new(point: &Point, path: &str) -> Requests {
        let members = if point.sticky { point.members } else { 0 };
        let sticky = (1..=members).map(|member| {
            let cookie =
                format!("Cookie: JSESSIONID=0123456789abcdef0123456789abcdef.m{member}\r\n");
            head(point, path, &cookie)
        });
        let new = (members == 0).then(|| head(point, path, ""));
        Requests {
            heads: sticky.chain(new).collect(),
            turn: 0,
            upload: point.work.upload(),
            answer: point.work.answer(),
            keep_alive: point.keep_alive,
        }
    }

    /// The number of the head whose turn it is.
    pub fn next(&mut self) -> usize {
        self.turn += 1;
        self.turn % self.heads.len()
    }

    /// A head by its number.
    pub fn head(&self, number: usize) -> &[u8] {
        &self.heads[number]
    }
}

fn head(point: &Point, path: &str, more: &str) -> Vec<u8> {
    let method = match point.work {
        Work::Up(_) => "POST",
        Work::Down(_) | Work::Headers(_) => "GET",
    };
    // The tenant is not in the policy's table: it looks it up, and the load is shared out as without.
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: rjk.test\r\nUser-Agent: rjk-bench\r\nAccept: */*\r\n\
         X-Tenant: green\r\n{more}"
    );
    if !point.keep_alive {
        text.push_str("Connection: close\r\n");
    }
    match point.work {
        Work::Down(_) => {}
        // Writing into a string does not fail.
        Work::Up(bytes) => drop(write!(
            text,
            "Content-Type: application/octet-stream\r\nContent-Length: {bytes}\r\n"
        )),
        Work::Headers(bytes) => text.push_str(&padding(bytes)),
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Headers of so many bytes altogether.
fn padding(bytes: usize) -> String {
    (0..bytes / HEADER)
        .map(|number| {
            let name = format!("X-Padding-{number}: ");
            let value = "v".repeat(HEADER - name.len() - 2);
            format!("{name}{value}\r\n")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::POINTS;

    fn point(name: &str) -> &'static Point {
        POINTS.iter().find(|point| point.name == name).unwrap()
    }

    fn text(name: &str) -> String {
        let mut requests = Requests::new(point(name), "/app/page");
        let turn = requests.next();
        String::from_utf8(requests.head(turn).to_vec()).unwrap()
    }

    #[test]
    fn a_head_says_what_its_point_asks_for() {
        assert!(text("base").starts_with("GET /app/page HTTP/1.1\r\n"));
        assert!(text("base").ends_with("\r\n\r\n"));
        assert!(text("up-16k").contains("\r\nContent-Length: 16384\r\n"));
        assert!(text("close").contains("\r\nConnection: close\r\n"));
        assert!(!text("base").contains("Connection"));
        let more = text("headers").len() - text("base").len();
        assert_eq!(more, 6 << 10);
    }

    #[test]
    fn sticky_requests_name_each_member_in_turn() {
        let mut requests = Requests::new(point("sticky-1000"), "/");
        let heads: std::collections::BTreeSet<Vec<u8>> = (0..1000)
            .map(|_| {
                let turn = requests.next();
                requests.head(turn).to_vec()
            })
            .collect();
        assert_eq!(heads.len(), 1000);
        let has = |route: &str| {
            let end = format!(".{route}\r\n").into_bytes();
            heads
                .iter()
                .any(|head| head.windows(end.len()).any(|w| w == end))
        };
        assert!(has("m1") && has("m1000") && !has("m0"));
    }
}
