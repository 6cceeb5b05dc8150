//! A raw HTTP/1.1 client: it sends what it is told and shows what came back.

mod changed;
mod kept;
mod pending;

pub use changed::Changed;
pub use kept::Kept;
pub use pending::Pending;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for a byte, unless the test sets another.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest line of a head or chunk header, in bytes.
const MAX_LINE: u64 = 1 << 20;

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server closed before any byte of an answer: on a reused connection a client may repeat.
    #[error("connection closed before any byte of the answer")]
    ClosedBeforeAnswer,
    /// The head broke off or is not HTTP.
    #[error("bad response head: {0}")]
    BadHead(String),
    /// A socket error or timeout.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// As announced.
    Complete,
    /// It broke off or its framing is wrong; the text says where.
    Broken(String),
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// `HTTP/1.1`.
    pub version: String,
    /// The status code.
    pub status: u16,
    /// The reason phrase, may be empty.
    pub reason: String,
    /// Headers in order, names as sent; bytes above 0x7F are Latin-1.
    pub headers: Vec<(String, String)>,
    /// The body, without chunk framing.
    pub body: Vec<u8>,
    /// Whether the body is whole.
    pub end: BodyEnd,
    /// Statuses of the 1xx responses before it.
    pub interim: Vec<u16>,
}

impl Response {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    /// All headers of that name, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |found: &str| found.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(|(n, _)| same(n))
            .map(|(_, v)| v.as_str())
            .collect()
    }

    /// The body as text, lossy.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value after `key=` in a body of such lines, as the JSPs and the echo peer write them.
    pub fn field(&self, key: &str) -> Option<String> {
        let text = self.text();
        text.lines()
            .find_map(|line| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned()))
    }

    /// The `name=value` of a cookie that the response sets.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self
            .all("Set-Cookie")
            .into_iter()
            .filter_map(|line| line.split(';').next());
        pairs
            .into_iter()
            .find(|pair| pair.split('=').next() == Some(name))
    }
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    chunk: Option<usize>,
}

impl Request {
    /// Any method; `Host: rjk.test` is added unless a Host header is given.
    pub fn new(method: &str, target: &str) -> Request {
        let (method, target) = (method.to_owned(), target.to_owned());
        Request {
            method,
            target,
            headers: Vec::new(),
            body: None,
            chunk: None,
        }
    }

    /// GET.
    pub fn get(target: &str) -> Request {
        Request::new("GET", target)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds several headers.
    pub fn headers(self, headers: &[(&str, &str)]) -> Self {
        headers
            .iter()
            .fold(self, |request, (name, value)| request.header(name, value))
    }

    /// A body with Content-Length.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A chunked body, in chunks of `size` bytes.
    pub fn chunked(mut self, body: impl Into<Vec<u8>>, size: usize) -> Self {
        self.chunk = Some(size.max(1));
        self.body(body)
    }

    /// The request's head, with the empty line.
    pub fn head_bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            text.push_str("Host: rjk.test\r\n");
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        match (&self.body, self.chunk) {
            (Some(_), Some(_)) => text.push_str("Transfer-Encoding: chunked\r\n"),
            (Some(body), None) => text.push_str(&format!("Content-Length: {}\r\n", body.len())),
            (None, _) => {}
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    fn body_bytes(&self) -> Vec<u8> {
        let body = self.body.as_deref().unwrap_or_default();
        let Some(size) = self.chunk else {
            return body.to_vec();
        };
        let mut framed = Vec::with_capacity(body.len() + 16);
        for chunk in body.chunks(size) {
            framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            framed.extend_from_slice(chunk);
            framed.extend_from_slice(b"\r\n");
        }
        framed.extend_from_slice(b"0\r\n\r\n");
        framed
    }
}

/// One connection to httpd.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a port of 127.0.0.1.
    pub fn connect(port: u16) -> Result<Client, ClientError> {
        Client::to((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Connects to any address.
    pub fn to(address: SocketAddr) -> Result<Client, ClientError> {
        Client::over(TcpStream::connect(address)?)
    }

    /// Connects to any address within a time.
    pub fn within(address: SocketAddr, limit: Duration) -> Result<Client, ClientError> {
        Client::over(TcpStream::connect_timeout(&address, limit)?)
    }

    fn over(stream: TcpStream) -> Result<Client, ClientError> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Client {
            stream: BufReader::new(stream),
        })
    }

    /// The port of this end.
    pub fn local_port(&self) -> Result<u16, ClientError> {
        Ok(self.stream.get_ref().local_addr()?.port())
    }

    /// Longest wait for a byte.
    pub fn timeout(self, timeout: Duration) -> Result<Client, ClientError> {
        self.stream.get_ref().set_read_timeout(Some(timeout))?;
        Ok(self)
    }

    /// Sends a request and reads the response; the connection can be used again.
    pub fn send(&mut self, request: &Request) -> Result<Response, ClientError> {
        let sent = self
            .raw(&request.head_bytes())
            .and_then(|()| self.raw(&request.body_bytes()));
        // A server may answer and close before it took the whole body: the answer counts.
        let response = self.response(&request.method);
        match (sent, response) {
            (Err(sent), Err(_)) => Err(sent),
            (_, response) => response,
        }
    }

    /// Sends bytes as they are, for partial and broken requests.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.stream.get_mut().write_all(bytes)?;
        Ok(())
    }

    /// Reads one response to a request of that method.
    pub fn response(&mut self, method: &str) -> Result<Response, ClientError> {
        let mut interim = Vec::new();
        let mut response = self.head()?;
        while (100..200).contains(&response.status) {
            interim.push(response.status);
            response = self.head()?;
        }
        response.interim = interim;
        if method != "HEAD" {
            self.rest(&mut response);
        }
        Ok(response)
    }

    /// Reads the body that follows a head of [`Client::head`], as far as it comes.
    pub fn rest(&mut self, response: &mut Response) {
        let bodyless = matches!(response.status, 204 | 304);
        if !bodyless && let Err(error) = self.body(response) {
            response.end = BodyEnd::Broken(error.to_string());
        }
    }

    /// Sends a request, calls `then` when the head of the answer is there, and reads the rest.
    pub fn send_and_then(
        &mut self,
        request: &Request,
        then: impl FnOnce(),
    ) -> Result<Response, ClientError> {
        self.raw(&request.head_bytes())?;
        self.raw(&request.body_bytes())?;
        let mut response = self.head()?;
        then();
        self.rest(&mut response);
        Ok(response)
    }

    /// Reads a response's head only; the body stays unread.
    pub fn head(&mut self) -> Result<Response, ClientError> {
        if self.is_at_end()? {
            return Err(ClientError::ClosedBeforeAnswer);
        }
        let mut response = parse_status(&self.line()?)?;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(response);
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| ClientError::BadHead(line.clone()))?;
            response
                .headers
                .push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// Waits for a byte or the end. A read with a time limit ends when the machine is held and goes on.
    fn is_at_end(&mut self) -> io::Result<bool> {
        loop {
            match self.stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                filled => return Ok(filled?.is_empty()),
            }
        }
    }

    /// Reads at least one and at most `most` bytes of what comes next; 0 at the end.
    pub fn read_some(&mut self, most: usize) -> Result<Vec<u8>, ClientError> {
        let mut buffer = vec![0; most];
        let read = self.stream.read(&mut buffer)?;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// Sends no more: half-close.
    pub fn finish_sending(&self) -> Result<(), ClientError> {
        Ok(self.stream.get_ref().shutdown(Shutdown::Write)?)
    }

    /// The connection, with what was read of it and not taken.
    pub fn into_stream(self) -> Changed {
        Changed(self.stream)
    }

    /// Goes away with a reset.
    pub fn abort(self) -> Result<(), ClientError> {
        let socket = socket2::SockRef::from(self.stream.get_ref());
        Ok(socket.set_linger(Some(Duration::ZERO))?)
    }

    fn line(&mut self) -> Result<String, ClientError> {
        let mut line = Vec::new();
        (&mut self.stream)
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(ClientError::BadHead("ends inside a line".into()));
        }
        line.pop_if(|last| *last == b'\r');
        Ok(latin1(&line))
    }

    fn body(&mut self, response: &mut Response) -> io::Result<()> {
        let coding = response
            .header("Transfer-Encoding")
            .map(str::to_ascii_lowercase);
        if coding.is_some_and(|coding| coding.contains("chunked")) {
            return self.chunks(&mut response.body);
        }
        match response.header("Content-Length").map(str::parse::<u64>) {
            None => self.stream.read_to_end(&mut response.body).map(drop),
            Some(Err(_)) => Err(io::Error::other("Content-Length is no number")),
            Some(Ok(length)) => {
                let read = (&mut self.stream)
                    .take(length)
                    .read_to_end(&mut response.body)?;
                let missing = length - read as u64;
                let closed = || io::Error::other(format!("closed {missing} bytes before the end"));
                if missing == 0 { Ok(()) } else { Err(closed()) }
            }
        }
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let line = self.line().map_err(io::Error::other)?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(digits, 16)
                .map_err(|_| io::Error::other(format!("bad chunk size {line:?}")))?;
            let read = (&mut self.stream).take(size).read_to_end(body)?;
            if (read as u64) < size {
                return Err(io::Error::other("closed inside a chunk"));
            }
            // After the last chunk: the trailer's lines up to the empty one.
            while !self.line().map_err(io::Error::other)?.is_empty() {
                if size > 0 {
                    return Err(io::Error::other("no line end after a chunk"));
                }
            }
            if size == 0 {
                return Ok(());
            }
        }
    }
}

/// GET on a new connection, which is closed afterwards.
pub fn get(port: u16, target: &str) -> Result<Response, ClientError> {
    send(port, Request::get(target))
}

/// One request on a new connection, which is closed afterwards.
pub fn send(port: u16, request: Request) -> Result<Response, ClientError> {
    Client::connect(port)?.send(&request.header("Connection", "close"))
}

fn parse_status(line: &str) -> Result<Response, ClientError> {
    let bad = || ClientError::BadHead(line.to_owned());
    let mut parts = line.splitn(3, ' ');
    let version = parts
        .next()
        .filter(|v| v.starts_with("HTTP/"))
        .ok_or_else(bad)?
        .to_owned();
    let status = parts.next().and_then(|s| s.parse().ok()).ok_or_else(bad)?;
    let reason = parts.next().unwrap_or_default().to_owned();
    let (headers, body, interim) = Default::default();
    Ok(Response {
        version,
        status,
        reason,
        headers,
        body,
        end: BodyEnd::Complete,
        interim,
    })
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests;
