//! TLS for tests: a certificate of its own for httpd, and curl as the client.

use crate::tempdir::Dir;
use crate::{Result, httpd};
use anyhow::{Context, ensure};
use std::process::Command;

/// A self-signed certificate and its key, both PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Certificate {
    /// Makes one for a name, valid for a day.
    pub fn self_signed(name: &str) -> Result<Certificate> {
        let dir = Dir::new("tls")?;
        let output = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
            ])
            .args([
                "-subj",
                &format!("/CN={name}"),
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
            ])
            .current_dir(dir.path())
            .output()
            .context("openssl")?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(Certificate {
            certificate: dir.read("cert.pem"),
            key: dir.read("key.pem"),
        })
    }
}

/// Makes a site speak only TLS: mod_ssl, both files, and one virtual host with `directives` in it.
pub fn tls(site: httpd::Builder, certificate: &Certificate, directives: &str) -> httpd::Builder {
    site.module("ssl")
        .file("conf/cert.pem", certificate.certificate.as_str())
        .file("conf/key.pem", certificate.key.as_str())
        .vhosts(format!(
            "<VirtualHost 127.0.0.1:@PORT@>\nServerName rjk.test:@PORT@\nSSLEngine on\n\
             SSLCertificateFile conf/cert.pem\nSSLCertificateKeyFile conf/key.pem\n\
             {directives}\n</VirtualHost>"
        ))
}

/// Runs curl (silent, no certificate check, no configuration file) and returns its output; an error
/// when curl fails.
pub fn curl(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("curl")
        .args(["-q", "-sS", "-k", "--max-time", "30", "--noproxy", "*"])
        .args(arguments)
        .output()
        .context("curl")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
