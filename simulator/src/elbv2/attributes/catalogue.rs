//! Which attributes each kind of resource has, with defaults and allowed values.
//!
//! Source: API reference, `LoadBalancerAttribute`, `TargetGroupAttribute`, `ListenerAttribute`.

use super::super::load_balancers::Scheme;
use super::super::protocol::{Family, Protocol};
use super::super::target_groups::TargetType;
use super::Allowed::{self, Fixed, Flag, HeaderValue, Number, OffOrNumber, OneOf, Text, ZeroOrNumber};
use super::{Attribute, Catalogue};

/// The key that keeps a load balancer from being deleted.
pub(in super::super) const DELETION_PROTECTION: &str = "deletion_protection.enabled";
/// The key of how long a target drains, in seconds.
pub(in super::super) const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";

const ANY_LOAD_BALANCER: &[Attribute] = &[
    attribute("access_logs.s3.bucket", "", Text),
    attribute("access_logs.s3.enabled", "false", Flag),
    attribute("access_logs.s3.prefix", "", Text),
    attribute(DELETION_PROTECTION, "false", Flag),
    attribute("zonal_shift.config.enabled", "false", Flag),
];

const NETWORK_LOAD_BALANCER: &[Attribute] = &[
    attribute(
        "dns_record.client_routing_policy",
        "any_availability_zone",
        OneOf(&["availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone"]),
    ),
    attribute("load_balancing.cross_zone.enabled", "false", Flag),
    attribute("secondary_ips.auto_assigned.per_subnet", "0", Number(0, 7)),
];

const APPLICATION_LOAD_BALANCER: &[Attribute] = &[
    attribute("client_keep_alive.seconds", "3600", Number(60, 604_800)),
    attribute("connection_logs.s3.bucket", "", Text),
    attribute("connection_logs.s3.enabled", "false", Flag),
    attribute("connection_logs.s3.prefix", "", Text),
    attribute("health_check_logs.s3.bucket", "", Text),
    attribute("health_check_logs.s3.enabled", "false", Flag),
    attribute("health_check_logs.s3.prefix", "", Text),
    attribute("idle_timeout.timeout_seconds", "60", Number(1, 4000)),
    attribute("load_balancing.cross_zone.enabled", "true", Fixed),
    attribute("routing.http.desync_mitigation_mode", "defensive", OneOf(&["monitor", "defensive", "strictest"])),
    attribute("routing.http.drop_invalid_header_fields.enabled", "false", Flag),
    attribute("routing.http.preserve_host_header.enabled", "false", Flag),
    attribute("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", Flag),
    attribute("routing.http.xff_client_port.enabled", "false", Flag),
    attribute("routing.http.xff_header_processing.mode", "append", OneOf(&["append", "preserve", "remove"])),
    attribute("routing.http2.enabled", "true", Flag),
    attribute("waf.fail_open.enabled", "false", Flag),
];

const DENY_INTERNET_GATEWAY: &str = "ipv6.deny_all_igw_traffic";

const MOST_TARGETS: i64 = 1000;

const ANY_TARGET_GROUP: &[Attribute] = &[
    attribute(DEREGISTRATION_DELAY, "300", Number(0, 3600)),
    attribute(
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        OneOf(&["true", "false", "use_load_balancer_configuration"]),
    ),
    attribute("stickiness.enabled", "false", Flag),
    attribute("target_group_health.dns_failover.minimum_healthy_targets.count", "1", OffOrNumber(1, MOST_TARGETS)),
    attribute("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", OffOrNumber(1, 100)),
    attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        Number(1, MOST_TARGETS),
    ),
    attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        OffOrNumber(1, 100),
    ),
];

const NETWORK_TARGET_GROUP: &[Attribute] = &[
    attribute("deregistration_delay.connection_termination.enabled", "false", Flag),
    attribute("preserve_client_ip.enabled", "true", Flag),
    attribute("proxy_protocol_v2.enabled", "false", Flag),
    attribute("stickiness.type", "source_ip", OneOf(&["source_ip"])),
    attribute("target_health_state.unhealthy.connection_termination.enabled", "true", Flag),
    attribute("target_health_state.unhealthy.draining_interval_seconds", "0", Number(0, 360_000)),
];

const APPLICATION_TARGET_GROUP: &[Attribute] = &[
    attribute("load_balancing.algorithm.anomaly_mitigation", "off", OneOf(&["on", "off"])),
    attribute(
        "load_balancing.algorithm.type",
        "round_robin",
        OneOf(&["round_robin", "least_outstanding_requests", "weighted_random"]),
    ),
    attribute("slow_start.duration_seconds", "0", ZeroOrNumber(30, 900)),
    attribute("stickiness.app_cookie.cookie_name", "", Text),
    attribute("stickiness.app_cookie.duration_seconds", "86400", Number(1, 604_800)),
    attribute("stickiness.lb_cookie.duration_seconds", "86400", Number(1, 604_800)),
    attribute("stickiness.type", "lb_cookie", OneOf(&["lb_cookie", "app_cookie"])),
];

const TCP_LISTENER: &[Attribute] = &[attribute("tcp.idle_timeout.seconds", "350", Number(60, 6000))];

const HTTP_LISTENER: &[Attribute] = &[
    attribute("routing.http.response.access_control_allow_credentials.header_value", "", HeaderValue),
    attribute("routing.http.response.access_control_allow_headers.header_value", "", HeaderValue),
    attribute("routing.http.response.access_control_allow_methods.header_value", "", HeaderValue),
    attribute("routing.http.response.access_control_allow_origin.header_value", "", HeaderValue),
    attribute("routing.http.response.access_control_expose_headers.header_value", "", HeaderValue),
    attribute("routing.http.response.access_control_max_age.header_value", "", HeaderValue),
    attribute("routing.http.response.content_security_policy.header_value", "", HeaderValue),
    attribute("routing.http.response.server.enabled", "true", Flag),
    attribute("routing.http.response.strict_transport_security.header_value", "", HeaderValue),
    attribute("routing.http.response.x_content_type_options.header_value", "", HeaderValue),
    attribute("routing.http.response.x_frame_options.header_value", "", HeaderValue),
];

const HTTPS_LISTENER: &[Attribute] = &[
    attribute("routing.http.request.x_amzn_mtls_clientcert.header_name", "", HeaderValue),
    attribute("routing.http.request.x_amzn_mtls_clientcert_issuer.header_name", "", HeaderValue),
    attribute("routing.http.request.x_amzn_mtls_clientcert_leaf.header_name", "", HeaderValue),
    attribute("routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name", "", HeaderValue),
    attribute("routing.http.request.x_amzn_mtls_clientcert_subject.header_name", "", HeaderValue),
    attribute("routing.http.request.x_amzn_mtls_clientcert_validity.header_name", "", HeaderValue),
    attribute("routing.http.request.x_amzn_tls_cipher_suite.header_name", "", HeaderValue),
    attribute("routing.http.request.x_amzn_tls_version.header_name", "", HeaderValue),
];

const fn attribute(key: &'static str, default: &'static str, allowed: Allowed) -> Attribute {
    Attribute { key, default, allowed }
}

/// The attributes of a load balancer.
pub(in super::super) fn of_load_balancer(family: Family, scheme: Scheme) -> Catalogue {
    let denied = match scheme {
        Scheme::InternetFacing => "false",
        Scheme::Internal => "true",
    };
    let (own, other) = match family {
        Family::Application => (APPLICATION_LOAD_BALANCER, NETWORK_LOAD_BALANCER),
        Family::Network => (NETWORK_LOAD_BALANCER, APPLICATION_LOAD_BALANCER),
    };
    let mut attributes = [ANY_LOAD_BALANCER, own].concat();
    attributes.push(attribute(DENY_INTERNET_GATEWAY, denied, Flag));
    Catalogue {
        kind: "Load balancer",
        owner: format!("load balancers with type '{}'", family.as_str()),
        attributes,
        foreign: keys(other),
    }
}

/// The attributes of a target group.
pub(in super::super) fn of_target_group(protocol: Protocol, family: Family, target_type: TargetType) -> Catalogue {
    let (own, other) = match family {
        Family::Network => (network_target_group(protocol, target_type), APPLICATION_TARGET_GROUP),
        Family::Application => (APPLICATION_TARGET_GROUP.to_vec(), NETWORK_TARGET_GROUP),
    };
    let mut attributes = ANY_TARGET_GROUP.iter().copied().chain(own).collect::<Vec<_>>();
    // Source: Network Load Balancer guide, "Use an Application Load Balancer as a target".
    if target_type == TargetType::Alb {
        attributes.iter_mut().for_each(|attribute| attribute.allowed = Fixed);
    }
    Catalogue {
        kind: "Target group",
        owner: format!("target groups with protocol '{protocol}'"),
        attributes,
        foreign: keys(other),
    }
}

/// The attributes of a listener.
pub(in super::super) fn of_listener(protocol: Protocol) -> Catalogue {
    let attributes = match protocol {
        Protocol::Tcp => TCP_LISTENER.to_vec(),
        Protocol::Http => HTTP_LISTENER.to_vec(),
        Protocol::Https => [HTTP_LISTENER, HTTPS_LISTENER].concat(),
        _ => Vec::new(),
    };
    Catalogue {
        kind: "Listener",
        owner: format!("listeners with protocol '{protocol}'"),
        attributes,
        foreign: keys(&[TCP_LISTENER, HTTP_LISTENER, HTTPS_LISTENER].concat()),
    }
}

fn keys(attributes: &[Attribute]) -> Vec<&'static str> {
    attributes.iter().map(|attribute| attribute.key).collect()
}

fn network_target_group(protocol: Protocol, target_type: TargetType) -> Vec<Attribute> {
    let udp = protocol.carries_udp();
    let plain_tcp = matches!(protocol, Protocol::Tcp | Protocol::Tls);
    let mut attributes = NETWORK_TARGET_GROUP.to_vec();
    for attribute in &mut attributes {
        match attribute.key {
            "preserve_client_ip.enabled" if udp => attribute.allowed = Fixed,
            "preserve_client_ip.enabled" if plain_tcp && target_type == TargetType::Ip => attribute.default = "false",
            "deregistration_delay.connection_termination.enabled" if udp => attribute.default = "true",
            "target_health_state.unhealthy.connection_termination.enabled" if udp => {
                (attribute.default, attribute.allowed) = ("false", Fixed);
            }
            _ => {}
        }
    }
    attributes
}
