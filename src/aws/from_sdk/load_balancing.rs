//! Load balancers, listeners, target groups and targets out of the SDK's types.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as elb;
use northgate_planner::actual::{
    ActualListener, ActualLoadBalancer, ActualTargetGroup, LoadBalancerState, TargetGroupSummary, TargetHealth,
    TargetState,
};
use northgate_planner::id::{
    AvailabilityZone, CertificateArn, InstanceId, Knowable, ListenerArn, LoadBalancerArn, ProtocolVersion,
    SecurityGroupId, SubnetId, TargetGroupArn, TargetIpAddressType, VpcId,
};
use northgate_planner::model::{HealthCheck, HealthCheckPort, Matcher, Pairs, Target, TargetId};

use super::Members;
use super::rule::actions;
use crate::aws::error::AwsError;

/// The zone of a target outside the VPC.
const ALL_ZONES: &str = "all";

/// What every load balancer or target group of the Region is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::aws) struct Listed<T> {
    pub(in crate::aws) arn: String,
    pub(in crate::aws) name: String,
    pub(in crate::aws) vpc: Option<String>,
    /// The rest, to be read only when it is ours: foreign ones may have kinds that we do not know.
    pub(in crate::aws) answer: T,
}

/// ARN, name and VPC of a load balancer.
pub(in crate::aws) fn listed_load_balancer(answer: elb::LoadBalancer) -> Result<Listed<elb::LoadBalancer>, AwsError> {
    let members = Members::with_id("load balancer", "LoadBalancerArn", answer.load_balancer_arn())?;
    Ok(Listed {
        arn: members.resource.to_owned(),
        name: members.text("LoadBalancerName", answer.load_balancer_name())?,
        vpc: answer.vpc_id().map(str::to_owned),
        answer,
    })
}

/// ARN, name and VPC of a target group.
pub(in crate::aws) fn listed_target_group(answer: elb::TargetGroup) -> Result<Listed<elb::TargetGroup>, AwsError> {
    let members = Members::with_id("target group", "TargetGroupArn", answer.target_group_arn())?;
    Ok(Listed {
        arn: members.resource.to_owned(),
        name: members.text("TargetGroupName", answer.target_group_name())?,
        vpc: answer.vpc_id().map(str::to_owned),
        answer,
    })
}

/// A load balancer with what was read beside it.
pub(in crate::aws) fn load_balancer(
    listed: &Listed<elb::LoadBalancer>,
    tags: Pairs,
    attributes: Option<Pairs>,
    mut listeners: Vec<ActualListener>,
) -> Result<ActualLoadBalancer, AwsError> {
    let Listed { arn, name, vpc: _, answer } = listed;
    let members = Members::of(arn);
    listeners.sort_by_key(|listener| listener.port);
    let zones = answer.availability_zones().iter();
    Ok(ActualLoadBalancer {
        arn: LoadBalancerArn::new(arn),
        name: name.clone(),
        dns_name: members.text("DNSName", answer.dns_name())?,
        load_balancer_type: members.text("Type", answer.r#type().map(elb::LoadBalancerTypeEnum::as_str))?,
        scheme: members.parsed("Scheme", answer.scheme().map(elb::LoadBalancerSchemeEnum::as_str))?,
        state: state(&members, answer.state())?,
        ip_address_type: members.parsed("IpAddressType", answer.ip_address_type().map(elb::IpAddressType::as_str))?,
        subnets: zones
            .map(|zone| members.text("AvailabilityZones.SubnetId", zone.subnet_id()).map(SubnetId::new))
            .collect::<Result<_, _>>()?,
        security_groups: answer.security_groups().iter().map(SecurityGroupId::new).collect(),
        tags,
        attributes,
        listeners,
    })
}

/// The state and the host name of a load balancer that is waited for.
pub(in crate::aws) fn progress(
    answer: &elb::LoadBalancer,
) -> Result<(LoadBalancerArn, (LoadBalancerState, String)), AwsError> {
    let members = Members::with_id("load balancer", "LoadBalancerArn", answer.load_balancer_arn())?;
    let state = state(&members, answer.state())?;
    Ok((LoadBalancerArn::new(members.resource), (state, members.text("DNSName", answer.dns_name())?)))
}

fn state(members: &Members<'_>, state: Option<&elb::LoadBalancerState>) -> Result<LoadBalancerState, AwsError> {
    let state = members.required("State", state)?;
    Ok(match members.required("State.Code", state.code())?.as_str() {
        "provisioning" => LoadBalancerState::Provisioning,
        "active" | "active_impaired" => LoadBalancerState::Active,
        "failed" => LoadBalancerState::Failed(state.reason().unwrap_or("AWS gave no reason").to_owned()),
        other => return Err(members.unreadable("State.Code", Some(other.to_owned()))),
    })
}

/// The ARN of a listener.
pub(in crate::aws) fn listener_arn(answer: &elb::Listener) -> Result<&str, AwsError> {
    Members::of("listener").required("ListenerArn", answer.listener_arn())
}

/// A listener with its tags.
pub(in crate::aws) fn listener(answer: &elb::Listener, tags: Pairs) -> Result<ActualListener, AwsError> {
    let members = Members::of(listener_arn(answer)?);
    Ok(ActualListener {
        arn: ListenerArn::new(members.resource),
        port: members.number("Port", answer.port())?,
        protocol: members.parsed("Protocol", answer.protocol().map(elb::ProtocolEnum::as_str))?,
        default_actions: actions(&members, answer.default_actions())?,
        ssl_policy: answer.ssl_policy().map(str::to_owned),
        default_certificate: default_certificate(answer.certificates()),
        certificates: BTreeSet::new(),
        attributes: None,
        rules: Vec::new(),
        tags,
    })
}

/// AWS shows the default one only; a record may have all of them.
fn default_certificate(answer: &[elb::Certificate]) -> Option<CertificateArn> {
    let default = answer.iter().find(|one| one.is_default() == Some(true)).or(answer.first());
    default.and_then(|one| one.certificate_arn()).map(CertificateArn::new)
}

/// The certificates that were added to a listener's list: those that are not there as the default one only.
pub(in crate::aws) fn added_certificates(answer: &[elb::Certificate]) -> BTreeSet<CertificateArn> {
    let added = answer.iter().filter(|one| one.is_default() != Some(true));
    added.filter_map(|one| one.certificate_arn()).map(CertificateArn::new).collect()
}

/// The attributes of a listener.
pub(in crate::aws) fn listener_attributes(arn: &str, answer: &[elb::ListenerAttribute]) -> Result<Pairs, AwsError> {
    Members::of(arn).pairs(answer.iter().map(|attribute| (attribute.key(), attribute.value())))
}

/// A target group with what was read beside it.
pub(in crate::aws) fn target_group(
    listed: &Listed<elb::TargetGroup>,
    tags: Pairs,
    attributes: Option<Pairs>,
) -> Result<ActualTargetGroup, AwsError> {
    let Listed { arn, name, vpc: _, answer } = listed;
    let members = Members::of(arn);
    let family = answer.ip_address_type().map(elb::TargetGroupIpAddressTypeEnum::as_str);
    Ok(ActualTargetGroup {
        arn: TargetGroupArn::new(arn),
        name: name.clone(),
        target_type: members.parsed("TargetType", answer.target_type().map(elb::TargetTypeEnum::as_str))?,
        protocol: members.parsed("Protocol", answer.protocol().map(elb::ProtocolEnum::as_str))?,
        protocol_version: protocol_version(&members, answer.protocol_version())?,
        ip_address_type: members.parsed("IpAddressType", family)?,
        health_check: health_check(&members, answer)?,
        attributes,
        load_balancers: answer.load_balancer_arns().iter().map(LoadBalancerArn::new).collect(),
        tags,
    })
}

fn protocol_version(members: &Members<'_>, version: Option<&str>) -> Result<Option<ProtocolVersion>, AwsError> {
    version.map(|version| members.parsed("ProtocolVersion", Some(version))).transpose()
}

fn matcher(matcher: &elb::Matcher) -> Option<Matcher> {
    let http = matcher.http_code().map(|codes| Matcher::Http(codes.to_owned()));
    http.or_else(|| matcher.grpc_code().map(|codes| Matcher::Grpc(codes.to_owned())))
}

fn health_check(members: &Members<'_>, answer: &elb::TargetGroup) -> Result<HealthCheck, AwsError> {
    let protocol = answer.health_check_protocol().map(elb::ProtocolEnum::as_str);
    let port = match members.required("HealthCheckPort", answer.health_check_port())? {
        "traffic-port" => HealthCheckPort::TrafficPort,
        number => HealthCheckPort::Port(Knowable::Known(members.parsed("HealthCheckPort", Some(number))?)),
    };
    Ok(HealthCheck {
        protocol: members.parsed("HealthCheckProtocol", protocol)?,
        port,
        path: answer.health_check_path().map(str::to_owned),
        matcher: answer.matcher().and_then(matcher),
        interval: members.number("HealthCheckIntervalSeconds", answer.health_check_interval_seconds())?,
        timeout: members.number("HealthCheckTimeoutSeconds", answer.health_check_timeout_seconds())?,
        healthy_threshold: members.number("HealthyThresholdCount", answer.healthy_threshold_count())?,
        unhealthy_threshold: members.number("UnhealthyThresholdCount", answer.unhealthy_threshold_count())?,
    })
}

/// What a TargetGroupBinding may leave to be read from its target group. A kind of group that a binding cannot fill is
/// a finding for its plan, not an error.
pub(in crate::aws) fn summary(listed: &Listed<elb::TargetGroup>) -> Result<TargetGroupSummary, AwsError> {
    let Listed { arn, name: _, vpc, answer } = listed;
    let members = Members::of(arn);
    let target_type = members.required("TargetType", answer.target_type())?.as_str().parse().ok();
    let family = match (answer.ip_address_type(), target_type) {
        // Groups of other kinds have no family; nobody asks for it there.
        (None, None) => TargetIpAddressType::Ipv4,
        (family, _) => members.parsed("IpAddressType", family.map(elb::TargetGroupIpAddressTypeEnum::as_str))?,
    };
    Ok(TargetGroupSummary {
        arn: TargetGroupArn::new(arn),
        target_type,
        protocol: answer.protocol().and_then(|protocol| protocol.as_str().parse().ok()),
        ip_address_type: family,
        vpc: vpc.as_ref().map(VpcId::new),
    })
}

/// The targets of a group of instances or addresses.
pub(in crate::aws) fn targets(
    group: &str,
    answer: &[elb::TargetHealthDescription],
) -> Result<BTreeMap<Target, TargetHealth>, AwsError> {
    let members = Members::of(group);
    let one = |found: &elb::TargetHealthDescription| {
        let target = target(&members, members.required("Target", found.target())?)?;
        let health = members.required("TargetHealth", found.target_health())?;
        Ok((target, target_health(&members, health)?))
    };
    answer.iter().map(one).collect()
}

/// A zone is kept only where the registration has to name it: AWS also tells the zones that it found itself.
fn target(members: &Members<'_>, found: &elb::TargetDescription) -> Result<Target, AwsError> {
    let id = members.required("Target.Id", found.id())?;
    let id = match id.parse::<IpAddr>() {
        Ok(address) => TargetId::Ip(address),
        Err(_) if id.starts_with("i-") => TargetId::Instance(InstanceId::new(id)),
        Err(_) => return Err(members.unreadable("Target.Id", Some(id.to_owned()))),
    };
    let zone = found.availability_zone().filter(|zone| *zone == ALL_ZONES);
    Ok(Target {
        id,
        port: members.number("Target.Port", found.port())?,
        availability_zone: zone.map(AvailabilityZone::new),
    })
}

fn target_health(members: &Members<'_>, health: &elb::TargetHealth) -> Result<TargetHealth, AwsError> {
    let state = match members.required("TargetHealth.State", health.state())?.as_str() {
        "initial" => TargetState::Initial,
        "healthy" => TargetState::Healthy,
        "unhealthy" => TargetState::Unhealthy,
        "unused" => TargetState::Unused,
        "draining" => TargetState::Draining,
        other => TargetState::Other(other.to_owned()),
    };
    Ok(TargetHealth {
        state,
        reason: health.reason().map(|reason| reason.as_str().to_owned()),
        description: health.description().map(str::to_owned),
    })
}

/// Tags by ARN.
pub(in crate::aws) fn tag_descriptions(
    answer: Vec<elb::TagDescription>,
) -> Result<BTreeMap<String, Arc<Pairs>>, AwsError> {
    let one = |description: elb::TagDescription| {
        let members = Members::with_id("tags", "ResourceArn", description.resource_arn())?;
        // A tag may be a key alone; AWS then leaves the value out.
        let tags = description.tags().iter().map(|tag| (tag.key(), Some(tag.value().unwrap_or_default())));
        Ok((members.resource.to_owned(), Arc::new(members.pairs(tags)?)))
    };
    answer.into_iter().map(one).collect()
}

/// The attributes of a load balancer.
pub(in crate::aws) fn load_balancer_attributes(
    arn: &str,
    answer: &[elb::LoadBalancerAttribute],
) -> Result<Pairs, AwsError> {
    Members::of(arn).pairs(answer.iter().map(|attribute| (attribute.key(), attribute.value())))
}

/// The attributes of a target group.
pub(in crate::aws) fn target_group_attributes(
    arn: &str,
    answer: &[elb::TargetGroupAttribute],
) -> Result<Pairs, AwsError> {
    Members::of(arn).pairs(answer.iter().map(|attribute| (attribute.key(), attribute.value())))
}

#[cfg(test)]
mod tests {
    use northgate_planner::id::{IpAddressType, Protocol, Ref, Scheme, TargetType};
    use northgate_planner::model::Action;

    use super::*;

    const ARN: &str = "arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/net/web/1";
    const GROUP: &str = "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/web/1";

    fn found_load_balancer() -> elb::builders::LoadBalancerBuilder {
        let zone = elb::AvailabilityZone::builder().zone_name("us-west-2a").subnet_id("subnet-a").build();
        elb::LoadBalancer::builder()
            .load_balancer_arn(ARN)
            .load_balancer_name("web")
            .dns_name("web-1.elb.us-west-2.amazonaws.com")
            .r#type("network".into())
            .scheme("internal".into())
            .ip_address_type("dualstack".into())
            .state(elb::LoadBalancerState::builder().code("active_impaired".into()).build())
            .availability_zones(zone)
            .vpc_id("vpc-1")
    }

    fn read_load_balancer(found: elb::builders::LoadBalancerBuilder) -> Result<ActualLoadBalancer, AwsError> {
        load_balancer(&listed_load_balancer(found.build())?, Pairs::new(), None, Vec::new())
    }

    #[test]
    fn a_load_balancer_is_read_in_full() {
        let found = read_load_balancer(found_load_balancer().security_groups("sg-1")).unwrap();
        assert_eq!((found.scheme, found.ip_address_type), (Scheme::Internal, IpAddressType::Dualstack));
        assert_eq!((found.state, found.load_balancer_type.as_str()), (LoadBalancerState::Active, "network"));
        assert_eq!((found.subnets.len(), found.security_groups.len()), (1, 1));
    }

    #[test]
    fn a_load_balancer_that_cannot_be_understood_is_named_with_the_member() {
        let state = |code: &str| elb::LoadBalancerState::builder().code(code.into()).build();
        let nowhere = elb::AvailabilityZone::builder().zone_name("us-west-2a").build();
        for (found, message) in [
            (
                found_load_balancer().set_load_balancer_arn(None),
                "load balancer: LoadBalancerArn is missing in AWS's answer",
            ),
            (found_load_balancer().set_load_balancer_name(None), "LoadBalancerName is missing"),
            (found_load_balancer().set_dns_name(None), "DNSName is missing"),
            (found_load_balancer().set_type(None), "Type is missing"),
            (found_load_balancer().set_scheme(None), "Scheme is missing"),
            (found_load_balancer().scheme("public".into()), "Scheme has the unknown value \"public\""),
            (found_load_balancer().ip_address_type("ipv7".into()), "IpAddressType has the unknown value \"ipv7\""),
            (found_load_balancer().set_state(None), "State is missing"),
            (found_load_balancer().state(state("asleep")), "State.Code has the unknown value \"asleep\""),
            (found_load_balancer().availability_zones(nowhere), "AvailabilityZones.SubnetId is missing"),
        ] {
            let error = read_load_balancer(found).unwrap_err().to_string();
            assert!(error.contains(message), "{error} instead of {message}");
            assert!(error.starts_with(ARN) || message.starts_with("load balancer"), "{error}");
        }
    }

    #[test]
    fn a_failed_load_balancer_says_why() {
        let failed = elb::LoadBalancerState::builder().code("failed".into()).reason("no capacity").build();
        let (_, (state, name)) = progress(&found_load_balancer().state(failed).build()).unwrap();
        assert_eq!(state, LoadBalancerState::Failed("no capacity".to_owned()));
        assert_eq!(name, "web-1.elb.us-west-2.amazonaws.com");
    }

    #[test]
    fn a_listener_has_its_default_certificate_and_action() {
        let group = Ref::Known(TargetGroupArn::new(GROUP));
        let certificate = elb::Certificate::builder().certificate_arn("arn:certificate").is_default(true).build();
        let action = elb::Action::builder().r#type("forward".into()).target_group_arn(GROUP).build();
        let found = elb::Listener::builder()
            .listener_arn("arn:listener")
            .port(443)
            .protocol("HTTPS".into())
            .default_actions(action)
            .certificates(certificate)
            .ssl_policy("ELBSecurityPolicy-2016-08")
            .build();
        let found = listener(&found, Pairs::new()).unwrap();
        assert_eq!((found.port, found.protocol), (443, Protocol::Https));
        assert_eq!(found.default_actions, [Action::forward_to(group)]);
        assert_eq!(found.default_certificate, Some(CertificateArn::new("arn:certificate")));
        assert_eq!(found.ssl_policy.as_deref(), Some("ELBSecurityPolicy-2016-08"));
    }

    #[test]
    fn a_listener_that_cannot_be_understood_is_named_with_the_member() {
        let valid = || elb::Listener::builder().listener_arn("arn:listener").port(80).protocol("TCP".into());
        let action = || elb::Action::builder().r#type("forward".into());
        let tuple = |weight| elb::TargetGroupTuple::builder().target_group_arn(GROUP).weight(weight).build();
        let nowhere = action().build();
        let heavy = elb::ForwardActionConfig::builder().target_groups(tuple(-1)).build();
        for (found, message) in [
            (valid().set_listener_arn(None), "listener: ListenerArn is missing"),
            (valid().set_port(None), "arn:listener: Port is missing"),
            (valid().port(65_536), "arn:listener: Port has the unknown value \"65536\""),
            (valid().protocol("GENEVE".into()), "arn:listener: Protocol has the unknown value \"GENEVE\""),
            (valid().default_actions(nowhere), "arn:listener: Action.TargetGroupArn is missing"),
            (valid().default_actions(action().forward_config(heavy).build()), "Weight has the unknown value"),
        ] {
            let error = listener(&found.build(), Pairs::new()).unwrap_err().to_string();
            assert!(error.contains(message), "{error} instead of {message}");
        }
    }

    fn found_group() -> elb::builders::TargetGroupBuilder {
        elb::TargetGroup::builder()
            .target_group_arn(GROUP)
            .target_group_name("web")
            .target_type("ip".into())
            .protocol("TCP_UDP".into())
            .ip_address_type("ipv6".into())
            .vpc_id("vpc-1")
            .load_balancer_arns(ARN)
            .health_check_protocol("HTTP".into())
            .health_check_port("8080")
            .health_check_path("/")
            .matcher(elb::Matcher::builder().http_code("200").build())
            .health_check_interval_seconds(10)
            .health_check_timeout_seconds(6)
            .healthy_threshold_count(3)
            .unhealthy_threshold_count(2)
    }

    #[test]
    fn a_target_group_is_read_in_full() {
        let listed = listed_target_group(found_group().build()).unwrap();
        let found = target_group(&listed, Pairs::new(), None).unwrap();
        assert_eq!((found.target_type, found.protocol), (TargetType::Ip, Protocol::TcpUdp));
        assert_eq!(found.ip_address_type, TargetIpAddressType::Ipv6);
        let check = found.health_check;
        assert_eq!((check.port, check.path.as_deref()), (HealthCheckPort::Port(Knowable::Known(8080)), Some("/")));
        assert_eq!((check.matcher, check.interval, check.timeout), (Some(Matcher::Http("200".to_owned())), 10, 6));
        assert_eq!((check.healthy_threshold, check.unhealthy_threshold), (3, 2));
    }

    #[test]
    fn a_target_group_that_cannot_be_understood_is_named_with_the_member() {
        for (found, message) in [
            (found_group().set_target_type(None), "TargetType is missing"),
            (found_group().target_type("alb".into()), "TargetType has the unknown value \"alb\""),
            (found_group().set_protocol(None), "Protocol is missing"),
            (found_group().set_ip_address_type(None), "IpAddressType is missing"),
            (found_group().set_health_check_port(None), "HealthCheckPort is missing"),
            (found_group().health_check_port("http"), "HealthCheckPort has the unknown value \"http\""),
            (found_group().health_check_protocol("UDP".into()), "HealthCheckProtocol has the unknown value \"UDP\""),
            (found_group().set_health_check_interval_seconds(None), "HealthCheckIntervalSeconds is missing"),
            (found_group().unhealthy_threshold_count(-1), "UnhealthyThresholdCount has the unknown value \"-1\""),
        ] {
            let listed = listed_target_group(found.build()).unwrap();
            let error = target_group(&listed, Pairs::new(), None).unwrap_err().to_string();
            assert_eq!(error.find(message), Some(GROUP.len() + 2), "{error} instead of {message}");
        }
    }

    #[test]
    fn a_group_that_no_binding_can_fill_has_a_summary_all_the_same() {
        for (found, target_type, family) in [
            (found_group(), Some(TargetType::Ip), TargetIpAddressType::Ipv6),
            (found_group().target_type("alb".into()), None, TargetIpAddressType::Ipv6),
            (
                found_group().target_type("lambda".into()).set_ip_address_type(None).set_protocol(None),
                None,
                TargetIpAddressType::Ipv4,
            ),
        ] {
            let summary = summary(&listed_target_group(found.build()).unwrap()).unwrap();
            assert_eq!((summary.target_type, summary.ip_address_type), (target_type, family));
        }
        let listed = listed_target_group(found_group().set_ip_address_type(None).build()).unwrap();
        assert!(summary(&listed).unwrap_err().to_string().contains("IpAddressType is missing"));
    }

    fn found_target(id: &str, port: Option<i32>, zone: Option<&str>, state: &str) -> elb::TargetHealthDescription {
        let target = elb::TargetDescription::builder().id(id).set_port(port);
        let target = target.set_availability_zone(zone.map(str::to_owned)).build();
        let health = elb::TargetHealth::builder().state(state.into()).build();
        elb::TargetHealthDescription::builder().target(target).target_health(health).build()
    }

    #[test]
    fn targets_are_read_with_the_zone_only_where_a_registration_names_it() {
        for (id, zone, state, expected) in [
            ("i-1", None, "healthy", ("i-1:80", None, TargetState::Healthy)),
            ("10.0.0.1", Some("us-west-2a"), "initial", ("10.0.0.1:80", None, TargetState::Initial)),
            ("10.8.0.1", Some("all"), "unused", ("10.8.0.1:80", Some("all"), TargetState::Unused)),
            ("2001:db8::1", None, "draining", ("[2001:db8::1]:80", None, TargetState::Draining)),
            ("i-2", None, "unhealthy", ("i-2:80", None, TargetState::Unhealthy)),
            ("i-3", None, "unavailable", ("i-3:80", None, TargetState::Other("unavailable".to_owned()))),
        ] {
            let found = targets(GROUP, &[found_target(id, Some(80), zone, state)]).unwrap();
            let (target, health) = found.first_key_value().unwrap();
            let zone = target.availability_zone.as_ref().map(AvailabilityZone::as_str);
            assert_eq!((target.to_string().as_str(), zone, health.state.clone()), expected);
        }
    }

    #[test]
    fn a_target_that_is_no_instance_and_no_address_is_an_error() {
        for (found, message) in [
            (found_target("arn:aws:lambda:1", Some(80), None, "healthy"), "Target.Id has the unknown value"),
            (found_target("i-1", None, None, "healthy"), "Target.Port is missing"),
            (elb::TargetHealthDescription::builder().build(), "Target is missing"),
        ] {
            let error = targets(GROUP, &[found]).unwrap_err().to_string();
            assert!(error.starts_with(GROUP) && error.contains(message), "{error} instead of {message}");
        }
    }
}
