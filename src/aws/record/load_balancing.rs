//! Answers of Elastic Load Balancing in the shape that the AWS CLI prints.

use aws_sdk_elasticloadbalancingv2::operation as elb;
use aws_sdk_elasticloadbalancingv2::types as of;
use aws_smithy_runtime_api::client::interceptors::context::Output;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use super::question::Questions;
use super::rule::{action, rule};
use super::{Element, list, members, object, word};
use crate::aws::lookup::RULES_ALLOWED;

const LOAD_BALANCERS: (&str, &str) = ("loadBalancers", "LoadBalancerArn");
const TARGET_GROUPS: (&str, &str) = ("targetGroups", "TargetGroupArn");
const LISTENERS: (&str, &str) = ("listeners", "ListenerArn");
const RULES: (&str, &str) = ("rules", "RuleArn");

/// The elements of an answer; `None`: it is of none of these operations.
pub(super) fn elements(asked: &Questions, output: &Output) -> Option<Vec<Element>> {
    if let Some(answer) = output.downcast_ref::<elb::describe_load_balancers::DescribeLoadBalancersOutput>() {
        return Some(answer.load_balancers().iter().filter_map(load_balancer).collect());
    }
    if let Some(answer) = output.downcast_ref::<elb::describe_target_groups::DescribeTargetGroupsOutput>() {
        return Some(answer.target_groups().iter().filter_map(target_group).collect());
    }
    if let Some(answer) = output.downcast_ref::<elb::describe_listeners::DescribeListenersOutput>() {
        return Some(answer.listeners().iter().filter_map(listener).collect());
    }
    if let Some(answer) = output.downcast_ref::<elb::describe_tags::DescribeTagsOutput>() {
        return Some(answer.tag_descriptions().iter().filter_map(tags).collect());
    }
    if let Some(answer) =
        output.downcast_ref::<elb::describe_load_balancer_attributes::DescribeLoadBalancerAttributesOutput>()
    {
        let pairs = answer.attributes().iter().map(|attribute| (attribute.key(), attribute.value()));
        return Some(part(LOAD_BALANCERS, asked.named.first(), "Attributes", pair_list(pairs)));
    }
    if let Some(answer) =
        output.downcast_ref::<elb::describe_target_group_attributes::DescribeTargetGroupAttributesOutput>()
    {
        let pairs = answer.attributes().iter().map(|attribute| (attribute.key(), attribute.value()));
        return Some(part(TARGET_GROUPS, asked.named.first(), "Attributes", pair_list(pairs)));
    }
    if let Some(answer) = output.downcast_ref::<elb::describe_account_limits::DescribeAccountLimitsOutput>() {
        return Some(answer.limits().iter().filter_map(limit).collect());
    }
    if let Some(answer) = output.downcast_ref::<elb::describe_rules::DescribeRulesOutput>() {
        let listener = asked.named.first().cloned().unwrap_or_default();
        let element = |answer: &of::Rule| {
            Some(Element { list: RULES.0, id: answer.rule_arn.clone()?, members: rule(&listener, answer) })
        };
        return Some(answer.rules().iter().filter_map(element).collect());
    }
    if let Some(answer) = output.downcast_ref::<elb::describe_listener_attributes::DescribeListenerAttributesOutput>() {
        let pairs = answer.attributes().iter().map(|attribute| (attribute.key(), attribute.value()));
        return Some(part(LISTENERS, asked.named.first(), "Attributes", pair_list(pairs)));
    }
    if let Some(answer) =
        output.downcast_ref::<elb::describe_listener_certificates::DescribeListenerCertificatesOutput>()
    {
        let certificates = answer.certificates().iter().map(certificate).collect();
        return Some(part(LISTENERS, asked.named.first(), "Certificates", certificates));
    }
    let answer = output.downcast_ref::<elb::describe_target_health::DescribeTargetHealthOutput>()?;
    let targets = answer.target_health_descriptions().iter().map(target).collect();
    Some(part(TARGET_GROUPS, asked.named.first(), "Targets", targets))
}

/// One member of an element that another call lists.
fn part((list, key): (&'static str, &str), arn: Option<&String>, member: &str, value: Value) -> Vec<Element> {
    let element = |arn: &String| {
        let members = members([(key, json!(arn)), (member, value)]);
        Element { list, id: arn.clone(), members }
    };
    arn.map(element).into_iter().collect()
}

fn pair_list<'a>(pairs: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Value {
    pairs.map(|(key, value)| json!({ "Key": key.unwrap_or_default(), "Value": value.unwrap_or_default() })).collect()
}

/// The limits that a decision looks at; others may be of things that no description knows.
fn limit(answer: &of::Limit) -> Option<Element> {
    let name = answer.name().filter(|name| *name == RULES_ALLOWED)?;
    let max = answer.max()?.parse::<u64>().ok()?;
    Some(Element { list: super::QUOTAS, id: name.to_owned(), members: members([("Max", json!(max))]) })
}

fn tags(answer: &of::TagDescription) -> Option<Element> {
    let arn = answer.resource_arn.as_ref()?;
    let kind = arn.splitn(6, ':').nth(5).and_then(|path| path.split('/').next());
    let list = match kind {
        Some("loadbalancer") => LOAD_BALANCERS,
        Some("targetgroup") => TARGET_GROUPS,
        Some("listener-rule") => RULES,
        _ => LISTENERS,
    };
    let pairs = answer.tags().iter().map(|tag| (tag.key(), tag.value()));
    part(list, Some(arn), "Tags", pair_list(pairs)).pop()
}

fn load_balancer(answer: &of::LoadBalancer) -> Option<Element> {
    let created = answer.created_time().and_then(|time| time.fmt(Format::DateTime).ok());
    let source_nat = answer.enable_prefix_for_ipv6_source_nat().map(of::EnablePrefixForIpv6SourceNatEnum::as_str);
    let members = members([
        ("LoadBalancerArn", json!(answer.load_balancer_arn)),
        ("LoadBalancerName", json!(answer.load_balancer_name)),
        ("DNSName", json!(answer.dns_name)),
        ("CanonicalHostedZoneId", json!(answer.canonical_hosted_zone_id)),
        ("CreatedTime", json!(created)),
        ("Type", word(answer.r#type().map(of::LoadBalancerTypeEnum::as_str))),
        ("Scheme", word(answer.scheme().map(of::LoadBalancerSchemeEnum::as_str))),
        ("VpcId", json!(answer.vpc_id)),
        ("State", answer.state().map_or(Value::Null, state)),
        ("AvailabilityZones", list(answer.availability_zones.as_deref(), zone)),
        ("SecurityGroups", json!(answer.security_groups)),
        ("IpAddressType", word(answer.ip_address_type().map(of::IpAddressType::as_str))),
        ("CustomerOwnedIpv4Pool", json!(answer.customer_owned_ipv4_pool)),
        (
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            json!(answer.enforce_security_group_inbound_rules_on_private_link_traffic),
        ),
        ("EnablePrefixForIpv6SourceNat", word(source_nat)),
        ("IpamPools", answer.ipam_pools().map_or(Value::Null, ipam_pools)),
    ]);
    Some(Element { list: LOAD_BALANCERS.0, id: answer.load_balancer_arn.clone()?, members })
}

fn state(answer: &of::LoadBalancerState) -> Value {
    let code = answer.code().map(of::LoadBalancerStateEnum::as_str);
    object([("Code", word(code)), ("Reason", json!(answer.reason))])
}

fn zone(answer: &of::AvailabilityZone) -> Value {
    object([
        ("ZoneName", json!(answer.zone_name)),
        ("SubnetId", json!(answer.subnet_id)),
        ("OutpostId", json!(answer.outpost_id)),
        ("LoadBalancerAddresses", list(answer.load_balancer_addresses.as_deref(), address)),
        ("SourceNatIpv6Prefixes", json!(answer.source_nat_ipv6_prefixes)),
    ])
}

fn address(answer: &of::LoadBalancerAddress) -> Value {
    object([
        ("IpAddress", json!(answer.ip_address)),
        ("AllocationId", json!(answer.allocation_id)),
        ("PrivateIPv4Address", json!(answer.private_ipv4_address)),
        ("IPv6Address", json!(answer.ipv6_address)),
    ])
}

fn ipam_pools(answer: &of::IpamPools) -> Value {
    object([("Ipv4IpamPoolId", json!(answer.ipv4_ipam_pool_id))])
}

fn target_group(answer: &of::TargetGroup) -> Option<Element> {
    let health_check_protocol = answer.health_check_protocol().map(of::ProtocolEnum::as_str);
    let family = answer.ip_address_type().map(of::TargetGroupIpAddressTypeEnum::as_str);
    let members = members([
        ("TargetGroupArn", json!(answer.target_group_arn)),
        ("TargetGroupName", json!(answer.target_group_name)),
        ("Protocol", word(answer.protocol().map(of::ProtocolEnum::as_str))),
        ("ProtocolVersion", json!(answer.protocol_version)),
        ("Port", json!(answer.port)),
        ("VpcId", json!(answer.vpc_id)),
        ("TargetType", word(answer.target_type().map(of::TargetTypeEnum::as_str))),
        ("IpAddressType", word(family)),
        ("HealthCheckProtocol", word(health_check_protocol)),
        ("HealthCheckPort", json!(answer.health_check_port)),
        ("HealthCheckEnabled", json!(answer.health_check_enabled)),
        ("HealthCheckIntervalSeconds", json!(answer.health_check_interval_seconds)),
        ("HealthCheckTimeoutSeconds", json!(answer.health_check_timeout_seconds)),
        ("HealthyThresholdCount", json!(answer.healthy_threshold_count)),
        ("UnhealthyThresholdCount", json!(answer.unhealthy_threshold_count)),
        ("HealthCheckPath", json!(answer.health_check_path)),
        ("Matcher", answer.matcher().map_or(Value::Null, matcher)),
        ("LoadBalancerArns", json!(answer.load_balancer_arns)),
        ("TargetControlPort", json!(answer.target_control_port)),
    ]);
    Some(Element { list: TARGET_GROUPS.0, id: answer.target_group_arn.clone()?, members })
}

fn matcher(answer: &of::Matcher) -> Value {
    object([("HttpCode", json!(answer.http_code)), ("GrpcCode", json!(answer.grpc_code))])
}

fn target(answer: &of::TargetHealthDescription) -> Value {
    let target = |target: &of::TargetDescription| {
        object([
            ("Id", json!(target.id)),
            ("Port", json!(target.port)),
            ("AvailabilityZone", json!(target.availability_zone)),
            ("QuicServerId", json!(target.quic_server_id)),
        ])
    };
    let health = |health: &of::TargetHealth| {
        object([
            ("State", word(health.state().map(of::TargetHealthStateEnum::as_str))),
            ("Reason", word(health.reason().map(of::TargetHealthReasonEnum::as_str))),
            ("Description", json!(health.description)),
        ])
    };
    object([
        ("Target", answer.target().map_or(Value::Null, target)),
        ("HealthCheckPort", json!(answer.health_check_port)),
        ("TargetHealth", answer.target_health().map_or(Value::Null, health)),
    ])
}

fn listener(answer: &of::Listener) -> Option<Element> {
    let members = members([
        ("ListenerArn", json!(answer.listener_arn)),
        ("LoadBalancerArn", json!(answer.load_balancer_arn)),
        ("Port", json!(answer.port)),
        ("Protocol", word(answer.protocol().map(of::ProtocolEnum::as_str))),
        ("Certificates", list(answer.certificates.as_deref(), certificate)),
        ("SslPolicy", json!(answer.ssl_policy)),
        ("DefaultActions", list(answer.default_actions.as_deref(), action)),
        ("AlpnPolicy", json!(answer.alpn_policy)),
    ]);
    Some(Element { list: LISTENERS.0, id: answer.listener_arn.clone()?, members })
}

fn certificate(answer: &of::Certificate) -> Value {
    object([("CertificateArn", json!(answer.certificate_arn)), ("IsDefault", json!(answer.is_default))])
}
