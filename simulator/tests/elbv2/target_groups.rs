//! CreateTargetGroup, DescribeTargetGroups, ModifyTargetGroup, DeleteTargetGroup.

use aws_sdk_elasticloadbalancingv2::types::{Matcher, ProtocolEnum, TargetGroup, TargetTypeEnum};

use super::world::{World, arn, element, refusal};

/// The health check as `PROTOCOL PORT PATH MATCHER INTERVAL/TIMEOUT HEALTHY/UNHEALTHY`.
fn health_check(group: &TargetGroup) -> String {
    format!(
        "{} {} {} {} {}/{} {}/{}",
        group.health_check_protocol().unwrap().as_str(),
        group.health_check_port().unwrap(),
        group.health_check_path().unwrap_or("-"),
        group.matcher().and_then(Matcher::http_code).unwrap_or("-"),
        group.health_check_interval_seconds().unwrap(),
        group.health_check_timeout_seconds().unwrap(),
        group.healthy_threshold_count().unwrap(),
        group.unhealthy_threshold_count().unwrap(),
    )
}

#[tokio::test]
async fn a_new_group_has_what_aws_gives_it() {
    let world = World::new().await;
    let made = world.target_group("web").await;
    let arn = made.target_group_arn().unwrap();
    let id = arn.strip_prefix("arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/web/").unwrap();
    assert_eq!(id.len(), 16);
    assert_eq!((made.protocol(), made.port(), made.vpc_id()), (Some(&ProtocolEnum::Tcp), Some(80), Some("vpc-a")));
    assert_eq!(made.target_type(), Some(&TargetTypeEnum::Instance));
    assert_eq!(made.ip_address_type().unwrap().as_str(), "ipv4");
    assert_eq!(made.health_check_enabled(), Some(true));
    assert_eq!((made.protocol_version(), made.load_balancer_arns().len()), (None, 0));
}

#[tokio::test]
async fn the_health_check_has_the_defaults_of_its_protocol() {
    let world = World::new().await;
    let cases = [
        ("tcp", ProtocolEnum::Tcp, None, "TCP traffic-port - - 30/10 5/2"),
        ("tls", ProtocolEnum::Tls, None, "TCP traffic-port - - 30/10 5/2"),
        ("udp", ProtocolEnum::Udp, None, "TCP traffic-port - - 30/10 5/2"),
        ("both", ProtocolEnum::TcpUdp, None, "TCP traffic-port - - 30/10 5/2"),
        ("tcp-http", ProtocolEnum::Tcp, Some(ProtocolEnum::Http), "HTTP traffic-port / 200-399 30/6 5/2"),
        ("tcp-https", ProtocolEnum::Tcp, Some(ProtocolEnum::Https), "HTTPS traffic-port / 200-399 30/10 5/2"),
        ("http", ProtocolEnum::Http, None, "HTTP traffic-port / 200 30/5 5/2"),
        ("https", ProtocolEnum::Https, None, "HTTP traffic-port / 200 30/5 5/2"),
    ];
    for (name, protocol, check, expected) in cases {
        let create = world.elb.create_target_group().name(name).protocol(protocol).port(80).vpc_id("vpc-a");
        let made = create.set_health_check_protocol(check).send().await.unwrap();
        assert_eq!(health_check(&made.target_groups()[0]), expected, "{name}");
    }
}

#[tokio::test]
async fn the_same_name_with_the_same_settings_is_the_same_group() {
    let world = World::new().await;
    let first = world.target_group("web").await;
    let same = "Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&TargetType=instance&HealthCheckPort=traffic-port&Tags.member.1.Key=a";
    let again = world.call("CreateTargetGroup", same).await.unwrap();
    assert_eq!(element(&again, "TargetGroupArn"), first.target_group_arn().unwrap());
    assert!(world.tags(first.target_group_arn().unwrap()).await.is_empty(), "tags are not settings");
    for different in [
        "Name=web&Protocol=TCP&Port=81&VpcId=vpc-a",
        "Name=web&Protocol=UDP&Port=80&VpcId=vpc-a",
        "Name=web&Protocol=TCP&Port=80&VpcId=vpc-b",
        "Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&TargetType=ip",
        "Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&HealthCheckIntervalSeconds=20",
    ] {
        assert_eq!(
            world.call("CreateTargetGroup", different).await.unwrap_err(),
            "DuplicateTargetGroupName: A target group with the same name 'web' exists, but with different settings",
            "{different}"
        );
    }
}

#[tokio::test]
async fn groups_that_aws_would_not_make_are_refused() {
    let world = World::new().await;
    let with = |rest: &str| format!("Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&{rest}");
    let cases = [
        (
            "Protocol=TCP&Port=80&VpcId=vpc-a".to_owned(),
            "ValidationError: 1 validation error detected: Value null at 'name'",
        ),
        ("Name=web_1&Protocol=TCP&Port=80&VpcId=vpc-a".to_owned(), "ValidationError: Target group name 'web_1'"),
        ("Name=web&Port=80&VpcId=vpc-a".to_owned(), "ValidationError: A protocol must be specified"),
        ("Name=web&Protocol=TCP&VpcId=vpc-a".to_owned(), "ValidationError: A port must be specified"),
        ("Name=web&Protocol=TCP&Port=80".to_owned(), "ValidationError: A VPC ID must be specified"),
        ("Name=web&Protocol=TCP&Port=80&VpcId=vpc-x".to_owned(), "ValidationError: The VPC ID 'vpc-x' is not found"),
        (
            "Name=web&Protocol=FOO&Port=80&VpcId=vpc-a".to_owned(),
            "ValidationError: 1 validation error detected: Value 'FOO' at 'protocol'",
        ),
        (
            "Name=web&Protocol=GENEVE&Port=80&VpcId=vpc-a".to_owned(),
            "ValidationError: The simulator does not model the protocol GENEVE",
        ),
        (
            with("TargetType=lambda"),
            "ValidationError: The simulator does not model target groups with the target type 'lambda'",
        ),
        (
            with("TargetType=alb&IpAddressType=ipv6"),
            "InvalidConfigurationRequest: The IP address type of target groups with the target type 'alb' must be 'ipv4'",
        ),
        (with("ProtocolVersion=HTTP1"), "InvalidConfigurationRequest: "),
        (with("IpAddressType=bogus"), "ValidationError: 1 validation error detected: Value 'bogus' at 'ipAddressType'"),
        (
            with("HealthCheckIntervalSeconds=4"),
            "ValidationError: 1 validation error detected: Value '4' at 'healthCheckIntervalSeconds'",
        ),
        (
            with("HealthCheckTimeoutSeconds=121"),
            "ValidationError: 1 validation error detected: Value '121' at 'healthCheckTimeoutSeconds'",
        ),
        (
            with("HealthCheckIntervalSeconds=10&HealthCheckTimeoutSeconds=11"),
            "ValidationError: Health check timeout '11' must be smaller than or equal to the interval '10'",
        ),
        (
            with("HealthyThresholdCount=1"),
            "ValidationError: 1 validation error detected: Value '1' at 'healthyThresholdCount'",
        ),
        (
            with("UnhealthyThresholdCount=11"),
            "ValidationError: 1 validation error detected: Value '11' at 'unhealthyThresholdCount'",
        ),
        (
            with("HealthCheckProtocol=UDP"),
            "ValidationError: Health check protocol 'UDP' must be one of 'HTTP, HTTPS, TCP'",
        ),
        (with("HealthCheckPort=0"), "ValidationError: Health check port '0'"),
        (
            with("HealthCheckPath=/"),
            "InvalidConfigurationRequest: Health check paths are not supported for TCP health checks",
        ),
        (
            with("Matcher.HttpCode=200"),
            "InvalidConfigurationRequest: Health check matchers are not supported for TCP health checks",
        ),
        (with("HealthCheckProtocol=HTTP&HealthCheckPath=x"), "ValidationError: Health check path 'x'"),
        (
            with("HealthCheckProtocol=HTTP&Matcher.HttpCode=600"),
            "ValidationError: Health check matcher HTTP code '600' must be within '200-599'",
        ),
        (with("HealthCheckProtocol=HTTP&Matcher.GrpcCode=12"), "ValidationError: Health check matcher gRPC"),
        (with("HealthCheckEnabled=false"), "InvalidConfigurationRequest: Health check enabled must be true"),
        (
            "Name=web&Protocol=HTTP&Port=80&VpcId=vpc-a&HealthCheckProtocol=TCP".to_owned(),
            "ValidationError: Health check protocol 'TCP' must be one of 'HTTP, HTTPS'",
        ),
        (
            "Name=web&Protocol=HTTP&Port=80&VpcId=vpc-a&HealthCheckTimeoutSeconds=30".to_owned(),
            "ValidationError: Health check timeout '30' must be smaller than the interval '30'",
        ),
        (
            "Name=web&Protocol=HTTP&Port=80&VpcId=vpc-a&ProtocolVersion=HTTP3".to_owned(),
            "ValidationError: Protocol version 'HTTP3' must be one of 'GRPC, HTTP1, HTTP2'",
        ),
    ];
    for (parameters, expected) in &cases {
        world.refuses("CreateTargetGroup", &[(parameters, expected)]).await;
    }
    assert!(world.elb.describe_target_groups().send().await.unwrap().target_groups().is_empty());
}

#[tokio::test]
async fn a_health_check_changes_field_by_field() {
    let world = World::new().await;
    let arn = arn(world.target_group("web").await.target_group_arn());
    let steps = [
        ("HealthCheckIntervalSeconds=10", "TCP traffic-port - - 10/10 5/2"),
        (
            "HealthCheckProtocol=HTTP&HealthCheckPath=/healthz&HealthCheckPort=8080",
            "HTTP 8080 /healthz 200-399 10/10 5/2",
        ),
        ("Matcher.HttpCode=200,204", "HTTP 8080 /healthz 200,204 10/10 5/2"),
        (
            "HealthyThresholdCount=3&UnhealthyThresholdCount=3&HealthCheckTimeoutSeconds=5",
            "HTTP 8080 /healthz 200,204 10/5 3/3",
        ),
        ("HealthCheckProtocol=TCP", "TCP 8080 - - 10/5 3/3"),
    ];
    for (change, expected) in steps {
        world.call("ModifyTargetGroup", &format!("TargetGroupArn={arn}&{change}")).await.unwrap();
        let described = world.elb.describe_target_groups().target_group_arns(&arn).send().await.unwrap();
        assert_eq!(health_check(&described.target_groups()[0]), expected, "{change}");
    }
    world
        .refuses(
            "ModifyTargetGroup",
            &[
                (
                    &format!("TargetGroupArn={arn}&HealthCheckTimeoutSeconds=11"),
                    "ValidationError: Health check timeout '11'",
                ),
                (&format!("TargetGroupArn={arn}&Matcher.HttpCode=200"), "InvalidConfigurationRequest: "),
                (
                    &format!("TargetGroupArn={arn}&Port=81"),
                    "ValidationError: 1 validation error detected: Value '…' at 'port'",
                ),
                (
                    &format!("TargetGroupArn={arn}0&HealthCheckPort=80"),
                    "TargetGroupNotFound: One or more target groups not found",
                ),
            ],
        )
        .await;
}

#[tokio::test]
async fn groups_are_described_by_arn_name_load_balancer_or_in_pages() {
    let world = World::new().await;
    let web = world.web().await;
    for number in 0..4 {
        world.target_group(&format!("idle-{number}")).await;
    }
    let idle = arn(world.load_balancer("idle").await.load_balancer_arn());
    let of = async |load_balancer: &str| {
        let answer = world.elb.describe_target_groups().load_balancer_arn(load_balancer).send().await.unwrap();
        answer.target_groups().iter().map(|group| arn(group.target_group_arn())).collect::<Vec<_>>()
    };
    assert_eq!(of(&web.load_balancer).await, [web.group.as_str()]);
    assert!(of(&idle).await.is_empty());
    let by_name = world.elb.describe_target_groups().names("web").send().await.unwrap();
    assert_eq!(by_name.target_groups()[0].load_balancer_arns(), [web.load_balancer.as_str()]);
    let missing = world.elb.describe_target_groups().names("web").names("gone").send().await.unwrap_err();
    assert_eq!(refusal(&missing), "TargetGroupNotFound: One or more target groups not found");
    let mut pages = world.elb.describe_target_groups().page_size(3).into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().target_groups().len());
    }
    assert_eq!(sizes, [3, 2]);
    world
        .refuses(
            "DescribeTargetGroups",
            &[
                (&format!("LoadBalancerArn={idle}0"), "LoadBalancerNotFound: "),
                (&format!("LoadBalancerArn={idle}&Names.member.1=web"), "ValidationError: You can specify one of"),
                (
                    &format!("TargetGroupArns.member.1={}&TargetGroupArns.member.2={}0", web.group, web.group),
                    "TargetGroupNotFound: ",
                ),
            ],
        )
        .await;
}

#[tokio::test]
async fn a_group_in_use_stays_and_one_that_is_gone_is_deleted_already() {
    let world = World::new().await;
    let web = world.web().await;
    let delete = || world.elb.delete_target_group().target_group_arn(&web.group).send();
    let expected = format!("ResourceInUse: Target group '{}' is currently in use by a listener or a rule", web.group);
    assert_eq!(refusal(&delete().await.unwrap_err()), expected);
    world.elb.delete_listener().listener_arn(&web.listener).send().await.unwrap();
    delete().await.unwrap();
    delete().await.unwrap();
}
