//! The rows of Ingresses: every annotation of an Ingress that LBC reads (`ingress-alb.md` §3).

use super::table::{built, not_yet};
use super::{Annotation, Family, Kind};

macro_rules! key {
    ($suffix:literal) => {
        concat!("alb.ingress.kubernetes.io/", $suffix)
    };
}

/// The prefix of LBC's annotations on Ingresses, and of those on the Services behind them.
pub(crate) const INGRESS_PREFIX: &str = key!("");

pub(crate) static GROUP_NAME: Annotation = built(
    key!("group.name"),
    Kind::Text,
    "the Ingress has a load balancer of its own",
    "The group: Ingresses of one group share one load balancer, across namespaces.",
)
.allowing("at most 63 lower case letters, digits, dashes and dots, beginning and ending with a letter or digit");

pub(crate) static GROUP_ORDER: Annotation = built(
    key!("group.order"),
    Kind::Int32,
    "0",
    "The place among the Ingresses of the group: rules of a lower number come first. Equal ones are ordered by namespace \
     and name.",
)
.allowing("a whole number, -1000 to 1000");

pub(crate) static LOAD_BALANCER_NAME: Annotation =
    built(key!("load-balancer-name"), Kind::Text, "generated", "The name of the load balancer, at its creation.")
        .allowing("at most 32 characters");

pub(crate) static SCHEME: Annotation = built(
    key!("scheme"),
    Kind::Text,
    "`--default-load-balancer-scheme` (internal)",
    "Whether the load balancer has public addresses.",
)
.allowing("internal or internet-facing");

pub(crate) static IP_ADDRESS_TYPE: Annotation =
    built(key!("ip-address-type"), Kind::Text, "ipv4", "The address type of the load balancer.")
        .allowing("ipv4, dualstack or dualstack-without-public-ipv4");

pub(crate) static SUBNETS: Annotation = built(
    key!("subnets"),
    Kind::List,
    "those of the existing load balancer; else discovered in the VPC",
    "The subnets of the load balancer, one per zone, by id or by `Name` tag.",
)
.allowing("a list of subnet ids or Name tags");

pub(crate) static SECURITY_GROUPS: Annotation = built(
    key!("security-groups"),
    Kind::List,
    "one that is made for the load balancer",
    "The security groups of the load balancer, by id or by `Name` tag.",
)
.allowing("a list of security group ids or Name tags");

pub(crate) static MANAGE_BACKEND_RULES: Annotation = built(
    key!("manage-backend-security-group-rules"),
    Kind::Boolean,
    "`--enable-manage-backend-security-group-rules` (false); always with a security group that is made",
    "Whether the rules that let the load balancer reach its targets are managed, where its security groups are given.",
);

pub(crate) static INBOUND_CIDRS: Annotation = built(
    key!("inbound-cidrs"),
    Kind::List,
    "everyone",
    "Who may reach the load balancer on the ports of the Ingress.",
)
.allowing("a list of CIDRs, 203.0.113.0/24,2001:db8::/32");

pub(crate) static LOAD_BALANCER_ATTRIBUTES: Annotation = built(
    key!("load-balancer-attributes"),
    Kind::Map,
    "left as they are",
    "Attributes of the load balancer. `deletion_protection.enabled=true` also keeps it when the Ingress is deleted.",
);

pub(crate) static TAGS: Annotation = built(
    key!("tags"),
    Kind::Map,
    "none",
    "Tags of everything that is made for the Ingress; on a Service those of its target groups. `--default-tags` come before \
     it; a key of `--external-managed-tags` is refused.",
);

pub(crate) static LISTEN_PORTS: Annotation = built(
    key!("listen-ports"),
    Kind::Json,
    "`[{\"HTTP\": 80}]`; with `certificate-arn` `[{\"HTTPS\": 443}]`",
    "The ports that the load balancer listens on for the Ingress.",
)
.allowing("JSON, [{\"HTTP\": 80}, {\"HTTPS\": 443}]");

pub(crate) static SSL_REDIRECT: Annotation = built(
    key!("ssl-redirect"),
    Kind::Int32,
    "none",
    "The HTTPS port that every HTTP listener of the load balancer redirects to.",
)
.allowing("the port of an HTTPS listener");

pub(crate) static CERTIFICATE_ARN: Annotation = built(
    key!("certificate-arn"),
    Kind::List,
    "found in ACM by the hosts of the rules and of `spec.tls`",
    "The ARNs of the certificates of HTTPS listeners; the first one is the default.",
)
.allowing("a list of ARNs");

pub(crate) static SSL_POLICY: Annotation = built(
    key!("ssl-policy"),
    Kind::Text,
    "`--default-ssl-policy` (ELBSecurityPolicy-2016-08)",
    "The security policy of HTTPS listeners.",
)
.allowing("the name of a security policy");

pub(crate) static LISTENER_ATTRIBUTES: Annotation = built(
    key!("listener-attributes"),
    Kind::Map,
    "left as they are",
    "Attributes of the listener with that protocol (HTTP or HTTPS) and port.",
)
.per(Family::PerHttpListener);

pub(crate) static TARGET_TYPE: Annotation = built(
    key!("target-type"),
    Kind::Text,
    "`--default-target-type` (instance)",
    "What the targets are: nodes on the node port, or pods on their own port. On a Service it holds for that Service.",
)
.allowing("instance or ip");

pub(crate) static BACKEND_PROTOCOL: Annotation = built(
    key!("backend-protocol"),
    Kind::Text,
    "HTTP",
    "The protocol towards the targets. On a Service it holds for that Service.",
)
.allowing("HTTP or HTTPS");

pub(crate) static BACKEND_PROTOCOL_VERSION: Annotation = built(
    key!("backend-protocol-version"),
    Kind::Text,
    "HTTP1",
    "The version of the protocol towards the targets. On a Service it holds for that Service.",
)
.allowing("HTTP1, HTTP2 or GRPC");

pub(crate) static TARGET_GROUP_ATTRIBUTES: Annotation = built(
    key!("target-group-attributes"),
    Kind::Map,
    "left as they are",
    "Attributes of the target groups. On a Service they hold for that Service.",
);

pub(crate) static HEALTH_CHECK_PORT: Annotation = built(
    key!("healthcheck-port"),
    Kind::Text,
    "traffic-port",
    "Where targets are asked: the port that receives the traffic, a port by number, or a port of the Service by name.",
)
.allowing("traffic-port, a port number, or the name of a port of the Service");

pub(crate) static HEALTH_CHECK_PROTOCOL: Annotation = built(
    key!("healthcheck-protocol"),
    Kind::Text,
    "that of the target group",
    "How targets are asked whether they are healthy.",
)
.allowing("HTTP or HTTPS");

pub(crate) static HEALTH_CHECK_PATH: Annotation = built(
    key!("healthcheck-path"),
    Kind::Text,
    "/; with GRPC /AWS.ALB/healthcheck",
    "The path that health checks ask for.",
);

/// `HealthCheckIntervalSeconds` of AWS's CreateTargetGroup: 5 to 300.
pub(crate) static HEALTH_CHECK_INTERVAL: Annotation =
    built(key!("healthcheck-interval-seconds"), Kind::Int32, "15", "Seconds between two checks of a target.")
        .allowing("a whole number of seconds, 5 to 300");

/// `HealthCheckTimeoutSeconds` of AWS's CreateTargetGroup: 2 to 120.
pub(crate) static HEALTH_CHECK_TIMEOUT: Annotation = built(
    key!("healthcheck-timeout-seconds"),
    Kind::Int32,
    "5",
    "Seconds until a check without an answer counts as failed.",
)
.allowing("a whole number of seconds, 2 to 120");

/// `HealthyThresholdCount` of AWS's CreateTargetGroup: 2 to 10.
pub(crate) static HEALTHY_THRESHOLD: Annotation = built(
    key!("healthy-threshold-count"),
    Kind::Int32,
    "2",
    "How many checks in a row must pass before a target is healthy.",
)
.allowing("a whole number, 2 to 10");

/// `UnhealthyThresholdCount` of AWS's CreateTargetGroup: 2 to 10.
pub(crate) static UNHEALTHY_THRESHOLD: Annotation = built(
    key!("unhealthy-threshold-count"),
    Kind::Int32,
    "2",
    "How many checks in a row must fail before a target is unhealthy.",
)
.allowing("a whole number, 2 to 10");

pub(crate) static SUCCESS_CODES: Annotation = built(
    key!("success-codes"),
    Kind::Text,
    "200; with GRPC 12",
    "The status codes that health checks take for healthy.",
)
.allowing("codes, 200,204 or 200-399; with GRPC 0 to 99");

pub(crate) static ACTIONS: Annotation = built(
    key!("actions"),
    Kind::Json,
    "a backend whose action is missing answers 503",
    "What happens to a request whose backend has this name and the port `use-annotation`: `fixed-response`, `redirect`, or \
     `forward` to weighted target groups.",
)
.per(Family::Named);

pub(crate) static CONDITIONS: Annotation = built(
    key!("conditions"),
    Kind::Json,
    "host and path alone",
    "What else a request has to be for the rules of the backend with this name.",
)
.per(Family::Named);

pub(crate) static USE_REGEX_PATH_MATCH: Annotation = built(
    key!("use-regex-path-match"),
    Kind::Boolean,
    "false",
    "Whether paths of type `ImplementationSpecific` are regular expressions, after their first character.",
);

/// Every annotation of an Ingress, in the order of the reference.
pub(super) static TABLE: &[&Annotation] = &[
    &GROUP_NAME,
    &GROUP_ORDER,
    &LOAD_BALANCER_NAME,
    &SCHEME,
    &IP_ADDRESS_TYPE,
    &SUBNETS,
    &SECURITY_GROUPS,
    &MANAGE_BACKEND_RULES,
    &INBOUND_CIDRS,
    &LOAD_BALANCER_ATTRIBUTES,
    &TAGS,
    &LISTEN_PORTS,
    &SSL_REDIRECT,
    &CERTIFICATE_ARN,
    &SSL_POLICY,
    &LISTENER_ATTRIBUTES,
    &TARGET_TYPE,
    &BACKEND_PROTOCOL,
    &BACKEND_PROTOCOL_VERSION,
    &TARGET_GROUP_ATTRIBUTES,
    &HEALTH_CHECK_PORT,
    &HEALTH_CHECK_PROTOCOL,
    &HEALTH_CHECK_PATH,
    &HEALTH_CHECK_INTERVAL,
    &HEALTH_CHECK_TIMEOUT,
    &HEALTHY_THRESHOLD,
    &UNHEALTHY_THRESHOLD,
    &SUCCESS_CODES,
    &ACTIONS,
    &CONDITIONS,
    &USE_REGEX_PATH_MATCH,
    &not_yet(
        "northgate.dev/replace",
        Kind::Text,
        "",
        "Acknowledges that the load balancer is replaced by another one.",
    ),
    &not_yet(
        key!("security-group-prefix-lists"),
        Kind::List,
        "none",
        "Prefix lists that may reach the load balancer on the ports of the Ingress.",
    ),
    &not_yet(
        key!("customer-owned-ipv4-pool"),
        Kind::Text,
        "none",
        "The customer-owned address pool of the load balancer (AWS Outposts), at its creation.",
    ),
    &not_yet(key!("ipam-ipv4-pool-id"), Kind::Text, "none", "The IPAM pool of the load balancer's public addresses."),
    &not_yet(
        key!("minimum-load-balancer-capacity"),
        Kind::Map,
        "left as it is",
        "The capacity to reserve, in load balancer capacity units; 0 takes the reservation away.",
    )
    .allowing("CapacityUnits=n"),
    &not_yet(
        key!("wafv2-acl-arn"),
        Kind::Text,
        "left as it is",
        "The AWS WAF web ACL of the load balancer, by ARN; `none` takes it away.",
    ),
    &not_yet(
        key!("wafv2-acl-name"),
        Kind::Text,
        "left as it is",
        "The AWS WAF web ACL of the load balancer, by name; `none` takes it away.",
    ),
    &not_yet(
        key!("waf-acl-id"),
        Kind::Text,
        "left as it is",
        "The AWS WAF Classic web ACL of the load balancer; `none` takes it away.",
    ),
    &not_yet(key!("web-acl-id"), Kind::Text, "left as it is", "The older form of `waf-acl-id`."),
    &not_yet(
        key!("shield-advanced-protection"),
        Kind::Boolean,
        "left as it is",
        "Whether AWS Shield Advanced protects the load balancer.",
    ),
    &not_yet(
        key!("mutual-authentication"),
        Kind::Json,
        "none",
        "Whether clients of HTTPS listeners need certificates.",
    ),
    &not_yet(key!("create-acm-cert"), Kind::Boolean, "false", "Whether a certificate is asked for in ACM."),
    &not_yet(
        key!("acm-pca-arn"),
        Kind::Text,
        "`--default-pca-arn`",
        "The private certificate authority of the certificate that is asked for.",
    ),
    &not_yet(
        key!("target-node-labels"),
        Kind::Map,
        "all nodes",
        "Labels that a node must carry to be a target (target type instance).",
    ),
    &not_yet(
        key!("multi-cluster-target-group"),
        Kind::Boolean,
        "false",
        "Whether the target groups also hold targets of other clusters, which are then left alone.",
    ),
    &not_yet(
        key!("target-control-port"),
        Kind::Int32,
        "none",
        "The port of the target optimizer's agent, for a port of a Service, `<service>.<port>`.",
    )
    .per(Family::Named),
    &not_yet(key!("auth-type"), Kind::Text, "none", "How users are authenticated.").allowing("none, cognito or oidc"),
    &not_yet(key!("auth-idp-cognito"), Kind::Json, "none", "The Amazon Cognito user pool that users are asked by."),
    &not_yet(key!("auth-idp-oidc"), Kind::Json, "none", "The OpenID Connect provider that users are asked by."),
    &not_yet(
        key!("auth-on-unauthenticated-request"),
        Kind::Text,
        "authenticate",
        "What happens to users who are not logged in.",
    )
    .allowing("authenticate, allow or deny"),
    &not_yet(key!("auth-scope"), Kind::Text, "openid", "What the provider is asked to tell about a user."),
    &not_yet(
        key!("auth-session-cookie"),
        Kind::Text,
        "AWSELBAuthSessionCookie",
        "The name of the cookie that keeps the session.",
    ),
    &not_yet(key!("auth-session-timeout"), Kind::Int32, "604800", "Seconds that a session lasts."),
    &not_yet(key!("jwt-validation"), Kind::Json, "none", "Which JSON Web Tokens requests must carry."),
    &not_yet(
        key!("transforms"),
        Kind::Json,
        "none",
        "How host and path are rewritten for the rules of the backend with this name.",
    )
    .per(Family::Named),
    &not_yet(
        key!("enable-frontend-nlb"),
        Kind::Boolean,
        "false",
        "Whether a Network Load Balancer stands before the load balancer.",
    ),
    &not_yet(
        key!("frontend-nlb-scheme"),
        Kind::Text,
        "`--default-load-balancer-scheme`",
        "Whether the Network Load Balancer in front has public addresses.",
    )
    .allowing("internal or internet-facing"),
    &not_yet(key!("frontend-nlb-subnets"), Kind::List, "discovered in the VPC", "Its subnets."),
    &not_yet(key!("frontend-nlb-security-groups"), Kind::List, "those of the load balancer", "Its security groups."),
    &not_yet(
        key!("frontend-nlb-listener-port-mapping"),
        Kind::Map,
        "each port to itself",
        "Its ports, with the ports of the load balancer that they lead to.",
    ),
    &not_yet(key!("frontend-nlb-eip-allocations"), Kind::List, "addresses of AWS", "Its Elastic IP allocations."),
    &not_yet(key!("frontend-nlb-healthcheck-port"), Kind::Text, "traffic-port", "Where its health checks ask."),
    &not_yet(key!("frontend-nlb-healthcheck-protocol"), Kind::Text, "HTTP", "How they ask.").allowing("HTTP or HTTPS"),
    &not_yet(key!("frontend-nlb-healthcheck-path"), Kind::Text, "/", "The path that they ask for."),
    &not_yet(key!("frontend-nlb-healthcheck-interval-seconds"), Kind::Int32, "15", "Seconds between two of them."),
    &not_yet(
        key!("frontend-nlb-healthcheck-timeout-seconds"),
        Kind::Int32,
        "5",
        "Seconds until one without an answer counts as failed.",
    ),
    &not_yet(
        key!("frontend-nlb-healthcheck-healthy-threshold-count"),
        Kind::Int32,
        "2",
        "How many in a row must pass before the load balancer is healthy to it.",
    ),
    &not_yet(
        key!("frontend-nlb-healthcheck-unhealthy-threshold-count"),
        Kind::Int32,
        "2",
        "How many in a row must fail before the load balancer is unhealthy to it.",
    ),
    &not_yet(
        key!("frontend-nlb-healthcheck-success-codes"),
        Kind::Text,
        "200",
        "The status codes that they take for healthy.",
    ),
    &not_yet(key!("frontend-nlb-attributes"), Kind::Map, "left as they are", "Its attributes."),
    &not_yet(key!("frontend-nlb-tags"), Kind::Map, "those of the load balancer", "Its tags."),
];

/// Annotations that LBC's own dry run writes; they say nothing.
pub(super) static WRITTEN_BY_LBC: &[&str] = &[key!("dry-run-plan")];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Support;
    use super::*;

    #[test]
    fn the_table_has_every_key_once() {
        let keys: BTreeSet<&str> = TABLE.iter().map(|annotation| annotation.key()).collect();
        assert_eq!(keys.len(), TABLE.len());
        // LBC reads 72, `dry-run-plan` among them; `northgate.dev/replace` is ours.
        assert_eq!(TABLE.len(), 72 - 1 + 1);
        assert_eq!(TABLE.iter().filter(|annotation| annotation.support == Support::Built).count(), 31);
    }

    #[test]
    fn what_the_rows_say_is_complete() {
        for annotation in TABLE {
            assert!(annotation.doc.ends_with('.'), "{}", annotation.key);
            assert!(!annotation.doc.contains("  "), "{}", annotation.key);
        }
    }
}
