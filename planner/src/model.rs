//! The values that AWS resources are made of; what is wanted and what is there use the same ones.

mod action;
mod condition;
pub(crate) mod pattern;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;
use serde::ser::SerializeStruct as _;

use crate::id::{
    AvailabilityZone, HealthCheckProtocol, InstanceId, IpProtocol, Knowable, ObjectName, Protocol, Ref,
    SecurityGroupId, SubnetId, TargetGroupArn, TargetIpAddressType, TargetType, VpcId,
};

pub(crate) use action::serialize_actions;
pub use action::{Action, FixedResponse, Forward, Redirect, Stickiness, TargetGroupTuple, same_actions};
pub use condition::{Condition, Patterns, QueryParameter, canonical_conditions, same_conditions};

/// Tags, or attributes: keys with their values, in the order of the keys.
pub type Pairs = BTreeMap<String, String>;

/// The health check of a target group, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// How targets are asked.
    pub protocol: HealthCheckProtocol,
    /// Where targets are asked.
    pub port: HealthCheckPort,
    /// The path asked for; HTTP and HTTPS only.
    pub path: Option<String>,
    /// The codes of a healthy answer; HTTP and HTTPS only.
    pub matcher: Option<Matcher>,
    /// Seconds between two checks, 5 to 300.
    pub interval: u16,
    /// Seconds until a check counts as failed, 2 to 120.
    pub timeout: u16,
    /// Checks that must pass, 2 to 10.
    pub healthy_threshold: u16,
    /// Checks that must fail, 2 to 10.
    pub unhealthy_threshold: u16,
}

/// The codes of a healthy answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Matcher {
    /// Status codes of HTTP: `200`, `200,202` or `200-399`.
    #[serde(rename = "HttpCode")]
    Http(String),
    /// Codes of gRPC, in the same ways.
    #[serde(rename = "GrpcCode")]
    Grpc(String),
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(codes) | Self::Grpc(codes) => f.write_str(codes),
        }
    }
}

/// The port that health checks ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthCheckPort {
    /// The port that receives the traffic.
    TrafficPort,
    /// A port of its own.
    Port(Knowable<u16>),
}

impl fmt::Display for HealthCheckPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrafficPort => f.write_str("traffic-port"),
            Self::Port(port) => port.fmt(f),
        }
    }
}

impl Serialize for HealthCheckPort {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // AWS takes and gives the port as text.
            Self::TrafficPort | Self::Port(Knowable::Known(_)) => serializer.collect_str(self),
            Self::Port(unknown) => unknown.serialize(serializer),
        }
    }
}

/// Where a security group's rule lets traffic come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Addresses, IPv4 or IPv6.
    Cidr(IpNet),
    /// Whatever carries this security group.
    SecurityGroup(Ref<SecurityGroupId>),
    /// A managed prefix list, `pl-…`.
    PrefixList(String),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(cidr) => cidr.fmt(f),
            Self::SecurityGroup(Ref::Known(group)) => group.fmt(f),
            Self::SecurityGroup(Ref::Made(key)) => f.write_str(&key.id),
            Self::PrefixList(list) => f.write_str(list),
        }
    }
}

/// The protocol of a rule as EC2 has it: also ones that we never write (`icmp`, `-1` for all, numbers).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleProtocol {
    /// TCP or UDP.
    Ip(IpProtocol),
    /// Anything else, as EC2 spells it.
    Other(String),
}

impl fmt::Display for RuleProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(protocol) => protocol.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// One ingress rule of a security group: one protocol, one span of ports, one peer.
///
/// EC2's identity of a rule is the first four fields; the description is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IngressRule {
    /// The protocol.
    pub protocol: RuleProtocol,
    /// The lowest port; -1 where the protocol has none.
    pub from_port: Knowable<i32>,
    /// The highest port; -1 where the protocol has none.
    pub to_port: Knowable<i32>,
    /// Where traffic may come from.
    pub peer: Peer,
    /// The rule's description; empty when it has none.
    pub description: String,
}

impl IngressRule {
    /// Whether EC2 takes both for one rule.
    pub fn is_same_rule(&self, other: &Self) -> bool {
        let Self { protocol, from_port, to_port, peer, description: _ } = self;
        (protocol, from_port, to_port, peer) == (&other.protocol, &other.from_port, &other.to_port, &other.peer)
    }

    /// Whether everything that `other` lets in is let in by this rule too.
    pub fn covers(&self, other: &Self) -> bool {
        self.protocol == other.protocol
            && self.peer == other.peer
            && match (self.from_port.known(), self.to_port.known(), other.from_port.known(), other.to_port.known()) {
                (Some(from), Some(to), Some(other_from), Some(other_to)) => from <= other_from && other_to <= to,
                _ => self.from_port == other.from_port && self.to_port == other.to_port,
            }
    }
}

/// One entry of EC2's `IpPermissions`, as requests carry it.
impl Serialize for IngressRule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut permission = serializer.serialize_struct("IpPermission", 4)?;
        permission.serialize_field("IpProtocol", &self.protocol.to_string())?;
        permission.serialize_field("FromPort", &self.from_port)?;
        permission.serialize_field("ToPort", &self.to_port)?;
        let (list, key, value) = match &self.peer {
            Peer::Cidr(cidr @ IpNet::V4(_)) => ("IpRanges", "CidrIp", serde_json::json!(cidr.to_string())),
            Peer::Cidr(cidr @ IpNet::V6(_)) => ("Ipv6Ranges", "CidrIpv6", serde_json::json!(cidr.to_string())),
            Peer::SecurityGroup(group) => ("UserIdGroupPairs", "GroupId", serde_json::json!(group)),
            Peer::PrefixList(list) => ("PrefixListIds", "PrefixListId", serde_json::json!(list)),
        };
        let mut range = serde_json::Map::new();
        range.insert(key.to_owned(), value);
        if !self.description.is_empty() {
            range.insert("Description".to_owned(), self.description.clone().into());
        }
        permission.serialize_field(list, &[range])?;
        permission.end()
    }
}

/// One subnet of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SubnetMapping {
    /// The subnet.
    pub subnet_id: SubnetId,
}

/// One target of a target group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The instance or the address.
    pub id: TargetId,
    /// The port that receives the traffic.
    pub port: u16,
    /// `all` for an address outside the VPC; AWS finds the zone of others itself.
    pub availability_zone: Option<AvailabilityZone>,
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = 2 + usize::from(self.availability_zone.is_some());
        let mut target = serializer.serialize_struct("TargetDescription", fields)?;
        target.serialize_field("Id", &self.id.to_string())?;
        target.serialize_field("Port", &self.port)?;
        if let Some(zone) = &self.availability_zone {
            target.serialize_field("AvailabilityZone", zone)?;
        }
        target.end()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            TargetId::Ip(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            id => write!(f, "{id}:{}", self.port),
        }
    }
}

/// What a target is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetId {
    /// An instance.
    Instance(InstanceId),
    /// An address.
    Ip(IpAddr),
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(id) => id.fmt(f),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// A port of a Service or a pod, by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortRef {
    /// By number.
    Number(Knowable<u16>),
    /// By name.
    Name(String),
}

impl Serialize for PortRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(port) => port.serialize(serializer),
            Self::Name(name) => serializer.serialize_str(name),
        }
    }
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(port) => port.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// What a TargetGroupBinding says, generated or hand-made: which Service port's endpoints a target group holds,
/// and who may reach them.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// Namespace and name of the object.
    pub name: ObjectName,
    /// The labels that are ours: the stack of a generated one; empty for a hand-made one.
    pub labels: Pairs,
    /// The target group.
    pub target_group: Ref<TargetGroupArn>,
    /// What its targets are.
    pub target_type: TargetType,
    /// Its protocol; a hand-made object may leave it open.
    pub protocol: Option<Protocol>,
    /// The Service, in the object's own namespace.
    pub service: String,
    /// The Service's port.
    pub port: PortRef,
    /// The family of the targets' addresses.
    pub ip_address_type: TargetIpAddressType,
    /// The VPC; a hand-made object may leave it open.
    pub vpc: Option<VpcId>,
    /// Labels that a node must carry to be a target (instance targets).
    pub node_selector: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector>,
    /// Who may reach the targets; `None`: their security groups are not ours to manage.
    pub networking: Option<Vec<NetworkingRule>>,
    /// Whether the target group also holds targets of other clusters, which are then left alone.
    pub multi_cluster: bool,
}

/// Who may reach a binding's targets, on which ports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkingRule {
    /// Any of these.
    pub from: Vec<Peer>,
    /// On these ports; none means every TCP port (as the CRD says).
    pub ports: Vec<NetworkingPort>,
}

/// One port of a binding's networking rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkingPort {
    /// TCP or UDP.
    pub protocol: IpProtocol,
    /// `None`: every port.
    pub port: Option<PortRef>,
}
