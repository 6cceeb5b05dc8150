//! Tomcat's own WebSocket examples, as its package brings them.

use rjk_testbed::tls::Authority;
use rjk_testbed::tomcat::{Door, Tomcat};
use rjk_testbed::websocket::{Frame, Kind, Message, open};
use rjk_testbed::{Result, Version, Way, ensure, way};

/// Where Debian's `tomcat10-examples` has them.
const EXAMPLES: &str = "/usr/share/tomcat10-examples";

#[test]
fn rjk_echo() -> Result {
    ensure!(
        std::path::Path::new(EXAMPLES).exists(),
        "tomcat10-examples is not installed"
    );
    let authority = Authority::new("Ways")?;
    let tomcat = Tomcat::builder(Version::V10)
        .webapps(EXAMPLES)
        .doors(&[Door::Http, Door::HttpSocket, Door::Https])
        .tls(&authority)?
        .start()?;
    for way in [Way::HttpTcp, Way::HttpUnix, Way::Https] {
        let reach = tomcat.reach(way, "w")?.more("websocket = true");
        let httpd = way::site(&authority, &[reach], "worker.list=w\n")?
            .directives("JkMount /examples/* w")
            .server_limit(1)
            .start()?;
        let mut socket = open(httpd.port(), "/examples/websocket/echoAnnotation")?.opened()?;
        ensure!(socket.ask("hello")? == "hello", "{way}");
        // Tomcat answers a message in parts as it reads it.
        let whole = rjk_testbed::digest::bytes(3, 10 << 20);
        let writer = socket.stream().try_clone()?;
        let sends = whole.clone();
        let sender = std::thread::spawn(move || -> Result {
            let mut socket =
                rjk_testbed::WebSocket::over(writer, rjk_testbed::websocket::End::Client);
            for part in sends.chunks(100_000) {
                socket.send_frame(&Frame::whole(Kind::Binary, part))?;
            }
            Ok(())
        });
        let mut got = Vec::new();
        while got.len() < whole.len() {
            match socket.expect()? {
                Message::Binary(part) => got.extend(part),
                other => rjk_testbed::bail!("{way}: {other:?}"),
            }
        }
        sender
            .join()
            .map_err(|_| rjk_testbed::Error::msg("sender"))??;
        ensure!(got == whole, "{way}: the bytes differ");
        socket.send(&Message::Close(Some(1000)))?;
        ensure!(socket.expect()? == Message::Close(Some(1000)), "{way}");
        ensure!(socket.receive()?.is_none(), "{way}");
        httpd.assert_clean();
    }
    Ok(())
}
