//! The table: every annotation of an Ingress that LBC reads (`ingress-alb.md` §3).

use super::*;
use crate::spec::annotation::table::not_yet;

/// Every annotation of an Ingress, in the order of the reference.
pub(in crate::spec::annotation) static TABLE: &[&Annotation] = &[
    &GROUP_NAME,
    &GROUP_ORDER,
    &LOAD_BALANCER_NAME,
    &SCHEME,
    &IP_ADDRESS_TYPE,
    &SUBNETS,
    &SECURITY_GROUPS,
    &MANAGE_BACKEND_RULES,
    &INBOUND_CIDRS,
    &PREFIX_LISTS,
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
    &TARGET_NODE_LABELS,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::spec::annotation::Support;

    #[test]
    fn the_table_has_every_key_once() {
        let keys: BTreeSet<&str> = TABLE.iter().map(|annotation| annotation.key()).collect();
        assert_eq!(keys.len(), TABLE.len());
        // LBC reads 72, `dry-run-plan` among them; `northgate.dev/replace` is ours.
        assert_eq!(TABLE.len(), 72 - 1 + 1);
        assert_eq!(TABLE.iter().filter(|annotation| annotation.support == Support::Built).count(), 33);
    }

    #[test]
    fn what_the_rows_say_is_complete() {
        for annotation in TABLE {
            assert!(annotation.doc.ends_with('.'), "{}", annotation.key);
            assert!(!annotation.doc.contains("  "), "{}", annotation.key);
        }
    }
}
