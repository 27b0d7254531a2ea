//! Load balancers: names, subnets, security groups, address types.

use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::builders::CreateLoadBalancerFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    EnablePrefixForIpv6SourceNatEnum, EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum as Enforce,
    IpAddressType, IpamPools, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, ProtocolEnum,
    SubnetMapping, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
};

use super::super::world::{World, arn, forward};

fn application(world: &World) -> CreateLoadBalancerFluentBuilder {
    world.elb.create_load_balancer().name("shop")
}

fn network(world: &World) -> CreateLoadBalancerFluentBuilder {
    application(world).r#type(LoadBalancerTypeEnum::Network)
}

fn both_zones(world: &World) -> CreateLoadBalancerFluentBuilder {
    application(world).subnets("subnet-a").subnets("subnet-b")
}

fn mapping(subnet: &str) -> aws_sdk_elasticloadbalancingv2::types::builders::SubnetMappingBuilder {
    SubnetMapping::builder().subnet_id(subnet)
}

refused! {
    /// B.2; API CreateLoadBalancer: Name
    a_name_has_at_most_32_characters => "ValidationError: Load balancer name",
        |world| both_zones(&world).name("a".repeat(33)).send().await;
    /// B.2; API CreateLoadBalancer: Name
    a_name_is_not_empty => "ValidationError: Load balancer name '' cannot be empty",
        |world| both_zones(&world).name("").send().await;
    /// B.2; API CreateLoadBalancer: Name
    a_name_has_letters_digits_and_hyphens => "ValidationError: Load balancer name 'my_shop'",
        |world| both_zones(&world).name("my_shop").send().await;
    /// B.2; API CreateLoadBalancer: Name
    a_name_does_not_begin_with_a_hyphen => "ValidationError: Load balancer name '-shop'",
        |world| both_zones(&world).name("-shop").send().await;
    /// B.2; API CreateLoadBalancer: Name
    a_name_does_not_end_with_a_hyphen => "ValidationError: Load balancer name 'shop-'",
        |world| both_zones(&world).name("shop-").send().await;
    /// B.2; API CreateLoadBalancer: Name
    a_name_does_not_begin_with_internal => "ValidationError: Load balancer name 'internal-shop'",
        |world| both_zones(&world).name("internal-shop").send().await;
    /// B.2, B.8; API CreateLoadBalancer: DuplicateLoadBalancerName
    a_name_is_taken_once => "DuplicateLoadBalancerName: ", |world| {
        both_zones(&world).send().await.expect("the first");
        both_zones(&world).scheme(LoadBalancerSchemeEnum::Internal).send().await
    };
    /// API CreateLoadBalancer: required members
    a_name_is_needed => "ValidationError: 1 validation error detected: Value null at 'name'",
        |world| world.elb.create_load_balancer().subnets("subnet-a").send().await;
    /// API CreateLoadBalancer: Type
    a_type_is_one_of_awss => "ValidationError: 1 validation error detected: Value 'classic' at 'type'",
        |world| both_zones(&world).r#type("classic".into()).send().await;
    /// API CreateLoadBalancer: Scheme
    a_scheme_is_one_of_awss => "ValidationError: 1 validation error detected: Value 'public' at 'scheme'",
        |world| both_zones(&world).scheme("public".into()).send().await;
    /// Gateway load balancers are another product, and are refused as not modelled
    a_gateway_load_balancer_is_not_modelled => "ValidationError: The simulator does not model gateway",
        |world| both_zones(&world).r#type(LoadBalancerTypeEnum::Gateway).send().await;
    /// B.2; API CreateLoadBalancer: Subnets
    an_application_load_balancer_is_in_two_zones => "ValidationError: At least two subnets in two different",
        |world| application(&world).subnets("subnet-a").send().await;
    /// B.2; API CreateLoadBalancer: Subnets
    a_zone_has_one_subnet => "InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets",
        |world| application(&world).subnets("subnet-a").subnets("subnet-a2").send().await;
    /// API CreateLoadBalancer: Subnets
    subnets_are_given_in_one_of_two_ways => "ValidationError: You must specify either subnets or subnet mappings",
        |world| both_zones(&world).subnet_mappings(mapping("subnet-a").build()).send().await;
    /// API CreateLoadBalancer: Subnets
    a_subnet_is_given => "ValidationError: At least one subnet must be specified",
        |world| application(&world).send().await;
    /// B.8; API CreateLoadBalancer: SubnetNotFound
    a_subnet_exists => "SubnetNotFound: The subnet ID 'subnet-x' does not exist",
        |world| application(&world).subnets("subnet-a").subnets("subnet-x").send().await;
    /// API CreateLoadBalancer: Subnets
    subnets_are_in_one_vpc => "InvalidConfigurationRequest: All subnets of a load balancer must belong to the same VPC",
        |world| application(&world).subnets("subnet-a").subnets("subnet-elsewhere").send().await;
    /// B.2, B.8; ALB "Subnets for your load balancer"
    a_subnet_of_an_application_load_balancer_has_eight_free_addresses => "InvalidSubnet: Not enough IP space", |world| {
        let tight = both_zones(&world).name("tight").set_subnets(None).subnets("subnet-a").subnets("subnet-tight");
        tight.send().await.expect("eight are enough");
        application(&world).subnets("subnet-a").subnets("subnet-full").send().await
    };
    /// B.2; ALB "Subnets for your load balancer"
    an_internal_application_load_balancer_asks_for_free_addresses_too => "InvalidSubnet: Not enough IP space", |world| {
        let create = application(&world).subnets("subnet-a").subnets("subnet-full");
        create.scheme(LoadBalancerSchemeEnum::Internal).send().await
    };
    /// B.2; NLB "Availability Zones"
    an_internet_facing_network_load_balancer_asks_for_free_addresses => "InvalidSubnet: Not enough IP space", |world| {
        let internal = network(&world).name("internal").scheme(LoadBalancerSchemeEnum::Internal);
        internal.subnets("subnet-full").send().await.expect("an internal one does not");
        network(&world).subnets("subnet-full").send().await
    };
    /// B.2; ALB "Subnets for your load balancer"
    a_subnet_of_an_application_load_balancer_is_a_slash_27_or_larger => "InvalidSubnet: The CIDR block of the subnet", |world| {
        network(&world).name("net").subnets("subnet-small").send().await.expect("a network load balancer takes it");
        application(&world).subnets("subnet-a").subnets("subnet-small").send().await
    };
    /// B.2, B.8; NLB "Availability Zones"
    a_network_load_balancer_is_in_no_local_zone => "AvailabilityZoneNotSupported: ", |world| {
        application(&world).name("local").subnets("subnet-local").send().await.expect("an application load balancer is");
        network(&world).subnets("subnet-local").send().await
    };
    /// B.8; API CreateLoadBalancer: InvalidSecurityGroup
    a_security_group_exists => "InvalidSecurityGroup: The security group 'sg-x' does not exist",
        |world| both_zones(&world).security_groups("sg-x").send().await;
    /// API CreateLoadBalancer: SecurityGroups
    a_security_group_is_in_the_vpc => "InvalidConfigurationRequest: One or more security groups are invalid",
        |world| both_zones(&world).security_groups("sg-elsewhere").send().await;
    /// API CreateLoadBalancer: SubnetMappings
    an_application_load_balancer_has_no_elastic_addresses => "InvalidConfigurationRequest: AllocationId", |world| {
        let create = application(&world).subnet_mappings(mapping("subnet-a").allocation_id("eipalloc-1").build());
        create.subnet_mappings(mapping("subnet-b").build()).send().await
    };
    /// API CreateLoadBalancer: SubnetMappings
    an_application_load_balancer_has_no_chosen_private_addresses => "InvalidConfigurationRequest: PrivateIPv4Address", |world| {
        let create = application(&world).scheme(LoadBalancerSchemeEnum::Internal);
        let create = create.subnet_mappings(mapping("subnet-a").private_ipv4_address("10.0.0.9").build());
        create.subnet_mappings(mapping("subnet-b").build()).send().await
    };
    /// API CreateLoadBalancer: SubnetMappings
    private_addresses_are_for_internal_load_balancers => "InvalidConfigurationRequest: Private IPv4 addresses can only", |world| {
        let mapping = mapping("subnet-a").private_ipv4_address("10.0.0.9").build();
        network(&world).subnet_mappings(mapping).send().await
    };
    /// API CreateLoadBalancer: SubnetMappings
    a_private_address_is_in_its_subnet => "ValidationError: The address '10.0.1.9' is not in the subnet 'subnet-a'", |world| {
        let mapping = mapping("subnet-a").private_ipv4_address("10.0.1.9").build();
        network(&world).scheme(LoadBalancerSchemeEnum::Internal).subnet_mappings(mapping).send().await
    };
    /// B.12; API CreateLoadBalancer: IpAddressType
    a_network_load_balancer_is_not_dual_stack_without_public_ipv4 => "InvalidConfigurationRequest: The IP address type", |world| {
        network(&world).subnets("subnet-a").ip_address_type(IpAddressType::DualstackWithoutPublicIpv4).send().await
    };
    /// B.12; API CreateLoadBalancer: IpAddressType
    an_internal_load_balancer_is_not_dual_stack_without_public_ipv4 => "InvalidConfigurationRequest: The IP address type", |world| {
        let create = both_zones(&world).ip_address_type(IpAddressType::DualstackWithoutPublicIpv4);
        create.scheme(LoadBalancerSchemeEnum::Internal).send().await
    };
    /// B.12; ALB "Subnets for your load balancer"
    dual_stack_needs_subnets_with_ipv6 => "InvalidConfigurationRequest: You must specify subnets with an associated IPv6", |world| {
        let create = application(&world).subnets("subnet-a2").subnets("subnet-b");
        create.ip_address_type(IpAddressType::Dualstack).send().await
    };
    /// B.12; API CreateLoadBalancer: EnablePrefixForIpv6SourceNat
    source_nat_prefixes_are_for_network_load_balancers => "InvalidConfigurationRequest: EnablePrefixForIpv6SourceNat", |world| {
        both_zones(&world).enable_prefix_for_ipv6_source_nat(EnablePrefixForIpv6SourceNatEnum::On).send().await
    };
    /// B.12; API CreateLoadBalancer: EnablePrefixForIpv6SourceNat
    source_nat_prefixes_need_dual_stack => "InvalidConfigurationRequest: EnablePrefixForIpv6SourceNat can only", |world| {
        let create = network(&world).subnets("subnet-a");
        create.enable_prefix_for_ipv6_source_nat(EnablePrefixForIpv6SourceNatEnum::On).send().await
    };
    /// API CreateLoadBalancer: CustomerOwnedIpv4Pool
    a_customer_owned_pool_is_for_application_load_balancers => "InvalidConfigurationRequest: CustomerOwnedIpv4Pool",
        |world| network(&world).subnets("subnet-a").customer_owned_ipv4_pool("ipv4pool-coip-1").send().await;
    /// API CreateLoadBalancer: CustomerOwnedIpv4Pool
    a_customer_owned_pool_has_an_id_of_its_kind => "ValidationError: 1 validation error detected: Value 'pool-1'",
        |world| both_zones(&world).customer_owned_ipv4_pool("pool-1").send().await;
    /// API CreateLoadBalancer: IpamPools
    an_ipam_pool_is_for_application_load_balancers => "InvalidConfigurationRequest: IpamPools", |world| {
        let pools = IpamPools::builder().ipv4_ipam_pool_id("ipam-pool-1").build();
        network(&world).subnets("subnet-a").ipam_pools(pools).send().await
    };
    /// ALB "IPAM IP address pools"
    an_ipam_pool_is_for_internet_facing_load_balancers => "InvalidConfigurationRequest: IpamPools", |world| {
        let pools = IpamPools::builder().ipv4_ipam_pool_id("ipam-pool-1").build();
        both_zones(&world).scheme(LoadBalancerSchemeEnum::Internal).ipam_pools(pools).send().await
    };
    /// B.10; API SetSecurityGroups
    a_network_load_balancer_made_without_security_groups_gets_none => "InvalidConfigurationRequest: You cannot set security groups", |world| {
        let bare = world.bare("net", IpAddressType::Ipv4).await;
        world.elb.set_security_groups().load_balancer_arn(bare).security_groups("sg-one").send().await
    };
    /// API SetSecurityGroups
    a_load_balancer_keeps_one_security_group => "InvalidConfigurationRequest: You must specify at least one", |world| {
        let shop = world.application("shop").await;
        world.elb.set_security_groups().load_balancer_arn(shop).set_security_groups(Some(Vec::new())).send().await
    };
    /// API SetSecurityGroups: EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic
    private_link_rules_are_for_network_load_balancers => "InvalidConfigurationRequest: EnforceSecurityGroup", |world| {
        let shop = world.application("shop").await;
        let set = world.elb.set_security_groups().load_balancer_arn(shop).security_groups("sg-one");
        set.enforce_security_group_inbound_rules_on_private_link_traffic(Enforce::Off).send().await
    };
    /// B.7; NLB "Availability Zones"
    a_network_load_balancer_swaps_no_subnet_within_a_zone => "InvalidConfigurationRequest: The Availability Zone", |world| {
        let arn = arn(world.load_balancer("net").await.load_balancer_arn());
        world.elb.set_subnets().load_balancer_arn(arn).subnets("subnet-a2").subnets("subnet-b").send().await
    };
    /// API SetSubnets
    an_application_load_balancer_stays_in_two_zones => "ValidationError: At least two subnets in two different", |world| {
        let shop = world.application("shop").await;
        world.elb.set_subnets().load_balancer_arn(shop).subnets("subnet-a").send().await
    };
    /// B.12; NLB "IP address type"
    a_load_balancer_with_ipv6_groups_stays_dual_stack => "InvalidConfigurationRequest: The target group", |world| {
        let load_balancer = world.bare("net", IpAddressType::Dualstack).await;
        let create = world.elb.create_target_group().name("v6").protocol(ProtocolEnum::Tcp).port(80).vpc_id("vpc-a");
        let create = create.target_type(TargetTypeEnum::Ip).ip_address_type(TargetGroupIpAddressTypeEnum::Ipv6);
        let group = arn(create.send().await.expect("a group").target_groups()[0].target_group_arn());
        world.listener(&load_balancer, 80, &group).await;
        world.elb.set_ip_address_type().load_balancer_arn(load_balancer).ip_address_type(IpAddressType::Ipv4).send().await
    };
    /// B.12; NLB "IP address type"
    a_load_balancer_with_quic_listeners_is_not_dual_stack => "InvalidConfigurationRequest: A dualstack load balancer", |world| {
        let load_balancer = world.bare("net", IpAddressType::Ipv4).await;
        let group = arn(world.target_group_of("q", ProtocolEnum::Quic, TargetTypeEnum::Ip).await.target_group_arn());
        world.listener_of(&load_balancer, ProtocolEnum::Quic, 443, forward(&group)).await;
        let set = world.elb.set_ip_address_type().load_balancer_arn(load_balancer);
        set.ip_address_type(IpAddressType::Dualstack).send().await
    };
    /// B.11; API DeleteLoadBalancer: OperationNotPermitted
    deletion_protection_protects => "OperationNotPermitted: Load balancer", |world| {
        let shop = world.application("shop").await;
        let on = LoadBalancerAttribute::builder().key("deletion_protection.enabled").value("true").build();
        let modify = world.elb.modify_load_balancer_attributes().load_balancer_arn(&shop).attributes(on);
        modify.send().await.expect("protection");
        world.elb.delete_load_balancer().load_balancer_arn(shop).send().await
    };
    /// B.3; API DescribeLoadBalancers
    twenty_load_balancers_are_described_by_arn => "ValidationError: 1 validation error detected: ", |world| {
        let shop = world.application("shop").await;
        world.elb.describe_load_balancers().set_load_balancer_arns(Some(vec![shop; 21])).send().await
    };
    /// API DescribeLoadBalancers
    load_balancers_are_described_by_name_or_by_arn => "ValidationError: Load balancer names and load balancer ARNs", |world| {
        let shop = world.application("shop").await;
        world.elb.describe_load_balancers().load_balancer_arns(shop).names("shop").send().await
    };
    /// B.8; API DescribeLoadBalancers
    one_missing_load_balancer_fails_the_call => "LoadBalancerNotFound: Load balancers '[shop, cart]' not found", |world| {
        world.application("shop").await;
        world.elb.describe_load_balancers().names("shop").names("cart").send().await
    };
    /// B.3; API DescribeLoadBalancers: PageSize
    a_page_has_at_least_one_member => "ValidationError: 1 validation error detected: Value '0' at 'pageSize'",
        |world| world.elb.describe_load_balancers().page_size(0).send().await;
    /// B.3; API DescribeLoadBalancers: PageSize
    a_page_has_at_most_400_members => "ValidationError: 1 validation error detected: Value '401' at 'pageSize'",
        |world| world.elb.describe_load_balancers().page_size(401).send().await;
    /// API DescribeLoadBalancers: Marker
    a_marker_is_one_that_was_given => "ValidationError: Invalid marker 'next'",
        |world| world.elb.describe_load_balancers().marker("next").send().await;
}
