//! Application load balancers: made, described, changed; capacity and address pools; as targets.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, IpamPools, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, MinimumLoadBalancerCapacity, ProtocolEnum,
    RemoveIpamPoolEnum, TargetTypeEnum,
};
use northgate_simulator::{ForcedLoadBalancerState, LoadBalancerState};

use super::world::{World, arn, element, fixed_response, forward, refusal};

#[tokio::test(start_paused = true)]
async fn an_application_load_balancer_has_names_and_states_as_aws_gives_them() {
    let world = World::new().await;
    let create = world.elb.create_load_balancer().name("shop").subnets("subnet-b").subnets("subnet-a");
    let made = create.scheme(LoadBalancerSchemeEnum::Internal).send().await.unwrap();
    let shop = &made.load_balancers()[0];
    let arn = arn(shop.load_balancer_arn());
    assert!(arn.contains(":loadbalancer/app/shop/"), "{arn}");
    let name = shop.dns_name().unwrap();
    assert!(name.starts_with("internal-shop-") && name.ends_with(".us-west-2.elb.amazonaws.com"), "{name}");
    assert_eq!(shop.canonical_hosted_zone_id(), Some("Z1H1FL5HABSF5"));
    assert_eq!(shop.r#type(), Some(&LoadBalancerTypeEnum::Application));
    assert_eq!(shop.security_groups(), ["sg-default"], "the VPC's default group");
    assert_eq!(shop.enable_prefix_for_ipv6_source_nat(), None);
    assert_eq!(world.state(&arn).await, "provisioning");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(world.state(&arn).await, "active");
    let force = async |state| {
        let forced =
            ForcedLoadBalancerState { load_balancer_arn: arn.clone(), state, reason: Some("no room".to_owned()) };
        world.simulator.force_load_balancer_state(&World::scope(), forced).await.unwrap();
        world.state(&arn).await
    };
    assert_eq!(force(Some(LoadBalancerState::Failed)).await, "failed");
    assert_eq!(force(Some(LoadBalancerState::ActiveImpaired)).await, "active_impaired");
    assert_eq!(force(None).await, "active");
}

#[tokio::test]
async fn the_same_name_with_the_same_settings_is_the_same_load_balancer() {
    let world = World::new().await;
    let shop = world.application("shop").await;
    assert_eq!(world.application("shop").await, shop);
    let network = world.elb.create_load_balancer().name("shop").r#type(LoadBalancerTypeEnum::Network);
    let network = network.subnets("subnet-a").subnets("subnet-b").security_groups("sg-one").send().await.unwrap_err();
    assert!(refusal(&network).starts_with("DuplicateLoadBalancerName: "), "another type is another setting");
}

#[tokio::test]
async fn an_application_load_balancer_has_the_full_set_of_attributes() {
    let world = World::new().await;
    let arn = world.application("shop").await;
    let answer = world.elb.describe_load_balancer_attributes().load_balancer_arn(&arn).send().await.unwrap();
    let shown = answer.attributes().iter().map(|one| (one.key().unwrap(), one.value().unwrap_or_default()));
    let expected = [
        ("access_logs.s3.bucket", ""),
        ("access_logs.s3.enabled", "false"),
        ("access_logs.s3.prefix", ""),
        ("client_keep_alive.seconds", "3600"),
        ("connection_logs.s3.bucket", ""),
        ("connection_logs.s3.enabled", "false"),
        ("connection_logs.s3.prefix", ""),
        ("deletion_protection.enabled", "false"),
        ("health_check_logs.s3.bucket", ""),
        ("health_check_logs.s3.enabled", "false"),
        ("health_check_logs.s3.prefix", ""),
        ("idle_timeout.timeout_seconds", "60"),
        ("ipv6.deny_all_igw_traffic", "false"),
        ("load_balancing.cross_zone.enabled", "true"),
        ("routing.http.desync_mitigation_mode", "defensive"),
        ("routing.http.drop_invalid_header_fields.enabled", "false"),
        ("routing.http.preserve_host_header.enabled", "false"),
        ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
        ("routing.http.xff_client_port.enabled", "false"),
        ("routing.http.xff_header_processing.mode", "append"),
        ("routing.http2.enabled", "true"),
        ("waf.fail_open.enabled", "false"),
        ("zonal_shift.config.enabled", "false"),
    ];
    assert_eq!(shown.collect::<BTreeMap<_, _>>(), BTreeMap::from(expected));
}

#[tokio::test]
async fn subnets_security_groups_and_address_type_are_changed_in_place() {
    let world = World::new().await;
    let arn = world.application("shop").await;
    let set = world.elb.set_subnets().load_balancer_arn(&arn).subnets("subnet-a2").subnets("subnet-b");
    let swapped = set.send().await.expect("one call swaps the subnet of a zone");
    assert_eq!(swapped.availability_zones()[0].subnet_id(), Some("subnet-a2"));
    assert_eq!(swapped.enable_prefix_for_ipv6_source_nat(), None);
    let back = world.elb.set_subnets().load_balancer_arn(&arn).subnets("subnet-a").subnets("subnet-b");
    back.ip_address_type(IpAddressType::DualstackWithoutPublicIpv4).send().await.unwrap();
    let groups =
        world.elb.set_security_groups().load_balancer_arn(&arn).security_groups("sg-two").send().await.unwrap();
    assert_eq!(groups.security_group_ids(), ["sg-two"]);
    let interfaces = world.ec2.describe_network_interfaces().send().await.unwrap();
    let own = interfaces
        .network_interfaces()
        .iter()
        .filter(|one| one.description().is_some_and(|it| it.starts_with("ELB app/shop/")));
    assert!(own.clone().count() >= 2);
    assert!(
        own.filter(|one| one.subnet_id() != Some("subnet-a2")).all(|one| one.groups()[0].group_id() == Some("sg-two"))
    );
}

#[tokio::test(start_paused = true)]
async fn capacity_is_pending_then_provisioned_and_can_be_reset() {
    let world = World::new().await;
    world.limit(&[("reserved-application-load-balancer-capacity-units", 1000)]).await;
    let arn = world.application("shop").await;
    let none = world.elb.describe_capacity_reservation().load_balancer_arn(&arn).send().await.unwrap();
    assert_eq!((none.minimum_load_balancer_capacity(), none.decrease_requests_remaining()), (None, Some(2)));
    let reserve = |units| {
        let minimum = MinimumLoadBalancerCapacity::builder().capacity_units(units).build();
        world.elb.modify_capacity_reservation().load_balancer_arn(&arn).minimum_load_balancer_capacity(minimum).send()
    };
    let pending = reserve(300).await.unwrap();
    assert_eq!(pending.capacity_reservation_state()[0].state().unwrap().code().unwrap().as_str(), "pending");
    tokio::time::advance(Duration::from_secs(2)).await;
    let ready = world.elb.describe_capacity_reservation().load_balancer_arn(&arn).send().await.unwrap();
    let zone = &ready.capacity_reservation_state()[1];
    assert_eq!((zone.availability_zone(), zone.effective_capacity_units()), (Some("us-west-2b"), Some(150.0)));
    for units in [200, 100] {
        reserve(units).await.unwrap();
        tokio::time::advance(Duration::from_secs(2)).await;
    }
    reserve(400).await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    let third = reserve(100).await.unwrap_err();
    assert!(refusal(&third).starts_with("CapacityDecreaseRequestLimitExceeded: "), "two a day");
    let reset = world.elb.modify_capacity_reservation().load_balancer_arn(&arn).reset_capacity_reservation(true);
    assert_eq!(reset.send().await.unwrap().minimum_load_balancer_capacity(), None);
}

#[tokio::test]
async fn an_address_pool_is_given_and_taken_away() {
    let world = World::new().await;
    let arn = world.application("shop").await;
    let pools = IpamPools::builder().ipv4_ipam_pool_id("ipam-pool-1").build();
    let set = world.elb.modify_ip_pools().load_balancer_arn(&arn).ipam_pools(pools.clone()).send().await.unwrap();
    assert_eq!(set.ipam_pools(), Some(&pools));
    let found = world.elb.describe_load_balancers().load_balancer_arns(&arn).send().await.unwrap();
    assert_eq!(found.load_balancers()[0].ipam_pools(), Some(&pools));
    let remove = world.elb.modify_ip_pools().load_balancer_arn(&arn).remove_ipam_pools(RemoveIpamPoolEnum::Ipv4);
    assert_eq!(remove.send().await.unwrap().ipam_pools(), None);
}

#[tokio::test(start_paused = true)]
async fn an_application_load_balancer_is_the_target_of_a_network_load_balancer() {
    let world = World::new().await;
    let shop = world.application("shop").await;
    world.listener_of(&shop, ProtocolEnum::Http, 80, fixed_response("200")).await;
    let group = arn(world.target_group_of("front", ProtocolEnum::Tcp, TargetTypeEnum::Alb).await.target_group_arn());
    let early = world.register(&group, &[(&shop, None)]).await.unwrap_err();
    assert!(early.ends_with("is not active yet"), "{early}");
    tokio::time::advance(Duration::from_secs(2)).await;
    world.register(&group, &[(&shop, None)]).await.unwrap();
    let front = arn(world.load_balancer("front").await.load_balancer_arn());
    world.listener(&front, 80, &group).await;
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(world.health(&group).await, [format!("{shop}:80 healthy")]);
    let used = world.elb.delete_load_balancer().load_balancer_arn(&shop).send().await.unwrap_err();
    assert!(refusal(&used).starts_with("ResourceInUse: "));
    world.deregister(&group, &[(&shop, None)]).await.unwrap();
    world.elb.delete_load_balancer().load_balancer_arn(&shop).send().await.expect("draining does not hold it");
}

#[tokio::test]
async fn groups_have_the_defaults_of_their_protocol_version() {
    let world = World::new().await;
    let create = |version: &str| {
        let create = world.elb.create_target_group().name(version.to_lowercase()).protocol(ProtocolEnum::Http).port(80);
        create.vpc_id("vpc-a").target_type(TargetTypeEnum::Ip).protocol_version(version).send()
    };
    let grpc = create("GRPC").await.unwrap();
    let grpc = &grpc.target_groups()[0];
    assert_eq!(grpc.health_check_path(), Some("/AWS.ALB/healthcheck"));
    assert_eq!(grpc.matcher().unwrap().grpc_code(), Some("12"));
    let http2 = create("HTTP2").await.unwrap();
    let http2 = &http2.target_groups()[0];
    assert_eq!((http2.health_check_path(), http2.matcher().unwrap().http_code()), (Some("/"), Some("200")));
    assert_eq!(http2.health_check_timeout_seconds(), Some(5));
    let load_balancer = world.application("shop").await;
    let create = world.elb.create_listener().load_balancer_arn(&load_balancer).protocol(ProtocolEnum::Http).port(80);
    let plain = create.default_actions(forward(grpc.target_group_arn().unwrap())).send().await.unwrap_err();
    assert_eq!(
        refusal(&plain),
        "InvalidConfigurationRequest: Listener protocol 'HTTP' is not supported with a target group with the protocol-version 'GRPC'"
    );
    world.listener_of(&load_balancer, ProtocolEnum::Https, 443, forward(grpc.target_group_arn().unwrap())).await;
}

#[tokio::test]
async fn a_control_port_is_shown_again() {
    let world = World::new().await;
    let made = "Name=t&Protocol=HTTP&Port=80&VpcId=vpc-a&TargetType=ip&TargetControlPort=3000";
    let document = world.call("CreateTargetGroup", made).await.unwrap();
    assert_eq!(element(&document, "TargetControlPort"), "3000");
}
