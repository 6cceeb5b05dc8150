//! Every directive of contract §1.1 where it may stand, with both modules.

use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, client};

/// Context G.
const GLOBAL: &str = "
JkWorkerProperty worker.w.lbfactor=2
JkWorkerProperty worker.w.secret=a#b
JkShmSize 200
JkWatchdogInterval 60
JkMountCopy All
";

/// Context S.
const SERVER: &str = "
JkMountFile conf/a.map
JkMountFileReload 10
JkMount /app|/* w
JkUnMount /app/static/* w
JkAutoAlias htdocs
JkStripSession On ;sid
JkLogFile logs/jk.log
JkLogLevel Debug
JkLogStampFormat \"[%F %T.%Q] \"
JkRequestLogFormat \"%w %V %T\"
JkOptions +ForwardKeySize -FlushHeader ForwardURIProxy
JkOptions ForwardURICompat ForwardURICompatUnparsed ForwardURIEscaped forwarduriproxy
JkOptions +ForwardDirectories +ForwardLocalAddress -ForwardPhysicalAddress
JkOptions +ForwardSSLCertChain +FlushPackets +DisableReuse +RejectUnsafeURI
JkOptions CollapseSlashesAll CollapseSlashesNone CollapseSlashesUnmount
JkEnvVar A_NAME
JkEnvVar A_NAME \"with default\"
JkExtractSSL Off
JkWorkerIndicator JK_WORKER_NAME
JkRequestIdIndicator UNIQUE_ID
JkRemoteAddrIndicator JK_REMOTE_ADDR
JkRemotePortIndicator JK_REMOTE_PORT
JkRemoteHostIndicator JK_REMOTE_HOST
JkRemoteUserIndicator JK_REMOTE_USER
JkAuthTypeIndicator JK_AUTH_TYPE
JkLocalNameIndicator JK_LOCAL_NAME
JkLocalAddrIndicator JK_LOCAL_ADDR
JkLocalPortIndicator JK_LOCAL_PORT
JkIgnoreCLIndicator JK_IGNORE_CL
JkHTTPSIndicator HTTPS
JkSSLPROTOCOLIndicator SSL_PROTOCOL
JkCERTSIndicator SSL_CLIENT_CERT
JkCIPHERIndicator SSL_CIPHER
JkSESSIONIndicator SSL_SESSION_ID
JkKEYSIZEIndicator SSL_CIPHER_USEKEYSIZE
JkCERTCHAINPrefix SSL_CLIENT_CERT_CHAIN_
";

/// Context L.
const SECTIONS: &str = "
<Location /in-location>
  JkMount w
</Location>
<Location /in-location/not>
  JkUnMount w
</Location>
<Directory />
  JkMount w
</Directory>
";

/// Debian's mod_jk 1.2.48 does not know the request id yet (CH-23).
fn known_to(subject: Subject, text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| subject == Subject::Rjk || !line.starts_with("JkRequestIdIndicator"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// D-01…D-37, O-01…O-14: accepted in the main server and in a virtual host.
#[test]
fn every_directive_is_accepted_in_its_contexts() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for subject in Subject::BOTH {
        let everywhere = known_to(subject, &format!("{SERVER}{SECTIONS}"));
        let site = Httpd::builder(subject)
            .workers(peer.only_worker("w"))
            .file("conf/a.map", "/from-file = w\n")
            .directives(GLOBAL)
            .directives(&everywhere)
            .vhosts(format!(
                "<VirtualHost 127.0.0.1:@PORT@>\nServerName own\n{}</VirtualHost>\n\
                 <VirtualHost 127.0.0.1:@PORT@>\nServerName copied\n</VirtualHost>\n\
                 <VirtualHost 127.0.0.1:@PORT@>\nServerName off\nJkMountCopy Off\n</VirtualHost>",
                everywhere
            ));
        let (accepted, output) = site.configtest()?;
        assert!(accepted, "{subject:?}: {output}");
        let httpd = site.start()?;
        for (host, target, status) in [
            ("own", "/app", 200),
            ("own", "/app/x", 200),
            ("own", "/app/static/x", 404),
            ("own", "/in-location", 200),
            ("own", "/in-location/not", 404),
            ("own", "/from-file", 200),
            ("copied", "/app/x", 200),
            ("copied", "/in-location", 200),
            ("copied", "/from-file", 200),
            ("off", "/app/x", 404),
            ("off", "/from-file", 404),
        ] {
            let request = client::Request::get(target).header("Host", host);
            let answer = client::send(httpd.port(), request)?;
            assert_eq!(answer.status, status, "{subject:?} {host}{target}");
        }
        httpd.assert_clean();
    }
    Ok(())
}

/// G-17: a virtual host without any directive of ours does not get the main server's mounts.
#[test]
fn g17_mounts_do_not_leak_into_virtual_hosts() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for subject in Subject::BOTH {
        let httpd = Httpd::builder(subject)
            .workers(peer.only_worker("w") + "worker.w.mount=/by-worker\n")
            .directives("JkMount /app w")
            .vhosts(
                "<VirtualHost 127.0.0.1:@PORT@>\nServerName plain\n</VirtualHost>\n\
                 <VirtualHost 127.0.0.1:@PORT@>\nServerName copy\nJkMountCopy On\n</VirtualHost>",
            )
            .start()?;
        for (host, target, status) in [
            ("plain", "/app", 404),
            ("plain", "/by-worker", 404),
            ("copy", "/app", 200),
        ] {
            let request = client::Request::get(target).header("Host", host);
            let answer = client::send(httpd.port(), request)?;
            assert_eq!(answer.status, status, "{subject:?} {host}{target}");
        }
        httpd.assert_clean();
    }
    Ok(())
}

/// W-05: the main server gets a worker's own mounts, with their prefixes.
#[test]
fn w05_s11_mounts_of_workers() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    for subject in Subject::BOTH {
        let httpd = Httpd::builder(subject)
            .workers(format!(
                "worker.list=w,s\n{}worker.w.mount=/a/* !/a/not/*\nworker.w.mount=/b,-/c\n\
                 worker.s.type=status\nworker.s.mount=/jk\n\
                 worker.unlisted.mount=/d\nworker.unlisted.port={}\n",
                peer.worker("w"),
                peer.port()
            ))
            .start()?;
        for (target, status) in [
            ("/a/x", 200),
            ("/a/not/x", 404),
            ("/b", 200),
            ("/c", 404),
            ("/d", 404),
            ("/jk", 200),
        ] {
            let answer = client::get(httpd.port(), target)?;
            assert_eq!(answer.status, status, "{subject:?} {target}");
        }
        httpd.assert_clean();
    }
    Ok(())
}
