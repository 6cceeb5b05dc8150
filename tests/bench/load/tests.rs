use super::*;
use crate::plan::POINTS;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

/// A server that answers small requests, the one with this number only after a pause.
fn server(slow: usize, pause: Duration, keep_alive: bool) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut count = 0;
        for mut stream in listener.incoming().flatten() {
            while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                if count == slow {
                    std::thread::sleep(pause);
                }
                count += 1;
                let body = [b'x'; 1024];
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n";
                if stream.write_all(&[head, &body[..]].concat()).is_err() || !keep_alive {
                    break;
                }
            }
        }
    });
    address
}

fn clients(address: SocketAddr, point: &str) -> Clients {
    let point = POINTS.iter().find(|other| other.name == point).unwrap();
    Clients::new(address, 1, Requests::new(point, "/")).unwrap()
}

#[test]
fn at_a_fixed_rate_all_that_waited_count_their_waiting() -> Result {
    let pause = Duration::from_millis(100);
    let mut clients = clients(server(10, pause, true), "base");
    let tally = clients.run(&mut Open::new(1000.0, Duration::from_millis(200)))?;
    assert_eq!(tally.answered, 200);
    let tally = tally.sorted()?;
    // A generator that waits with the server would show one slow request; a hundred were due meanwhile,
    // of which the half waited for more than half of it.
    let slow = |limit| {
        tally
            .latencies
            .iter()
            .filter(|time| **time >= limit)
            .count()
    };
    assert!(slow(pause) >= 1);
    assert!(slow(pause / 2) >= 45, "{}", slow(pause / 2));
    assert!(tally.elapsed >= Duration::from_millis(199));
    Ok(())
}

#[test]
fn a_closed_loop_counts_what_was_answered() -> Result {
    let mut clients = clients(server(0, Duration::ZERO, true), "base");
    assert_eq!(clients.run(&mut Counted(7))?.answered, 7);
    // The connection is still there.
    let tally = clients.run(&mut Closed::new(Duration::from_millis(20), 1))?;
    assert!(tally.answered >= 1);
    assert_eq!(tally.latencies.len() as u64, tally.answered);
    Ok(())
}

#[test]
fn without_keep_alive_each_request_has_a_connection() -> Result {
    let mut clients = clients(server(0, Duration::ZERO, false), "close");
    assert_eq!(clients.run(&mut Counted(5))?.answered, 5);
    Ok(())
}

#[test]
fn an_answer_that_breaks_off_is_an_error() -> Result {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\nhalf");
        }
    });
    let error = clients(address, "base").run(&mut Counted(1)).unwrap_err();
    assert!(
        error.to_string().contains("before the answer did"),
        "{error:#}"
    );
    Ok(())
}

/// As httpd does when all its threads are busy.
#[test]
fn a_request_that_met_the_end_of_an_idle_connection_is_sent_again() -> Result {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let body = [b'x'; 1024];
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n";
            let _ = stream.write_all(&[head, &body[..]].concat());
            // The next request came already: the end meets it.
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    let tally = clients(address, "base").run(&mut Counted(3))?;
    assert_eq!((tally.answered, tally.repeated), (3, 2));
    Ok(())
}
