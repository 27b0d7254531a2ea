//! Load balancing that an account description puts in.

use std::collections::BTreeMap;
use std::time::Duration;

use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{Options, Simulator};

use super::world::{World, arn};

const NETWORK: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcId: vpc-a
vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}]
subnets: [{SubnetId: subnet-a, VpcId: vpc-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24}]
securityGroups: [{GroupId: sg-one, GroupName: one, VpcId: vpc-a}]
instances: [{InstanceId: i-a, SubnetId: subnet-a}]
"#;

const STACK: &str = r#"
loadBalancers:
- LoadBalancerArn: &lb arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/net/web/0123456789abcdef
  Type: network
  State: {Code: active_impaired}
  AvailabilityZones: [{SubnetId: subnet-a}]
  SecurityGroups: [sg-one]
  Tags: {team: web, count: 3}
  Attributes: {load_balancing.cross_zone.enabled: true}
targetGroups:
- TargetGroupArn: &tg arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/web/0123456789abcdef
  Protocol: TCP
  Port: 80
  HealthCheckProtocol: HTTP
  Tags: [{Key: team, Value: web}]
  Targets:
  - {Target: {Id: i-a}, TargetHealth: {State: unhealthy}}
  - {Target: {Id: i-a, Port: 81}}
  - {Target: {Id: i-a, Port: 82}, TargetHealth: {State: draining}}
listeners:
- LoadBalancerArn: *lb
  Port: 80
  Protocol: TCP
  DefaultActions: [{Type: forward, TargetGroupArn: *tg}]
  Attributes: {tcp.idle_timeout.seconds: 60}
"#;

async fn load(text: &str) -> Result<World, String> {
    let simulator = Simulator::new(Options::default());
    let description = AccountDescription::parse(text).map_err(|error| error.to_string())?;
    description.load(&simulator).await.map_err(|error| error.to_string())?;
    Ok(World::of(simulator))
}

#[tokio::test(start_paused = true)]
async fn what_is_described_is_there_and_the_rest_has_its_defaults() {
    let world = load(&format!("{NETWORK}{STACK}")).await.unwrap();
    let found = world.elb.describe_load_balancers().names("web").send().await.unwrap();
    let web = &found.load_balancers()[0];
    assert_eq!(web.dns_name(), Some("web-0123456789abcdef.elb.us-west-2.amazonaws.com"));
    assert_eq!((web.vpc_id(), web.availability_zones()[0].zone_name()), (Some("vpc-a"), Some("us-west-2a")));
    let load_balancer = arn(web.load_balancer_arn());
    assert_eq!(world.state(&load_balancer).await, "active_impaired");
    let tags = BTreeMap::from([("count".to_owned(), "3".to_owned()), ("team".to_owned(), "web".to_owned())]);
    assert_eq!(world.tags(&load_balancer).await, tags);
    let attributes =
        world.elb.describe_load_balancer_attributes().load_balancer_arn(&load_balancer).send().await.unwrap();
    let value =
        |key: &str| attributes.attributes().iter().find(|item| item.key() == Some(key)).and_then(|item| item.value());
    assert_eq!(value("load_balancing.cross_zone.enabled"), Some("true"));
    assert_eq!(value("deletion_protection.enabled"), Some("false"));
    let groups = world.elb.describe_target_groups().load_balancer_arn(&load_balancer).send().await.unwrap();
    let group = &groups.target_groups()[0];
    assert_eq!((group.health_check_path(), group.health_check_interval_seconds()), (Some("/"), Some(30)));
    let listeners = world.elb.describe_listeners().load_balancer_arn(&load_balancer).send().await.unwrap();
    assert_eq!(listeners.listeners()[0].port(), Some(80));
}

#[tokio::test(start_paused = true)]
async fn targets_keep_the_state_that_was_seen() {
    let world = load(&format!("{NETWORK}{STACK}")).await.unwrap();
    let groups = world.elb.describe_target_groups().send().await.unwrap();
    let group = arn(groups.target_groups()[0].target_group_arn());
    let seen = ["i-a:80 unhealthy Target.FailedHealthChecks", "i-a:81 healthy"];
    let draining = "i-a:82 draining Target.DeregistrationInProgress";
    assert_eq!(world.health(&group).await, [seen[0], seen[1], draining]);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(world.health(&group).await, seen);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_create_finds_what_is_described() {
    let world = load(&format!("{NETWORK}{STACK}")).await.unwrap();
    let group = "Name=web&Protocol=TCP&Port=80&VpcId=vpc-a&HealthCheckProtocol=HTTP";
    let same = world.call("CreateTargetGroup", group).await.unwrap();
    assert!(same.contains("targetgroup/web/0123456789abcdef"), "{same}");
    let load_balancer = "Name=web&Type=network&Subnets.member.1=subnet-a&SecurityGroups.member.1=sg-one";
    let same = world.call("CreateLoadBalancer", load_balancer).await.unwrap();
    assert!(same.contains("loadbalancer/net/web/0123456789abcdef"), "{same}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_element_that_says_it() {
    let cases = [
        ("AvailabilityZones: [{SubnetId: subnet-a}]", "AvailabilityZones: [{SubnetId: subnet-x}]", "subnet-x"),
        ("Type: network", "Type: application", "loadBalancers: web"),
        ("{State: unhealthy}", "{State: sleepy}", "sleepy"),
        ("load_balancing.cross_zone.enabled: true", "colour: red", "colour"),
        (
            "TargetGroupArn: *tg",
            "TargetGroupArn: arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/x/1",
            "targetgroup/x/1",
        ),
        (
            "- LoadBalancerArn: *lb",
            "- LoadBalancerArn: arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/net/x/1",
            "net/x/1",
        ),
        ("Port: 80\n  Protocol: TCP", "Port: 0\n  Protocol: TCP", "greater than or equal to 1"),
    ];
    for (is, becomes, expected) in cases {
        assert!(STACK.contains(is), "{is}");
        let text = format!("{NETWORK}{}", STACK.replace(is, becomes));
        match load(&text).await {
            Err(sentence) if sentence.contains(expected) => {}
            Err(sentence) => panic!("{becomes}: {sentence}"),
            Ok(_) => panic!("{becomes} is refused"),
        }
    }
}
