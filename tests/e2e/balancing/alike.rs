//! Drawn balancers and drawn requests, played with both modules: who is asked, what the client gets,
//! and what is noted of the members must be the same (§4).
//!
//! Left out is what differs on purpose: routes by domain and after a failover (BG-04), cookies with a route that
//! nobody has (mod_jk then looks at ids of earlier requests, SS-07), several ids (BG-06), and what is repeated of
//! a POST without `recovery_options=0` in the file (BG-01).

use super::draw::Draw;
use anyhow::Context;
use rjk_testbed::client::{Pending, Request};
use rjk_testbed::farm::{MemberNotes, Notes, STATUS};
use rjk_testbed::gate::Gate;
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Farm, Plan, Result, Subject, wait};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

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
    let (mut served, mut busy, mut failed) = (0, 0, 0);
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
        let count = |text: &str| ours.iter().filter(|line| line.contains(text)).count();
        served += ours.iter().filter(|line| line.starts_with('m')).count();
        busy += count("OK/BUSY");
        failed += count(" ERR");
    }
    let asked = BALANCERS as usize * STEPS;
    assert!(
        served > asked / 8 && busy > 0 && failed > asked / 20,
        "of {asked} requests {served} were served, {busy} met a busy member, {failed} one in error"
    );
    Ok(())
}

/// A balancer: lines of its own, and of each member.
#[derive(Debug)]
struct Drawn {
    balancer: Vec<String>,
    members: Vec<(&'static str, Vec<String>)>,
    /// Activations that hold below `/r`.
    rule: String,
    /// Requests have bodies, too, which the members may get twice.
    posts: bool,
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
        let posts = draw.in_ten(3);
        let members = names
            .iter()
            .map(|name| (*name, drawn_member(&mut draw, name, posts)));
        Drawn {
            balancer,
            members: members.collect(),
            rule: rule.concat(),
            posts,
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
        let mut stage = Stage::new(plan.start()?, names.clone())?;
        let mut draw = Draw(seed ^ 0xffff);
        let mut lines = Vec::new();
        for step in 0..STEPS {
            stage.change(&mut draw)?;
            let prefix = draw.one(&["", "", "/s", "/r"]);
            let path = format!("{prefix}/{step}");
            let request = drawn_request(&mut draw, &path, &names, self.posts);
            let line = ask(&mut stage.farm, &path, &request)?;
            lines.push(std::mem::take(&mut stage.said) + &line);
        }
        stage.release()?;
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

/// Members that come and go, answer well or not, and hold requests back.
struct Stage {
    farm: Farm,
    names: Vec<&'static str>,
    down: Vec<&'static str>,
    /// Those that answer well, as long as they are up.
    good: Vec<&'static str>,
    gate: Gate,
    held: Vec<Pending>,
    /// How many requests came to the gate so far.
    waiting: Arc<AtomicUsize>,
    /// What the operator got for an answer.
    said: String,
}

impl Stage {
    fn new(farm: Farm, names: Vec<&'static str>) -> Result<Stage> {
        let mut stage = Stage {
            farm,
            good: names.clone(),
            names,
            down: Vec::new(),
            gate: Gate::new(),
            held: Vec::new(),
            waiting: Arc::default(),
            said: String::new(),
        };
        stage.shut()?;
        Ok(stage)
    }

    /// A new gate, for all that answer well.
    fn shut(&mut self) -> Result {
        self.gate = Gate::new();
        for name in self.good.iter().filter(|name| !self.down.contains(name)) {
            self.farm.peer(name)?.set(self.holding());
        }
        Ok(())
    }

    /// What happens between two requests.
    fn change(&mut self, draw: &mut Draw) -> Result {
        let name = draw.one(&self.names);
        let is_up = !self.down.contains(&name);
        match draw.below(14) {
            // A member with requests in flight would end them in an order of its own.
            0 if is_up && self.held.is_empty() => {
                self.farm.stop(name)?;
                self.down.push(name);
            }
            1 | 2 => self.revive()?,
            3..6 if is_up => {
                self.good.retain(|good| *good != name);
                let script = match draw.below(6) {
                    0 => Behaviour::WrongMagic.script(),
                    1 => Behaviour::ClosesBeforeAnswer.script(),
                    2 => Behaviour::UnknownPacket.script(),
                    3 => Script::answer(Head::new(404), "no"),
                    4 => Script::new([Step::ReadBody, Step::Head(Head::ok()), Step::Close]),
                    _ => {
                        self.good.push(name);
                        self.holding()
                    }
                };
                self.farm.peer(name)?.set(script);
            }
            6..9 if self.held.len() < 4 => self.hold(name)?,
            9 => self.release()?,
            // What is in flight by Busyness is not what mod_jk thinks after a change (LB-12).
            10 | 11 if self.held.is_empty() => self.operate(name, draw)?,
            _ => {}
        }
        Ok(())
    }

    /// What an operator changes.
    fn operate(&mut self, name: &str, draw: &mut Draw) -> Result {
        let change = match draw.below(12) {
            0 => format!("cmd=reset&sw={name}"),
            1 => format!("cmd=recover&sw={name}"),
            2 | 3 => format!(
                "cmd=update&sw={name}&vwa={}",
                draw.one(&["a", "a", "d", "s"])
            ),
            4 => format!("cmd=update&sw={name}&vwf={}", 1 + draw.below(4)),
            5 => format!("cmd=update&sw={name}&vwd={}", draw.below(3)),
            6 => format!("cmd=update&sw={name}&vwr={}", draw.one(&MEMBERS)),
            7 => format!("cmd=update&sw={name}&vwc={}", draw.one(&["d", "e"])),
            8 => format!("cmd=update&sw={name}&vabl={}", draw.below(3)),
            9 => format!("cmd=update&vls={}", draw.below(2)),
            10 => format!("cmd=update&vlf={}", draw.below(2)),
            _ => format!(
                "cmd=update&vlr={}&vlee={}",
                1 + draw.below(2),
                1 + draw.below(60)
            ),
        };
        let response = self
            .farm
            .send(&Request::get(&format!("{STATUS}?w=lb&{change}&mime=txt")))?;
        let text = response.text();
        let result = text.lines().find(|line| line.starts_with("Result:"));
        self.said = format!("{}, after {change}: ", result.context(text.clone())?);
        Ok(())
    }

    fn revive(&mut self) -> Result {
        let Some(name) = self.down.pop() else {
            return Ok(());
        };
        self.farm.revive(name)?;
        self.good.retain(|good| *good != name);
        self.good.push(name);
        self.farm.peer(name)?.set(self.holding());
        Ok(())
    }

    /// A request of a session on this member, which waits wherever it comes to one that answers well.
    fn hold(&mut self, name: &str) -> Result {
        let request = Request::get("/hold").header("Cookie", &format!("JSESSIONID=a.{name}"));
        let before = self.waiting.load(SeqCst);
        let pending = self.farm.pending(request);
        wait::until("a request that waits or has an answer", wait::SOON, || {
            pending.is_finished() || self.waiting.load(SeqCst) > before
        })?;
        self.held.push(pending);
        Ok(())
    }

    /// Lets all go that wait.
    fn release(&mut self) -> Result {
        self.gate.open();
        for pending in self.held.drain(..) {
            pending.response()?;
        }
        self.farm.wait_not_busy(&self.names)?;
        self.shut()
    }

    /// Echoes, but holds what is for `/hold` back.
    fn holding(&self) -> Script {
        let waiting = Arc::clone(&self.waiting);
        let count = Step::run(move |connection| {
            if connection.request().uri.starts_with("/hold") {
                waiting.fetch_add(1, SeqCst);
            }
            Ok(())
        });
        let gate = self.gate.step_for("/hold");
        Script::new([Step::ReadBody, count, gate, Step::Echo])
    }
}

/// Lines of a member.
fn drawn_member(draw: &mut Draw, name: &str, posts: bool) -> Vec<String> {
    let mut lines = vec![
        format!("lbfactor={}", 1 + draw.below(4)),
        format!("distance={}", draw.one(&["0", "0", "0", "1", "-1"])),
        "retry_interval=1".to_owned(),
        "retries=1".to_owned(),
    ];
    if draw.in_ten(3) {
        lines.push(format!("domain={}", draw.one(&["d", "e"])));
    }
    if draw.in_ten(3) {
        lines.push(format!("redirect={}", draw.one(&MEMBERS)));
    }
    if draw.in_ten(2) {
        lines.push(format!("activation={}", draw.one(&["disabled", "stopped"])));
    }
    if draw.in_ten(3) {
        lines.push(format!("busy_limit={}", 1 + draw.below(2)));
    }
    match posts {
        // Said in the file: what was sent of a POST goes again, too.
        true => lines.push("recovery_options=0".to_owned()),
        false if draw.in_ten(4) => {
            let options = draw.one(&["0", "1", "2", "3", "9", "17"]);
            lines.push(format!("recovery_options={options}"));
        }
        false => {}
    }
    if draw.in_ten(1) {
        lines.push("connection_pool_size=2\nconnection_acquire_timeout=100".to_owned());
    }
    if draw.in_ten(3) {
        lines.push(format!("fail_on_status={}", draw.one(&["404", "-404"])));
    }
    if draw.in_ten(1) {
        lines.push(format!("route=d.{name}"));
    }
    lines
}

fn drawn_request(draw: &mut Draw, path: &str, names: &[&str], posts: bool) -> Request {
    let query = "q".repeat(draw.below(400) as usize);
    let target = format!("{path}?{query}");
    let size = draw.below(20_000) as usize;
    let request = match draw.below(8) {
        0 if posts => Request::new("POST", &target).body(vec![b'b'; size]),
        1 if posts => Request::new("POST", &target).chunked(vec![b'c'; size], 4000),
        2 if posts => Request::new("PUT", &target).body("put"),
        _ => Request::get(&target),
    };
    let route = draw.one(names);
    match draw.below(9) {
        0..3 => request.header("Cookie", &format!("JSESSIONID=a.{route}")),
        3 => request.header("X-Route", route),
        4 => request.header("X-Route", draw.one(&["d", "e", "d.gone", "zz"])),
        _ => request,
    }
}
