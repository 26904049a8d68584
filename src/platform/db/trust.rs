//! Whose certificate is believed when a connection to PostgreSQL is encrypted.

use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{self, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

pub(super) enum Trust {
    /// Encrypted, with whoever answers.
    Anybody,
    /// Whoever has a certificate of these authorities.
    Chain(RootCertStore),
    /// And that for the name of the host.
    ChainAndName(RootCertStore),
}

pub(super) fn tls(trust: Trust) -> anyhow::Result<ClientConfig> {
    let provider = ring::default_provider();
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions()?;
    let without_name = |roots| Arc::new(WithoutName { roots, algorithms });
    let builder = match trust {
        Trust::Anybody => builder.dangerous().with_custom_certificate_verifier(without_name(None)),
        Trust::Chain(roots) => builder.dangerous().with_custom_certificate_verifier(without_name(Some(roots))),
        Trust::ChainAndName(roots) => builder.with_root_certificates(roots),
    };
    let mut config = builder.with_no_client_auth();
    // Servers that are asked without a word before it (`sslnegotiation=direct`) insist on it.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

/// The authorities of a file, or those of the system.
pub(super) fn roots(file: Option<&str>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs();
        let (taken, _) = roots.add_parsable_certificates(found.certs);
        let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        ensure!(taken > 0, "this machine has no certificates of authorities{why}; name a file with sslrootcert");
        return Ok(roots);
    };
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| anyhow!("cannot read sslrootcert {file}: {error}"))?;
    ensure!(!certificates.is_empty(), "there is no certificate in sslrootcert {file}");
    for certificate in certificates {
        roots.add(certificate).with_context(|| format!("cannot use sslrootcert {file}"))?;
    }
    Ok(roots)
}

/// Asks for no name, and without roots for no authority. The server still has to show that the certificate is its own:
/// what it is bound to (`channel_binding`) is then the one who answers.
#[derive(Debug)]
struct WithoutName {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for WithoutName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, between, now, self.algorithms.all)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
