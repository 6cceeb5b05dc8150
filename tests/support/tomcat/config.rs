//! The text of a Tomcat's configuration files.

use super::door::{Opened, Wanted};

/// What of server.xml a test can change.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) route: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) packet_size: Option<u32>,
    pub(super) max_threads: u32,
    pub(super) connector: String,
    pub(super) allowed_attributes: Option<String>,
    /// A `<Cluster>` element.
    pub(super) cluster: String,
    /// `<Valve>` elements of the engine.
    pub(super) valves: String,
    /// Connectors beside the AJP one.
    pub(super) doors: Wanted,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            route: None,
            secret: None,
            packet_size: None,
            max_threads: 50,
            connector: String::new(),
            // Without it Tomcat answers 403 to any attribute that it does not know.
            allowed_attributes: Some(".*".to_owned()),
            cluster: String::new(),
            valves: String::new(),
            doors: Wanted::default(),
        }
    }
}

/// server.xml with an AJP connector, those that were asked for beside it, and no shutdown port.
pub(super) fn server_xml(settings: &Settings, port: u16, opened: &Opened) -> String {
    let secret = match &settings.secret {
        Some(secret) => format!("secret=\"{secret}\" secretRequired=\"true\""),
        None => "secretRequired=\"false\"".to_owned(),
    };
    let route = optional("jvmRoute", settings.route.as_deref());
    let packet_size = optional(
        "packetSize",
        settings.packet_size.map(|n| n.to_string()).as_deref(),
    );
    let allowed = optional(
        "allowedRequestAttributesPattern",
        settings.allowed_attributes.as_deref(),
    );
    let common = format!(
        "maxThreads=\"{}\" minSpareThreads=\"2\" maxPostSize=\"-1\"",
        settings.max_threads
    );
    let ajp = format!("{secret} {packet_size} {allowed} {}", settings.connector);
    let others = opened.lines(&format!("{common} {}", settings.doors.attributes), &ajp);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector protocol="AJP/1.3" address="127.0.0.1" port="{port}" {common} {ajp}/>
{others}    <Engine name="Catalina" defaultHost="localhost" {route}>
      {cluster}
      {valves}
      <Host name="localhost" appBase="webapps" unpackWARs="false" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
"#,
        cluster = settings.cluster,
        valves = settings.valves,
    )
}

fn optional(name: &str, value: Option<&str>) -> String {
    value
        .map(|value| format!("{name}=\"{value}\""))
        .unwrap_or_default()
}

/// The default servlets; Debian's packages bring no file of their own that a test may use.
pub const WEB_XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="3.1">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
    <load-on-startup>1</load-on-startup>
  </servlet>
  <servlet>
    <servlet-name>jsp</servlet-name>
    <servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
    <init-param><param-name>compilerSourceVM</param-name><param-value>1.8</param-value></init-param>
    <init-param><param-name>compilerTargetVM</param-name><param-value>1.8</param-value></init-param>
    <load-on-startup>3</load-on-startup>
  </servlet>
  <servlet-mapping>
    <servlet-name>default</servlet-name><url-pattern>/</url-pattern>
  </servlet-mapping>
  <servlet-mapping>
    <servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern>
  </servlet-mapping>
  <session-config><session-timeout>30</session-timeout></session-config>
  <welcome-file-list><welcome-file>index.jsp</welcome-file></welcome-file-list>
</web-app>
"#;

/// No scan of the class path for tag libraries, which the JSPs do not use: it takes a second.
pub const CONTEXT_XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Context>
  <JarScanner scanClassPath="false" scanBootstrapClassPath="false"/>
</Context>
"#;

/// Everything to the console, which is a file.
pub const LOGGING: &str = "\
handlers = java.util.logging.ConsoleHandler
.handlers = java.util.logging.ConsoleHandler
.level = INFO
java.util.logging.ConsoleHandler.level = FINE
java.util.logging.ConsoleHandler.formatter = org.apache.juli.OneLineFormatter
";
