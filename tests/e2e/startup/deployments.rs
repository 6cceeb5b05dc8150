//! Configurations in the style of those that are in use: they start unchanged with both modules,
//! and every request is answered by the same backend.

use rjk_testbed::client::Request;
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Context, Httpd, Peer, Result, Subject, client};
use std::fs;

/// Host, path, Cookie, and who answers: a peer's name or httpd's status.
type Expected = (&'static str, &'static str, &'static str, &'static str);

fn check(name: &str, site: &dyn Fn(Builder) -> Builder, expected: &[Expected]) -> Result {
    for subject in Subject::BOTH {
        let builder = site(Httpd::builder(subject).without_jk_defaults());
        let (accepted, output) = builder.configtest()?;
        assert!(accepted, "{name} {subject:?}: {output}");
        let httpd = builder.start()?;
        for (host, target, cookie, who) in expected {
            let request = Request::get(target)
                .header("Host", host)
                .header("Cookie", cookie);
            let answer = client::send(httpd.port(), request)?;
            let status = answer.status.to_string();
            let peer = answer.field("peer").unwrap_or(status);
            assert_eq!(peer, *who, "{name} {subject:?} {host}{target} {cookie}");
        }
        httpd.graceful()?;
        httpd.assert_clean();
    }
    Ok(())
}

/// The files that Debian installs with mod_jk; the worker's port and the folders are the test's.
#[test]
fn debians_own_files() -> Result {
    let peer = Peer::named("tomcat", Behaviour::Echo)?;
    let read = |path: &str| fs::read_to_string(path).with_context(|| path.to_owned());
    let workers = read("/etc/libapache2-mod-jk/workers.properties")?
        .replace("port=8009", &format!("port={}", peer.port()));
    let conf = read("/etc/apache2/mods-available/jk.conf")?
        .replace("/etc/libapache2-mod-jk", "@ROOT@/conf")
        .replace("/var/log/apache2", "@ROOT@/logs");
    assert!(conf.contains("JkWorkersFile @ROOT@/conf/workers.properties"));
    check(
        "Debian",
        &|site| {
            site.module("authz_host")
                .module("setenvif")
                .file("conf/workers.properties", workers.as_str())
                .directives(&conf)
                .directives("JkMount /examples|/* ajp13_worker")
        },
        &[
            ("any", "/examples", "", "tomcat"),
            ("any", "/examples/x.jsp", "", "tomcat"),
            ("any", "/other", "", "404"),
            // Its status workers are not in worker.list.
            ("any", "/jk-status", "", "500"),
        ],
    )
}

/// A site that grew over many years: old names of attributes, numbers for truth values, options
/// that have been the default for long.
#[test]
fn a_site_of_many_years() -> Result {
    let one = Peer::named("node1", Behaviour::Echo)?;
    let two = Peer::named("node2", Behaviour::Echo)?;
    let workers = format!(
        "# paths of the days of mod_jserv\nworkers.tomcat_home=/opt/tomcat\n\
         workers.java_home=$(JAVA_HOME)\nps=/\n\
         worker.list=loadbalancer,status\n\
         worker.node1.port={}\nworker.node1.host=127.0.0.1\nworker.node1.type=ajp13\n\
         worker.node1.lbfactor=1\nworker.node1.cachesize=10\nworker.node1.cache_timeout=600\n\
         worker.node1.socket_keepalive=1\nworker.node1.socket_timeout=300\n\
         worker.node1.recycle_timeout=300\nworker.node1.jvm_route=tc1\n\
         worker.node2.port={}\nworker.node2.host=127.0.0.1\nworker.node2.type=ajp13\n\
         worker.node2.lbfactor=1\nworker.node2.cachesize=10\nworker.node2.local_worker=1\n\
         worker.loadbalancer.type=lb\nworker.loadbalancer.balanced_workers=node1, node2\n\
         worker.loadbalancer.sticky_session=1\nworker.loadbalancer.sticky_session_force=0\n\
         worker.loadbalancer.local_worker_only=0\nworker.status.type=status\n",
        one.port(),
        two.port()
    );
    check(
        "many years",
        &|site| {
            site.env("JAVA_HOME", "/usr/lib/jvm/java")
                .module("authz_host")
                .file("conf/workers.properties", workers.as_str())
                .directives(
                    "JkWorkersFile conf/workers.properties\nJkLogFile logs/mod_jk.log\n\
                     JkLogLevel info\nJkLogStampFormat \"[%a %b %d %H:%M:%S %Y] \"\n\
                     JkOptions +ForwardKeySize +ForwardURICompat -ForwardDirectories\n\
                     JkRequestLogFormat \"%w %V %T\"\nJkShmFile run/jk.shm\nJkShmSize 1048\n\
                     JkMount /app/* loadbalancer\nJkMount /*.jsp loadbalancer\n\
                     JkMount /servlet/* loadbalancer\nJkUnMount /app/images/* loadbalancer\n\
                     <Location /jkstatus/>\nJkMount status\nRequire ip 127.0.0.1\n</Location>",
                )
                .vhosts(
                    "<VirtualHost *:@PORT@>\nServerName www.old.test\nJkMountCopy On\n\
                     JkMount /admin/* loadbalancer\n</VirtualHost>\n\
                     <VirtualHost *:@PORT@>\nServerName static.old.test\n</VirtualHost>",
                )
        },
        &[
            ("www.old.test", "/app/x", "JSESSIONID=1.tc1", "node1"),
            ("www.old.test", "/a/x.jsp", "JSESSIONID=1.node2", "node2"),
            ("www.old.test", "/admin/x", "JSESSIONID=1.tc1", "node1"),
            ("www.old.test", "/servlet/x;jsessionid=7.node2", "", "node2"),
            ("www.old.test", "/app/images/x", "", "404"),
            ("www.old.test", "/jkstatus/", "", "200"),
            ("static.old.test", "/app/x", "", "404"),
            ("static.old.test", "/jkstatus/", "", "404"),
        ],
    )
}

/// A hosting of today: templates, several lists, domains, a hot standby, a map file for all hosts.
#[test]
fn a_hosting_with_templates_and_a_map_file() -> Result {
    let peer = |name: &str| Peer::named(name, Behaviour::Echo);
    let (main, spare, other) = (peer("main")?, peer("spare")?, peer("other")?);
    let workers = format!(
        "worker.list=shop\nworker.list=wiki\nworker.list=jk-status,jk-manager\n\
         worker.maintain=30\nlocal=127.0.0.1\nsecrets=s3cret\n\
         worker.base.type=ajp13\nworker.base.host=$(local)\nworker.base.secret=$(secrets)\n\
         worker.base.ping_mode=A\nworker.base.ping_timeout=3000\n\
         worker.base.connection_pool_size=50\nworker.base.connection_pool_minsize=1\n\
         worker.base.connection_pool_timeout=60\nworker.base.reply_timeout=60000\n\
         worker.base.socket_connect_timeout=2000\nworker.base.max_packet_size=65536\n\
         worker.base.recovery_options=7\nworker.base.fail_on_status=-404,503\n\
         worker.main.reference=worker.base\nworker.main.port={}\nworker.main.redirect=spare\n\
         worker.main.domain=east\n\
         worker.spare.reference=worker.base\nworker.spare.port={}\nworker.spare.activation=Disabled\n\
         worker.spare.distance=2\nworker.spare.domain=west\n\
         worker.shop.type=lb\nworker.shop.balance_workers=main\nworker.shop.balance_workers=spare\n\
         worker.shop.recover_time=20\nworker.shop.error_escalation_time=0\n\
         worker.shop.max_reply_timeouts=5\nworker.shop.session_cookie=SHOPID\n\
         worker.shop.session_path=;shopid\nworker.shop.lb_retries=3\nworker.shop.retries=1\n\
         worker.wiki.reference=worker.base\nworker.wiki.port={}\n\
         worker.jk-status.type=status\nworker.jk-status.read_only=True\n\
         worker.jk-status.css=/jk.css\nworker.jk-manager.type=status\n\
         worker.jk-manager.user=root admin\nworker.jk-manager.mount=/jk-manager\n",
        main.port(),
        spare.port(),
        other.port()
    );
    let map = "# for all hosts\n/shop|/* = shop\n!/shop/img/*=*\n/wiki/*=wiki\n\
               /wiki/slow/*=wiki;reply_timeout=600000\n/only/*=shop;active=spare;disabled=main\n\
               -/switched/off=wiki\n/jk-status=jk-status\n";
    check(
        "hosting",
        &|site| {
            site.module("setenvif")
                .file("conf/jk/workers.properties", workers.as_str())
                .file("conf/jk/map.properties", map)
                .directives(
                    "JkWorkersFile conf/jk/workers.properties\nJkMountFile conf/jk/map.properties\n\
                     JkMountFileReload 30\nJkMountCopy All\nJkWatchdogInterval 30\n\
                     JkLogFile \"|/usr/bin/tee -a @ROOT@/logs/jk.log\"\nJkLogLevel warn\n\
                     JkShmFile run/jk.shm\nJkOptions +RejectUnsafeURI +FlushPackets\n\
                     JkStripSession On\nJkEnvVar SSL_CLIENT_S_DN none",
                )
                .vhosts(
                    "<VirtualHost *:@PORT@>\nServerName a.test\nServerAlias www.a.test\n\
                     JkLogFile logs/a.log\nJkUnMount /wiki/private/* wiki\n</VirtualHost>\n\
                     <VirtualHost *:@PORT@>\nServerName b.test\nJkMountCopy Off\n\
                     JkMount /* wiki\nJkOptions -RejectUnsafeURI\n</VirtualHost>",
                )
        },
        &[
            ("a.test", "/shop", "", "main"),
            ("a.test", "/shop/x", "SHOPID=1.spare", "spare"),
            ("a.test", "/shop/x;shopid=1.spare", "", "spare"),
            ("www.a.test", "/shop/x", "JSESSIONID=1.spare", "main"),
            ("a.test", "/shop/img/x", "", "404"),
            ("a.test", "/wiki/x", "", "other"),
            ("a.test", "/wiki/private/x", "", "404"),
            ("a.test", "/wiki/%25", "", "404"),
            ("a.test", "/only/x", "", "spare"),
            ("a.test", "/switched/off", "", "404"),
            ("a.test", "/jk-status", "", "200"),
            ("b.test", "/wiki/%25", "", "other"),
            ("b.test", "/shop", "", "other"),
        ],
    )
}

/// No workers file: properties in httpd.conf, and mapping by handlers, variables and rewriting.
#[test]
fn a_site_that_maps_with_variables() -> Result {
    let app = Peer::named("app", Behaviour::Echo)?;
    let api = Peer::named("api", Behaviour::Echo)?;
    let properties = format!(
        "JkWorkerProperty worker.list=app,api\n\
         JkWorkerProperty worker.app.host=127.0.0.1\nJkWorkerProperty worker.app.port={}\n\
         JkWorkerProperty worker.api.reference=worker.app\nJkWorkerProperty worker.api.port={}\n",
        app.port(),
        api.port()
    );
    check(
        "variables",
        &|site| {
            site.module("setenvif")
                .module("rewrite")
                .file("htdocs/page.html", "from httpd")
                .directives(&properties)
                .directives(
                    "JkLogFile logs/jk.log\nJkShmFile run/jk.shm\nJkExtractSSL Off\n\
                     JkWorkerIndicator TARGET\nJkRemoteUserIndicator WHO\n\
                     JkEnvVar REQUEST_SCHEME\nJkMount /app/* app\n\
                     SetEnvIf Request_URI \"\\.html$\" no-jk\n\
                     SetEnvIf Request_URI ^/api/ TARGET=api\n\
                     SetEnvIf Request_URI ^/api/slow JK_REPLY_TIMEOUT=0\n\
                     <Location /api>\nSetHandler jakarta-servlet\n</Location>\n\
                     <Location /nobody>\nSetHandler jakarta-servlet\n</Location>\n\
                     RewriteEngine On\nRewriteRule ^/short/(.*)$ /app/$1 [PT]",
                )
        },
        &[
            ("any", "/app/x", "", "app"),
            ("any", "/app/x.html", "", "404"),
            ("any", "/page.html", "", "200"),
            ("any", "/api/x", "", "api"),
            ("any", "/api/slow", "", "api"),
            ("any", "/short/x", "", "app"),
            ("any", "/nobody", "", "404"),
        ],
    )
}
