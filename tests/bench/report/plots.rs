//! Which plots there are.

use super::svg::{self, Row, Series};
use crate::plan::Variant;
use crate::results::{At, Figures, Results};
use crate::stats::{Spread, ratios};

/// Names of files, and their content; only of what was measured.
pub fn all(results: &Results) -> Vec<(&'static str, String)> {
    let plots = [
        ("cpu.svg", cpu(results)),
        ("transfers.svg", transfers(results)),
        ("latency.svg", latency(results)),
        ("members.svg", members(results)),
        ("clients.svg", clients(results)),
    ];
    let made = plots.into_iter();
    made.filter_map(|(name, plot)| Some((name, plot?)))
        .collect()
}

fn colour(variant: Variant) -> &'static str {
    match variant {
        Variant::Floor => "#bbbbbb",
        Variant::Limit => "#888888",
        Variant::LimitUnix => "#bbbbbb",
        Variant::ModJk => "#d95f02",
        Variant::ProxyAjp => "#7570b3",
        Variant::ProxyHttp => "#a6761d",
        Variant::Rjk => "#1b9e77",
        Variant::Again => "#66c2a5",
        Variant::Policy => "#e7298a",
        Variant::AjpUnix => "#1f78b4",
        Variant::Http => "#e6ab02",
        Variant::HttpUnix => "#66a61e",
    }
}

fn of(values: &[f64]) -> Option<Spread> {
    Spread::of(values.iter().copied())
}

fn cpu(results: &Results) -> Option<String> {
    let at = results.at("base")?;
    let variants = at
        .point
        .variants
        .iter()
        .filter(|variant| **variant != Variant::Floor);
    let rows: Vec<Row> = variants
        .filter_map(|&variant| {
            Some(Row {
                name: variant.name().to_owned(),
                colour: colour(variant),
                value: of(&at.above_floor(variant)?)?,
            })
        })
        .collect();
    Some(svg::bars(
        "Small GET: CPU of httpd above the floor, µs/request",
        &rows,
    ))
}

fn transfers(results: &Results) -> Option<String> {
    let points = [
        ("down 16 KiB", "down-16k"),
        ("down 256 KiB", "down-256k"),
        ("down 100 MB", "down-100m"),
        ("up 16 KiB", "up-16k"),
        ("up 256 KiB", "up-256k"),
        ("up 100 MB", "up-100m"),
    ];
    // The floor answers from memory: beside it nothing else could be told apart.
    let against = |at: &At, variant| {
        let figures = at.of(variant).filter(|_| variant != Variant::Floor)?;
        ratios(&figures.rate, &at.of(Variant::ModJk)?.rate)
    };
    over(
        results,
        "Requests per second, against mod_jk",
        &points,
        against,
    )
}

fn latency(results: &Results) -> Option<String> {
    type Of = fn(&Figures) -> &Vec<f64>;
    let percentiles: [Of; 3] = [|f| &f.p50_us, |f| &f.p99_us, |f| &f.p999_us];
    let at = results.at("base").filter(|at| at.paced_rate.is_some())?;
    let series: Vec<Series> = at
        .variants
        .iter()
        .map(|(variant, figures)| Series {
            name: variant.name().to_owned(),
            colour: colour(*variant),
            values: percentiles
                .map(|percentile| of(percentile(figures)))
                .to_vec(),
        })
        .collect();
    let title = "Small GET at 70 % of mod_jk's highest rate: time to the answer, µs";
    Some(svg::lines(title, &["p50", "p99", "p99.9"], &series))
}

fn members(results: &Results) -> Option<String> {
    let points = [
        ("2", "base"),
        ("20", "members-20"),
        ("200", "members-200"),
        ("1,000 members", "members-1000"),
    ];
    over(
        results,
        "CPU of httpd, µs/request, by members (new sessions)",
        &points,
        cpu_of,
    )
}

fn clients(results: &Results) -> Option<String> {
    let points = [
        ("1", "clients-1"),
        ("16", "clients-16"),
        ("64", "clients-64"),
        ("256 clients", "clients-256"),
    ];
    over(
        results,
        "CPU of httpd, µs/request, by clients",
        &points,
        cpu_of,
    )
}

fn cpu_of(at: &At, variant: Variant) -> Option<Spread> {
    of(&at.of(variant)?.cpu_us)
}

/// A figure of each variant over points, as far as they were measured; nothing of a single point.
fn over(
    results: &Results,
    title: &str,
    points: &[(&str, &str)],
    figure: impl Fn(&At, Variant) -> Option<Spread>,
) -> Option<String> {
    let found: Vec<(&str, &At)> = points
        .iter()
        .filter_map(|(label, name)| Some((*label, results.at(name)?)))
        .collect();
    let (_, last) = found.get(1..)?.last()?;
    let all = last.variants.keys().map(|&variant| Series {
        name: variant.name().to_owned(),
        colour: colour(variant),
        values: found.iter().map(|(_, at)| figure(at, variant)).collect(),
    });
    let series: Vec<Series> = all
        .filter(|series| series.values.iter().any(Option::is_some))
        .collect();
    let labels: Vec<&str> = found.iter().map(|(label, _)| *label).collect();
    Some(svg::lines(title, &labels, &series))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn there_is_a_plot_of_what_was_measured() {
        let plots = all(&example());
        let names: Vec<_> = plots.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["cpu.svg", "latency.svg", "members.svg"]);
        let members = &plots[2].1;
        assert!(members.contains(">1,000 members</text>") && !members.contains(">20</text>"));
        assert!(!plots[0].1.contains(">floor</text>"));
    }
}
