//! Everything that runs.

use crate::network::{self, Host};
use crate::operator::page_of;
use crate::report;
use crate::site::Site;
use crate::tomcat::{Kind, SESSIONS, Tomcat};
use crate::users::Users;
use crate::visit::Visitor;
use crate::web::{SHORTENED, Web};
use anyhow::{Context, Result, ensure};
use rjk_testbed::{Subject, Version, wait};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

/// Longest time until the Tomcats of a site know each other.
const JOIN_LIMIT: Duration = Duration::from_secs(60);
/// Longest time until both Tomcats of a site have the sessions of all users, who begin new ones after some 15 s.
const REPLICATION_LIMIT: Duration = Duration::from_secs(60);
/// Longest wait for the first page of a Tomcat: its JSP is compiled.
const FIRST_PAGE: Duration = Duration::from_secs(60);

/// What is built.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The module in both web hosts.
    pub subject: Subject,
    /// The sites that have Tomcats.
    pub sites: &'static [Site],
    /// The Tomcats.
    pub tomcat: Kind,
}

impl Plan {
    /// All of it, as `make lab` has it.
    pub fn whole(subject: Subject) -> Plan {
        Plan {
            subject,
            sites: &Site::BOTH,
            tomcat: Kind {
                version: Version::V9,
                user: None,
            },
        }
    }
}

/// The lab.
pub struct Lab {
    /// The module in both web hosts.
    pub subject: Subject,
    /// The sites that have Tomcats, and users.
    pub sites: &'static [Site],
    /// Users who click all the time, once they have begun.
    pub users: Option<Users>,
    /// The web hosts.
    pub webs: Vec<Web>,
    /// The Tomcats: a-was1, b-was1, a-was2, b-was2.
    pub tomcats: Vec<Tomcat>,
}

impl Lab {
    /// Builds the network, starts the Tomcats and two httpd.
    pub fn start(plan: &Plan) -> Result<Lab> {
        let count = Host::WAS.len() * plan.sites.len();
        println!("building the network, starting {count} Tomcats and two httpd ...");
        network::build().context("the network")?;
        let mut lab = Lab {
            subject: plan.subject,
            sites: plan.sites,
            users: None,
            webs: Vec::new(),
            tomcats: Vec::new(),
        };
        for host in Host::WAS {
            for site in plan.sites {
                let mut tomcat = Tomcat::unpack(*site, host, plan.tomcat)?;
                tomcat.launch()?;
                lab.tomcats.push(tomcat);
            }
        }
        for host in Host::WEB {
            let mut web = Web::configure(host, plan.subject)?;
            web.start()?;
            lab.webs.push(web);
        }
        lab.tomcats.iter_mut().try_for_each(Tomcat::wait_ready)?;
        lab.wait_joined()?;
        lab.warm_up()?;
        Ok(lab)
    }

    /// Each Tomcat has seen the other one of its site, by multicast.
    fn wait_joined(&self) -> Result<()> {
        for tomcat in &self.tomcats {
            let joined = wait::became(JOIN_LIMIT, || tomcat.log().contains("memberAdded"));
            ensure!(joined, "{} sees nobody: {}", tomcat.name(), tomcat.log());
        }
        Ok(())
    }

    /// Every Tomcat has answered once: its page is compiled.
    fn warm_up(&self) -> Result<()> {
        for site in self.sites {
            for name in site.workers() {
                self.reached_by_new_visitors(*site, &name, FIRST_PAGE)?;
            }
        }
        Ok(())
    }

    /// New visitors come through both web hosts until each led one of them to that Tomcat.
    pub fn reached_by_new_visitors(&self, site: Site, name: &str, limit: Duration) -> Result<()> {
        for web in Host::WEB {
            let reached = wait::became(limit, || {
                let page = Visitor::new(site).open(web, limit);
                page.is_ok_and(|page| page.node == name)
            });
            ensure!(
                reached,
                "no new visitor of {} reached {name} within {limit:?}",
                web.name()
            );
        }
        Ok(())
    }

    /// Waits until both Tomcats of each site have all sessions that users have now: what is to be shown
    /// is what becomes of a session that the other one has. A Tomcat gets those that were there before
    /// it at its start, and only if it sees the other one in time; else they have to be replaced by new
    /// ones first. A Tomcat that does not run is waited for by whoever stopped it.
    pub fn wait_replicated(&self) -> Result<()> {
        let Some(users) = &self.users else {
            return Ok(());
        };
        let began = Instant::now();
        for site in self.sites {
            let mut missing = String::new();
            let complete = wait::became(REPLICATION_LIMIT, || {
                missing = self.missing(*site, &users.sessions(*site));
                missing.is_empty()
            });
            ensure!(complete, "not every session is at both Tomcats: {missing}");
        }
        if began.elapsed() > Duration::from_secs(1) {
            let seconds = began.elapsed().as_secs_f64();
            println!("    (after {seconds:.1} s both Tomcats of each site have every session)");
        }
        Ok(())
    }

    /// Which Tomcats of a site do not have which of these sessions, in words.
    fn missing(&self, site: Site, sessions: &[String]) -> String {
        let running = |tomcat: &&Tomcat| tomcat.site == site && tomcat.pid().is_some();
        let mut missing = Vec::new();
        for tomcat in self.tomcats.iter().filter(running) {
            let name = tomcat.name();
            match page_of(tomcat, SESSIONS, &self.webs[0]) {
                Err(error) => missing.push(format!("{name}: {error:#}")),
                Ok(page) => {
                    let known: BTreeSet<&str> = page.lines().collect();
                    let lacks = |id: &&String| !known.contains(id.as_str());
                    let lacking = sessions.iter().filter(lacks);
                    missing.extend(lacking.map(|id| format!("{name} lacks {id}")));
                }
            }
        }
        missing.join(", ")
    }

    /// The Tomcat of that name.
    pub fn tomcat(&mut self, name: &str) -> Result<&mut Tomcat> {
        let mut tomcats = self.tomcats.iter_mut();
        tomcats
            .find(|tomcat| tomcat.name() == name)
            .with_context(|| format!("there is no Tomcat {name}"))
    }

    /// The users, who have begun.
    pub fn users(&self) -> Result<&Users> {
        self.users.as_ref().context("the users have not begun")
    }

    /// Says who plays.
    pub fn introduce(&self) {
        for web in &self.webs {
            println!(
                "  {}  {}  httpd, files of httpd-conf/on-premise/{}",
                web.host.name(),
                web.host.address(),
                web.flavour.files
            );
        }
        for tomcat in &self.tomcats {
            println!(
                "  {}  {}:{}  Tomcat {}",
                tomcat.host.name(),
                tomcat.host.address(),
                tomcat.site.port(),
                tomcat.name()
            );
        }
        println!("\nShortened, so that it takes minutes; all else is as the files say:");
        for (name, from, to) in SHORTENED {
            println!("  {name}: {to} instead of {from}");
        }
        println!();
    }

    /// What a step left behind is put right for the next one.
    pub fn heal(&mut self) -> Result<()> {
        for host in Host::ALL {
            host.plugged(true)?;
            host.lossy(false)?;
        }
        if let Some(users) = &self.users {
            users.cutting(false);
        }
        for tomcat in &mut self.tomcats {
            match tomcat.pid() {
                Some(_) => tomcat.hang(false)?,
                None => tomcat.start()?,
            }
        }
        Ok(())
    }

    /// Stops everything in order.
    pub fn stop(mut self) -> Result<()> {
        self.users = None;
        self.webs.iter_mut().try_for_each(Web::stop)?;
        self.tomcats.iter_mut().try_for_each(Tomcat::kill)?;
        println!("\nEverything that the lab started is stopped.");
        Ok(())
    }

    /// Copies the logs out of the folders, which go away.
    pub fn save_logs(&self) {
        let folder = report::folder().join("logs");
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(&folder)?;
            for web in &self.webs {
                fs::write(folder.join(web.host.name()), web.logs())?;
            }
            let mut tomcats = self.tomcats.iter();
            tomcats.try_for_each(|tomcat| fs::write(folder.join(tomcat.name()), tomcat.log()))
        };
        match write() {
            Ok(()) => println!("\nThe logs are in {}", folder.display()),
            Err(error) => eprintln!("\nThe logs cannot be kept: {error}"),
        }
    }
}
