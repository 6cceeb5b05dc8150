//! Compares what two modules did, in all that no case names.

use super::transcript::Transcript;

/// Where they differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Though nothing says that they may.
    pub problems: Vec<String>,
    /// In what the step's `vary` names.
    pub noted: Vec<String>,
}

/// Compares all steps of a case.
pub fn all(ours: &[Transcript], theirs: &[Transcript]) -> Differences {
    let mut found = Differences::default();
    for (ours, theirs) in ours.iter().zip(theirs) {
        found.values(ours, theirs);
        if found.problems.is_empty() {
            found.order(ours, theirs);
        }
    }
    found
}

impl Differences {
    fn values(&mut self, ours: &Transcript, theirs: &Transcript) {
        let step = &ours.step;
        for name in names(ours, theirs) {
            let (own, other) = (values(ours, name), values(theirs, name));
            if own == other {
                continue;
            }
            let both = format!("{name}\n  mod_rjk {own:?}\n  mod_jk  {other:?}");
            if ours.may_vary(name) {
                self.noted.push(format!("{step}: {both}"));
            } else {
                let text = format!("{step}: the modules differ in what no `expect` names: {both}");
                self.problems.push(text);
            }
        }
    }

    fn order(&mut self, ours: &Transcript, theirs: &Transcript) {
        let (own, other) = (order(ours), order(theirs));
        if own != other {
            let step = &ours.step;
            self.problems.push(format!(
                "{step}: the modules differ in the order of\n  mod_rjk {own:?}\n  mod_jk  {other:?}"
            ));
        }
    }
}

fn names<'a>(ours: &'a Transcript, theirs: &'a Transcript) -> Vec<&'a str> {
    let all = ours.lines.iter().chain(&theirs.lines);
    let mut names: Vec<&str> = all.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn values<'a>(transcript: &'a Transcript, name: &str) -> Vec<&'a str> {
    let same = transcript.lines.iter().filter(|(other, _)| other == name);
    same.map(|(_, value)| value.as_str()).collect()
}

/// The names in order, without those that may vary.
fn order(transcript: &Transcript) -> Vec<&str> {
    let names = transcript.lines.iter().map(|(name, _)| name.as_str());
    names.filter(|name| !transcript.may_vary(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(vary: &[&str], lines: &[(&str, &str)]) -> Vec<Transcript> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        vec![Transcript {
            step: "step 1".to_owned(),
            lines: lines.iter().map(owned).collect(),
            vary: vary.iter().map(|name| (*name).to_owned()).collect(),
        }]
    }

    #[test]
    fn values_order_and_what_may_vary() {
        let ours = [("status", "200"), ("header A", "1"), ("header B", "2")];
        let other_value = [("status", "200"), ("header A", "1"), ("header B", "3")];
        let other_order = [("status", "200"), ("header B", "2"), ("header A", "1")];
        let missing = [("status", "200"), ("header A", "1")];
        for (vary, theirs, problems, noted) in [
            (&[][..], &ours[..], 0, 0),
            (&[][..], &other_value[..], 1, 0),
            (&[][..], &other_order[..], 1, 0),
            (&[][..], &missing[..], 1, 0),
            (&["header B"][..], &other_value[..], 0, 1),
            (&["header B"][..], &missing[..], 0, 1),
            (&["header"][..], &other_order[..], 0, 0),
        ] {
            let found = all(&transcript(vary, &ours), &transcript(vary, theirs));
            let counts = (found.problems.len(), found.noted.len());
            assert_eq!(counts, (problems, noted), "{vary:?} {theirs:?}");
        }
    }
}
