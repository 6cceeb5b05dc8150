//! Pairs workers with connectors, and says what does not fit.

mod ajp;
mod alone;
mod pair;
mod pairs;
mod routes;
mod valves;

use super::server_xml::{Connector, Spoken, Tomcat};
use crate::check::finding::Severity;
use crate::check::findings::{Found, ajp_workers};
use pair::Pair;
use pairs::Routed;
use rjk_config::model::AjpSpec;
use rjk_config::workers::Workers;

/// The threads of the connector that a worker is for, where a Tomcat is known that has it.
pub fn threads_behind(ajp: &AjpSpec, workers: &Workers, tomcats: &[Tomcat]) -> Option<u32> {
    tomcats.iter().find_map(|tomcat| {
        let connector = tomcat.connectors.iter().find(|connector| {
            let of = pairs::of(tomcat, connector, workers);
            of.iter().any(|(worker, _)| worker.name == ajp.name)
        })?;
        connector.max_threads.or(200)
    })
}

/// All that does not fit.
pub fn find(workers: &Workers, tomcats: &[Tomcat], found: &mut Found<'_>) {
    for tomcat in tomcats {
        let site = Behind {
            tomcat,
            is_only: tomcats.len() == 1,
            workers,
        };
        site.find(found);
    }
}

/// A Tomcat behind the workers.
struct Behind<'a> {
    tomcat: &'a Tomcat,
    /// No other one is known.
    is_only: bool,
    workers: &'a Workers,
}

impl<'a> Behind<'a> {
    fn find(&self, found: &mut Found<'_>) {
        self.no_connector(found);
        for connector in &self.tomcat.connectors {
            self.connector(connector, found);
        }
        self.unheard(found);
        valves::find(self, found);
    }

    /// The workers of a connector.
    fn workers_of(&self, connector: &Connector) -> Vec<Routed<'a>> {
        pairs::of(self.tomcat, connector, self.workers)
    }

    /// The workers that come to a connector, and speak something else.
    fn strangers_of(&self, connector: &Connector) -> Vec<Routed<'a>> {
        pairs::strangers(self.tomcat, connector, self.workers)
    }

    /// The workers that come to connectors of a kind.
    fn workers_in(&self, spoken: Spoken) -> impl Iterator<Item = &'a AjpSpec> {
        let connectors = self.tomcat.connectors.iter();
        let connectors = connectors.filter(move |connector| connector.speaks == spoken);
        connectors
            .flat_map(|connector| self.workers_of(connector))
            .map(|(worker, _)| worker)
    }

    /// There is nothing that could serve what workers speak.
    fn no_connector(&self, found: &mut Found<'_>) {
        let own = pairs::owner(self.tomcat, self.workers);
        let all = own.map_or_else(|| ajp_workers(self.workers), |own| vec![own]);
        let speaks = |spoken: Spoken| all.iter().any(|worker| pairs::spoken(worker) == spoken);
        let has = |spoken: Spoken| {
            let mut all = self.tomcat.connectors.iter();
            all.any(|connector| connector.speaks == spoken)
        };
        let is_served = |connector: &Connector| {
            !self.workers_of(connector).is_empty() || !self.strangers_of(connector).is_empty()
        };
        if self.tomcat.connectors.iter().any(is_served) {
            return;
        }
        let message = match (speaks(Spoken::Ajp), speaks(Spoken::Http)) {
            (true, _) if !has(Spoken::Ajp) => {
                "there is no AJP connector; add <Connector protocol=\"AJP/1.3\" with address, port and secret"
            }
            (false, true) if !has(Spoken::Http) => {
                "there is no HTTP connector; add <Connector protocol=\"HTTP/1.1\" with address and port"
            }
            _ => return,
        };
        found.add(
            Some(&self.tomcat.file),
            Severity::Warning,
            "tomcat-no-connector",
            message,
        );
    }

    fn connector(&self, connector: &Connector, found: &mut Found<'_>) {
        if connector.speaks == Spoken::Ajp {
            ajp::starts(connector, found);
        }
        for (worker, _) in self.strangers_of(connector) {
            self.other_protocol(connector, worker, found);
        }
        let pairs = self.workers_of(connector);
        if pairs.is_empty() && connector.speaks == Spoken::Ajp {
            self.no_worker(connector, found);
        } else if connector.speaks == Spoken::Ajp {
            ajp::attributes(connector, found);
        }
        // Several workers of one connector are several names of one Tomcat, or one name each on several hosts.
        if let [(ajp, _)] = pairs.as_slice() {
            let pair = Pair {
                tomcat: self.tomcat,
                connector,
                ajp,
                workers: self.workers,
            };
            pair.find(found);
        }
        routes::find(self.tomcat, &pairs, self.workers, found);
    }
}
