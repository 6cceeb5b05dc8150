use super::*;
use rjk_testbed::peer;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn both_protocols_are_answered_on_ports_and_sockets() -> Result {
    let stub = Stub::start(0, 300_000)?;
    peer::ping(stub.ajp, Duration::from_secs(5))?;
    let request = b"GET / HTTP/1.1\r\n\r\n";
    let mut tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, stub.http))?;
    let mut unix = UnixStream::connect(&stub.http_socket)?;
    tcp.write_all(request)?;
    unix.write_all(request)?;
    let (mut one, mut other) = (vec![0; 300_000], vec![0; 300_000]);
    tcp.read_exact(&mut one)?;
    unix.read_exact(&mut other)?;
    assert!(one.starts_with(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"));
    assert_eq!(one, other);
    let mut ajp = UnixStream::connect(&stub.ajp_socket)?;
    ajp.write_all(&[0x12, 0x34, 0, 1, 10])?;
    let mut pong = [0; 5];
    ajp.read_exact(&mut pong)?;
    assert_eq!(pong, peer::CPONG);
    Ok(())
}

#[test]
fn a_thousand_connections_are_one_thread() -> Result {
    let stub = Stub::start(0, 10)?;
    let mut streams = Vec::new();
    for _ in 0..1000 {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, stub.http))?;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        streams.push(stream);
    }
    for stream in &mut streams {
        let read = stream.read(&mut [0; 100])?;
        assert!(read > 10);
    }
    Ok(())
}
