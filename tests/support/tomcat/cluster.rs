//! Tomcats that replicate their sessions to each other.

use super::{Builder, Tomcat, Version};
use crate::{Result, ports, wait};
use std::fmt::Write;
use std::time::Duration;

/// Longest time until the nodes know each other.
const JOIN_LIMIT: Duration = Duration::from_secs(30);

/// Running nodes in the order of their routes; membership is static, so all on this machine.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes.
    pub nodes: Vec<Tomcat>,
}

impl Cluster {
    /// Starts one node per route and waits until they see each other. A session's change is
    /// acknowledged by the others before the response ends, so a SIGKILL loses none.
    pub fn start(version: Version, routes: &[&str]) -> Result<Cluster> {
        Cluster::start_with(version, routes, |builder| builder)
    }

    /// [`Cluster::start`], with more said about each node.
    pub fn start_with(
        version: Version,
        routes: &[&str],
        configure: impl Fn(Builder) -> Builder,
    ) -> Result<Cluster> {
        let ports = routes
            .iter()
            .map(|_| ports::free())
            .collect::<Result<Vec<u16>>>()?;
        let mut nodes = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            let mut builder = configure(Tomcat::builder(version).route(route));
            builder.settings.cluster = element(&ports, index);
            nodes.push(Tomcat::new(builder, ports::free()?)?);
        }
        // One after the other: a node asks a member that it sees for its sessions, and waits for a
        // minute when that one is itself still starting.
        for node in &mut nodes {
            node.start()?;
        }
        let joined = || {
            nodes
                .iter()
                .all(|node| node.log().matches("memberAdded").count() + 1 >= ports.len())
        };
        if !wait::became(JOIN_LIMIT, joined) {
            let logs: Vec<String> = nodes.iter().map(Tomcat::log).collect();
            anyhow::bail!("the nodes do not see each other: {logs:#?}");
        }
        Ok(Cluster { nodes })
    }

    /// The node with that route.
    pub fn node(&mut self, route: &str) -> Option<&mut Tomcat> {
        self.nodes.iter_mut().find(|node| node.route() == route)
    }

    /// Lines of workers.properties: a balancer `lb` over all nodes, each a worker named as its route.
    pub fn balancer(&self, lb: &str) -> String {
        let names: Vec<&str> = self.nodes.iter().map(Tomcat::route).collect();
        let mut text = format!("worker.list={lb}\nworker.{lb}.type=lb\n");
        text.push_str(&format!(
            "worker.{lb}.balance_workers={}\n",
            names.join(",")
        ));
        text.extend(self.nodes.iter().map(|node| node.worker(node.route())));
        text
    }
}

/// The `<Cluster>` element of node `own`; `ports` are the receivers' of all nodes.
fn element(ports: &[u16], own: usize) -> String {
    let mut members = String::new();
    for (index, port) in ports.iter().enumerate() {
        let (tag, address) = if index == own {
            ("LocalMember", String::new())
        } else {
            ("Member", format!("host=\"127.0.0.1\" port=\"{port}\" "))
        };
        let _ = writeln!(
            members,
            "<{tag} className=\"org.apache.catalina.tribes.membership.StaticMember\" \
             {address}domain=\"rjk\" uniqueId=\"{{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,{id}}}\"/>",
            id = index + 1,
        );
    }
    // channelSendOptions 6: wait for the acknowledgement and use it as the result.
    format!(
        r#"<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster" channelSendOptions="6">
  <Manager className="org.apache.catalina.ha.session.DeltaManager"
           expireSessionsOnShutdown="false" stateTransferTimeout="10"
           notifyListenersOnReplication="true"/>
  <Channel className="org.apache.catalina.tribes.group.GroupChannel">
    <Membership className="org.apache.catalina.tribes.membership.StaticMembershipService">
      {members}
    </Membership>
    <Receiver className="org.apache.catalina.tribes.transport.nio.NioReceiver"
              address="127.0.0.1" port="{port}" autoBind="0" selectorTimeout="500" minThreads="2" maxThreads="6"/>
    <Sender className="org.apache.catalina.tribes.transport.ReplicationTransmitter">
      <Transport className="org.apache.catalina.tribes.transport.nio.PooledParallelSender"/>
    </Sender>
    <Interceptor className="org.apache.catalina.tribes.group.interceptors.TcpFailureDetector"/>
    <Interceptor className="org.apache.catalina.tribes.group.interceptors.MessageDispatchInterceptor"/>
  </Channel>
  <Valve className="org.apache.catalina.ha.tcp.ReplicationValve" filter=""/>
  <Valve className="org.apache.catalina.ha.session.JvmRouteBinderValve"/>
  <ClusterListener className="org.apache.catalina.ha.session.ClusterSessionListener"/>
</Cluster>"#,
        port = ports[own],
    )
}
