//! Targets.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::error::SdkError;
use aws_sdk_elasticloadbalancingv2::operation::register_targets::RegisterTargetsError;
use aws_sdk_elasticloadbalancingv2::types::builders::TargetDescriptionBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, ProtocolEnum, TargetDescription, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
};

use super::super::world::{World, arn, fixed_response, forward};

type Outcome = Result<(), SdkError<RegisterTargetsError>>;

async fn register(world: &World, group: &str, targets: Vec<TargetDescription>) -> Outcome {
    let call = world.elb.register_targets().target_group_arn(group).set_targets(Some(targets));
    call.send().await.map(|_| ())
}

/// Registers a target with a new group.
async fn one(world: &World, protocol: ProtocolEnum, kind: TargetTypeEnum, target: TargetDescriptionBuilder) -> Outcome {
    let group = arn(world.target_group_of("group", protocol, kind).await.target_group_arn());
    register(world, &group, vec![target.build()]).await
}

async fn address(world: &World, target: TargetDescriptionBuilder) -> Outcome {
    one(world, ProtocolEnum::Http, TargetTypeEnum::Ip, target).await
}

async fn instance(world: &World, id: &str) -> Outcome {
    one(world, ProtocolEnum::Http, TargetTypeEnum::Instance, target(id)).await
}

fn target(id: &str) -> TargetDescriptionBuilder {
    TargetDescription::builder().id(id)
}

/// An active application load balancer with a listener on port 80.
async fn shop(world: &World, name: &str) -> String {
    let shop = world.application(name).await;
    world.listener_of(&shop, ProtocolEnum::Http, 80, fixed_response("200")).await;
    tokio::time::advance(Duration::from_secs(2)).await;
    shop
}

async fn load_balancer_group(world: &World, name: &str) -> String {
    arn(world.target_group_of(name, ProtocolEnum::Tcp, TargetTypeEnum::Alb).await.target_group_arn())
}

refused! {
    /// B.8; API RegisterTargets: InvalidTarget
    an_instance_exists => "InvalidTarget: The following targets do not exist: 'i-x'",
        |world| instance(&world, "i-x").await;
    /// ALB "Register targets"
    an_instance_runs => "InvalidTarget: The following targets are not in a running state",
        |world| instance(&world, "i-stopped").await;
    /// ALB "Register targets"
    an_instance_is_in_the_groups_vpc => "InvalidTarget: The following targets are not in the target group VPC",
        |world| instance(&world, "i-elsewhere").await;
    /// API TargetDescription: Id
    an_instance_group_takes_no_addresses => "ValidationError: Instance ID '10.0.0.10' is not valid",
        |world| instance(&world, "10.0.0.10").await;
    /// API TargetDescription: AvailabilityZone
    the_zone_of_an_instance_is_not_chosen => "ValidationError: The Availability Zone of the target 'i-a'", |world| {
        let target = target("i-a").availability_zone("us-west-2a");
        one(&world, ProtocolEnum::Http, TargetTypeEnum::Instance, target).await
    };
    /// B.2; API CreateTargetGroup: TargetType
    a_public_address_is_no_target => "ValidationError: The IP address '8.8.8.8' must be from the subnets",
        |world| address(&world, target("8.8.8.8").availability_zone("all")).await;
    /// API TargetDescription: AvailabilityZone
    an_address_outside_the_vpc_has_a_zone => "ValidationError: The Availability Zone is required for IP address '192.168.0.1'",
        |world| address(&world, target("192.168.0.1")).await;
    /// API TargetDescription: AvailabilityZone
    an_address_in_the_vpc_is_not_for_all_zones => "ValidationError: The IP address '10.0.0.10' is within the VPC",
        |world| address(&world, target("10.0.0.10").availability_zone("all")).await;
    /// B.2; ALB "IP address type"
    a_group_has_one_address_family => "ValidationError: The IP address '2001:db8::1' is not a valid IPv4 address", |world| {
        let create = world.elb.create_target_group().name("v6").protocol(ProtocolEnum::Http).port(80).vpc_id("vpc-a");
        let create = create.target_type(TargetTypeEnum::Ip).ip_address_type(TargetGroupIpAddressTypeEnum::Ipv6);
        let v6 = arn(create.send().await.expect("a group").target_groups()[0].target_group_arn());
        register(&world, &v6, vec![target("2001:db8::1").build()]).await.expect("IPv6 in an IPv6 group");
        address(&world, target("2001:db8::1")).await
    };
    /// API TargetDescription: Port
    a_target_port_is_at_most_65535 => "ValidationError: 1 validation error detected: Value '65536'",
        |world| address(&world, target("10.0.0.10").port(65_536)).await;
    /// API RegisterTargets: Targets
    targets_are_given => "ValidationError: 1 validation error detected: ", |world| {
        let group = world.http_group("group").await;
        register(&world, &group, Vec::new()).await
    };
    /// B.8; API RegisterTargets: TargetGroupNotFound
    the_group_of_a_target_exists => "TargetGroupNotFound: ", |world| {
        let gone = format!("{}0", world.http_group("gone").await);
        register(&world, &gone, vec![target("10.0.0.10").build()]).await
    };
    /// NLB "Use an Application Load Balancer as a target"
    a_load_balancer_as_target_is_an_application_load_balancer => "InvalidTarget: The target", |world| {
        let network = arn(world.load_balancer("net").await.load_balancer_arn());
        one(&world, ProtocolEnum::Tcp, TargetTypeEnum::Alb, target(&network)).await
    };
    /// API TargetDescription: Port
    a_load_balancer_as_target_listens_on_the_port => "InvalidTarget: The target", |world| {
        let shop = shop(&world, "shop").await;
        let group = load_balancer_group(&world, "group").await;
        register(&world, &group, vec![target(&shop).port(81).build()]).await
    };
    /// NLB "Use an Application Load Balancer as a target"
    a_load_balancer_as_target_is_in_the_groups_vpc => "InvalidTarget: The target", |world| {
        let shop = shop(&world, "shop").await;
        let create = world.elb.create_target_group().name("far").protocol(ProtocolEnum::Tcp).port(80).vpc_id("vpc-b");
        let far = arn(create.target_type(TargetTypeEnum::Alb).send().await.expect("a group").target_groups()[0].target_group_arn());
        register(&world, &far, vec![target(&shop).build()]).await
    };
    /// B.1; NLB quotas
    a_group_has_one_load_balancer_as_target => "TooManyTargets: ", |world| {
        let (one, two) = (shop(&world, "one").await, shop(&world, "two").await);
        let group = load_balancer_group(&world, "group").await;
        register(&world, &group, vec![target(&one).build()]).await.expect("one");
        register(&world, &group, vec![target(&two).build()]).await
    };
    /// NLB "Use an Application Load Balancer as a target"
    a_load_balancer_is_the_target_of_two_others => "TooManyRegistrationsForTargetId: ", |world| {
        let shop = shop(&world, "shop").await;
        let mut last = Ok(());
        for name in ["one", "two", "three"] {
            last.expect("two are allowed");
            let group = load_balancer_group(&world, name).await;
            let front = world.bare(name, IpAddressType::Ipv4).await;
            world.listener(&front, 80, &group).await;
            last = register(&world, &group, vec![target(&shop).build()]).await;
        }
        last
    };
    /// API DeleteLoadBalancer: ResourceInUse
    a_load_balancer_that_is_a_target_stays => "ResourceInUse: Load balancer", |world| {
        let shop = shop(&world, "shop").await;
        let group = load_balancer_group(&world, "group").await;
        register(&world, &group, vec![target(&shop).build()]).await.expect("a target");
        world.elb.delete_load_balancer().load_balancer_arn(shop).send().await
    };
    /// API DeleteListener: ResourceInUse
    a_listener_on_the_port_of_a_target_stays => "ResourceInUse: Listener port '80'", |world| {
        let shop = shop(&world, "shop").await;
        let group = load_balancer_group(&world, "group").await;
        register(&world, &group, vec![target(&shop).build()]).await.expect("a target");
        let listeners = world.elb.describe_listeners().load_balancer_arn(shop).send().await.expect("listeners");
        world.elb.delete_listener().listener_arn(arn(listeners.listeners()[0].listener_arn())).send().await
    };
    /// API TargetDescription: QuicServerId
    a_quic_target_has_a_server_id => "ValidationError: A QuicServerId must be specified",
        |world| one(&world, ProtocolEnum::Quic, TargetTypeEnum::Ip, target("10.0.0.10")).await;
    /// API TargetDescription: QuicServerId
    a_server_id_is_0x_and_16_digits => "ValidationError: The QuicServerId '0xABCD' is not valid",
        |world| one(&world, ProtocolEnum::Quic, TargetTypeEnum::Ip, target("10.0.0.10").quic_server_id("0xABCD")).await;
    /// API TargetDescription: QuicServerId
    other_targets_have_no_server_id => "ValidationError: A QuicServerId cannot be specified",
        |world| address(&world, target("10.0.0.10").quic_server_id("0x0123456789abcdef")).await;
    /// API TargetDescription: QuicServerId
    a_registered_target_keeps_its_server_id => "ValidationError: The server ID of the registered target", |world| {
        let group = arn(world.target_group_of("q", ProtocolEnum::Quic, TargetTypeEnum::Ip).await.target_group_arn());
        let with = |id: &str| vec![target("10.0.0.10").quic_server_id(id).build()];
        register(&world, &group, with("0x0123456789abcdef")).await.expect("a target");
        register(&world, &group, with("0x0123456789abcdef")).await.expect("the same again");
        register(&world, &group, with("0x0123456789abcde0")).await
    };
    /// API TargetDescription: QuicServerId
    a_server_id_is_one_targets_of_a_listener => "InvalidTarget: The QuicServerId '0x0123456789abcdef' is in use", |world| {
        let load_balancer = world.bare("net", IpAddressType::Ipv4).await;
        let group = arn(world.target_group_of("q", ProtocolEnum::Quic, TargetTypeEnum::Ip).await.target_group_arn());
        world.listener_of(&load_balancer, ProtocolEnum::Quic, 443, forward(&group)).await;
        let with = |id: &str| target(id).quic_server_id("0x0123456789abcdef").build();
        register(&world, &group, vec![with("10.0.0.10"), with("10.0.0.11")]).await
    };
}
