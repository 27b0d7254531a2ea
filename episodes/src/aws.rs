//! The way of the AWS SDK through the gate.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use northgate_simulator::{Request, Service, Simulator};

use crate::call::Call;
use crate::gate::{Answer, Gate, Life};
use crate::stage;

/// An HTTP client for the SDK: one life's way through the gate to a simulated account.
pub(crate) fn client(simulator: &Simulator, gate: &Gate, life: Life) -> SharedHttpClient {
    SharedHttpClient::new(Gated {
        simulator: simulator.clone(),
        inner: simulator.connector(),
        gate: gate.clone(),
        life,
    })
}

#[derive(Clone)]
struct Gated {
    simulator: Simulator,
    inner: SharedHttpClient,
    gate: Gate,
    life: Life,
}

impl std::fmt::Debug for Gated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gated").field("life", &self.life).finish_non_exhaustive()
    }
}

impl HttpClient for Gated {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { gated: self.clone(), inner: self.inner.http_connector(settings, parts) })
    }
}

#[derive(Debug)]
struct Connector {
    gated: Gated,
    inner: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let service = Request::from_headers(|name| request.headers().get(name), Vec::new());
        let call = match service {
            Ok(Request { service: Service::Ec2, .. }) => Call::aws("ec2", &body),
            Ok(Request { service, target: Some(target), .. }) => Call::aws_json(service.name(), &target),
            _ => Call::aws("elasticloadbalancing", &body),
        };
        let Gated { gate, life, simulator, .. } = self.gated.clone();
        let (perform, stale) = (self.inner.clone(), self.inner.clone());
        let again = request.try_clone();
        HttpConnectorFuture::new(async move {
            let perform = async { perform.call(request).await };
            let stale = async {
                let again = again.ok_or_else(|| ConnectorError::user("a body that cannot be repeated".into()))?;
                stage::look_back(&simulator, stage::STALE).await;
                let answer = stale.call(again).await;
                stage::look_back(&simulator, Duration::ZERO).await;
                answer
            };
            gate.pass(life, call, perform, stale).await
        })
    }
}

type Answered = Result<HttpResponse, ConnectorError>;

impl Answer for Answered {
    fn lost() -> Self {
        Err(ConnectorError::io("connection reset by peer".into()))
    }

    fn throttled(call: &Call) -> Self {
        match call.service() {
            "ec2" => error(call, 503, "RequestLimitExceeded", "Request limit exceeded."),
            "elasticloadbalancing" => error(call, 400, "Throttling", "Rate exceeded"),
            _ => error(call, 400, "ThrottlingException", "Rate exceeded"),
        }
    }

    fn server_error(call: &Call) -> Self {
        let message = "The request processing has failed because of an unknown error.";
        error(call, 500, "InternalFailure", message)
    }

    fn conflict(call: &Call) -> Self {
        // AWS has no versions that could conflict.
        Self::server_error(call)
    }

    fn rejected(call: &Call) -> Self {
        Self::denied(call)
    }

    fn too_old(call: &Call) -> Self {
        Self::server_error(call)
    }

    fn denied(call: &Call) -> Self {
        let message = "You are not authorized to perform this operation.";
        match call.service() {
            "ec2" => error(call, 403, "UnauthorizedOperation", message),
            "elasticloadbalancing" => error(call, 403, "AccessDenied", message),
            _ => error(call, 400, "AccessDeniedException", message),
        }
    }

    fn expired(call: &Call) -> Self {
        let message = "The security token included in the request is expired";
        match call.service() {
            "ec2" => error(call, 400, "RequestExpired", "Request has expired."),
            "elasticloadbalancing" => error(call, 403, "ExpiredToken", message),
            _ => error(call, 400, "ExpiredTokenException", message),
        }
    }

    fn malformed(self) -> Self {
        let mut response = self?;
        let whole = response.body().bytes().unwrap_or_default();
        let half = whole[..whole.len() / 2].to_vec();
        *response.body_mut() = SdkBody::from(half);
        Ok(response)
    }

    fn outcome(&self) -> String {
        match self {
            Err(_) => "no answer".to_owned(),
            Ok(response) if response.status().is_success() => "ok".to_owned(),
            Ok(response) => {
                let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned();
                let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
                format!("{} {}", response.status().as_u16(), code.map_or("", |(code, _)| code))
            }
        }
    }
}

/// An error document that the readers of all dialects understand.
fn error(call: &Call, status: u16, code: &str, message: &str) -> Answered {
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::user(error.into()))?;
    let inner = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    let document = match call.service() {
        "ec2" => format!("<Response><Errors>{inner}</Errors><RequestID>0</RequestID></Response>"),
        "elasticloadbalancing" => format!("<ErrorResponse>{inner}<RequestId>0</RequestId></ErrorResponse>"),
        _ => serde_json::json!({ "__type": code, "message": message }).to_string(),
    };
    Ok(HttpResponse::new(status, SdkBody::from(document)))
}
