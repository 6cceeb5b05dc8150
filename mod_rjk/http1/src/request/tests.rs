use super::{Told, encode};
use rjk_message::{Attributes, BodyLength, RequestHead};

const HEAD: RequestHead<'static> = RequestHead {
    method: b"GET",
    protocol: b"HTTP/1.1",
    uri: b"/app/x",
    remote_addr: None,
    remote_host: None,
    server_name: b"www.example",
    server_port: 8443,
    is_ssl: false,
    headers: &[(b"Host", b"www.example")],
    body: BodyLength::None,
    attributes: Attributes {
        secret: None,
        remote_user: None,
        auth_type: None,
        query: None,
        route: None,
        ssl_cert: None,
        ssl_cipher: None,
        ssl_session: None,
        ssl_key_size: None,
        ssl_protocol: None,
        remote_port: None,
        local_addr: None,
        activation: b"ACT",
        extra: &[],
    },
};

#[test]
fn a_small_request() {
    let mut out = Vec::new();
    encode(&HEAD, &Told::default(), &mut out).unwrap();
    assert_eq!(
        out.as_slice().escape_ascii().to_string(),
        b"GET /app/x HTTP/1.1\r\nHost: www.example\r\nX-Rjk-Activation: ACT\r\n\r\n"
            .escape_ascii()
            .to_string()
    );
}
