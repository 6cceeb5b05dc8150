use super::ContentLength::{self, Absent, Known, NoNumber, Several};
use proptest::prelude::*;

fn of(values: &[&str]) -> ContentLength {
    ContentLength::of(values.iter().map(|value| value.as_bytes()))
}

#[test]
fn rs03_what_the_fields_say() {
    let cases: [(&[&str], ContentLength); 32] = [
        (&[], Absent),
        (&["0"], Known(0)),
        (&["10"], Known(10)),
        (&["010"], Known(10)),
        (&[" 10\t"], Known(10)),
        (&["9223372036854775807"], Known(i64::MAX as u64)),
        (&["00000000000000000000000000010"], Known(10)),
        (&["10", "10"], Several),
        (&["10", " 010 ", "10"], Several),
        (&["10", "100"], Several),
        (&["10", "abc"], Several),
        (&["abc", "10"], Several),
        (&["10", ""], Several),
        (&["10, 10", "10"], Several),
        (&[""], NoNumber),
        (&[" "], NoNumber),
        (&["abc"], NoNumber),
        (&["10, 10"], NoNumber),
        (&["10,10"], NoNumber),
        (&["10, 100"], NoNumber),
        (&["10,"], NoNumber),
        (&["+10"], NoNumber),
        (&["-10"], NoNumber),
        (&["-0"], NoNumber),
        (&["1 0"], NoNumber),
        (&["10abc"], NoNumber),
        (&["0x10"], NoNumber),
        (&["1e1"], NoNumber),
        (&["10.0"], NoNumber),
        (&["\u{b}10"], NoNumber),
        (&["9223372036854775808"], NoNumber),
        (&["18446744073709551626"], NoNumber),
    ];
    for (values, expected) in cases {
        assert_eq!(of(values), expected, "{values:?}");
        let known = matches!(expected, Known(_));
        assert_eq!(of(values).known().is_some(), known, "{values:?}");
    }
}

proptest! {
    #[test]
    fn rs03_a_number_with_zeros_and_blanks_is_that_number(
        number in 0..=ContentLength::MAX,
        zeros in 0..4_usize,
        before in "[ \t]{0,3}",
        after in "[ \t]{0,3}",
    ) {
        let value = format!("{before}{}{number}{after}", "0".repeat(zeros));
        prop_assert_eq!(of(&[&value]), Known(number));
        prop_assert_eq!(of(&[&value, &value]), Several);
    }

    #[test]
    fn rs03_the_order_of_the_fields_does_not_matter(
        mut values in proptest::collection::vec("[0-9, +a]{0,4}", 0..4),
    ) {
        let forth = ContentLength::of(values.iter().map(String::as_bytes));
        values.reverse();
        prop_assert_eq!(ContentLength::of(values.iter().map(String::as_bytes)), forth);
    }

    #[test]
    fn rs03_bytes_that_are_a_length_are_digits(value in proptest::collection::vec(any::<u8>(), 0..24)) {
        if let Some(bytes) = ContentLength::of([&value[..]]).known() {
            prop_assert!(bytes <= ContentLength::MAX);
            prop_assert!(value.iter().all(|byte| byte.is_ascii_digit() || b" \t".contains(byte)));
        }
    }

    #[test]
    fn rs03_it_reads_numbers_as_the_standard_library_does(value in "[0-9]{1,20}") {
        let number: Option<u64> = value.parse().ok().filter(|number| *number <= ContentLength::MAX);
        prop_assert_eq!(of(&[&value]).known(), number);
    }
}
