//! What the compiler takes for the worst policies that its bounds let through: each shape that takes it long, as
//! large and as many times as a policy may have it.

use rjk_guest::Guest;
use rjk_testbed::httpd::Builder;
use rjk_testbed::{Plan, Result, Subject, bail, ensure};
use std::time::{Duration, Instant};

/// The parent of httpd compiles, so that long a start may take on a slow machine.
const LONGEST: Duration = Duration::from_secs(60);
/// KiB of address space for all of httpd.
const MEMORY_KIB: u32 = 1 << 20;

/// Tried from here downwards: more than a policy may have of any shape.
const MANY: usize = 20;

/// Functions in the text format, `@` stands for a number.
struct Shape {
    what: &'static str,
    functions: String,
}

fn shapes() -> Vec<Shape> {
    let shape = |what, functions| Shape { what, functions };
    let one = |body: String| format!("(func (param i32) (result i32) (local.get 0) {body})");
    let get: String = (0..100)
        .map(|value| format!("(local.get {value})"))
        .collect();
    let hundred = "i32 ".repeat(100);
    let each_local = |text: &dyn Fn(u32) -> String| (1..=600).map(text).collect::<String>();
    let loops = each_local(&|local| {
        format!(
            "(loop (local.set {local} (i32.add (local.get {local}) (local.get 0))) (br_if 0 (local.get 0)))"
        )
    });
    let used = each_local(&|local| format!("(i32.xor (local.get {local}))"));
    vec![
        shape("additions", one("(i32.add (i32.const 3))".repeat(15_000))),
        shape("loads", one("(i32.load)".repeat(18_500))),
        shape(
            "stores",
            one("(i32.store (local.get 0) (local.get 0))".repeat(12_500)),
        ),
        shape(
            "values at once",
            one("(i32.load (local.get 0))".repeat(1_500) + &"(i32.xor)".repeat(1_500)),
        ),
        shape(
            "locals in loops",
            format!(
                "(func (param i32) (result i32) (local {}) {loops} (local.get 0) {used})",
                "i32 ".repeat(600)
            ),
        ),
        shape(
            "wide calls",
            format!(
                "(func $wide@ (param {hundred}) (result {hundred}) {get} {})",
                "(call $wide@)".repeat(200)
            ),
        ),
        shape("small functions", "(func)".repeat(3_000)),
    ]
}

fn policy_of(shape: &Shape, count: usize) -> Vec<u8> {
    let functions: String = (0..count)
        .map(|number| shape.functions.replace('@', &number.to_string()))
        .collect();
    let guest = Guest {
        functions: functions.leak(),
        ..Guest::default()
    };
    guest.component()
}

#[test]
fn the_worst_policy_that_is_let_through_is_compiled_in_time() -> Result {
    let _alone = crate::alone();
    let (_peers, site) = Plan::balancers(Subject::Rjk, &["lb"])
        .directives("RjkConfigFile conf/rjk.toml")
        .members()?;
    let toml = "[policy.p]\ncomponent = \"p.wasm\"\n[balancer.lb]\npolicy = \"p\"\n";
    let site = site.file("conf/rjk.toml", toml).memory_kib(MEMORY_KIB);
    for shape in shapes() {
        let (count, took) = slowest(&site, &shape)?;
        println!("{}: {count} times, {took:?}", shape.what);
        assert!(took < LONGEST, "{}: {took:?}", shape.what);
    }
    Ok(())
}

/// How many times a policy may have it, and how long `-t` takes then.
fn slowest(site: &Builder, shape: &Shape) -> Result<(usize, Duration)> {
    for count in (1..=MANY).rev() {
        let site = site.clone().file("conf/p.wasm", policy_of(shape, count));
        let start = Instant::now();
        let (accepted, output) = site.configtest()?;
        if accepted {
            ensure!(count < MANY, "{}: not the most", shape.what);
            return Ok((count, start.elapsed()));
        }
        let bound = output.contains("steps of the compiler; a policy may have 700000");
        ensure!(bound, "{}: {output}", shape.what);
    }
    bail!("{}: one is too much", shape.what)
}
