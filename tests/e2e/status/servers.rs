//! How servers are named (OUT-01, OUT-03, OUT-08): the rules of all virtual hosts are listed.

use rjk_testbed::peer::Behaviour;
use rjk_testbed::{Httpd, Peer, Result, Subject, both, client};

both! { out08_names_of_servers out03_the_whole_version_is_shown out04_what_is_not_there_is_not_counted }

const VHOSTS: &str = "\
<VirtualHost 127.0.0.5:@PORT@ 127.0.0.6:81>
ServerName two.example
</VirtualHost>
<VirtualHost [::1]:8080>
ServerName six.example:99
JkMount /six/* w
</VirtualHost>
<VirtualHost _default_:443>
ServerName nothing.example
JkMountCopy Off
</VirtualHost>
<VirtualHost 127.0.0.7>
ServerName noport.example
JkMount /noport/* w
</VirtualHost>
<VirtualHost *:84>
ServerName https://scheme.example:8443
JkMountFile conf/other.properties
JkMountCopy On
</VirtualHost>
";

fn site(subject: Subject, name: &str) -> Result<(Httpd, Peer)> {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = Httpd::builder(subject)
        .workers(format!("worker.list=w,s\nworker.s.type=status\n{}", peer.worker("w")))
        .file("conf/map.properties", "/f/*=w\n")
        .file("conf/other.properties", "/f2/*=w\n!/f2/x=w\n")
        .directives(format!(
            "ServerName {name}\nServerTokens Prod\nJkMountFile conf/map.properties\nJkMountCopy All\n\
             JkMount /s s\nJkMount /main/* w"
        ))
        .vhosts(VHOSTS)
        .start()?;
    Ok((httpd, peer))
}

/// What stands after each key, in order.
fn all(text: &str, key: &str) -> Vec<String> {
    let start = format!(" {key}=\"");
    let parts = text.split(&start).skip(1);
    let value = |part: &str| part.split('"').next().unwrap_or_default().to_owned();
    parts.map(value).collect()
}

fn out08_names_of_servers(subject: Subject) -> Result {
    // A virtual host without a port has that of the main server.
    for (main, port) in [("main.example", ""), ("main.example:80", ":80")] {
        let (httpd, _peer) = site(subject, main)?;
        let text = client::get(httpd.port(), "/s?mime=txt")?.text();
        let found: Vec<_> = all(&text, "server")
            .into_iter()
            .zip(all(&text, "uri"))
            .collect();
        let two = format!("two.example [127.0.0.5:{}]", httpd.port());
        let bare = format!("noport.example [127.0.0.7{port}]");
        let expected = [
            (main, "/main/*"),
            (main, "/f/*"),
            ("scheme.example [*:84]", "/main/*"),
            ("scheme.example [*:84]", "/f2/*"),
            ("scheme.example [*:84]", "/f2/x"),
            (bare.as_str(), "/noport/*"),
            (bare.as_str(), "/main/*"),
            (bare.as_str(), "/f/*"),
            ("six.example [::1:8080]", "/main/*"),
            ("six.example [::1:8080]", "/six/*"),
            ("six.example [::1:8080]", "/f/*"),
            (two.as_str(), "/main/*"),
            (two.as_str(), "/f/*"),
        ];
        let expected = expected.map(|(server, uri)| (server.to_owned(), uri.to_owned()));
        assert_eq!(found, expected, "{text}");
        httpd.assert_clean();
    }
    Ok(())
}

/// `ServerTokens` is for clients of the sites.
fn out03_the_whole_version_is_shown(subject: Subject) -> Result {
    let (httpd, _peer) = site(subject, "main.example")?;
    let answer = client::get(httpd.port(), "/s?mime=prop")?;
    assert_eq!(answer.header("Server"), Some("Apache"));
    let version = answer.field("worker.web_server").unwrap_or_default();
    let module = answer.field("worker.jk_version").unwrap_or_default();
    assert!(version.starts_with("Apache/2.4."), "{version}");
    assert!(
        version.ends_with(&module) && module.contains("jk/"),
        "{version} {module}"
    );
    httpd.assert_clean();
    Ok(())
}

fn out04_what_is_not_there_is_not_counted(subject: Subject) -> Result {
    let lb = "worker.lb.type=lb\nworker.lb.balance_workers=w\n";
    let rows = [
        ("s", "", [false, false]),
        ("w,s", "", [false, true]),
        ("lb,s", lb, [true, false]),
        ("w,lb,s", lb, [true, true]),
    ];
    for (list, lines, counted) in rows {
        let httpd = Httpd::builder(subject)
            .workers(format!(
                "worker.list={list}\nworker.s.type=status\nworker.w.port=1\n{lines}"
            ))
            .directives("JkMount /s s")
            .start()?;
        let ask = |mime: &str| -> Result<String> {
            Ok(client::get(httpd.port(), &format!("/s?mime={mime}"))?.text())
        };
        for (mime, words) in [
            (
                "txt",
                ["Balancer Workers: count=1\n", "AJP Workers: count=1\n"],
            ),
            ("prop", ["worker.lb_count=1\n", "worker.ajp_count=1\n"]),
            (
                "xml",
                [
                    "<jk:balancers\n  count=\"1\"\n>\n",
                    "<jk:ajp_workers\n  count=\"1\"\n>\n",
                ],
            ),
        ] {
            let text = ask(mime)?;
            let found = words.map(|word| text.contains(word));
            assert_eq!(found, counted, "{list} {mime}: {text}");
            let starts = words.map(|word| word.split("count").next().unwrap_or_default());
            let named = starts.map(|start| text.contains(start));
            assert!(mime == "prop" || named == counted, "{list} {mime}: {text}");
            assert!(
                !text.contains("s: count=0") && !text.contains("  count=\"0\""),
                "{text}"
            );
        }
        httpd.assert_clean();
    }
    Ok(())
}
