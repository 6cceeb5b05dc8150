//! One Tomcat of each version, a web server in front of it for each way, and tables of what is asked
//! over all of them.

use rjk_testbed::client::{self, BodyEnd, Client, Request, Response};
use rjk_testbed::httpd::Builder;
use rjk_testbed::tls::Authority;
use rjk_testbed::tomcat::{Door, Tomcat};
use rjk_testbed::{Context, Httpd, Result, Version, Way, bail, ensure, farm, wait, way};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Who stands in front of the Tomcats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// mod_rjk.
    Rjk,
    /// mod_proxy's modules: a harness that is wrong is wrong with these too.
    Proxy,
}

/// A web server that leads to a Tomcat by one way.
pub struct Site {
    pub way: Way,
    pub httpd: Httpd,
    pub tomcat: &'static Tomcat,
}

impl Site {
    /// Sends a request on a connection of its own.
    pub fn ask(&self, request: Request) -> Result<Response> {
        Ok(client::send(self.httpd.port(), request)?)
    }

    /// The same, for an answer that must be whole.
    pub fn whole(&self, request: Request) -> Result<Response> {
        let answer = self.ask(request)?;
        ensure!(answer.end == BodyEnd::Complete, "{answer:?}");
        Ok(answer)
    }

    /// A new connection.
    pub fn connect(&self) -> Result<Client> {
        Ok(Client::connect(self.httpd.port())?)
    }

    /// What Tomcat logged of requests with this word in their query.
    pub fn logged(&self, word: &str) -> Result<Vec<String>> {
        let found = || -> Vec<String> {
            let log = self.tomcat.file("logs/access.log");
            let lines = log.lines().filter(|line| line.contains(word));
            lines.map(str::to_owned).collect()
        };
        wait::until("Tomcat's line", wait::SOON, || !found().is_empty())?;
        Ok(found())
    }
}

/// The five sites with a front and a version.
pub struct Stage {
    sites: BTreeMap<Way, Site>,
}

impl Stage {
    /// The one of this process; it lives until the end.
    pub fn shared(front: Front, version: Version) -> Result<&'static Stage> {
        static STAGES: [OnceLock<Result<Stage, String>>; 4] = [const { OnceLock::new() }; 4];
        let index = (front as usize) * 2 + usize::from(version == Version::V10);
        let start = || Stage::start(front, version).map_err(|error| format!("{error:#}"));
        let stage = STAGES[index].get_or_init(start);
        stage
            .as_ref()
            .map_err(|e| rjk_testbed::Error::msg(e.clone()))
    }

    fn start(front: Front, version: Version) -> Result<Stage> {
        let (authority, tomcat) = tomcat(version)?;
        let mut sites = BTreeMap::new();
        for way in Way::ALL {
            let builder = match front {
                Front::Rjk => behind(authority, tomcat, way)?,
                Front::Proxy => way::proxied(authority, tomcat, way)?,
            };
            let httpd = builder.threads_per_child(24).server_limit(1).start()?;
            sites.insert(way, Site { way, httpd, tomcat });
        }
        Ok(Stage { sites })
    }

    /// The site of a way.
    pub fn site(&self, way: Way) -> Result<&Site> {
        self.sites.get(&way).context("no such site")
    }

    /// Asks every case over every way, and says what was not as the table has it.
    pub fn play(&self, cases: &[Case]) -> Result {
        ensure!(!cases.is_empty(), "an empty table");
        let wrong = std::thread::scope(|scope| {
            let threads: Vec<_> = (self.sites.values())
                .map(|site| scope.spawn(|| column(site, cases)))
                .collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined
                .map(|column| column.unwrap_or_else(|_| vec!["a column failed".to_owned()]))
                .collect::<Vec<_>>()
                .concat()
        });
        for site in self.sites.values() {
            site.httpd.assert_clean();
        }
        let logs = self.sites.values().map(|site| site.httpd.jk_log());
        let errors = logs.flat_map(|log| errors(&log)).collect::<Vec<_>>();
        let (wrong, count) = (wrong.join("\n"), wrong.len());
        ensure!(count == 0, "{wrong}\nlogged: {errors:#?}");
        Ok(())
    }
}

/// A site with mod_rjk and the worker `w`.
fn behind(authority: &Authority, tomcat: &Tomcat, way: Way) -> Result<Builder> {
    let reach = tomcat.reach(way, "w")?;
    let site = way::site(authority, &[reach], "worker.list=w\n")?;
    let forms = [
        ("main.test", ""),
        ("compat.test", "JkOptions +ForwardURICompat"),
        ("unparsed.test", "JkOptions +ForwardURICompatUnparsed"),
    ];
    let hosts = forms.map(|(host, form)| farm::vhost(host, &format!("JkMountCopy On\n{form}")));
    Ok(site
        .directives("JkMount /testbed/* w")
        .vhosts(hosts.concat()))
}

/// The Tomcat of a version, with the valves that the documentation asks for.
fn tomcat(version: Version) -> Result<(&'static Authority, &'static Tomcat)> {
    static TOMCATS: [OnceLock<Result<(Authority, Tomcat), String>>; 2] =
        [const { OnceLock::new() }; 2];
    let start = || -> Result<(Authority, Tomcat)> {
        let authority = Authority::new("Ways")?;
        let tomcat = Tomcat::builder(version)
            .route("t1")
            .doors(&Door::ALL)
            .tls(&authority)?
            .valve(
                "AccessLogValve",
                "directory=\"logs\" prefix=\"access\" suffix=\".log\" rotatable=\"false\" \
                 buffered=\"false\" pattern=\"%m %U%q %H %s\"",
            )
            .start()?;
        Ok((authority, tomcat))
    };
    let cell = &TOMCATS[usize::from(version == Version::V10)];
    let kept = cell.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    match kept {
        Ok((authority, tomcat)) => Ok((authority, tomcat)),
        Err(error) => bail!("{error}"),
    }
}

fn errors(log: &str) -> Vec<String> {
    let lines = log.lines().filter(|line| line.contains("[error]"));
    lines.map(str::to_owned).collect()
}

type Ask = Box<dyn Fn(&Site) -> Result<String> + Send + Sync>;

/// A row of a table: what is asked, what comes of it over each way, and why a way has it otherwise.
pub struct Case {
    name: String,
    ask: Ask,
    usual: String,
    others: Vec<Other>,
}

struct Other {
    ways: Vec<Way>,
    expected: String,
    reason: &'static str,
}

impl Case {
    /// The same over all ways.
    pub fn new(
        name: impl Into<String>,
        expected: impl Into<String>,
        ask: impl Fn(&Site) -> Result<String> + Send + Sync + 'static,
    ) -> Case {
        Case {
            name: name.into(),
            ask: Box::new(ask),
            usual: expected.into(),
            others: Vec::new(),
        }
    }

    /// Over these ways it is otherwise, for this reason.
    pub fn but(mut self, ways: &[Way], expected: impl Into<String>, reason: &'static str) -> Case {
        self.others.push(Other {
            ways: ways.to_vec(),
            expected: expected.into(),
            reason,
        });
        self
    }

    fn expected(&self, way: Way) -> (&str, &'static str) {
        let other = self.others.iter().find(|other| other.ways.contains(&way));
        other.map_or((&self.usual, ""), |other| (&other.expected, other.reason))
    }

    /// What is not as it should be.
    fn wrong(&self, site: &Site) -> Option<String> {
        let got = (self.ask)(site).unwrap_or_else(|error| format!("error: {error:#}"));
        let (expected, reason) = self.expected(site.way);
        let row = format!("{} over {}", self.name, site.way);
        (got != expected).then(|| match reason {
            "" => format!("{row}: got {got:?}, expected {expected:?}"),
            _ => format!("{row}: got {got:?}, expected {expected:?}, for {reason}"),
        })
    }
}

fn column(site: &Site, cases: &[Case]) -> Vec<String> {
    cases.iter().filter_map(|case| case.wrong(site)).collect()
}

/// The ways that speak AJP.
pub const AJP: [Way; 2] = [Way::AjpTcp, Way::AjpUnix];
/// Makes the tests of tables, which are functions: with each version; and those of `control` with mod_proxy, too,
/// where it does the same.
#[macro_export]
macro_rules! over_every_way {
    (control: $($control:ident)*; own: $($own:ident)*) => {
        $($crate::over_every_way! { @tests $control
            proxy Proxy V10; rjk_tomcat9 Rjk V9; rjk_tomcat10 Rjk V10;
        })*
        $($crate::over_every_way! { @tests $own
            rjk_tomcat9 Rjk V9; rjk_tomcat10 Rjk V10;
        })*
    };
    (@tests $table:ident $($test:ident $front:ident $version:ident;)*) => {
        mod $table {
            use $crate::stage::{Front, Stage};
            use rjk_testbed::{Result, Version};

            $(
                #[test]
                fn $test() -> Result {
                    Stage::shared(Front::$front, Version::$version)?.play(&super::$table())
                }
            )*
        }
    };
}
