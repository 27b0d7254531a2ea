//! SetSubnets, SetSecurityGroups, SetIpAddressType.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    EnablePrefixForIpv6SourceNatEnum, IpAddressType, LoadBalancerTypeEnum, ProtocolEnum,
};

use super::world::{World, arn, forward, refusal};

fn subnets(zones: &[aws_sdk_elasticloadbalancingv2::types::AvailabilityZone]) -> Vec<&str> {
    zones.iter().map(|zone| zone.subnet_id().unwrap()).collect()
}

#[tokio::test]
async fn subnets_are_replaced_zone_by_zone() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let set = || world.elb.set_subnets().load_balancer_arn(&arn);
    let one = set().subnets("subnet-b").send().await.unwrap();
    assert_eq!(subnets(one.availability_zones()), ["subnet-b"], "one zone is enough");
    let swapped = set().subnets("subnet-a2").subnets("subnet-b").send().await.unwrap();
    assert_eq!(subnets(swapped.availability_zones()), ["subnet-a2", "subnet-b"]);
    let refused = set().subnets("subnet-a").subnets("subnet-b").send().await.unwrap_err();
    assert_eq!(
        refusal(&refused),
        "InvalidConfigurationRequest: The Availability Zone 'us-west-2a' is already enabled with the subnet 'subnet-a2'"
    );
    let elsewhere = set().subnets("subnet-elsewhere").send().await.unwrap_err();
    assert!(refusal(&elsewhere).starts_with("InvalidConfigurationRequest: "));
    let described = world.elb.describe_load_balancers().load_balancer_arns(&arn).send().await.unwrap();
    assert_eq!(subnets(described.load_balancers()[0].availability_zones()), ["subnet-a2", "subnet-b"]);
}

#[tokio::test]
async fn source_nat_prefixes_come_with_dual_stack_subnets() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let set = world.elb.set_subnets().load_balancer_arn(&arn).subnets("subnet-a").subnets("subnet-b");
    let set = set.ip_address_type(IpAddressType::Dualstack);
    let changed = set.enable_prefix_for_ipv6_source_nat(EnablePrefixForIpv6SourceNatEnum::On).send().await.unwrap();
    assert_eq!(changed.enable_prefix_for_ipv6_source_nat(), Some(&EnablePrefixForIpv6SourceNatEnum::On));
    assert_eq!(changed.availability_zones()[1].source_nat_ipv6_prefixes(), ["2001:db8:0:1::/80"]);
    let back = world.elb.set_ip_address_type().load_balancer_arn(&arn).ip_address_type(IpAddressType::Ipv4);
    assert!(refusal(&back.send().await.unwrap_err()).starts_with("InvalidConfigurationRequest: "));
}

#[tokio::test(start_paused = true)]
async fn security_groups_are_replaced_and_the_old_one_is_free() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let set = |group: &str| world.elb.set_security_groups().load_balancer_arn(&arn).security_groups(group).send();
    assert_eq!(set("sg-two").await.unwrap().security_group_ids(), ["sg-two"]);
    tokio::time::advance(Duration::from_secs(1)).await;
    world.ec2.delete_security_group().group_id("sg-one").send().await.unwrap();
    assert!(refusal(&set("sg-one").await.unwrap_err()).starts_with("InvalidSecurityGroup: "));
    assert_eq!(
        refusal(&set("sg-elsewhere").await.unwrap_err()),
        "InvalidConfigurationRequest: One or more security groups are invalid"
    );
    let none = world.call("SetSecurityGroups", &format!("LoadBalancerArn={arn}&SecurityGroups=")).await.unwrap_err();
    assert_eq!(none, "InvalidConfigurationRequest: You must specify at least one security group");
}

#[tokio::test]
async fn a_load_balancer_made_without_security_groups_never_gets_any() {
    let world = World::new().await;
    let create = world.elb.create_load_balancer().name("web").r#type(LoadBalancerTypeEnum::Network);
    let made = create.subnets("subnet-a").send().await.unwrap();
    let made = &made.load_balancers()[0];
    assert_eq!(made.enforce_security_group_inbound_rules_on_private_link_traffic(), None);
    let set = world.elb.set_security_groups().load_balancer_arn(made.load_balancer_arn().unwrap());
    assert_eq!(
        refusal(&set.security_groups("sg-one").send().await.unwrap_err()),
        "InvalidConfigurationRequest: You cannot set security groups on a Network Load Balancer which was created \
         without any security groups."
    );
}

#[tokio::test]
async fn the_address_type_changes_where_the_subnets_allow_it() {
    let world = World::new().await;
    let arn = arn(world.load_balancer("web").await.load_balancer_arn());
    let set = |to: IpAddressType| world.elb.set_ip_address_type().load_balancer_arn(&arn).ip_address_type(to).send();
    assert_eq!(set(IpAddressType::Dualstack).await.unwrap().ip_address_type(), Some(&IpAddressType::Dualstack));
    assert_eq!(set(IpAddressType::Ipv4).await.unwrap().ip_address_type(), Some(&IpAddressType::Ipv4));
    world.elb.set_subnets().load_balancer_arn(&arn).subnets("subnet-b").send().await.unwrap();
    world.elb.set_subnets().load_balancer_arn(&arn).subnets("subnet-a2").subnets("subnet-b").send().await.unwrap();
    assert_eq!(
        refusal(&set(IpAddressType::Dualstack).await.unwrap_err()),
        "InvalidConfigurationRequest: You must specify subnets with an associated IPv6 CIDR block."
    );
}

#[tokio::test]
async fn a_udp_listener_keeps_a_load_balancer_from_dual_stack_without_prefixes() {
    let world = World::new().await;
    let arn_of = arn(world.load_balancer("web").await.load_balancer_arn());
    let group = world.target_group_of(
        "web",
        ProtocolEnum::Udp,
        aws_sdk_elasticloadbalancingv2::types::TargetTypeEnum::Instance,
    );
    let group = arn(group.await.target_group_arn());
    let create = world.elb.create_listener().load_balancer_arn(&arn_of).protocol(ProtocolEnum::Udp).port(53);
    create.default_actions(forward(&group)).send().await.unwrap();
    let set = world.elb.set_ip_address_type().load_balancer_arn(&arn_of).ip_address_type(IpAddressType::Dualstack);
    assert!(refusal(&set.send().await.unwrap_err()).contains("EnablePrefixForIpv6SourceNat"));
}
