//! TLS of listeners, with the certificates whose keys the simulated account has.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, ServerConfig};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::Path;
use super::http::Versions;
use crate::acm::certificates::KeyPair;
use crate::network::Scope;
use crate::observed::ObservedListener;

/// The certificates of one listener, the default one first.
#[derive(Debug)]
struct Chooser(Vec<Arc<CertifiedKey>>);

impl Path {
    /// Whether TLS ends at a listener: the key of its default certificate is known.
    pub(super) fn ends_tls(&self, scope: &Scope, listener: &ObservedListener) -> bool {
        listener.certificates.first().is_some_and(|arn| self.key_pair(scope, arn).is_some())
    }

    /// What ends TLS at a listener; none where it is spoken to in the clear.
    pub(super) fn acceptor(
        &self,
        scope: &Scope,
        listener: &ObservedListener,
        versions: Versions,
    ) -> Option<TlsAcceptor> {
        if !self.ends_tls(scope, listener) {
            return None;
        }
        let provider = Arc::new(ring::default_provider());
        let keys = listener.certificates.iter().filter_map(|arn| self.key_pair(scope, arn));
        let keys: Result<Vec<_>, _> = keys.map(|pair| certified(&pair, &provider).map(Arc::new)).collect();
        let keys = keys.inspect_err(|sentence| tracing::warn!(sentence, "a certificate cannot be used")).ok()?;
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("the provider has the default versions").with_no_client_auth();
        let mut config = config.with_cert_resolver(Arc::new(Chooser(keys)));
        if matches!(listener.protocol.as_str(), "HTTPS") {
            config.alpn_protocols = versions.names();
        }
        Some(TlsAcceptor::from(Arc::new(config)))
    }

    fn key_pair(&self, scope: &Scope, arn: &str) -> Option<KeyPair> {
        let acm = &self.simulator.services().acm;
        acm.with(scope, |store| store.certificates.get(arn).and_then(|certificate| certificate.key_pair.clone()))
    }
}

impl ResolvesServerCert for Chooser {
    /// The first certificate for the name that the client asks for, or the default one.
    /// Source: Application Load Balancer guide, "HTTPS listener certificates".
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = client.server_name().and_then(|name| ServerName::try_from(name).ok());
        let fits = |key: &&Arc<CertifiedKey>| {
            let end_entity = key.end_entity_cert().ok().and_then(|der| ParsedCertificate::try_from(der).ok());
            let named = name.as_ref().zip(end_entity.as_ref());
            named.is_some_and(|(name, certificate)| verify_server_name(certificate, name).is_ok())
        };
        self.0.iter().find(fits).or(self.0.first()).cloned()
    }
}

/// A certificate with its key, as TLS needs them.
///
/// # Errors
/// A sentence: a text is no PEM, or the key is not of a kind that is known, or not that of the certificate.
pub(crate) fn certified(pair: &KeyPair, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pair.chain.as_bytes()).collect();
    let chain = chain.map_err(|error| format!("The certificate is not PEM: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes());
    let key = key.map_err(|error| format!("The private key is not PEM: {error}"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| format!("The private key cannot be used: {error}"))
}
