//! Errors that the proxy makes itself, in the words of the service that was called.

use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;

use super::call::Call;

/// How a service writes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Query,
    Ec2,
    Json,
}

impl Dialect {
    pub(super) fn of(call: &Call, parts: &Parts) -> Self {
        match call.service.as_str() {
            "ec2" => Self::Ec2,
            _ if parts.headers.contains_key("x-amz-target") => Self::Json,
            _ => Self::Query,
        }
    }

    pub(super) fn error(self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        let request_id = "made-by-the-proxy";
        let body = match self {
            Self::Query => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>"
            ),
            Self::Ec2 => format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>{request_id}</RequestID></Response>"
            ),
            Self::Json => serde_json::json!({ "__type": code, "message": message }).to_string(),
        };
        let kind = match self {
            Self::Query | Self::Ec2 => "text/xml",
            Self::Json => "application/x-amz-json-1.1",
        };
        with_body(status, kind, body)
    }
}

/// The answer to a call that could not be passed on: the bed is broken, not the program under test.
pub(super) fn bad_gateway(reason: &str) -> Response<Bytes> {
    with_body(502, "text/plain", format!("the test's proxy: {reason}"))
}

fn with_body(status: u16, kind: &str, body: String) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Bytes::from(body))
        .expect("a status between 100 and 999 and plain headers make a response")
}
