//! Subnets, zones, route tables, VPCs, instances, interfaces and security groups out of the SDK's types.

use std::collections::BTreeSet;
use std::net::IpAddr;

use aws_sdk_ec2::types as ec2;
use ipnet::IpNet;
use northgate_planner::actual::ActualSecurityGroup;
use northgate_planner::facts::{Instance, NetworkInterface, RouteTable, SecurityGroupFacts, Subnet, Vpc, ZoneType};
use northgate_planner::id::{
    AccountId, AvailabilityZone, InstanceId, Knowable, NetworkInterfaceId, Ref, SecurityGroupId, SubnetId, VpcId,
};
use northgate_planner::model::{IngressRule, Pairs, Peer, RuleProtocol};

use super::Members;
use crate::aws::error::AwsError;

/// A range that is being taken away still stands in the answers, but nothing can use it.
const ASSOCIATED: &str = "associated";
/// The port of a rule whose protocol has none; EC2 leaves it out.
const NO_PORT: i32 = -1;

/// A subnet.
pub(in crate::aws) fn subnet(answer: &ec2::Subnet) -> Result<Subnet, AwsError> {
    let members = Members::with_id("subnet", "SubnetId", answer.subnet_id())?;
    let associated = answer.ipv6_cidr_block_association_set().iter().filter(|block| {
        let state = block.ipv6_cidr_block_state().and_then(|state| state.state());
        state.is_some_and(|state| state.as_str() == ASSOCIATED)
    });
    Ok(Subnet {
        id: SubnetId::new(members.resource),
        vpc: VpcId::new(members.text("VpcId", answer.vpc_id())?),
        zone: AvailabilityZone::new(members.text("AvailabilityZone", answer.availability_zone())?),
        zone_id: members.text("AvailabilityZoneId", answer.availability_zone_id())?,
        outpost_arn: answer.outpost_arn().map(str::to_owned),
        // A subnet for IPv6 alone has none.
        cidr: answer.cidr_block().map(|cidr| members.parsed("CidrBlock", Some(cidr))).transpose()?,
        ipv6_cidrs: associated
            .map(|block| members.parsed("Ipv6CidrBlock", block.ipv6_cidr_block()))
            .collect::<Result<_, _>>()?,
        available_ip_address_count: members.number("AvailableIpAddressCount", answer.available_ip_address_count())?,
        tags: tags(&members, answer.tags())?,
    })
}

/// A zone's id and type.
pub(in crate::aws) fn zone(answer: &ec2::AvailabilityZone) -> Result<(String, ZoneType), AwsError> {
    let members = Members::with_id("zone", "ZoneId", answer.zone_id())?;
    let zone_type = match members.required("ZoneType", answer.zone_type())? {
        "availability-zone" => ZoneType::AvailabilityZone,
        "local-zone" => ZoneType::LocalZone,
        "wavelength-zone" => ZoneType::WavelengthZone,
        other => ZoneType::Other(other.to_owned()),
    };
    Ok((members.resource.to_owned(), zone_type))
}

/// A route table, as far as it tells public subnets from private ones.
pub(in crate::aws) fn route_table(answer: &ec2::RouteTable) -> RouteTable {
    let associations = answer.associations().iter();
    RouteTable {
        main: answer.associations().iter().any(|association| association.main() == Some(true)),
        subnets: associations.filter_map(|association| association.subnet_id().map(SubnetId::new)).collect(),
        has_internet_gateway: answer
            .routes()
            .iter()
            .any(|route| route.gateway_id().is_some_and(|gateway| gateway.starts_with("igw-"))),
    }
}

/// A VPC with its associated ranges, the primary one first.
pub(in crate::aws) fn vpc(answer: &ec2::Vpc) -> Result<Vpc, AwsError> {
    let members = Members::with_id("VPC", "VpcId", answer.vpc_id())?;
    let is_associated = |state: Option<&ec2::VpcCidrBlockState>| {
        state.and_then(|state| state.state()).is_some_and(|state| state.as_str() == ASSOCIATED)
    };
    let primary: IpNet = members.parsed("CidrBlock", answer.cidr_block())?;
    let mut cidrs = vec![primary];
    for block in answer.cidr_block_association_set() {
        let cidr = members.parsed("CidrBlockAssociationSet.CidrBlock", block.cidr_block())?;
        if is_associated(block.cidr_block_state()) && cidr != primary {
            cidrs.push(cidr);
        }
    }
    let ipv6 = answer.ipv6_cidr_block_association_set().iter();
    let ipv6_cidrs = ipv6
        .filter(|block| is_associated(block.ipv6_cidr_block_state()))
        .map(|block| members.parsed("Ipv6CidrBlock", block.ipv6_cidr_block()))
        .collect::<Result<_, _>>()?;
    Ok(Vpc { cidrs, ipv6_cidrs })
}

/// The account that a VPC belongs to; the cluster's may be another one when its subnets are shared.
pub(in crate::aws) fn vpc_owner(answer: &ec2::Vpc) -> Result<AccountId, AwsError> {
    let members = Members::with_id("VPC", "VpcId", answer.vpc_id())?;
    members.text("OwnerId", answer.owner_id()).map(AccountId::new)
}

/// An instance with every interface it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::aws) struct FoundInstance {
    pub(in crate::aws) instance: Instance,
    pub(in crate::aws) interfaces: Vec<FoundInterface>,
}

/// A network interface with the addresses that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::aws) struct FoundInterface {
    pub(in crate::aws) interface: NetworkInterface,
    addresses: BTreeSet<IpAddr>,
    prefixes: Vec<IpNet>,
}

impl FoundInterface {
    /// Whether the address is one of its own or inside one of its prefixes.
    pub(in crate::aws) fn holds(&self, address: &IpAddr) -> bool {
        self.addresses.contains(address) || self.prefixes.iter().any(|prefix| prefix.contains(address))
    }
}

/// An instance. One that has been terminated still stands in the answers for an hour, without VPC and interfaces.
pub(in crate::aws) fn instance(answer: &ec2::Instance) -> Result<(InstanceId, FoundInstance), AwsError> {
    let members = Members::with_id("instance", "InstanceId", answer.instance_id())?;
    let mut interfaces = Vec::new();
    let mut primary_interface = None;
    for found in answer.network_interfaces() {
        let interface = instance_interface(found)?;
        let index = found.attachment().and_then(|attachment| attachment.device_index());
        if members.required("NetworkInterfaces.Attachment.DeviceIndex", index)? == 0 {
            primary_interface = Some(interface.interface.clone());
        }
        interfaces.push(interface);
    }
    let instance = Instance { vpc: answer.vpc_id().map(VpcId::new), primary_interface };
    Ok((InstanceId::new(members.resource), FoundInstance { instance, interfaces }))
}

fn instance_interface(answer: &ec2::InstanceNetworkInterface) -> Result<FoundInterface, AwsError> {
    let members = Members::with_id("network interface", "NetworkInterfaceId", answer.network_interface_id())?;
    let addresses = answer.private_ip_addresses().iter().map(|own| own.private_ip_address());
    let ipv6 = answer.ipv6_addresses().iter().map(|own| own.ipv6_address());
    let prefixes = answer.ipv4_prefixes().iter().map(|own| own.ipv4_prefix());
    let ipv6_prefixes = answer.ipv6_prefixes().iter().map(|own| own.ipv6_prefix());
    found_interface(&members, answer.groups(), addresses.chain(ipv6), prefixes.chain(ipv6_prefixes))
}

/// A network interface that was asked for by an address.
pub(in crate::aws) fn network_interface(answer: &ec2::NetworkInterface) -> Result<FoundInterface, AwsError> {
    let members = Members::with_id("network interface", "NetworkInterfaceId", answer.network_interface_id())?;
    let addresses = answer.private_ip_addresses().iter().map(|own| own.private_ip_address());
    let ipv6 = answer.ipv6_addresses().iter().map(|own| own.ipv6_address());
    let prefixes = answer.ipv4_prefixes().iter().map(|own| own.ipv4_prefix());
    let ipv6_prefixes = answer.ipv6_prefixes().iter().map(|own| own.ipv6_prefix());
    found_interface(&members, answer.groups(), addresses.chain(ipv6), prefixes.chain(ipv6_prefixes))
}

fn found_interface<'a>(
    members: &Members<'_>,
    groups: &[ec2::GroupIdentifier],
    addresses: impl Iterator<Item = Option<&'a str>>,
    prefixes: impl Iterator<Item = Option<&'a str>>,
) -> Result<FoundInterface, AwsError> {
    let groups = groups.iter().map(|group| members.text("Groups.GroupId", group.group_id()).map(SecurityGroupId::new));
    Ok(FoundInterface {
        interface: NetworkInterface {
            id: NetworkInterfaceId::new(members.resource),
            security_groups: groups.collect::<Result<_, _>>()?,
        },
        addresses: addresses.map(|text| members.parsed("PrivateIpAddress", text)).collect::<Result<_, _>>()?,
        prefixes: prefixes.map(|text| members.parsed("Prefix", text)).collect::<Result<_, _>>()?,
    })
}

/// The id of a security group.
pub(in crate::aws) fn security_group_id(answer: &ec2::SecurityGroup) -> Result<SecurityGroupId, AwsError> {
    Members::of("security group").text("GroupId", answer.group_id()).map(SecurityGroupId::new)
}

/// A security group that carries our tags.
pub(in crate::aws) fn security_group(answer: &ec2::SecurityGroup) -> Result<ActualSecurityGroup, AwsError> {
    let members = Members::with_id("security group", "GroupId", answer.group_id())?;
    Ok(ActualSecurityGroup {
        id: SecurityGroupId::new(members.resource),
        name: members.text("GroupName", answer.group_name())?,
        rules: ingress_rules(&members, answer.ip_permissions())?,
        tags: tags(&members, answer.tags())?,
    })
}

/// A worker's or a pod's security group.
pub(in crate::aws) fn security_group_facts(
    answer: &ec2::SecurityGroup,
) -> Result<(SecurityGroupId, SecurityGroupFacts), AwsError> {
    let ActualSecurityGroup { id, name: _, rules, tags } = security_group(answer)?;
    Ok((id, SecurityGroupFacts { tags, rules }))
}

fn tags(members: &Members<'_>, answer: &[ec2::Tag]) -> Result<Pairs, AwsError> {
    // A tag may be a key alone.
    members.pairs(answer.iter().map(|tag| (tag.key(), Some(tag.value().unwrap_or_default()))))
}

/// One rule per range: EC2 groups ranges of one protocol and span into one permission.
fn ingress_rules(members: &Members<'_>, permissions: &[ec2::IpPermission]) -> Result<Vec<IngressRule>, AwsError> {
    let mut rules = Vec::new();
    for permission in permissions {
        let (protocol, from_port, to_port) = protocol_and_span(members, permission)?;
        let rule = |peer, description: Option<&str>| IngressRule {
            protocol: protocol.clone(),
            from_port: Knowable::Known(from_port),
            to_port: Knowable::Known(to_port),
            peer,
            description: description.unwrap_or_default().to_owned(),
        };
        for range in permission.ip_ranges() {
            rules.push(rule(Peer::Cidr(members.parsed("CidrIp", range.cidr_ip())?), range.description()));
        }
        for range in permission.ipv6_ranges() {
            rules.push(rule(Peer::Cidr(members.parsed("CidrIpv6", range.cidr_ipv6())?), range.description()));
        }
        for list in permission.prefix_list_ids() {
            let id = members.text("PrefixListId", list.prefix_list_id())?;
            rules.push(rule(Peer::PrefixList(id), list.description()));
        }
        for pair in permission.user_id_group_pairs() {
            let id = members.text("UserIdGroupPairs.GroupId", pair.group_id()).map(SecurityGroupId::new)?;
            rules.push(rule(Peer::SecurityGroup(Ref::Known(id)), pair.description()));
        }
    }
    rules.sort();
    Ok(rules)
}

fn protocol_and_span(
    members: &Members<'_>,
    permission: &ec2::IpPermission,
) -> Result<(RuleProtocol, i32, i32), AwsError> {
    let protocol = members.required("IpPermissions.IpProtocol", permission.ip_protocol())?;
    let (from, to) = (permission.from_port(), permission.to_port());
    Ok(match protocol.parse() {
        Ok(protocol) => {
            (RuleProtocol::Ip(protocol), members.required("FromPort", from)?, members.required("ToPort", to)?)
        }
        Err(_) => (RuleProtocol::Other(protocol.to_owned()), from.unwrap_or(NO_PORT), to.unwrap_or(NO_PORT)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(protocol: &str) -> ec2::builders::IpPermissionBuilder {
        ec2::IpPermission::builder().ip_protocol(protocol)
    }

    fn group(permission: ec2::builders::IpPermissionBuilder) -> ec2::SecurityGroup {
        let tag = ec2::Tag::builder().key("alone").build();
        let group = ec2::SecurityGroup::builder().group_id("sg-1").group_name("nodes").tags(tag);
        group.ip_permissions(permission.build()).build()
    }

    fn cidr(text: &str) -> ec2::IpRange {
        ec2::IpRange::builder().cidr_ip(text).description("why").build()
    }

    #[test]
    fn every_range_of_a_permission_is_a_rule() {
        let permission = permission("tcp").from_port(80).to_port(90);
        let permission = permission.ip_ranges(cidr("10.0.0.0/8")).ip_ranges(cidr("192.0.2.0/24"));
        let permission = permission.ipv6_ranges(ec2::Ipv6Range::builder().cidr_ipv6("2001:db8::/32").build());
        let permission = permission.prefix_list_ids(ec2::PrefixListId::builder().prefix_list_id("pl-1").build());
        let pair = ec2::UserIdGroupPair::builder().user_id("111122223333").group_id("sg-2").build();
        let (id, facts) = security_group_facts(&group(permission.user_id_group_pairs(pair))).unwrap();
        assert_eq!((id.as_str(), facts.tags["alone"].as_str()), ("sg-1", ""));
        let rules = facts.rules.iter().map(|rule| {
            format!("{} {}-{} {} {:?}", rule.protocol, rule.from_port, rule.to_port, rule.peer, rule.description)
        });
        assert_eq!(
            rules.collect::<Vec<_>>(),
            [
                "tcp 80-90 10.0.0.0/8 \"why\"",
                "tcp 80-90 192.0.2.0/24 \"why\"",
                "tcp 80-90 2001:db8::/32 \"\"",
                "tcp 80-90 sg-2 \"\"",
                "tcp 80-90 pl-1 \"\"",
            ]
        );
    }

    #[test]
    fn a_protocol_without_ports_has_none() {
        for (protocol, expected) in [("-1", "-1"), ("icmp", "icmp"), ("50", "50")] {
            let found = security_group(&group(permission(protocol).ip_ranges(cidr("10.0.0.0/8")))).unwrap();
            assert_eq!(found.rules[0].protocol, RuleProtocol::Other(expected.to_owned()));
            assert_eq!((found.rules[0].from_port.known(), found.rules[0].to_port.known()), (Some(-1), Some(-1)));
        }
    }

    #[test]
    fn a_rule_that_cannot_be_understood_is_named_with_the_member() {
        let tcp = || permission("tcp").from_port(80).to_port(80);
        for (permission, message) in [
            (ec2::IpPermission::builder(), "IpPermissions.IpProtocol is missing"),
            (permission("tcp").ip_ranges(cidr("10.0.0.0/8")), "FromPort is missing"),
            (tcp().ip_ranges(cidr("10.0.0.0")), "CidrIp has the unknown value \"10.0.0.0\""),
            (tcp().ip_ranges(ec2::IpRange::builder().build()), "CidrIp is missing"),
            (tcp().user_id_group_pairs(ec2::UserIdGroupPair::builder().build()), "UserIdGroupPairs.GroupId is missing"),
        ] {
            let error = security_group(&group(permission)).unwrap_err().to_string();
            assert_eq!(error.find(message), Some("sg-1: ".len()), "{error} instead of {message}");
        }
    }

    #[test]
    fn a_subnet_for_ipv6_alone_has_no_other_range_and_only_associated_ones() {
        let block = |cidr: &str, state: &str| {
            let state = ec2::SubnetCidrBlockState::builder().state(state.into()).build();
            ec2::SubnetIpv6CidrBlockAssociation::builder().ipv6_cidr_block(cidr).ipv6_cidr_block_state(state).build()
        };
        let found = ec2::Subnet::builder()
            .subnet_id("subnet-a")
            .vpc_id("vpc-1")
            .availability_zone("us-west-2a")
            .availability_zone_id("usw2-az1")
            .available_ip_address_count(0)
            .ipv6_cidr_block_association_set(block("2001:db8:1::/64", "associated"))
            .ipv6_cidr_block_association_set(block("2001:db8:2::/64", "disassociated"));
        let subnet = subnet(&found.clone().build()).unwrap();
        assert_eq!((subnet.cidr, subnet.ipv6_cidrs), (None, vec!["2001:db8:1::/64".parse().unwrap()]));
        let error = super::subnet(&found.set_availability_zone_id(None).build()).unwrap_err();
        assert_eq!(error.to_string(), "subnet-a: AvailabilityZoneId is missing in AWS's answer");
    }

    #[test]
    fn a_vpc_has_its_associated_ranges_with_the_primary_one_first() {
        let state = |code: &str| ec2::VpcCidrBlockState::builder().state(code.into()).build();
        let block = |cidr: &str, code: &str| {
            ec2::VpcCidrBlockAssociation::builder().cidr_block(cidr).cidr_block_state(state(code)).build()
        };
        let ipv6 = |cidr: &str, code: &str| {
            ec2::VpcIpv6CidrBlockAssociation::builder().ipv6_cidr_block(cidr).ipv6_cidr_block_state(state(code)).build()
        };
        let found = ec2::Vpc::builder()
            .vpc_id("vpc-1")
            .owner_id("111122223333")
            .cidr_block("10.1.0.0/16")
            .cidr_block_association_set(block("10.0.0.0/16", "associated"))
            .cidr_block_association_set(block("10.1.0.0/16", "associated"))
            .cidr_block_association_set(block("10.2.0.0/16", "disassociating"))
            .ipv6_cidr_block_association_set(ipv6("2001:db8::/56", "associated"))
            .ipv6_cidr_block_association_set(ipv6("2001:db8:f::/56", "failed"))
            .build();
        let ranges = vpc(&found).unwrap();
        assert_eq!(ranges.cidrs, ["10.1.0.0/16", "10.0.0.0/16"].map(|text| text.parse().unwrap()));
        assert_eq!(ranges.ipv6_cidrs, ["2001:db8::/56".parse::<IpNet>().unwrap()]);
        assert_eq!(vpc_owner(&found).unwrap().as_str(), "111122223333");
    }

    #[test]
    fn zones_are_of_a_known_type_or_named_as_ec2_does() {
        for (found, expected) in [
            ("availability-zone", ZoneType::AvailabilityZone),
            ("local-zone", ZoneType::LocalZone),
            ("wavelength-zone", ZoneType::WavelengthZone),
            ("moon-zone", ZoneType::Other("moon-zone".to_owned())),
        ] {
            let found = ec2::AvailabilityZone::builder().zone_id("usw2-az1").zone_type(found).build();
            assert_eq!(zone(&found).unwrap(), ("usw2-az1".to_owned(), expected));
        }
        assert!(zone(&ec2::AvailabilityZone::builder().zone_id("usw2-az1").build()).is_err());
    }
}
