//! The states of targets and their reasons. Source: API reference, `TargetHealth`.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    DescribeTargetHealthInputIncludeEnum, ProtocolEnum, TargetDescription, TargetHealthDescription, TargetTypeEnum,
};
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{
    ForcedHealth, ForcedLoadBalancerState, ForcedReason, ForcedState, LoadBalancerState, Options, Simulator,
};

use super::world::{World, arn, fixed_response, forward, health_line};

async fn force_state(world: &World, load_balancer: &str, state: Option<LoadBalancerState>) {
    let forced = ForcedLoadBalancerState { load_balancer_arn: load_balancer.to_owned(), state, reason: None };
    world.simulator.force_load_balancer_state(&World::scope(), forced).await.unwrap();
}

/// What one target of the group `shop` says of itself with a forced state.
async fn forced(world: &World, group: &str, state: ForcedState, reason: Option<ForcedReason>) -> (String, String) {
    let forced = ForcedHealth {
        target_group_arn: group.to_owned(),
        target_id: "10.0.0.10".to_owned(),
        port: None,
        state: Some(state),
        reason,
    };
    world.simulator.force_target_health(&World::scope(), forced).await.unwrap();
    let answer = world.elb.describe_target_health().target_group_arn(group).send().await.unwrap();
    let [shown] = answer.target_health_descriptions() else { panic!("one target: {answer:?}") };
    let words = shown.target_health().and_then(|health| health.description()).unwrap_or_default().to_owned();
    (health_line(shown), words)
}

#[tokio::test(start_paused = true)]
async fn targets_wait_while_no_load_balancer_is_active() {
    let world = World::new().await;
    let shop = world.shop().await;
    world.register(&shop.group, &[("10.0.0.10", None)]).await.unwrap();
    force_state(&world, &shop.load_balancer, Some(LoadBalancerState::Provisioning)).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(world.health(&shop.group).await, ["10.0.0.10:80 initial Elb.RegistrationInProgress"]);
    force_state(&world, &shop.load_balancer, Some(LoadBalancerState::Failed)).await;
    assert_eq!(world.health(&shop.group).await, ["10.0.0.10:80 initial Elb.RegistrationInProgress"]);
    force_state(&world, &shop.load_balancer, Some(LoadBalancerState::ActiveImpaired)).await;
    assert_eq!(world.health(&shop.group).await, ["10.0.0.10:80 healthy"], "an impaired one serves");
    force_state(&world, &shop.load_balancer, None).await;
    assert_eq!(world.health(&shop.group).await, ["10.0.0.10:80 healthy"]);
}

#[tokio::test(start_paused = true)]
async fn every_reason_of_a_target_that_is_checked_can_be_shown() {
    let world = World::new().await;
    let shop = world.shop().await;
    world.register(&shop.group, &[("10.0.0.10", None)]).await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    let cases = [
        (ForcedState::Initial, None, "initial Elb.RegistrationInProgress"),
        (ForcedState::Initial, Some(ForcedReason::InitialHealthChecking), "initial Elb.InitialHealthChecking"),
        (ForcedState::Unhealthy, None, "unhealthy Target.FailedHealthChecks"),
        (ForcedState::Unhealthy, Some(ForcedReason::Timeout), "unhealthy Target.Timeout"),
        (ForcedState::Unhealthy, Some(ForcedReason::ResponseCodeMismatch), "unhealthy Target.ResponseCodeMismatch"),
        (ForcedState::Unhealthy, Some(ForcedReason::InternalError), "unhealthy Elb.InternalError"),
        (ForcedState::UnhealthyDraining, None, "unhealthy.draining Target.FailedHealthChecks"),
        (ForcedState::Unavailable, None, "unavailable Elb.InternalError"),
        (ForcedState::Unavailable, Some(ForcedReason::HealthCheckDisabled), "unavailable Target.HealthCheckDisabled"),
    ];
    for (state, reason, expected) in cases {
        let (line, words) = forced(&world, &shop.group, state, reason).await;
        assert_eq!(line, format!("10.0.0.10:80 {expected}"));
        assert!(!words.is_empty(), "{expected} is described in words");
    }
    let (line, words) = forced(&world, &shop.group, ForcedState::Healthy, None).await;
    assert_eq!((line.as_str(), words.as_str()), ("10.0.0.10:80 healthy", ""), "nothing is wrong");
}

#[tokio::test(start_paused = true)]
async fn the_address_of_a_load_balancer_is_no_target() {
    let world = World::new().await;
    let shop = world.shop().await;
    let interfaces = world.ec2.describe_network_interfaces().send().await.unwrap();
    let taken = interfaces.network_interfaces().iter().find(|one| {
        one.interface_type().is_some_and(|kind| {
            kind.as_str() == "network_load_balancer" || one.description().is_some_and(|words| words.starts_with("ELB "))
        })
    });
    let taken = taken.and_then(|one| one.private_ip_address()).expect("an interface of the load balancer").to_owned();
    world.register(&shop.group, &[(&taken, None)]).await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(world.health(&shop.group).await, [format!("{taken}:80 unused Target.IpUnusable")]);
}

#[tokio::test(start_paused = true)]
async fn an_address_in_a_zone_that_is_not_enabled_is_not_used_and_one_of_all_zones_is() {
    let world = World::new().await;
    let shop = world.shop().await;
    let outside = TargetDescription::builder().id("192.168.0.1").availability_zone("all").build();
    let targets = ["10.0.0.10", "10.0.4.10"].map(|id| TargetDescription::builder().id(id).build());
    let register = world.elb.register_targets().target_group_arn(&shop.group);
    register.set_targets(Some([&targets[..], &[outside]].concat())).send().await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    let expected = ["10.0.0.10:80 healthy", "10.0.4.10:80 unused Target.NotInUse", "192.168.0.1:80 healthy"];
    assert_eq!(world.health(&shop.group).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_only_a_rule_uses_is_used() {
    let world = World::new().await;
    let shop = world.shop().await;
    let group = world.http_group("api").await;
    world.register(&group, &[("10.0.1.10", None)]).await.unwrap();
    assert_eq!(world.health(&group).await, ["10.0.1.10:80 unused Target.NotInUse"]);
    let rule = world.elb.create_rule().listener_arn(&shop.http).priority(7);
    let rule = rule.conditions(super::world::path(&["/api"])).actions(forward(&group)).send().await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(world.health(&group).await, ["10.0.1.10:80 healthy"]);
    let rule = arn(rule.rules()[0].rule_arn());
    let modify = world.elb.modify_rule().rule_arn(&rule).actions(fixed_response("404"));
    modify.send().await.unwrap();
    assert_eq!(world.health(&group).await, ["10.0.1.10:80 unused Target.NotInUse"]);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_instance_is_not_checked_and_a_terminated_one_is_gone() {
    let described = r#"
accountId: "111122223333"
region: us-west-2
vpcId: vpc-a
vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}]
subnets: [{SubnetId: subnet-a, VpcId: vpc-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24}]
instances:
- {InstanceId: i-a, SubnetId: subnet-a}
- {InstanceId: i-b, SubnetId: subnet-a, State: {Name: stopped}}
- {InstanceId: i-c, SubnetId: subnet-a, State: {Name: terminated}}
loadBalancers: [{LoadBalancerArn: lb-1, LoadBalancerName: web, Type: network, AvailabilityZones: [{SubnetId: subnet-a}]}]
targetGroups:
- TargetGroupArn: tg-1
  TargetGroupName: web
  Protocol: TCP
  Port: 80
  Targets: [{Target: {Id: i-a}}, {Target: {Id: i-b}}, {Target: {Id: i-c}}]
listeners:
- {LoadBalancerArn: lb-1, Port: 80, Protocol: TCP, DefaultActions: [{Type: forward, TargetGroupArn: tg-1}]}
"#;
    let simulator = Simulator::new(Options::default());
    AccountDescription::parse(described).unwrap().load(&simulator).await.unwrap();
    let world = World::of(simulator);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(world.health("tg-1").await, ["i-a:80 healthy", "i-b:80 unused Target.InvalidState"]);
}

#[tokio::test(start_paused = true)]
async fn anomalies_are_shown_where_they_are_asked_for_and_watched() {
    let world = World::new().await;
    let (shop, web) = (world.shop().await, world.web().await);
    world.register(&shop.group, &[("10.0.0.10", None)]).await.unwrap();
    world.register(&web.group, &[("i-a", None)]).await.unwrap();
    let anomaly = async |group: &str, include: Option<DescribeTargetHealthInputIncludeEnum>| {
        let ask = world.elb.describe_target_health().target_group_arn(group);
        let answer = ask.set_include(include.map(|include| vec![include])).send().await.unwrap();
        let result = |one: &TargetHealthDescription| Some(one.anomaly_detection()?.result()?.as_str().to_owned());
        answer.target_health_descriptions().iter().filter_map(result).collect::<Vec<_>>()
    };
    let asked = DescribeTargetHealthInputIncludeEnum::Anomaly;
    assert!(anomaly(&shop.group, None).await.is_empty());
    assert_eq!(anomaly(&shop.group, Some(asked.clone())).await, ["normal"]);
    assert_eq!(anomaly(&shop.group, Some(DescribeTargetHealthInputIncludeEnum::All)).await, ["normal"]);
    assert!(anomaly(&web.group, Some(asked)).await.is_empty(), "network load balancers do not watch");
}

#[tokio::test(start_paused = true)]
async fn a_target_of_quic_has_a_server_id() {
    let world = World::new().await;
    let group =
        arn(world.target_group_of("quic", ProtocolEnum::Quic, TargetTypeEnum::Instance).await.target_group_arn());
    let target = TargetDescription::builder().id("i-a").quic_server_id("0x0123456789abcdef").build();
    world.elb.register_targets().target_group_arn(&group).targets(target).send().await.unwrap();
    let answer = world.elb.describe_target_health().target_group_arn(&group).send().await.unwrap();
    let shown = answer.target_health_descriptions()[0].target().and_then(|target| target.quic_server_id());
    assert_eq!(shown, Some("0x0123456789abcdef"));
}
