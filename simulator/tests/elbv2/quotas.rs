//! Quotas: DescribeAccountLimits, and what happens at each limit.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute;
use northgate_simulator::Quotas;

use super::world::{World, arn, refusal};

#[tokio::test]
async fn limits_are_described_with_what_a_test_set_instead() {
    let world = World::new().await;
    world.limit(&[("network-load-balancers", 7)]).await;
    let answer = world.elb.describe_account_limits().send().await.unwrap();
    let limits = answer.limits().iter().map(|limit| (limit.name().unwrap(), limit.max().unwrap()));
    let limits = limits.collect::<BTreeMap<_, _>>();
    assert_eq!(limits["network-load-balancers"], "7");
    assert_eq!(limits["target-groups"], "3000");
    assert_eq!(limits["listeners-per-network-load-balancer"], "50");
    assert_eq!(limits["targets-per-network-load-balancer"], "3000");
    let page = world.elb.describe_account_limits().page_size(2).send().await.unwrap();
    assert_eq!(page.limits().len(), 2);
    assert!(page.next_marker().is_some());
    let unknown = Quotas::try_from(BTreeMap::from([("networks".to_owned(), 1)])).unwrap_err();
    assert!(unknown.starts_with("'networks' is no quota"));
}

#[tokio::test]
async fn what_is_within_a_quota_is_made_and_the_next_is_refused() {
    let world = World::new().await;
    let web = world.web().await;
    world
        .limit(&[
            ("network-load-balancers", 1),
            ("target-groups", 2),
            ("listeners-per-network-load-balancer", 2),
            ("target-groups-per-action-on-network-load-balancer", 1),
            ("targets-per-target-group", 2),
        ])
        .await;
    world.listener(&web.load_balancer, 81, &web.group).await;
    let second = arn(world.target_group("second").await.target_group_arn());
    let forward = |n: u8, arn: &str| {
        format!("&DefaultActions.member.1.ForwardConfig.TargetGroups.member.{n}.TargetGroupArn={arn}")
    };
    let both = format!("{}{}", forward(1, &web.group), forward(2, &second));
    let actions = format!("ListenerArn={}&DefaultActions.member.1.Type=forward{both}", web.listener);
    let listener = format!(
        "LoadBalancerArn={}&Protocol=TCP&Port=82&DefaultActions.member.1.Type=forward{}",
        web.load_balancer,
        forward(1, &web.group)
    );
    world
        .refuses("CreateLoadBalancer", &[("Name=w&Type=network&Subnets.member.1=subnet-a", "TooManyLoadBalancers: ")])
        .await;
    world.refuses("CreateTargetGroup", &[("Name=w&Protocol=TCP&Port=80&VpcId=vpc-a", "TooManyTargetGroups: ")]).await;
    world.refuses("CreateListener", &[(&listener, "TooManyListeners: ")]).await;
    world.refuses("ModifyListener", &[(&actions, "TooManyActions: ")]).await;
    world.register(&web.group, &[("i-a", Some(1)), ("i-a", Some(2))]).await.unwrap();
    let third = world.register(&web.group, &[("i-a", Some(3))]).await.unwrap_err();
    assert!(third.starts_with("TooManyTargets: "), "{third}");
    world.deregister(&web.group, &[("i-a", Some(1))]).await.unwrap();
    world.register(&web.group, &[("i-a", Some(3))]).await.unwrap();
    let same = world.load_balancer("web").await;
    assert_eq!(same.load_balancer_arn(), Some(web.load_balancer.as_str()), "a repeated call makes nothing new");
}

#[tokio::test]
async fn targets_of_a_load_balancer_are_counted_over_its_groups() {
    let world = World::new().await;
    let web = world.web().await;
    world
        .limit(&[
            ("targets-per-network-load-balancer", 3),
            ("targets-per-availability-zone-per-network-load-balancer", 2),
        ])
        .await;
    world.register(&web.group, &[("i-a", None), ("i-b", None)]).await.unwrap();
    let second = arn(world.target_group("second").await.target_group_arn());
    world.register(&second, &[("i-a", None), ("i-b", None)]).await.unwrap();
    let create = format!(
        "LoadBalancerArn={}&Protocol=TCP&Port=81&DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={second}",
        web.load_balancer
    );
    world.refuses("CreateListener", &[(&create, "TooManyTargets: ")]).await;
    let listeners = world.elb.describe_listeners().load_balancer_arn(&web.load_balancer).send().await.unwrap();
    assert_eq!(listeners.listeners().len(), 1, "the refused listener is not there");
    world.register(&web.group, &[("i-a", Some(81))]).await.unwrap();
    let zone = world.register(&web.group, &[("i-a", Some(82))]).await.unwrap_err();
    assert!(zone.contains("targets-per-availability-zone-per-network-load-balancer"), "{zone}");
    world.deregister(&web.group, &[("i-a", Some(81))]).await.unwrap();
    let attribute = LoadBalancerAttribute::builder().key("load_balancing.cross_zone.enabled").value("true").build();
    world
        .elb
        .modify_load_balancer_attributes()
        .load_balancer_arn(&web.load_balancer)
        .attributes(attribute)
        .send()
        .await
        .unwrap();
    let call = world.elb.register_targets().target_group_arn(&web.group);
    let whole = call.set_targets(Some(super::world::descriptions(&[("i-b", Some(81))]))).send().await.unwrap_err();
    assert!(
        refusal(&whole).contains("targets-per-availability-zone-per-network-load-balancer"),
        "one quota for all zones"
    );
}
