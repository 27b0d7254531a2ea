//! The requests of the AWS calls, member by member as they are sent.

mod listener;

use serde::Serialize;
use serde::ser::SerializeSeq as _;
use serde_json::json;

use crate::id::{
    HealthCheckProtocol, IpAddressType, Knowable, LoadBalancerArn, LoadBalancerType, Protocol, ProtocolVersion, Ref,
    Scheme, SecurityGroupId, TargetGroupArn, TargetIpAddressType, TargetType, VpcId,
};
use crate::model::{HealthCheck, HealthCheckPort, IngressRule, Matcher, Pairs, SubnetMapping, Target};

pub use listener::{
    CreateListener, CreateRule, DeleteListener, DeleteRule, ListenerCertificates, ModifyListener,
    ModifyListenerAttributes, ModifyRule, RulePriority, SetRulePriorities,
};

/// Tags or attributes as AWS takes them: a list of Key and Value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagList(pub Pairs);

impl Serialize for TagList {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            list.serialize_element(&json!({ "Key": key, "Value": value }))?;
        }
        list.end()
    }
}

/// Tags set at creation, as EC2 takes them.
fn tag_specifications<S: serde::Serializer>(tags: &TagList, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(1))?;
    list.serialize_element(&json!({ "ResourceType": "security-group", "Tags": tags }))?;
    list.end()
}

/// Request of CreateSecurityGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateSecurityGroup {
    /// Unique in the VPC.
    pub group_name: String,
    /// Shown by the console.
    pub description: String,
    /// The VPC.
    pub vpc_id: VpcId,
    /// Tags set in the same call.
    #[serde(rename = "TagSpecifications", serialize_with = "tag_specifications")]
    pub tags: TagList,
}

/// Request of AuthorizeSecurityGroupIngress and RevokeSecurityGroupIngress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroupIngress {
    /// The group.
    pub group_id: Ref<SecurityGroupId>,
    /// The rules.
    pub ip_permissions: Vec<IngressRule>,
}

/// Request of DeleteSecurityGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteSecurityGroup {
    /// The group.
    pub group_id: SecurityGroupId,
}

/// Request of EC2's CreateTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTags {
    /// The security groups.
    pub resources: Vec<SecurityGroupId>,
    /// Only the tags that change (the shipped IAM policy refuses the cluster tag here).
    pub tags: TagList,
}

/// Request of EC2's DeleteTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTags {
    /// The security groups.
    pub resources: Vec<SecurityGroupId>,
    /// With their values, so that a tag changed in between survives.
    pub tags: TagList,
}

/// Request of CreateTargetGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTargetGroup {
    /// At most 32 characters, unique in account and Region.
    pub name: String,
    /// Instances or addresses.
    pub target_type: TargetType,
    /// The protocol.
    pub protocol: Protocol,
    /// HTTP and HTTPS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<ProtocolVersion>,
    /// The port that a target has when none is given; ours all give one.
    pub port: Knowable<u16>,
    /// The VPC.
    pub vpc_id: VpcId,
    /// Sent only when it is not AWS's default, `ipv4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<TargetIpAddressType>,
    /// Always on.
    pub health_check_enabled: bool,
    /// The health check.
    #[serde(flatten)]
    pub health_check: HealthCheckRequest,
    /// Tags set in the same call.
    pub tags: TagList,
}

/// The health check part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthCheckRequest {
    /// How targets are asked.
    pub health_check_protocol: HealthCheckProtocol,
    /// Where.
    pub health_check_port: HealthCheckPort,
    /// HTTP and HTTPS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_path: Option<String>,
    /// Seconds.
    pub health_check_interval_seconds: u16,
    /// Seconds.
    pub health_check_timeout_seconds: u16,
    /// Checks.
    pub healthy_threshold_count: u16,
    /// Checks.
    pub unhealthy_threshold_count: u16,
    /// HTTP and HTTPS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matcher: Option<Matcher>,
}

/// Request of ModifyTargetGroup: the whole health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyTargetGroup {
    /// The target group.
    pub target_group_arn: TargetGroupArn,
    /// The health check.
    #[serde(flatten)]
    pub health_check: HealthCheckRequest,
}

/// Request of ModifyTargetGroupAttributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyTargetGroupAttributes {
    /// The target group.
    pub target_group_arn: Ref<TargetGroupArn>,
    /// Only the attributes that change.
    pub attributes: TagList,
}

/// Request of DeleteTargetGroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTargetGroup {
    /// The target group.
    pub target_group_arn: TargetGroupArn,
}

/// Request of CreateLoadBalancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateLoadBalancer {
    /// At most 32 characters, unique in account and Region.
    pub name: String,
    /// Network or application.
    #[serde(rename = "Type")]
    pub load_balancer_type: LoadBalancerType,
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// Its address type.
    pub ip_address_type: IpAddressType,
    /// One subnet per zone.
    pub subnet_mappings: Vec<SubnetMapping>,
    /// Its security groups; only at creation can it be given the first one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<Ref<SecurityGroupId>>,
    /// `off` for a Network Load Balancer; sent because LBC sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_prefix_for_ipv6_source_nat: Option<&'static str>,
    /// Tags set in the same call.
    pub tags: TagList,
}

/// Request of ModifyLoadBalancerAttributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyLoadBalancerAttributes {
    /// The load balancer.
    pub load_balancer_arn: Ref<LoadBalancerArn>,
    /// Only the attributes that change.
    pub attributes: TagList,
}

/// Request of SetSecurityGroups: the whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetSecurityGroups {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
    /// Never empty.
    pub security_groups: Vec<Ref<SecurityGroupId>>,
}

/// Request of SetSubnets: the whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetSubnets {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
    /// One subnet per zone.
    pub subnet_mappings: Vec<SubnetMapping>,
    /// `off` for a Network Load Balancer; sent because LBC sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_prefix_for_ipv6_source_nat: Option<&'static str>,
}

/// Request of SetIpAddressType.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetIpAddressType {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
    /// The address type.
    pub ip_address_type: IpAddressType,
}

/// Request of DeleteLoadBalancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteLoadBalancer {
    /// The load balancer.
    pub load_balancer_arn: LoadBalancerArn,
}

/// Request of ELBv2's AddTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddTags {
    /// ARNs of load balancers, target groups or listeners.
    pub resource_arns: Vec<String>,
    /// Only the tags that change.
    pub tags: TagList,
}

/// Request of ELBv2's RemoveTags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RemoveTags {
    /// ARNs of load balancers, target groups or listeners.
    pub resource_arns: Vec<String>,
    /// The keys.
    pub tag_keys: Vec<String>,
}

/// Request of RegisterTargets and DeregisterTargets; at most 200 targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Targets {
    /// The target group.
    pub target_group_arn: Ref<TargetGroupArn>,
    /// The targets.
    pub targets: Vec<Target>,
}

impl From<&HealthCheck> for HealthCheckRequest {
    fn from(check: &HealthCheck) -> Self {
        let HealthCheck { protocol, port, path, matcher, interval, timeout, healthy_threshold, unhealthy_threshold } =
            check.clone();
        Self {
            health_check_protocol: protocol,
            health_check_port: port,
            health_check_path: path,
            health_check_interval_seconds: interval,
            health_check_timeout_seconds: timeout,
            healthy_threshold_count: healthy_threshold,
            unhealthy_threshold_count: unhealthy_threshold,
            matcher,
        }
    }
}
