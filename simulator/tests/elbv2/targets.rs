//! RegisterTargets, DeregisterTargets, DescribeTargetHealth.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, TargetGroupAttribute, TargetTypeEnum};
use northgate_simulator::{ForcedHealth, ForcedState};

use super::world::{World, arn, descriptions, forward, health_line};

#[tokio::test(start_paused = true)]
async fn a_target_turns_healthy_once_its_group_is_in_use_and_its_load_balancer_active() {
    let world = World::new().await;
    let group = arn(world.target_group("web").await.target_group_arn());
    world.register(&group, &[("i-a", None)]).await.unwrap();
    assert_eq!(world.health(&group).await, ["i-a:80 unused Target.NotInUse"]);
    let load_balancer = arn(world.load_balancer("web").await.load_balancer_arn());
    let listener = world.listener(&load_balancer, 80, &group).await;
    tokio::time::advance(Duration::from_millis(2499)).await;
    assert_eq!(world.health(&group).await, ["i-a:80 initial Elb.RegistrationInProgress"]);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(world.health(&group).await, ["i-a:80 initial Elb.InitialHealthChecking"]);
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(world.health(&group).await, ["i-a:80 healthy"]);
    world.register(&group, &[("i-b", None)]).await.unwrap();
    assert_eq!(world.health(&group).await, ["i-a:80 healthy", "i-b:80 initial Elb.RegistrationInProgress"]);
    world.elb.delete_listener().listener_arn(&listener).send().await.unwrap();
    assert_eq!(world.health(&group).await, ["i-a:80 unused Target.NotInUse", "i-b:80 unused Target.NotInUse"]);
    world.listener(&load_balancer, 80, &group).await;
    assert_eq!(world.health(&group).await[0], "i-a:80 initial Elb.RegistrationInProgress", "checks begin anew");
}

#[tokio::test(start_paused = true)]
async fn a_target_is_its_id_and_its_port() {
    let world = World::new().await;
    let group = arn(world.target_group("web").await.target_group_arn());
    world.register(&group, &[("i-a", None), ("i-a", Some(81)), ("i-a", Some(80))]).await.unwrap();
    assert_eq!(world.health(&group).await, ["i-a:80 unused Target.NotInUse", "i-a:81 unused Target.NotInUse"]);
    world.deregister(&group, &[("i-a", Some(81)), ("i-b", None)]).await.unwrap();
    assert_eq!(world.health(&group).await, ["i-a:80 unused Target.NotInUse"]);
}

#[tokio::test(start_paused = true)]
async fn a_deregistered_target_drains_and_is_gone() {
    let world = World::new().await;
    let web = world.web().await;
    world.register(&web.group, &[("i-a", None), ("i-b", None)]).await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    world.deregister(&web.group, &[("i-a", None)]).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    world.deregister(&web.group, &[("i-a", None)]).await.unwrap();
    assert_eq!(world.health(&web.group).await, ["i-a:80 draining Target.DeregistrationInProgress", "i-b:80 healthy"]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(world.health(&web.group).await, ["i-b:80 healthy"], "the cap of 2 s is over");
    world.deregister(&web.group, &[("i-b", None)]).await.unwrap();
    world.register(&web.group, &[("i-b", None)]).await.unwrap();
    assert_eq!(world.health(&web.group).await, ["i-b:80 initial Elb.RegistrationInProgress"], "registered anew");
}

#[tokio::test(start_paused = true)]
async fn a_short_deregistration_delay_counts() {
    let world = World::new().await;
    let web = world.web().await;
    let attribute = TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds").value("0").build();
    world.elb.modify_target_group_attributes().target_group_arn(&web.group).attributes(attribute).send().await.unwrap();
    world.register(&web.group, &[("i-a", None)]).await.unwrap();
    world.deregister(&web.group, &[("i-a", None)]).await.unwrap();
    assert!(world.health(&web.group).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn named_targets_are_described_whether_registered_or_not() {
    let world = World::new().await;
    let web = world.web().await;
    world.register(&web.group, &[("i-a", None)]).await.unwrap();
    let ask = world.elb.describe_target_health().target_group_arn(&web.group);
    let ask = ask.set_targets(Some(descriptions(&[("i-b", Some(81)), ("i-a", None)])));
    let answer = ask.send().await.unwrap();
    let lines = answer.target_health_descriptions().iter().map(health_line).collect::<Vec<_>>();
    assert_eq!(lines, ["i-b:81 unused Target.NotRegistered", "i-a:80 initial Elb.RegistrationInProgress"]);
    let ports = answer.target_health_descriptions().iter().map(|item| item.health_check_port().unwrap());
    assert_eq!(ports.collect::<Vec<_>>(), ["81", "80"], "the traffic port of each target");
}

#[tokio::test(start_paused = true)]
async fn a_target_in_a_zone_that_is_not_enabled_is_not_used() {
    let world = World::new().await;
    let web = world.web().await;
    world.register(&web.group, &[("i-a", None), ("i-b", None)]).await.unwrap();
    world.elb.set_subnets().load_balancer_arn(&web.load_balancer).subnets("subnet-b").send().await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(world.health(&web.group).await, ["i-a:80 unused Target.NotInUse", "i-b:80 healthy"]);
}

#[tokio::test(start_paused = true)]
async fn a_test_fixes_health_and_frees_it() {
    let world = World::new().await;
    let web = world.web().await;
    world.register(&web.group, &[("i-a", None), ("i-a", Some(81))]).await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    let force = async |port: Option<u16>, state: Option<ForcedState>| {
        let forced = ForcedHealth {
            target_group_arn: web.group.clone(),
            target_id: "i-a".to_owned(),
            port,
            state,
            reason: None,
        };
        world.simulator.force_target_health(&World::scope(), forced).await.unwrap();
        world.health(&web.group).await
    };
    let unhealthy = "unhealthy Target.FailedHealthChecks";
    let both = force(None, Some(ForcedState::Unhealthy)).await;
    assert_eq!(both, [format!("i-a:80 {unhealthy}"), format!("i-a:81 {unhealthy}")]);
    let one = force(Some(81), Some(ForcedState::Healthy)).await;
    assert_eq!(one, [format!("i-a:80 {unhealthy}"), "i-a:81 healthy".to_owned()]);
    assert_eq!(force(None, None).await, ["i-a:80 healthy", "i-a:81 healthy"]);
    let nowhere = ForcedHealth {
        target_group_arn: format!("{}0", web.group),
        target_id: "i-a".to_owned(),
        port: None,
        state: None,
        reason: None,
    };
    let refused = world.simulator.force_target_health(&World::scope(), nowhere).await.unwrap_err();
    assert_eq!(refused, "One or more target groups not found");
}

#[tokio::test]
async fn instances_that_cannot_be_targets_are_refused_all_together() {
    let world = World::new().await;
    let group = arn(world.target_group("web").await.target_group_arn());
    let cases: [(&[&str], &str); 4] = [
        (&["i-a", "10.0.0.10"], "ValidationError: Instance ID '10.0.0.10' is not valid"),
        (&["i-a", "i-x", "i-y"], "InvalidTarget: The following targets do not exist: 'i-x', 'i-y'"),
        (
            &["i-a", "i-stopped"],
            "InvalidTarget: The following targets are not in a running state and cannot be registered: 'i-stopped'",
        ),
        (
            &["i-a", "i-elsewhere"],
            "InvalidTarget: The following targets are not in the target group VPC 'vpc-a': 'i-elsewhere'",
        ),
    ];
    for (ids, expected) in cases {
        let targets = ids.iter().map(|id| (*id, None)).collect::<Vec<_>>();
        assert_eq!(world.register(&group, &targets).await, Err(expected.to_owned()));
    }
    assert!(world.health(&group).await.is_empty());
    let none = world.call("RegisterTargets", &format!("TargetGroupArn={group}&Targets=")).await.unwrap_err();
    assert!(none.contains("at 'targets' failed to satisfy constraint: Member must have length greater"), "{none}");
}

#[tokio::test]
async fn addresses_are_of_the_groups_family_and_private() {
    let world = World::new().await;
    let group = arn(world.target_group_of("web", ProtocolEnum::Tcp, TargetTypeEnum::Ip).await.target_group_arn());
    let register = |id: &str, zone: &str| {
        let zone = if zone.is_empty() { String::new() } else { format!("&Targets.member.1.AvailabilityZone={zone}") };
        format!("TargetGroupArn={group}&Targets.member.1.Id={id}{zone}")
    };
    world
        .refuses(
            "RegisterTargets",
            &[
                (&register("i-a", ""), "ValidationError: The IP address 'i-a' is not a valid IPv4 address"),
                (&register("2001:db8::1", ""), "ValidationError: The IP address '2001:db8::1' is not a valid IPv4 address"),
                (&register("8.8.8.8", "all"), "ValidationError: The IP address '8.8.8.8' must be from"),
                (&register("192.168.0.1", ""), "ValidationError: The Availability Zone is required for IP address '192.168.0.1' because it is not in the VPC"),
                (&register("10.0.0.10", "all"), "ValidationError: The IP address '10.0.0.10' is within the VPC"),
            ],
        )
        .await;
    for (id, zone) in
        [("10.0.0.10", ""), ("10.0.0.11", "us-west-2a"), ("192.168.0.1", "all"), ("100.64.0.1", "us-west-2b")]
    {
        world.call("RegisterTargets", &register(id, zone)).await.unwrap();
    }
    assert_eq!(world.health(&group).await.len(), 4);
    let v6 = "Name=v6&Protocol=TCP&Port=80&VpcId=vpc-a&TargetType=ip&IpAddressType=ipv6";
    let v6 = super::world::element(&world.call("CreateTargetGroup", v6).await.unwrap(), "TargetGroupArn").to_owned();
    world.register(&v6, &[("2001:db8::10", None)]).await.unwrap();
    assert!(world.register(&v6, &[("10.0.0.10", None)]).await.unwrap_err().contains("is not a valid IPv6 address"));
}

#[tokio::test]
async fn a_group_that_is_gone_has_no_targets() {
    let world = World::new().await;
    let group = arn(world.target_group("web").await.target_group_arn());
    world.elb.delete_target_group().target_group_arn(&group).send().await.unwrap();
    let expected = "TargetGroupNotFound: One or more target groups not found";
    assert_eq!(world.register(&group, &[("i-a", None)]).await.unwrap_err(), expected);
    assert_eq!(world.deregister(&group, &[("i-a", None)]).await.unwrap_err(), expected);
    let health = world.call("DescribeTargetHealth", &format!("TargetGroupArn={group}")).await.unwrap_err();
    assert_eq!(health, expected);
}

#[tokio::test(start_paused = true)]
async fn a_second_listener_does_not_disturb_health() {
    let world = World::new().await;
    let web = world.web().await;
    world.register(&web.group, &[("i-a", None)]).await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    world.listener(&web.load_balancer, 81, &web.group).await;
    let other = arn(world.target_group("other").await.target_group_arn());
    world.elb.modify_listener().listener_arn(&web.listener).default_actions(forward(&other)).send().await.unwrap();
    assert_eq!(world.health(&web.group).await, ["i-a:80 healthy"]);
}
