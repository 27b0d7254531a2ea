//! A small HTTP server for those who look after the controller: probes and Prometheus.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tracing::debug;

use super::error::Error;

/// How long a pause is that lets open files be closed.
const PAUSE: Duration = Duration::from_millis(100);

/// What is answered to a request for a path.
pub(super) type Answer = Response<Full<Bytes>>;

/// Takes an address, which `flag` names; gives the server, to be run for ever. `answer` gets the paths of GET and HEAD; `None`:
/// there is nothing there.
///
/// # Errors
///
/// The address cannot be had.
pub(super) async fn serve<F>(
    address: SocketAddr,
    flag: &'static str,
    answer: F,
) -> Result<(SocketAddr, impl Future<Output = ()>), Error>
where
    F: Fn(&str) -> Option<Answer> + Send + Sync + 'static,
{
    let failed = |source| Error::Listen { address, flag, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((bound, accept(listener, Arc::new(answer))))
}

async fn accept<F>(listener: TcpListener, answer: Arc<F>)
where
    F: Fn(&str) -> Option<Answer> + Send + Sync + 'static,
{
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let answer = Arc::clone(&answer);
                let answering = service_fn(move |request: Request<Incoming>| {
                    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
                    let answer = asks.then(|| answer(request.uri().path())).flatten();
                    async move { Ok::<_, Infallible>(answer.unwrap_or_else(nothing_there)) }
                });
                tokio::spawn(async move {
                    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), answering).await {
                        debug!("a connection broke off: {error}");
                    }
                });
            }
            // Too many open files, most likely; they pass.
            Err(error) => {
                debug!("a connection could not be taken: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Plain text.
pub(super) fn text(status: StatusCode, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text + "\n")));
    *answer.status_mut() = status;
    answer
}

fn nothing_there() -> Answer {
    text(StatusCode::NOT_FOUND, "there is nothing here".to_owned())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn asked(address: SocketAddr, request: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn who_asks_is_answered_over_the_network() {
        let answer = |path: &str| (path == "/here").then(|| text(StatusCode::OK, "ok".to_owned()));
        let (address, server) = serve("127.0.0.1:0".parse().unwrap(), "--x", answer).await.unwrap();
        tokio::spawn(server);
        let here = asked(address, "GET /here").await;
        assert!(here.starts_with("HTTP/1.1 200 OK") && here.ends_with("ok\n"), "{here}");
        assert!(asked(address, "GET /there").await.starts_with("HTTP/1.1 404"));
        assert!(asked(address, "POST /here").await.starts_with("HTTP/1.1 404"));
        let taken = serve(address, "--x", |_| None).await.err().unwrap();
        assert!(taken.to_string().contains("give another --x"), "{taken}");
    }
}
