//! Where a worker listens: all addresses of its name, resolved once at start.

use bstr::ByteSlice;
use rjk_config::model::AjpSpec;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Resolves the worker's host: all its addresses, in the order in which they are tried; none when
/// its port is 0 or it listens at a unix socket.
///
/// Those of the preferred family come first, IPv4 unless `prefer_ipv6` asks for the other; within a
/// family the resolver's order stays (BG-12).
///
/// # Errors
/// The resolver's error, or `NotFound` when the host has no address.
pub fn resolve(spec: &AjpSpec) -> io::Result<Vec<SocketAddr>> {
    if spec.port == 0 || spec.way.socket.is_some() {
        return Ok(Vec::new());
    }
    let found = in_order(lookup(&spec.host, spec.port)?, spec.prefer_ipv6);
    if found.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the host has no address",
        ));
    }
    Ok(found)
}

/// Resolves the local addresses to bind: the first of each family.
///
/// # Errors
/// The resolver's error, or `NotFound` when `peers`, where the worker listens, are all of another
/// family.
pub fn resolve_sources(host: &[u8], peers: &[SocketAddr]) -> io::Result<Vec<SocketAddr>> {
    let found = lookup(host, 0)?;
    let of_family = |ipv6: bool| found.iter().find(move |source| source.is_ipv6() == ipv6);
    let sources: Vec<SocketAddr> = [false, true]
        .into_iter()
        .filter_map(of_family)
        .copied()
        .collect();
    let fits = |peer: &SocketAddr| of_family(peer.is_ipv6()).is_some();
    if !peers.is_empty() && !peers.iter().any(fits) {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no address of the worker's family",
        ));
    }
    Ok(sources)
}

fn lookup(host: &[u8], port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = host
        .to_str()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the host name is not text"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((host, port).to_socket_addrs()?.collect())
}

/// The preferred family first, each address once.
fn in_order(found: Vec<SocketAddr>, prefer_ipv6: bool) -> Vec<SocketAddr> {
    let mut ordered: Vec<SocketAddr> = Vec::with_capacity(found.len());
    for address in found {
        if !ordered.contains(&address) {
            ordered.push(address);
        }
    }
    ordered.sort_by_key(|address| address.is_ipv6() != prefer_ipv6);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bg12_a03_all_addresses_the_preferred_family_first() {
        let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let (four, other) = (address("127.0.0.1:1"), address("127.0.0.2:1"));
        let six = address("[::1]:1");
        assert_eq!(in_order(vec![six, four], false), [four, six]);
        assert_eq!(in_order(vec![four, six], true), [six, four]);
        assert_eq!(in_order(vec![six, four, other], false), [four, other, six]);
        assert_eq!(in_order(vec![four, six, four], true), [six, four]);
        assert_eq!(in_order(vec![four], true), [four]);
        assert_eq!(in_order(vec![six], false), [six]);
        assert!(in_order(vec![], false).is_empty());
    }

    #[test]
    fn a04_a_source_for_each_family_of_the_worker() {
        let peers = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let both = peers(&["127.0.0.1:1", "[::1]:1"]);
        assert_eq!(
            resolve_sources(b"127.0.0.2", &both).unwrap(),
            peers(&["127.0.0.2:0"])
        );
        assert!(resolve_sources(b"127.0.0.2", &peers(&["[::1]:1"])).is_err());
        assert_eq!(resolve_sources(b"::1", &both).unwrap(), peers(&["[::1]:0"]));
    }
}
