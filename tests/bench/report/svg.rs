//! Plots, as SVG.

use super::number::number;
use crate::stats::Spread;
use std::fmt::Write;

const WIDTH: f64 = 760.0;
/// Room for the title.
const TOP: f64 = 44.0;
const ROW: f64 = 26.0;
/// Room for names, at the left of bars.
const NAMES: f64 = 150.0;
/// Room for values, at the right of bars.
const VALUES: f64 = 70.0;

/// A bar.
pub struct Row {
    pub name: String,
    pub colour: &'static str,
    pub value: Spread,
}

/// Horizontal bars from zero, with quartiles as whiskers.
pub fn bars(title: &str, rows: &[Row]) -> String {
    let most = rows
        .iter()
        .map(|row| row.value.high)
        .fold(0.0, f64::max)
        .max(f64::MIN_POSITIVE);
    let x = |value: f64| NAMES + value.max(0.0) / most * (WIDTH - NAMES - VALUES);
    let mut body = String::new();
    for (place, row) in (0..).map(f64::from).zip(rows) {
        let (top, middle) = (TOP + place * ROW, TOP + place * ROW + ROW / 2.0);
        let Spread { median, low, high } = row.value;
        body += &label(NAMES - 8.0, middle + 4.0, "end", &row.name);
        body += &format!(
            "<rect x=\"{NAMES}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>\n",
            top + 4.0,
            x(median) - NAMES,
            ROW - 8.0,
            row.colour
        );
        body += &line((x(low), middle), (x(high), middle), "#222");
        body += &label(
            x(high.max(median)) + 6.0,
            middle + 4.0,
            "start",
            &number(median),
        );
    }
    page(title, TOP + rows.len() as f64 * ROW + 12.0, &body)
}

/// A line over the places of the x axis; a place without a figure is left out.
pub struct Series {
    pub name: String,
    pub colour: &'static str,
    pub values: Vec<Option<Spread>>,
}

/// Lines over places with names, from zero, with quartiles as whiskers.
pub fn lines(title: &str, places: &[&str], series: &[Series]) -> String {
    const LEFT: f64 = 70.0;
    const RIGHT: f64 = WIDTH - 170.0;
    const HEIGHT: f64 = 300.0;
    const BOTTOM: f64 = TOP + HEIGHT;
    let spreads = series
        .iter()
        .flat_map(|series| series.values.iter().flatten());
    let most = nice(spreads.map(|spread| spread.high).fold(0.0, f64::max));
    let y = |value: f64| BOTTOM - value.max(0.0) / most * HEIGHT;
    let step = (RIGHT - LEFT) / places.len().max(1) as f64;
    let x = |place: usize| LEFT + (place as f64 + 0.5) * step;
    let mut body = String::new();
    for tick in (0..=4).map(|tick| f64::from(tick) / 4.0 * most) {
        body += &line((LEFT, y(tick)), (RIGHT, y(tick)), "#ddd");
        body += &label(LEFT - 8.0, y(tick) + 4.0, "end", &number(tick));
    }
    for (place, name) in places.iter().enumerate() {
        body += &label(x(place), BOTTOM + 18.0, "middle", name);
    }
    for (row, series) in (0..).map(f64::from).zip(series) {
        let points: Vec<(f64, Spread)> = series
            .values
            .iter()
            .enumerate()
            .filter_map(|(place, spread)| Some((x(place), (*spread)?)))
            .collect();
        for pair in points.windows(2) {
            let ends = [pair[0], pair[1]].map(|(x, spread)| (x, y(spread.median)));
            body += &line(ends[0], ends[1], series.colour);
        }
        for (x, spread) in points {
            body += &line((x, y(spread.low)), (x, y(spread.high)), series.colour);
            body += &dot(x, y(spread.median), series.colour);
        }
        let top = TOP + 12.0 + row * 20.0;
        body += &dot(RIGHT + 14.0, top - 4.0, series.colour);
        body += &label(RIGHT + 24.0, top, "start", &series.name);
    }
    page(title, BOTTOM + 34.0, &body)
}

/// The next round figure at or above this one.
fn nice(most: f64) -> f64 {
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(most.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 5.0, 6.0, 8.0, 10.0];
    let found = steps
        .into_iter()
        .find(|step| step * power >= most * (1.0 - 1e-9));
    found.unwrap_or(10.0) * power
}

fn page(title: &str, height: f64, body: &str) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    // Writing into a string does not fail.
    let _ = writeln!(
        text,
        "<text x=\"12\" y=\"24\" font-size=\"14\" font-weight=\"bold\">{}</text>",
        escaped(title)
    );
    text + body + "</svg>\n"
}

fn label(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = escaped(text);
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

fn line(from: (f64, f64), to: (f64, f64), colour: &str) -> String {
    let ((x1, y1), (x2, y2)) = (from, to);
    format!(
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" \
         stroke-width=\"1.5\"/>\n"
    )
}

fn dot(x: f64, y: f64, colour: &str) -> String {
    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(low: f64, median: f64, high: f64) -> Spread {
        Spread { median, low, high }
    }

    #[test]
    fn a_bar_is_as_long_as_its_figure() {
        let row = |name: &str, value| Row {
            name: name.to_owned(),
            colour: "#123",
            value,
        };
        let text = bars(
            "a < b",
            &[
                row("one", spread(9.0, 10.0, 10.0)),
                row("half", spread(5.0, 5.0, 5.0)),
            ],
        );
        assert!(text.contains("width=\"540.0\" height=\"18.0\""), "{text}");
        assert!(text.contains("width=\"270.0\" height=\"18.0\""));
        assert!(text.contains("a &lt; b") && text.contains(">half</text>"));
        assert_eq!(text.matches("<line").count(), 2);
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
    }

    #[test]
    fn a_line_leaves_out_what_was_not_measured() {
        let series = Series {
            name: "x".to_owned(),
            colour: "#abc",
            values: vec![
                Some(spread(1.0, 2.0, 3.0)),
                None,
                Some(spread(4.0, 4.0, 4.0)),
            ],
        };
        let text = lines("title", &["2", "20", "200"], &[series]);
        // Two figures and the one of the legend; a line between them, two whiskers.
        assert_eq!(text.matches("<circle").count(), 3);
        assert_eq!(text.matches("stroke=\"#abc\"").count(), 3);
        assert!(text.contains(">20</text>"));
        // The highest is at the top.
        assert!(text.contains("cy=\"44.0\""), "{text}");
    }

    #[test]
    fn axes_end_at_round_figures() {
        assert_eq!(
            [7.3, 41.0, 0.9, 1.0, 0.0].map(nice),
            [8.0, 50.0, 1.0, 1.0, 1.0]
        );
        assert!(!lines("empty", &[], &[]).contains("NaN"));
        assert!(!bars("empty", &[]).contains("NaN"));
    }
}
