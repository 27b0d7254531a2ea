//! The planner's values as the SDK's requests.

use aws_sdk_ec2::types as ec2;
use aws_sdk_elasticloadbalancingv2::types as elb;
use ipnet::IpNet;
use northgate_planner::id::{Knowable, Ref};
use northgate_planner::model::{IngressRule, Pairs, Peer, SubnetMapping, Target};

use super::error::{AwsError, Call};

mod rule;

pub(super) use rule::{actions, certificate, conditions, listener_attributes};

/// The id behind a reference of a resolved change.
pub(super) fn id<Id: ToString>(reference: &Ref<Id>) -> String {
    reference.known().expect("a resolved change holds known references only").to_string()
}

/// Ids as text.
pub(super) fn texts(ids: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

/// A value that must be known by now.
pub(super) fn known<T: Copy>(call: Call, field: &'static str, value: &Knowable<T>) -> Result<T, AwsError> {
    value.known().ok_or(AwsError::NotKnown { call, field })
}

/// Tags of Elastic Load Balancing.
pub(super) fn elb_tags(tags: &Pairs) -> Vec<elb::Tag> {
    tags.iter().map(|(key, value)| elb::Tag::builder().key(key).value(value).build()).collect()
}

/// Tags of EC2.
pub(super) fn ec2_tags(tags: &Pairs) -> Vec<ec2::Tag> {
    tags.iter().map(|(key, value)| ec2::Tag::builder().key(key).value(value).build()).collect()
}

/// Tags that a security group is made with.
pub(super) fn security_group_tags(tags: &Pairs) -> ec2::TagSpecification {
    let kind = ec2::ResourceType::SecurityGroup;
    ec2::TagSpecification::builder().resource_type(kind).set_tags(Some(ec2_tags(tags))).build()
}

/// Attributes of a load balancer.
pub(super) fn load_balancer_attributes(attributes: &Pairs) -> Vec<elb::LoadBalancerAttribute> {
    let one = |(key, value)| elb::LoadBalancerAttribute::builder().key(key).value(value).build();
    attributes.iter().map(one).collect()
}

/// Attributes of a target group.
pub(super) fn target_group_attributes(attributes: &Pairs) -> Vec<elb::TargetGroupAttribute> {
    let one = |(key, value)| elb::TargetGroupAttribute::builder().key(key).value(value).build();
    attributes.iter().map(one).collect()
}

/// The subnets of a load balancer.
pub(super) fn subnet_mappings(mappings: &[SubnetMapping]) -> Vec<elb::SubnetMapping> {
    let one = |SubnetMapping { subnet_id }: &SubnetMapping| {
        elb::SubnetMapping::builder().subnet_id(subnet_id.as_str()).build()
    };
    mappings.iter().map(one).collect()
}

/// Targets to register or deregister.
pub(super) fn targets(targets: &[Target]) -> Vec<elb::TargetDescription> {
    let one = |Target { id, port, availability_zone }: &Target| {
        let zone = availability_zone.as_ref().map(ToString::to_string);
        let target = elb::TargetDescription::builder().id(id.to_string()).port(i32::from(*port));
        target.set_availability_zone(zone).build()
    };
    targets.iter().map(one).collect()
}

/// One permission per rule, as the plan prints them.
pub(super) fn ip_permissions(call: Call, rules: &[IngressRule]) -> Result<Vec<ec2::IpPermission>, AwsError> {
    rules.iter().map(|rule| ip_permission(call, rule)).collect()
}

fn ip_permission(call: Call, rule: &IngressRule) -> Result<ec2::IpPermission, AwsError> {
    let IngressRule { protocol, from_port, to_port, peer, description } = rule;
    // As the plan prints it: no description rather than an empty one.
    let description = (!description.is_empty()).then(|| description.clone());
    let permission = ec2::IpPermission::builder()
        .ip_protocol(protocol.to_string())
        .from_port(known(call, "FromPort", from_port)?)
        .to_port(known(call, "ToPort", to_port)?);
    Ok(match peer {
        Peer::Cidr(cidr @ IpNet::V4(_)) => {
            let range = ec2::IpRange::builder().cidr_ip(cidr.to_string()).set_description(description);
            permission.ip_ranges(range.build())
        }
        Peer::Cidr(cidr @ IpNet::V6(_)) => {
            let range = ec2::Ipv6Range::builder().cidr_ipv6(cidr.to_string()).set_description(description);
            permission.ipv6_ranges(range.build())
        }
        Peer::PrefixList(list) => {
            let list = ec2::PrefixListId::builder().prefix_list_id(list).set_description(description);
            permission.prefix_list_ids(list.build())
        }
        Peer::SecurityGroup(group) => {
            let pair = ec2::UserIdGroupPair::builder().group_id(id(group)).set_description(description);
            permission.user_id_group_pairs(pair.build())
        }
    }
    .build())
}
