//! The certificate authority of the simulated cluster.
//!
//! Owns the one key and certificate that Terraform sees as the cluster's certificate authority,
//! kept in the world's folder, and issues the certificates that the Kubernetes API serves with.
//! Start at [`Authority::open`].

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

const FILE: &str = "authority.pem";
const CERTIFICATE_LABEL: &str = "-----BEGIN CERTIFICATE-----";

/// The certificate authority of one world.
#[derive(Debug)]
pub struct Authority {
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Opens the authority kept in the world's folder, made when missing.
    ///
    /// Several servers of a world may open it at once; all of them get the same one.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or holds something else under that name.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        if !path.try_exists()? {
            fs::create_dir_all(dir)?;
            publish(dir, &generate()?)?;
        }
        let text = fs::read_to_string(&path)?;
        let at = text.find(CERTIFICATE_LABEL).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{}` holds no certificate", path.display()),
            )
        })?;
        let (key, certificate) = text.split_at(at);
        let key = KeyPair::from_pem(key).map_err(io::Error::other)?;
        Ok(Self {
            certificate_pem: certificate.to_owned(),
            issuer: Issuer::new(parameters()?, key),
        })
    }

    /// The certificate of the authority, as clients are to trust it.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A TLS configuration for HTTP/1.1 with a fresh certificate for `names` (DNS names, wildcards
    /// among them, and IP addresses).
    ///
    /// # Errors
    /// When a name is not one.
    pub fn server_config(&self, names: &[String]) -> io::Result<ServerConfig> {
        let mut parameters = CertificateParams::new(names).map_err(io::Error::other)?;
        parameters.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The parameters are the same for every world; only the key differs.
fn parameters() -> io::Result<CertificateParams> {
    let mut parameters = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    parameters.distinguished_name.push(DnType::CommonName, "kubernetes");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    Ok(parameters)
}

/// Key and certificate in one text, so that there is never one without the other.
fn generate() -> io::Result<String> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = parameters()?.self_signed(&key).map_err(io::Error::other)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

/// Puts the file there whole; when another server was faster, its file stands.
fn publish(dir: &Path, text: &str) -> io::Result<()> {
    let unique = hex::encode(&Sha256::digest(text)[..8]);
    let draft = dir.join(format!("{FILE}.{unique}"));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, dir.join(FILE));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_authority_that_is_opened_again_is_the_same_and_readable_by_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path()).unwrap();
        let again = Authority::open(dir.path()).unwrap();
        assert_eq!(first.certificate_pem(), again.certificate_pem());
        assert!(first.certificate_pem().starts_with(CERTIFICATE_LABEL));
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_server_certificate_is_issued_for_wildcards_and_addresses() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path()).unwrap();
        let names = ["*.gr7.us-west-2.eks.amazonaws.com", "localhost", "127.0.0.1"];
        let names: Vec<String> = names.map(str::to_owned).into();
        let config = authority.server_config(&names).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    }
}
