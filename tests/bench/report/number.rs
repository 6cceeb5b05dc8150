//! Figures as people read them.

use crate::stats::Spread;

/// With about three digits that count, and thousands set apart.
pub fn number(figure: f64) -> String {
    let digits = match figure.abs() {
        size if !size.is_finite() => return "–".to_owned(),
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    grouped(&format!("{figure:.digits$}"))
}

/// A ratio.
pub fn ratio(figure: f64) -> String {
    match figure {
        figure if figure.abs() >= 100.0 || !figure.is_finite() => number(figure),
        figure => format!("{figure:.3}"),
    }
}

/// The median, and the quartiles behind it.
pub fn spread(spread: Option<Spread>, write: fn(f64) -> String) -> String {
    match spread {
        None => "–".to_owned(),
        Some(Spread { median, low, high }) if low == high => write(median),
        Some(Spread { median, low, high }) => {
            format!("{} ({}–{})", write(median), write(low), write(high))
        }
    }
}

fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut grouped = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place < whole && (whole - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_count() {
        let written = [1234567.8, 999.6, 123.4, 12.34, 1.234, 0.0, -1234.0].map(number);
        let expected = [
            "1,234,568",
            "1,000",
            "123",
            "12.3",
            "1.23",
            "0.00",
            "-1,234",
        ];
        assert_eq!(written, expected);
        assert_eq!(number(f64::NAN), "–");
        assert_eq!(ratio(0.65), "0.650");
        assert_eq!(ratio(11_500.0), "11,500");
    }

    #[test]
    fn a_spread_shows_its_quartiles_unless_there_are_none() {
        let of = |values: &[f64]| spread(Spread::of(values.iter().copied()), number);
        assert_eq!(of(&[1.0, 2.0, 3.0]), "2.00 (1.50–2.50)");
        assert_eq!(of(&[2.0]), "2.00");
        assert_eq!(of(&[]), "–");
    }
}
