//! Writes: what they do to the account, what they return, what goes wrong.

use northgate_planner::actual::LoadBalancerState;
use northgate_planner::id::{InstanceId, IpProtocol, ListenerArn};
use northgate_planner::model::{IngressRule, Peer, RuleProtocol, Target, TargetId};
use northgate_planner::plan::{
    AddTags, CreateSecurityGroup, CreateTags, DeleteListener, DeleteLoadBalancer, DeleteSecurityGroup, DeleteTags,
    DeleteTargetGroup, ModifyListener, ModifyLoadBalancerAttributes, ModifyTargetGroup, ModifyTargetGroupAttributes,
    RemoveTags, SecurityGroupIngress, SetIpAddressType, SetSecurityGroups, SetSubnets, Targets,
};

use super::*;
use crate::aws::error::Class;

fn security_group(name: &str) -> AwsChange {
    AwsChange::CreateSecurityGroup(CreateSecurityGroup {
        group_name: name.to_owned(),
        description: "[k8s] Managed SecurityGroup for LoadBalancer".to_owned(),
        vpc_id: VpcId::new(VPC),
        tags: tags("ManagedLBSecurityGroup"),
    })
}

#[tokio::test]
async fn what_is_made_is_found_as_it_was_asked_for() {
    let bed = Bed::new().await;
    let made = bed.perform(AwsChange::CreateLoadBalancer(load_balancer("web"))).await.unwrap();
    assert!(made.dns_name.unwrap().starts_with("web-"));
    assert!(made.request_id.is_some());
    assert_eq!(bed.wire.calls(), ["CreateLoadBalancer", "DescribeTags"]);
    let target_group = bed.made_target_group().await;
    assert_eq!(bed.wire.calls(), ["CreateTargetGroup", "DescribeTags"]);
    let load_balancer = LoadBalancerArn::new(made.physical_id.unwrap());
    let made = bed.perform(AwsChange::CreateListener(listener(&load_balancer, &target_group))).await.unwrap();
    let stack = bed.stack(Purpose::Keep).await;
    assert_eq!(stack.load_balancers[0].listeners[0].arn.as_str(), made.physical_id.unwrap());
    assert_eq!(stack.target_groups[0].health_check, health_check());
}

#[tokio::test]
async fn a_create_that_is_repeated_gives_the_same_and_one_with_other_settings_says_what_to_do() {
    let bed = Bed::new().await;
    assert_eq!(bed.made_target_group().await, bed.made_target_group().await);
    assert_eq!(bed.made_load_balancer().await, bed.made_load_balancer().await);
    let other = CreateTargetGroup { port: Knowable::Known(31_001), ..target_group("web-80", "default/web:80") };
    let error = bed.perform(AwsChange::CreateTargetGroup(other)).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("DuplicateTargetGroupName"), Class::Conflict));
    assert!(error.hint().unwrap().contains("delete it"));
    let other = CreateLoadBalancer { scheme: Scheme::Internal, ..load_balancer("web") };
    let error = bed.perform(AwsChange::CreateLoadBalancer(other)).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("DuplicateLoadBalancerName"), Class::Conflict));
    bed.perform(security_group("k8s-web")).await.unwrap();
    let error = bed.perform(security_group("k8s-web")).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("InvalidGroup.Duplicate"), Class::Conflict));
}

#[tokio::test]
async fn somebody_elses_equal_resource_is_not_taken_for_ours() {
    let bed = Bed::new().await;
    let foreign = TagList(pairs(&[("team", "b")]));
    let create = CreateTargetGroup { tags: foreign.clone(), ..target_group("web-80", "") };
    let theirs = bed.perform(AwsChange::CreateTargetGroup(create)).await.unwrap().physical_id.unwrap();
    let error = bed.perform(AwsChange::CreateTargetGroup(target_group("web-80", "default/web:80"))).await.unwrap_err();
    assert_eq!(error.class(), Class::NotOurs);
    assert!(matches!(&error, AwsError::NotOurs { arn, name } if *arn == theirs && name == "web-80"), "{error}");
    let of_ingress = TagList(pairs(&[
        ("elbv2.k8s.aws/cluster", CLUSTER),
        ("ingress.k8s.aws/stack", "default/web"),
        ("ingress.k8s.aws/resource", "default/web-web:80"),
    ]));
    let create = CreateTargetGroup { tags: of_ingress, ..target_group("web-80", "") };
    let error = bed.perform(AwsChange::CreateTargetGroup(create)).await.unwrap_err();
    assert_eq!(error.class(), Class::NotOurs, "a stack is named by the tags of its kind");
    let create = CreateLoadBalancer { tags: foreign, ..load_balancer("web") };
    bed.perform(AwsChange::CreateLoadBalancer(create)).await.unwrap();
    let error = bed.perform(AwsChange::CreateLoadBalancer(load_balancer("web"))).await.unwrap_err();
    assert_eq!(error.class(), Class::NotOurs);
}

#[tokio::test]
async fn what_was_made_and_is_not_known_everywhere_yet_is_looked_at_again() {
    let bed = Bed::new().await;
    bed.wire.refuse("DescribeTags", 400, "TargetGroupNotFound");
    let create = || AwsChange::CreateTargetGroup(target_group("web-80", "default/web:80"));
    let error = bed.perform(create()).await.unwrap_err();
    assert_eq!(error.class(), Class::Conflict, "{error}");
    assert_eq!(bed.wire.calls(), ["CreateTargetGroup", "DescribeTags"]);
    bed.perform(create()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_is_repeated_and_makes_no_twin() {
    let bed = Bed::new().await;
    bed.wire.lose_answer_to("CreateLoadBalancer");
    let arn = bed.made_load_balancer().await;
    assert_eq!(bed.wire.calls(), ["CreateLoadBalancer", "CreateLoadBalancer", "DescribeTags"]);
    let stack = bed.stack(Purpose::Keep).await;
    assert_eq!(stack.load_balancers.iter().map(|found| found.arn.clone()).collect::<Vec<_>>(), [arn]);
}

#[tokio::test]
async fn every_update_of_a_load_balancer_arrives() {
    let bed = Bed::new().await;
    let arn = bed.made_load_balancer().await;
    let group = bed.perform(security_group("k8s-web")).await.unwrap().physical_id.unwrap();
    let mappings = ["subnet-a", "subnet-b"].map(|id| SubnetMapping { subnet_id: SubnetId::new(id) });
    for change in [
        AwsChange::ModifyLoadBalancerAttributes(ModifyLoadBalancerAttributes {
            load_balancer_arn: Ref::Known(arn.clone()),
            attributes: TagList(pairs(&[("load_balancing.cross_zone.enabled", "true")])),
        }),
        AwsChange::SetSecurityGroups(SetSecurityGroups {
            load_balancer_arn: arn.clone(),
            security_groups: vec![Ref::Known(SecurityGroupId::new(&group))],
        }),
        AwsChange::SetSubnets(SetSubnets {
            load_balancer_arn: arn.clone(),
            subnet_mappings: mappings.to_vec(),
            enable_prefix_for_ipv6_source_nat: Some("off"),
        }),
        AwsChange::SetIpAddressType(SetIpAddressType {
            load_balancer_arn: arn.clone(),
            ip_address_type: IpAddressType::Ipv4,
        }),
        AwsChange::AddTags(AddTags {
            resource_arns: vec![arn.to_string()],
            tags: TagList(pairs(&[("team", "a"), ("tier", "1")])),
        }),
        AwsChange::RemoveTags(RemoveTags { resource_arns: vec![arn.to_string()], tag_keys: vec!["tier".to_owned()] }),
    ] {
        let operation = change.operation();
        let performed = bed.perform(change).await.unwrap();
        assert!(performed.request_id.is_some() && performed.physical_id.is_none(), "{operation}");
    }
    let stack = bed.stack(Purpose::Delete).await;
    let found = &stack.load_balancers[0];
    assert_eq!(found.attributes.as_ref().unwrap()["load_balancing.cross_zone.enabled"], "true");
    assert_eq!(found.security_groups, [SecurityGroupId::new(group)]);
    assert_eq!(found.subnets.len(), 2);
    assert_eq!((found.tags.get("team").map(String::as_str), found.tags.get("tier")), (Some("a"), None));
}

#[tokio::test]
async fn every_update_of_a_target_group_and_a_listener_arrives() {
    let bed = Bed::new().await;
    let (load_balancer, group) = (bed.made_load_balancer().await, bed.made_target_group().await);
    let made = bed.perform(AwsChange::CreateListener(listener(&load_balancer, &group))).await.unwrap();
    let second = bed.perform(AwsChange::CreateTargetGroup(target_group("web-81", "default/web:81"))).await.unwrap();
    let second = TargetGroupArn::new(second.physical_id.unwrap());
    let check = HealthCheck {
        protocol: HealthCheckProtocol::Tcp,
        port: HealthCheckPort::Port(Knowable::Known(31_500)),
        path: None,
        matcher: None,
        interval: 20,
        ..health_check()
    };
    for change in [
        AwsChange::ModifyTargetGroup(ModifyTargetGroup {
            target_group_arn: group.clone(),
            health_check: (&check).into(),
        }),
        AwsChange::ModifyTargetGroupAttributes(ModifyTargetGroupAttributes {
            target_group_arn: Ref::Known(group.clone()),
            attributes: TagList(pairs(&[("proxy_protocol_v2.enabled", "true")])),
        }),
        AwsChange::ModifyListener(ModifyListener {
            listener_arn: ListenerArn::new(made.physical_id.unwrap()),
            port: 81,
            protocol: Protocol::Tcp,
            default_actions: vec![Action::forward_to(Ref::Known(second.clone()))],
            certificate: None,
            ssl_policy: None,
        }),
    ] {
        bed.perform(change).await.unwrap();
    }
    let stack = bed.stack(Purpose::Keep).await;
    let found = stack.target_groups.iter().find(|found| found.arn == group).unwrap();
    assert_eq!((found.health_check.port.clone(), found.health_check.interval), (check.port, 20));
    assert_eq!(found.attributes.as_ref().unwrap()["proxy_protocol_v2.enabled"], "true");
    let found = &stack.load_balancers[0].listeners[0];
    assert_eq!((found.port, found.target_groups().collect::<Vec<_>>()), (81, vec![&second]));
}

#[tokio::test]
async fn every_update_of_a_security_group_arrives() {
    let bed = Bed::new().await;
    let group = SecurityGroupId::new(bed.perform(security_group("k8s-web")).await.unwrap().physical_id.unwrap());
    let rule = |peer: Peer, protocol: IpProtocol, port, description: &str| IngressRule {
        protocol: RuleProtocol::Ip(protocol),
        from_port: Knowable::Known(port),
        to_port: Knowable::Known(port),
        peer,
        description: description.to_owned(),
    };
    let mut rules = vec![
        rule(Peer::Cidr("0.0.0.0/0".parse().unwrap()), IpProtocol::Tcp, 80, ""),
        rule(Peer::Cidr("10.0.0.0/8".parse().unwrap()), IpProtocol::Tcp, 80, "inside"),
        rule(Peer::Cidr("::/0".parse().unwrap()), IpProtocol::Udp, 53, ""),
        rule(Peer::SecurityGroup(Ref::Known(SecurityGroupId::new("sg-nodes"))), IpProtocol::Tcp, 80, "nodes"),
        IngressRule {
            protocol: RuleProtocol::Other("icmp".to_owned()),
            ..rule(Peer::Cidr("192.0.2.0/24".parse().unwrap()), IpProtocol::Tcp, -1, "ping")
        },
    ];
    rules.sort();
    let ingress = |rules: &[IngressRule]| SecurityGroupIngress {
        group_id: Ref::Known(group.clone()),
        ip_permissions: rules.to_vec(),
    };
    bed.perform(AwsChange::AuthorizeSecurityGroupIngress(ingress(&rules))).await.unwrap();
    assert_eq!(bed.stack(Purpose::Keep).await.security_groups[0].rules, rules);
    bed.perform(AwsChange::RevokeSecurityGroupIngress(ingress(&rules[..2]))).await.unwrap();
    assert_eq!(bed.stack(Purpose::Keep).await.security_groups[0].rules, rules[2..]);

    let resources = vec![group.clone()];
    let tag = |value: &str| TagList(pairs(&[("team", value)]));
    bed.perform(AwsChange::CreateTags(CreateTags { resources: resources.clone(), tags: tag("a") })).await.unwrap();
    let without_effect = AwsChange::DeleteTags(DeleteTags { resources: resources.clone(), tags: tag("b") });
    bed.perform(without_effect).await.unwrap();
    assert_eq!(bed.stack(Purpose::Keep).await.security_groups[0].tags["team"], "a", "another value stays");
    bed.perform(AwsChange::DeleteTags(DeleteTags { resources, tags: tag("a") })).await.unwrap();
    assert!(!bed.stack(Purpose::Keep).await.security_groups[0].tags.contains_key("team"));
}

#[tokio::test(start_paused = true)]
async fn a_stack_goes_and_what_has_gone_already_is_done() {
    let bed = Bed::new().await;
    let (load_balancer, group) = (bed.made_load_balancer().await, bed.made_target_group().await);
    let made = bed.perform(AwsChange::CreateListener(listener(&load_balancer, &group))).await.unwrap();
    let security_group = bed.perform(security_group("k8s-web")).await.unwrap().physical_id.unwrap();
    let target = Target { id: TargetId::Instance(InstanceId::new("i-1")), port: 31_000, availability_zone: None };
    let changes = [
        AwsChange::DeleteListener(DeleteListener { listener_arn: ListenerArn::new(made.physical_id.unwrap()) }),
        AwsChange::DeleteLoadBalancer(DeleteLoadBalancer { load_balancer_arn: load_balancer }),
        AwsChange::DeleteTargetGroup(DeleteTargetGroup { target_group_arn: group.clone() }),
        AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: SecurityGroupId::new(security_group) }),
        AwsChange::DeregisterTargets(Targets { target_group_arn: Ref::Known(group.clone()), targets: vec![target] }),
    ];
    for _ in 0..2 {
        for change in &changes {
            let operation = change.operation();
            let performed = bed.perform(change.clone()).await.unwrap_or_else(|error| panic!("{operation}: {error}"));
            assert!(performed.request_id.is_some(), "{operation}");
        }
    }
    assert!(bed.stack(Purpose::Delete).await.is_empty());
}

#[tokio::test]
async fn what_is_in_use_or_protected_says_so() {
    let bed = Bed::new().await;
    let (load_balancer, group) = (bed.made_load_balancer().await, bed.made_target_group().await);
    bed.perform(AwsChange::CreateListener(listener(&load_balancer, &group))).await.unwrap();
    let delete = AwsChange::DeleteTargetGroup(DeleteTargetGroup { target_group_arn: group });
    let error = bed.perform(delete).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("ResourceInUse"), Class::Conflict));
    let delete = AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: SecurityGroupId::new("sg-frontend") });
    let error = bed.perform(delete).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("DependencyViolation"), Class::Conflict));
    let protect = AwsChange::ModifyLoadBalancerAttributes(ModifyLoadBalancerAttributes {
        load_balancer_arn: Ref::Known(load_balancer.clone()),
        attributes: TagList(pairs(&[("deletion_protection.enabled", "true")])),
    });
    bed.perform(protect).await.unwrap();
    let delete = AwsChange::DeleteLoadBalancer(DeleteLoadBalancer { load_balancer_arn: load_balancer });
    let error = bed.perform(delete).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("OperationNotPermitted"), Class::Denied));
    assert!(error.hint().unwrap().contains("deletion_protection.enabled=false"));
}

#[tokio::test]
async fn a_value_that_only_the_api_server_can_give_is_not_sent() {
    let bed = Bed::new().await;
    let after = || Knowable::After("spec.ports[0].nodePort".to_owned());
    let open = IngressRule {
        protocol: RuleProtocol::Ip(IpProtocol::Tcp),
        from_port: Knowable::Known(1),
        to_port: Knowable::After("spec.ports[0].nodePort".to_owned()),
        peer: Peer::PrefixList("pl-1".to_owned()),
        description: String::new(),
    };
    let check = HealthCheck { port: HealthCheckPort::Port(after()), ..health_check() };
    for (change, field) in [
        (
            AwsChange::CreateTargetGroup(CreateTargetGroup { port: after(), ..target_group("web", "default/web:80") }),
            "Port",
        ),
        (
            AwsChange::CreateTargetGroup(CreateTargetGroup {
                health_check: (&check).into(),
                ..target_group("web", "x")
            }),
            "HealthCheckPort",
        ),
        (
            AwsChange::AuthorizeSecurityGroupIngress(SecurityGroupIngress {
                group_id: Ref::Known(SecurityGroupId::new("sg-nodes")),
                ip_permissions: vec![open],
            }),
            "ToPort",
        ),
    ] {
        let error = bed.perform(change).await.unwrap_err();
        assert!(
            error.to_string().ends_with(&format!(": {field} is not known before the object is applied")),
            "{error}"
        );
        assert_eq!(error.class(), Class::Invalid);
    }
    assert!(bed.wire.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_made_load_balancer_becomes_active() {
    let bed = Bed::new().await;
    let arn = bed.made_load_balancer().await;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(bed.account.states(std::slice::from_ref(&arn)).await.unwrap()[&arn].0, LoadBalancerState::Active);
}
