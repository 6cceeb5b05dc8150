//! TLS for tests: certificates, good and bad, httpd with one of its own, and curl as the client.

mod authority;

pub use authority::{Authority, Days};

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
        let subject = format!("/CN={name}");
        openssl(
            &dir,
            &[
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", &subject,
                "-keyout", "key.pem", "-out", "cert.pem",
            ],
        )?;
        Ok(Certificate {
            certificate: dir.read("cert.pem"),
            key: dir.read("key.pem"),
        })
    }
}

/// A client's certificate, the one that signed it, and the root that signed that one.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The client's own, and its key.
    pub client: Certificate,
    /// The one between.
    pub between: String,
    /// The root, which a server trusts.
    pub root: String,
}

impl Chain {
    /// Makes one for a client of a name, valid for a day.
    pub fn of(name: &str) -> Result<Chain> {
        let dir = Dir::new("tls")?;
        dir.write("signs", "basicConstraints=CA:TRUE\n")?;
        let key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ];
        let root = ["req", "-x509", "-days", "1", "-subj", "/CN=Root"];
        let files = ["-keyout", "root.key", "-out", "root.pem"];
        openssl(&dir, &[&root[..], &key, &files].concat())?;
        let subject = format!("/CN={name}/O=Testbed");
        for (subject, own, signer, more) in [
            ("/CN=Between", "between", "root", &["-extfile", "signs"][..]),
            (subject.as_str(), "client", "between", &[]),
        ] {
            let name = |of: &str, ending: &str| format!("{of}.{ending}");
            let (wish, own_key) = (name(own, "csr"), name(own, "key"));
            let ask = ["req", "-subj", subject, "-keyout", &own_key, "-out", &wish];
            openssl(&dir, &[&ask[..], &key].concat())?;
            let (signed, by) = (name(own, "pem"), name(signer, "pem"));
            let by_key = name(signer, "key");
            let sign = [
                "x509",
                "-req",
                "-days",
                "1",
                "-in",
                &wish,
                "-CA",
                &by,
                "-CAkey",
                &by_key,
                "-CAcreateserial",
                "-out",
                &signed,
            ];
            openssl(&dir, &[&sign[..], more].concat())?;
        }
        Ok(Chain {
            client: Certificate {
                certificate: dir.read("client.pem"),
                key: dir.read("client.key"),
            },
            between: dir.read("between.pem"),
            root: dir.read("root.pem"),
        })
    }
}

fn openssl(dir: &Dir, arguments: &[&str]) -> Result {
    let mut command = Command::new("openssl");
    let output = command.args(arguments).current_dir(dir.path()).output();
    let output = output.context("openssl")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{said}");
    Ok(())
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
