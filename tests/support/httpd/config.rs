//! The text of httpd.conf.

use super::{Builder, Mpm};
use crate::Result;
use anyhow::ensure;
use std::fmt::Write;
use std::path::Path;

/// Modules that every site loads where they are not compiled in.
const ALWAYS: [&str; 3] = ["authz_core", "unixd", "log_config"];

/// Renders the configuration; placeholders are left for the caller.
pub(super) fn render(builder: &Builder, modules: &Path, module: Option<&Path>) -> Result<String> {
    let mut text = "ServerRoot \"@ROOT@\"\n".to_owned();
    text.push_str(&load_modules(builder, modules, module)?);
    text.push_str(SERVER);
    if rustix::process::geteuid().is_root() {
        text.push_str("User www-data\nGroup www-data\n");
    }
    writeln!(text, "LogFormat \"{}\" testbed", builder.access_log)?;
    text.push_str("CustomLog logs/access.log testbed\n");
    text.push_str(&mpm(builder));
    if module.is_some() {
        text.push_str(&jk(builder));
    }
    text.push_str(&builder.directives);
    text.push_str(&builder.vhosts);
    Ok(text)
}

const SERVER: &str = "\
PidFile run/httpd.pid
DefaultRuntimeDir run
Mutex file:@ROOT@/run default
Listen 127.0.0.1:@PORT@
ServerName rjk.test:@PORT@
ErrorLog logs/error.log
LogLevel info
DocumentRoot htdocs
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 15
Timeout 30
GracefulShutdownTimeout 5
<Directory />
  AllowOverride None
  Require all granted
</Directory>
";

fn load_modules(builder: &Builder, modules: &Path, module: Option<&Path>) -> Result<String> {
    let mpm = match builder.mpm {
        Mpm::Event => "mpm_event",
        Mpm::Worker => "mpm_worker",
        Mpm::Prefork => "mpm_prefork",
    };
    let mut text = String::new();
    for name in ALWAYS
        .into_iter()
        .filter(|name| modules.join(format!("mod_{name}.so")).exists())
    {
        load(&mut text, modules, name)?;
    }
    load(&mut text, modules, mpm)?;
    let mut wanted = String::new();
    for name in &builder.modules {
        if !ALWAYS.contains(&&**name) {
            load(&mut wanted, modules, name)?;
        }
    }
    let jk = module.map(|path| format!("LoadModule jk_module \"{}\"\n", path.display()));
    let jk = jk.unwrap_or_default();
    let ordered = if builder.modules_behind {
        [jk, wanted]
    } else {
        [wanted, jk]
    };
    text.extend(ordered);
    Ok(text)
}

fn load(text: &mut String, modules: &Path, name: &str) -> Result {
    let path = modules.join(format!("mod_{name}.so"));
    ensure!(path.exists(), "httpd has no module {}", path.display());
    writeln!(text, "LoadModule {name}_module \"{}\"", path.display())?;
    Ok(())
}

fn mpm(builder: &Builder) -> String {
    match builder.mpm {
        Mpm::Prefork => prefork(builder),
        Mpm::Event | Mpm::Worker => threaded(builder),
    }
}

fn threaded(builder: &Builder) -> String {
    let (threads, servers) = (builder.threads_per_child, builder.start_servers);
    let limit = builder.server_limit.max(servers);
    let most = builder.max_request_workers.unwrap_or(limit * threads);
    // Spare limits that neither stop a child nor start one while the test looks.
    format!(
        "ServerLimit {limit}\nThreadLimit {threads}\nStartServers {servers}\n\
         ThreadsPerChild {threads}\nMinSpareThreads 1\nMaxSpareThreads {}\n\
         MaxRequestWorkers {most}\nMaxConnectionsPerChild 0\n",
        limit * threads
    )
}

fn prefork(builder: &Builder) -> String {
    let servers = builder.start_servers;
    let limit = builder.server_limit.max(servers).max(8);
    let most = builder.max_request_workers.unwrap_or(limit);
    format!(
        "ServerLimit {limit}\nStartServers {servers}\nMinSpareServers 1\n\
         MaxSpareServers {}\nMaxRequestWorkers {most}\nMaxConnectionsPerChild 0\n",
        limit + 1
    )
}

fn jk(builder: &Builder) -> String {
    let mut text = String::new();
    if builder.workers.is_some() {
        text.push_str("JkWorkersFile conf/workers.properties\n");
    }
    if builder.jk_defaults {
        text.push_str("JkLogFile logs/jk.log\nJkShmFile run/jk.shm\n");
        text.push_str(&format!("JkLogLevel {}\n", builder.log_level));
    }
    text
}
