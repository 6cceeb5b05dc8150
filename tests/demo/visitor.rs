//! A visitor with a cookie, as a browser would be.

use anyhow::{Context, Result, ensure};
use rjk_testbed::client::{self, Request};

/// What the page said on one visit.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The Tomcat that served it.
    pub node: String,
    /// Id of the session, with the route behind the dot.
    pub session: String,
    /// Visits in this session.
    pub counter: u32,
    /// The Tomcats of all visits in this session, as the session remembers them.
    pub trail: String,
}

impl Visit {
    /// The session id without the route: what stays the same when the session moves.
    pub fn id(&self) -> &str {
        self.session.split('.').next().unwrap_or_default()
    }
}

/// Keeps the session cookie.
#[derive(Default)]
pub struct Visitor {
    cookie: Option<String>,
}

impl Visitor {
    /// Opens the page once, on a new connection, and prints what came back.
    pub fn visit(&mut self, port: u16) -> Result<Visit> {
        let mut request = Request::get("/demo/").header("Accept", "text/plain");
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        let sent = self.cookie.clone().unwrap_or_else(|| "no cookie".into());
        let response =
            client::send(port, request).with_context(|| format!("GET /demo/ ({sent})"))?;
        ensure!(
            response.status == 200,
            "GET /demo/ ({sent}) was answered {}: {}",
            response.status,
            response.text()
        );
        if let Some(cookie) = response.cookie("JSESSIONID") {
            self.cookie = Some(cookie.to_owned());
        }
        let field = |key: &str| {
            response
                .field(key)
                .with_context(|| format!("the page has no {key}: {}", response.text()))
        };
        let visit = Visit {
            node: field("node")?,
            session: field("session")?,
            counter: field("counter")?.parse()?,
            trail: field("trail")?,
        };
        println!(
            "   GET /demo/  {:<45}-> {} from Tomcat {}  session {}  counter {}",
            shortened(&sent),
            response.status,
            visit.node,
            shortened(&visit.session),
            visit.counter
        );
        Ok(visit)
    }
}

/// A session id in a line that must stay readable: its ends only.
fn shortened(text: &str) -> String {
    let Some((id, route)) = text.rsplit_once('.') else {
        return text.to_owned();
    };
    let start = id.find('=').map_or(0, |at| at + 1) + 6;
    match (
        id.get(..start),
        id.len().checked_sub(4).and_then(|at| id.get(at..)),
    ) {
        (Some(head), Some(tail)) if id.len() > start + 4 => format!("{head}..{tail}.{route}"),
        _ => text.to_owned(),
    }
}
