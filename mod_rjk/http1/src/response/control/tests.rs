use super::*;

type Fields = &'static [(&'static str, &'static str)];

fn control(fields: &[(&str, &str)]) -> Control {
    noted(Control::new(false), fields)
}

fn old(fields: &[(&str, &str)]) -> Control {
    noted(Control::new(true), fields)
}

fn noted(mut control: Control, fields: &[(&str, &str)]) -> Control {
    for (name, value) in fields {
        control.note(name.as_bytes(), value.as_bytes());
    }
    control
}

#[test]
fn rfc9112_9_3_which_connections_persist() {
    let cases: [(Fields, bool, bool); 11] = [
        (&[], true, false),
        (&[("Connection", "close")], false, false),
        (&[("connection", "CLOSE")], false, false),
        (&[("Connection", "keep-alive")], true, true),
        (&[("Connection", "Keep-Alive, x")], true, true),
        (&[("Connection", "x,\tclose ,y")], false, false),
        (&[("Connection", "keep-alive, close")], false, false),
        (
            &[("Connection", "keep-alive"), ("CONNECTION", "close")],
            false,
            false,
        ),
        (&[("Connection", ",, ,")], true, false),
        (
            &[("Connection", "closed"), ("X-Connection", "close")],
            true,
            false,
        ),
        (
            &[("Proxy-Connection", "close"), ("Keep-Alive", "timeout=5")],
            true,
            false,
        ),
    ];
    for (fields, persists, persists_old) in cases {
        assert_eq!(control(fields).persists(), persists, "{fields:?}");
        assert_eq!(old(fields).persists(), persists_old, "1.0 {fields:?}");
    }
}

#[test]
fn how_long_a_connection_is_kept() {
    let cases: [(&[&str], Option<u64>); 16] = [
        (&[], None),
        (&["timeout=20"], Some(19)),
        (&["Timeout = 20"], Some(19)),
        (&["timeout=20, max=100"], Some(19)),
        (&["max=100,timeout=60"], Some(59)),
        (&["timeout=1"], Some(0)),
        (&["timeout=0"], Some(0)),
        (&["timeout=30", "timeout=5"], Some(4)),
        (&["timeout=5, timeout=30"], Some(4)),
        (
            &["timeout=99999999999999999999"],
            Some(u64::from(u32::MAX) - 1),
        ),
        (&["timeout="], None),
        (&["timeout"], None),
        (&["timeout=-1"], None),
        (&["timeout=+5"], None),
        (&["timeout=5s"], None),
        (&["xtimeout=5, timeoutx=5, max=5"], None),
    ];
    for (values, seconds) in cases {
        let fields: Vec<_> = values.iter().map(|value| ("Keep-Alive", *value)).collect();
        let kept = control(&fields).kept_for().map(|kept| kept.as_secs());
        assert_eq!(kept, seconds, "{values:?}");
    }
}

#[test]
fn cve_2019_17567_only_websocket_is_agreed_on() {
    let cases: [(Fields, bool); 11] = [
        (&[("Connection", "upgrade"), ("Upgrade", "websocket")], true),
        (
            &[("connection", "x, UPGRADE"), ("upgrade", "WebSocket")],
            true,
        ),
        (
            &[
                ("Connection", "upgrade"),
                ("Upgrade", "websocket, WEBSOCKET"),
            ],
            true,
        ),
        (&[("Upgrade", "websocket")], false),
        (&[("Connection", "upgrade")], false),
        (&[("Connection", "upgrade"), ("Upgrade", "")], false),
        (&[("Connection", "upgrade"), ("Upgrade", "h2c")], false),
        (
            &[("Connection", "upgrade"), ("Upgrade", "websocket, h2c")],
            false,
        ),
        (
            &[("Connection", "upgrade"), ("Upgrade", "h2c, websocket")],
            false,
        ),
        (
            &[
                ("Connection", "upgrade"),
                ("Upgrade", "websocket"),
                ("Upgrade", "h2c"),
            ],
            false,
        ),
        (
            &[("Connection", "websocket"), ("Upgrade", "websocket/13")],
            false,
        ),
    ];
    for (fields, agrees) in cases {
        assert_eq!(control(fields).agrees_on_websocket(), agrees, "{fields:?}");
        assert!(!old(fields).agrees_on_websocket(), "1.0 {fields:?}");
    }
}
