//! A wire between the SDK and the simulator that notes every call and can answer in AWS's place.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// Clones are the same wire.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<String>,
    answers: BTreeMap<String, VecDeque<Answer>>,
}

#[derive(Debug, Clone)]
enum Answer {
    /// An error document.
    Refusal { status: u16, code: String },
    /// The connection breaks.
    Broken,
    /// The connection breaks after AWS did what it was asked.
    Lost,
}

impl Wire {
    /// A wire to what an HTTP client reaches.
    pub(super) fn to(inner: SharedHttpClient) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// The end that the SDK gets.
    pub(super) fn connector(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// The operations since the last time, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// The operations since the last time, sorted: for those that run side by side.
    pub(super) fn sorted_calls(&self) -> Vec<String> {
        let mut calls = self.calls();
        calls.sort();
        calls
    }

    /// Refuses the next request of an operation.
    pub(super) fn refuse(&self, operation: &str, status: u16, code: &str) {
        self.push(operation, Answer::Refusal { status, code: code.to_owned() });
    }

    /// Breaks the connection under the next request of an operation.
    pub(super) fn break_under(&self, operation: &str) {
        self.push(operation, Answer::Broken);
    }

    /// Loses the answer to the next request of an operation.
    pub(super) fn lose_answer_to(&self, operation: &str) {
        self.push(operation, Answer::Lost);
    }

    fn push(&self, operation: &str, answer: Answer) {
        self.state.lock().unwrap().answers.entry(operation.to_owned()).or_default().push_back(answer);
    }

    /// Notes a request; what is to be answered in AWS's place.
    fn note(&self, request: &HttpRequest) -> Option<Answer> {
        let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
        // ACM's protocol names the operation in a header, the others' in the body.
        let named = request.headers().get("x-amz-target").and_then(|target| target.split('.').next_back());
        let operation = named.or_else(|| body.split('&').find_map(|pair| pair.strip_prefix("Action=")));
        let operation = operation.unwrap().to_owned();
        let mut state = self.state.lock().unwrap();
        let answer = state.answers.get_mut(&operation).and_then(VecDeque::pop_front);
        state.calls.push(operation);
        answer
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(End { inner: self.inner.http_connector(settings, components), wire: self.clone() })
    }
}

#[derive(Debug)]
struct End {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for End {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let broken = || ConnectorError::io("the connection was reset".into());
        match self.wire.note(&request) {
            None => self.inner.call(request),
            Some(Answer::Refusal { status, code }) => HttpConnectorFuture::ready(Ok(refusal(&request, status, &code))),
            Some(Answer::Broken) => HttpConnectorFuture::ready(Err(broken())),
            Some(Answer::Lost) => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move { answer.await.and_then(|_| Err(broken())) })
            }
        }
    }
}

/// An error document in the dialect of the service that was asked.
fn refusal(request: &HttpRequest, status: u16, code: &str) -> HttpResponse {
    let error = format!("<Error><Code>{code}</Code><Message>said so</Message></Error>");
    let is_ec2 = String::from_utf8_lossy(request.body().bytes().unwrap()).contains("Version=2016-11-15");
    let body = if is_ec2 {
        format!("<Response><Errors>{error}</Errors><RequestID>req-7</RequestID></Response>")
    } else {
        format!("<ErrorResponse>{error}<RequestId>req-7</RequestId></ErrorResponse>")
    };
    let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
    response.headers_mut().insert("x-amzn-requestid", "req-7");
    response
}
