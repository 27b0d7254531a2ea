//! Elastic IP addresses of network load balancers.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::builders::CreateLoadBalancerFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancer, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, SubnetMapping,
};
use northgate_simulator::account_description::{AccountDescription, SavedAccount};
use northgate_simulator::{Options, Simulator};

use super::world::{World, arn, refusal};

/// A new address: its allocation id, and itself.
async fn allocate(world: &World) -> (String, String) {
    let made = world.ec2.allocate_address().send().await.unwrap();
    (made.allocation_id().unwrap().to_owned(), made.public_ip().unwrap().to_owned())
}

fn mapping(subnet: &str, allocation: Option<&str>) -> SubnetMapping {
    SubnetMapping::builder().subnet_id(subnet).set_allocation_id(allocation.map(str::to_owned)).build()
}

fn network(world: &World, name: &str) -> CreateLoadBalancerFluentBuilder {
    world.elb.create_load_balancer().name(name).r#type(LoadBalancerTypeEnum::Network)
}

/// The allocation ids and addresses of a load balancer, by zone.
fn addresses(of: &LoadBalancer) -> Vec<(String, Option<(String, String)>)> {
    let zones = of.availability_zones().iter().map(|zone| {
        let address = zone.load_balancer_addresses().first();
        let pair = address.map(|one| (one.allocation_id().unwrap().to_owned(), one.ip_address().unwrap().to_owned()));
        (zone.zone_name().unwrap().to_owned(), pair)
    });
    zones.collect()
}

#[tokio::test(start_paused = true)]
async fn an_internet_facing_load_balancer_has_the_addresses_that_it_is_given() {
    let world = World::new().await;
    let (one, public) = allocate(&world).await;
    let create = || {
        let create = network(&world, "web").subnet_mappings(mapping("subnet-a", Some(&one)));
        create.subnet_mappings(mapping("subnet-b", None))
    };
    let made = create().send().await.unwrap().load_balancers()[0].clone();
    let expected = [("us-west-2a".to_owned(), Some((one.clone(), public.clone()))), ("us-west-2b".to_owned(), None)];
    assert_eq!(addresses(&made), expected);
    let described = world.elb.describe_load_balancers().send().await.unwrap();
    assert_eq!(addresses(&described.load_balancers()[0]), expected);
    let again = create().send().await.unwrap();
    assert_eq!(again.load_balancers()[0].load_balancer_arn(), made.load_balancer_arn(), "the same is the same");

    let address = world.ec2.describe_addresses().allocation_ids(&one).send().await.unwrap().addresses()[0].clone();
    let interface = address.network_interface_id().unwrap();
    let found = world.ec2.describe_network_interfaces().network_interface_ids(interface).send().await.unwrap();
    let interface = &found.network_interfaces()[0];
    assert!(interface.description().unwrap().starts_with("ELB net/web/"));
    assert_eq!(interface.subnet_id(), Some("subnet-a"));
    assert_eq!(interface.association().unwrap().public_ip(), Some(public.as_str()));
    assert_eq!(address.private_ip_address(), interface.private_ip_address());
    assert_eq!(address.network_interface_owner_id(), Some("amazon-elb"));
}

#[tokio::test(start_paused = true)]
async fn an_address_belongs_to_its_load_balancer_until_the_interface_is_gone() {
    let world = World::new().await;
    let (one, _) = allocate(&world).await;
    let made = network(&world, "web").subnet_mappings(mapping("subnet-a", Some(&one))).send().await.unwrap();
    let arn = arn(made.load_balancers()[0].load_balancer_arn());
    let second = || network(&world, "second").subnet_mappings(mapping("subnet-b", Some(&one))).send();
    let in_use = "ResourceInUse: The allocation IDs are not available for use";
    assert_eq!(refusal(&second().await.unwrap_err()), in_use);
    let no_permission = "AuthFailure: You do not have permission to access the specified resource.";
    let release = || world.ec2.release_address().allocation_id(&one).send();
    assert_eq!(refusal(&release().await.unwrap_err()), no_permission);
    let address = world.ec2.describe_addresses().allocation_ids(&one).send().await.unwrap().addresses()[0].clone();
    let association = address.association_id().unwrap();
    let disassociated = world.ec2.disassociate_address().association_id(association).send().await;
    assert_eq!(refusal(&disassociated.unwrap_err()), no_permission);
    world.elb.delete_load_balancer().load_balancer_arn(&arn).send().await.unwrap();
    assert_eq!(refusal(&second().await.unwrap_err()), in_use, "the interface is there still");
    tokio::time::advance(Duration::from_secs(1)).await;
    let made = second().await.unwrap();
    assert_eq!(addresses(&made.load_balancers()[0])[0].1.as_ref().unwrap().0, one);
}

#[tokio::test(start_paused = true)]
async fn addresses_that_aws_would_not_give_are_refused() {
    let world = World::new().await;
    let (one, _) = allocate(&world).await;
    let (taken, _) = allocate(&world).await;
    network(&world, "first").subnet_mappings(mapping("subnet-b", Some(&taken))).send().await.unwrap();
    let of = |mappings: &[(&str, &str)]| {
        let members = (1..).zip(mappings).map(|(at, (subnet, allocation))| {
            let member = format!("SubnetMappings.member.{at}");
            format!("&{member}.SubnetId={subnet}&{member}.AllocationId={allocation}")
        });
        format!("Name=web&Type=network{}", members.collect::<String>())
    };
    let cases = [
        (
            of(&[("subnet-a", "eipalloc-gone")]),
            "AllocationIdNotFound: The allocation ID 'eipalloc-gone' does not exist",
        ),
        (of(&[("subnet-a", &taken)]), "ResourceInUse: The allocation IDs are not available for use"),
        (of(&[("subnet-a", &one), ("subnet-b", &one)]), "ResourceInUse: The allocation IDs are not available for use"),
        (
            format!("{}&Scheme=internal", of(&[("subnet-a", &one)])),
            "InvalidConfigurationRequest: Elastic IPs are not supported for load balancers with scheme 'internal'",
        ),
        (
            of(&[("subnet-a", &one)]).replace("network", "application"),
            "InvalidConfigurationRequest: AllocationId is not supported for load balancers of type 'application'",
        ),
    ];
    for (parameters, expected) in cases {
        world.refuses("CreateLoadBalancer", &[(parameters.as_str(), expected)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_zone_is_added_with_its_address_and_one_that_stands_keeps_its_own() {
    let world = World::new().await;
    let ((one, _), (two, _), (three, _)) = (allocate(&world).await, allocate(&world).await, allocate(&world).await);
    let made = network(&world, "web").subnet_mappings(mapping("subnet-a", Some(&one))).send().await.unwrap();
    let arn = arn(made.load_balancers()[0].load_balancer_arn());
    let set = |first: &str, second: &str| {
        let set = world.elb.set_subnets().load_balancer_arn(&arn).subnet_mappings(mapping("subnet-a", Some(first)));
        set.subnet_mappings(mapping("subnet-b", Some(second))).send()
    };
    set(&one, &two).await.unwrap();
    let described = world.elb.describe_load_balancers().send().await.unwrap();
    let held = addresses(&described.load_balancers()[0]).into_iter().map(|(_, pair)| pair.unwrap().0);
    assert_eq!(held.collect::<Vec<_>>(), [one, two.clone()]);
    let refused = set(&three, &two).await.unwrap_err();
    assert_eq!(
        refusal(&refused),
        "InvalidConfigurationRequest: The addresses of the load balancer in the subnet 'subnet-a' cannot be changed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_private_address_is_that_of_the_interface() {
    let world = World::new().await;
    let mapping = SubnetMapping::builder().subnet_id("subnet-a").private_ipv4_address("10.0.0.99").build();
    let create = network(&world, "web").scheme(LoadBalancerSchemeEnum::Internal).subnet_mappings(mapping);
    create.send().await.unwrap();
    let found = world.ec2.describe_network_interfaces().send().await.unwrap();
    let mut interfaces = found.network_interfaces().iter();
    assert!(interfaces.any(|interface| interface.private_ip_address() == Some("10.0.0.99")));
}

#[tokio::test(start_paused = true)]
async fn a_saved_account_keeps_who_has_which_address() {
    let world = World::new().await;
    let (one, public) = allocate(&world).await;
    network(&world, "web").subnet_mappings(mapping("subnet-a", Some(&one))).send().await.unwrap();
    let saved = SavedAccount::of(&world.simulator, &World::scope()).await.unwrap().to_yaml();
    let other = Simulator::new(Options::default());
    AccountDescription::parse(&saved).unwrap().load(&other).await.unwrap();
    let other = World::of(other);
    let described = other.elb.describe_load_balancers().send().await.unwrap();
    assert_eq!(addresses(&described.load_balancers()[0]), [("us-west-2a".to_owned(), Some((one.clone(), public)))]);
    let second = network(&other, "second").subnet_mappings(mapping("subnet-b", Some(&one))).send().await.unwrap_err();
    assert_eq!(refusal(&second), "ResourceInUse: The allocation IDs are not available for use");
}
