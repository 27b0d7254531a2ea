//! AWS's error codes: how to go on after each, and what a person can do.
//!
//! From the service models and EC2's list of error codes; of the two throttle codes that AWS's documents and the field
//! disagree about, both are known.

use super::{Call, Class};

/// What to do without credentials.
pub(super) const CREDENTIALS: &str = "give the pod a role (IRSA or EKS Pod Identity), or set AWS_PROFILE, or \
                                      AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

const THROTTLES: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
];

const TRANSIENTS: &[&str] = &[
    "HealthUnavailable",
    "InternalError",
    "InternalFailure",
    "Unavailable",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestExpired",
    "RequestTimeTooSkewed",
];

/// Errors that the next look at AWS explains: what is made needs time to be known everywhere, what is deleted needs
/// time to let go, and what somebody else did in between was not seen.
const CONFLICTS: &[&str] = &[
    "ResourceInUse",
    "DependencyViolation",
    "LoadBalancerNotFound",
    "TargetGroupNotFound",
    "ListenerNotFound",
    "RuleNotFound",
    "InvalidSecurityGroup",
    "InvalidGroup.NotFound",
    "InvalidGroup.InUse",
    "InvalidGroup.Duplicate",
    "InvalidSecurityGroupID.NotFound",
    "InvalidPermission.NotFound",
    "InvalidPermission.Duplicate",
    "DuplicateListener",
    "DuplicateLoadBalancerName",
    "DuplicateTargetGroupName",
    "PriorityInUse",
];

const DENIALS: &[&str] = &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OperationNotPermitted"];

const BAD_CREDENTIALS: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Quotas by the code that reaching them gives, with the names that Service Quotas shows.
const QUOTAS: &[(&str, &str)] = &[
    ("TooManyLoadBalancers", "Network Load Balancers per Region"),
    ("TooManyTargetGroups", "Target Groups per Region"),
    ("TooManyListeners", "Listeners per Network Load Balancer"),
    ("TooManyTargets", "Targets per Target Group per Region, or Targets per Network Load Balancer"),
    ("TooManyRegistrationsForTargetId", "Number of times a target can be registered per Network Load Balancer"),
    ("TooManyUniqueTargetGroupsPerLoadBalancer", "Target Groups per Application Load Balancer"),
    ("TooManyRules", "Rules per Application Load Balancer"),
    ("TooManyCertificates", "Certificates per Application Load Balancer"),
    ("TooManyActions", "Target Groups per Action"),
    ("TooManyTags", "50 tags per resource"),
    ("TargetGroupAssociationLimit", "one load balancer per target group"),
    ("RulesPerSecurityGroupLimitExceeded", "Inbound or outbound rules per security group"),
    ("SecurityGroupLimitExceeded", "VPC security groups per Region"),
    ("SecurityGroupsPerInterfaceLimitExceeded", "Security groups per network interface"),
];

/// What a person can do, by code.
const HINTS: &[(&str, &str)] = &[
    (
        "DuplicateLoadBalancerName",
        "a load balancer with this name and other settings exists: delete it, or choose another name",
    ),
    ("DuplicateTargetGroupName", "a target group with this name and other settings exists: delete it"),
    ("DuplicateListener", "another listener has this port: if it stays, delete it from the load balancer"),
    ("InvalidGroup.Duplicate", "a security group with this name exists in the VPC: if it stays, delete it"),
    ("RequestExpired", "the clock of this machine is wrong"),
    ("RequestTimeTooSkewed", "the clock of this machine is wrong"),
];

const PROTECTED: &str = "deletion protection is on: set the attribute deletion_protection.enabled=false with the \
                         annotation service.beta.kubernetes.io/aws-load-balancer-attributes";

/// How to go on after a code that came with an HTTP status.
pub(in crate::aws) fn class(code: &str, status: u16) -> Class {
    if THROTTLES.contains(&code) || status == 429 {
        Class::Throttle
    } else if TRANSIENTS.contains(&code) || status >= 500 {
        Class::Transient
    } else if CONFLICTS.contains(&code) {
        Class::Conflict
    } else if QUOTAS.iter().any(|(known, _)| *known == code) || code.starts_with("TooMany") {
        Class::Quota
    } else if DENIALS.contains(&code) || BAD_CREDENTIALS.contains(&code) {
        Class::Denied
    } else {
        Class::Invalid
    }
}

/// Whether AWS does not know who asks.
pub(super) fn is_about_credentials(code: &str) -> bool {
    BAD_CREDENTIALS.contains(&code)
}

/// What a person can do about a code.
pub(super) fn hint(call: Call, code: &str) -> Option<String> {
    let known = |table: &[(&str, &'static str)]| table.iter().find(|(known, _)| *known == code).map(|(_, text)| *text);
    if let Some(quota) = known(QUOTAS) {
        let what = "delete what is not needed, or have it raised in Service Quotas";
        Some(format!("the quota is \"{quota}\": {what}"))
    } else if code == "OperationNotPermitted" {
        (call.operation == "DeleteLoadBalancer").then(|| PROTECTED.to_owned())
    } else if DENIALS.contains(&code) {
        Some(format!("allow {call} in the IAM policy of the controller's role"))
    } else if BAD_CREDENTIALS.contains(&code) {
        Some(CREDENTIALS.to_owned())
    } else {
        known(HINTS).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_how_to_go_on() {
        for (code, status, class) in [
            ("Throttling", 400, Class::Throttle),
            ("ThrottlingException", 400, Class::Throttle),
            ("RequestLimitExceeded", 503, Class::Throttle),
            ("HTTP 429", 429, Class::Throttle),
            ("HealthUnavailable", 500, Class::Transient),
            ("Unavailable", 503, Class::Transient),
            ("HTTP 502", 502, Class::Transient),
            ("ResourceInUse", 400, Class::Conflict),
            ("DependencyViolation", 400, Class::Conflict),
            ("TargetGroupNotFound", 400, Class::Conflict),
            ("InvalidGroup.NotFound", 400, Class::Conflict),
            ("InvalidPermission.Duplicate", 400, Class::Conflict),
            ("DuplicateTargetGroupName", 400, Class::Conflict),
            ("TooManyTargets", 400, Class::Quota),
            ("TooManyTrustStores", 400, Class::Quota),
            ("RulesPerSecurityGroupLimitExceeded", 400, Class::Quota),
            ("AccessDenied", 403, Class::Denied),
            ("UnauthorizedOperation", 403, Class::Denied),
            ("ExpiredToken", 403, Class::Denied),
            ("OperationNotPermitted", 400, Class::Denied),
            ("InvalidTarget", 400, Class::Invalid),
            ("SubnetNotFound", 400, Class::Invalid),
            ("InvalidConfigurationRequest", 400, Class::Invalid),
            ("SomethingNew", 400, Class::Invalid),
        ] {
            assert_eq!(super::class(code, status), class, "{code}");
        }
    }
}
