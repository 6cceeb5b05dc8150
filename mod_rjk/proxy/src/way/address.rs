//! Where a worker listens: resolved once at start.

use bstr::ByteSlice;
use rjk_config::model::AjpSpec;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Resolves the worker's host. `Ok(None)` when its port is 0.
///
/// Of several addresses the first IPv4 one is taken, with `prefer_ipv6` the first IPv6 one;
/// when there is none of the preferred family, the first of the other (BG-12).
///
/// # Errors
/// The resolver's error, or `NotFound` when the host has no address.
pub fn resolve(spec: &AjpSpec) -> io::Result<Option<SocketAddr>> {
    if spec.port == 0 {
        return Ok(None);
    }
    let found = lookup(&spec.host, spec.port)?;
    pick(&found, spec.prefer_ipv6)
        .map(Some)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address"))
}

/// Resolves the local address to bind, of the same family as `peer`.
///
/// # Errors
/// The resolver's error, or `NotFound` when no address of that family exists.
pub fn resolve_source(host: &[u8], peer: SocketAddr) -> io::Result<SocketAddr> {
    lookup(host, 0)?
        .into_iter()
        .find(|address| address.is_ipv6() == peer.is_ipv6())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no address of the worker's family"))
}

fn lookup(host: &[u8], port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = host
        .to_str()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the host name is not text"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((host, port).to_socket_addrs()?.collect())
}

fn pick(found: &[SocketAddr], prefer_ipv6: bool) -> Option<SocketAddr> {
    found
        .iter()
        .find(|address| address.is_ipv6() == prefer_ipv6)
        .or(found.first())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bg12_the_preference_never_fails() {
        let v4: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let v6: SocketAddr = "[::1]:1".parse().unwrap();
        assert_eq!(pick(&[v6, v4], false), Some(v4));
        assert_eq!(pick(&[v4, v6], true), Some(v6));
        assert_eq!(pick(&[v4], true), Some(v4));
        assert_eq!(pick(&[v6], false), Some(v6));
        assert_eq!(pick(&[], false), None);
    }
}
