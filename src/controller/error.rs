//! Why a pass ended early, and when it is worth another try.

use std::net::SocketAddr;
use std::time::Duration;

use northgate_planner::id::Key;
use northgate_planner::plan::Unresolved;

use super::queue::Verdict;
use super::throttle::CallClass;
use crate::aws::{AwsError, Class};
use crate::cluster;
use crate::error_chain::one_line;

/// A failure of the controller or of one of its passes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// AWS could not be read.
    #[error("AWS cannot be read")]
    Read(#[source] Box<AwsError>),
    /// A write to AWS failed. The next pass observes what it did.
    #[error("{resource} is not as wanted")]
    Write {
        /// The resource that was to be changed.
        resource: String,
        /// What AWS said.
        source: Box<AwsError>,
    },
    /// AWS does not delete something yet: what used it is still letting go.
    #[error("{resource} is still in use")]
    InUse {
        /// The resource.
        resource: String,
        /// What AWS said.
        source: Box<AwsError>,
    },
    /// AWS throttles a class of calls.
    #[error("AWS allows no more {class} for now")]
    Throttled {
        /// What is throttled.
        class: CallClass,
        /// When to come again.
        again: Duration,
    },
    /// The finalizer could not be put on.
    #[error("the finalizer cannot be added")]
    Hold(#[source] cluster::Error),
    /// The finalizer could not be taken off.
    #[error("the finalizer cannot be removed")]
    Release(#[source] cluster::Error),
    /// The status could not be written.
    #[error("the status cannot be written")]
    Status(#[source] cluster::Error),
    /// Another request to the Kubernetes API failed.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// A step needs what no step before it made.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// What another key has to do first failed.
    #[error("{entry} comes first")]
    Entry {
        /// The key.
        entry: Key,
        /// Why it failed.
        source: Box<Error>,
    },
    /// The controller is told to stop.
    #[error("the controller is stopping")]
    Stopping,
    /// An address to serve at cannot be had.
    #[error("cannot serve at {address}; give another {flag}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The flag that gives it.
        flag: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A part of the controller that all passes need has ended.
    #[error("a part of the controller broke; this is a bug, please report it")]
    Broken(#[source] tokio::task::JoinError),
    /// The signals that ask to stop cannot be heard.
    #[error("cannot listen for SIGTERM")]
    Signals(#[source] std::io::Error),
}

/// When a pass that failed is worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// At once, then ever later: something was in between, or out of order for a moment.
    Soon,
    /// After that time: it is nobody's fault, and the turn is known.
    After(Duration),
    /// Ever later: until somebody changes something, the answer will most likely stay the same.
    Seldom,
}

impl Retry {
    /// What the queue does about it.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Soon => Verdict::BackOff(Duration::from_millis(50)),
            Self::After(turn) => Verdict::FailedUntil(turn),
            Self::Seldom => Verdict::BackOff(Duration::from_secs(2)),
        }
    }
}

impl Error {
    /// When another try is worth it.
    pub(crate) fn retry(&self) -> Retry {
        match self {
            Self::Read(error) | Self::Write { source: error, .. } => match error.class() {
                Class::Throttle | Class::Transient | Class::Conflict => Retry::Soon,
                Class::Quota | Class::Invalid | Class::Denied | Class::NotOurs | Class::Unreadable => Retry::Seldom,
            },
            Self::InUse { .. } => Retry::Seldom,
            Self::Throttled { again, .. } => Retry::After(*again),
            Self::Entry { source, .. } => source.retry(),
            Self::Hold(error) | Self::Release(error) | Self::Status(error) | Self::Cluster(error)
                if error.is_lasting() =>
            {
                Retry::Seldom
            }
            Self::Hold(_)
            | Self::Release(_)
            | Self::Status(_)
            | Self::Cluster(_)
            | Self::Unresolved(_)
            | Self::Stopping
            | Self::Listen { .. }
            | Self::Broken(_)
            | Self::Signals(_) => Retry::Soon,
        }
    }

    /// What a person is told: the whole chain without ids of requests, which would make every telling a new one; then
    /// what to do about it.
    pub(crate) fn note(&self) -> String {
        let mut note = match self.aws() {
            Some(error @ AwsError::Refused { call, code, message, .. }) => {
                one_line(self).replace(&error.to_string(), &format!("{call}: {code}: {}", without_request(message)))
            }
            _ => one_line(self),
        };
        if let Some(hint) = self.aws().and_then(AwsError::hint) {
            note.push_str("\nhint: ");
            note.push_str(&hint);
        }
        note
    }

    /// Whether it is a wait rather than a failure.
    pub(crate) fn is_wait(&self) -> bool {
        match self {
            Self::InUse { .. } => true,
            Self::Entry { source, .. } => source.is_wait(),
            _ => false,
        }
    }

    /// Whether what was asked of AWS may be done all the same: nobody knows, or it was done before.
    pub(crate) fn may_be_done(&self) -> bool {
        let class = self.aws().map(AwsError::class);
        matches!(class, Some(Class::Transient | Class::Conflict | Class::Unreadable))
    }

    /// Whether AWS cannot be asked at all: every other pass fails for the same reason.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.aws().is_some_and(AwsError::is_unreachable)
    }

    fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Read(error) | Self::Write { source: error, .. } | Self::InUse { source: error, .. } => Some(error),
            Self::Entry { source, .. } => source.aws(),
            _ => None,
        }
    }
}

/// Some of AWS's sentences end with what differs from request to request.
fn without_request(message: &str) -> &str {
    const TAILS: [&str; 3] = [" Encoded authorization failure message:", " (Request ID:", " (Service:"];
    let end = TAILS.iter().filter_map(|tail| message.find(tail)).min().unwrap_or(message.len());
    &message[..end]
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::SecurityGroupId;

    use super::*;
    use crate::aws::Call;

    fn refused(code: &str, message: &str) -> Box<AwsError> {
        Box::new(AwsError::Refused {
            call: Call { service: "ec2", operation: "AuthorizeSecurityGroupIngress" },
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: Some("r-1".to_owned()),
            status: 400,
        })
    }

    fn write(code: &str) -> Error {
        Error::Write { resource: "AWS::EC2::SecurityGroup/x".to_owned(), source: refused(code, "No.") }
    }

    #[test]
    fn an_error_knows_when_to_try_again() {
        for (error, retry) in [
            (write("InvalidPermission.Duplicate"), Retry::Soon),
            (write("InternalError"), Retry::Soon),
            (write("RulesPerSecurityGroupLimitExceeded"), Retry::Seldom),
            (write("UnauthorizedOperation"), Retry::Seldom),
            (
                Error::Throttled { class: CallClass::Targets, again: Duration::from_secs(7) },
                Retry::After(Duration::from_secs(7)),
            ),
        ] {
            assert_eq!(error.retry(), retry, "{error:?}");
            let entry = Key::Rules(SecurityGroupId::new("sg-1"));
            assert_eq!(Error::Entry { entry, source: Box::new(error) }.retry(), retry);
        }
    }

    #[test]
    fn a_note_says_everything_once_and_no_request_id() {
        let source = Error::Write {
            resource: "AWS::EC2::SecurityGroup/sg-1".to_owned(),
            source: refused(
                "UnauthorizedOperation",
                "You are not authorized. Encoded authorization failure message: 4kQ",
            ),
        };
        let error = Error::Entry { entry: Key::Rules(SecurityGroupId::new("sg-1")), source: Box::new(source) };
        assert_eq!(
            error.note(),
            "rules/sg-1 comes first: AWS::EC2::SecurityGroup/sg-1 is not as wanted: \
             ec2:AuthorizeSecurityGroupIngress: UnauthorizedOperation: You are not authorized.\n\
             hint: allow ec2:AuthorizeSecurityGroupIngress in the IAM policy of the controller's role"
        );
    }
}
