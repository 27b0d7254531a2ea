//! What is seen of an account, and what is not asked twice.

use northgate_planner::actual::{ActualTargets, LoadBalancerState, TargetGroupRef, TargetState};
use northgate_planner::id::{InstanceId, IpProtocol};
use northgate_planner::model::{IngressRule, Peer, RuleProtocol, Target, TargetId};
use northgate_planner::plan::{AddTags, CreateSecurityGroup, SecurityGroupIngress, Targets};

use super::*;

const ARN: &str = "arn:aws:elasticloadbalancing:us-west-2:111122223333";

/// What is not the stack's: another cluster's, another stack's, another VPC's, and something without a resource id.
const OTHERS: &str = r#"
loadBalancers:
- {LoadBalancerName: other-cluster, VpcId: vpc-1, AvailabilityZones: [{SubnetId: subnet-a}], Tags: {elbv2.k8s.aws/cluster: prod, service.k8s.aws/stack: default/web, service.k8s.aws/resource: LoadBalancer}}
- {LoadBalancerName: other-stack, VpcId: vpc-1, AvailabilityZones: [{SubnetId: subnet-a}], Tags: {elbv2.k8s.aws/cluster: demo, service.k8s.aws/stack: default/api, service.k8s.aws/resource: LoadBalancer}}
- {LoadBalancerName: other-vpc, VpcId: vpc-2, AvailabilityZones: [{SubnetId: subnet-z}], Tags: {elbv2.k8s.aws/cluster: demo, service.k8s.aws/stack: default/web, service.k8s.aws/resource: LoadBalancer}}
- {LoadBalancerName: nobody, LoadBalancerArn: "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/net/nobody/0123456789abcdef", VpcId: vpc-1, AvailabilityZones: [{SubnetId: subnet-a}], Tags: {elbv2.k8s.aws/cluster: demo, service.k8s.aws/stack: default/web}}
targetGroups:
- {TargetGroupName: plain, VpcId: vpc-1, Protocol: TCP, Port: 80, TargetType: instance}
"#;

async fn made_stack(bed: &Bed) -> (LoadBalancerArn, TargetGroupArn) {
    let (load_balancer, target_group) = (bed.made_load_balancer().await, bed.made_target_group().await);
    bed.perform(AwsChange::CreateListener(listener(&load_balancer, &target_group))).await.unwrap();
    bed.perform(AwsChange::CreateSecurityGroup(CreateSecurityGroup {
        group_name: "k8s-web".to_owned(),
        description: "[k8s] Managed SecurityGroup for LoadBalancer".to_owned(),
        vpc_id: VpcId::new(VPC),
        tags: tags("ManagedLBSecurityGroup"),
    }))
    .await
    .unwrap();
    bed.wire.calls();
    (load_balancer, target_group)
}

#[tokio::test]
async fn a_stack_is_what_carries_its_tags_and_the_rest_only_takes_names() {
    let bed = Bed::with(OTHERS).await;
    let (load_balancer, target_group) = made_stack(&bed).await;
    let stack = bed.stack(Purpose::Keep).await;

    let [found] = stack.load_balancers.as_slice() else { panic!("one load balancer: {:?}", stack.load_balancers) };
    assert_eq!((found.resource_id(), &found.arn, found.name.as_str()), ("LoadBalancer", &load_balancer, "web"));
    assert_eq!((found.scheme, found.state.clone()), (Scheme::InternetFacing, LoadBalancerState::Provisioning));
    assert_eq!(found.subnets, [SubnetId::new("subnet-a")]);
    assert_eq!(found.security_groups, [SecurityGroupId::new("sg-frontend")]);
    assert_eq!((found.attributes.clone(), found.load_balancer_type.as_str()), (None, "network"));
    assert_eq!(found.tags, tags("LoadBalancer").0);
    let [listener] = found.listeners.as_slice() else { panic!("one listener: {:?}", found.listeners) };
    assert_eq!((listener.port, listener.protocol, &listener.tags), (80, Protocol::Tcp, &tags("80").0));
    assert_eq!(listener.target_groups().collect::<Vec<_>>(), [&target_group]);

    let [group] = stack.target_groups.as_slice() else { panic!("one target group: {:?}", stack.target_groups) };
    assert_eq!((group.resource_id(), &group.arn), ("default/web:80", &target_group));
    assert_eq!((group.health_check.clone(), &group.load_balancers), (health_check(), &vec![load_balancer]));
    assert_eq!(group.attributes.as_ref().unwrap()["deregistration_delay.timeout_seconds"], "300");
    let [group] = stack.security_groups.as_slice() else { panic!("one group: {:?}", stack.security_groups) };
    assert_eq!((group.resource_id(), group.name.as_str()), ("ManagedLBSecurityGroup", "k8s-web"));

    let names = stack.foreign_load_balancers.iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names, ["nobody", "other-cluster", "other-stack", "other-vpc"]);
    assert_eq!(stack.foreign_target_groups.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["plain"]);
    assert_eq!(stack.unidentified, [format!("{ARN}:loadbalancer/net/nobody/0123456789abcdef")]);
}

/// What a Service, an Ingress of the same name and a group have.
const SAME_NAMES: [&str; 2] = [
    r#"
- {GroupId: sg-of-service, VpcId: vpc-1, Tags: {elbv2.k8s.aws/cluster: demo, service.k8s.aws/stack: default/web, service.k8s.aws/resource: ManagedLBSecurityGroup}}
- {GroupId: sg-of-ingress, VpcId: vpc-1, Tags: {elbv2.k8s.aws/cluster: demo, ingress.k8s.aws/stack: default/web, ingress.k8s.aws/resource: ManagedLBSecurityGroup}}
- {GroupId: sg-of-group, VpcId: vpc-1, Tags: {elbv2.k8s.aws/cluster: demo, ingress.k8s.aws/stack: web, ingress.k8s.aws/resource: ManagedLBSecurityGroup}}
"#,
    r#"
loadBalancers:
- {LoadBalancerName: of-service, VpcId: vpc-1, AvailabilityZones: [{SubnetId: subnet-a}], Tags: {elbv2.k8s.aws/cluster: demo, service.k8s.aws/stack: default/web, service.k8s.aws/resource: LoadBalancer}}
- {LoadBalancerName: of-ingress, VpcId: vpc-1, AvailabilityZones: [{SubnetId: subnet-a}], Tags: {elbv2.k8s.aws/cluster: demo, ingress.k8s.aws/stack: default/web, ingress.k8s.aws/resource: LoadBalancer}}
- {LoadBalancerName: of-group, VpcId: vpc-1, AvailabilityZones: [{SubnetId: subnet-a}], Tags: {elbv2.k8s.aws/cluster: demo, ingress.k8s.aws/stack: web, ingress.k8s.aws/resource: LoadBalancer}}
"#,
];

#[tokio::test]
async fn a_service_an_ingress_and_a_group_of_one_name_are_told_apart() {
    let [groups, load_balancers] = SAME_NAMES;
    let world = WORLD.replacen("securityGroups:", &format!("securityGroups:{groups}"), 1);
    let simulator = Simulator::new(Options::default());
    account_description::load(&simulator, &format!("{world}\n{load_balancers}")).await.unwrap();
    let connection = Connection::over(simulator.connector(), &AccountId::new(ACCOUNT), &Region::new(REGION));
    let name = ObjectName::new("default", "web");
    for (id, expected) in [
        (StackId::Service(name.clone()), "of-service"),
        (StackId::Ingress(name), "of-ingress"),
        (StackId::Group("web".to_owned()), "of-group"),
    ] {
        let scope = Scope::Stack { id, purpose: Purpose::Delete };
        let account = connection.account(ClusterName::new(CLUSTER), VpcId::new(VPC));
        let read_only = connection.read_only_account(ClusterName::new(CLUSTER), VpcId::new(VPC));
        for observed in [account.observe(&scope).await, read_only.observe(&scope).await] {
            let Actual::Stack(stack) = observed.unwrap() else { panic!("a stack") };
            let names = stack.load_balancers.iter().map(|found| found.name.as_str()).collect::<Vec<_>>();
            let groups = stack.security_groups.iter().map(|found| found.id.as_str()).collect::<Vec<_>>();
            assert_eq!((names, groups), (vec![expected], vec![format!("sg-{expected}").as_str()]));
        }
    }
}

#[tokio::test]
async fn a_second_look_asks_again_only_for_what_is_the_stacks_own() {
    let bed = Bed::with(OTHERS).await;
    made_stack(&bed).await;
    let account = restarted(&bed);
    let scope = Scope::Stack { id: web(), purpose: Purpose::Keep };
    let first = account.observe(&scope).await.unwrap();
    let listing = ["DescribeLoadBalancers", "DescribeSecurityGroups", "DescribeTargetGroups"];
    let own = ["DescribeListeners", "DescribeListeners", "DescribeTargetGroupAttributes"];
    let mut calls = [&listing[..], &own, &["DescribeTags", "DescribeTags"]].concat();
    calls.sort_unstable();
    assert_eq!(bed.wire.sorted_calls(), calls, "the unknown tags, then those of the listener");
    let second = account.observe(&scope).await.unwrap();
    assert_eq!(second, first);
    let mut calls = [&listing[..], &own, &["DescribeTags"]].concat();
    calls.sort_unstable();
    assert_eq!(bed.wire.sorted_calls(), calls, "the tags of what may be the stack's, all in one call");
}

#[tokio::test]
async fn tags_that_change_under_the_cache_are_seen_on_what_is_the_stacks_own() {
    let bed = Bed::new().await;
    let (load_balancer, _) = made_stack(&bed).await;
    let stranger = restarted(&bed);
    bed.stack(Purpose::Keep).await;
    let stolen = pairs(&[("service.k8s.aws/stack", "default/api"), ("team", "b")]);
    let change = AddTags { resource_arns: vec![load_balancer.to_string()], tags: TagList(stolen) };
    stranger.perform(&resolved(AwsChange::AddTags(change))).await.unwrap();
    let stack = bed.stack(Purpose::Keep).await;
    assert!(stack.load_balancers.is_empty());
    assert_eq!(stack.foreign_load_balancers.named("web"), Some(&load_balancer));
}

#[tokio::test]
async fn for_a_stack_that_goes_the_attributes_of_its_load_balancer_are_read() {
    let bed = Bed::new().await;
    made_stack(&bed).await;
    let stack = bed.stack(Purpose::Delete).await;
    assert_eq!(stack.load_balancers[0].attributes.as_ref().unwrap()["deletion_protection.enabled"], "false");
    assert_eq!(stack.target_groups[0].attributes, None);
    assert!(!bed.wire.calls().contains(&"DescribeTargetGroupAttributes".to_owned()));
}

#[tokio::test]
async fn what_is_listed_and_not_found_is_not_taken_for_gone() {
    for (operation, code) in [
        ("DescribeListeners", "LoadBalancerNotFound"),
        ("DescribeTargetGroupAttributes", "TargetGroupNotFound"),
        ("DescribeTags", "TargetGroupNotFound"),
    ] {
        let bed = Bed::new().await;
        made_stack(&bed).await;
        let times = if operation == "DescribeTags" { 3 } else { 1 };
        (0..times).for_each(|_| bed.wire.refuse(operation, 400, code));
        let error = bed.account.observe(&Scope::Stack { id: web(), purpose: Purpose::Keep }).await.unwrap_err();
        assert!(matches!(error, AwsError::Contradiction { .. }), "{operation}: {error}");
        assert_eq!(error.class(), crate::aws::Class::Conflict);
        let stack = bed.stack(Purpose::Keep).await;
        assert_eq!((stack.load_balancers.len(), stack.target_groups.len()), (1, 1), "{operation}");
    }
}

#[tokio::test]
async fn what_goes_while_a_plan_is_made_is_left_out_and_takes_no_name() {
    for (operation, code, lost) in [
        ("DescribeListeners", "LoadBalancerNotFound", (0, 1)),
        ("DescribeTargetGroupAttributes", "TargetGroupNotFound", (1, 0)),
    ] {
        let bed = Bed::new().await;
        made_stack(&bed).await;
        bed.wire.refuse(operation, 400, code);
        let scope = Scope::Stack { id: web(), purpose: Purpose::Keep };
        let read_only = bed.connection.read_only_account(ClusterName::new(CLUSTER), VpcId::new(VPC));
        let Actual::Stack(stack) = read_only.observe(&scope).await.unwrap() else { panic!("a stack") };
        assert_eq!((stack.load_balancers.len(), stack.target_groups.len()), lost, "{operation}");
        let foreign = stack.foreign_load_balancers.iter().count() + stack.foreign_target_groups.iter().count();
        assert_eq!(foreign, 0, "{operation}");
    }
}

#[tokio::test]
async fn one_vanished_arn_does_not_lose_the_tags_of_the_others() {
    let bed = Bed::with(OTHERS).await;
    let (_, target_group) = made_stack(&bed).await;
    // The chunk fails for one of it; then the first one asked alone is the one that is gone.
    bed.wire.refuse("DescribeTags", 400, "LoadBalancerNotFound");
    bed.wire.refuse("DescribeTags", 400, "LoadBalancerNotFound");
    let scope = Scope::Stack { id: web(), purpose: Purpose::Keep };
    let Actual::Stack(stack) = restarted(&bed).observe(&scope).await.unwrap() else { panic!("a stack") };
    assert_eq!(stack.target_groups[0].arn, target_group);
    assert_eq!(
        stack.load_balancers.len() + stack.foreign_load_balancers.iter().count(),
        4,
        "five less the vanished one"
    );
}

#[tokio::test]
async fn an_error_is_an_error_and_never_an_empty_stack() {
    let bed = Bed::new().await;
    made_stack(&bed).await;
    for operation in
        ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeSecurityGroups", "DescribeListeners", "DescribeTags"]
    {
        bed.wire.refuse(operation, 403, "AccessDenied");
        let error = bed.account.observe(&Scope::Stack { id: web(), purpose: Purpose::Keep }).await.unwrap_err();
        assert!(error.to_string().contains(&format!("{operation}: AccessDenied")), "{error}");
    }
}

#[tokio::test]
async fn passes_that_start_together_ask_for_each_tag_once() {
    let many = (0..100).map(|number| {
        format!("- {{TargetGroupName: group-{number}, VpcId: vpc-1, Protocol: TCP, Port: 80, TargetType: instance}}\n")
    });
    let bed = Bed::with(&format!("targetGroups:\n{}", many.collect::<String>())).await;
    let (one, other, third) =
        tokio::join!(bed.stack(Purpose::Keep), bed.stack(Purpose::Keep), bed.stack(Purpose::Keep));
    assert_eq!(one.foreign_target_groups.iter().count(), 100);
    assert!(one == other && other == third);
    let calls = bed.wire.calls();
    assert_eq!(calls.iter().filter(|call| *call == "DescribeTags").count(), 5);
}

#[tokio::test]
async fn targets_are_seen_with_their_health_by_arn_and_by_name() {
    let bed = Bed::new().await;
    let (_, group) = made_stack(&bed).await;
    let target =
        |id: &str| Target { id: TargetId::Instance(InstanceId::new(id)), port: 31_000, availability_zone: None };
    let request = Targets { target_group_arn: Ref::Known(group.clone()), targets: vec![target("i-1"), target("i-2")] };
    bed.perform(AwsChange::RegisterTargets(request.clone())).await.unwrap();
    bed.wire.calls();

    let by_arn = bed.account.observe(&Scope::Targets(TargetGroupRef::Arn(group.clone()))).await.unwrap();
    let Actual::Targets(ActualTargets::Found { group: None, targets }) = by_arn else { panic!("{by_arn:?}") };
    assert_eq!(targets.keys().collect::<Vec<_>>(), [&target("i-1"), &target("i-2")]);
    let health = targets.values().map(|health| (health.state.clone(), health.reason.as_deref()));
    let (initial, unused) = (Some("Elb.RegistrationInProgress"), Some("Target.NotInUse"));
    assert_eq!(health.collect::<Vec<_>>(), [(TargetState::Initial, initial), (TargetState::Unused, unused)]);
    assert_eq!(bed.wire.calls(), ["DescribeTargetHealth"]);

    let by_name = bed.account.observe(&Scope::Targets(TargetGroupRef::Name("web-80".to_owned()))).await.unwrap();
    let Actual::Targets(ActualTargets::Found { group: Some(summary), targets: named }) = by_name else {
        panic!("{by_name:?}")
    };
    assert_eq!((summary.arn, named.len()), (group.clone(), 2));
    assert_eq!((summary.target_type, summary.protocol), (Some(TargetType::Instance), Some(Protocol::Tcp)));
    assert_eq!((summary.vpc, bed.wire.calls().len()), (Some(VpcId::new(VPC)), 2));

    bed.perform(AwsChange::DeregisterTargets(request)).await.unwrap();
    let Actual::Targets(ActualTargets::Found { targets, .. }) =
        bed.account.observe(&Scope::Targets(TargetGroupRef::Arn(group))).await.unwrap()
    else {
        panic!("the group is there")
    };
    let health = targets.values().map(|health| health.state.clone()).collect::<Vec<_>>();
    assert_eq!(health.first(), Some(&TargetState::Draining), "{targets:?}");
}

#[tokio::test]
async fn a_target_group_that_does_not_exist_is_missing() {
    let bed = Bed::new().await;
    for group in [
        TargetGroupRef::Arn(TargetGroupArn::new(format!("{ARN}:targetgroup/none/0123456789abcdef"))),
        TargetGroupRef::Name("none".to_owned()),
    ] {
        let found = bed.account.observe(&Scope::Targets(group)).await.unwrap();
        assert_eq!(found, Actual::Targets(ActualTargets::Missing));
    }
}

#[tokio::test]
async fn the_clusters_shared_group_is_the_lowest_of_those_with_its_tags() {
    let bed = Bed::new().await;
    let none = bed.account.observe(&Scope::Cluster).await.unwrap();
    let Actual::Cluster(none) = none else { panic!("a cluster") };
    assert_eq!((none.backend_security_group, none.referenced_by.len(), none.stacks_left.len()), (None, 0, 0));
    assert_eq!(bed.wire.calls(), ["DescribeSecurityGroups"]);

    let mut made = Vec::new();
    for name in ["k8s-traffic-one", "k8s-traffic-two"] {
        let create = CreateSecurityGroup {
            group_name: name.to_owned(),
            description: "[k8s] Shared Backend SecurityGroup for LoadBalancer".to_owned(),
            vpc_id: VpcId::new(VPC),
            tags: TagList(pairs(&[("elbv2.k8s.aws/cluster", CLUSTER), ("elbv2.k8s.aws/resource", "backend-sg")])),
        };
        let performed = bed.perform(AwsChange::CreateSecurityGroup(create)).await.unwrap();
        made.push(SecurityGroupId::new(performed.physical_id.unwrap()));
    }
    made_stack(&bed).await;
    made.sort();
    let let_in = IngressRule {
        protocol: RuleProtocol::Ip(IpProtocol::Tcp),
        from_port: Knowable::Known(30_000),
        to_port: Knowable::Known(32_767),
        peer: Peer::SecurityGroup(Ref::Known(made[0].clone())),
        description: "elbv2.k8s.aws/targetGroupBinding=shared".to_owned(),
    };
    for group in [SecurityGroupId::new("sg-nodes"), made[0].clone()] {
        let request = SecurityGroupIngress { group_id: Ref::Known(group), ip_permissions: vec![let_in.clone()] };
        bed.perform(AwsChange::AuthorizeSecurityGroupIngress(request)).await.unwrap();
    }
    bed.wire.calls();
    let Actual::Cluster(found) = bed.account.observe(&Scope::Cluster).await.unwrap() else { panic!("a cluster") };
    assert_eq!(bed.wire.calls(), ["DescribeSecurityGroups"; 2]);
    assert_eq!(found.backend_security_group.unwrap().id, made[0]);
    assert_eq!(found.referenced_by.into_iter().collect::<Vec<_>>(), [SecurityGroupId::new("sg-nodes")], "not itself");
    assert_eq!(found.stacks_left.iter().map(ToString::to_string).collect::<Vec<_>>(), ["service/default/web"]);
}

#[tokio::test]
async fn nothing_is_asked_for_what_does_not_exist_yet() {
    let bed = Bed::new().await;
    assert_eq!(bed.account.observe(&Scope::Nothing).await.unwrap(), Actual::Nothing);
    assert!(bed.wire.calls().is_empty());
}
