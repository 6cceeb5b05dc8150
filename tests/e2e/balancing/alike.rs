//! Drawn balancers and drawn requests, played with both modules: who is asked, what the client gets,
//! and what is noted of the members must be the same (§4).
//!
//! Left out is what differs on purpose: routes by domain and after a failover (BG-04), cookies with a route that
//! nobody has (mod_jk then looks at ids of earlier requests, SS-07), several ids (BG-06), and what is repeated of
//! a POST (BG-01).

use rjk_testbed::client::Request;
use rjk_testbed::farm::{MemberNotes, Notes};
use rjk_testbed::peer::{Behaviour, Head, Script};
use rjk_testbed::{Farm, Plan, Result, Subject};

const MEMBERS: [&str; 4] = ["m1", "m2", "m3", "m4"];
const STEPS: usize = 30;
/// Balancers for each of the tests, which run beside each other.
const BALANCERS: u64 = 8;

#[test]
fn fo_ss_tr_both_modules_do_the_same_1() -> Result {
    both_do_the_same(1)
}

#[test]
fn fo_ss_tr_both_modules_do_the_same_2() -> Result {
    both_do_the_same(2)
}

#[test]
fn fo_ss_tr_both_modules_do_the_same_3() -> Result {
    both_do_the_same(3)
}

#[test]
fn fo_ss_tr_both_modules_do_the_same_4() -> Result {
    both_do_the_same(4)
}

fn both_do_the_same(first: u64) -> Result {
    let mut served = 0;
    for number in 0..BALANCERS {
        let seed = first * 1000 + number;
        let plan = Drawn::balancer(seed);
        let (theirs, ours) = plan.play_both(seed)?;
        let same = theirs.iter().zip(&ours).take_while(|(a, b)| a == b).count();
        assert!(
            same == STEPS,
            "seed {seed}, step {same} of {plan:#?}\nbefore {:#?}\nmod_jk  {}\nmod_rjk {}",
            &ours[same.saturating_sub(4)..same],
            theirs[same],
            ours[same]
        );
        served += ours.iter().filter(|line| line.starts_with('m')).count();
    }
    let asked = BALANCERS as usize * STEPS;
    assert!(served > asked / 3, "{served} of {asked} were served");
    Ok(())
}

/// A balancer: lines of its own, and of each member.
#[derive(Debug)]
struct Drawn {
    balancer: Vec<String>,
    members: Vec<(&'static str, Vec<String>)>,
    /// Activations that hold below `/r`.
    rule: String,
}

impl Drawn {
    fn balancer(seed: u64) -> Drawn {
        let mut draw = Draw(seed);
        let count = 1 + draw.below(4) as usize;
        let method = ["Request", "Busyness", "Sessions", "Next"];
        let mut balancer = vec![
            format!("method={}", draw.one(&method)),
            format!("retries={}", 1 + draw.below(2)),
            format!("lb_retries={}", 1 + draw.below(4)),
            "retry_interval=1".to_owned(),
        ];
        if draw.in_ten(2) {
            balancer.push("sticky_session_force=1".to_owned());
        }
        if draw.in_ten(1) {
            balancer.push("sticky_session=0".to_owned());
        }
        if draw.in_ten(3) {
            balancer.push("error_escalation_time=0".to_owned());
        }
        let names = &MEMBERS[..count];
        let rule = ["active", "disabled", "stopped"].map(|what| match draw.in_ten(5) {
            true => format!(";{what}={}", draw.one(names)),
            false => String::new(),
        });
        let members = names.iter().map(|name| (*name, draw.member(name)));
        Drawn {
            balancer,
            members: members.collect(),
            rule: rule.concat(),
        }
    }

    /// What mod_jk and what mod_rjk did. mod_jk does not always do the same (of ten thousand requests to
    /// a worker that breaks off, one or the other is a connection error) and puts a line into the log
    /// that cannot be read when bytes of its stack are the route: it gets a second chance.
    fn play_both(&self, seed: u64) -> Result<(Vec<String>, Vec<String>)> {
        let ours = self.play(Subject::Rjk, seed)?;
        match self.play(Subject::ModJk, seed) {
            Ok(theirs) if theirs == ours => Ok((theirs, ours)),
            _ => Ok((self.play(Subject::ModJk, seed)?, ours)),
        }
    }

    fn play(&self, subject: Subject, seed: u64) -> Result<Vec<String>> {
        let names: Vec<&str> = self.members.iter().map(|(name, _)| *name).collect();
        let mut plan = Plan::new(subject, &names)
            .line("worker.maintain=600")
            .directives("SetEnvIf X-Route (.+) JK_ROUTE=$1")
            .httpd(|builder| builder.module("setenvif"))
            .mounts(&format!(
                "JkMount /* lb\nJkUnMount /jkstatus lb\nJkMount /s/* lb;stateless=1\n\
                 JkMount /r/* lb{}",
                self.rule
            ));
        for line in &self.balancer {
            plan = plan.lb(line);
        }
        for (name, lines) in &self.members {
            for line in lines {
                plan = plan.member(name, line);
            }
        }
        let mut farm = plan.start()?;
        let mut draw = Draw(seed ^ 0xffff);
        let mut down: Vec<&str> = Vec::new();
        let mut lines = Vec::new();
        for step in 0..STEPS {
            draw.weather(&mut farm, &names, &mut down)?;
            let prefix = draw.one(&["", "", "/s", "/r"]);
            let path = format!("{prefix}/{step}");
            let request = draw.request(&path, &names);
            lines.push(ask(&mut farm, &path, &request)?);
        }
        Ok(lines)
    }
}

/// Who served a request and what is noted of the first and the last member that was tried. Bytes differ
/// with the route.
fn ask(farm: &mut Farm, path: &str, request: &Request) -> Result<String> {
    let served = farm.who(request)?;
    let notes = Notes::of(&farm.httpd, path, 1)?.swap_remove(0);
    let text = |m: MemberNotes| {
        let counts = [m.value, m.accessed, m.sessions, m.errors].join(" ");
        format!("{} {counts} {} {}", m.name, m.activation, m.state)
    };
    let mut line = format!("{served}: first {}", text(notes.first));
    // When the last choice finds nobody, mod_jk does not note whom it tried last (T-15).
    if served != "503" {
        line += &format!(", last {}", text(notes.last));
    }
    Ok(format!("{line}, {}", asked(request)))
}

/// The request without its query, for whoever reads what differs.
fn asked(request: &Request) -> String {
    let head = String::from_utf8_lossy(&request.head_bytes()).into_owned();
    let lines = head.lines().filter(|line| !line.starts_with("Host"));
    let texts = lines.map(|line| line.split('?').next().unwrap_or_default());
    texts.collect::<Vec<_>>().join(" ")
}

/// Numbers that look drawn and are the same in each run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn in_ten(&mut self, times: u64) -> bool {
        self.below(10) < times
    }

    fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    fn member(&mut self, name: &str) -> Vec<String> {
        let mut lines = vec![
            format!("lbfactor={}", 1 + self.below(4)),
            format!("distance={}", self.one(&["0", "0", "0", "1", "-1"])),
            "retry_interval=1".to_owned(),
            "retries=1".to_owned(),
        ];
        if self.in_ten(3) {
            lines.push(format!("domain={}", self.one(&["d", "e"])));
        }
        if self.in_ten(3) {
            lines.push(format!("redirect={}", self.one(&MEMBERS)));
        }
        if self.in_ten(2) {
            lines.push(format!("activation={}", self.one(&["disabled", "stopped"])));
        }
        if self.in_ten(3) {
            lines.push(format!("fail_on_status={}", self.one(&["404", "-404"])));
        }
        if self.in_ten(1) {
            lines.push(format!("route=d.{name}"));
        }
        lines
    }

    /// Members come and go, and answer well or not.
    fn weather<'a>(
        &mut self,
        farm: &mut Farm,
        names: &[&'a str],
        down: &mut Vec<&'a str>,
    ) -> Result {
        let name = self.one(names);
        match self.below(8) {
            0 if !down.contains(&name) => {
                farm.stop(name)?;
                down.push(name);
            }
            1 | 2 => {
                if let Some(name) = down.pop() {
                    farm.revive(name)?;
                }
            }
            3 | 4 if !down.contains(&name) => {
                let script = match self.below(5) {
                    0 => Behaviour::WrongMagic.script(),
                    1 => Behaviour::ClosesBeforeAnswer.script(),
                    2 => Behaviour::UnknownPacket.script(),
                    3 => Script::answer(Head::new(404), "no"),
                    _ => Script::default(),
                };
                farm.peer(name)?.set(script);
            }
            _ => {}
        }
        Ok(())
    }

    fn request(&mut self, path: &str, names: &[&str]) -> Request {
        let query = "q".repeat(self.below(400) as usize);
        let request = Request::get(&format!("{path}?{query}"));
        let route = self.one(names);
        match self.below(9) {
            0..3 => request.header("Cookie", &format!("JSESSIONID=a.{route}")),
            3 => request.header("X-Route", route),
            4 => request.header("X-Route", self.one(&["d", "e", "d.gone", "zz"])),
            _ => request,
        }
    }
}
