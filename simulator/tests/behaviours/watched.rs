//! What a test sees of an account besides its answers.

use std::sync::Arc;
use std::time::Duration;

use northgate_simulator::{CallRecord, Lag, LagKind, Options, Simulator};
use serde_json::json;

use super::world::{World, seconds};

#[tokio::test(start_paused = true)]
async fn requests_that_the_service_model_does_not_allow_are_kept_and_refusals_of_other_kinds_are_not() {
    let world = World::new().await;
    let web = world.web().await;
    let allowed = [
        "DescribeLoadBalancers&Names.member.1=nobody".to_owned(),
        "CreateLoadBalancer&Name=web_1&Type=network&Subnets.member.1=subnet-a".to_owned(),
        format!("DeleteTargetGroup&TargetGroupArn={}", web.group),
        format!("AddTags&ResourceArns.member.1={}&Tags.member.1.Key=aws:a", web.group),
    ];
    for call in allowed {
        world.elb(&call).await.expect_err("refused");
    }
    world.ec2("DescribeSecurityGroups&GroupId.1=sg-x").await.expect_err("refused");
    assert_eq!(world.simulator.violations(), []);

    let wrong = [
        ("elb", "StartLoadBalancer", "InvalidAction"),
        ("elb", "CreateTargetGroup&Protocol=TCP", "at 'name' failed to satisfy constraint: Member must not be null"),
        ("elb", "DeleteListener&ListenerArn=x&Force=true", "at 'force'"),
        ("elb", "DescribeLoadBalancers&PageSize=500", "less than or equal to 400"),
        ("elb", "AddTags&ResourceArns.member.1=x&Tags.member.1.Key=a%23", "regular expression"),
        ("elb", "CreateLoadBalancer&Name=a&Scheme=hidden", "enum value set"),
        ("ec2", "CreateImage", "InvalidAction"),
        ("ec2", "CreateSecurityGroup&GroupName=a", "MissingParameter"),
        ("ec2", "DescribeSubnets&Subnet.1=a", "UnknownParameter"),
        ("ec2", "DescribeSubnets&MaxResults=2", "maxResults"),
        ("ec2", "DeleteSecurityGroup&GroupId=sg-one&DryRun=perhaps", "true or false"),
    ];
    for (service, call, expected) in wrong {
        let before = world.simulator.violations().len();
        let outcome = if service == "ec2" { world.ec2(call).await } else { world.elb(call).await };
        outcome.expect_err(call);
        let violations = world.simulator.violations();
        assert_eq!(violations.len(), before + 1, "{call}");
        let last = violations.last().expect("one");
        assert!(call.starts_with(&last.action) && last.message.contains(expected), "{last:?}");
        assert_eq!(last.service == "ec2", service == "ec2");
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_is_kept_with_its_members_and_its_answer() {
    let world = World::new().await;
    let before = world.simulator.calls_after(0).len();
    assert_eq!(before, 0, "a description is no call");
    seconds(2.0).await;
    let web = world.web().await;
    world.elb("DescribeLoadBalancers&Names.member.1=nobody").await.expect_err("refused");
    let calls = world.simulator.calls_after(0);
    let line = |call: &CallRecord| format!("{} {} {}", call.number, call.action, call.status);
    assert_eq!(
        calls.iter().map(|call| line(call)).collect::<Vec<_>>(),
        [
            "1 CreateLoadBalancer 200",
            "2 CreateTargetGroup 200",
            "3 CreateListener 200",
            "4 RegisterTargets 200",
            "5 DescribeLoadBalancers 400",
        ]
    );
    assert_eq!(calls[3].members(), json!({ "TargetGroupArn": web.group, "Targets": [{ "Id": "10.0.0.9" }] }));
    assert_eq!((calls[4].code.as_deref(), &calls[4].scope), (Some("LoadBalancerNotFound"), &World::scope()));
    assert_eq!(calls[0].at.to_string(), "2026-01-31T12:00:02Z");
    assert_eq!(world.simulator.calls_after(4).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn as_many_calls_are_kept_as_asked_for() {
    for (kept, expected) in [(0, vec![]), (2, vec![4, 5])] {
        let world = World { simulator: Simulator::new(Options { calls_kept: kept, ..Options::default() }) };
        for _ in 0..5 {
            world.elb("DescribeLoadBalancers").await.expect("an answer");
        }
        let numbers = world.simulator.calls_after(0).iter().map(|call| call.number).collect::<Vec<_>>();
        assert_eq!(numbers, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_the_present_state_without_a_call() {
    let late = Duration::from_secs(30);
    let all = LagKind::ALL.iter().fold(Lag::default(), |lag, kind| lag.with(*kind, late));
    let world = World::with(|options| options.lag = all).await;
    let web = world.web().await;
    let permit = "&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80&IpPermissions.1.ToPort=90\
                  &IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.1.IpRanges.1.Description=all";
    world.ec2(&format!("AuthorizeSecurityGroupIngress&GroupId=sg-one{permit}")).await.expect("a rule");
    let calls = world.simulator.calls_after(0).len();
    let observed = world.simulator.observe(&World::scope()).await.expect("a state");
    assert_eq!(world.simulator.calls_after(0).len(), calls);
    let load_balancer = &observed.load_balancers[&web.load_balancer];
    assert_eq!((load_balancer.name.as_str(), load_balancer.state.as_str()), ("web", "provisioning"));
    assert_eq!(load_balancer.subnets["us-west-2a"], "subnet-a");
    assert_eq!(load_balancer.security_groups, ["sg-one"]);
    let listener = &observed.listeners[&web.listener];
    assert_eq!((listener.port, listener.protocol.as_str()), (80, "TCP"));
    assert_eq!(listener.default_actions[0]["TargetGroupArn"], web.group);
    let rule = observed.rules.values().next().expect("the default rule");
    assert_eq!(
        (rule.priority, &rule.listener_arn, &rule.description["IsDefault"]),
        (None, &web.listener, &json!(true))
    );
    let group = &observed.target_groups[&web.group];
    assert_eq!(group.load_balancer_arns, [web.load_balancer.as_str()]);
    assert_eq!(
        (group.targets[0].id.as_str(), group.targets[0].port, group.targets[0].state.as_str()),
        ("10.0.0.9", 80, "initial")
    );
    let sg = &observed.security_groups["sg-one"];
    assert_eq!((sg.name.as_str(), sg.tags["team"].as_str()), ("one", "web"));
    assert_eq!((sg.ingress[0].ports, sg.ingress[0].peer.as_str()), (Some((80, 90)), "10.0.0.0/8"));
    seconds(4.0).await;
    let later = world.simulator.observe(&World::scope()).await.expect("a state");
    assert_eq!(later.load_balancers[&web.load_balancer].state, "active");
    assert_eq!(later.target_groups[&web.group].targets[0].state, "healthy");
}

#[tokio::test(start_paused = true)]
async fn the_revision_grows_with_every_change_and_with_nothing_else() {
    let world = World::new().await;
    let web = world.web().await;
    let changes = world.simulator.changes();
    let before = world.simulator.revision();
    world.elb("DescribeLoadBalancers").await.expect("an answer");
    world.ec2("DescribeInstances").await.expect("an answer");
    world.elb("DeleteListener&ListenerArn=x").await.expect_err("refused");
    world.ec2("DeleteSecurityGroup&GroupId=sg-one").await.expect_err("held");
    let first = world.simulator.observe(&World::scope()).await.expect("a state");
    let second = world.simulator.observe(&World::scope()).await.expect("a state");
    assert!(Arc::ptr_eq(&first, &second), "nothing is computed twice");
    assert_eq!(world.simulator.revision(), before);
    assert!(!changes.has_changed().expect("a simulator"));
    let writes = [
        ("elb", format!("DeleteListener&ListenerArn={}", web.listener)),
        ("ec2", "CreateTags&ResourceId.1=sg-one&Tag.1.Key=a".to_owned()),
    ];
    for (service, call) in writes {
        let before = world.simulator.revision();
        if service == "ec2" { world.ec2(&call).await } else { world.elb(&call).await }.expect("a change");
        assert!(world.simulator.revision() > before, "{call}");
    }
    assert!(changes.has_changed().expect("a simulator"));
}
