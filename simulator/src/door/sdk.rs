//! The in-process door: an HTTP client for the AWS SDK that ends in the simulator.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::{Request, Response};
use crate::simulator::Simulator;

/// Carries the SDK's requests to a simulator in the same process.
#[derive(Clone, Debug)]
pub(crate) struct InProcess {
    simulator: Simulator,
}

impl InProcess {
    pub(crate) fn new(simulator: Simulator) -> Self {
        Self { simulator }
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let simulator = self.simulator.clone();
        HttpConnectorFuture::new(async move {
            let body =
                request.body().bytes().ok_or_else(|| user_error("the simulator takes no streamed bodies"))?.to_vec();
            let request = Request::from_headers(|name| request.headers().get(name), body).map_err(user_error)?;
            sdk_response(simulator.handle(request).await)
        })
    }
}

fn sdk_response(response: Response) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(response.status).map_err(user_error)?;
    let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
    answer.headers_mut().insert("content-type", response.content_type);
    if let Some(request_id) = response.request_id {
        answer.headers_mut().insert("x-amzn-requestid", request_id);
    }
    if let Some(error_type) = response.error_type {
        answer.headers_mut().insert("x-amzn-errortype", error_type);
    }
    Ok(answer)
}

fn user_error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::user(error.into())
}
