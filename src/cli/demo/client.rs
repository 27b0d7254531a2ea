//! Who asks load balancers: one request on a connection of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::header;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, SignatureScheme};

use super::Failure;
use super::requests::Request;

/// As TLS names it.
const HTTP_2: &[u8] = b"h2";

/// What a load balancer or a target answered.
pub(super) struct Answer {
    pub(super) status: u16,
    /// In a line.
    pub(super) text: String,
}

/// Sends a request once.
pub(super) async fn send(at: SocketAddr, is_secure: bool, request: &Request) -> Result<Answer, Failure> {
    let stream = TcpStream::connect(at).await?;
    if !is_secure {
        return exchange(stream, false, request).await;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(ring::default_provider())))
        .with_no_client_auth();
    config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from(request.host().to_owned())?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let is_two = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
    exchange(stream, is_two, request).await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    is_two: bool,
    request: &Request,
) -> Result<Answer, Failure> {
    let (host, path, stream) = (request.host(), &request.path, TokioIo::new(stream));
    let answer = if is_two {
        let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await?;
        tokio::spawn(connection);
        let asked = hyper::Request::get(format!("https://{host}{path}")).body(Empty::<Bytes>::new())?;
        client.send_request(asked).await?
    } else {
        let (mut client, connection) = hyper::client::conn::http1::handshake(stream).await?;
        tokio::spawn(connection);
        let asked = hyper::Request::get(path).header(header::HOST, host).body(Empty::<Bytes>::new())?;
        client.send_request(asked).await?
    };
    let (head, body) = answer.into_parts();
    let body = String::from_utf8_lossy(&body.collect().await?.to_bytes()).trim().to_owned();
    let location = head.headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let text = match location {
        _ if head.status.is_success() => body,
        Some(location) => format!("{}: {location}", head.status),
        None if body.is_empty() => head.status.to_string(),
        None => format!("{}: {body}", head.status),
    };
    Ok(Answer { status: head.status.as_u16(), text })
}

/// Believes every certificate, as `curl -k` does: it is the demo's own, which nobody has signed.
#[derive(Debug)]
struct Anyone(CryptoProvider);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
