//! The health endpoints: `/healthz` says that the process runs, `/readyz` what it still misses.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tracing::debug;

use super::error::Error;

/// Takes the address; gives the server, to be run for ever. `missing` says what keeps the controller from working.
///
/// # Errors
///
/// The address cannot be had.
pub(super) async fn serve<F>(address: SocketAddr, missing: F) -> Result<(SocketAddr, impl Future<Output = ()>), Error>
where
    F: Fn() -> Vec<String> + Send + Sync + 'static,
{
    let listener = TcpListener::bind(address).await.map_err(|source| Error::Probes { address, source })?;
    let bound = listener.local_addr().map_err(|source| Error::Probes { address, source })?;
    Ok((bound, accept(listener, Arc::new(missing))))
}

async fn accept<F>(listener: TcpListener, missing: Arc<F>)
where
    F: Fn() -> Vec<String> + Send + Sync + 'static,
{
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let missing = Arc::clone(&missing);
                let answering = service_fn(move |request: Request<Incoming>| {
                    let answer = answer(request.method(), request.uri().path(), missing.as_ref());
                    async move { Ok::<_, Infallible>(answer) }
                });
                tokio::spawn(async move {
                    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), answering).await {
                        debug!("a health probe broke off: {error}");
                    }
                });
            }
            // Too many open files, most likely; they pass.
            Err(error) => {
                debug!("a health probe could not be taken: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

fn answer(method: &Method, path: &str, missing: impl Fn() -> Vec<String>) -> Response<Full<Bytes>> {
    let (status, body) = match (method, path) {
        (&Method::GET | &Method::HEAD, "/healthz") => (StatusCode::OK, "ok".to_owned()),
        (&Method::GET | &Method::HEAD, "/readyz") => match missing().as_slice() {
            [] => (StatusCode::OK, "ok".to_owned()),
            missing => (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n")),
        },
        _ => (StatusCode::NOT_FOUND, "there is /healthz and /readyz".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body + "\n")));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn asked(path: &str, missing: &[&str]) -> (u16, String) {
        let answer = answer(&Method::GET, path, || missing.iter().map(ToString::to_string).collect());
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_says_what_is_missing_and_health_does_not_ask() {
        assert_eq!(asked("/healthz", &["pods"]).await, (200, "ok\n".to_owned()));
        assert_eq!(asked("/readyz", &[]).await, (200, "ok\n".to_owned()));
        assert_eq!(
            asked("/readyz", &["pods are not listed yet", "AWS has not been asked yet"]).await,
            (503, "pods are not listed yet\nAWS has not been asked yet\n".to_owned())
        );
        assert_eq!(asked("/metrics", &[]).await.0, 404);
    }

    #[tokio::test]
    async fn a_probe_is_answered_over_the_network() {
        let (address, server) = serve("127.0.0.1:0".parse().unwrap(), Vec::new).await.unwrap();
        tokio::spawn(server);
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");
    }
}
