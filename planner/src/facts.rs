//! What AWS must be asked, the answers, and the small part of what exists that may influence what is wanted.

mod certificate;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::id::{
    AvailabilityZone, InstanceId, IpAddressType, LoadBalancerArn, NetworkInterfaceId, Scheme, SecurityGroupId,
    SubnetId, TargetGroupArn, VpcId,
};
use crate::model::{IngressRule, Pairs};

pub use certificate::{Candidate, Certificate, candidates};

/// The questions of one decision. Each asks for raw answers; choosing among them is the planner's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// All subnets of the VPC.
    pub subnets: bool,
    /// These subnets, in whatever VPC they are.
    pub subnet_ids: BTreeSet<SubnetId>,
    /// The zones' types (Local Zones and Wavelength Zones are zones of their own kind).
    pub availability_zones: bool,
    /// The route tables of the VPC, unless one of its subnets carries this tag with an empty value or `1`.
    /// (The condition is part of the question because the answer is rarely needed and never small.)
    pub route_tables_unless_tagged: Option<String>,
    /// The VPC itself.
    pub vpc: bool,
    /// The cluster's shared backend security group.
    pub backend_security_group: bool,
    /// These instances with their network interfaces.
    pub instances: BTreeSet<InstanceId>,
    /// The network interfaces that hold these addresses, each with the instance that its pod runs on, where it is known:
    /// an address out of a prefix is found only among that instance's own interfaces.
    pub interfaces_with: BTreeMap<IpAddr, Option<InstanceId>>,
    /// The security groups of what `instances` and `interfaces_with` found: tags and rules.
    pub security_groups_of_interfaces: bool,
    /// These security groups, in whatever VPC they are.
    pub security_group_ids: BTreeSet<SecurityGroupId>,
    /// The VPC's security groups with one of these `Name` tags.
    pub security_group_names: BTreeSet<String>,
    /// The Region's target groups with these names.
    pub target_group_names: BTreeSet<String>,
    /// The certificates of ACM: all of them, whose names are read in full as far as these hosts need it.
    pub certificate_hosts: BTreeSet<String>,
    /// Whether the authorities of those certificates matter.
    pub certificate_authorities: bool,
    /// How many rules a load balancer of this account may have: worth asking for more than everybody may.
    pub rules_allowed: bool,
}

/// The answers. A question that was not asked has an empty answer here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Subnets, by id.
    pub subnets: BTreeMap<SubnetId, Subnet>,
    /// Availability zones, by zone id (`usw2-az1`).
    pub availability_zones: BTreeMap<String, ZoneType>,
    /// Route tables; `None`: not asked, because a subnet carries the role tag.
    pub route_tables: Option<Vec<RouteTable>>,
    /// The VPC.
    pub vpc: Option<Vpc>,
    /// The shared backend security group, when it exists.
    pub backend_security_group: Option<SecurityGroupId>,
    /// Instances, by id. One that is missing was not found.
    pub instances: BTreeMap<InstanceId, Instance>,
    /// Network interfaces, by each address they hold (also through a prefix). One that is missing was not found.
    pub interfaces: BTreeMap<IpAddr, NetworkInterface>,
    /// Security groups, by id. One that is missing was not found.
    pub security_groups: BTreeMap<SecurityGroupId, SecurityGroupFacts>,
    /// Target groups, by name. One that is missing was not found.
    pub target_groups: BTreeMap<String, TargetGroupArn>,
    /// Certificates of ACM, by ARN.
    pub certificates: Vec<Certificate>,
    /// How many rules an Application Load Balancer may have, the default ones not counted.
    pub rules_allowed: Option<usize>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// Its VPC.
    pub vpc: VpcId,
    /// The zone's name.
    pub zone: AvailabilityZone,
    /// The zone's id, the same in every account.
    pub zone_id: String,
    /// The Outpost it is on.
    pub outpost_arn: Option<String>,
    /// Its IPv4 range.
    pub cidr: Option<IpNet>,
    /// Its associated IPv6 ranges.
    pub ipv6_cidrs: Vec<IpNet>,
    /// Addresses that nothing uses.
    pub available_ip_address_count: u32,
    /// Its tags.
    pub tags: Pairs,
}

/// What kind of zone a zone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneType {
    /// An ordinary zone.
    AvailabilityZone,
    /// A Local Zone.
    LocalZone,
    /// A Wavelength Zone.
    WavelengthZone,
    /// Any other, as EC2 spells it.
    Other(String),
}

/// A route table, as far as it tells public subnets from private ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// Whether it is the VPC's main table.
    pub main: bool,
    /// The subnets that are explicitly associated.
    pub subnets: BTreeSet<SubnetId>,
    /// Whether a route leads to an internet gateway.
    pub has_internet_gateway: bool,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Its associated IPv4 ranges, the primary one first.
    pub cidrs: Vec<IpNet>,
    /// Its associated IPv6 ranges.
    pub ipv6_cidrs: Vec<IpNet>,
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its VPC.
    pub vpc: Option<VpcId>,
    /// The interface at device index 0.
    pub primary_interface: Option<NetworkInterface>,
}

/// A network interface, as far as it tells whose security groups guard an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its id.
    pub id: NetworkInterfaceId,
    /// Its security groups.
    pub security_groups: Vec<SecurityGroupId>,
}

/// A security group that is not part of a stack: a worker's or a pod's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroupFacts {
    /// Its tags.
    pub tags: Pairs,
    /// Its ingress rules.
    pub rules: Vec<IngressRule>,
}

/// The part of what exists that may influence what is wanted, because LBC's contract says so
/// (`service-nlb.md` §3.3, §3.5, §3.7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// The stack's load balancer.
    pub load_balancer: Option<LiveLoadBalancer>,
    /// The stack's target groups by resource id, each with the number of rules that lead to it: those of Ingresses that files
    /// do not name, and who had its rules before, when there are too many.
    pub target_groups: BTreeMap<String, usize>,
}

/// The existing load balancer of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveLoadBalancer {
    /// Its ARN.
    pub arn: LoadBalancerArn,
    /// Its name.
    pub name: String,
    /// Its host name.
    pub dns_name: String,
    /// Its scheme.
    pub scheme: Scheme,
    /// Its address type.
    pub ip_address_type: IpAddressType,
    /// Its subnets, in the order of the API.
    pub subnets: Vec<SubnetId>,
    /// Its security groups; one made without any can never have one.
    pub security_groups: Vec<SecurityGroupId>,
    /// The ports of its HTTP listeners that redirect.
    pub redirecting_ports: BTreeSet<u16>,
}
