//! Bodies of all sizes in both directions arrive as they were sent (BD-01…BD-10, RS-03, RS-05, A-24,
//! K-01, K-02, K-04, K-05, CP-11).

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::digest::{bytes, sha256_hex};
use rjk_testbed::peer::{Behaviour, BodyPacket, Head, Script, Step, body_chunk, frame};
use rjk_testbed::{Httpd, Peer, Result, Subject, Tomcat, Version, both, ensure, farm, on_mpm};

both! { tomcat9 tomcat10 packet_sizes head_too_large }
on_mpm! { Worker worker: packet_sizes head_too_large }
on_mpm! { Prefork prefork: packet_sizes }

/// 0, 1, and around the boundaries of packets of 8,192 and of 65,536 bytes.
const SIZES: [usize; 15] = [
    0, 1, 8183, 8184, 8185, 8186, 8187, 16371, 16372, 16373, 65528, 65529, 65530, 65536, 131_058,
];
const LARGE: usize = 3 * 1024 * 1024 + 1;

fn upload(client: &mut Client, request: Request, sent: &[u8]) -> Result {
    let answer = client.send(&request.header("Content-Type", "application/octet-stream"))?;
    ensure!(answer.status == 200, "{answer:?}");
    assert_eq!(answer.field("bytes"), Some(sent.len().to_string()));
    assert_eq!(answer.field("sha256"), Some(sha256_hex(sent)));
    Ok(())
}

fn download(client: &mut Client, sent: &[u8], announced: bool) -> Result {
    let (bytes, length) = (sent.len(), u8::from(announced));
    let target = format!("/testbed/download.jsp?bytes={bytes}&seed=5&length={length}");
    let answer = client.send(&Request::get(&target))?;
    assert_eq!((answer.status, &answer.end), (200, &BodyEnd::Complete));
    assert_eq!(answer.body.len(), bytes);
    assert!(answer.body == sent, "{bytes} bytes differ");
    Ok(())
}

/// Every size in every way, over one connection of the client.
fn both_ways(httpd: &Httpd, sizes: &[usize]) -> Result {
    let mut client = Client::connect(httpd.port())?;
    let all = bytes(5, sizes.iter().copied().max().unwrap_or(0));
    for size in sizes {
        let sent = &all[..*size];
        let post = || Request::new("POST", "/testbed/upload.jsp");
        upload(&mut client, post().body(sent), sent)?;
        // Chunks neither of the packets' size nor of a size that divides it.
        upload(&mut client, post().chunked(sent, 5000), sent)?;
        download(&mut client, sent, true)?;
        download(&mut client, sent, false)?;
    }
    Ok(())
}

fn in_front_of(subject: Subject, tomcat: &Tomcat, settings: &str) -> Result<Httpd> {
    let workers = format!("{}{settings}\n", tomcat.worker("testbed"));
    farm::server(subject, &["testbed"], &workers).start()
}

fn all_sizes(subject: Subject, version: Version) -> Result {
    let httpd = in_front_of(subject, Tomcat::shared(version)?, "")?;
    both_ways(&httpd, &[&SIZES[..], &[LARGE]].concat())?;
    if subject == Subject::Rjk {
        farm::wait_idle(&httpd)?;
    }
    httpd.assert_clean();
    Ok(())
}

fn tomcat9(subject: Subject) -> Result {
    all_sizes(subject, Version::V9)
}

fn tomcat10(subject: Subject) -> Result {
    all_sizes(subject, Version::V10)
}
/// both sides with packets of 64 KiB.
#[test]
fn rjk_tomcat10_with_large_packets() -> Result {
    let tomcat = Tomcat::builder(Version::V10).packet_size(65536).start()?;
    let settings = "worker.testbed.max_packet_size=65536";
    let httpd = in_front_of(Subject::Rjk, &tomcat, settings)?;
    both_ways(&httpd, &[1, 8187, 65529, 65530, 65531, LARGE])?;
    // K-02: its answers do not fit when only Tomcat's packets are large.
    let httpd = in_front_of(Subject::Rjk, &tomcat, "")?;
    let large = Request::get("/testbed/download.jsp?bytes=60000&chunk=60000");
    let mut client = Client::connect(httpd.port())?;
    assert_eq!(client.send(&large)?.status, 502, "{}", httpd.jk_log());
    assert!(httpd.jk_log().contains("packetSize"), "{}", httpd.jk_log());
    Ok(())
}

/// The sizes of the body packets that a worker sees.
fn packets(peer: &Peer, number: usize) -> Result<Vec<usize>> {
    let request = peer.wait_requests(number)?.swap_remove(number - 1);
    let sizes = request.body_packets.iter().map(|packet| match packet {
        BodyPacket::Data(data) => data.len(),
        _ => 0,
    });
    Ok(sizes.collect())
}

fn packet_sizes(subject: Subject) -> Result {
    // Configured, largest body in a packet (Z-05).
    let rows = [
        (8192, 8186),
        (8193, 9210),
        (20_000, 20_474),
        (70_000, 65_530),
    ];
    let peer = Peer::start(Behaviour::Echo)?;
    let mut workers = String::new();
    let names: Vec<String> = rows.iter().map(|(size, _)| format!("w{size}")).collect();
    for (name, (size, _)) in names.iter().zip(rows) {
        workers += &format!(
            "{}worker.{name}.max_packet_size={size}\n",
            peer.worker(name)
        );
    }
    let httpd = farm::server(subject, &names, &workers).start()?;
    let mut client = Client::connect(httpd.port())?;
    let body = bytes(1, 150_000);
    for (index, (name, (_, most))) in names.iter().zip(rows).enumerate() {
        let post = || Request::new("POST", &format!("/{name}/"));
        // BD-01: the first packet is full; BD-04: the others are as long as they are asked to be.
        assert_eq!(client.send(&post().body(body.clone()))?.status, 200);
        let seen = packets(&peer, 2 * index + 1)?;
        assert_eq!((seen[0], seen[1]), (most, 8186), "{name}");
        assert_eq!(seen.iter().sum::<usize>(), body.len());
        // BD-03, BD-04: of a chunked body no packet comes unasked, and full ones then.
        assert_eq!(
            client.send(&post().chunked(body.clone(), 150_000))?.status,
            200
        );
        let seen = packets(&peer, 2 * index + 2)?;
        assert!((most - 12..=most).contains(&seen[0]), "{name}: {seen:?}");
        assert_eq!(seen.iter().sum::<usize>(), body.len());
        assert_eq!(seen.last(), Some(&0), "BD-05");
        let request = peer.requests().swap_remove(2 * index + 1);
        assert_eq!(request.header("content-length"), None, "Q-12");
    }
    Ok(())
}

/// K-02, CP-11: the largest packet that is allowed, and larger ones; the length does not count the
/// frame's four bytes.
#[test]
fn rjk_largest_packets() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let workers = peer.worker("w") + "worker.w.retries=1\n";
    let httpd = farm::server(Subject::Rjk, &["w"], &workers).start()?;
    let mut client = Client::connect(httpd.port())?;
    for (payload, status) in [
        (8188, 200),
        (8192, 200),
        (8193, 502),
        (8196, 502),
        (65535, 502),
    ] {
        let data = vec![b'x'; 8000];
        let mut chunk = body_chunk(&data)[4..].to_vec();
        chunk.resize(payload, 0);
        peer.set(Script::new([
            Step::Head(Head::ok()),
            Step::Send(frame(&chunk)),
            Step::End(true),
        ]));
        let answer = client.send(&Request::get("/w/"))?;
        assert_eq!(answer.status, status, "{payload}");
        assert_eq!(answer.body == data, status == 200, "{payload}");
    }
    Ok(())
}

/// F-04, SV-01: a head that does not fit is refused before anything is sent, and leaves the pooled
/// connection alone (BG-25; mod_jk closes it).
fn head_too_large(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let large = "worker.large.max_packet_size=65536\n";
    let workers = peer.worker("small") + &peer.worker("large") + large;
    let names = ["small", "large"];
    let httpd = farm::server(subject, &names, &workers)
        .directives("LimitRequestFieldSize 20000")
        .start()?;
    let mut client = Client::connect(httpd.port())?;
    assert_eq!(client.send(&Request::get("/small/"))?.status, 200);
    let long = "x".repeat(9000);
    let ask = |target: &str| Request::get(target).header("X-Long", &long);
    let mut other = Client::connect(httpd.port())?;
    assert_eq!(other.send(&ask("/small/"))?.status, 413);
    assert_eq!(client.send(&Request::get("/small/"))?.status, 200);
    assert_eq!(peer.requests().len(), 2);
    let connections = if subject == Subject::Rjk { 1 } else { 2 };
    assert_eq!(peer.connections(), connections);
    assert_eq!(client.send(&ask("/large/"))?.status, 200);
    assert_eq!(peer.requests()[2].header("x-long"), Some(long.as_str()));
    Ok(())
}
