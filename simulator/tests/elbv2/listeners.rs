//! Listeners, their actions and their default rule.

use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, IpAddressType, ProtocolEnum, TargetTypeEnum};

use super::world::{World, arn, element, forward, refusal};

#[tokio::test]
async fn a_forward_is_read_back_with_group_and_configuration() {
    let world = World::new().await;
    let web = world.web().await;
    let listener = world.elb.describe_listeners().listener_arns(&web.listener).send().await.unwrap();
    let listener = &listener.listeners()[0];
    let load_balancer = web.load_balancer.replace(":loadbalancer/", ":listener/");
    assert!(web.listener.starts_with(&format!("{load_balancer}/")), "{}", web.listener);
    assert_eq!((listener.port(), listener.protocol()), (Some(80), Some(&ProtocolEnum::Tcp)));
    assert_eq!(listener.load_balancer_arn(), Some(web.load_balancer.as_str()));
    let [action] = listener.default_actions() else { panic!("one action") };
    assert_eq!(action.r#type(), Some(&ActionTypeEnum::Forward));
    assert_eq!(action.target_group_arn(), Some(web.group.as_str()));
    let config = action.forward_config().unwrap();
    let groups = config.target_groups().iter().map(|group| (group.target_group_arn(), group.weight()));
    assert_eq!(groups.collect::<Vec<_>>(), [(Some(web.group.as_str()), Some(1))]);
    assert_eq!(config.target_group_stickiness_config().unwrap().enabled(), Some(false));
}

#[tokio::test]
async fn weights_are_kept_and_several_groups_have_no_single_arn() {
    let world = World::new().await;
    let load_balancer = arn(world.load_balancer("web").await.load_balancer_arn());
    let (one, two) = (world.target_group("one").await, world.target_group("two").await);
    let (one, two) = (arn(one.target_group_arn()), arn(two.target_group_arn()));
    let tuple = |n: u8, arn: &str, weight: &str| {
        format!("&DefaultActions.member.1.ForwardConfig.TargetGroups.member.{n}.TargetGroupArn={arn}{weight}")
    };
    let weight = "&DefaultActions.member.1.ForwardConfig.TargetGroups.member.2.Weight=0";
    let stickiness = "&DefaultActions.member.1.ForwardConfig.TargetGroupStickinessConfig";
    let made = format!(
        "LoadBalancerArn={load_balancer}&Protocol=TCP&Port=80&DefaultActions.member.1.Type=forward{}{}\
         {stickiness}.Enabled=true{stickiness}.DurationSeconds=60",
        tuple(1, &one, ""),
        tuple(2, &two, weight)
    );
    world.call("CreateListener", &made).await.unwrap();
    let listeners = world.elb.describe_listeners().load_balancer_arn(&load_balancer).send().await.unwrap();
    let action = &listeners.listeners()[0].default_actions()[0];
    let config = action.forward_config().unwrap();
    let mut weights =
        config.target_groups().iter().map(|group| (arn(group.target_group_arn()), group.weight())).collect::<Vec<_>>();
    weights.sort();
    let mut expected = vec![(one, Some(1)), (two, Some(0))];
    expected.sort();
    assert_eq!(weights, expected);
    assert_eq!(config.target_group_stickiness_config().unwrap().duration_seconds(), Some(60));
    assert_eq!(action.target_group_arn(), None);
}

#[tokio::test]
async fn the_same_port_with_the_same_settings_is_the_same_listener() {
    let world = World::new().await;
    let web = world.web().await;
    assert_eq!(world.listener(&web.load_balancer, 80, &web.group).await, web.listener);
    let other = arn(world.target_group("other").await.target_group_arn());
    let create = world.elb.create_listener().load_balancer_arn(&web.load_balancer).port(80);
    let refused = create.protocol(ProtocolEnum::Tcp).default_actions(forward(&other)).send().await.unwrap_err();
    let expected = format!(
        "DuplicateListener: A listener already exists on this port for this load balancer '{}'",
        web.load_balancer
    );
    assert_eq!(refusal(&refused), expected);
    let udp = arn(world.target_group_of("udp", ProtocolEnum::Udp, TargetTypeEnum::Instance).await.target_group_arn());
    let create = world.elb.create_listener().load_balancer_arn(&web.load_balancer).port(80);
    let refused = create.protocol(ProtocolEnum::Udp).default_actions(forward(&udp)).send().await.unwrap_err();
    assert_eq!(refusal(&refused), expected, "a port is taken whatever the protocol");
}

#[tokio::test]
async fn listeners_that_aws_would_not_make_are_refused() {
    let world = World::new().await;
    let web = world.web().await;
    let other = arn(world.load_balancer("other").await.load_balancer_arn());
    let http = arn(world.target_group_of("http", ProtocolEnum::Http, TargetTypeEnum::Ip).await.target_group_arn());
    let udp = arn(world.target_group_of("udp", ProtocolEnum::Udp, TargetTypeEnum::Ip).await.target_group_arn());
    let v6 = "Name=v6&Protocol=TCP&Port=80&VpcId=vpc-a&TargetType=ip&IpAddressType=ipv6";
    let v6 = element(&world.call("CreateTargetGroup", v6).await.unwrap(), "TargetGroupArn").to_owned();
    let far = "Name=far&Protocol=TCP&Port=80&VpcId=vpc-b";
    let far = element(&world.call("CreateTargetGroup", far).await.unwrap(), "TargetGroupArn").to_owned();
    let gone = format!("{}0", &web.group[..web.group.len() - 1]);
    let to = |load_balancer: &str, protocol: &str, group: &str| {
        format!(
            "LoadBalancerArn={load_balancer}&Protocol={protocol}&Port=81&DefaultActions.member.1.Type=forward\
             &DefaultActions.member.1.TargetGroupArn={group}"
        )
    };
    let action = |rest: &str| format!("LoadBalancerArn={other}&Protocol=TCP&Port=81&DefaultActions.member.1.{rest}");
    let incompatible = |group: &str, kinds: &str| {
        format!(
            "IncompatibleProtocols: The listener and its associated target group '{group}' have incompatible protocols: {kinds}"
        )
    };
    let cases = [
        (to("x", "TCP", &web.group), "ValidationError: 'x' is not a valid load balancer ARN".to_owned()),
        (to(&format!("{other}0"), "TCP", &web.group), "LoadBalancerNotFound: ".to_owned()),
        (to(&other, "TCP", &gone), format!("TargetGroupNotFound: Target groups '{gone}' not found")),
        (to(&other, "HTTP", &http), "ValidationError: Listener protocol 'HTTP' must be one of 'TLS, TCP, TCP_UDP, UDP, QUIC, TCP_QUIC'".to_owned()),
        (to(&other, "TLS", &web.group), "ValidationError: A certificate must be specified for TLS listeners".to_owned()),
        (to(&other, "QUIC", &web.group), "InvalidConfigurationRequest: A load balancer with security groups cannot have 'QUIC'".to_owned()),
        (to(&other, "TCP", &http), incompatible(&http, "'TCP' and 'HTTP'")),
        (to(&other, "TCP", &udp), incompatible(&udp, "'TCP' and 'UDP'")),
        (to(&other, "UDP", &web.group), incompatible(&web.group, "'UDP' and 'TCP'")),
        (to(&other, "TCP", &far), "InvalidConfigurationRequest: The target group".to_owned()),
        (to(&other, "TCP", &v6), "InvalidConfigurationRequest: The target group".to_owned()),
        (
            to(&other, "TCP", &web.group),
            format!(
                "TargetGroupAssociationLimit: The following target groups cannot be associated with more than one load balancer: {}",
                web.group
            ),
        ),
        (action("Type=redirect"), "ValidationError: RedirectConfig must be specified".to_owned()),
        (action("Type=redirect&DefaultActions.member.1.RedirectConfig.StatusCode=HTTP_301"), "InvalidLoadBalancerAction: ".to_owned()),
        (action("Type=fixed-response&DefaultActions.member.1.FixedResponseConfig.StatusCode=404"), "InvalidLoadBalancerAction: ".to_owned()),
        (action("Type=forward"), "ValidationError: A target group ARN must be specified".to_owned()),
        (
            action("Type=forward&DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn=a&DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight=1000"),
            "ValidationError: 1 validation error detected: Value '1000' at 'defaultActions.1.member.forwardConfig.targetGroups.1.member.weight'".to_owned(),
        ),
        (format!("LoadBalancerArn={other}&Protocol=TCP&Port=81"), "ValidationError: 1 validation error detected: Value null at 'defaultActions'".to_owned()),
        (format!("LoadBalancerArn={other}&Protocol=TCP&DefaultActions.member.1.Type=forward"), "ValidationError: A listener port".to_owned()),
        (format!("LoadBalancerArn={other}&Port=81&DefaultActions.member.1.Type=forward"), "ValidationError: A listener protocol".to_owned()),
        (format!("LoadBalancerArn={other}&Protocol=TCP&Port=65536"), "ValidationError: 1 validation error detected: Value '65536' at 'port'".to_owned()),
    ];
    for (parameters, expected) in &cases {
        world.refuses("CreateListener", &[(parameters, expected)]).await;
    }
    assert!(world.elb.describe_listeners().load_balancer_arn(&other).send().await.unwrap().listeners().is_empty());
}

#[tokio::test]
async fn a_udp_listener_of_a_dual_stack_load_balancer_needs_prefixes_and_ipv6_targets() {
    let world = World::new().await;
    let load_balancer = arn(world.load_balancer("web").await.load_balancer_arn());
    world
        .elb
        .set_ip_address_type()
        .load_balancer_arn(&load_balancer)
        .ip_address_type(IpAddressType::Dualstack)
        .send()
        .await
        .unwrap();
    let group = |name: &str, family: &str| {
        format!("Name={name}&Protocol=UDP&Port=53&VpcId=vpc-a&TargetType=ip&IpAddressType={family}")
    };
    let v4 =
        element(&world.call("CreateTargetGroup", &group("v4", "ipv4")).await.unwrap(), "TargetGroupArn").to_owned();
    let v6 =
        element(&world.call("CreateTargetGroup", &group("v6", "ipv6")).await.unwrap(), "TargetGroupArn").to_owned();
    let to = |group: &str| {
        format!(
            "LoadBalancerArn={load_balancer}&Protocol=UDP&Port=53&DefaultActions.member.1.Type=forward\
             &DefaultActions.member.1.TargetGroupArn={group}"
        )
    };
    world
        .refuses(
            "CreateListener",
            &[(&to(&v6), "InvalidConfigurationRequest: A dualstack load balancer has 'UDP' listeners only if")],
        )
        .await;
    let on = format!("LoadBalancerArn={load_balancer}&Subnets.member.1=subnet-a&EnablePrefixForIpv6SourceNat=on");
    world.call("SetSubnets", &on).await.unwrap();
    world
        .refuses("CreateListener", &[(&to(&v4), "InvalidConfigurationRequest: A 'UDP' listener of a dualstack")])
        .await;
    world.call("CreateListener", &to(&v6)).await.unwrap();
}

#[tokio::test]
async fn what_a_modification_does_not_name_stays() {
    let world = World::new().await;
    let web = world.web().await;
    let second = world.listener(&web.load_balancer, 81, &web.group).await;
    let other = arn(world.target_group("other").await.target_group_arn());
    let moved = world.elb.modify_listener().listener_arn(&web.listener).port(8080).send().await.unwrap();
    assert_eq!(moved.listeners()[0].port(), Some(8080));
    assert_eq!(moved.listeners()[0].default_actions()[0].target_group_arn(), Some(web.group.as_str()));
    let pointed =
        world.elb.modify_listener().listener_arn(&web.listener).default_actions(forward(&other)).send().await.unwrap();
    assert_eq!(pointed.listeners()[0].port(), Some(8080));
    assert_eq!(pointed.listeners()[0].default_actions()[0].target_group_arn(), Some(other.as_str()));
    let clash = world.elb.modify_listener().listener_arn(&second).port(8080).send().await.unwrap_err();
    assert!(refusal(&clash).starts_with("DuplicateListener: "));
    let wrong = world.elb.modify_listener().listener_arn(&second).protocol(ProtocolEnum::Udp).send().await.unwrap_err();
    assert!(refusal(&wrong).starts_with("IncompatibleProtocols: "));
    let gone = world.elb.modify_listener().listener_arn(format!("{second}0")).port(1).send().await.unwrap_err();
    assert_eq!(refusal(&gone), "ListenerNotFound: One or more listeners not found");
}

#[tokio::test]
async fn a_deleted_listener_is_gone_and_a_second_deletion_says_so() {
    let world = World::new().await;
    let web = world.web().await;
    world.elb.delete_listener().listener_arn(&web.listener).send().await.unwrap();
    let again = world.elb.delete_listener().listener_arn(&web.listener).send().await.unwrap_err();
    assert_eq!(refusal(&again), "ListenerNotFound: One or more listeners not found");
}

#[tokio::test]
async fn listeners_are_described_in_pages() {
    let world = World::new().await;
    let web = world.web().await;
    for port in 81..85 {
        world.listener(&web.load_balancer, port, &web.group).await;
    }
    let mut pages =
        world.elb.describe_listeners().load_balancer_arn(&web.load_balancer).page_size(2).into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().listeners().len());
    }
    assert_eq!(sizes, [2, 2, 1]);
    world
        .refuses(
            "DescribeListeners",
            &[
                ("PageSize=2", "ValidationError: You must specify either listener ARNs or a load balancer ARN"),
                (&format!("LoadBalancerArn={}0", web.load_balancer), "LoadBalancerNotFound: "),
                (
                    &format!("ListenerArns.member.1={}&ListenerArns.member.2={}0", web.listener, web.listener),
                    "ListenerNotFound: ",
                ),
            ],
        )
        .await;
}

#[tokio::test]
async fn a_listener_has_its_default_rule_and_no_other() {
    let world = World::new().await;
    let web = world.web().await;
    let rules = world.elb.describe_rules().listener_arn(&web.listener).send().await.unwrap();
    let [rule] = rules.rules() else { panic!("one rule") };
    let prefix = web.listener.replace(":listener/", ":listener-rule/");
    assert!(rule.rule_arn().unwrap().starts_with(&format!("{prefix}/")));
    assert_eq!((rule.priority(), rule.is_default()), (Some("default"), Some(true)));
    assert_eq!(rule.actions()[0].target_group_arn(), Some(web.group.as_str()));
    let by_arn = world.elb.describe_rules().rule_arns(rule.rule_arn().unwrap()).send().await.unwrap();
    assert_eq!(by_arn.rules().len(), 1);
    let gone = world.elb.describe_rules().rule_arns(format!("{}0", rule.rule_arn().unwrap())).send().await.unwrap_err();
    assert_eq!(refusal(&gone), "RuleNotFound: One or more rules not found");
}
