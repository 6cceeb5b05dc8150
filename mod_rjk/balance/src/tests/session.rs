use crate::SessionRoutes;
use crate::cookie_values;
use proptest::prelude::*;

fn read<'a>(jk_route: Option<&'a str>, path: &'a str, cookies: &'a [&'a str]) -> SessionRoutes<'a> {
    let cookies = cookies.iter().map(|header| header.as_bytes());
    SessionRoutes::new(
        jk_route.map(str::as_bytes),
        path.as_bytes(),
        cookies,
        b"JSESSIONID",
        b";jsessionid",
    )
}

fn strings<'a>(list: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    list.into_iter()
        .map(|item| String::from_utf8_lossy(item).into_owned())
        .collect()
}

// Row, path, Cookie headers, ids, routes.
type Row<'a> = (
    &'a str,
    &'a str,
    &'a [&'a str],
    &'a [&'a str],
    &'a [&'a str],
);

#[rustfmt::skip]
const IDS: &[Row] = &[
    ("SS-03 path hides cookie", "/a;jsessionid=x.m1", &["JSESSIONID=y.m2"], &["x.m1"], &["m1"]),
    ("SS-03 [obs] path without route", "/a;jsessionid=x", &["JSESSIONID=y.m2"], &["x"], &[]),
    ("SS-04 any segment, ends at /", "/a;jsessionid=x.m1/b", &[], &["x.m1"], &["m1"]),
    ("SS-04 ends at ;", "/a;jsessionid=x.m1;v=1", &[], &["x.m1"], &["m1"]),
    ("SS-04 ends at ?", "/a;jsessionid=x.m1?q", &[], &["x.m1"], &["m1"]),
    ("SS-04 needs =", "/a;jsessionidx=x.m1", &[], &[], &[]),
    ("SS-04 case", "/a;JSESSIONID=x.m1", &[], &[], &[]),
    ("SS-04 first value not empty", "/;jsessionid=/;jsessionid=x.m1", &[], &["x.m1"], &["m1"]),
    ("SS-04 empty: cookie", "/a;jsessionid=", &["JSESSIONID=y.m2"], &["y.m2"], &["m2"]),
    ("SS-05 all headers", "/", &["JSESSIONID=a.m1", "b=c; JSESSIONID=d.m2"], &["a.m1", "d.m2"], &["m1", "m2"]),
    ("SS-05 all in one", "/", &["JSESSIONID=x.zz; JSESSIONID=y.m2"], &["x.zz", "y.m2"], &["zz", "m2"]),
    ("SS-05 comma, no blank", "/", &["a=b,JSESSIONID=x.m1,c=d"], &["x.m1"], &["m1"]),
    ("SS-05 [obs] blanks before =", "/", &["JSESSIONID \t=x.m1"], &["x.m1"], &["m1"]),
    ("SS-05 [obs] quotes", "/", &["JSESSIONID=\"x.m1\"; a=b"], &["x.m1"], &["m1"]),
    ("SS-05 one quote stays", "/", &["JSESSIONID=\"x.m1"], &["\"x.m1"], &["m1"]),
    ("SS-05 [obs] longer name", "/", &["XJSESSIONID=x.m1"], &[], &[]),
    ("SS-05 name as a prefix", "/", &["JSESSIONIDX=x.m1; JSESSIONID=y.m2"], &["y.m2"], &["m2"]),
    ("SS-05 case", "/", &["jsessionid=x.m1"], &[], &[]),
    ("SS-05 name inside a value", "/", &["a=JSESSIONID=x.m1"], &[], &[]),
    ("SS-06 [obs] first dot", "/", &["JSESSIONID=x.m2.ext"], &["x.m2.ext"], &["m2.ext"]),
    ("SS-06 no dot", "/", &["JSESSIONID=abc"], &["abc"], &[]),
    ("SS-06 nothing after the dot", "/", &["JSESSIONID=abc."], &["abc."], &[]),
];

#[test]
fn ss03_to_ss06_table() {
    for (row, path, cookies, ids, routes) in IDS {
        let got = read(None, path, cookies);
        assert_eq!(strings(got.ids().iter().copied()), *ids, "{row}");
        assert_eq!(strings(got.routes()), *routes, "{row}");
        assert_eq!(got.has_session(), !ids.is_empty(), "{row}");
    }
}

#[test]
fn ss02_jk_route_hides_all_else() {
    let got = read(Some("m3.x"), "/;jsessionid=x.m1", &["JSESSIONID=y.m2"]);
    assert_eq!(strings(got.routes()), ["m3.x"]);
    assert!(got.has_session());
    let empty = read(Some(""), "/;jsessionid=x.m1", &[]);
    assert_eq!(
        strings(empty.routes()),
        ["m1"],
        "E-06: an empty JK_ROUTE is none"
    );
}

#[test]
fn ss17_an_empty_id_is_none_and_told() {
    let got = read(None, "/", &["JSESSIONID=; a=b"]);
    assert!(!got.has_session() && got.only_empty_id());
    let quoted = read(None, "/", &["JSESSIONID=\"\"; JSESSIONID=y.m2"]);
    assert!(quoted.has_session() && !quoted.only_empty_id());
    assert!(!read(None, "/", &["a=b"]).only_empty_id());
}

proptest! {
    #[test]
    fn ss05_every_cookie_written_is_read(
        values in proptest::collection::vec("[a-z]{1,4}(\\.[a-z0-9.]{1,4})?", 0..5),
        others in "[a-z]{1,3}=[a-z]{0,3}",
    ) {
        let header = values.iter().fold(others.clone(), |h, v| format!("{h}; JSESSIONID={v}; {others}"));
        let got: Vec<_> = strings(cookie_values(header.as_bytes(), b"JSESSIONID"));
        prop_assert_eq!(got, values);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        path in proptest::collection::vec(any::<u8>(), 0..40),
        header in "[JSEIONDjsx=;,\" .]{0,60}",
    ) {
        let routes = SessionRoutes::new(None, &path, [header.as_bytes()], b"JS", b";js");
        prop_assert!(routes.ids().iter().all(|id| !id.is_empty()));
        prop_assert!(routes.routes().count() <= routes.ids().len());
    }
}
