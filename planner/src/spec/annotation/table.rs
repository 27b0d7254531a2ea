//! The table: every annotation of a Service that LBC or the in-tree provider ever read (`service-nlb.md` §2.2, §8.2).

use super::{Annotation, Family, Kind, Support};

macro_rules! key {
    ($suffix:literal) => {
        concat!("service.beta.kubernetes.io/", $suffix)
    };
}

const fn row(key: &'static str, kind: Kind, default: &'static str, doc: &'static str, support: Support) -> Annotation {
    Annotation { key, family: Family::One, kind, allowed: None, default, doc, support }
}

pub(super) const fn built(key: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Annotation {
    row(key, kind, default, doc, Support::Built)
}

pub(super) const fn not_yet(key: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Annotation {
    row(key, kind, default, doc, Support::NotYet)
}

const fn no_effect(key: &'static str, kind: Kind, doc: &'static str, instead: &'static str) -> Annotation {
    row(key, kind, "", doc, Support::NoEffect(instead))
}

impl Annotation {
    pub(super) const fn allowing(mut self, allowed: &'static str) -> Self {
        self.allowed = Some(allowed);
        self
    }

    pub(super) const fn per(mut self, family: Family) -> Self {
        self.family = family;
        self
    }
}

pub(crate) static SOURCE_RANGES: Annotation = built(
    key!("load-balancer-source-ranges"),
    Kind::List,
    "everyone",
    "Who may reach the load balancer. `spec.loadBalancerSourceRanges` comes before it.",
)
.allowing("a list of CIDRs, 203.0.113.0/24,198.51.100.7/32");

pub(crate) static TYPE: Annotation = built(
    key!("aws-load-balancer-type"),
    Kind::Text,
    "",
    "Which controller a Service without `spec.loadBalancerClass` is for. `external` together with a target type, or \
     `nlb-ip` (which means target type `ip`), makes it ours.",
)
.allowing("external or nlb-ip");

pub(crate) static TARGET_TYPE: Annotation = built(
    key!("aws-load-balancer-nlb-target-type"),
    Kind::Text,
    "`--default-target-type` (instance)",
    "What the targets are: nodes on the node port, or pods on their own port.",
)
.allowing("instance or ip");

pub(crate) static SCHEME: Annotation = built(
    key!("aws-load-balancer-scheme"),
    Kind::Text,
    "that of the existing load balancer; else `--default-load-balancer-scheme`; else internal, or internet-facing for a \
     Service without class and `aws-load-balancer-type`",
    "Whether the load balancer has public addresses.",
)
.allowing("internal or internet-facing");

pub(crate) static INTERNAL: Annotation = built(
    key!("aws-load-balancer-internal"),
    Kind::Boolean,
    "see `aws-load-balancer-scheme`",
    "The older form of `aws-load-balancer-scheme`, which comes before it: true means internal, false internet-facing.",
);

pub(crate) static ADDITIONAL_RESOURCE_TAGS: Annotation = built(
    key!("aws-load-balancer-additional-resource-tags"),
    Kind::Map,
    "none",
    "Tags of everything that is made for the Service. `--default-tags` come before it; a key of \
     `--external-managed-tags` is refused.",
);

/// `HealthyThresholdCount` of AWS's CreateTargetGroup: 2 to 10.
pub(crate) static HEALTH_CHECK_HEALTHY_THRESHOLD: Annotation = built(
    key!("aws-load-balancer-healthcheck-healthy-threshold"),
    Kind::Int32,
    "3; with local health checks 2",
    "How many checks in a row must pass before a target is healthy.",
)
.allowing("a whole number, 2 to 10");

/// `UnhealthyThresholdCount` of AWS's CreateTargetGroup: 2 to 10.
pub(crate) static HEALTH_CHECK_UNHEALTHY_THRESHOLD: Annotation = built(
    key!("aws-load-balancer-healthcheck-unhealthy-threshold"),
    Kind::Int32,
    "3; with local health checks 2",
    "How many checks in a row must fail before a target is unhealthy.",
)
.allowing("a whole number, 2 to 10");

/// `HealthCheckTimeoutSeconds` of AWS's CreateTargetGroup: 2 to 120.
pub(crate) static HEALTH_CHECK_TIMEOUT: Annotation = built(
    key!("aws-load-balancer-healthcheck-timeout"),
    Kind::Int32,
    "10; with local health checks 6",
    "Seconds until a check without an answer counts as failed.",
)
.allowing("a whole number of seconds, 2 to 120");

/// `HealthCheckIntervalSeconds` of AWS's CreateTargetGroup: 5 to 300.
pub(crate) static HEALTH_CHECK_INTERVAL: Annotation =
    built(key!("aws-load-balancer-healthcheck-interval"), Kind::Int32, "10", "Seconds between two checks of a target.")
        .allowing("a whole number of seconds, 5 to 300");

pub(crate) static HEALTH_CHECK_PROTOCOL: Annotation = built(
    key!("aws-load-balancer-healthcheck-protocol"),
    Kind::Text,
    "TCP; with local health checks HTTP",
    "How targets are asked whether they are healthy.",
)
.allowing("TCP, HTTP or HTTPS, in upper or lower case");

pub(crate) static HEALTH_CHECK_PORT: Annotation = built(
    key!("aws-load-balancer-healthcheck-port"),
    Kind::Text,
    "traffic-port; with local health checks `spec.healthCheckNodePort`",
    "Where targets are asked: the port that receives the traffic, a port by number, or a port of the Service by name.",
)
.allowing("traffic-port, a port number, or the name of a port of the Service");

pub(crate) static HEALTH_CHECK_PATH: Annotation = built(
    key!("aws-load-balancer-healthcheck-path"),
    Kind::Text,
    "/; with local health checks /healthz",
    "The path that checks of protocol HTTP and HTTPS ask for.",
);

pub(crate) static HEALTH_CHECK_SUCCESS_CODES: Annotation = built(
    key!("aws-load-balancer-healthcheck-success-codes"),
    Kind::Text,
    "200-399",
    "The status codes that checks of protocol HTTP and HTTPS take for healthy.",
)
.allowing("status codes, 200,204 or 200-399");

pub(crate) static SUBNETS: Annotation = built(
    key!("aws-load-balancer-subnets"),
    Kind::List,
    "discovered in the VPC",
    "The subnets of the load balancer, one per zone, by id or by `Name` tag.",
)
.allowing("a list of subnet ids or Name tags");

/// Every annotation of a Service, in the order of the reference.
pub(super) static TABLE: &[&Annotation] = &[
    &TYPE,
    &TARGET_TYPE,
    &SCHEME,
    &INTERNAL,
    &SUBNETS,
    &SOURCE_RANGES,
    &ADDITIONAL_RESOURCE_TAGS,
    &HEALTH_CHECK_PROTOCOL,
    &HEALTH_CHECK_PORT,
    &HEALTH_CHECK_PATH,
    &HEALTH_CHECK_SUCCESS_CODES,
    &HEALTH_CHECK_INTERVAL,
    &HEALTH_CHECK_TIMEOUT,
    &HEALTH_CHECK_HEALTHY_THRESHOLD,
    &HEALTH_CHECK_UNHEALTHY_THRESHOLD,
    &not_yet(
        "northgate.dev/replace",
        Kind::Text,
        "",
        "Acknowledges that the load balancer is replaced by another one.",
    ),
    &not_yet(key!("aws-load-balancer-name"), Kind::Text, "generated", "The name of the load balancer.")
        .allowing("at most 32 characters"),
    &not_yet(key!("aws-load-balancer-ip-address-type"), Kind::Text, "ipv4", "The address type of the load balancer.")
        .allowing("ipv4 or dualstack"),
    &not_yet(
        key!("aws-load-balancer-attributes"),
        Kind::Map,
        "left as they are",
        "Attributes of the load balancer. `deletion_protection.enabled=true` also keeps it when the Service is deleted.",
    ),
    &not_yet(
        key!("aws-load-balancer-access-log-enabled"),
        Kind::Boolean,
        "left as it is",
        "Whether access logs are written; false leaves them as they are.",
    ),
    &not_yet(key!("aws-load-balancer-access-log-s3-bucket-name"), Kind::Text, "", "The S3 bucket of the access logs."),
    &not_yet(key!("aws-load-balancer-access-log-s3-bucket-prefix"), Kind::Text, "", "Their prefix in the bucket."),
    &not_yet(
        key!("aws-load-balancer-cross-zone-load-balancing-enabled"),
        Kind::Boolean,
        "left as it is",
        "Whether each zone's node reaches the targets of all zones.",
    ),
    &not_yet(
        key!("aws-load-balancer-minimum-load-balancer-capacity"),
        Kind::Map,
        "left as it is",
        "The capacity to reserve, in load balancer capacity units; 0 takes the reservation away.",
    )
    .allowing("CapacityUnits=n"),
    &not_yet(
        key!("aws-load-balancer-eip-allocations"),
        Kind::List,
        "addresses of AWS",
        "Elastic IP allocations of an internet-facing load balancer, in the order of the subnets.",
    ),
    &not_yet(
        key!("aws-load-balancer-private-ipv4-addresses"),
        Kind::List,
        "addresses of AWS",
        "Private IPv4 addresses of an internal load balancer, one per subnet.",
    ),
    &not_yet(
        key!("aws-load-balancer-ipv6-addresses"),
        Kind::List,
        "addresses of AWS",
        "IPv6 addresses of a dual-stack load balancer, one per subnet.",
    ),
    &not_yet(
        key!("aws-load-balancer-enable-prefix-for-ipv6-source-nat"),
        Kind::Text,
        "off",
        "Whether IPv6 source NAT uses prefixes, which UDP listeners of a dual-stack load balancer need.",
    )
    .allowing("on or off"),
    &not_yet(
        key!("aws-load-balancer-source-nat-ipv6-prefixes"),
        Kind::List,
        "chosen by AWS",
        "IPv6 source NAT prefixes, one per subnet.",
    ),
    &not_yet(
        key!("aws-load-balancer-security-groups"),
        Kind::List,
        "one that is made for the Service",
        "The security groups of the load balancer, by id or by `Name` tag.",
    ),
    &not_yet(
        key!("aws-load-balancer-manage-backend-security-group-rules"),
        Kind::Boolean,
        "`--enable-manage-backend-security-group-rules`; true without security groups",
        "Whether the rules that let the load balancer reach its targets are managed, where its security groups are given.",
    ),
    &not_yet(
        key!("aws-load-balancer-security-group-prefix-lists"),
        Kind::List,
        "none",
        "Prefix lists that may reach the load balancer.",
    ),
    &not_yet(
        key!("aws-load-balancer-inbound-sg-rules-on-private-link-traffic"),
        Kind::Text,
        "left as it is",
        "Whether the security groups apply to traffic that comes through AWS PrivateLink.",
    )
    .allowing("on or off"),
    &not_yet(
        key!("aws-load-balancer-enable-icmp-for-path-mtu-discovery"),
        Kind::Text,
        "off",
        "Whether the load balancer's security group lets in the ICMP messages of path MTU discovery.",
    )
    .allowing("on or off"),
    &not_yet(
        key!("aws-load-balancer-disable-nlb-sg"),
        Kind::Boolean,
        "false",
        "Whether the load balancer is made without security groups.",
    ),
    &not_yet(
        key!("aws-load-balancer-ssl-cert"),
        Kind::List,
        "none",
        "The ARNs of TLS certificates; the first one is the default.",
    ),
    &not_yet(
        key!("aws-load-balancer-ssl-ports"),
        Kind::List,
        "all TCP ports",
        "The ports, by name or number, that become TLS listeners when there is a certificate.",
    ),
    &not_yet(
        key!("aws-load-balancer-ssl-negotiation-policy"),
        Kind::Text,
        "`--default-ssl-policy`",
        "The security policy of TLS listeners.",
    ),
    &not_yet(
        key!("aws-load-balancer-backend-protocol"),
        Kind::Text,
        "",
        "ssl: the load balancer speaks TLS to the targets of TLS listeners.",
    )
    .allowing("ssl"),
    &not_yet(key!("aws-load-balancer-alpn-policy"), Kind::Text, "", "The ALPN policy of TLS listeners.")
        .allowing("None, HTTP1Only, HTTP2Only, HTTP2Optional or HTTP2Preferred"),
    &not_yet(
        key!("aws-load-balancer-listener-attributes"),
        Kind::Map,
        "left as they are",
        "Attributes of the listener with that protocol and port, such as `tcp.idle_timeout.seconds`.",
    )
    .per(Family::PerListener),
    &not_yet(
        key!("aws-load-balancer-enable-tcp-udp-listener"),
        Kind::Boolean,
        "true",
        "Whether TCP and UDP on one port become one TCP_UDP listener.",
    ),
    &not_yet(
        key!("aws-load-balancer-quic-enabled-ports"),
        Kind::List,
        "none",
        "The UDP ports, by name or number, that become QUIC listeners.",
    ),
    &not_yet(
        key!("actions"),
        Kind::Json,
        "the Service's own target group",
        "The target groups that the listener with that protocol and port forwards to, with their weights.",
    )
    .per(Family::PerListener),
    &not_yet(
        key!("aws-load-balancer-target-group-attributes"),
        Kind::Map,
        "left as they are",
        "Attributes of the target groups; with a port, of that port's target group.",
    )
    .per(Family::OneAndPerPort),
    &not_yet(key!("aws-load-balancer-proxy-protocol"), Kind::Text, "", "Proxy protocol version 2 towards all targets.")
        .allowing("*"),
    &not_yet(
        key!("aws-load-balancer-proxy-protocol-per-target-group"),
        Kind::List,
        "",
        "The ports whose target groups use proxy protocol version 2; the others do not.",
    )
    .allowing("a list of port numbers"),
    &not_yet(
        key!("aws-load-balancer-target-node-labels"),
        Kind::Map,
        "all nodes",
        "Labels that a node must carry to be a target (target type instance).",
    ),
    &not_yet(
        key!("aws-load-balancer-multi-cluster-target-group"),
        Kind::Boolean,
        "false",
        "Whether the target groups also hold targets of other clusters, which are then left alone.",
    ),
    &no_effect(
        key!("aws-load-balancer-access-log-emit-interval"),
        Kind::Int32,
        "How often a Classic Load Balancer wrote its access logs.",
        "take it away: a Network Load Balancer has no such interval",
    ),
    &no_effect(
        key!("aws-load-balancer-connection-draining-enabled"),
        Kind::Boolean,
        "Connection draining of a Classic Load Balancer.",
        "take it away: a Network Load Balancer always drains; the time is the attribute \
         deregistration_delay.timeout_seconds in aws-load-balancer-target-group-attributes",
    ),
    &no_effect(
        key!("aws-load-balancer-connection-draining-timeout"),
        Kind::Int32,
        "How long a Classic Load Balancer drained connections.",
        "use the attribute deregistration_delay.timeout_seconds in aws-load-balancer-target-group-attributes",
    ),
    &no_effect(
        key!("aws-load-balancer-connection-idle-timeout"),
        Kind::Int32,
        "How long a Classic Load Balancer kept idle connections.",
        "use the attribute tcp.idle_timeout.seconds in aws-load-balancer-listener-attributes.TCP-<port>",
    ),
    &no_effect(
        key!("aws-load-balancer-extra-security-groups"),
        Kind::List,
        "Security groups of a Classic Load Balancer besides its own.",
        "name all security groups in aws-load-balancer-security-groups",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_has_every_key_once() {
        let keys: BTreeSet<&str> = TABLE.iter().map(|annotation| annotation.key()).collect();
        assert_eq!(keys.len(), TABLE.len());
        let count = |holds: fn(Support) -> bool| TABLE.iter().filter(|annotation| holds(annotation.support)).count();
        // LBC reads 48, of which 15 are built; `northgate.dev/replace` is ours.
        assert_eq!(count(|support| support == Support::Built), 15);
        assert_eq!(count(|support| support == Support::NotYet), 48 - 15 + 1);
        assert_eq!(count(|support| matches!(support, Support::NoEffect(_))), 5);
    }

    #[test]
    fn what_the_rows_say_is_complete() {
        for annotation in TABLE {
            assert!(annotation.doc.ends_with('.'), "{}", annotation.key);
            assert!(!annotation.doc.contains("  "), "{}", annotation.key);
            assert!(annotation.key.contains('/'), "{}", annotation.key);
        }
    }
}
