//! What the tests of this binary share.

use rjk_testbed::client;
use rjk_testbed::httpd::Builder;
use rjk_testbed::process;
use rjk_testbed::{Context, Error, Httpd, Result, Subject, wait};
use std::time::Duration;

/// Longest wait for a state that is due at once.
pub const SOON: Duration = Duration::from_secs(10);

/// Clients at the same time where a test has many requests that wait.
pub const MANY: usize = 14;

/// A server with one child, each of `names` mounted to the path of its name, and the status page.
pub fn server(subject: Subject, names: &[String], workers: &str) -> Builder {
    let mounts: String = names
        .iter()
        .map(|name| format!("JkMount /{name}/* {name}\n"))
        .collect();
    let list = names.join(",");
    Httpd::builder(subject)
        .workers(format!(
            "worker.list=status,{list}\nworker.status.type=status\n{workers}"
        ))
        .directives(format!("JkMount /jk-status status\n{mounts}"))
        .threads_per_child(32)
        .server_limit(1)
        .log_level("info")
}

/// Waits until no worker of the status page has a request in flight.
pub fn wait_idle(httpd: &Httpd) -> Result {
    let mut page = String::new();
    wait::until("busy counts at 0", SOON, || {
        page = client::get(httpd.port(), "/jk-status").map_or_else(|_| String::new(), |r| r.text());
        let counts = busy_counts(&page);
        !counts.is_empty() && counts.iter().all(|busy| *busy == 0)
    })
    .with_context(|| page.clone())
}

/// The `Busy` column of every table.
pub fn busy_counts(page: &str) -> Vec<u64> {
    column(page, "Busy")
}

/// The numbers of one column of every table.
pub fn column(page: &str, title: &str) -> Vec<u64> {
    let mut index = None;
    let mut numbers = Vec::new();
    for row in page.split("<tr>").skip(1) {
        let heads: Vec<&str> = row.split("<th>").skip(1).map(cell).collect();
        if heads.is_empty() {
            let cells: Vec<&str> = row
                .split("<td")
                .skip(1)
                .map(|c| cell(&c[c.find('>').map_or(0, |at| at + 1)..]))
                .collect();
            let number = index.and_then(|index: usize| cells.get(index)?.parse::<u64>().ok());
            numbers.extend(number);
        } else {
            index = heads.iter().position(|head| *head == title);
        }
    }
    numbers
}

fn cell(text: &str) -> &str {
    text.split('<').next().unwrap_or_default()
}

/// The only child of a server with `StartServers 1`.
pub fn only_child(httpd: &Httpd) -> Result<process::ProcessId> {
    let children = httpd.children();
    rjk_testbed::ensure!(children.len() == 1, "{children:?}");
    Ok(children[0])
}

/// Runs `first` in a thread and `second` beside it.
pub fn together<A: Send, B>(
    first: impl FnOnce() -> Result<A> + Send,
    second: impl FnOnce() -> Result<B>,
) -> Result<(A, B)> {
    std::thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        let first = first.join().map_err(|_| Error::msg("a thread failed"))?;
        Ok((first?, second?))
    })
}
