//! What server.xml says of connectors, of the route in session ids, and of valves that believe headers.

mod connector;
mod value;
mod valve;

pub use connector::{Connector, Spoken};
pub use value::Value;
pub use valve::{Believed, Valve};

use rjk_config::error::Location;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest file that is read.
const MOST_BYTES: u64 = 16 << 20;

/// One Tomcat.
#[derive(Debug)]
pub struct Tomcat {
    /// Its server.xml.
    pub file: Location,
    /// Its connectors.
    pub connectors: Vec<Connector>,
    /// The valves that believe headers.
    pub valves: Vec<Valve>,
    /// `jvmRoute` of its Engine, the route in its session ids.
    pub route: Value<String>,
    /// The line of the Engine.
    pub engine: Option<Location>,
}

/// Why a server.xml says nothing. No message has text of the file in it.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}; name a CATALINA_BASE, the folder above conf, or a server.xml", path = path.display())]
pub struct Unreadable {
    path: PathBuf,
    problem: String,
}

impl Tomcat {
    /// Reads `conf/server.xml` below `base`, or `base` itself where that is a file.
    ///
    /// # Errors
    /// It cannot be read, or is no XML.
    pub fn read(base: &Path) -> Result<Tomcat, Unreadable> {
        let path = match base.is_file() {
            true => base.to_owned(),
            false => base.join("conf/server.xml"),
        };
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
        let properties = fs::read_to_string(path.with_file_name("catalina.properties"));
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
        let route = engine.map(|engine| self.text(engine, "jvmRoute"));
        Tomcat {
            file: Location::new(self.path.to_string_lossy(), 0),
            connectors: all("Connector")
                .map(|node| Connector::read(self, node))
                .collect(),
            valves: all("Valve")
                .filter_map(|node| Valve::read(self, node))
                .collect(),
            route: route.unwrap_or(Value::Absent),
            engine: engine.map(|engine| self.place(engine)),
        }
    }

    fn place(&self, node: Node<'_, '_>) -> Location {
        let row = self.document.text_pos_at(node.range().start).row;
        Location::new(self.path.to_string_lossy(), row)
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
            self.text(node, "maxThreads").number()
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

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
        let [http, connector] = tomcat.connectors.as_slice() else {
            panic!("{:?}", tomcat.connectors);
        };
        assert_eq!((http.speaks, http.place.line), (Spoken::Http, 4));
        assert_eq!(connector.speaks, Spoken::Ajp);
        assert_eq!(connector.place.line, 6);
        assert_eq!(connector.port, Value::Set(8009));
        assert_eq!(connector.max_threads, Value::Set(50));
        assert_eq!(connector.packet_size, Value::Set(65536));
        assert_eq!(connector.address, Value::Absent);
        assert_eq!(connector.secret_required, Value::Absent);
        assert_eq!(tomcat.route, Value::Set("was1".to_owned()));
        assert_eq!(tomcat.engine.unwrap().line, 8);
    }

    #[test]
    fn http_is_read_with_tls_and_limits() {
        let tomcat = parsed(
            "<Server><Connector port='8443' SSLEnabled='true' connectionTimeout='20000' maxHttpHeaderSize='65536'>\
             <SSLHostConfig certificateVerification='required'/></Connector>\
             <Connector unixDomainSocketPath='/run/a' clientAuth='want' connectionTimeout='1' keepAliveTimeout='-1' \
             maxHttpRequestHeaderSize='9' maxHttpHeaderSize='1' maxKeepAliveRequests='-1'/></Server>",
            &[],
        );
        let [tls, socket] = tomcat.connectors.as_slice() else {
            panic!("{:?}", tomcat.connectors);
        };
        assert_eq!(
            (&tls.tls, &tls.wants_certificate),
            (&Value::Set(true), &Value::Set(true))
        );
        assert_eq!(tls.idle, Value::Set(Some(Duration::from_secs(20))));
        assert_eq!(tls.header_size, Value::Set(65536));
        assert_eq!(tls.keep_alive_requests, Value::Absent);
        assert_eq!(
            (&socket.tls, &socket.wants_certificate),
            (&Value::Absent, &Value::Set(false))
        );
        assert_eq!(socket.socket, Value::Set("/run/a".to_owned()));
        assert_eq!(socket.idle, Value::Set(None));
        assert_eq!(socket.header_size, Value::Set(9));
        assert_eq!(socket.keep_alive_requests, Value::Set(-1));
    }

    #[test]
    fn valves_say_what_they_read_and_whom_they_believe() {
        let of = |attributes: &str| {
            let text = format!(
                "<Server><Engine><Valve className='org.apache.catalina.valves.{attributes}/></Engine></Server>"
            );
            parsed(&text, &[]).valves.into_iter().next()
        };
        for (attributes, believes) in [
            ("RemoteIpValve'", Believed::Private),
            (
                "RemoteIpValve' internalProxies='172\\.16\\.3\\.[12]'",
                Believed::Named,
            ),
            ("RemoteIpValve' internalProxies='.*'", Believed::All),
            ("RemoteIpValve' internalProxies='${x}'", Believed::Named),
            ("SSLValve'", Believed::All),
        ] {
            assert_eq!(of(attributes).unwrap().believes, believes, "{attributes}");
        }
        let headers = of("RemoteIpValve' remoteIpHeader='X-A' portHeader='X-P'")
            .unwrap()
            .headers;
        assert_eq!(headers, ["X-A", "X-Forwarded-Proto", "X-P"]);
        assert!(of("AccessLogValve'").is_none());
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
