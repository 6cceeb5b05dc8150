//! What others call the keys of rjk.toml.

/// Names that people know from elsewhere, and the keys that say it here.
const MEANT: [(&str, &[&str]); 9] = [
    ("protocol", &["scheme", "transport"]),
    (
        "socket",
        &["unix", "unix_socket", "unixdomainsocketpath", "path", "uds"],
    ),
    ("tls", &["ssl", "https", "sslenabled"]),
    ("websocket", &["ws", "upgrade", "websockets"]),
    ("probe", &["health", "healthcheck", "health_check", "check"]),
    (
        "ca",
        &[
            "ca_file",
            "cafile",
            "cacert",
            "ca_cert",
            "truststore",
            "trust",
        ],
    ),
    (
        "server_name",
        &["sni", "hostname", "servername", "host", "name"],
    ),
    (
        "cert",
        &["certificate", "cert_file", "certfile", "crt", "client_cert"],
    ),
    (
        "verify",
        &[
            "insecure",
            "skip_verify",
            "insecure_skip_verify",
            "ssl_verify",
        ],
    ),
];

/// The key that a word stands for.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    let mut all = MEANT.iter();
    all.find(|(_, words)| words.contains(&word.as_str()))
        .map(|(key, _)| *key)
}
