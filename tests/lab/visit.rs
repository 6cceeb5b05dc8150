//! One request of a user, and what the page said.

use crate::network::Host;
use crate::site::Site;
use rjk_testbed::client::{BodyEnd, Client, Request, Response};
use std::net::SocketAddr;
use std::time::Duration;

/// Longest wait for a connection to a web host.
const CONNECT: Duration = Duration::from_millis(1500);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The web host takes no connection: the request was not sent.
    #[error("{host} takes no connection: {1}", host = .0.name())]
    NoConnection(Host, String),
    /// The request was sent, and no whole answer came.
    #[error("{host} gave no whole answer: {1}", host = .0.name())]
    Cut(Host, String),
    /// An answer that is no page.
    #[error("{host} answered {1}", host = .0.name())]
    Status(Host, u16),
    /// A page that does not say what it should.
    #[error("{host} sent another page: {1}", host = .0.name())]
    Page(Host, String),
}

/// What the page said.
#[derive(Clone, Debug)]
pub struct Page {
    /// The Tomcat that served it.
    pub node: String,
    /// The session's id, with the route.
    pub session: String,
    /// Visits in this session.
    pub counter: u64,
}

impl Page {
    /// The id without the route, which stays when the session moves.
    pub fn id(&self) -> &str {
        self.session.split('.').next().unwrap_or_default()
    }

    /// The route in the id.
    pub fn route(&self) -> &str {
        self.session.split_once('.').map_or("", |(_, route)| route)
    }
}

/// A browser that keeps its session.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The site it visits.
    pub site: Site,
    cookie: Option<String>,
}

impl Visitor {
    /// Without a session.
    pub fn new(site: Site) -> Visitor {
        Visitor { site, cookie: None }
    }

    /// Opens the page through a web host, on a connection of its own.
    pub fn open(&mut self, web: Host, patience: Duration) -> Result<Page, Trouble> {
        let mut request = Request::get("/").header("Accept", "text/plain");
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        let response = send(web, self.site, request, patience)?;
        let page = read(web, &response)?;
        if let Some(cookie) = response.cookie("JSESSIONID") {
            self.cookie = Some(cookie.to_owned());
        }
        Ok(page)
    }
}

/// Sends a request to a site through a web host.
pub fn send(
    web: Host,
    site: Site,
    request: Request,
    patience: Duration,
) -> Result<Response, Trouble> {
    let request = request
        .header("Host", &site.domain())
        .header("Connection", "close");
    let address: SocketAddr = (web.address(), 80).into();
    let client = Client::within(address, CONNECT).and_then(|client| client.timeout(patience));
    let mut client = client.map_err(|error| Trouble::NoConnection(web, error.to_string()))?;
    let response = client.send(&request);
    let response = response.map_err(|error| Trouble::Cut(web, error.to_string()))?;
    match &response.end {
        BodyEnd::Complete => Ok(response),
        BodyEnd::Broken(why) => Err(Trouble::Cut(web, why.clone())),
    }
}

fn read(web: Host, response: &Response) -> Result<Page, Trouble> {
    if response.status != 200 {
        return Err(Trouble::Status(web, response.status));
    }
    let page = || {
        Some(Page {
            node: response.field("node")?,
            session: response.field("session")?,
            counter: response.field("counter")?.parse().ok()?,
        })
    };
    page().ok_or_else(|| Trouble::Page(web, response.text()))
}
