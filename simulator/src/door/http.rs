//! The loopback door: AWS requests by POST to any path, test controls under `/_simulator/`.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::{Request, Response, control};
use crate::data_path::DataPath;
use crate::simulator::Simulator;

/// No AWS request is longer; a body beyond this is refused.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

type Answer = hyper::Response<Full<Bytes>>;

/// What is behind the door.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) simulator: Simulator,
    pub(super) data_path: Option<DataPath>,
}

/// Serves a simulator on a listener until the future is dropped; with a data path, test controls reach that too.
pub async fn serve(simulator: Simulator, data_path: Option<DataPath>, listener: TcpListener) {
    let served = Served { simulator, data_path };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(served.clone(), stream));
            }
            Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
        }
    }
}

async fn serve_connection(served: Served, stream: TcpStream) {
    let service = service_fn(move |request| {
        let served = served.clone();
        async move { Ok::<_, Infallible>(answer(&served, request).await) }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(served: &Served, request: hyper::Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) => return respond(refusal(400, &format!("the body cannot be read: {error}"))),
    };
    if let Some(path) = head.uri.path().strip_prefix("/_simulator/") {
        return respond(control::handle(served, &head.method, path, &body).await);
    }
    if head.method != Method::POST {
        return respond(refusal(405, "AWS Query requests come by POST; test controls are under /_simulator/"));
    }
    respond(match Request::from_headers(|name| text(&head.headers, name), body) {
        Ok(request) => served.simulator.handle(request).await,
        Err(sentence) => refusal(400, &sentence),
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A refusal that is no AWS answer.
pub(super) fn refusal(status: u16, sentence: &str) -> Response {
    Response {
        status,
        body: format!("{sentence}\n").into_bytes(),
        content_type: "text/plain",
        request_id: None,
        error_type: None,
    }
}

fn respond(response: Response) -> Answer {
    let mut answer = hyper::Response::builder()
        .status(StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header("content-type", response.content_type);
    if let Some(request_id) = response.request_id {
        answer = answer.header("x-amzn-requestid", request_id);
    }
    if let Some(error_type) = response.error_type {
        answer = answer.header("x-amzn-errortype", error_type);
    }
    answer.body(Full::new(Bytes::from(response.body))).expect("the headers are plain ASCII")
}
