use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::program::find;

/// A certificate authority and a certificate of it for `localhost` and 127.0.0.1, as PEM files.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
    authority: String,
    certificate: String,
    key: String,
}

impl Certificates {
    /// The file of the authority, which a client is to trust.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The file of the server's certificate.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The file of the server's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("flashbid-").tempdir();
        let folder =
            folder.unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}"));
        let file = |name: &str| folder.path().join(name).display().to_string();
        let certificates = Self {
            authority: file("ca.crt"),
            certificate: file("server.crt"),
            key: file("server.key"),
            folder,
        };
        certificates.make();
        certificates
    }

    fn make(&self) {
        let folder = self.folder.path();
        openssl(
            folder,
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=FlashBid-tests -keyout ca.key -out ca.crt",
        );
        openssl(
            folder,
            "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
        );
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n";
        std::fs::write(folder.join("names"), names).expect("the folder was just made");
        openssl(
            folder,
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
        );
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new(find("openssl"))
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("openssl: {error}"));
    assert!(
        output.status.success(),
        "openssl {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
