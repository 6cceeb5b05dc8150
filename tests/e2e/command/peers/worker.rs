//! `--worker`: a peer asked as the configuration has it.

use super::http::Trust;
use super::run;
use crate::said::Said;
use rjk_testbed::http_peer::{Script, TlsSettings};
use rjk_testbed::peer::Behaviour;
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{HttpPeer, Peer, Result};

/// The files of a site with the balancer `lb` over `was1` (over HTTPS) and `was2` (over AJP).
struct Site {
    dir: Dir,
    was1: HttpPeer,
    was2: Peer,
    _trust: Trust,
}

impl Site {
    fn new() -> Result<Site> {
        let (dir, trust) = (Dir::new("site")?, Trust::new()?);
        let settings = TlsSettings::new(trust.own.clone(), "was1.test");
        let was1 = HttpPeer::tls("was1", Script::default(), &settings)?;
        let was2 = Peer::start(Behaviour::Echo)?;
        dir.write(
            "conf/workers.properties",
            format!(
                "worker.list=lb,status\nworker.lb.type=lb\nworker.lb.balance_workers=was1,was2\n\
                 worker.status.type=status\n\
                 worker.was1.host=127.0.0.1\nworker.was1.port=1\nworker.was1.route=first\n\
                 worker.was1.secret=hush one\nworker.was1.activation=D\n\
                 worker.was2.host=127.0.0.1\nworker.was2.port={}\nworker.was2.secret=hush two\n",
                was2.port()
            ),
        )?;
        dir.write(
            "conf/rjk.toml",
            format!(
                "[worker.was1]\nprotocol = \"http\"\nport = {}\nprobe = \"/health\"\n\
                 secret_header = \"X-Worker-Secret\"\nforward = \"both\"\n\
                 tls = {{ ca = \"ca.pem\", server_name = \"was1.test\" }}\n",
                was1.port()
            ),
        )?;
        dir.write("conf/ca.pem", trust.authority.root()?)?;
        dir.write(
            "conf/httpd.conf",
            format!(
                "ServerRoot \"{}\"\nLoadModule jk_module modules/mod_rjk.so\n\
                 JkWorkersFile conf/workers.properties\n\
                 <IfDirective RjkConfigFile>\nRjkConfigFile conf/rjk.toml\n</IfDirective>\n\
                 JkMount /* lb\n",
                dir.path().display()
            ),
        )?;
        Ok(Site {
            dir,
            was1,
            was2,
            _trust: trust,
        })
    }

    fn file(&self, name: &str) -> String {
        self.dir
            .join("conf")
            .join(name)
            .to_string_lossy()
            .into_owned()
    }

    fn run(&self, verb: &[&str], worker: &str, more: &[&str]) -> Result<Said> {
        let conf = self.file("httpd.conf");
        run(&[verb, &["--worker", worker, "--conf", &conf], more].concat())
    }
}

#[test]
fn what_the_module_would_send_to_it() -> Result {
    let site = Site::new()?;
    let said = site.run(&["get"], "was1", &["https://shop.test/app?x=1"])?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let request = site.was1.only_request()?;
    assert_eq!(request.target, "/app?x=1");
    for (name, value) in [
        ("Host", "shop.test"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("Forwarded", "for=127.0.0.1;host=shop.test;proto=https"),
        ("X-Rjk-Route", "first"),
        ("X-Rjk-Activation", "DIS"),
        ("X-Worker-Secret", "hush one"),
    ] {
        assert_eq!(request.all(name), [value], "{name}");
    }
    let said = site.run(&["get"], "was2", &["/app?x=1"])?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let request = site.was2.only_request()?;
    assert_eq!(request.attribute("secret"), Some("hush two"));
    assert_eq!(request.attribute("route"), Some("was2"));
    assert_eq!(request.server_port, site.was2.port());
    Ok(())
}

#[test]
fn workers_properties_and_rjk_toml_will_do() -> Result {
    let site = Site::new()?;
    let (properties, toml) = (site.file("workers.properties"), site.file("rjk.toml"));
    let files = ["--conf", &properties, "--conf", &toml];
    let said = run(&[&["get", "--worker", "was1"], &files[..], &["/x"]].concat())?;
    assert_eq!(
        (said.code, site.was1.requests().len()),
        (Some(0), 1),
        "{said:?}"
    );
    let said = run(&[
        &["ping", "-c", "2", "-i", "0", "--worker", "was1"],
        &files[..],
    ]
    .concat())?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let start = format!("HEAD https://127.0.0.1:{}/health: ", site.was1.port());
    assert!(said.out.starts_with(&start), "{said:?}");
    assert_eq!(site.was1.requests()[1].target, "/health");
    // Without rjk.toml it is where workers.properties has it.
    let said = run(&["get", "--worker", "was1", "--conf", &properties, "/x"])?;
    assert!(
        said.err.contains("127.0.0.1:1: the connection was refused"),
        "{said:?}"
    );
    Ok(())
}

#[test]
fn who_is_no_worker() -> Result {
    let site = Site::new()?;
    for (worker, part) in [
        ("wsa1", "there is no worker wsa1; write was1"),
        (
            "other",
            "there is no worker other; there are: was1 and was2",
        ),
        (
            "lb",
            "worker lb is a balancer; name one of its members: was1 and was2",
        ),
        ("status", "worker status is no Tomcat; "),
    ] {
        for (verb, more) in [(&["get"][..], &["/x"][..]), (&["ping"], &[])] {
            let said = site.run(verb, worker, more)?;
            assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
            assert!(said.err.contains(part), "{said:?}");
        }
    }
    let said = site.run(&["get"], "was1", &["ajp://127.0.0.1/x"])?;
    assert!(
        said.err.contains("the URL is what a client asks httpd for"),
        "{said:?}"
    );
    assert_eq!(said.code, Some(2));
    Ok(())
}

/// What httpd does not start with says nothing of how anybody is reached.
#[test]
fn a_configuration_with_a_mistake() -> Result {
    let site = Site::new()?;
    site.dir
        .write("conf/rjk.toml", "[worker.was1]\nprotocl = \"http\"\n")?;
    let said = site.run(&["get"], "was1", &["/x"])?;
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
    assert!(
        said.err.contains("httpd does not start with it: "),
        "{said:?}"
    );
    assert!(
        said.err.contains("rjk.toml") && said.err.contains("; see rjk check"),
        "{said:?}"
    );
    site.dir
        .write("conf/rjk.toml", "[worker.was1]\nprotocol = \"http\"\n")?;
    let said = site.run(&["get"], "was1", &["/x"])?;
    assert!(
        said.err.contains("worker was1 speaks HTTP and has no port"),
        "{said:?}"
    );
    Ok(())
}
