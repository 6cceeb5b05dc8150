//! Who the client is: addresses, authentication and how options combine (O-06, O-07, OM-01…OM-05,
//! AT-02, AT-03).

use rjk_testbed::client::{Client, Request};
use rjk_testbed::farm::vhost;
use rjk_testbed::{Farm, Result, Subject, Table, both};

both! { o06_o07_client_address om01_to_om05_option_merging at02_at03_basic_authentication o12_disable_reuse }

fn o06_o07_client_address(subject: Subject) -> Result {
    let rules = "JkMount /app/* w\n";
    let site = Farm::alone(subject, |site| {
        site.module("remoteip")
            .directives("RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1")
            .vhosts(vhost("default.test", rules))
            .vhosts(vhost(
                "local.test",
                &format!("{rules}JkOptions +ForwardLocalAddress"),
            ))
            .vhosts(vhost(
                "physical.test",
                &format!("{rules}JkOptions +ForwardPhysicalAddress"),
            ))
    })?;
    let mut table = Table::default();
    for (host, client, address, port) in [
        ("default.test", "192.0.2.7", "192.0.2.7", "0"),
        ("default.test", "", "127.0.0.1", "own"),
        ("local.test", "192.0.2.7", "127.0.0.1", "0"),
        ("local.test", "", "127.0.0.1", "0"),
        ("physical.test", "192.0.2.7", "127.0.0.1", "own"),
    ] {
        let request = Request::get("/app/x").header("Host", host);
        let request = match client {
            "" => request,
            _ => request.header("X-Client", client),
        };
        let forwarded = site.forwarded(request)?;
        let row = format!("O-06 O-07 {host} {client}");
        table.check(&row, forwarded.remote_addr.as_deref(), Some(address));
        let got = forwarded.attribute("AJP_REMOTE_PORT").unwrap_or("none");
        let own = got != "0" && got.parse::<u16>().is_ok();
        table.check(&row, if own { "own" } else { got }, port);
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// Shown by the forwarded form of `/app/a%3Bb`: `%3B` by CompatUnparsed, `;` by all others; and by
/// the client's port, which ForwardLocalAddress makes 0.
fn om01_to_om05_option_merging(subject: Subject) -> Result {
    let host = |name: &str, options: &str| vhost(name, &format!("JkMount /app/* w\n{options}"));
    let site = Farm::alone(subject, |site| {
        site.directives(
            "JkOptions +ForwardURICompatUnparsed\nJkOptions +ForwardLocalAddress\n\
             JkOptions -FlushHeader",
        )
        .vhosts(host("inherits.test", ""))
        .vhosts(host("removes.test", "JkOptions -ForwardLocalAddress"))
        .vhosts(host("form.test", "JkOptions +ForwardURIProxy"))
        .vhosts(host(
            "last.test",
            "JkOptions +ForwardURICompatUnparsed +ForwardURIProxy",
        ))
        .vhosts(host(
            "minus.test",
            "JkOptions -ForwardLocalAddress\nJkOptions +ForwardLocalAddress",
        ))
        .vhosts(host(
            "words.test",
            "JkOptions forwarduriproxy -forwardlocaladdress",
        ))
    })?;
    let mut table = Table::default();
    for (row, host, uri, is_local) in [
        ("OM-02 OM-03", "inherits.test", "/app/a%3Bb", true),
        ("OM-02", "removes.test", "/app/a%3Bb", false),
        ("OM-03", "form.test", "/app/a;b", true),
        ("OM-03", "last.test", "/app/a;b", true),
        ("OM-01", "minus.test", "/app/a%3Bb", false),
        ("D-36", "words.test", "/app/a;b", false),
    ] {
        let forwarded = site.forwarded(Request::get("/app/a%3Bb").header("Host", host))?;
        let port = forwarded.attribute("AJP_REMOTE_PORT");
        let got = (forwarded.uri.as_str(), port == Some("0"));
        table.check(&format!("{row} {host}"), got, (uri, is_local));
    }
    table.finish()?;
    site.httpd.assert_clean();
    Ok(())
}

/// OM-04, BG-15: mod_jk combines the address options of main server and virtual host.
#[test]
fn om04_bg15_the_virtual_hosts_address_option_wins() -> Result {
    let site = Farm::alone(Subject::Rjk, |site| {
        site.directives("JkOptions +ForwardLocalAddress")
            .vhosts(vhost(
                "own.test",
                "JkMount /app/* w\nJkOptions +ForwardPhysicalAddress",
            ))
    })?;
    let forwarded = site.forwarded(Request::get("/app/x").header("Host", "own.test"))?;
    assert_ne!(forwarded.attribute("AJP_REMOTE_PORT"), Some("0"));
    Ok(())
}

fn at02_at03_basic_authentication(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.module("auth_basic")
            .module("authn_core")
            .module("authn_file")
            .module("authz_user")
            // ann:secret, as plain SHA-1
            .file("conf/users", "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
            .directives(
                "JkMount /app/* w\n<Location /app/members>\nAuthType Basic\nAuthName m\n\
                 AuthUserFile conf/users\nRequire valid-user\n</Location>",
            )
    })?;
    let user =
        Request::get("/app/x/..;/members/a").header("Authorization", "Basic YW5uOnNlY3JldA==");
    let forwarded = site.forwarded(user)?;
    assert_eq!(forwarded.attribute("remote_user"), Some("ann"), "AT-02");
    assert_eq!(forwarded.attribute("auth_type"), Some("Basic"), "AT-03");
    assert_eq!(
        forwarded.header("Authorization"),
        Some("Basic YW5uOnNlY3JldA=="),
        "Q-11"
    );
    let open = site.forwarded(Request::get("/app/open"))?;
    assert!(!open.has_attribute("remote_user") && !open.has_attribute("auth_type"));
    let refused = site.on_host("rjk.test", "/app/members;x/a")?;
    assert_eq!(refused.outcome(), "401", "G-05");
    site.httpd.assert_clean();
    Ok(())
}

fn o12_disable_reuse(subject: Subject) -> Result {
    let site = Farm::alone(subject, |site| {
        site.vhosts(vhost("keep.test", "JkMount /app/* w"))
            .vhosts(vhost(
                "close.test",
                "JkMount /app/* w\nJkOptions +DisableReuse",
            ))
    })?;
    let mut client = Client::connect(site.httpd.port())?;
    for (host, connections) in [("close.test", 3), ("keep.test", 4)] {
        for _ in 0..3 {
            let response = client.send(&Request::get("/app/x").header("Host", host))?;
            assert_eq!(response.status, 200);
        }
        assert_eq!(site.w().connections(), connections, "O-12 {host}");
    }
    site.httpd.assert_clean();
    Ok(())
}
