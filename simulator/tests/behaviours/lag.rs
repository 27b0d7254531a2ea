//! Reads that answer from the state as it was a while ago.

use std::time::Duration;

use northgate_simulator::{Lag, LagKind};

use super::world::{World, element, seconds};

async fn late(kind: LagKind) -> World {
    World::with(|options| options.lag = options.lag.clone().with(kind, Duration::from_secs(5))).await
}

#[tokio::test(start_paused = true)]
async fn what_was_just_made_is_not_found_and_what_was_just_deleted_still_shows() {
    let world = late(LagKind::LoadBalancers).await;
    let web = world.web().await;
    let describe = format!("DescribeLoadBalancers&LoadBalancerArns.member.1={}", web.load_balancer);
    let refused = world.elb(&describe).await.expect_err("not there yet");
    assert!(refused.starts_with("400 LoadBalancerNotFound"), "{refused}");
    world
        .elb(&format!("DescribeListeners&LoadBalancerArn={}", web.load_balancer))
        .await
        .expect("another kind is up to date");
    seconds(4.9).await;
    assert!(world.elb(&describe).await.is_err());
    seconds(0.2).await;
    world.elb(&describe).await.expect("it is there now");
    world.elb(&format!("DeleteLoadBalancer&LoadBalancerArn={}", web.load_balancer)).await.expect("deleted");
    seconds(4.9).await;
    world.elb(&describe).await.expect("a ghost");
    seconds(0.2).await;
    assert!(world.elb(&describe).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_read_shows_the_past_at_its_own_time_and_writes_act_on_the_present() {
    let world = late(LagKind::LoadBalancers).await;
    let web = world.web().await;
    seconds(6.0).await;
    assert_eq!(
        world.state(&web.load_balancer).await,
        "provisioning",
        "as it was 5 s ago, although it is active by now"
    );
    seconds(2.0).await;
    assert_eq!(world.state(&web.load_balancer).await, "active");
    let modify = "&Attributes.member.1.Key=deletion_protection.enabled&Attributes.member.1.Value=true";
    world.tell(|options| options.lag = options.lag.clone().with(LagKind::Attributes, Duration::from_secs(3))).await;
    let arn = &web.load_balancer;
    world.elb(&format!("ModifyLoadBalancerAttributes&LoadBalancerArn={arn}{modify}")).await.expect("modified");
    let read = format!("DescribeLoadBalancerAttributes&LoadBalancerArn={arn}");
    let protected = |document: String| {
        let (_, rest) = document.split_once("deletion_protection.enabled").expect("the attribute");
        element(rest, "Value").to_owned()
    };
    assert_eq!(protected(world.elb(&read).await.expect("attributes")), "false");
    let refused = world.elb(&format!("DeleteLoadBalancer&LoadBalancerArn={arn}")).await.expect_err("protected");
    assert!(refused.contains("OperationNotPermitted"), "{refused}");
    seconds(3.0).await;
    assert_eq!(protected(world.elb(&read).await.expect("attributes")), "true");
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_read_lags_by_itself() {
    let world = World::new().await;
    let web = world.web().await;
    seconds(10.0).await;
    let (load_balancer, group, listener) = (&web.load_balancer, &web.group, &web.listener);
    let cases = [
        (
            LagKind::Listeners,
            format!("DescribeListeners&LoadBalancerArn={load_balancer}"),
            format!("DeleteListener&ListenerArn={listener}"),
            "ListenerArn",
        ),
        (
            LagKind::Tags,
            format!("DescribeTags&ResourceArns.member.1={group}"),
            format!("AddTags&ResourceArns.member.1={group}&Tags.member.1.Key=a&Tags.member.1.Value=b"),
            "Key",
        ),
        (
            LagKind::TargetHealth,
            format!("DescribeTargetHealth&TargetGroupArn={group}"),
            format!("RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id=10.0.0.8"),
            "10.0.0.8",
        ),
        (
            LagKind::TargetGroups,
            "DescribeTargetGroups".to_owned(),
            "CreateTargetGroup&Name=new&Protocol=TCP&Port=80&VpcId=vpc-a".to_owned(),
            "new",
        ),
    ];
    for (kind, read, write, sign) in cases {
        world.tell(|options| options.lag = options.lag.clone().with(kind, Duration::from_secs(5))).await;
        let before = world.elb(&read).await.expect("an answer").contains(sign);
        world.elb(&write).await.expect("a change");
        let at_once = world.elb(&read).await.expect("an answer").contains(sign);
        seconds(5.0).await;
        let late = world.elb(&read).await.expect("an answer").contains(sign);
        assert_eq!((before, at_once, late), (before, before, !before), "{kind:?}");
        world.tell(|options| options.lag = Lag::default()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn security_groups_lag_in_ec2_and_the_interfaces_of_load_balancers_with_them() {
    let world = late(LagKind::SecurityGroups).await;
    let made = world.ec2("CreateSecurityGroup&GroupName=a&GroupDescription=a&VpcId=vpc-a").await.expect("a group");
    let id = element(&made, "groupId");
    let describe = format!("DescribeSecurityGroups&GroupId.1={id}");
    let refused = world.ec2(&describe).await.expect_err("not there yet");
    assert!(refused.starts_with("400 InvalidGroup.NotFound"), "{refused}");
    let again = world.ec2("CreateSecurityGroup&GroupName=a&GroupDescription=a&VpcId=vpc-a").await;
    assert!(again.expect_err("it is there for writes").contains("InvalidGroup.Duplicate"));
    seconds(5.0).await;
    world.ec2(&describe).await.expect("it is there now");

    let world = late(LagKind::NetworkInterfaces).await;
    let web = world.web().await;
    let count =
        async || world.ec2("DescribeNetworkInterfaces").await.expect("interfaces").matches("ELB net/web").count();
    assert_eq!(count().await, 0);
    seconds(5.0).await;
    assert_eq!(count().await, 1);
    world.elb(&format!("DeleteLoadBalancer&LoadBalancerArn={}", web.load_balancer)).await.expect("deleted");
    seconds(5.9).await;
    assert_eq!(count().await, 1, "gone after a second, seen five seconds later");
    seconds(0.2).await;
    assert_eq!(count().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_lag_that_is_set_later_hides_nothing_that_was_there() {
    let world = World::new().await;
    let web = world.web().await;
    seconds(3.0).await;
    let late = Duration::from_secs(30);
    world
        .tell(|options| options.lag = LagKind::ALL.iter().fold(Lag::default(), |lag, kind| lag.with(*kind, late)))
        .await;
    assert_eq!(world.state(&web.load_balancer).await, "active");
    world.ec2("DescribeInstances&InstanceId.1=i-a").await.expect("an instance");
}
