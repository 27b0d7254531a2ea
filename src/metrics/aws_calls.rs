//! Calls to AWS: how many, how long they take, how they end.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::work::up_to_a_minute;

/// Counts and times calls to AWS. Clones count together.
#[derive(Debug, Clone)]
pub struct AwsCalls {
    calls: Counts,
    call_times: Times,
    retries: Times,
    requests: Counts,
    request_times: Times,
    permission_errors: Counts,
    limit_errors: Counts,
    throttled_errors: Counts,
    validation_errors: Counts,
}

type Counts = Family<Outcome, Counter>;
type Times = Family<Operation, Histogram>;

/// How a call, or one attempt of it, ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// The HTTP status; `None`: no answer came.
    pub status: Option<u16>,
    /// AWS's error code, or what kept the answer away; `None`: it went well.
    pub error: Option<String>,
    /// What kind of error that is, if it is of one that is counted by itself.
    pub kind: Option<ErrorKind>,
}

/// Errors that people look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The credentials do not allow it.
    Permission,
    /// A quota is reached.
    LimitExceeded,
    /// Too many calls.
    Throttled,
    /// AWS does not take the request as it is.
    Validation,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Operation {
    service: String,
    operation: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    service: String,
    operation: String,
    status_code: String,
    error_code: String,
}

impl AwsCalls {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let calls = Self {
            calls: Family::default(),
            call_times: Family::new_with_constructor(up_to_a_minute),
            retries: Family::new_with_constructor(|| Histogram::new((0..=10).map(f64::from))),
            requests: Family::default(),
            request_times: Family::new_with_constructor(up_to_a_minute),
            permission_errors: Family::default(),
            limit_errors: Family::default(),
            throttled_errors: Family::default(),
            validation_errors: Family::default(),
        };
        let counts = [
            ("aws_api_calls", "Calls to AWS, their repetitions not counted", &calls.calls),
            ("aws_api_requests", "Requests to AWS: each attempt of a call", &calls.requests),
            ("aws_api_call_permission_errors", "Calls that the credentials do not allow", &calls.permission_errors),
            ("aws_api_call_service_limit_exceeded_errors", "Calls refused for a quota", &calls.limit_errors),
            ("aws_api_call_throttled_errors", "Calls refused for their number", &calls.throttled_errors),
            ("aws_api_call_validation_errors", "Calls that AWS does not take as they are", &calls.validation_errors),
        ];
        for (name, help, family) in counts {
            registry.register(name, help, family.clone());
        }
        let times = [
            ("aws_api_call_duration", "Time of a call, its repetitions and pauses included", &calls.call_times),
            ("aws_api_request_duration", "Time of one attempt of a call", &calls.request_times),
        ];
        for (name, help, family) in times {
            registry.register_with_unit(name, help, Unit::Seconds, family.clone());
        }
        registry.register("aws_api_call_retries", "How often a call was repeated", calls.retries.clone());
        calls
    }

    /// Counts one attempt of a call. `service` and `operation`: as the SDK names them.
    pub fn attempted(&self, service: &str, operation: &str, ended: &Ended, took: Duration) {
        self.requests.get_or_create(&Outcome::new(service, operation, ended)).inc();
        self.request_times.get_or_create(&Operation::new(service, operation)).observe(took.as_secs_f64());
    }

    /// Counts a whole call that was tried so many times, 1 or more; 0: it was never sent.
    pub fn called(&self, service: &str, operation: &str, ended: &Ended, took: Duration, attempts: u32) {
        let outcome = Outcome::new(service, operation, ended);
        self.calls.get_or_create(&outcome).inc();
        let errors = match ended.kind {
            Some(ErrorKind::Permission) => Some(&self.permission_errors),
            Some(ErrorKind::LimitExceeded) => Some(&self.limit_errors),
            Some(ErrorKind::Throttled) => Some(&self.throttled_errors),
            Some(ErrorKind::Validation) => Some(&self.validation_errors),
            None => None,
        };
        if let Some(errors) = errors {
            errors.get_or_create(&outcome).inc();
        }
        let operation = Operation::new(service, operation);
        self.call_times.get_or_create(&operation).observe(took.as_secs_f64());
        self.retries.get_or_create(&operation).observe(f64::from(attempts.saturating_sub(1)));
    }
}

impl Operation {
    fn new(service: &str, operation: &str) -> Self {
        Self { service: service.to_owned(), operation: operation.to_owned() }
    }
}

impl Outcome {
    fn new(service: &str, operation: &str, ended: &Ended) -> Self {
        Self {
            service: service.to_owned(),
            operation: operation.to_owned(),
            status_code: ended.status.map(|status| status.to_string()).unwrap_or_default(),
            error_code: ended.error.clone().unwrap_or_default(),
        }
    }
}
