//! What server.xml says of AJP connectors.

use rjk_config::error::Location;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest file that is read.
const MOST_BYTES: u64 = 16 << 20;

/// One Tomcat.
#[derive(Debug)]
pub struct Tomcat {
    /// Its server.xml.
    pub file: Location,
    /// Its AJP connectors.
    pub connectors: Vec<Connector>,
    /// The route in its session ids, and its line.
    pub route: Option<(String, Location)>,
    /// The line of the Engine.
    pub engine: Option<Location>,
}

/// One AJP connector. What stands in it as `${name}` and is not known is `Unknown`.
#[derive(Debug)]
pub struct Connector {
    /// Its line.
    pub place: Location,
    /// `port`.
    pub port: Value<u16>,
    /// `address`; without it Tomcat takes the loopback address.
    pub address: Value<String>,
    /// `secret`.
    pub secret: Value<Secret>,
    /// `secretRequired`, true without it.
    pub secret_required: Value<bool>,
    /// `packetSize`.
    pub packet_size: Value<usize>,
    /// `maxThreads`, its own or its executor's.
    pub max_threads: Value<u32>,
    /// `allowedRequestAttributesPattern`.
    pub attributes: Value<String>,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<T> {
    /// Not written.
    Absent,
    /// Written in a way that only the running Tomcat understands.
    Unknown,
    /// This.
    Set(T),
}

impl<T> Value<T> {
    /// What is known to be set.
    pub fn set(&self) -> Option<&T> {
        match self {
            Value::Set(value) => Some(value),
            Value::Absent | Value::Unknown => None,
        }
    }

    /// The value, or the one that holds without it; `None` when it cannot be known.
    pub fn or(&self, default: T) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Value::Set(value) => Some(value.clone()),
            Value::Absent => Some(default),
            Value::Unknown => None,
        }
    }

    fn parsed<U>(self, parse: impl Fn(T) -> Option<U>) -> Value<U> {
        match self {
            Value::Absent => Value::Absent,
            Value::Unknown => Value::Unknown,
            Value::Set(value) => parse(value).map_or(Value::Unknown, Value::Set),
        }
    }
}

/// A secret, to compare and not to show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Whether it is this one.
    pub fn is(&self, other: &[u8]) -> bool {
        self.0.as_bytes() == other
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a server.xml says nothing. No message has text of the file in it.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}; name a CATALINA_BASE, the folder above conf", path = path.display())]
pub struct Unreadable {
    path: PathBuf,
    problem: String,
}

impl Tomcat {
    /// Reads `conf/server.xml` below `base`.
    ///
    /// # Errors
    /// It cannot be read, or is no XML.
    pub fn read(base: &Path) -> Result<Tomcat, Unreadable> {
        let path = base.join("conf/server.xml");
        let unreadable = |problem: String| Unreadable {
            path: path.clone(),
            problem,
        };
        let size = fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?;
        if !size.is_file() || size.len() > MOST_BYTES {
            return Err(unreadable("no file of at most 16 MiB".to_owned()));
        }
        let text = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        // Latin-1 files have no meaning in the letters that matter here.
        let text = String::from_utf8_lossy(&text);
        let properties = fs::read_to_string(base.join("conf/catalina.properties"));
        let variables = variables(&properties.unwrap_or_default());
        Tomcat::parse(&text, &path, &variables).map_err(unreadable)
    }

    /// An error says where the text is no XML.
    fn parse(
        text: &str,
        path: &Path,
        variables: &HashMap<String, String>,
    ) -> Result<Tomcat, String> {
        let options = ParsingOptions {
            allow_dtd: true,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(text, options).map_err(|error| {
            let at = error.pos();
            format!("no XML, from line {} on", at.row)
        })?;
        let reader = Reader {
            document: &document,
            path,
            variables,
        };
        Ok(reader.tomcat())
    }
}

/// `name=value` lines.
fn variables(text: &str) -> HashMap<String, String> {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

struct Reader<'a> {
    document: &'a Document<'a>,
    path: &'a Path,
    variables: &'a HashMap<String, String>,
}

impl<'a> Reader<'a> {
    fn tomcat(&self) -> Tomcat {
        let all = |name: &'static str| {
            let nodes = self.document.descendants();
            nodes.filter(move |node| node.has_tag_name(name))
        };
        let engine = all("Engine").next();
        let route = engine.and_then(|engine| {
            let route = self.text(engine, "jvmRoute");
            Some((route.set()?.clone(), self.place(engine)))
        });
        let connectors = all("Connector").filter(|connector| is_ajp(*connector));
        Tomcat {
            file: Location::new(self.path.to_string_lossy(), 0),
            connectors: connectors.map(|node| self.connector(node)).collect(),
            route,
            engine: engine.map(|engine| self.place(engine)),
        }
    }

    fn place(&self, node: Node<'_, '_>) -> Location {
        let row = self.document.text_pos_at(node.range().start).row;
        Location::new(self.path.to_string_lossy(), row)
    }

    fn connector(&self, node: Node<'a, 'a>) -> Connector {
        let number = |name: &str| {
            self.text(node, name)
                .parsed(|text| text.trim().parse().ok())
        };
        // Its name until Tomcat 9.0.31.
        let secret = match self.text(node, "secret") {
            Value::Absent => self.text(node, "requiredSecret"),
            written => written,
        };
        let required = self.text(node, "secretRequired");
        Connector {
            place: self.place(node),
            port: self
                .text(node, "port")
                .parsed(|text| text.trim().parse().ok()),
            address: self.text(node, "address"),
            secret: match secret.parsed(|text| Some(Secret(text))) {
                Value::Set(Secret(text)) if text.is_empty() => Value::Absent,
                secret => secret,
            },
            secret_required: required.parsed(|text| Some(!text.eq_ignore_ascii_case("false"))),
            packet_size: number("packetSize").parsed(|size: u32| usize::try_from(size).ok()),
            max_threads: self.threads(node),
            attributes: self.text(node, "allowedRequestAttributesPattern"),
        }
    }

    /// An executor's threads are those of all connectors that name it.
    fn threads(&self, connector: Node<'a, 'a>) -> Value<u32> {
        let executor = self.text(connector, "executor");
        let node = match executor {
            Value::Absent => Some(connector),
            Value::Unknown => None,
            Value::Set(name) => {
                let mut executors = self.document.descendants();
                executors.find(|node| {
                    node.has_tag_name("Executor") && node.attribute("name") == Some(name.as_str())
                })
            }
        };
        node.map_or(Value::Unknown, |node| {
            self.text(node, "maxThreads")
                .parsed(|text| text.trim().parse().ok())
        })
    }

    /// An attribute, `${name}` replaced from catalina.properties.
    fn text(&self, node: Node<'_, '_>, name: &str) -> Value<String> {
        let Some(text) = node.attribute(name) else {
            return Value::Absent;
        };
        let Some((before, rest)) = text.split_once("${") else {
            return Value::Set(text.to_owned());
        };
        let known = rest.split_once('}').and_then(|(name, after)| {
            let (name, default) = match name.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (name, None),
            };
            let value = self.variables.get(name).map(String::as_str).or(default)?;
            (!after.contains("${")).then(|| format!("{before}{value}{after}"))
        });
        known.map_or(Value::Unknown, Value::Set)
    }
}

fn is_ajp(connector: Node<'_, '_>) -> bool {
    let protocol = connector.attribute("protocol").unwrap_or_default();
    protocol.to_ascii_lowercase().contains("ajp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str, variables: &[(&str, &str)]) -> Tomcat {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Tomcat::parse(text, Path::new("server.xml"), &variables).unwrap()
    }

    #[test]
    fn connectors_and_route_are_read_with_their_lines() {
        let tomcat = parsed(
            "<Server>\n<Service>\n<Executor name='e' maxThreads='50'/>\n<Connector port='8080'/>\n\
             <!-- <Connector port='1' protocol='AJP/1.3'/> -->\n\
             <Connector port='${ajp}' protocol='AJP/1.3' secret='x' executor='e'\n  packetSize='65536'/>\n\
             <Engine name='Catalina' jvmRoute='was1'/>\n</Service>\n</Server>",
            &[("ajp", "8009")],
        );
        let [connector] = tomcat.connectors.as_slice() else {
            panic!("{:?}", tomcat.connectors);
        };
        assert_eq!(connector.place.line, 6);
        assert_eq!(connector.port, Value::Set(8009));
        assert_eq!(connector.max_threads, Value::Set(50));
        assert_eq!(connector.packet_size, Value::Set(65536));
        assert_eq!(connector.address, Value::Absent);
        assert_eq!(connector.secret_required, Value::Absent);
        let (route, place) = tomcat.route.unwrap();
        assert_eq!((route.as_str(), place.line), ("was1", 8));
    }

    #[test]
    fn what_only_a_running_tomcat_knows_is_unknown() {
        let tomcat = parsed(
            "<Server><Connector port='${x}' address='${y:-::1}' protocol='AJP/1.3'/></Server>",
            &[],
        );
        assert_eq!(tomcat.connectors[0].port, Value::Unknown);
        assert_eq!(tomcat.connectors[0].address, Value::Set("::1".to_owned()));
    }

    #[test]
    fn a_mistake_shows_nothing_of_the_file() {
        let error = Tomcat::parse("<Server secret='s3cret'", Path::new("x"), &HashMap::new());
        let error = error.unwrap_err();
        assert!(
            error.contains("line 1") && !error.contains("s3cret"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[<>/='\"& a-z!\\[\\]]{0,120}") {
            let _ = Tomcat::parse(&text, Path::new("x"), &HashMap::new());
        }
    }
}
