//! Tables.

use super::number::{number, ratio, spread};
use super::plots;
use crate::bars::{self, Bar, Bound};
use crate::plan::{Backend, Mpm, Point, Scale, Variant};
use crate::results::{At, Figures, Results};
use crate::stats::{Spread, ratios};
use std::fmt::Write;

/// All of it: headings begin with `level`, plots lie at `plots`.
pub fn report(results: &Results, level: &str, plots: &str) -> String {
    let mut text = machine(results, level);
    text += &format!("{level} Bars\n\n{}", bars_table(results));
    let names: Vec<_> = plots::all(results)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    if !names.is_empty() {
        text += &format!("{level} Plots\n\n");
        for name in names {
            text += &format!("![{}]({plots}{name})\n\n", name.trim_end_matches(".svg"));
        }
    }
    for at in &results.points {
        text += &at_point(at, level, &results.command);
    }
    for failed in &results.failed {
        let first = failed.lines().next().unwrap_or_default();
        let _ = writeln!(text, "Failed, and without figures: {first}\n");
    }
    text
}

fn machine(results: &Results, level: &str) -> String {
    let machine = &results.machine;
    let mut rows = vec![
        vec![
            "measured".to_owned(),
            format!("{} with `{}`", machine.date, results.command),
        ],
        vec![
            "machine".to_owned(),
            format!(
                "{}, {} CPUs, {} GiB",
                machine.cpu, machine.cpus, machine.memory_gib
            ),
        ],
        vec!["system".to_owned(), machine.system.clone()],
    ];
    let versions = machine.versions.iter();
    rows.extend(versions.map(|(name, version)| vec![(*name).to_owned(), version.clone()]));
    rows.push(vec!["extent".to_owned(), extent(&results.plan.scale)]);
    format!("{level} Machine\n\n{}", table(&["", ""], &rows))
}

fn extent(scale: &Scale) -> String {
    format!(
        "{} series of {} rounds, {} ms each; at a fixed rate {} of {} ms in each series",
        scale.series, scale.rounds, scale.visit_ms, scale.paced_rounds, scale.paced_ms
    )
}

fn bars_table(results: &Results) -> String {
    let rows: Vec<_> = bars::bars(results).iter().map(bar_cells).collect();
    table(&["what", "bar", "measured (quartiles)", ""], &rows)
}

/// The same for a terminal.
pub fn bar_lines(results: &Results) -> String {
    let bars = bars::bars(results);
    let lines = bars.iter().map(bar_cells).map(|cells| {
        let [what, bound, measured, met] = &cells[..] else {
            return String::new();
        };
        format!("  {what:<72} {bound:>8}  {measured:<26} {met}\n")
    });
    lines.collect()
}

fn bar_cells(bar: &Bar) -> Vec<String> {
    let bound = match bar.bound {
        Bound::AtMost(bound) => format!("≤ {}", plain(bound)),
        Bound::AtLeast(bound) => format!("≥ {}", plain(bound)),
        Bound::Anything => "–".to_owned(),
    };
    let met = match (bar.is_met(), bar.is_close()) {
        (None, _) => "not measured",
        (Some(_), _) if bar.bound == Bound::Anything => "",
        (Some(true), false) => "met",
        (Some(true), true) => "met, within chance",
        (Some(false), false) => "**not met**",
        (Some(false), true) => "**not met**, within chance",
    };
    vec![
        bar.what.clone(),
        bound,
        spread(bar.measured, ratio),
        met.to_owned(),
    ]
}

/// A bound, as it was written.
fn plain(bound: f64) -> String {
    if bound >= 100.0 {
        number(bound)
    } else {
        bound.to_string()
    }
}

fn at_point(at: &At, level: &str, command: &str) -> String {
    let point = at.point;
    let mut text = format!(
        "{level} {}\n\n{}; `{}`\n\n{}",
        point.title,
        conditions(point),
        command_for(command, point.name),
        costs(at)
    );
    if let Some(rate) = at.paced_rate {
        let _ = write!(
            text,
            "At {} requests per second, 70 % of mod_jk's highest rate; a request's time begins when it was due:\n\n{}",
            number(rate),
            latencies(at)
        );
    }
    text += &more_clients(at);
    text += &counts(at);
    for (variant, figures) in &at.variants {
        if figures.repeated > 0 {
            let _ = writeln!(
                text,
                "{}: {} requests met a connection that httpd had just closed, and were sent again\n",
                variant.name(),
                number_of(figures.repeated)
            );
        }
        for missing in &figures.missing {
            let _ = writeln!(text, "Missing for {}: {missing}\n", variant.name());
        }
    }
    text
}

/// The run for this point alone.
fn command_for(command: &str, name: &str) -> String {
    let quick = if command.contains("QUICK=1") {
        " QUICK=1"
    } else {
        ""
    };
    format!("make bench{quick} POINTS={name}")
}

fn conditions(point: &Point) -> String {
    let backend = match point.backend {
        Backend::Stub => "stub",
        Backend::Tomcat => "Tomcat 10.1",
    };
    let (mpm, threads) = match point.mpm {
        Mpm::Event => ("event", format!(", {} threads", point.threads)),
        Mpm::Prefork => ("prefork", String::new()),
    };
    format!(
        "{backend}, {} members, {}, {} sessions, {}, {mpm}{threads}",
        number_of(point.members as u64),
        match point.clients {
            1 => "1 client".to_owned(),
            clients => format!("{clients} clients"),
        },
        if point.sticky { "known" } else { "new" },
        if point.keep_alive {
            "connections stay open"
        } else {
            "a connection for each request"
        },
    )
}

fn number_of(count: u64) -> String {
    if count >= 100 {
        number(count as f64)
    } else {
        count.to_string()
    }
}

fn costs(at: &At) -> String {
    let rows: Vec<_> = rows(at, |variant, figures| {
        let of = |values: &[f64]| Spread::of(values.iter().copied());
        let busy = of(&figures.busy).map_or("–".to_owned(), |busy| {
            format!("{:.0} %", busy.median * 100.0)
        });
        let above = at
            .above_floor(variant)
            .filter(|_| variant != Variant::Floor);
        vec![
            spread(of(&figures.rate), number),
            busy,
            spread(of(&figures.cpu_us), number),
            spread(above.and_then(|above| of(&above)), number),
            spread(at.share(variant), ratio),
            spread(of(&figures.resident_mib), number),
        ]
    });
    let head = [
        "",
        "requests/s",
        "httpd busy",
        "CPU of httpd, µs/request",
        "above the floor, µs",
        "CPU against mod_rjk",
        "resident MiB",
    ];
    table(&head, &rows)
}

fn latencies(at: &At) -> String {
    let rows = rows(at, |_, figures| {
        let of = |values: &[f64]| spread(Spread::of(values.iter().copied()), number);
        let together = match figures.together {
            Some(all) => format!("{}, {}", number(all.p99_us), number(all.p999_us)),
            None => "–".to_owned(),
        };
        vec![
            of(&figures.p50_us),
            of(&figures.p99_us),
            of(&figures.p999_us),
            together,
            of(&figures.late_us),
        ]
    });
    let head = [
        "",
        "p50, µs",
        "p99, µs",
        "p99.9, µs",
        "p99, p99.9 of all visits together, µs",
        "generator late (p99), µs",
    ];
    table(&head, &rows)
}

/// What the same servers took with fewer clients.
fn more_clients(at: &At) -> String {
    let Some(few) = at.point.few else {
        return String::new();
    };
    let rows = rows(at, |_, figures| {
        let few = Spread::of(figures.few_cpu_us.iter().copied());
        let more = ratios(&figures.cpu_us, &figures.few_cpu_us);
        vec![spread(few, number), spread(more, ratio)]
    });
    let all = at.point.clients;
    let head = [
        "",
        "CPU of httpd, µs/request",
        &format!("{all} clients against {few}"),
    ];
    format!(
        "The same servers in the same rounds, with {few} clients:\n\n{}",
        table(&head, &rows)
    )
}

/// System calls, instructions and allocations, of those where they were counted.
fn counts(at: &At) -> String {
    let calls = rows(at, |_, figures| {
        let Some(calls) = &figures.system_calls else {
            return Vec::new();
        };
        let names: Vec<String> = calls
            .iter()
            .map(|(name, calls)| format!("{name} {calls:.1}"))
            .collect();
        vec![
            format!("{:.1}", calls.values().sum::<f64>()),
            names.join(", "),
        ]
    });
    let floor = at.of(Variant::Floor).and_then(|floor| floor.instructions);
    let instructions = rows(at, |variant, figures| {
        let Some(instructions) = figures.instructions else {
            return Vec::new();
        };
        let above = floor.filter(|_| variant != Variant::Floor);
        let or_none = |figure: Option<f64>| figure.map_or("–".to_owned(), number);
        vec![
            number(instructions),
            or_none(above.map(|floor| instructions - floor)),
            or_none(figures.allocations),
        ]
    });
    counted("", &["system calls of a request", "by name"], calls)
        + &counted(
            "In one prefork child:\n\n",
            &[
                "instructions of a request",
                "above the floor",
                "allocations of the module",
            ],
            instructions,
        )
}

/// A table of the rows that have something.
fn counted(title: &str, head: &[&str], rows: Vec<Vec<String>>) -> String {
    let full: Vec<_> = rows.into_iter().filter(|row| row.len() > 1).collect();
    if full.is_empty() {
        return String::new();
    }
    format!("{title}{}", table(&[&[""], head].concat(), &full))
}

fn rows(at: &At, cells: impl Fn(Variant, &Figures) -> Vec<String>) -> Vec<Vec<String>> {
    at.variants
        .iter()
        .map(|(variant, figures)| {
            [vec![variant.name().to_owned()], cells(*variant, figures)].concat()
        })
        .collect()
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(head.iter().map(|cell| (*cell).to_owned()).collect());
    text += &line(vec!["---".to_owned(); head.len()]);
    text.extend(rows.iter().cloned().map(line));
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn a_table_has_a_row_for_each_variant_and_the_command_beside_it() {
        let text = report(&example(), "###", "performance/");
        assert!(text.contains("### Small GET (1 KiB)\n\nstub, 2 members, 16 clients"));
        assert!(text.contains("`make bench QUICK=1 POINTS=base`"));
        let row = "| mod_jk | 16,667 | 98 % | 60.0 | 40.0 | 1.500 | 10.0 |\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("| floor | 50,000 | 98 % | 20.0 | – | 0.500 | 10.0 |\n"));
        assert!(text.contains("At 7,000 requests per second"));
        assert!(text.contains("| mod_jk | 60.0 | 120 | 240 | 120, 240 | 5.00 |\n"));
        assert!(text.contains("| mod_rjk | 4.0 | read 2.0, writev 2.0 |\n"));
        assert!(text.contains("| mod_rjk | 30,000 | 10,000 | 3.00 |\n"));
        let few = "The same servers in the same rounds, with 16 clients:";
        assert_eq!(text.matches(few).count(), 1);
        assert!(text.contains("| mod_jk | 48.0 | 1.250 |\n"));
        // Where nothing was counted there is no row.
        assert!(!text.contains("| limit | – |"));
        assert!(text.contains("![cpu](performance/cpu.svg)"));
        assert!(text.ends_with("Failed, and without figures: close: no answer\n\n"));
    }

    #[test]
    fn a_bar_is_met_or_not_or_not_measured() {
        let text = report(&example(), "##", "");
        let line = |what: &str| text.lines().find(|line| line.contains(what)).unwrap();
        assert!(line("against mod_proxy_ajp").contains("| ≤ 0.65 | 0.667 | **not met** |"));
        assert!(line("system calls above").contains("| ≤ 3 | 3.000 | met |"));
        assert!(line("100 MB upload").contains("| – | not measured |"));
        assert!(bar_lines(&example()).lines().count() > 15);
    }

    #[test]
    fn cells_cannot_end_a_cell() {
        let rows = [vec!["a|b".to_owned(), "c".to_owned()]];
        assert!(table(&["", ""], &rows).ends_with("| a\\|b | c |\n\n"));
    }
}
