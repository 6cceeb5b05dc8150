//! `rjk policy replay` over what a real httpd recorded.

use super::record::{lines, plan, recorded};
use rjk_testbed::client::Request;
use rjk_testbed::rjk::rjk;
use rjk_testbed::{Farm, Plan, Result, Subject, ensure, policies};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What came of a replay.
pub(super) struct Replay {
    /// The exit code.
    code: Option<i32>,
    /// Standard output.
    text: String,
}

impl Replay {
    /// Replays the record of the site, and what stands in its other file.
    fn of(site: &Farm, arguments: &[&str]) -> Result<Replay> {
        Replay::run(site, &["conf/lb.record", "conf/lb.record.1"], arguments)
    }

    fn run(site: &Farm, files: &[&str], arguments: &[&str]) -> Result<Replay> {
        let mut command = Command::new(rjk()?);
        command.args(["policy", "replay"]).args(arguments);
        for file in files {
            command.arg("--record").arg(site.httpd.path(file));
        }
        let output = command.output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(error.is_empty(), "{error}");
        Ok(Replay {
            code: output.status.code(),
            text: String::from_utf8(output.stdout)?,
        })
    }

    /// With the policy and the settings that the site has.
    fn as_served(site: &Farm) -> Result<Replay> {
        Replay::of_files(site, &["conf/lb.record", "conf/lb.record.1"])
    }

    /// The same with these files below the server root.
    pub(super) fn of_files(site: &Farm, files: &[&str]) -> Result<Replay> {
        let toml = site.httpd.path("conf/rjk.toml");
        Replay::run(site, files, &["--toml", text_of(&toml)?, "--json"])
    }

    /// With another component and table.
    fn with(site: &Farm, component: &Path, config: &Value) -> Result<Replay> {
        let config = config.to_string();
        let line = [text_of(component)?, "--config", &config, "--json"];
        Replay::of(site, &line)
    }

    pub(super) fn json(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.text)?)
    }

    /// So many decisions, of which so many differ; the exit code says the same.
    fn assert(&self, replayed: usize, differ: usize) -> Result<Value> {
        let said = self.json()?;
        let counts = (&said["replayed"], &said["differ"]);
        assert_eq!(counts, (&replayed.into(), &differ.into()), "{said:#}");
        assert_eq!(self.code, Some(i32::from(differ > 0)), "{said:#}");
        assert_eq!(said["faults"], json!({}), "{said:#}");
        assert_eq!(said["left_out_lines"], 0, "{said:#}");
        let shown = said["first_differing"].as_array().map_or(0, Vec::len);
        assert_eq!(shown, differ.min(10), "{said:#}");
        Ok(said)
    }
}

fn text_of(path: &Path) -> Result<&str> {
    rjk_testbed::Context::context(path.to_str(), "a path in UTF-8")
}

/// A request that was sent, and who served it.
struct Sent {
    path: String,
    tenant: Option<&'static str>,
    by: String,
}

/// How many requests [`send_all`] sends.
const SENT: usize = 12;

/// Requests of two tenants and of none, each with a path of its own.
fn send_all(site: &mut Farm) -> Result<Vec<Sent>> {
    let mut all: Vec<Sent> = Vec::new();
    while all.len() < SENT {
        for tenant in [Some("acme"), Some("umbrella"), Some("umbrella"), None] {
            let path = format!("/{}/{}", tenant.unwrap_or("nobody"), all.len());
            let request = Request::get(&path);
            let request = match tenant {
                Some(tenant) => request.header("X-Tenant", tenant),
                None => request,
            };
            let by = site.who(&request)?;
            all.push(Sent { path, tenant, by });
        }
    }
    Ok(all)
}

fn count(sent: &[Sent], matching: impl Fn(&Sent) -> bool) -> usize {
    sent.iter().filter(|one| matching(one)).count()
}

/// How many decisions led to each of m1 and m2, then and now.
fn load(said: &Value) -> [[u64; 2]; 2] {
    let of = |member: &str| {
        let load = said["load"].as_array();
        let row = load.and_then(|rows| rows.iter().find(|row| row["member"] == member));
        let number = |key: &str| row.and_then(|row| row[key].as_u64()).unwrap_or(0);
        [number("recorded"), number("replayed")]
    };
    [of("m1"), of("m2")]
}

fn header_route() -> Result<PathBuf> {
    policies::built("header-route")
}

/// Sessions, a member that fails and its second attempt are among what is decided again.
#[test]
fn the_policy_that_served_decides_the_same_again() -> Result {
    let mut site = plan("")?.start()?;
    send_all(&mut site)?;
    site.with_cookie("JSESSIONID=a.m1")?;
    site.with_cookie("JSESSIONID=b.m2")?;
    site.stop("m2")?;
    let acme = Request::get("/late").header("X-Tenant", "acme");
    assert_eq!(site.who(&acme)?, "m1");
    let text = recorded(&site, SENT + 4)?;
    let tried: Vec<Value> = lines(&text, "decision")?;
    assert_eq!(tried[SENT + 3]["attempt"], 2, "{}", tried[SENT + 3]);

    let said = Replay::as_served(&site)?.assert(SENT + 4, 0)?;
    assert_eq!(said["not_recorded"], json!({}), "{said:#}");
    let [m1, m2] = load(&said);
    assert_eq!((m1[0], m2[0]), (m1[1], m2[1]));
    assert_eq!(m1[0] + m2[0], SENT as u64 + 4);
    Ok(())
}

#[test]
fn another_table_differs_where_it_names_another_member() -> Result {
    let mut site = plan("")?.start()?;
    let sent = send_all(&mut site)?;
    recorded(&site, SENT)?;
    // acme goes to the other one, umbrella to m2: where the built-in rules had given it to m1, that differs.
    let config = json!({"header": "X-Tenant", "workers": {"acme": "m1", "umbrella": "m2"}});
    let moved = |one: &Sent| match one.tenant {
        Some("acme") => true,
        Some(_) => one.by == "m1",
        None => false,
    };
    let differ = count(&sent, moved);
    ensure!((4..9).contains(&differ), "umbrella always at one member");
    let said = Replay::with(&site, &header_route()?, &config)?.assert(SENT, differ)?;
    assert_eq!(said["not_recorded"], json!({}), "{said:#}");

    let to = |one: &Sent, member: &str| match one.tenant {
        Some("acme") => member == "m1",
        Some(_) => member == "m2",
        None => one.by == member,
    };
    for (member, got) in ["m1", "m2"].into_iter().zip(load(&said)) {
        let recorded = count(&sent, |one| one.by == member) as u64;
        let replayed = count(&sent, |one| to(one, member)) as u64;
        assert_eq!(got, [recorded, replayed], "{member}: {said:#}");
    }
    let expected = sent.iter().filter(|one| moved(one));
    for (one, shown) in expected.zip(said["first_differing"].as_array().into_iter().flatten()) {
        let now = if one.by == "m1" { "m2" } else { "m1" };
        assert_eq!(shown["path"], one.path);
        assert_eq!(shown["recorded"]["decision"], one.by);
        assert_eq!(shown["replayed"]["decision"], now);
    }

    // The same for people.
    let config = config.to_string();
    let component = header_route()?;
    let line = [text_of(&component)?, "--config", &config];
    let replay = Replay::of(&site, &line)?;
    assert_eq!(replay.code, Some(1));
    let first = "differs       GET /acme/0, attempt 1, lb among m1 m2\n  \
        recorded    m2, by policy header-route\n  replayed    m1, by policy\n";
    ensure!(replay.text.contains(first), "{}", replay.text);
    Ok(())
}

#[test]
fn another_policy_decides_with_what_was_recorded() -> Result {
    let mut site = plan("")?.start()?;
    let sent = send_all(&mut site)?;
    recorded(&site, SENT)?;
    let hello = json!({"prefix": "/nobody/", "worker": "m1"});
    let said = Replay::with(&site, &policies::built("hello")?, &hello)?;
    // acme leaves the member that the policy gave it to, as far as the built-in rules would not have.
    let decisions = lines(&recorded(&site, SENT)?, "decision")?;
    let builtin = |index: usize| decisions[index]["builtin"].as_u64();
    let differs = |(index, one): &(usize, &Sent)| match one.tenant {
        None => one.by != "m1",
        Some("acme") => builtin(*index) != Some(1),
        Some(_) => false,
    };
    let differ = sent.iter().enumerate().filter(differs).count();
    let said = said.assert(SENT, differ)?;
    assert_eq!(said["not_recorded"], json!({}), "{said:#}");

    // canary asks for a header that nobody asked for: as if it were not there, and that is said.
    let canary = json!({"header": "X-Canary", "percent": 0, "worker": "m2"});
    let said = Replay::with(&site, &policies::built("canary")?, &canary)?;
    let said = said.assert(SENT, count(&sent, |one| one.by == "m2"))?;
    assert_eq!(said["not_recorded"]["header X-Canary"], SENT, "{said:#}");
    assert_eq!(load(&said)[0][1], SENT as u64, "{said:#}");
    Ok(())
}

/// Random numbers are those of then.
#[test]
fn chance_is_the_same_again() -> Result {
    let plan = Plan::new(Subject::Rjk, &["m1", "m2"]);
    let config = "percent = 50\nworker = \"m2\"";
    let plan = plan.policy("canary", "", config)?;
    let mut site = plan.toml("record = \"lb.record\"\n").start()?;
    let served = site.sequence("/x", 40)?;
    recorded(&site, 40)?;
    let said = Replay::as_served(&site)?.assert(40, 0)?;
    assert_eq!(said["not_recorded"], json!({}), "{said:#}");

    let to_m1 = served.matches('1').count();
    ensure!((1..40).contains(&to_m1), "{served}");
    let all = json!({"percent": 100, "worker": "m2"});
    Replay::with(&site, &policies::built("canary")?, &all)?.assert(40, to_m1)?;
    Ok(())
}

#[test]
fn what_shadow_mode_answered_is_what_is_compared() -> Result {
    let table = "header = \"X-Tenant\"\n[policy.header-route.config.workers]\nacme = \"m2\"";
    let plan = Plan::new(Subject::Rjk, &["m1", "m2"]);
    let plan = plan.policy("header-route", "mode = \"shadow\"", table)?;
    let mut site = plan.toml("record = \"lb.record\"\n").start()?;
    let sent = send_all(&mut site)?;
    recorded(&site, SENT)?;
    let said = Replay::as_served(&site)?.assert(SENT, 0)?;
    let elsewhere = count(&sent, |one| one.tenant == Some("acme") && one.by == "m1");
    ensure!(elsewhere > 0, "the built-in rules took m2 each time");
    assert_eq!(said["not_carried_out"], elsewhere, "{said:#}");
    Ok(())
}
