//! CreateLoadBalancer, DescribeLoadBalancers, DeleteLoadBalancer.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, SubnetMapping,
};

use super::world::{World, arn, refusal, tag};

#[tokio::test(start_paused = true)]
async fn a_new_load_balancer_has_what_aws_gives_it() {
    let world = World::new().await;
    let made = world.load_balancer("web").await;
    let arn = made.load_balancer_arn().unwrap();
    let id = arn.strip_prefix("arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/net/web/").unwrap();
    assert_eq!(id.len(), 16);
    assert_eq!(made.dns_name(), Some(format!("web-{id}.elb.us-west-2.amazonaws.com").as_str()));
    assert_eq!(made.canonical_hosted_zone_id(), Some("Z18D5FSROUN65G"));
    assert_eq!(made.scheme(), Some(&LoadBalancerSchemeEnum::InternetFacing));
    assert_eq!(made.vpc_id(), Some("vpc-a"));
    assert_eq!(made.r#type(), Some(&LoadBalancerTypeEnum::Network));
    assert_eq!(made.ip_address_type().unwrap().as_str(), "ipv4");
    assert_eq!(made.security_groups(), ["sg-one"]);
    assert_eq!(made.enforce_security_group_inbound_rules_on_private_link_traffic(), Some("on"));
    let zones = made.availability_zones().iter().map(|zone| (zone.zone_name().unwrap(), zone.subnet_id().unwrap()));
    assert_eq!(zones.collect::<Vec<_>>(), [("us-west-2a", "subnet-a"), ("us-west-2b", "subnet-b")]);
    assert_eq!(made.created_time().unwrap().to_string(), "2026-01-31T12:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn it_is_provisioning_until_its_delay_is_over() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    assert_eq!(world.state(&arn).await, "provisioning");
    tokio::time::advance(Duration::from_millis(1999)).await;
    assert_eq!(world.state(&arn).await, "provisioning");
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(world.state(&arn).await, "active");
}

#[tokio::test(start_paused = true)]
async fn the_same_name_with_the_same_settings_is_the_same_load_balancer() {
    let world = World::new().await;
    let first = world.load_balancer("web").await;
    let again = world.elb.create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let again = again.subnets("subnet-b").subnets("subnet-a").security_groups("sg-one").tags(tag("new", "tag"));
    let again = again.send().await.unwrap();
    assert_eq!(again.load_balancers()[0].load_balancer_arn(), first.load_balancer_arn());
    assert!(world.tags(first.load_balancer_arn().unwrap()).await.is_empty(), "tags are not settings");
    let common = "Name=web&Type=network&Subnets.member.1=subnet-a&Subnets.member.2=subnet-b";
    let different = [
        format!("{common}&SecurityGroups.member.1=sg-one&Scheme=internal"),
        format!("{common}&SecurityGroups.member.1=sg-one&IpAddressType=dualstack"),
        format!("{common}&SecurityGroups.member.1=sg-two"),
        common.to_owned(),
        "Name=web&Type=network&Subnets.member.1=subnet-a&SecurityGroups.member.1=sg-one".to_owned(),
    ];
    for parameters in different {
        assert_eq!(
            world.call("CreateLoadBalancer", &parameters).await.unwrap_err(),
            "DuplicateLoadBalancerName: A load balancer with the same name 'web' exists, but with different settings",
            "{parameters}"
        );
    }
    assert_eq!(world.elb.describe_load_balancers().send().await.unwrap().load_balancers().len(), 1);
}

#[tokio::test]
async fn load_balancers_that_aws_would_not_make_are_refused() {
    let world = World::new().await;
    let name33 = format!("Name={}&Type=network&Subnets.member.1=subnet-a", "n".repeat(33));
    world
        .refuses(
            "CreateLoadBalancer",
            &[
                ("Type=network&Subnets.member.1=subnet-a", "ValidationError: 1 validation error detected: Value null at 'name'"),
                (&name33, "ValidationError: Load balancer name"),
                ("Name=internal-x&Type=network&Subnets.member.1=subnet-a", "ValidationError: Load balancer name 'internal-x'"),
                ("Name=w&Type=network", "ValidationError: At least one subnet"),
                ("Name=w&Type=network&Subnets=", "ValidationError: At least one subnet"),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&SubnetMappings.member.1.SubnetId=subnet-a",
                    "ValidationError: You must specify either subnets or subnet mappings",
                ),
                ("Name=w&Type=network&Subnets.member.1=subnet-x", "SubnetNotFound: The subnet ID 'subnet-x' does not exist"),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&Subnets.member.2=subnet-a2",
                    "InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same Availability Zone",
                ),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&Subnets.member.2=subnet-elsewhere",
                    "InvalidConfigurationRequest: All subnets of a load balancer must belong to the same VPC",
                ),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-full",
                    "InvalidSubnet: Not enough IP space available in subnet-full. ELB requires at least 8 free IP addresses in each subnet.",
                ),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&SecurityGroups.member.1=sg-x",
                    "InvalidSecurityGroup: The security group 'sg-x' does not exist",
                ),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&SecurityGroups.member.1=sg-elsewhere",
                    "InvalidConfigurationRequest: One or more security groups are invalid",
                ),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&Scheme=foo",
                    "ValidationError: 1 validation error detected: Value 'foo' at 'scheme' failed to satisfy constraint: Member must satisfy enum value set: [internet-facing, internal]",
                ),
                ("Name=w&Type=network&Subnets.member.1=subnet-a2&IpAddressType=dualstack", "InvalidConfigurationRequest: You must specify subnets with an associated IPv6 CIDR block."),
                ("Name=w&Type=network&Subnets.member.1=subnet-a&IpAddressType=dualstack-without-public-ipv4", "InvalidConfigurationRequest: "),
                ("Name=w&Type=network&Subnets.member.1=subnet-a&EnablePrefixForIpv6SourceNat=on", "InvalidConfigurationRequest: "),
                ("Name=w&Subnets.member.1=subnet-a", "ValidationError: At least two subnets in two different Availability Zones must be specified"),
                ("Name=w&Type=gateway&Subnets.member.1=subnet-a", "ValidationError: The simulator does not model gateway load balancers"),
                (
                    "Name=w&Type=network&SubnetMappings.member.1.SubnetId=subnet-a&SubnetMappings.member.1.AllocationId=eipalloc-1",
                    "AllocationIdNotFound: The allocation ID 'eipalloc-1' does not exist",
                ),
                (
                    "Name=w&Type=network&SubnetMappings.member.1.SubnetId=subnet-a&SubnetMappings.member.1.PrivateIPv4Address=10.0.0.9",
                    "InvalidConfigurationRequest: Private IPv4 addresses can only be specified for internal load balancers",
                ),
                (
                    "Name=w&Type=network&Scheme=internal&SubnetMappings.member.1.SubnetId=subnet-a&SubnetMappings.member.1.PrivateIPv4Address=10.0.1.9",
                    "ValidationError: The address '10.0.1.9' is not in the subnet 'subnet-a'",
                ),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&CustomerOwnedIpv4Pool=pool",
                    "InvalidConfigurationRequest: CustomerOwnedIpv4Pool is not supported for load balancers of type 'network'",
                ),
                (
                    "Name=w&Type=network&Subnets.member.1=subnet-a&Colour=red",
                    "ValidationError: 1 validation error detected: Value '…' at 'colour'",
                ),
            ],
        )
        .await;
    assert!(world.elb.describe_load_balancers().send().await.unwrap().load_balancers().is_empty());
}

#[tokio::test]
async fn an_internal_load_balancer_takes_a_full_subnet_and_a_private_address() {
    let world = World::new().await;
    let mapping = SubnetMapping::builder().subnet_id("subnet-full").private_ipv4_address("10.0.3.9").build();
    let create = world.elb.create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let made = create.scheme(LoadBalancerSchemeEnum::Internal).subnet_mappings(mapping).send().await.unwrap();
    let zone = &made.load_balancers()[0].availability_zones()[0];
    assert_eq!(zone.load_balancer_addresses()[0].private_ipv4_address(), Some("10.0.3.9"));
    assert!(made.load_balancers()[0].security_groups().is_empty());
}

#[tokio::test]
async fn a_repeated_call_needs_no_free_addresses_again() {
    let world = World::new().await;
    let tight = "Type=network&Subnets.member.1=subnet-tight";
    for _ in 0..2 {
        world.call("CreateLoadBalancer", &format!("Name=web&{tight}")).await.unwrap();
    }
    world.refuses("CreateLoadBalancer", &[(&format!("Name=second&{tight}"), "InvalidSubnet: ")]).await;
}

#[tokio::test]
async fn load_balancers_are_described_by_arn_by_name_or_in_pages() {
    let world = World::new().await;
    for number in 0..5 {
        world.load_balancer(&format!("web-{number}")).await;
    }
    let by_name = world.elb.describe_load_balancers().names("web-3").names("web-1").send().await.unwrap();
    assert_eq!(by_name.load_balancers().len(), 2);
    let missing = world.elb.describe_load_balancers().names("web-1").names("gone").send().await.unwrap_err();
    assert_eq!(refusal(&missing), "LoadBalancerNotFound: Load balancers '[web-1, gone]' not found");
    let arn = arn(by_name.load_balancers()[0].load_balancer_arn());
    let gone = format!("{}0", &arn[..arn.len() - 1]);
    let missing = world.elb.describe_load_balancers().load_balancer_arns(&arn).load_balancer_arns(gone).send().await;
    assert_eq!(refusal(&missing.unwrap_err()), "LoadBalancerNotFound: One or more load balancers not found");
    let mut pages = world.elb.describe_load_balancers().page_size(2).into_paginator().send();
    let (mut sizes, mut names) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.load_balancers().len());
        names.extend(page.load_balancers().iter().map(|item| item.load_balancer_name().unwrap().to_owned()));
    }
    names.sort();
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(names, ["web-0", "web-1", "web-2", "web-3", "web-4"]);
}

#[tokio::test]
async fn questions_that_aws_would_not_answer_are_refused() {
    let world = World::new().await;
    let arns = (1..=21).map(|n| format!("LoadBalancerArns.member.{n}=a&")).collect::<String>();
    world
        .refuses(
            "DescribeLoadBalancers",
            &[
                ("PageSize=0", "ValidationError: 1 validation error detected: Value '0' at 'pageSize'"),
                ("PageSize=401", "ValidationError: 1 validation error detected: Value '401' at 'pageSize'"),
                ("Marker=web", "ValidationError: Invalid marker 'web'"),
                ("LoadBalancerArns.member.1=web", "ValidationError: 'web' is not a valid load balancer ARN"),
                (&arns, "ValidationError: 1 validation error detected: Value '[a, a"),
                (
                    "Names.member.1=a&LoadBalancerArns.member.1=b",
                    "ValidationError: Load balancer names and load balancer ARNs cannot",
                ),
            ],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_deleted_load_balancer_takes_its_listeners_along_and_leaves_its_groups() {
    let world = World::new().await;
    let web = world.web().await;
    for _ in 0..2 {
        world.elb.delete_load_balancer().load_balancer_arn(&web.load_balancer).send().await.unwrap();
    }
    let listener = world.elb.describe_listeners().listener_arns(&web.listener).send().await.unwrap_err();
    assert_eq!(refusal(&listener), "ListenerNotFound: One or more listeners not found");
    let groups = world.elb.describe_target_groups().send().await.unwrap();
    assert!(groups.target_groups()[0].load_balancer_arns().is_empty());
    world.elb.delete_target_group().target_group_arn(&web.group).send().await.unwrap();
}

#[tokio::test]
async fn deletion_protection_protects() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let protect = |on: &str| {
        let attribute = LoadBalancerAttribute::builder().key("deletion_protection.enabled").value(on).build();
        world.elb.modify_load_balancer_attributes().load_balancer_arn(&arn).attributes(attribute).send()
    };
    protect("true").await.unwrap();
    let refused = world.elb.delete_load_balancer().load_balancer_arn(&arn).send().await.unwrap_err();
    let expected = format!(
        "OperationNotPermitted: Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    );
    assert_eq!(refusal(&refused), expected);
    protect("false").await.unwrap();
    world.elb.delete_load_balancer().load_balancer_arn(&arn).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn interfaces_outlive_the_load_balancer_and_hold_its_security_group() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let interfaces = world.ec2.describe_network_interfaces().send().await.unwrap();
    let made = interfaces
        .network_interfaces()
        .iter()
        .filter(|interface| interface.description().is_some_and(|text| text.starts_with("ELB net/web/")));
    assert_eq!(made.count(), 2);
    world.elb.delete_load_balancer().load_balancer_arn(&arn).send().await.unwrap();
    let refused = world.ec2.delete_security_group().group_id("sg-one").send().await.unwrap_err();
    assert!(refusal(&refused).starts_with("DependencyViolation: "));
    tokio::time::advance(Duration::from_secs(1)).await;
    world.ec2.delete_security_group().group_id("sg-one").send().await.unwrap();
}
