//! Attributes of load balancers, target groups and listeners.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, TargetTypeEnum};

use super::world::{World, arn, element, forward};

/// The attributes in an answer.
fn attributes(document: &str) -> BTreeMap<&str, &str> {
    let pair = |member| (element(member, "Key"), element(member, "Value"));
    document.split("<member>").skip(1).map(pair).collect()
}

#[tokio::test]
async fn a_load_balancer_has_the_full_set_from_the_start() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let answer = world.call("DescribeLoadBalancerAttributes", &format!("LoadBalancerArn={arn}")).await.unwrap();
    let expected = [
        ("access_logs.s3.bucket", ""),
        ("access_logs.s3.enabled", "false"),
        ("access_logs.s3.prefix", ""),
        ("deletion_protection.enabled", "false"),
        ("dns_record.client_routing_policy", "any_availability_zone"),
        ("ipv6.deny_all_igw_traffic", "false"),
        ("load_balancing.cross_zone.enabled", "false"),
        ("secondary_ips.auto_assigned.per_subnet", "0"),
        ("zonal_shift.config.enabled", "false"),
    ];
    assert_eq!(attributes(&answer), BTreeMap::from(expected));
}

#[tokio::test]
async fn an_internal_load_balancer_denies_the_internet_gateway() {
    let world = World::new().await;
    let made = "Name=web&Type=network&Scheme=internal&Subnets.member.1=subnet-a";
    world.call("CreateLoadBalancer", made).await.unwrap();
    let described = world.elb.describe_load_balancers().send().await.unwrap();
    let arn = arn(described.load_balancers()[0].load_balancer_arn());
    let answer = world.call("DescribeLoadBalancerAttributes", &format!("LoadBalancerArn={arn}")).await.unwrap();
    assert_eq!(attributes(&answer)["ipv6.deny_all_igw_traffic"], "true");
}

#[tokio::test]
async fn changes_are_all_or_nothing_and_the_answer_is_everything() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let changes = |pairs: &[(&str, &str)]| {
        let pair = |(n, (key, value)): (usize, &(&str, &str))| {
            format!("&Attributes.member.{0}.Key={key}&Attributes.member.{0}.Value={value}", n + 1)
        };
        format!("LoadBalancerArn={arn}{}", pairs.iter().enumerate().map(pair).collect::<String>())
    };
    let modify = async |pairs: &[(&str, &str)]| world.call("ModifyLoadBalancerAttributes", &changes(pairs)).await;
    let answer = modify(&[("load_balancing.cross_zone.enabled", "true")]).await.unwrap();
    assert_eq!(attributes(&answer).len(), 9);
    assert_eq!(attributes(&answer)["load_balancing.cross_zone.enabled"], "true");
    let cases: [(&[(&str, &str)], &str); 7] = [
        (
            &[("deletion_protection.enabled", "true"), ("colour", "red")],
            "ValidationError: Load balancer attribute key 'colour' is not recognized",
        ),
        (
            &[("deletion_protection.enabled", "true"), ("idle_timeout.timeout_seconds", "60")],
            "InvalidConfigurationRequest: Load balancer attribute key 'idle_timeout.timeout_seconds' is not supported on \
             load balancers with type 'network'",
        ),
        (
            &[("deletion_protection.enabled", "yes")],
            "ValidationError: Load balancer attribute value 'yes' of the key 'deletion_protection.enabled' is not valid; \
             allowed: true, false",
        ),
        (
            &[("dns_record.client_routing_policy", "nearest")],
            "ValidationError: Load balancer attribute value 'nearest'",
        ),
        (&[("access_logs.s3.enabled", "true")], "InvalidConfigurationRequest: access_logs.s3.bucket must be specified"),
        (
            &[("deletion_protection.enabled", "true"), ("deletion_protection.enabled", "false")],
            "ValidationError: Attribute key 'deletion_protection.enabled' was specified more than once",
        ),
        (&[("secondary_ips.auto_assigned.per_subnet", "8")], "ValidationError: Load balancer attribute value '8'"),
    ];
    for (pairs, expected) in cases {
        let refusal = modify(pairs).await.unwrap_err();
        assert!(refusal.starts_with(expected), "{refusal}");
    }
    let after = world.call("DescribeLoadBalancerAttributes", &format!("LoadBalancerArn={arn}")).await.unwrap();
    assert_eq!(attributes(&after)["deletion_protection.enabled"], "false");
    let none = world.call("ModifyLoadBalancerAttributes", &format!("LoadBalancerArn={arn}")).await.unwrap_err();
    assert!(none.contains("Value null at 'attributes'"), "{none}");
}

#[tokio::test]
async fn secondary_addresses_only_grow() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let key = "secondary_ips.auto_assigned.per_subnet";
    let set = async |count: u8| {
        let pair = format!("Attributes.member.1.Key={key}&Attributes.member.1.Value={count}");
        world.call("ModifyLoadBalancerAttributes", &format!("LoadBalancerArn={arn}&{pair}")).await
    };
    set(3).await.unwrap();
    assert!(set(2).await.unwrap_err().starts_with("InvalidConfigurationRequest: "));
}

#[tokio::test]
async fn a_target_group_has_the_defaults_of_its_protocol_and_type() {
    let world = World::new().await;
    let common = [
        ("deregistration_delay.timeout_seconds", "300"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
        ("stickiness.enabled", "false"),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
        ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"),
    ];
    let network = |connection_termination, preserve_client_ip, unhealthy_termination| {
        [
            ("deregistration_delay.connection_termination.enabled", connection_termination),
            ("preserve_client_ip.enabled", preserve_client_ip),
            ("proxy_protocol_v2.enabled", "false"),
            ("stickiness.type", "source_ip"),
            ("target_health_state.unhealthy.connection_termination.enabled", unhealthy_termination),
            ("target_health_state.unhealthy.draining_interval_seconds", "0"),
        ]
    };
    let http = vec![
        ("load_balancing.algorithm.anomaly_mitigation", "off"),
        ("load_balancing.algorithm.type", "round_robin"),
        ("slow_start.duration_seconds", "0"),
        ("stickiness.app_cookie.cookie_name", ""),
        ("stickiness.app_cookie.duration_seconds", "86400"),
        ("stickiness.lb_cookie.duration_seconds", "86400"),
        ("stickiness.type", "lb_cookie"),
    ];
    let cases = [
        ("tcp-i", ProtocolEnum::Tcp, TargetTypeEnum::Instance, network("false", "true", "true").to_vec()),
        ("tcp-ip", ProtocolEnum::Tcp, TargetTypeEnum::Ip, network("false", "false", "true").to_vec()),
        ("tls-ip", ProtocolEnum::Tls, TargetTypeEnum::Ip, network("false", "false", "true").to_vec()),
        ("udp-ip", ProtocolEnum::Udp, TargetTypeEnum::Ip, network("true", "true", "false").to_vec()),
        ("both-i", ProtocolEnum::TcpUdp, TargetTypeEnum::Instance, network("true", "true", "false").to_vec()),
        ("http-ip", ProtocolEnum::Http, TargetTypeEnum::Ip, http),
    ];
    for (name, protocol, kind, own) in cases {
        let arn = arn(world.target_group_of(name, protocol, kind).await.target_group_arn());
        let answer = world.call("DescribeTargetGroupAttributes", &format!("TargetGroupArn={arn}")).await.unwrap();
        assert_eq!(attributes(&answer), common.into_iter().chain(own).collect(), "{name}");
    }
}

#[tokio::test]
async fn target_group_attributes_that_aws_would_not_take_are_refused() {
    let world = World::new().await;
    let tcp = arn(world.target_group("tcp").await.target_group_arn());
    let udp = arn(world.target_group_of("udp", ProtocolEnum::Udp, TargetTypeEnum::Ip).await.target_group_arn());
    let one = |arn: &str, key: &str, value: &str| {
        format!("TargetGroupArn={arn}&Attributes.member.1.Key={key}&Attributes.member.1.Value={value}")
    };
    let termination = "target_health_state.unhealthy.connection_termination.enabled";
    let draining = "target_health_state.unhealthy.draining_interval_seconds";
    world
        .refuses(
            "ModifyTargetGroupAttributes",
            &[
                (&one(&tcp, "deregistration_delay.timeout_seconds", "3601"), "ValidationError: Target group attribute value '3601'"),
                (&one(&tcp, "slow_start.duration_seconds", "30"), "InvalidConfigurationRequest: Target group attribute key 'slow_start.duration_seconds' is not supported on target groups with protocol 'TCP'"),
                (&one(&tcp, "stickiness.type", "lb_cookie"), "ValidationError: "),
                (&one(&tcp, draining, "30"), "InvalidConfigurationRequest: You cannot have both"),
                (&one(&udp, "preserve_client_ip.enabled", "false"), "InvalidConfigurationRequest: "),
                (&one(&udp, termination, "true"), "InvalidConfigurationRequest: "),
                (&one("arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/x/1", draining, "1"), "TargetGroupNotFound: One or more target groups not found"),
                (&one("x", draining, "1"), "ValidationError: 'x' is not a valid target group ARN"),
            ],
        )
        .await;
    world
        .call("ModifyTargetGroupAttributes", &one(&tcp, "deregistration_delay.timeout_seconds", "3600"))
        .await
        .unwrap();
    world.call("ModifyTargetGroupAttributes", &one(&tcp, termination, "false")).await.unwrap();
    let answer = world.call("ModifyTargetGroupAttributes", &one(&tcp, draining, "30")).await.unwrap();
    assert_eq!(attributes(&answer)[draining], "30");
}

#[tokio::test]
async fn a_tcp_listener_has_an_idle_timeout_and_a_udp_listener_none() {
    let world = World::new().await;
    let web = world.web().await;
    let set = |arn: &str, value: &str| {
        format!("ListenerArn={arn}&Attributes.member.1.Key=tcp.idle_timeout.seconds&Attributes.member.1.Value={value}")
    };
    let before = world.call("DescribeListenerAttributes", &format!("ListenerArn={}", web.listener)).await.unwrap();
    assert_eq!(attributes(&before), BTreeMap::from([("tcp.idle_timeout.seconds", "350")]));
    let after = world.call("ModifyListenerAttributes", &set(&web.listener, "6000")).await.unwrap();
    assert_eq!(attributes(&after), BTreeMap::from([("tcp.idle_timeout.seconds", "6000")]));
    let group = arn(world.target_group_of("dns", ProtocolEnum::Udp, TargetTypeEnum::Instance).await.target_group_arn());
    let create = world.elb.create_listener().load_balancer_arn(&web.load_balancer).protocol(ProtocolEnum::Udp).port(53);
    let udp = create.default_actions(forward(&group)).send().await.unwrap();
    let udp = arn(udp.listeners()[0].listener_arn());
    let none = world.call("DescribeListenerAttributes", &format!("ListenerArn={udp}")).await.unwrap();
    assert!(attributes(&none).is_empty());
    world
        .refuses(
            "ModifyListenerAttributes",
            &[
                (&set(&web.listener, "59"), "ValidationError: Listener attribute value '59'"),
                (&set(&udp, "350"), "InvalidConfigurationRequest: Listener attribute key 'tcp.idle_timeout.seconds' is not supported on listeners with protocol 'UDP'"),
            ],
        )
        .await;
}
