//! The way of kube's client through the gate.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{self as http_body, Bytes};
use kube::client::Body;
use northgate_simulator::kubernetes::ApiService;
use serde_json::json;
use tower::{BoxError, Service, ServiceExt as _};

use crate::call::Call;
use crate::gate::{Answer, Gate, Life};

/// A service that stands between a client and an API server: one life's way through the gate.
#[derive(Clone)]
pub(crate) struct Gated {
    inner: ApiService,
    gate: Gate,
    life: Life,
}

impl Gated {
    pub(crate) fn new(inner: ApiService, gate: &Gate, life: Life) -> Self {
        Self { inner, gate: gate.clone(), life }
    }
}

impl Service<Request<Body>> for Gated {
    type Response = Response<Content>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answered> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { inner, gate, life } = self.clone();
        let call = Call::kubernetes(request.method(), request.uri());
        Box::pin(async move {
            let perform = async { inner.oneshot(request).await.map(|answer| answer.map(boxed)) };
            gate.pass(life, call, perform, std::future::pending()).await
        })
    }
}

/// A body that comes at once or bit by bit.
type Content = UnsyncBoxBody<Bytes, BoxError>;
type Answered = Result<Response<Content>, BoxError>;

impl Answer for Answered {
    fn lost() -> Self {
        Err("connection reset by peer".into())
    }

    fn throttled(_: &Call) -> Self {
        refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "the server has received too many requests")
    }

    fn server_error(_: &Call) -> Self {
        refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "the server cannot do that now")
    }

    fn conflict(_: &Call) -> Self {
        let message = "the object has been modified; please apply your changes to the latest version and try again";
        refused(StatusCode::CONFLICT, "Conflict", message)
    }

    fn rejected(_: &Call) -> Self {
        refused(StatusCode::FORBIDDEN, "Forbidden", "admission webhook \"guard.example.com\" denied the request")
    }

    fn too_old(_: &Call) -> Self {
        refused(StatusCode::GONE, "Expired", "too old resource version")
    }

    fn denied(_: &Call) -> Self {
        refused(StatusCode::FORBIDDEN, "Forbidden", "the service account cannot do that")
    }

    fn expired(_: &Call) -> Self {
        refused(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    fn malformed(self) -> Self {
        self.map(|response| response.map(|_| whole(b"{\"kind\":\"Stat".to_vec())))
    }

    fn outcome(&self) -> String {
        match self {
            Ok(response) if response.status().is_success() => "ok".to_owned(),
            Ok(response) => response.status().to_string(),
            Err(_) => "no answer".to_owned(),
        }
    }
}

fn refused(status: StatusCode, reason: &str, message: &str) -> Answered {
    let document = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status.as_u16(),
    });
    let body = whole(document.to_string().into_bytes());
    Ok(Response::builder().status(status).header("content-type", "application/json").body(body)?)
}

fn boxed<B>(body: B) -> Content
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

fn whole(content: Vec<u8>) -> Content {
    boxed(Full::new(Bytes::from(content)))
}
