//! Instances and network interfaces.

use aws_sdk_ec2::types as of;
use serde_json::{Value, json};

use super::tags;
use crate::aws::record::{Element, list, members, object, word};

/// An instance, as far as a description models it.
pub(super) fn instance(answer: &of::Instance) -> Option<Element> {
    let launched = answer.launch_time().and_then(|time| time.fmt(aws_smithy_types::date_time::Format::DateTime).ok());
    let placement = |placement: &of::Placement| {
        object([
            ("AvailabilityZone", json!(placement.availability_zone)),
            ("AvailabilityZoneId", json!(placement.availability_zone_id)),
            ("Tenancy", word(placement.tenancy().map(of::Tenancy::as_str))),
        ])
    };
    let state = |state: &of::InstanceState| json!({ "Name": state.name().map(of::InstanceStateName::as_str) });
    let members = members([
        ("InstanceId", json!(answer.instance_id)),
        ("State", answer.state().map_or(Value::Null, state)),
        ("ImageId", json!(answer.image_id)),
        ("InstanceType", word(answer.instance_type().map(of::InstanceType::as_str))),
        ("LaunchTime", json!(launched)),
        ("PrivateDnsName", json!(answer.private_dns_name)),
        ("PrivateIpAddress", json!(answer.private_ip_address)),
        ("PublicDnsName", json!(answer.public_dns_name)),
        ("PublicIpAddress", json!(answer.public_ip_address)),
        ("Ipv6Address", json!(answer.ipv6_address)),
        ("SubnetId", json!(answer.subnet_id)),
        ("VpcId", json!(answer.vpc_id)),
        ("Placement", answer.placement().map_or(Value::Null, placement)),
        ("SecurityGroups", list(answer.security_groups.as_deref(), group)),
        ("NetworkInterfaces", list(answer.network_interfaces.as_deref(), interface_of_instance)),
        ("Tags", tags(answer.tags.as_deref())),
    ]);
    Some(Element { list: "instances", id: answer.instance_id.clone()?, members })
}

fn group(answer: &of::GroupIdentifier) -> Value {
    object([("GroupId", json!(answer.group_id)), ("GroupName", json!(answer.group_name))])
}

fn interface_of_instance(answer: &of::InstanceNetworkInterface) -> Value {
    let attachment = |attachment: &of::InstanceNetworkInterfaceAttachment| {
        object([
            ("AttachmentId", json!(attachment.attachment_id)),
            ("DeviceIndex", json!(attachment.device_index)),
            ("NetworkCardIndex", json!(attachment.network_card_index)),
            ("Status", word(attachment.status().map(of::AttachmentStatus::as_str))),
            ("DeleteOnTermination", json!(attachment.delete_on_termination)),
        ])
    };
    let association = |association: Option<&of::InstanceNetworkInterfaceAssociation>| {
        association.map_or(Value::Null, |association| {
            object([
                ("IpOwnerId", json!(association.ip_owner_id)),
                ("PublicDnsName", json!(association.public_dns_name)),
                ("PublicIp", json!(association.public_ip)),
            ])
        })
    };
    let address = |address: &of::InstancePrivateIpAddress| {
        object([
            ("PrivateIpAddress", json!(address.private_ip_address)),
            ("Primary", json!(address.primary)),
            ("Association", association(address.association())),
        ])
    };
    object([
        ("NetworkInterfaceId", json!(answer.network_interface_id)),
        ("SubnetId", json!(answer.subnet_id)),
        ("VpcId", json!(answer.vpc_id)),
        ("Description", json!(answer.description)),
        ("OwnerId", json!(answer.owner_id)),
        ("Status", word(answer.status().map(of::NetworkInterfaceStatus::as_str))),
        ("InterfaceType", json!(answer.interface_type)),
        ("MacAddress", json!(answer.mac_address)),
        ("SourceDestCheck", json!(answer.source_dest_check)),
        ("PrivateDnsName", json!(answer.private_dns_name)),
        ("PrivateIpAddress", json!(answer.private_ip_address)),
        ("PrivateIpAddresses", list(answer.private_ip_addresses.as_deref(), address)),
        (
            "Ipv6Addresses",
            list(answer.ipv6_addresses.as_deref(), |own| object([("Ipv6Address", json!(own.ipv6_address))])),
        ),
        ("Ipv4Prefixes", list(answer.ipv4_prefixes.as_deref(), |own| object([("Ipv4Prefix", json!(own.ipv4_prefix))]))),
        ("Ipv6Prefixes", list(answer.ipv6_prefixes.as_deref(), |own| object([("Ipv6Prefix", json!(own.ipv6_prefix))]))),
        ("Groups", list(answer.groups.as_deref(), group)),
        ("Attachment", answer.attachment().map_or(Value::Null, attachment)),
        ("Association", association(answer.association())),
    ])
}

/// A network interface that was asked for itself.
pub(super) fn network_interface(answer: &of::NetworkInterface) -> Option<Element> {
    let attachment = |attachment: &of::NetworkInterfaceAttachment| {
        object([
            ("AttachmentId", json!(attachment.attachment_id)),
            ("DeviceIndex", json!(attachment.device_index)),
            ("NetworkCardIndex", json!(attachment.network_card_index)),
            ("InstanceId", json!(attachment.instance_id)),
            ("InstanceOwnerId", json!(attachment.instance_owner_id)),
            ("Status", word(attachment.status().map(of::AttachmentStatus::as_str))),
            ("DeleteOnTermination", json!(attachment.delete_on_termination)),
        ])
    };
    let address = |address: &of::NetworkInterfacePrivateIpAddress| {
        object([
            ("PrivateIpAddress", json!(address.private_ip_address)),
            ("Primary", json!(address.primary)),
            ("Association", address.association().map_or(Value::Null, association)),
        ])
    };
    let members = members([
        ("NetworkInterfaceId", json!(answer.network_interface_id)),
        ("SubnetId", json!(answer.subnet_id)),
        ("VpcId", json!(answer.vpc_id)),
        ("AvailabilityZone", json!(answer.availability_zone)),
        ("Description", json!(answer.description)),
        ("OwnerId", json!(answer.owner_id)),
        ("RequesterId", json!(answer.requester_id)),
        ("RequesterManaged", json!(answer.requester_managed)),
        ("Status", word(answer.status().map(of::NetworkInterfaceStatus::as_str))),
        ("InterfaceType", word(answer.interface_type().map(of::NetworkInterfaceType::as_str))),
        ("MacAddress", json!(answer.mac_address)),
        ("SourceDestCheck", json!(answer.source_dest_check)),
        ("PrivateDnsName", json!(answer.private_dns_name)),
        ("PrivateIpAddress", json!(answer.private_ip_address)),
        ("PrivateIpAddresses", list(answer.private_ip_addresses.as_deref(), address)),
        (
            "Ipv6Addresses",
            list(answer.ipv6_addresses.as_deref(), |own| object([("Ipv6Address", json!(own.ipv6_address))])),
        ),
        ("Ipv4Prefixes", list(answer.ipv4_prefixes.as_deref(), |own| object([("Ipv4Prefix", json!(own.ipv4_prefix))]))),
        ("Ipv6Prefixes", list(answer.ipv6_prefixes.as_deref(), |own| object([("Ipv6Prefix", json!(own.ipv6_prefix))]))),
        ("Groups", list(answer.groups.as_deref(), group)),
        ("Attachment", answer.attachment().map_or(Value::Null, attachment)),
        ("Association", answer.association().map_or(Value::Null, association)),
        ("TagSet", tags(answer.tag_set.as_deref())),
    ]);
    Some(Element { list: "networkInterfaces", id: answer.network_interface_id.clone()?, members })
}

fn association(answer: &of::NetworkInterfaceAssociation) -> Value {
    object([
        ("AllocationId", json!(answer.allocation_id)),
        ("AssociationId", json!(answer.association_id)),
        ("IpOwnerId", json!(answer.ip_owner_id)),
        ("PublicDnsName", json!(answer.public_dns_name)),
        ("PublicIp", json!(answer.public_ip)),
    ])
}
