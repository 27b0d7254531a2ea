//! Quotas: what is within one is made, the next is refused.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, IpAddressType, ProtocolEnum, TargetGroupTuple, TargetTypeEnum,
};

use super::super::world::{World, arn, certificate, descriptions, fixed_response, forward, path};

/// A forward to each of these groups.
fn all(groups: &[String]) -> Action {
    let tuple = |arn: &String| TargetGroupTuple::builder().target_group_arn(arn).weight(1).build();
    let config = ForwardActionConfig::builder().set_target_groups(Some(groups.iter().map(tuple).collect())).build();
    Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build()
}

async fn groups(world: &World, protocol: ProtocolEnum, count: usize) -> Vec<String> {
    let mut groups = Vec::new();
    for n in 0..count {
        let group = world.target_group_of(&format!("group-{n}"), protocol.clone(), TargetTypeEnum::Ip).await;
        groups.push(arn(group.target_group_arn()));
    }
    groups
}

refused! {
    /// B.1; B.8: TooManyLoadBalancers
    application_load_balancers_of_a_region => "TooManyLoadBalancers: ", |world| {
        world.limit(&[("application-load-balancers", 1), ("network-load-balancers", 1)]).await;
        world.application("one").await;
        world.bare("net", IpAddressType::Ipv4).await;
        let create = world.elb.create_load_balancer().name("two").subnets("subnet-a").subnets("subnet-b");
        create.send().await
    };
    /// B.1: one interface per network load balancer and zone
    interfaces_of_network_load_balancers_in_a_vpc => "TooManyLoadBalancers: ", |world| {
        world.limit(&[("network-load-balancer-enis-per-vpc", 3)]).await;
        world.load_balancer("two-zones").await;
        let bare = world.bare("one-zone", IpAddressType::Ipv4).await;
        world.elb.set_subnets().load_balancer_arn(bare).subnets("subnet-a").subnets("subnet-b").send().await
    };
    /// B.1; B.8: TooManyListeners
    listeners_of_an_application_load_balancer => "TooManyListeners: ", |world| {
        world.limit(&[("listeners-per-application-load-balancer", 2)]).await;
        let shop = world.shop().await;
        let create = world.elb.create_listener().load_balancer_arn(shop.load_balancer).protocol(ProtocolEnum::Http);
        create.port(81).default_actions(fixed_response("200")).send().await
    };
    /// B.1; B.8: TooManyRules; default rules do not count, rules of all listeners do
    rules_of_an_application_load_balancer => "TooManyRules: ", |world| {
        world.limit(&[("rules-per-application-load-balancer", 2)]).await;
        let shop = world.shop().await;
        let rule = |listener: &str, priority| {
            let create = world.elb.create_rule().listener_arn(listener).priority(priority);
            create.conditions(path(&["/a"])).actions(fixed_response("200")).send()
        };
        rule(&shop.http, 1).await.expect("the first");
        rule(&shop.https, 1).await.expect("the second");
        rule(&shop.http, 2).await
    };
    /// B.1; B.8: TooManyCertificates; defaults do not count
    certificates_of_an_application_load_balancer => "TooManyCertificates: ", |world| {
        world.limit(&[("certificates-per-application-load-balancer", 1)]).await;
        let shop = world.shop().await;
        let add = |number| world.elb.add_listener_certificates().listener_arn(&shop.https).certificates(certificate(number)).send();
        add(1).await.expect("the default once more");
        add(2).await.expect("one more");
        add(3).await
    };
    /// B.1; B.8: TooManyCertificates
    certificates_of_a_network_load_balancer => "TooManyCertificates: ", |world| {
        world.limit(&[("certificates-per-network-load-balancer", 1)]).await;
        let load_balancer = arn(world.load_balancer("net").await.load_balancer_arn());
        let group = arn(world.target_group("net").await.target_group_arn());
        let listener = world.listener_of(&load_balancer, ProtocolEnum::Tls, 443, forward(&group)).await;
        let add = |number| world.elb.add_listener_certificates().listener_arn(&listener).certificates(certificate(number)).send();
        add(2).await.expect("one more");
        add(3).await
    };
    /// B.1; B.8: TooManyTargetGroups
    target_groups_of_a_region => "TooManyTargetGroups: ", |world| {
        world.limit(&[("target-groups", 1)]).await;
        world.http_group("one").await;
        world.elb.create_target_group().name("two").protocol(ProtocolEnum::Tcp).port(80).vpc_id("vpc-a").send().await
    };
    /// B.1; B.8: TooManyUniqueTargetGroupsPerLoadBalancer
    target_groups_of_an_application_load_balancer => "TooManyUniqueTargetGroupsPerLoadBalancer: ", |world| {
        world.limit(&[("target-groups-per-application-load-balancer", 1)]).await;
        let shop = world.shop().await;
        let second = world.http_group("second").await;
        let create = world.elb.create_rule().listener_arn(shop.http).priority(1).conditions(path(&["/a"]));
        create.actions(forward(&second)).send().await
    };
    /// B.1; B.8: TooManyActions
    target_groups_of_an_action_of_an_application_load_balancer => "TooManyActions: ", |world| {
        let shop = world.shop().await;
        let groups = groups(&world, ProtocolEnum::Http, 6).await;
        world.elb.modify_listener().listener_arn(&shop.http).default_actions(all(&groups[..5])).send().await.expect("five");
        world.elb.modify_listener().listener_arn(&shop.http).default_actions(all(&groups)).send().await
    };
    /// B.1, B.14; B.8: TooManyActions
    target_groups_of_an_action_of_a_network_load_balancer => "TooManyActions: ", |world| {
        let web = world.web().await;
        let groups = groups(&world, ProtocolEnum::Tcp, 6).await;
        world.elb.modify_listener().listener_arn(&web.listener).default_actions(all(&groups[..5])).send().await.expect("five");
        world.elb.modify_listener().listener_arn(&web.listener).default_actions(all(&groups)).send().await
    };
    /// B.1; B.8: TooManyTargets
    targets_of_a_group => "TooManyTargets: ", |world| {
        world.limit(&[("targets-per-target-group", 1)]).await;
        let group = world.http_group("group").await;
        let two = descriptions(&[("10.0.0.10", Some(1)), ("10.0.0.10", Some(2))]);
        world.elb.register_targets().target_group_arn(group).set_targets(Some(two)).send().await
    };
    /// B.1; B.8: TooManyTargets
    targets_of_an_application_load_balancer => "TooManyTargets: ", |world| {
        world.limit(&[("targets-per-application-load-balancer", 2)]).await;
        let shop = world.shop().await;
        let three = descriptions(&[("10.0.0.10", None), ("10.0.0.11", None), ("10.0.0.12", None)]);
        world.elb.register_targets().target_group_arn(shop.group).set_targets(Some(three)).send().await
    };
    /// B.1: a target in N groups counts N times; B.8: TooManyTargets
    targets_of_an_application_load_balancer_count_in_each_group => "TooManyTargets: ", |world| {
        world.limit(&[("targets-per-application-load-balancer", 1)]).await;
        let shop = world.shop().await;
        let second = world.http_group("second").await;
        world.register(&shop.group, &[("10.0.0.10", None)]).await.expect("one");
        world.register(&second, &[("10.0.0.10", None)]).await.expect("in a group that is not in use");
        let create = world.elb.create_rule().listener_arn(shop.http).priority(1).conditions(path(&["/a"]));
        create.actions(forward(&second)).send().await
    };
    /// B.8: TooManyRegistrationsForTargetId
    registrations_of_one_target => "TooManyRegistrationsForTargetId: ", |world| {
        world.limit(&[("target-id-registrations-per-application-load-balancer", 2)]).await;
        let shop = world.shop().await;
        let three = descriptions(&[("10.0.0.10", Some(1)), ("10.0.0.10", Some(2)), ("10.0.0.10", Some(3))]);
        world.elb.register_targets().target_group_arn(shop.group).set_targets(Some(three)).send().await
    };
    /// B.1; B.8: TooManyTargets
    targets_of_a_network_load_balancer => "TooManyTargets: ", |world| {
        world.limit(&[("targets-per-network-load-balancer", 2)]).await;
        let web = world.web().await;
        let three = descriptions(&[("i-a", Some(1)), ("i-a", Some(2)), ("i-b", None)]);
        world.elb.register_targets().target_group_arn(web.group).set_targets(Some(three)).send().await
    };
    /// B.1; B.8: TooManyTargets
    targets_of_a_network_load_balancer_in_a_zone => "TooManyTargets: ", |world| {
        world.limit(&[("targets-per-availability-zone-per-network-load-balancer", 1)]).await;
        let web = world.web().await;
        world.register(&web.group, &[("i-a", None), ("i-b", None)]).await.expect("one in each zone");
        let more = descriptions(&[("i-b", Some(81))]);
        world.elb.register_targets().target_group_arn(web.group).set_targets(Some(more)).send().await
    };
    /// B.1: an application load balancer as target counts as 50 targets
    a_load_balancer_as_target_counts_as_50 => "TooManyTargets: ", |world| {
        world.limit(&[("targets-per-availability-zone-per-network-load-balancer", 49)]).await;
        let shop = world.application("shop").await;
        world.listener_of(&shop, ProtocolEnum::Http, 80, fixed_response("200")).await;
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
        let group = arn(world.target_group_of("front", ProtocolEnum::Tcp, TargetTypeEnum::Alb).await.target_group_arn());
        let front = world.bare("front", IpAddressType::Ipv4).await;
        world.listener(&front, 80, &group).await;
        let target = descriptions(&[(&shop, None)]);
        world.elb.register_targets().target_group_arn(group).set_targets(Some(target)).send().await
    };
    /// B.1; B.8: TooManyTrustStores
    trust_stores_of_an_account => "TooManyTrustStores: ", |world| {
        world.limit(&[("trust-stores", 1)]).await;
        let create = |name: &str| {
            let create = world.elb.create_trust_store().name(name).ca_certificates_bundle_s3_bucket("bucket");
            create.ca_certificates_bundle_s3_key("ca.pem").send()
        };
        create("one").await.expect("one");
        create("two").await
    };
}
