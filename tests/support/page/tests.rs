use super::*;

const PAGE: &str = "\
# Title

Prose.

## 1. First

```xml was-01 conf/server.xml below Engine
      <Valve/>
```

```sh web-01 web-02 exit=1
echo a
cat b  # is not there
```

```text
a
…
```

<!-- player: again on was-02: 1 -->

## Others

| where | what |
|---|---|
| a | b |

| file | goes to | owner | mode |
|---|---|---|---|
| `a.pem` | was-01, was-02 `conf/b.pem` | tomcat | 0644 |

- In a list:

  ```sh not tried
  firewall-cmd
  ```
";

#[test]
fn a_page_is_read_in_order() -> Result {
    let page = Page::read(PAGE)?;
    let titles: Vec<&str> = page.parts.iter().map(|part| part.title.as_str()).collect();
    assert_eq!(titles, ["1. First", "Others"]);
    let acts: Vec<&Act> = page.parts[0].items.iter().map(|item| &item.act).collect();
    let put = Act::Put {
        hosts: vec!["was-01".into()],
        file: "conf/server.xml".into(),
        spot: Spot::BelowEngine,
        text: "      <Valve/>\n".into(),
    };
    let run = Act::Run {
        hosts: vec!["web-01".into(), "web-02".into()],
        commands: vec!["echo a".into(), "cat b".into()],
        exit: 1,
        prints: Some("a\n…\n".into()),
    };
    assert_eq!(acts, [&put, &run, &Act::Order("again on was-02: 1".into())]);
    assert_eq!(page.parts[0].items[1].line, 11);
    let copied = Copied {
        file: "a.pem".into(),
        hosts: vec!["was-01".into(), "was-02".into()],
        to: "conf/b.pem".into(),
        owner: "tomcat".into(),
        mode: "0644".into(),
    };
    let acts: Vec<&Act> = page
        .part("Others")?
        .items
        .iter()
        .map(|item| &item.act)
        .collect();
    assert_eq!(acts, [&Act::Copy(copied), &Act::NotTried]);
    assert!(page.part("1")?.is("1. First") && page.part("2").is_err());
    Ok(())
}

#[test]
fn nothing_is_passed_over() {
    let bad = [
        "```toml\na = 1\n```\n",
        "```toml web-01\na = 1\n```\n",
        "```toml rjk.toml\na = 1\n```\n",
        "```sh\nls\n```\n",
        "```text\nsaid\n```\n",
        "```sh web-01\nls\n```\n```text\na\n```\n```text\na\n```\n",
        "```xml was-01 conf/server.xml somewhere\n<a/>\n```\n",
        "```sh web-01\nls\n",
        "<!-- player: again\n",
    ];
    for text in bad {
        assert!(Page::read(text).is_err(), "{text}");
    }
}

const XML: &str = "\
<Service>
  <!-- two -->
  <Connector a=\"1\"
             b=\"2\"/>
  <Connector c=\"1\"/>
  <Engine name=\"x\">
    <Valve/>
  </Engine>
</Service>
";

fn edited(spot: &[&str], now: &str, text: &str) -> Result<String> {
    Spot::read(spot)?.apply(
        &Edited {
            first: "first\n",
            now,
        },
        text,
    )
}

#[test]
fn text_goes_where_the_page_says() -> Result {
    let xml = edited(&["below", "connectors"], XML, "  <New/>\n")?;
    assert!(xml.contains("c=\"1\"/>\n  <New/>\n  <Engine"), "{xml}");
    let xml = edited(&["below", "Engine"], XML, "    <New/>\n")?;
    assert!(xml.contains("\"x\">\n    <New/>\n    <Valve/>"), "{xml}");
    let xml = edited(&["in", "place", "of", "connectors"], XML, "  <New/>\n")?;
    assert!(xml.contains("two -->\n  <New/>\n  <Engine"), "{xml}");
    let file = "# 8009\na\nb 8009 c\n";
    let text = edited(&["in", "place", "of", "8009"], file, "d\n")?;
    assert_eq!(text, "# 8009\na\nd\n");
    assert!(edited(&["in", "place", "of", "9"], "9\n9\n", "d\n").is_err());
    assert!(edited(&["in", "place", "of", "9"], "a\n", "d\n").is_err());
    assert_eq!(edited(&[], "something else\n", "d\n")?, "first\n\nd\n");
    Ok(())
}
