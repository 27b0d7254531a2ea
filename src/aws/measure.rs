//! What calls come to, for those who watch over the controller.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use tokio::time::Instant;

use super::error::{Class, class_of};
use crate::metrics::{AwsCalls, Ended, ErrorKind};

/// Counts and times every call and each of its attempts.
#[derive(Debug, Clone)]
pub(super) struct Measure(pub(super) AwsCalls);

/// A call on its way.
#[derive(Debug, Clone, Copy)]
struct OnItsWay {
    begun: Instant,
    attempt_begun: Instant,
    attempts: u32,
}

impl Storable for OnItsWay {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Measure {
    fn name(&self) -> &'static str {
        "Measure"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let now = Instant::now();
        config.interceptor_state().store_put(OnItsWay { begun: now, attempt_begun: now, attempts: 0 });
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = config.load::<OnItsWay>().copied() {
            let next = OnItsWay { attempt_begun: Instant::now(), attempts: call.attempts + 1, ..call };
            config.interceptor_state().store_put(next);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some((service, operation, call)) = measured(config) {
            self.0.attempted(service, operation, &ended(context), call.attempt_begun.elapsed());
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some((service, operation, call)) = measured(config) {
            self.0.called(service, operation, &ended(context), call.begun.elapsed(), call.attempts);
        }
        Ok(())
    }
}

fn measured(config: &ConfigBag) -> Option<(&str, &str, OnItsWay)> {
    let metadata = config.load::<Metadata>()?;
    Some((metadata.service(), metadata.name(), config.load::<OnItsWay>().copied()?))
}

fn ended(context: &FinalizerInterceptorContextRef<'_>) -> Ended {
    let response = context.response();
    let status = response.map(|response| response.status().as_u16());
    let error = match context.output_or_error() {
        None | Some(Ok(_)) => return Ended { status, ..Ended::default() },
        Some(Err(error)) => error,
    };
    // No answer, or one that breaks off, is an error without a code.
    let error = match response.and_then(code) {
        _ if error.is_timeout_error() => "Timeout".to_owned(),
        Some(code) if error.is_operation_error() => code,
        _ if error.is_connector_error() => "ConnectionError".to_owned(),
        _ if response.is_some() => "UnreadableAnswer".to_owned(),
        _ => "NotSent".to_owned(),
    };
    let kind = kind(&error, status.unwrap_or_default());
    Ended { status, error: Some(error), kind }
}

fn kind(code: &str, status: u16) -> Option<ErrorKind> {
    match class_of(code, status) {
        // A status in the 500s without a code is nobody's quota.
        _ if status == 0 => None,
        Class::Throttle => Some(ErrorKind::Throttled),
        Class::Denied => Some(ErrorKind::Permission),
        Class::Quota => Some(ErrorKind::LimitExceeded),
        Class::Invalid => Some(ErrorKind::Validation),
        Class::Transient | Class::Conflict | Class::NotOurs | Class::Unreadable => None,
    }
}

/// The error code of an answer: in the Query protocols' XML the text of `Code`, in the JSON protocols a header or `__type`.
fn code(response: &HttpResponse) -> Option<String> {
    let body = std::str::from_utf8(response.body().bytes()?).ok()?;
    let between = |text: &str, before: &str, after: &str| {
        let rest = text.split_once(before)?.1;
        Some(rest.split_once(after)?.0.to_owned())
    };
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let code = between(body, "<Code>", "</Code>").or(header).or_else(|| between(body, "\"__type\":\"", "\""))?;
    // JSON's may be qualified before and after: `namespace#Code:http://…`.
    let code = code.rsplit('#').next().unwrap_or(&code).split(':').next().unwrap_or_default();
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    fn answer(status: u16, header: Option<&str>, body: &str) -> HttpResponse {
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        if let Some(header) = header {
            response.headers_mut().insert("x-amzn-errortype", header.to_owned());
        }
        response
    }

    #[test]
    fn the_code_is_found_in_every_protocols_errors() {
        let elb = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>";
        let ec2 = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
        for (header, body, expected) in [
            (None, elb, Some("Throttling")),
            (None, ec2, Some("RequestLimitExceeded")),
            (Some("ResourceNotFoundException:http://x"), "{}", Some("ResourceNotFoundException")),
            (
                None,
                r#"{"__type":"com.amazonaws.acm#AccessDeniedException","message":"no"}"#,
                Some("AccessDeniedException"),
            ),
            (None, "<html/>", None),
        ] {
            assert_eq!(code(&answer(400, header, body)).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn errors_that_people_look_for_are_told_apart() {
        assert_eq!(kind("Throttling", 400), Some(ErrorKind::Throttled));
        assert_eq!(kind("AccessDenied", 403), Some(ErrorKind::Permission));
        assert_eq!(kind("TooManyRules", 400), Some(ErrorKind::LimitExceeded));
        assert_eq!(kind("ValidationError", 400), Some(ErrorKind::Validation));
        assert_eq!(kind("InternalFailure", 500), None);
        assert_eq!(kind("Timeout", 0), None);
    }
}
