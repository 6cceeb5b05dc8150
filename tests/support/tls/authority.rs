//! An authority that signs certificates as tests need them, also those that nobody should accept.

use super::Certificate;
use crate::Result;
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// When a certificate is valid, in days from now.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// The first.
    pub from: i64,
    /// The last.
    pub to: i64,
}

impl Days {
    /// Now, and for a few days more.
    pub const NOW: Days = Days { from: -2, to: 60 };
    /// Not any more.
    pub const PAST: Days = Days { from: -9, to: -2 };
    /// Not yet.
    pub const FUTURE: Days = Days { from: 2, to: 9 };
}

/// A root and its key.
#[derive(Clone, Debug)]
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

impl Authority {
    /// Makes one.
    pub fn new(name: &str) -> Result<Authority> {
        let key = new_key()?;
        let mut builder = begin(name, Days::NOW, &key)?;
        let own = distinguished(name)?;
        builder.set_issuer_name(&own)?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        builder.sign(&key, MessageDigest::sha256())?;
        let certificate = builder.build();
        Ok(Authority { certificate, key })
    }

    /// The root, PEM.
    pub fn root(&self) -> Result<String> {
        pem(&self.certificate)
    }

    /// A server's certificate for host names and addresses.
    pub fn server(&self, names: &[&str]) -> Result<Certificate> {
        self.server_valid(names, Days::NOW)
    }

    /// The same, valid at another time.
    pub fn server_valid(&self, names: &[&str], days: Days) -> Result<Certificate> {
        let key = new_key()?;
        let mut builder = begin(names.first().copied().unwrap_or("server"), days, &key)?;
        let mut alternatives = SubjectAlternativeName::new();
        for name in names {
            match name.parse::<IpAddr>() {
                Ok(_) => alternatives.ip(name),
                Err(_) => alternatives.dns(name),
            };
        }
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let alternatives = alternatives.build(&context)?;
        builder.append_extension(alternatives)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        self.signed(builder, &key)
    }

    /// A client's certificate: `CN=name, O=Testbed`.
    pub fn client(&self, name: &str) -> Result<Certificate> {
        let key = new_key()?;
        let mut builder = begin(name, Days::NOW, &key)?;
        builder.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
        self.signed(builder, &key)
    }

    fn signed(&self, mut builder: X509Builder, key: &PKey<Private>) -> Result<Certificate> {
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(Certificate {
            certificate: pem(&builder.build())?,
            key: String::from_utf8(key.private_key_to_pem_pkcs8()?)?,
        })
    }
}

/// A certificate that has everything but its issuer, its extensions and the signature.
fn begin(name: &str, days: Days, key: &PKey<Private>) -> Result<X509Builder> {
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let subject = distinguished(name)?;
    builder.set_subject_name(&subject)?;
    let (from, to) = (day(days.from)?, day(days.to)?);
    builder.set_not_before(&from)?;
    builder.set_not_after(&to)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

fn day(offset: i64) -> Result<Asn1Time> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(Asn1Time::from_unix(i64::try_from(now)? + offset * 86_400)?)
}

fn distinguished(name: &str) -> Result<X509Name> {
    let mut builder: X509NameBuilder = X509Name::builder()?;
    builder.append_entry_by_text("CN", name)?;
    builder.append_entry_by_text("O", "Testbed")?;
    Ok(builder.build())
}

fn new_key() -> Result<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

fn pem(certificate: &X509) -> Result<String> {
    Ok(String::from_utf8(certificate.to_pem()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tempdir::Dir;
    use std::process::Command;

    /// What the command says of a certificate for a host.
    fn verified(root: &str, own: &Certificate, name: &str) -> String {
        let dir = Dir::new("tls").unwrap();
        dir.write("root.pem", root).unwrap();
        dir.write("own.pem", &own.certificate).unwrap();
        let output = Command::new("openssl")
            .args(["verify", "-CAfile", "root.pem", "-purpose", "sslserver"])
            .args(["-verify_hostname", name, "own.pem"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn each_certificate_is_good_or_bad_for_its_own_reason() {
        let (own, other) = (Authority::new("own"), Authority::new("other"));
        let (own, other) = (own.unwrap(), other.unwrap());
        let root = own.root().unwrap();
        let names = ["a.test", "127.0.0.1"];
        let good = own.server(&names).unwrap();
        assert!(verified(&root, &good, "a.test").contains("own.pem: OK"));
        assert!(verified(&root, &good, "b.test").contains("ostname mismatch"));
        for (bad, why) in [
            (own.server_valid(&names, Days::PAST), "has expired"),
            (own.server_valid(&names, Days::FUTURE), "not yet valid"),
            (other.server(&names), "unable to get local issuer"),
            (own.client("a.test"), "unsuitable certificate purpose"),
        ] {
            let said = verified(&root, &bad.unwrap(), "a.test");
            assert!(said.contains(why), "{why}: {said}");
        }
    }
}
