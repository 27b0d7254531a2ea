//! The rows of Ingresses that are built, and the table of all that LBC reads (`ingress-alb.md` §3).

macro_rules! key {
    ($suffix:literal) => {
        concat!("alb.ingress.kubernetes.io/", $suffix)
    };
}

mod table;

use super::table::built;
use super::{Annotation, Family, Kind};

pub(super) use table::TABLE;

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

pub(crate) static PREFIX_LISTS: Annotation = built(
    key!("security-group-prefix-lists"),
    Kind::List,
    "none",
    "Prefix lists that may reach the load balancer on the ports of the Ingress. Without `inbound-cidrs` nobody else may.",
)
.allowing("a list of prefix list ids, pl-1,pl-2");

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

pub(crate) static TARGET_NODE_LABELS: Annotation = built(
    key!("target-node-labels"),
    Kind::Map,
    "all nodes",
    "Labels that a node must carry to be a target (target type instance). On a Service they hold for that Service.",
);

pub(crate) static ACTIONS: Annotation = built(
    key!("actions"),
    Kind::Json,
    "a backend whose action is missing answers 503",
    "What happens to a request whose backend has this name and the port `use-annotation`: `fixed-response`, `redirect`, or \
     `forward` to weighted target groups.",
)
.allowing(r#"JSON, {"type": "fixed-response", "fixedResponseConfig": {"contentType": "text/plain", "statusCode": "503"}}"#)
.per(Family::Named);

pub(crate) static CONDITIONS: Annotation = built(
    key!("conditions"),
    Kind::Json,
    "host and path alone",
    "What else a request has to be for the rules of the backend with this name.",
)
.allowing(r#"JSON, [{"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X-Canary", "values": ["1"]}}]"#)
.per(Family::Named);

pub(crate) static USE_REGEX_PATH_MATCH: Annotation = built(
    key!("use-regex-path-match"),
    Kind::Boolean,
    "false",
    "Whether paths of type `ImplementationSpecific` are regular expressions, after their first character.",
);

/// What of these LBC reads on Services too.
pub(super) static ON_SERVICES: &[&str] = &[
    TAGS.key,
    TARGET_TYPE.key,
    BACKEND_PROTOCOL.key,
    BACKEND_PROTOCOL_VERSION.key,
    TARGET_GROUP_ATTRIBUTES.key,
    HEALTH_CHECK_PORT.key,
    HEALTH_CHECK_PROTOCOL.key,
    HEALTH_CHECK_PATH.key,
    HEALTH_CHECK_INTERVAL.key,
    HEALTH_CHECK_TIMEOUT.key,
    HEALTHY_THRESHOLD.key,
    UNHEALTHY_THRESHOLD.key,
    SUCCESS_CODES.key,
    TARGET_NODE_LABELS.key,
    key!("multi-cluster-target-group"),
    key!("auth-type"),
    key!("auth-idp-cognito"),
    key!("auth-idp-oidc"),
    key!("auth-on-unauthenticated-request"),
    key!("auth-scope"),
    key!("auth-session-cookie"),
    key!("auth-session-timeout"),
];

/// Annotations that LBC's own dry run writes; they say nothing.
pub(super) static WRITTEN_BY_LBC: &[&str] = &[key!("dry-run-plan")];
