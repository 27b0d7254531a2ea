//! An account as it is now, for who watches the world and is no caller: no request, no lag, no throttling.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// The present state of one account in one Region.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Load balancers by ARN.
    pub load_balancers: BTreeMap<String, ObservedLoadBalancer>,
    /// Listeners by ARN.
    pub listeners: BTreeMap<String, ObservedListener>,
    /// Rules by ARN, default rules included.
    pub rules: BTreeMap<String, ObservedRule>,
    /// Target groups by ARN.
    pub target_groups: BTreeMap<String, ObservedTargetGroup>,
    /// Security groups by id.
    pub security_groups: BTreeMap<String, ObservedSecurityGroup>,
}

/// A load balancer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedLoadBalancer {
    /// Its name.
    pub name: String,
    /// `network` or `application`.
    pub r#type: String,
    /// The host name that its clients use.
    pub dns_name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    pub ip_address_type: String,
    /// `provisioning`, `active`, `active_impaired` or `failed`.
    pub state: String,
    /// The VPC it is in.
    pub vpc_id: String,
    /// The subnet by the name of its zone.
    pub subnets: BTreeMap<String, String>,
    /// The ids of its security groups.
    pub security_groups: Vec<String>,
    /// Attributes by key.
    pub attributes: BTreeMap<String, String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// A listener.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedListener {
    /// The load balancer it belongs to.
    pub load_balancer_arn: String,
    /// `TCP`, `UDP`, `TCP_UDP`, `TLS`, `HTTP` or `HTTPS`.
    pub protocol: String,
    /// Its port.
    pub port: u16,
    /// The ARNs of its certificates, the default one first.
    pub certificates: Vec<String>,
    /// Its default actions, as `DescribeListeners` shows them.
    pub default_actions: Value,
    /// Attributes by key.
    pub attributes: BTreeMap<String, String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedRule {
    /// The listener it belongs to.
    pub listener_arn: String,
    /// Its priority; none for a default rule, which comes last.
    pub priority: Option<u32>,
    /// The whole rule, as `DescribeRules` shows it.
    pub description: Value,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// A target group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedTargetGroup {
    /// Its name.
    pub name: String,
    /// `TCP`, `UDP`, `TCP_UDP`, `TLS`, `HTTP` or `HTTPS`.
    pub protocol: String,
    /// `HTTP1`, `HTTP2` or `GRPC`; none for a group of a network load balancer.
    pub protocol_version: Option<String>,
    /// The port of targets that name none.
    pub port: u16,
    /// The VPC it is in.
    pub vpc_id: String,
    /// `instance`, `ip`, `lambda` or `alb`.
    pub target_type: String,
    /// How it checks its targets, as `DescribeTargetGroups` shows it.
    pub health_check: Value,
    /// The load balancers that forward to it.
    pub load_balancer_arns: Vec<String>,
    /// Its targets, those that drain included, sorted by id and port.
    pub targets: Vec<ObservedTarget>,
    /// Attributes by key.
    pub attributes: BTreeMap<String, String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// A target of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedTarget {
    /// An instance's id, or an address.
    pub id: String,
    /// Its port.
    pub port: u16,
    /// `initial`, `healthy`, `unhealthy`, `unhealthy.draining`, `unused`, `draining` or `unavailable`.
    pub state: String,
    /// The zone it is in, where that is known.
    pub zone: Option<String>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedSecurityGroup {
    /// Its name.
    pub name: String,
    /// The VPC it is in.
    pub vpc_id: String,
    /// The rules for traffic that comes in, sorted.
    pub ingress: Vec<ObservedPermission>,
    /// The rules for traffic that goes out, sorted.
    pub egress: Vec<ObservedPermission>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// One rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedPermission {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or a number.
    pub protocol: String,
    /// First and last port; none where the protocol has none.
    pub ports: Option<(i32, i32)>,
    /// A block of addresses, the id of a security group, or the id of a prefix list.
    pub peer: String,
    /// What its maker says it is for.
    pub description: Option<String>,
}
