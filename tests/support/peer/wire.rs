//! What went over a peer's connections, byte by byte, and as a capture that network tools read.

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From httpd to the peer.
    FromHttpd,
    /// From the peer to httpd.
    ToHttpd,
}

/// The bytes of a request and its answer, in order.
#[derive(Clone, Debug, Default)]
pub struct Wire(Vec<(Way, Vec<u8>)>);

/// The port of a backend in a capture; network tools know AJP by it.
pub const PORT: u16 = 8009;
/// Most bytes of an exchange that are kept.
const MOST: usize = 1 << 20;
/// Most bytes of a segment: with its headers it fits into an IP packet.
const SEGMENT: usize = 60_000;

impl Wire {
    /// Whether nothing went either way.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what was sent at once; of a very long exchange only the beginning is kept.
    pub fn put(&mut self, way: Way, bytes: &[u8]) {
        let kept: usize = self.0.iter().map(|(_, bytes)| bytes.len()).sum();
        if kept + bytes.len() <= MOST {
            self.0.push((way, bytes.to_vec()));
        }
    }
}

/// A capture file: exchange `n` is a connection from the address that [`client`] gives it. A dissector that
/// waits for the rest of a body that nobody read would else take the next request for it.
pub fn capture(wires: &[Wire]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 0x0004_0000, RAW_IP] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    let mut time = 0;
    for (number, wire) in wires.iter().enumerate() {
        let mut flow = Flow {
            file: &mut file,
            client: client(number),
            next: [1, 1],
            time: &mut time,
        };
        flow.connection(wire);
    }
    file
}

/// The address of the web server in exchange `number`.
pub fn client(number: usize) -> [u8; 4] {
    let [.., b, c, d] = (number as u64 + 1).to_be_bytes();
    [10, b, c, d]
}

/// Packets begin with their IP header.
const RAW_IP: u32 = 101;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const PUSH_ACK: u8 = 0x18;
const FIN_ACK: u8 = 0x11;
/// The web server's port.
const CLIENT_PORT: u16 = 40_000;
const SERVER: [u8; 4] = [127, 0, 0, 1];

/// One TCP connection that is being written.
struct Flow<'a> {
    file: &'a mut Vec<u8>,
    client: [u8; 4],
    /// The next sequence numbers of client and server.
    next: [u32; 2],
    /// Microseconds.
    time: &'a mut u32,
}

impl Flow<'_> {
    fn connection(&mut self, wire: &Wire) {
        self.packet(Way::FromHttpd, SYN, &[]);
        self.packet(Way::ToHttpd, SYN | ACK, &[]);
        self.packet(Way::FromHttpd, ACK, &[]);
        for (way, bytes) in &wire.0 {
            for part in bytes.chunks(SEGMENT) {
                self.packet(*way, PUSH_ACK, part);
            }
        }
        self.packet(Way::FromHttpd, FIN_ACK, &[]);
        self.packet(Way::ToHttpd, FIN_ACK, &[]);
    }

    fn packet(&mut self, way: Way, flags: u8, bytes: &[u8]) {
        let (own, other) = match way {
            Way::FromHttpd => (0, 1),
            Way::ToHttpd => (1, 0),
        };
        let ends = [(self.client, CLIENT_PORT), (SERVER, PORT)];
        let length = 40 + bytes.len();
        *self.time += 1000;
        for word in [
            *self.time / 1_000_000,
            *self.time % 1_000_000,
            length as u32,
            length as u32,
        ] {
            self.file.extend_from_slice(&word.to_le_bytes());
        }
        self.file.extend_from_slice(&[0x45, 0]);
        self.file.extend_from_slice(&(length as u16).to_be_bytes());
        self.file.extend_from_slice(&[0, 0, 0, 0, 64, 6, 0, 0]);
        self.file.extend_from_slice(&ends[own].0);
        self.file.extend_from_slice(&ends[other].0);
        self.file.extend_from_slice(&ends[own].1.to_be_bytes());
        self.file.extend_from_slice(&ends[other].1.to_be_bytes());
        self.file.extend_from_slice(&self.next[own].to_be_bytes());
        let acknowledged = if flags == SYN { 0 } else { self.next[other] };
        self.file.extend_from_slice(&acknowledged.to_be_bytes());
        self.file
            .extend_from_slice(&[0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        self.file.extend_from_slice(bytes);
        let counts = u32::from(flags & (SYN | 1) != 0);
        self.next[own] = self.next[own].wrapping_add(bytes.len() as u32 + counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_has_every_byte_in_order() {
        let mut wire = Wire::default();
        wire.put(Way::FromHttpd, &[7; SEGMENT + 1]);
        wire.put(Way::ToHttpd, b"answer");
        let file = capture(&[wire]);
        // Five packets without data, two of a request, one of an answer.
        assert_eq!(file.len(), 24 + 8 * (16 + 40) + SEGMENT + 1 + 6);
        assert!(file.windows(6).any(|bytes| bytes == b"answer"));
        assert_eq!(client(0), [10, 0, 0, 1]);
        assert_eq!(client(65_535), [10, 1, 0, 0]);
    }
}
