//! The Tomcats behind a site: whether server.xml and the site fit together.

mod fit;
mod server_xml;

pub use fit::{find, threads_behind};
pub use server_xml::{Connector, Tomcat, Unreadable};
