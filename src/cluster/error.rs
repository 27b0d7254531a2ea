//! What can go wrong between us and the Kubernetes API.

use std::future::Future;
use std::time::Duration;

use northgate_planner::id::ObjectRef;

/// How long one request may take; a hanging API server must not hold a worker for ever.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A failure of a request to the Kubernetes API, or of the way to it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kubeconfig could not be read or used.
    #[error("cannot use the kubeconfig {path}")]
    Kubeconfig {
        /// Where it was looked for.
        path: String,
        /// Why.
        source: Box<kube::config::KubeconfigError>,
    },
    /// There is neither a kubeconfig nor a ServiceAccount.
    #[error("found neither a kubeconfig nor a pod's ServiceAccount; give --kubeconfig")]
    NoConfig(#[source] Box<kube::config::InferConfigError>),
    /// The client could not be made.
    #[error("cannot make a client for the Kubernetes API")]
    Client(#[source] Box<kube::Error>),
    /// The API server refused.
    #[error("cannot {what}: {}", .status.message)]
    Refused {
        /// What was asked, `patch Service/default/web`.
        what: String,
        /// The API server's answer.
        status: Box<kube::core::Status>,
    },
    /// The API server could not be reached, or its answer not be read.
    #[error("cannot {what}")]
    Unreachable {
        /// What was asked.
        what: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// No answer in time.
    #[error("cannot {what}: no answer within {} s", REQUEST_TIMEOUT.as_secs())]
    Timeout {
        /// What was asked.
        what: String,
    },
    /// The object is another one than the decision was made for.
    #[error("{object} has changed since the decision was made; it is made again")]
    Stale {
        /// The object.
        object: ObjectRef,
    },
    /// There already is an object of that name which says something else.
    #[error("{object} exists and says something else; it is looked at again")]
    Exists {
        /// The object.
        object: ObjectRef,
    },
    /// A request of ours that is none.
    #[error("cannot {what}: the object cannot be written as JSON")]
    Json {
        /// What was to be asked.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
}

impl Error {
    /// Whether the object was not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if is_not_found(status))
    }

    /// Whether the API server will answer the same until somebody changes something: rights, a schema, our own mistake.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status.code, 400 | 401 | 403 | 405 | 422),
            Self::Kubeconfig { .. } | Self::NoConfig(_) | Self::Client(_) | Self::Json { .. } => true,
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Stale { .. } | Self::Exists { .. } => false,
        }
    }

    /// Whether somebody else wrote in between.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.code == 409 && !status.is_already_exists())
    }

    /// Whether the object has another uid than the one that was meant. The API server has no reason of its own for that, but a
    /// sentence (the conformance tests of the simulator know it).
    pub(super) fn is_another(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.code == 409 && status.message.contains("UID in precondition"))
    }

    /// Whether an object of that name exists.
    pub(super) fn is_already_exists(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.is_already_exists())
    }
}

/// Whether what was asked for is not there. By the code: an API server that does not know a kind answers in plain text,
/// without a reason, and `Status::is_not_found` does not look further than the reason.
pub(super) fn is_not_found(status: &kube::core::Status) -> bool {
    status.code == 404
}

/// Waits for a request's answer, for a limited time; `what` says what was asked (`patch Service/default/web`).
pub(super) async fn ask<T>(
    what: impl FnOnce() -> String,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Err(Error::Refused { what: what(), status }),
        Ok(Err(source)) => Err(Error::Unreachable { what: what(), source: Box::new(source) }),
        Err(_) => Err(Error::Timeout { what: what() }),
    }
}
