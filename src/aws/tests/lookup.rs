//! The facts: what is asked, how often, and what a write changes of them.

use std::net::IpAddr;
use std::time::Duration;

use northgate_planner::facts::ZoneType;
use northgate_planner::id::{InstanceId, IpProtocol};
use northgate_planner::model::{IngressRule, Peer, RuleProtocol};
use northgate_planner::plan::{CreateSecurityGroup, DeleteSecurityGroup, SecurityGroupIngress};

use super::*;
use crate::aws::error::Class;

fn network() -> Needs {
    Needs {
        subnets: true,
        availability_zones: true,
        route_tables_unless_tagged: Some("kubernetes.io/role/internal-elb".to_owned()),
        vpc: true,
        ..Needs::default()
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn rule(port: i32) -> IngressRule {
    IngressRule {
        protocol: RuleProtocol::Ip(IpProtocol::Tcp),
        from_port: Knowable::Known(port),
        to_port: Knowable::Known(port),
        peer: Peer::Cidr("192.0.2.0/24".parse().unwrap()),
        description: "elbv2.k8s.aws/targetGroupBinding=shared".to_owned(),
    }
}

fn ingress(group: &str, rule: IngressRule) -> SecurityGroupIngress {
    SecurityGroupIngress { group_id: Ref::Known(SecurityGroupId::new(group)), ip_permissions: vec![rule] }
}

/// The rules of a group as the next decision about it sees them.
async fn rules(bed: &Bed, group: &str) -> Option<Vec<IngressRule>> {
    match bed.account.observe(&Scope::Rules(SecurityGroupId::new(group))).await.unwrap() {
        Actual::Rules(found) => found.map(|group| group.rules),
        other => panic!("rules and not {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_network_is_asked_once_in_ten_minutes_however_many_ask() {
    let bed = Bed::new().await;
    let needs = network();
    let (one, other) = tokio::join!(bed.account.lookup(&needs), bed.account.lookup(&needs));
    let facts = one.unwrap();
    assert_eq!(facts, other.unwrap());
    let calls = ["DescribeAvailabilityZones", "DescribeRouteTables", "DescribeSubnets", "DescribeVpcs"];
    assert_eq!(bed.wire.sorted_calls(), calls);

    assert_eq!(facts.subnets.keys().map(SubnetId::as_str).collect::<Vec<_>>(), ["subnet-a", "subnet-b"]);
    let subnet = &facts.subnets[&SubnetId::new("subnet-a")];
    assert_eq!((subnet.zone.as_str(), subnet.zone_id.as_str()), ("us-west-2a", "usw2-az1"));
    assert_eq!(subnet.cidr, Some("10.0.0.0/24".parse().unwrap()));
    assert_eq!(subnet.tags, pairs(&[("kubernetes.io/role/elb", "")]));
    assert_eq!(facts.availability_zones["usw2-az1"], ZoneType::AvailabilityZone);
    assert_eq!(facts.vpc.as_ref().unwrap().cidrs, ["10.0.0.0/16".parse().unwrap()]);
    let tables = facts.route_tables.as_ref().unwrap();
    let public = tables.iter().find(|table| table.has_internet_gateway).unwrap();
    assert_eq!((tables.len(), public.main, public.subnets.len()), (2, false, 1));

    bed.account.lookup(&needs).await.unwrap();
    assert!(bed.wire.calls().is_empty());
    tokio::time::advance(Duration::from_secs(600)).await;
    bed.account.lookup(&needs).await.unwrap();
    assert_eq!(bed.wire.sorted_calls(), calls);
    bed.account.forget_network();
    bed.account.lookup(&needs).await.unwrap();
    assert_eq!(bed.wire.sorted_calls(), calls);
}

#[tokio::test]
async fn nothing_is_asked_that_is_not_needed() {
    let bed = Bed::new().await;
    assert_eq!(bed.account.lookup(&Needs::default()).await.unwrap(), Default::default());
    assert!(bed.wire.calls().is_empty());
}

#[tokio::test]
async fn a_tagged_subnet_makes_route_tables_needless() {
    let bed = Bed::new().await;
    let tag = Some("kubernetes.io/role/elb".to_owned());
    let needs = Needs { route_tables_unless_tagged: tag, ..Needs::default() };
    let facts = bed.account.lookup(&needs).await.unwrap();
    assert_eq!((facts.route_tables, facts.subnets.len()), (None, 0), "the subnets were not asked for");
    assert_eq!(bed.wire.calls(), ["DescribeSubnets"]);
}

#[tokio::test]
async fn subnets_by_id_are_found_in_every_vpc_and_asked_once() {
    let bed = Bed::new().await;
    let ids = ["subnet-a", "subnet-z", "subnet-none"].map(SubnetId::new).into();
    let needs = Needs { subnets: true, subnet_ids: ids, ..Needs::default() };
    let facts = bed.account.lookup(&needs).await.unwrap();
    assert_eq!(facts.subnets.keys().map(SubnetId::as_str).collect::<Vec<_>>(), ["subnet-a", "subnet-b", "subnet-z"]);
    assert_eq!(bed.wire.calls(), ["DescribeSubnets"; 2]);
    let needs = Needs { subnet_ids: [SubnetId::new("subnet-z")].into(), ..Needs::default() };
    assert_eq!(bed.account.lookup(&needs).await.unwrap().subnets.len(), 1);
    assert!(bed.wire.calls().is_empty());
}

#[tokio::test]
async fn instances_come_with_the_groups_of_their_first_interface() {
    let bed = Bed::new().await;
    let ids = ["i-1", "i-2", "i-gone", "i-none"].map(InstanceId::new);
    let needs = Needs { instances: ids.into(), security_groups_of_interfaces: true, ..Needs::default() };
    let facts = bed.account.lookup(&needs).await.unwrap();
    assert_eq!(facts.instances.keys().map(InstanceId::as_str).collect::<Vec<_>>(), ["i-1", "i-2", "i-gone"]);
    let first = &facts.instances[&InstanceId::new("i-1")];
    assert_eq!(first.vpc, Some(VpcId::new(VPC)));
    let interface = first.primary_interface.as_ref().unwrap();
    assert_eq!((interface.id.as_str(), &interface.security_groups), ("eni-1", &vec![SecurityGroupId::new("sg-nodes")]));
    let gone = &facts.instances[&InstanceId::new("i-gone")];
    assert_eq!((&gone.vpc, &gone.primary_interface), (&None, &None));
    assert_eq!(facts.security_groups.keys().map(SecurityGroupId::as_str).collect::<Vec<_>>(), ["sg-nodes"]);
    assert_eq!(facts.security_groups[&SecurityGroupId::new("sg-nodes")].tags["kubernetes.io/cluster/demo"], "owned");
    assert_eq!(bed.wire.calls(), ["DescribeInstances", "DescribeSecurityGroups"]);
    bed.account.lookup(&needs).await.unwrap();
    assert_eq!(bed.wire.calls(), ["DescribeInstances"], "only the one that was not found");
}

#[tokio::test]
async fn many_instances_are_asked_in_chunks_that_ec2_takes() {
    let many = (0..250).map(|number| format!("i-many-{number}")).collect::<Vec<_>>();
    let bed = Bed::new().await;
    let needs = Needs { instances: many.iter().map(InstanceId::new).collect(), ..Needs::default() };
    assert_eq!(bed.account.lookup(&needs).await.unwrap().instances.len(), 0);
    assert_eq!(bed.wire.calls(), ["DescribeInstances"; 2]);
    let addresses = (0..250).map(|number| address(&format!("10.0.9.{number}")));
    let needs = Needs { interfaces_with: addresses.map(|address| (address, None)).collect(), ..Needs::default() };
    assert_eq!(bed.account.lookup(&needs).await.unwrap().interfaces.len(), 0);
    assert_eq!(bed.wire.calls(), ["DescribeNetworkInterfaces"; 2]);
}

#[tokio::test]
async fn addresses_are_found_on_interfaces_in_prefixes_and_in_ipv6() {
    let bed = Bed::new().await;
    let in_prefix = ["10.0.0.33", "10.0.0.47", "2001:db8::11"];
    let alone = ["10.0.1.50", "10.0.1.99"];
    let on = |host| move |text: &&str| (address(text), Some(InstanceId::new(host)));
    let needs = Needs {
        instances: [InstanceId::new("i-1")].into(),
        interfaces_with: in_prefix.iter().map(on("i-1")).chain(alone.iter().map(on("i-2"))).collect(),
        security_groups_of_interfaces: true,
        ..Needs::default()
    };
    let facts = bed.account.lookup(&needs).await.unwrap();
    let found = |text: &str| facts.interfaces.get(&address(text)).map(|interface| interface.id.as_str());
    assert_eq!(in_prefix.map(found), [Some("eni-1b"); 3]);
    assert_eq!(alone.map(found), [Some("eni-pod"), None]);
    let groups = facts.security_groups.keys().map(SecurityGroupId::as_str).collect::<Vec<_>>();
    assert_eq!(groups, ["sg-nodes", "sg-pods"]);
    let calls = ["DescribeInstances", "DescribeNetworkInterfaces", "DescribeInstances", "DescribeSecurityGroups"];
    assert_eq!(bed.wire.calls(), calls, "at last the node of the address that nothing holds");

    let again = bed.account.lookup(&needs).await.unwrap();
    assert_eq!(again, facts);
    let calls = bed.wire.calls();
    assert_eq!(calls, ["DescribeNetworkInterfaces", "DescribeInstances"], "for the address that nothing holds");

    let known = Needs { interfaces_with: needs.interfaces_with.into_iter().take(2).collect(), ..Needs::default() };
    assert_eq!(bed.account.lookup(&known).await.unwrap().interfaces.len(), 2);
    assert!(bed.wire.calls().is_empty());
}

#[tokio::test]
async fn addresses_out_of_prefixes_alone_cost_one_look_at_their_nodes() {
    let bed = Bed::new().await;
    let on = |text, host: Option<&str>| (address(text), host.map(InstanceId::new));
    let needs = |addresses: &[(IpAddr, Option<InstanceId>)]| Needs {
        interfaces_with: addresses.iter().cloned().collect(),
        security_groups_of_interfaces: true,
        ..Needs::default()
    };
    let first = [on("10.0.0.33", Some("i-1")), on("10.0.0.34", Some("i-1")), on("10.0.1.50", Some("i-2"))];
    let facts = bed.account.lookup(&needs(&first)).await.unwrap();
    assert_eq!(
        facts.interfaces.values().map(|found| found.id.as_str()).collect::<Vec<_>>(),
        ["eni-1b", "eni-1b", "eni-pod"]
    );
    assert_eq!(facts.instances.len(), 0, "the nodes themselves were not asked for");
    assert_eq!(facts.security_groups.keys().map(SecurityGroupId::as_str).collect::<Vec<_>>(), ["sg-pods"]);
    assert_eq!(bed.wire.calls(), ["DescribeNetworkInterfaces", "DescribeInstances", "DescribeSecurityGroups"]);

    let next = bed.account.lookup(&needs(&[on("10.0.0.47", Some("i-1"))])).await.unwrap();
    assert_eq!(next.interfaces.len(), 1);
    assert!(bed.wire.calls().is_empty(), "the next pod out of a prefix that is known costs nothing");

    let nowhere = bed.account.lookup(&needs(&[on("10.0.0.35", None)])).await.unwrap();
    assert_eq!(nowhere.interfaces.len(), 0, "without its node it is not found");
    assert_eq!(bed.wire.calls(), ["DescribeNetworkInterfaces"]);
}

#[tokio::test]
async fn without_nodes_an_ipv6_address_is_asked_for_by_its_own_filter() {
    let bed = Bed::new().await;
    let addresses = [address("2001:db8::11"), address("10.0.1.50")];
    let needs = Needs { interfaces_with: addresses.map(|address| (address, None)).into(), ..Needs::default() };
    let facts = bed.account.lookup(&needs).await.unwrap();
    assert_eq!(addresses.map(|address| facts.interfaces[&address].id.to_string()), ["eni-1b", "eni-pod"]);
    assert_eq!(bed.wire.calls(), ["DescribeNetworkInterfaces"; 2]);
}

#[tokio::test]
async fn a_workers_rules_are_asked_once_and_written_through() {
    let bed = Bed::new().await;
    assert_eq!(rules(&bed, "sg-nodes").await, Some(vec![]));
    bed.perform(AwsChange::AuthorizeSecurityGroupIngress(ingress("sg-nodes", rule(30_000)))).await.unwrap();
    assert_eq!(rules(&bed, "sg-nodes").await, Some(vec![rule(30_000)]));
    bed.perform(AwsChange::AuthorizeSecurityGroupIngress(ingress("sg-nodes", rule(31_000)))).await.unwrap();
    bed.perform(AwsChange::RevokeSecurityGroupIngress(ingress("sg-nodes", rule(30_000)))).await.unwrap();
    assert_eq!(rules(&bed, "sg-nodes").await, Some(vec![rule(31_000)]));
    let writes = ["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"];
    assert_eq!(bed.wire.calls(), [&["DescribeSecurityGroups"][..], &writes].concat());
    let fresh = restarted(&bed).observe(&Scope::Rules(SecurityGroupId::new("sg-nodes"))).await.unwrap();
    assert_eq!(fresh, bed.account.observe(&Scope::Rules(SecurityGroupId::new("sg-nodes"))).await.unwrap());
    assert_eq!(rules(&bed, "sg-none").await, None);
}

#[tokio::test]
async fn an_error_that_contradicts_a_cached_rule_drops_it() {
    let bed = Bed::new().await;
    rules(&bed, "sg-nodes").await;
    let elsewhere = restarted(&bed);
    let open = AwsChange::AuthorizeSecurityGroupIngress(ingress("sg-nodes", rule(30_000)));
    elsewhere.perform(&resolved(open.clone())).await.unwrap();
    assert_eq!(rules(&bed, "sg-nodes").await, Some(vec![]), "as it was ten minutes ago at most");
    let error = bed.perform(open).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("InvalidPermission.Duplicate"), Class::Conflict));
    assert_eq!(rules(&bed, "sg-nodes").await, Some(vec![rule(30_000)]));
}

#[tokio::test(start_paused = true)]
async fn a_rule_whose_answer_was_lost_is_looked_for() {
    let bed = Bed::new().await;
    rules(&bed, "sg-nodes").await;
    bed.wire.lose_answer_to("AuthorizeSecurityGroupIngress");
    let open = AwsChange::AuthorizeSecurityGroupIngress(ingress("sg-nodes", rule(30_000)));
    let error = bed.perform(open).await.unwrap_err();
    assert_eq!(error.class(), Class::Conflict, "the repetition found the rule open: {error}");
    assert_eq!(rules(&bed, "sg-nodes").await, Some(vec![rule(30_000)]));
}

#[tokio::test]
async fn the_shared_group_is_remembered_once_it_exists() {
    let bed = Bed::new().await;
    let needs = Needs { backend_security_group: true, ..Needs::default() };
    for _ in 0..2 {
        assert_eq!(bed.account.lookup(&needs).await.unwrap().backend_security_group, None);
    }
    assert_eq!(bed.wire.calls(), ["DescribeSecurityGroups"; 2], "that there is none is not remembered");
    let shared = [("elbv2.k8s.aws/cluster", CLUSTER), ("elbv2.k8s.aws/resource", "backend-sg")];
    let create = CreateSecurityGroup {
        group_name: "k8s-traffic-demo".to_owned(),
        description: "[k8s] Shared Backend SecurityGroup for LoadBalancer".to_owned(),
        vpc_id: VpcId::new(VPC),
        tags: TagList(pairs(&shared)),
    };
    let made = bed.perform(AwsChange::CreateSecurityGroup(create)).await.unwrap();
    let made = SecurityGroupId::new(made.physical_id.unwrap());
    bed.wire.calls();
    assert_eq!(bed.account.lookup(&needs).await.unwrap().backend_security_group, Some(made.clone()));
    assert!(bed.wire.calls().is_empty());
    let elsewhere = restarted(&bed).lookup(&needs).await.unwrap();
    assert_eq!(elsewhere.backend_security_group, Some(made.clone()));
    bed.perform(AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: made })).await.unwrap();
    assert_eq!(bed.account.lookup(&needs).await.unwrap().backend_security_group, None);
}
