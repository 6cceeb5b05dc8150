//! The connections that all children together may open, against the threads that Tomcat has for them.

use super::{Found, Severity, ajp_workers, place_of, place_of_worker};
use crate::check::httpd_conf::Configuration;
use crate::check::tomcat::{self, Tomcat};
use bstr::ByteSlice;
use rjk_config::workers::Workers;

/// Tomcat's maxThreads where nothing says another.
const USUAL_THREADS: u32 = 200;

/// How many children there may be, and threads in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Children {
    count: u32,
    pub(super) threads: u32,
}

pub(super) fn find(workers: &Workers, tomcats: &[Tomcat], found: &mut Found<'_>) {
    let Some(children) = children(&found.site.conf) else {
        return;
    };
    for ajp in ajp_workers(workers) {
        let size = ajp.pool.size.unwrap_or(children.threads);
        let most = size.saturating_mul(children.count);
        let known = tomcat::threads_behind(ajp, workers, tomcats);
        let threads = known.unwrap_or(USUAL_THREADS);
        if most <= threads {
            continue;
        }
        let (severity, whose) = match known {
            Some(_) => (Severity::Warning, "has"),
            None => (Severity::Hint, "has by default"),
        };
        let fits = threads / children.count;
        let remedy = match fits {
            0 => "raise maxThreads in server.xml, or run fewer children".to_owned(),
            _ => format!(
                "raise maxThreads in server.xml, or set worker.{}.connection_pool_size={fits}",
                ajp.name
            ),
        };
        let message = format!(
            "{} children with {size} connections each may open {most} to {}, more than the {threads} threads that Tomcat {whose}; {remedy}",
            children.count, ajp.name
        );
        let name = ajp.name.as_bstr();
        let place = place_of(workers, name, "connection_pool_size");
        let place = place.or_else(|| place_of_worker(workers, name));
        found.add(place, severity, "pool-exceeds-threads", message);
    }
}

/// As the configuration says; `None` where it does not, for the defaults are for nobody in particular.
pub(super) fn children(conf: &Configuration) -> Option<Children> {
    let number = |names: &[&str]| {
        let mut lines = conf.lines.iter().rev();
        let line = lines.find(|line| names.iter().any(|name| line.is(name)))?;
        let text = line.words().into_iter().next()?;
        text.to_str().ok()?.parse::<u32>().ok()
    };
    let most = number(&["MaxRequestWorkers", "MaxClients"])?;
    if conf.mpm == Some("prefork") {
        return Some(Children {
            count: most,
            threads: 1,
        });
    }
    // Without an MPM that is known, ThreadsPerChild says that there are threads.
    let threads = match (number(&["ThreadsPerChild"]), conf.mpm) {
        (Some(threads), _) => threads,
        (None, Some(_)) => 25,
        (None, None) => return None,
    };
    let count = most.checked_div(threads)?.max(1);
    Some(Children { count, threads })
}
