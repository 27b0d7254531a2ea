//! Answers of EC2 in the shape that the AWS CLI prints.

use aws_sdk_ec2::operation as ec2;
use aws_sdk_ec2::types as of;
use aws_smithy_runtime_api::client::interceptors::context::Output;
use serde_json::{Value, json};

use super::{Element, list, members, object, word};

mod interface;

/// The elements of an answer; `None`: it is of none of these operations.
pub(super) fn elements(output: &Output) -> Option<Vec<Element>> {
    if let Some(answer) = output.downcast_ref::<ec2::describe_subnets::DescribeSubnetsOutput>() {
        return Some(answer.subnets().iter().filter_map(subnet).collect());
    }
    if let Some(answer) = output.downcast_ref::<ec2::describe_availability_zones::DescribeAvailabilityZonesOutput>() {
        return Some(answer.availability_zones().iter().filter_map(zone).collect());
    }
    if let Some(answer) = output.downcast_ref::<ec2::describe_route_tables::DescribeRouteTablesOutput>() {
        return Some(answer.route_tables().iter().filter_map(route_table).collect());
    }
    if let Some(answer) = output.downcast_ref::<ec2::describe_vpcs::DescribeVpcsOutput>() {
        return Some(answer.vpcs().iter().filter_map(vpc).collect());
    }
    if let Some(answer) = output.downcast_ref::<ec2::describe_instances::DescribeInstancesOutput>() {
        let instances = answer.reservations().iter().flat_map(|reservation| reservation.instances());
        return Some(instances.filter_map(interface::instance).collect());
    }
    if let Some(answer) = output.downcast_ref::<ec2::describe_network_interfaces::DescribeNetworkInterfacesOutput>() {
        return Some(answer.network_interfaces().iter().filter_map(interface::network_interface).collect());
    }
    let answer = output.downcast_ref::<ec2::describe_security_groups::DescribeSecurityGroupsOutput>()?;
    Some(answer.security_groups().iter().filter_map(security_group).collect())
}

/// Tags, in AWS's order. A tag may be a key alone.
fn tags(answer: Option<&[of::Tag]>) -> Value {
    list(answer, |tag| json!({ "Key": tag.key, "Value": tag.value().unwrap_or_default() }))
}

fn subnet(answer: &of::Subnet) -> Option<Element> {
    let block = |block: &of::SubnetIpv6CidrBlockAssociation| {
        let state = block.ipv6_cidr_block_state().and_then(|state| state.state());
        object([
            ("AssociationId", json!(block.association_id)),
            ("Ipv6CidrBlock", json!(block.ipv6_cidr_block)),
            ("Ipv6CidrBlockState", in_state(state.map(of::SubnetCidrBlockStateCode::as_str))),
        ])
    };
    let members = members([
        ("SubnetId", json!(answer.subnet_id)),
        ("VpcId", json!(answer.vpc_id)),
        ("State", word(answer.state().map(of::SubnetState::as_str))),
        ("AvailabilityZone", json!(answer.availability_zone)),
        ("AvailabilityZoneId", json!(answer.availability_zone_id)),
        ("CidrBlock", json!(answer.cidr_block)),
        ("AvailableIpAddressCount", json!(answer.available_ip_address_count)),
        ("Ipv6CidrBlockAssociationSet", list(answer.ipv6_cidr_block_association_set.as_deref(), block)),
        ("Ipv6Native", json!(answer.ipv6_native)),
        ("AssignIpv6AddressOnCreation", json!(answer.assign_ipv6_address_on_creation)),
        ("DefaultForAz", json!(answer.default_for_az)),
        ("MapPublicIpOnLaunch", json!(answer.map_public_ip_on_launch)),
        ("OutpostArn", json!(answer.outpost_arn)),
        ("SubnetArn", json!(answer.subnet_arn)),
        ("OwnerId", json!(answer.owner_id)),
        ("Tags", tags(answer.tags.as_deref())),
    ]);
    Some(Element { list: "subnets", id: answer.subnet_id.clone()?, members })
}

fn zone(answer: &of::AvailabilityZone) -> Option<Element> {
    let members = members([
        ("ZoneName", json!(answer.zone_name)),
        ("ZoneId", json!(answer.zone_id)),
        ("ZoneType", json!(answer.zone_type)),
        ("State", word(answer.state().map(of::AvailabilityZoneState::as_str))),
        ("RegionName", json!(answer.region_name)),
        ("OptInStatus", word(answer.opt_in_status().map(of::AvailabilityZoneOptInStatus::as_str))),
        ("GroupName", json!(answer.group_name)),
        ("NetworkBorderGroup", json!(answer.network_border_group)),
        ("ParentZoneId", json!(answer.parent_zone_id)),
        ("ParentZoneName", json!(answer.parent_zone_name)),
    ]);
    Some(Element { list: "availabilityZones", id: answer.zone_name.clone()?, members })
}

fn route_table(answer: &of::RouteTable) -> Option<Element> {
    let association = |found: &of::RouteTableAssociation| {
        let state = found.association_state().and_then(|state| state.state());
        object([
            ("Main", json!(found.main)),
            ("RouteTableAssociationId", json!(found.route_table_association_id)),
            ("RouteTableId", json!(found.route_table_id)),
            ("SubnetId", json!(found.subnet_id)),
            ("GatewayId", json!(found.gateway_id)),
            ("AssociationState", in_state(state.map(of::RouteTableAssociationStateCode::as_str))),
        ])
    };
    let members = members([
        ("RouteTableId", json!(answer.route_table_id)),
        ("VpcId", json!(answer.vpc_id)),
        ("OwnerId", json!(answer.owner_id)),
        ("Associations", list(answer.associations.as_deref(), association)),
        ("Routes", list(answer.routes.as_deref(), route)),
        ("Tags", tags(answer.tags.as_deref())),
    ]);
    Some(Element { list: "routeTables", id: answer.route_table_id.clone()?, members })
}

fn route(answer: &of::Route) -> Value {
    object([
        ("DestinationCidrBlock", json!(answer.destination_cidr_block)),
        ("DestinationIpv6CidrBlock", json!(answer.destination_ipv6_cidr_block)),
        ("DestinationPrefixListId", json!(answer.destination_prefix_list_id)),
        ("CarrierGatewayId", json!(answer.carrier_gateway_id)),
        ("CoreNetworkArn", json!(answer.core_network_arn)),
        ("EgressOnlyInternetGatewayId", json!(answer.egress_only_internet_gateway_id)),
        ("GatewayId", json!(answer.gateway_id)),
        ("InstanceId", json!(answer.instance_id)),
        ("LocalGatewayId", json!(answer.local_gateway_id)),
        ("NatGatewayId", json!(answer.nat_gateway_id)),
        ("NetworkInterfaceId", json!(answer.network_interface_id)),
        ("TransitGatewayId", json!(answer.transit_gateway_id)),
        ("VpcPeeringConnectionId", json!(answer.vpc_peering_connection_id)),
        ("Origin", word(answer.origin().map(of::RouteOrigin::as_str))),
        ("State", word(answer.state().map(of::RouteState::as_str))),
    ])
}

fn vpc(answer: &of::Vpc) -> Option<Element> {
    let state = |state: Option<&of::VpcCidrBlockState>| {
        in_state(state.and_then(|state| state.state()).map(of::VpcCidrBlockStateCode::as_str))
    };
    let ipv4 = |block: &of::VpcCidrBlockAssociation| {
        object([
            ("AssociationId", json!(block.association_id)),
            ("CidrBlock", json!(block.cidr_block)),
            ("CidrBlockState", state(block.cidr_block_state())),
        ])
    };
    let ipv6 = |block: &of::VpcIpv6CidrBlockAssociation| {
        object([
            ("AssociationId", json!(block.association_id)),
            ("Ipv6CidrBlock", json!(block.ipv6_cidr_block)),
            ("Ipv6CidrBlockState", state(block.ipv6_cidr_block_state())),
        ])
    };
    let members = members([
        ("VpcId", json!(answer.vpc_id)),
        ("State", word(answer.state().map(of::VpcState::as_str))),
        ("CidrBlock", json!(answer.cidr_block)),
        ("CidrBlockAssociationSet", list(answer.cidr_block_association_set.as_deref(), ipv4)),
        ("Ipv6CidrBlockAssociationSet", list(answer.ipv6_cidr_block_association_set.as_deref(), ipv6)),
        ("IsDefault", json!(answer.is_default)),
        ("OwnerId", json!(answer.owner_id)),
        ("Tags", tags(answer.tags.as_deref())),
    ]);
    Some(Element { list: "vpcs", id: answer.vpc_id.clone()?, members })
}

fn security_group(answer: &of::SecurityGroup) -> Option<Element> {
    let members = members([
        ("GroupId", json!(answer.group_id)),
        ("GroupName", json!(answer.group_name)),
        ("Description", json!(answer.description)),
        ("VpcId", json!(answer.vpc_id)),
        ("OwnerId", json!(answer.owner_id)),
        ("SecurityGroupArn", json!(answer.security_group_arn)),
        // Left out they would mean what AWS gives a new group.
        ("IpPermissions", answer.ip_permissions().iter().map(permission).collect()),
        ("IpPermissionsEgress", answer.ip_permissions_egress().iter().map(permission).collect()),
        ("Tags", tags(answer.tags.as_deref())),
    ]);
    Some(Element { list: "securityGroups", id: answer.group_id.clone()?, members })
}

fn permission(answer: &of::IpPermission) -> Value {
    let pair = |pair: &of::UserIdGroupPair| {
        object([
            ("GroupId", json!(pair.group_id)),
            ("UserId", json!(pair.user_id)),
            ("Description", json!(pair.description)),
            ("GroupName", json!(pair.group_name)),
            ("VpcId", json!(pair.vpc_id)),
            ("VpcPeeringConnectionId", json!(pair.vpc_peering_connection_id)),
            ("PeeringStatus", json!(pair.peering_status)),
        ])
    };
    let ipv4 =
        |range: &of::IpRange| object([("CidrIp", json!(range.cidr_ip)), ("Description", json!(range.description))]);
    let ipv6 = |range: &of::Ipv6Range| {
        object([("CidrIpv6", json!(range.cidr_ipv6)), ("Description", json!(range.description))])
    };
    let prefix_list = |list: &of::PrefixListId| {
        object([("PrefixListId", json!(list.prefix_list_id)), ("Description", json!(list.description))])
    };
    object([
        ("IpProtocol", json!(answer.ip_protocol)),
        ("FromPort", json!(answer.from_port)),
        ("ToPort", json!(answer.to_port)),
        ("UserIdGroupPairs", list(answer.user_id_group_pairs.as_deref(), pair)),
        ("IpRanges", list(answer.ip_ranges.as_deref(), ipv4)),
        ("Ipv6Ranges", list(answer.ipv6_ranges.as_deref(), ipv6)),
        ("PrefixListIds", list(answer.prefix_list_ids.as_deref(), prefix_list)),
    ])
}

/// The state of what is associated with something.
fn in_state(state: Option<&str>) -> Value {
    state.map_or(Value::Null, |state| json!({ "State": state }))
}
