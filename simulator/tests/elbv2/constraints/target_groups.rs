//! Target groups: protocols, types, health checks.

use aws_sdk_elasticloadbalancingv2::operation::create_target_group::builders::CreateTargetGroupFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{Matcher, ProtocolEnum, TargetGroupIpAddressTypeEnum, TargetTypeEnum};

use super::super::world::World;

fn http(world: &World) -> CreateTargetGroupFluentBuilder {
    world.elb.create_target_group().name("web").protocol(ProtocolEnum::Http).port(80).vpc_id("vpc-a")
}

fn tcp(world: &World) -> CreateTargetGroupFluentBuilder {
    http(world).protocol(ProtocolEnum::Tcp)
}

fn codes(http: Option<&str>, grpc: Option<&str>) -> Matcher {
    Matcher::builder().set_http_code(http.map(str::to_owned)).set_grpc_code(grpc.map(str::to_owned)).build()
}

refused! {
    /// B.2; API CreateTargetGroup: Name
    a_name_has_at_most_32_characters => "ValidationError: Target group name",
        |world| http(&world).name("a".repeat(33)).send().await;
    /// B.2; API CreateTargetGroup: Name
    a_name_has_letters_digits_and_hyphens => "ValidationError: Target group name 'my.group'",
        |world| http(&world).name("my.group").send().await;
    /// B.2; API CreateTargetGroup: Name
    a_name_does_not_end_with_a_hyphen => "ValidationError: Target group name 'web-'",
        |world| http(&world).name("web-").send().await;
    /// B.2, B.8, B.10; API CreateTargetGroup: DuplicateTargetGroupName
    a_name_is_taken_once => "DuplicateTargetGroupName: ", |world| {
        http(&world).send().await.expect("the first");
        http(&world).send().await.expect("the same again");
        http(&world).port(81).send().await
    };
    /// API CreateTargetGroup: Port
    a_port_is_at_least_1 => "ValidationError: 1 validation error detected: Value '0' at 'port'",
        |world| http(&world).port(0).send().await;
    /// API CreateTargetGroup: Port
    a_port_is_at_most_65535 => "ValidationError: 1 validation error detected: Value '65536' at 'port'",
        |world| http(&world).port(65_536).send().await;
    /// API CreateTargetGroup: Protocol
    a_protocol_is_needed => "ValidationError: A protocol must be specified",
        |world| http(&world).set_protocol(None).send().await;
    /// API CreateTargetGroup: VpcId
    a_vpc_is_needed => "ValidationError: A VPC ID must be specified",
        |world| http(&world).set_vpc_id(None).send().await;
    /// API CreateTargetGroup: VpcId
    a_vpc_exists => "ValidationError: The VPC ID 'vpc-x' is not found",
        |world| http(&world).vpc_id("vpc-x").send().await;
    /// Gateway load balancers are another product, and are refused as not modelled
    geneve_is_not_modelled => "ValidationError: The simulator does not model the protocol GENEVE",
        |world| http(&world).protocol(ProtocolEnum::Geneve).port(6081).send().await;
    /// The contract has no functions as targets; they are refused as not modelled
    functions_as_targets_are_not_modelled => "ValidationError: The simulator does not model target groups with the target type 'lambda'",
        |world| http(&world).target_type(TargetTypeEnum::Lambda).send().await;
    /// API CreateTargetGroup: ProtocolVersion
    a_protocol_version_is_one_of_three => "ValidationError: Protocol version 'HTTP3' must be one of 'GRPC, HTTP1, HTTP2'",
        |world| http(&world).protocol_version("HTTP3").send().await;
    /// API CreateTargetGroup: ProtocolVersion
    a_group_for_tcp_has_no_protocol_version => "InvalidConfigurationRequest: The protocol version cannot be specified",
        |world| tcp(&world).protocol_version("HTTP1").send().await;
    /// API CreateTargetGroup: TargetControlPort
    a_group_for_tcp_has_no_control_port => "InvalidConfigurationRequest: TargetControlPort",
        |world| tcp(&world).target_control_port(3000).send().await;
    /// API CreateTargetGroup: TargetControlPort
    a_control_port_is_at_most_65535 => "ValidationError: 1 validation error detected: Value '65536' at 'targetControlPort'",
        |world| http(&world).target_control_port(65_536).send().await;
    /// NLB "Use an Application Load Balancer as a target"
    a_group_for_a_load_balancer_speaks_tcp => "ValidationError: Protocol 'HTTP' is not supported with the target type 'alb'",
        |world| http(&world).target_type(TargetTypeEnum::Alb).send().await;
    /// NLB "IP address type"
    a_group_for_a_load_balancer_speaks_ipv4 => "InvalidConfigurationRequest: The IP address type of target groups", |world| {
        let create = tcp(&world).target_type(TargetTypeEnum::Alb);
        create.ip_address_type(TargetGroupIpAddressTypeEnum::Ipv6).send().await
    };
    /// B.11; NLB "Use an Application Load Balancer as a target"
    a_load_balancer_as_target_is_checked_over_http => "ValidationError: Health check protocol 'TCP' must be one of 'HTTP, HTTPS'", |world| {
        let create = tcp(&world).target_type(TargetTypeEnum::Alb);
        create.health_check_protocol(ProtocolEnum::Tcp).send().await
    };
    /// B.11; API CreateTargetGroup: HealthCheckProtocol
    a_group_for_http_is_not_checked_over_tcp => "ValidationError: Health check protocol 'TCP' must be one of 'HTTP, HTTPS'",
        |world| http(&world).health_check_protocol(ProtocolEnum::Tcp).send().await;
    /// B.11; API CreateTargetGroup: HealthCheckProtocol
    no_group_is_checked_over_udp => "ValidationError: Health check protocol 'UDP' must be one of 'HTTP, HTTPS, TCP'",
        |world| tcp(&world).protocol(ProtocolEnum::Udp).health_check_protocol(ProtocolEnum::Udp).send().await;
    /// API CreateTargetGroup: HealthCheckPort
    a_health_check_has_a_port => "ValidationError: Health check port 'http' must be 'traffic-port'",
        |world| http(&world).health_check_port("http").send().await;
    /// B.2; API CreateTargetGroup: HealthCheckPath
    a_health_check_path_has_at_most_1024_characters => "ValidationError: 1 validation error detected: ",
        |world| http(&world).health_check_path("/".repeat(1025)).send().await;
    /// API CreateTargetGroup: HealthCheckPath
    a_health_check_path_is_absolute => "ValidationError: Health check path 'health' must begin with a '/'",
        |world| http(&world).health_check_path("health").send().await;
    /// API CreateTargetGroup: HealthCheckPath
    a_tcp_health_check_has_no_path => "InvalidConfigurationRequest: Health check paths are not supported for TCP",
        |world| tcp(&world).health_check_path("/").send().await;
    /// B.2; API CreateTargetGroup: HealthCheckIntervalSeconds
    health_is_checked_every_5_seconds_at_most => "ValidationError: 1 validation error detected: Value '4'",
        |world| http(&world).health_check_interval_seconds(4).send().await;
    /// B.2; API CreateTargetGroup: HealthCheckIntervalSeconds
    health_is_checked_every_300_seconds_at_least => "ValidationError: 1 validation error detected: Value '301'",
        |world| http(&world).health_check_interval_seconds(301).send().await;
    /// B.2; API CreateTargetGroup: HealthCheckTimeoutSeconds
    a_health_check_takes_2_seconds_or_more => "ValidationError: 1 validation error detected: Value '1'",
        |world| http(&world).health_check_timeout_seconds(1).send().await;
    /// B.2; API CreateTargetGroup: HealthCheckTimeoutSeconds
    a_health_check_takes_120_seconds_or_less => "ValidationError: 1 validation error detected: Value '121'",
        |world| http(&world).health_check_timeout_seconds(121).send().await;
    /// ALB "Health checks for target groups"
    a_health_check_is_over_before_the_next => "ValidationError: Health check timeout '10' must be smaller than", |world| {
        let check = tcp(&world).name("net").health_check_interval_seconds(10).health_check_timeout_seconds(10);
        check.send().await.expect("of a network load balancer it may take as long");
        http(&world).health_check_interval_seconds(10).health_check_timeout_seconds(10).send().await
    };
    /// B.2; API CreateTargetGroup: HealthyThresholdCount
    a_healthy_threshold_is_at_least_2 => "ValidationError: 1 validation error detected: Value '1'",
        |world| http(&world).healthy_threshold_count(1).send().await;
    /// B.2; API CreateTargetGroup: UnhealthyThresholdCount
    an_unhealthy_threshold_is_at_most_10 => "ValidationError: 1 validation error detected: Value '11'",
        |world| http(&world).unhealthy_threshold_count(11).send().await;
    /// API CreateTargetGroup: HealthCheckEnabled
    health_checks_are_always_on => "InvalidConfigurationRequest: Health check enabled must be true",
        |world| http(&world).health_check_enabled(false).send().await;
    /// B.11; API Matcher: HttpCode
    a_healthy_http_target_answers_200_to_499 => "ValidationError: Health check matcher HTTP code '500'",
        |world| http(&world).matcher(codes(Some("500"), None)).send().await;
    /// B.11; API Matcher: HttpCode
    a_healthy_target_behind_a_network_load_balancer_answers_200_to_599 => "ValidationError: Health check matcher HTTP code '199'", |world| {
        let create = tcp(&world).health_check_protocol(ProtocolEnum::Http);
        create.clone().matcher(codes(Some("200-599"), None)).send().await.expect("200-599");
        create.name("other").matcher(codes(Some("199"), None)).send().await
    };
    /// B.11; API Matcher: GrpcCode
    a_healthy_grpc_target_answers_0_to_99 => "ValidationError: Health check matcher gRPC code '100'",
        |world| http(&world).protocol_version("GRPC").matcher(codes(None, Some("100"))).send().await;
    /// API Matcher
    grpc_codes_are_those_of_grpc => "ValidationError: Health check matcher gRPC codes need",
        |world| http(&world).matcher(codes(None, Some("12"))).send().await;
    /// API ModifyTargetGroup: TargetGroupNotFound
    a_changed_group_exists => "TargetGroupNotFound: ", |world| {
        let gone = format!("{}0", world.http_group("gone").await);
        world.elb.modify_target_group().target_group_arn(gone).health_check_port("81").send().await
    };
    /// B.8; API DeleteTargetGroup: ResourceInUse
    a_group_stays_while_a_listener_uses_it => "ResourceInUse: ", |world| {
        let shop = world.shop().await;
        world.elb.delete_target_group().target_group_arn(shop.group).send().await
    };
    /// API DescribeTargetGroups
    groups_are_described_in_one_of_three_ways => "ValidationError: You can specify one of the following", |world| {
        let shop = world.shop().await;
        world.elb.describe_target_groups().load_balancer_arn(shop.load_balancer).names("shop").send().await
    };
}
