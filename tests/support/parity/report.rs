//! What the modules do differently, as the cases say it.

use super::expect::Expect;
use super::run;
use super::site::{Case, Older, Site, Step};
use std::fmt::Write;

/// Every difference of a case between the modules, with its rows, both values and the reason; empty where
/// there is none.
pub fn differences(site: &Site, case: &Case) -> String {
    let mut text = String::new();
    for (index, step) in case.steps.iter().enumerate() {
        for (who, reason, lines) in said(step) {
            let place = if case.steps.len() > 1 {
                format!(", step {}", index + 1)
            } else {
                String::new()
            };
            let rows = case.rows.join(" ");
            let _ = writeln!(
                text,
                "{} [{rows}]{place}: {who}: {reason}",
                run::name(site, case)
            );
            for line in lines {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    if let Some(reason) = &case.oracle {
        let rows = case.rows.join(" ");
        let _ = writeln!(
            text,
            "{} [{rows}]: mod_jk is not asked: {reason}",
            run::name(site, case)
        );
    }
    text
}

/// Who differs, why, and in what.
fn said(step: &Step) -> Vec<(&'static str, String, Vec<String>)> {
    let expect = step.expect.clone().unwrap_or_default();
    let differs = |other: &Expect| {
        (
            other.reason.clone().unwrap_or_default(),
            lines(&expect, other),
        )
    };
    let mut said = Vec::new();
    if let Some(other) = &step.mod_jk {
        let (reason, lines) = differs(other);
        said.push(("mod_jk differs", reason, lines));
    }
    match &step.older {
        Some(Older::Differs(other)) => {
            let (reason, lines) = differs(other);
            said.push(("mod_jk 1.2.48 differs", reason, lines));
        }
        Some(Older::Unasked(reason)) => {
            said.push(("mod_jk 1.2.48 is not asked", reason.clone(), Vec::new()));
        }
        None => {}
    }
    said
}

fn lines(ours: &Expect, theirs: &Expect) -> Vec<String> {
    let ours = ours.lines();
    let both = theirs.lines().into_iter().map(|(name, value)| {
        let own = ours.iter().find(|(other, _)| *other == name);
        let own = own.map_or("(not looked at)", |(_, value)| value.as_str());
        format!("{name}: mod_rjk {own}, mod_jk {value}")
    });
    let ignored = theirs
        .ignore
        .iter()
        .map(|field| format!("{field}: not looked at on mod_jk"));
    both.chain(ignored).collect()
}

#[cfg(test)]
mod tests {
    use super::super::site::parse;
    use super::*;

    #[test]
    fn a_difference_has_rows_values_and_reason() {
        let text = "[[case]]\nname='a'\nrows=['G-01','G-02']\nrequest={target='/'}\n\
            expect={status=200,headers={X='1'}}\n\
            mod_jk={status=404,headers={Y='2'},ignore=['body'],reason='why'}\n";
        let site = parse("s", text).unwrap();
        let expected = "s/a [G-01 G-02]: mod_jk differs: why\n\
            \x20   status: mod_rjk \"200\", mod_jk \"404\"\n\
            \x20   headers.Y: mod_rjk (not looked at), mod_jk \"2\"\n\
            \x20   body: not looked at on mod_jk\n";
        assert_eq!(differences(&site, &site.cases[0]), expected);
    }
}
