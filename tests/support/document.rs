//! Documents that are played: the commands in their code blocks, and what a page says they print.
//!
//! The first word behind a fence is the language, which is all that GitHub looks at when it draws the block; the words
//! behind it say where the block belongs: `sh web-01` is run on web-01, `sh web-01 web-02` on both. With `exit=1` the
//! last command ends so. A `text` block that comes next is what the commands print, with `…` for what varies.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;

/// Stands for what varies: within a line for any text, alone on a line for any lines.
pub const VARIES: &str = "…";

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its code blocks, in order.
    pub blocks: Vec<Block>,
    /// What stands in back quotes, in order.
    pub spans: Vec<Span>,
}

/// A code block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The line of its fence.
    pub line: usize,
    /// The heading above it.
    pub heading: String,
    /// The first word behind the fence.
    pub language: String,
    /// The words behind that one.
    pub places: Vec<String>,
    /// The exit code of the last command.
    pub exit: i32,
    /// What stands in it.
    pub text: String,
}

/// Code within a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its line.
    pub line: usize,
    /// What stands between the back quotes.
    pub text: String,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or a block is not well formed.
    pub fn read(path: &Path) -> Result<Document> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Document::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads a text.
    ///
    /// # Errors
    /// A block has no end, or no code behind `exit=`.
    pub fn parse(text: &str) -> Result<Document> {
        let mut document = Document {
            blocks: Vec::new(),
            spans: Vec::new(),
        };
        let mut heading = String::new();
        let mut lines = (1..).zip(text.lines());
        while let Some((number, line)) = lines.next() {
            let fenced = line.trim_start();
            if let Some(info) = fenced.strip_prefix("```") {
                let mut block = Block::new(number, &heading, info)?;
                let indent = line.len() - fenced.len();
                block.fill(indent, &mut lines)?;
                document.blocks.push(block);
            } else {
                if let Some(title) = line.strip_prefix('#') {
                    heading = title.trim_start_matches('#').trim().to_owned();
                }
                let codes = line.split('`').skip(1).step_by(2);
                document.spans.extend(codes.map(|code| Span {
                    line: number,
                    text: code.to_owned(),
                }));
            }
        }
        Ok(document)
    }

    /// What the page says that a block's commands print: the `text` block behind it.
    pub fn printed(&self, index: usize) -> Option<&Block> {
        let next = self.blocks.get(index + 1);
        next.filter(|block| block.language == "text")
    }
}

impl Block {
    fn new(line: usize, heading: &str, info: &str) -> Result<Block> {
        let mut words = info.split_whitespace();
        let mut block = Block {
            line,
            heading: heading.to_owned(),
            language: words.next().unwrap_or_default().to_owned(),
            ..Block::default()
        };
        for word in words {
            match word.strip_prefix("exit=") {
                None => block.places.push(word.to_owned()),
                Some(code) => {
                    let code = code.parse();
                    block.exit = code.with_context(|| format!("line {line}: {word}"))?;
                }
            }
        }
        Ok(block)
    }

    /// Takes the lines up to the closing fence, without the indentation that the opening one has.
    fn fill<'a>(
        &mut self,
        indent: usize,
        lines: &mut impl Iterator<Item = (usize, &'a str)>,
    ) -> Result<()> {
        for (_, line) in lines {
            if line.trim() == "```" {
                return Ok(());
            }
            let lead = line.len() - line.trim_start().len();
            self.text.push_str(&line[lead.min(indent)..]);
            self.text.push('\n');
        }
        bail!("the block in line {} has no end", self.line);
    }

    /// The commands of a shell block without comments; one that goes on (`\`, a loop) is one.
    pub fn commands(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        let mut goes_on = false;
        let mut loops = 0_usize;
        for line in self.text.lines() {
            let line = without_comment(line).trim_end();
            if line.trim().is_empty() {
                continue;
            }
            match commands.last_mut() {
                Some(last) if goes_on || loops > 0 => {
                    last.push('\n');
                    last.push_str(line);
                }
                _ => commands.push(line.to_owned()),
            }
            goes_on = line.ends_with('\\');
            loops += usize::from(line.ends_with("; do"));
            loops -= usize::from(line.trim() == "done").min(loops);
        }
        commands
    }
}

/// A line up to its `#`: one that begins a word and is not quoted.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '#') if before.is_whitespace() => return &line[..at],
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        before = letter;
    }
    line
}

/// Compares what a page says with what was printed, line by line; any white space counts as one space, and none at the
/// ends of lines.
///
/// # Errors
/// The first line that differs, and all that was printed.
pub fn compare(page: &str, printed: &str) -> Result<()> {
    let (wanted, said) = (lines_of(page), lines_of(printed));
    let same = begins_with(&wanted, &said);
    let Err(at) = same else { return Ok(()) };
    let wants = page.lines().nth(at).unwrap_or("nothing more").trim();
    bail!("the page says\n  {wants}\nbut what was printed is\n{printed}");
}

fn lines_of(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim_end().lines().map(words).collect()
}

/// Whether these lines are what is wanted; if not, the furthest line that is wanted and was not found.
fn begins_with(wanted: &[String], said: &[String]) -> Result<(), usize> {
    match (wanted.split_first(), said.split_first()) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(0),
        (Some((any, rest)), _) if any == VARIES => {
            let ways = (0..=said.len()).map(|skipped| begins_with(rest, &said[skipped..]));
            let mut furthest = 0;
            for way in ways {
                match way {
                    Ok(()) => return Ok(()),
                    Err(at) => furthest = furthest.max(at),
                }
            }
            Err(1 + furthest)
        }
        (Some((want, rest)), Some((line, more))) if is_line(want, line) => {
            begins_with(rest, more).map_err(|at| at + 1)
        }
        _ => Err(0),
    }
}

/// Whether a line is what is wanted of it.
fn is_line(wanted: &str, line: &str) -> bool {
    match wanted.split_once(VARIES) {
        None => wanted == line,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|line| {
            let mut ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
            ends.any(|at| is_line(rest, &line[at..]))
        }),
    }
}

/// Two documents in two languages have the same commands at the same places, and say the same of what these print.
///
/// # Errors
/// The first block that differs.
pub fn ensure_same_commands(one: &Document, other: &Document) -> Result<()> {
    for (one, other) in one.blocks.iter().zip(&other.blocks) {
        let same = one.language == other.language
            && one.places == other.places
            && one.exit == other.exit
            && one.commands() == other.commands();
        ensure!(
            same,
            "the blocks of line {} and of line {} differ:\n{}\n{}",
            one.line,
            other.line,
            one.text,
            other.text
        );
    }
    let (one, other) = (one.blocks.len(), other.blocks.len());
    ensure!(one == other, "{one} blocks, and {other} in the other");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Document, compare, ensure_same_commands};

    const PAGE: &str = "\
# A page

Ask `rjk ping HOST:PORT`, or:

```sh web-01 web-02 exit=1
rjk ping -c 1 was:8009   # first
# a comment alone
printf '# %s' x | \\
  cat
for host in a b; do
  echo $host
done
```

```text
CPING …
```

## Further

- in a list:

  ```toml
  [worker.a]
    port = 1
  ```
";

    fn page() -> Document {
        Document::parse(PAGE).expect("a page")
    }

    #[test]
    fn a_block_has_its_language_its_places_and_its_heading() {
        let page = page();
        let [shell, text, toml] = &page.blocks[..] else {
            panic!("{page:?}");
        };
        assert_eq!((shell.line, &*shell.language), (5, "sh"));
        assert_eq!(shell.places, ["web-01", "web-02"]);
        assert_eq!(shell.heading, "A page");
        assert_eq!((shell.exit, text.exit), (1, 0));
        assert_eq!(page.printed(0), Some(text));
        assert_eq!(page.printed(1), None);
        assert!(toml.places.is_empty());
        assert_eq!(toml.heading, "Further");
        assert_eq!(toml.text, "[worker.a]\n  port = 1\n");
        let spans: Vec<(usize, &str)> = page.spans.iter().map(|s| (s.line, &*s.text)).collect();
        assert_eq!(spans, [(3, "rjk ping HOST:PORT")]);
    }

    #[test]
    fn comments_are_no_commands_and_what_goes_on_is_one() {
        let commands = page().blocks[0].commands();
        let expected = [
            "rjk ping -c 1 was:8009",
            "printf '# %s' x | \\\n  cat",
            "for host in a b; do\n  echo $host\ndone",
        ];
        assert_eq!(commands, expected);
    }

    #[test]
    fn a_block_without_an_end_is_told() {
        let error = Document::parse("a\n```sh\nls\n").expect_err("no end");
        assert!(error.to_string().contains("line 2"), "{error}");
        let error = Document::parse("```sh exit=no\n```\n").expect_err("no code");
        assert!(error.to_string().contains("line 1: exit=no"), "{error}");
    }

    #[test]
    fn what_varies_is_left_out_and_nothing_else() {
        let same = [
            ("a … c", "a b c"),
            ("a…", "a"),
            ("…", ""),
            ("a\n…\nd", "a\nb\nc\nd\n"),
            ("a\n…\nd", "a\nd"),
            ("… ms, … ms", "1 ms, 2 ms  \n"),
            ("…\nb …\n…", "a\nb\nb 1"),
            ("a  b\n\tc", "  a b\r\nc"),
        ];
        for (page, printed) in same {
            compare(page, printed).unwrap_or_else(|error| panic!("{page} {printed}: {error:#}"));
        }
        let different = [
            ("a … c", "a b d", "a … c"),
            ("a", "a\nb", "nothing more"),
            ("a\nb", "a", "b"),
            ("a\n…\nd\ne", "a\nb\nd\nf", "e"),
            ("", "a", "nothing more"),
        ];
        for (page, printed, told) in different {
            let error = compare(page, printed).expect_err(printed).to_string();
            assert!(error.contains(&format!("says\n  {told}\n")), "{error}");
            assert!(error.ends_with(printed), "{error}");
        }
    }

    #[test]
    fn a_translation_has_the_same_commands() {
        let mut other = page();
        other.blocks[0].text = other.blocks[0].text.replace("# first", "# 먼저");
        assert!(ensure_same_commands(&page(), &other).is_ok());
        let changes: [fn(&mut Document); 3] = [
            |page| page.blocks[0].text.push_str("ls\n"),
            |page| page.blocks[0].places[0].push('9'),
            |page| drop(page.blocks.pop()),
        ];
        for change in changes {
            let mut other = page();
            change(&mut other);
            assert!(ensure_same_commands(&page(), &other).is_err(), "{other:?}");
        }
    }
}
