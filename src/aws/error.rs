//! What can go wrong between us and AWS, how to go on from it, and what a person can do about it.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

mod code;

pub(super) use self::code::class as class_of;

/// One operation of AWS's API, spelled as IAM spells its action: `ec2:CreateSecurityGroup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The service's IAM prefix.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
}

impl Call {
    pub(super) const fn elb(operation: &'static str) -> Self {
        Self { service: "elasticloadbalancing", operation }
    }

    pub(super) const fn ec2(operation: &'static str) -> Self {
        Self { service: "ec2", operation }
    }

    pub(super) const fn acm(operation: &'static str) -> Self {
        Self { service: "acm", operation }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// Why AWS could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// Neither a flag nor the environment names the Region.
    #[error("the AWS Region is not known")]
    NoRegion,
    /// AWS answered with an error.
    #[error("{call}: {code}: {message}{}", in_brackets(.request_id.as_deref()))]
    Refused {
        /// The operation.
        call: Call,
        /// AWS's error code, or the HTTP status where the answer has none.
        code: String,
        /// AWS's sentence.
        message: String,
        /// The id that AWS's support asks for.
        request_id: Option<String>,
        /// The HTTP status.
        status: u16,
    },
    /// No answer came, or none that can be read. What a write did is unknown.
    #[error("{call}: no usable answer")]
    NoAnswer {
        /// The operation.
        call: Call,
        /// What the connection said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There are no credentials, or they cannot be had.
    #[error("{call}: no AWS credentials")]
    NoCredentials {
        /// The operation.
        call: Call,
        /// What the credential providers said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The request was refused on this side.
    #[error("{call}: the request was not sent")]
    NotSent {
        /// The operation.
        call: Call,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An answer lacks a member that the API promises, or holds a value that this version does not know.
    #[error("{resource}: {member} {}", missing_or_unknown(.value.as_deref()))]
    Unreadable {
        /// The ARN or id of the resource.
        resource: String,
        /// The member, as the API names it.
        member: &'static str,
        /// The value; `None`: it is missing.
        value: Option<String>,
    },
    /// A create answered with a resource that does not carry the tags it was asked to have.
    #[error("{name} exists already and is not this stack's: {arn} does not carry its tags")]
    NotOurs {
        /// The ARN that AWS answered with.
        arn: String,
        /// The name that was asked for.
        name: String,
    },
    /// What was just made is not known everywhere yet, so that its tags cannot be checked.
    #[error("{arn} was just made, and its tags cannot be read yet")]
    NotSeenYet {
        /// The ARN that AWS answered with.
        arn: String,
    },
    /// Two answers of the same moment say different things.
    #[error("{arn} is listed and cannot be found: AWS is just making or deleting it")]
    Contradiction {
        /// The ARN that was listed.
        arn: String,
    },
    /// A request holds a value that only the Kubernetes API server can give.
    #[error("{call}: {field} is not known before the object is applied")]
    NotKnown {
        /// The operation.
        call: Call,
        /// The field.
        field: &'static str,
    },
}

/// How to go on after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Too many calls: back off together with everybody else; the object is not at fault.
    Throttle,
    /// AWS or the way there failed; what a write did is unknown. Observe again.
    Transient,
    /// AWS is not (yet) as it was seen: something was just made, or is just going. Observe again soon.
    Conflict,
    /// A quota is reached. Removals still go on.
    Quota,
    /// AWS will answer the same until the object, or what it names, changes.
    Invalid,
    /// The credentials do not allow it, or a protection forbids it.
    Denied,
    /// Somebody else's resource is in the way.
    NotOurs,
    /// The answer cannot be understood by this version.
    Unreadable,
}

impl AwsError {
    /// How to go on.
    pub fn class(&self) -> Class {
        match self {
            Self::NoRegion | Self::NotSent { .. } | Self::NotKnown { .. } => Class::Invalid,
            Self::Refused { code, status, .. } => code::class(code, *status),
            Self::NoAnswer { .. } => Class::Transient,
            Self::NoCredentials { .. } => Class::Denied,
            Self::Unreadable { .. } => Class::Unreadable,
            Self::NotOurs { .. } => Class::NotOurs,
            Self::NotSeenYet { .. } | Self::Contradiction { .. } => Class::Conflict,
        }
    }

    /// AWS's error code.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The id of the refused request.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// What a person can do, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRegion => Some("give --aws-region or set AWS_REGION; no node of the cluster tells it, and instance metadata is not asked".to_owned()),
            Self::Refused { call, code, .. } => code::hint(*call, code),
            Self::NoAnswer { .. } => Some("check the way to AWS: network, HTTPS_PROXY, AWS_ENDPOINT_URL".to_owned()),
            Self::NoCredentials { .. } => Some(code::CREDENTIALS.to_owned()),
            Self::Unreadable { value: Some(_), .. } => Some("a newer version of Northgate may know it".to_owned()),
            Self::NotOurs { name, .. } => Some(format!("delete or rename {name}, or give it the stack's tags")),
            Self::Unreadable { value: None, .. }
            | Self::NotSent { .. }
            | Self::NotSeenYet { .. }
            | Self::Contradiction { .. }
            | Self::NotKnown { .. } => None,
        }
    }

    /// Whether nothing can be asked at all: there is no way to AWS, or it lets nobody in with these credentials.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::NoCredentials { .. } => true,
            Self::Refused { code, status, .. } => *status >= 500 || code::is_about_credentials(code),
            _ => false,
        }
    }

    pub(super) fn is(&self, code: &str) -> bool {
        self.code() == Some(code)
    }

    pub(super) fn is_any(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }
}

/// Turns what the SDK says about a failed call into ours; for `map_err`.
pub(super) fn failed<E>(call: Call) -> impl FnOnce(SdkError<E, HttpResponse>) -> AwsError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    move |error| {
        let request_id = error.request_id().map(str::to_owned);
        match error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let error = context.err();
                AwsError::Refused {
                    call,
                    code: error.code().map_or_else(|| format!("HTTP {status}"), str::to_owned),
                    message: error.message().unwrap_or("AWS gave no reason").to_owned(),
                    request_id,
                    status,
                }
            }
            SdkError::ConstructionFailure(_) => AwsError::NotSent { call, source: root(error) },
            other if lacks_credentials(&other) => AwsError::NoCredentials { call, source: root(other) },
            other => AwsError::NoAnswer { call, source: root(other) },
        }
    }
}

/// What the SDK's wrapper holds; the wrapper itself says only "dispatch failure".
fn root<E: Error + Send + Sync + 'static>(error: SdkError<E, HttpResponse>) -> Box<dyn Error + Send + Sync> {
    error.into_source().unwrap_or_else(|wrapper| Box::new(wrapper))
}

fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    error.is::<CredentialsError>() || error.source().is_some_and(lacks_credentials)
}

fn in_brackets(request_id: Option<&str>) -> String {
    request_id.map(|id| format!(" (request {id})")).unwrap_or_default()
}

fn missing_or_unknown(value: Option<&str>) -> String {
    match value {
        None => "is missing in AWS's answer".to_owned(),
        Some(value) => format!("has the unknown value {value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(operation: &'static str, code: &str, status: u16) -> AwsError {
        AwsError::Refused {
            call: Call::elb(operation),
            code: code.to_owned(),
            message: "No.".to_owned(),
            request_id: Some("req-1".to_owned()),
            status,
        }
    }

    #[test]
    fn a_refusal_says_what_where_and_what_to_do() {
        let denied = refused("CreateListener", "AccessDenied", 403);
        assert_eq!(denied.to_string(), "elasticloadbalancing:CreateListener: AccessDenied: No. (request req-1)");
        assert!(denied.hint().unwrap().contains("allow elasticloadbalancing:CreateListener"));
        let full = refused("CreateLoadBalancer", "TooManyLoadBalancers", 400);
        assert!(full.hint().unwrap().contains("\"Network Load Balancers per Region\""));
        let protected = refused("DeleteLoadBalancer", "OperationNotPermitted", 400);
        assert!(protected.hint().unwrap().contains("deletion_protection.enabled=false"));
        assert_eq!(refused("SetSubnets", "OperationNotPermitted", 400).hint(), None);
    }

    #[test]
    fn an_answer_that_cannot_be_read_names_the_resource_and_the_member() {
        let unreadable = |value: Option<&str>| AwsError::Unreadable {
            resource: "arn:x".to_owned(),
            member: "Scheme",
            value: value.map(str::to_owned),
        };
        assert_eq!(unreadable(None).to_string(), "arn:x: Scheme is missing in AWS's answer");
        assert_eq!(unreadable(Some("odd")).to_string(), "arn:x: Scheme has the unknown value \"odd\"");
    }
}
