//! Errors as AWS sends them: a code, a message and an HTTP status.

use std::borrow::Cow;

/// What a call answers instead of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// AWS's code, such as `LoadBalancerNotFound`.
    pub(crate) code: Cow<'static, str>,
    /// AWS's text where it is known, otherwise one in its manner.
    pub(crate) message: String,
    /// The HTTP status: 400 for nearly all.
    pub(crate) status: u16,
    /// The request is one that AWS's service model does not allow: no program that uses it rightly sends it.
    pub(crate) against_model: bool,
}

impl ApiError {
    /// A refusal with status 400.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), message: message.into(), status: 400, against_model: false }
    }

    /// Elastic Load Balancing's refusal of a parameter.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    /// The same refusal, of a request that AWS's service model does not allow.
    #[must_use]
    pub(crate) fn against_model(self) -> Self {
        Self { against_model: true, ..self }
    }

    /// An action that the service does not have, or that the simulator does not model.
    pub(crate) fn invalid_action(service: &str, action: &str) -> Self {
        Self::new("InvalidAction", format!("Could not find operation {action} of {service} in the simulator"))
            .against_model()
    }
}
