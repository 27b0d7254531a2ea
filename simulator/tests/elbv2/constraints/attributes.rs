//! Attributes of load balancers, target groups and listeners.

use aws_sdk_elasticloadbalancingv2::error::SdkError;
use aws_sdk_elasticloadbalancingv2::operation::modify_listener_attributes::ModifyListenerAttributesError;
use aws_sdk_elasticloadbalancingv2::operation::modify_load_balancer_attributes::ModifyLoadBalancerAttributesError;
use aws_sdk_elasticloadbalancingv2::operation::modify_target_group_attributes::ModifyTargetGroupAttributesError;
use aws_sdk_elasticloadbalancingv2::types::{
    ListenerAttribute, LoadBalancerAttribute, ProtocolEnum, TargetGroupAttribute, TargetTypeEnum,
};

use super::super::world::{World, arn};

type Outcome<E> = Result<(), SdkError<E>>;

/// Sets attributes of a new application load balancer.
async fn application(world: &World, pairs: &[(&str, &str)]) -> Outcome<ModifyLoadBalancerAttributesError> {
    let pair = |(key, value): &(&str, &str)| LoadBalancerAttribute::builder().key(*key).value(*value).build();
    let modify = world.elb.modify_load_balancer_attributes().load_balancer_arn(world.application("shop").await);
    modify.set_attributes(Some(pairs.iter().map(pair).collect())).send().await.map(|_| ())
}

/// Sets attributes of a new target group.
async fn group(
    world: &World,
    protocol: ProtocolEnum,
    kind: TargetTypeEnum,
    pairs: &[(&str, &str)],
) -> Outcome<ModifyTargetGroupAttributesError> {
    let pair = |(key, value): &(&str, &str)| TargetGroupAttribute::builder().key(*key).value(*value).build();
    let group = arn(world.target_group_of("group", protocol, kind).await.target_group_arn());
    let modify = world.elb.modify_target_group_attributes().target_group_arn(group);
    modify.set_attributes(Some(pairs.iter().map(pair).collect())).send().await.map(|_| ())
}

async fn http(world: &World, pairs: &[(&str, &str)]) -> Outcome<ModifyTargetGroupAttributesError> {
    group(world, ProtocolEnum::Http, TargetTypeEnum::Ip, pairs).await
}

async fn tcp(world: &World, pairs: &[(&str, &str)]) -> Outcome<ModifyTargetGroupAttributesError> {
    group(world, ProtocolEnum::Tcp, TargetTypeEnum::Instance, pairs).await
}

/// Sets an attribute of a new HTTP listener.
async fn listener(world: &World, key: &str, value: &str) -> Outcome<ModifyListenerAttributesError> {
    let pair = ListenerAttribute::builder().key(key).value(value).build();
    let shop = world.shop().await;
    world.elb.modify_listener_attributes().listener_arn(shop.http).attributes(pair).send().await.map(|_| ())
}

const IDLE: &str = "idle_timeout.timeout_seconds";
const ALIVE: &str = "client_keep_alive.seconds";
const SLOW_START: &str = "slow_start.duration_seconds";
const COOKIE: &str = "stickiness.app_cookie.cookie_name";

refused! {
    /// B.2; API ModifyLoadBalancerAttributes
    twenty_attributes_are_set_in_one_call => "ValidationError: 1 validation error detected: ",
        |world| application(&world, &[(IDLE, "60"); 21]).await;
    /// API ModifyLoadBalancerAttributes
    an_attribute_is_set_once_in_one_call => "ValidationError: Attribute key",
        |world| application(&world, &[(IDLE, "60"), (IDLE, "61")]).await;
    /// API LoadBalancerAttribute
    an_attribute_has_a_known_key => "ValidationError: Load balancer attribute key 'colour' is not recognized",
        |world| application(&world, &[("colour", "red")]).await;
    /// API LoadBalancerAttribute
    an_application_load_balancer_has_no_attributes_of_network_load_balancers => "InvalidConfigurationRequest: ",
        |world| application(&world, &[("dns_record.client_routing_policy", "any_availability_zone")]).await;
    /// B.11; API LoadBalancerAttribute
    an_idle_timeout_is_at_least_1_second => "ValidationError: Load balancer attribute value '0'",
        |world| application(&world, &[(IDLE, "0")]).await;
    /// B.11; API LoadBalancerAttribute
    an_idle_timeout_is_at_most_4000_seconds => "ValidationError: Load balancer attribute value '4001'", |world| {
        application(&world, &[(IDLE, "4000")]).await.expect("4000 seconds");
        application(&world, &[(IDLE, "4001")]).await
    };
    /// B.11; API LoadBalancerAttribute
    clients_are_kept_alive_for_at_least_60_seconds => "ValidationError: Load balancer attribute value '59'",
        |world| application(&world, &[(ALIVE, "59")]).await;
    /// B.11; API LoadBalancerAttribute
    clients_are_kept_alive_for_at_most_a_week => "ValidationError: Load balancer attribute value '604801'",
        |world| application(&world, &[(ALIVE, "604801")]).await;
    /// B.11; API LoadBalancerAttribute
    an_application_load_balancer_is_cross_zone_always => "InvalidConfigurationRequest: Load balancer attribute",
        |world| application(&world, &[("load_balancing.cross_zone.enabled", "false")]).await;
    /// API LoadBalancerAttribute
    desync_mitigation_is_one_of_three_modes => "ValidationError: Load balancer attribute value 'off'",
        |world| application(&world, &[("routing.http.desync_mitigation_mode", "off")]).await;
    /// API LoadBalancerAttribute
    forwarded_headers_are_processed_in_one_of_three_modes => "ValidationError: Load balancer attribute value 'drop'",
        |world| application(&world, &[("routing.http.xff_header_processing.mode", "drop")]).await;
    /// API LoadBalancerAttribute
    access_logs_need_a_bucket => "InvalidConfigurationRequest: access_logs.s3.bucket must be specified",
        |world| application(&world, &[("access_logs.s3.enabled", "true")]).await;
    /// API LoadBalancerAttribute
    connection_logs_need_a_bucket => "InvalidConfigurationRequest: connection_logs.s3.bucket must be specified",
        |world| application(&world, &[("connection_logs.s3.enabled", "true")]).await;
    /// B.9; API TargetGroupAttribute
    a_deregistration_delay_is_at_most_an_hour => "ValidationError: Target group attribute value '3601'",
        |world| http(&world, &[("deregistration_delay.timeout_seconds", "3601")]).await;
    /// API TargetGroupAttribute
    a_slow_start_takes_30_seconds_or_more => "ValidationError: Target group attribute value '29'",
        |world| http(&world, &[(SLOW_START, "29")]).await;
    /// API TargetGroupAttribute
    a_slow_start_takes_15_minutes_or_less => "ValidationError: Target group attribute value '901'",
        |world| http(&world, &[(SLOW_START, "901")]).await;
    /// ALB "Slow start mode"
    a_slow_start_goes_with_the_round_robin => "InvalidConfigurationRequest: slow_start.duration_seconds",
        |world| http(&world, &[(SLOW_START, "30"), ("load_balancing.algorithm.type", "least_outstanding_requests")]).await;
    /// API TargetGroupAttribute
    anomaly_mitigation_goes_with_weighted_random => "InvalidConfigurationRequest: load_balancing.algorithm.anomaly",
        |world| http(&world, &[("load_balancing.algorithm.anomaly_mitigation", "on")]).await;
    /// API TargetGroupAttribute
    a_cookie_lasts_a_week_at_most => "ValidationError: Target group attribute value '604801'",
        |world| http(&world, &[("stickiness.lb_cookie.duration_seconds", "604801")]).await;
    /// API TargetGroupAttribute
    a_cookie_of_the_application_has_a_name_of_its_own => "ValidationError: The cookie name 'AWSALBTG'",
        |world| http(&world, &[(COOKIE, "AWSALBTG")]).await;
    /// API TargetGroupAttribute
    stickiness_by_the_applications_cookie_needs_its_name => "InvalidConfigurationRequest: stickiness.app_cookie",
        |world| http(&world, &[("stickiness.enabled", "true"), ("stickiness.type", "app_cookie")]).await;
    /// API TargetGroupAttribute
    a_group_for_http_has_no_attributes_of_network_load_balancers => "InvalidConfigurationRequest: ",
        |world| http(&world, &[("proxy_protocol_v2.enabled", "true")]).await;
    /// API TargetGroupAttribute
    a_group_for_tcp_sticks_to_the_source_address => "ValidationError: Target group attribute value 'lb_cookie'",
        |world| tcp(&world, &[("stickiness.type", "lb_cookie")]).await;
    /// B.11; API TargetGroupAttribute
    client_addresses_of_udp_are_always_kept => "InvalidConfigurationRequest: Target group attribute",
        |world| group(&world, ProtocolEnum::Udp, TargetTypeEnum::Ip, &[("preserve_client_ip.enabled", "false")]).await;
    /// API TargetGroupAttribute
    an_unhealthy_target_drains_only_without_termination => "InvalidConfigurationRequest: You cannot have both",
        |world| tcp(&world, &[("target_health_state.unhealthy.draining_interval_seconds", "1")]).await;
    /// NLB "Use an Application Load Balancer as a target"
    a_group_for_a_load_balancer_keeps_its_defaults => "InvalidConfigurationRequest: Target group attribute",
        |world| group(&world, ProtocolEnum::Tcp, TargetTypeEnum::Alb, &[("proxy_protocol_v2.enabled", "true")]).await;
    /// API ListenerAttribute
    an_http_listener_has_no_attributes_of_tcp => "InvalidConfigurationRequest: Listener attribute key",
        |world| listener(&world, "tcp.idle_timeout.seconds", "60").await;
    /// API ListenerAttribute
    headers_of_client_certificates_are_for_https => "InvalidConfigurationRequest: Listener attribute key",
        |world| listener(&world, "routing.http.request.x_amzn_mtls_clientcert.header_name", "X-Cert").await;
    /// ALB "HTTP header modification"
    a_header_value_has_characters_of_headers => "ValidationError: Listener attribute value",
        |world| listener(&world, "routing.http.response.x_frame_options.header_value", "dény").await;
    /// ALB "HTTP header modification"
    a_header_value_has_at_most_1024_characters => "ValidationError: 1 validation error detected: ",
        |world| listener(&world, "routing.http.response.x_frame_options.header_value", &"a".repeat(1025)).await;
}
