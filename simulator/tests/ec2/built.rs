//! A world that is built by calls, from an account in which nothing has been described.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AttributeBooleanValue, InstanceType, ResourceType, Tag, TagSpecification};
use northgate_simulator::{Options, Simulator};

use super::world::{client_of, filter, refusal};

fn tags(kind: ResourceType, name: &str) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).tags(Tag::builder().key("Name").value(name).build()).build()
}

/// A VPC with a public subnet: VPC, subnet, route table, gateway.
async fn network(client: &Client) -> (String, String, String, String) {
    let vpc = client.create_vpc().cidr_block("10.0.0.0/16").tag_specifications(tags(ResourceType::Vpc, "world"));
    let vpc = vpc.send().await.unwrap().vpc().unwrap().vpc_id().unwrap().to_owned();
    let subnet = client.create_subnet().vpc_id(&vpc).cidr_block("10.0.1.0/24").availability_zone("us-west-2b");
    let subnet = subnet.send().await.unwrap().subnet().unwrap().subnet_id().unwrap().to_owned();
    let gateway = client.create_internet_gateway().send().await.unwrap();
    let gateway = gateway.internet_gateway().unwrap().internet_gateway_id().unwrap().to_owned();
    client.attach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc).send().await.unwrap();
    let table = client.create_route_table().vpc_id(&vpc).send().await.unwrap();
    let table = table.route_table().unwrap().route_table_id().unwrap().to_owned();
    let route = client.create_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0").gateway_id(&gateway);
    route.send().await.unwrap();
    client.associate_route_table().route_table_id(&table).subnet_id(&subnet).send().await.unwrap();
    (vpc, subnet, table, gateway)
}

#[tokio::test(start_paused = true)]
async fn a_network_is_built_and_taken_down_again() {
    let client = client_of(&Simulator::new(Options::default()));
    let zones = client.describe_availability_zones().send().await.unwrap();
    let names: Vec<_> = zones.availability_zones().iter().filter_map(|zone| zone.zone_name()).collect();
    assert_eq!(names, ["us-west-2a", "us-west-2b", "us-west-2c"]);
    let (vpc, subnet, table, gateway) = network(&client).await;
    let groups = client.describe_security_groups().filters(filter("vpc-id", &[&vpc])).send().await.unwrap();
    let [default] = groups.security_groups() else { panic!("one group") };
    assert_eq!((default.group_name(), default.description()), (Some("default"), Some("default VPC security group")));
    assert_eq!(default.ip_permissions()[0].user_id_group_pairs()[0].group_id(), default.group_id());
    let tables = client.describe_route_tables().filters(filter("vpc-id", &[&vpc])).send().await.unwrap();
    let routes = |table: &aws_sdk_ec2::types::RouteTable| {
        let routes = table.routes().iter();
        routes
            .map(|route| format!("{} {}", route.destination_cidr_block().unwrap(), route.gateway_id().unwrap()))
            .collect::<Vec<_>>()
    };
    let mut all: Vec<_> = tables.route_tables().iter().map(routes).collect();
    all.sort_by_key(Vec::len);
    assert_eq!(
        all,
        [vec!["10.0.0.0/16 local".to_owned()], vec!["10.0.0.0/16 local".to_owned(), format!("0.0.0.0/0 {gateway}")]]
    );
    let described = client.describe_subnets().subnet_ids(&subnet).send().await.unwrap();
    assert_eq!(described.subnets()[0].available_ip_address_count(), Some(251));
    let modify = client.modify_subnet_attribute().subnet_id(&subnet);
    let yes = AttributeBooleanValue::builder().value(true).build();
    modify.map_public_ip_on_launch(yes).send().await.unwrap();
    let refused = refusal(client.delete_vpc().vpc_id(&vpc).send().await);
    assert!(refused.starts_with("DependencyViolation: "), "{refused}");
    client.delete_subnet().subnet_id(&subnet).send().await.unwrap();
    client.delete_route_table().route_table_id(&table).send().await.unwrap();
    client.detach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc).send().await.unwrap();
    client.delete_internet_gateway().internet_gateway_id(&gateway).send().await.unwrap();
    client.delete_vpc().vpc_id(&vpc).send().await.unwrap();
    assert!(client.describe_vpcs().send().await.unwrap().vpcs().is_empty());
    assert!(client.describe_security_groups().send().await.unwrap().security_groups().is_empty());
    assert!(client.describe_route_tables().send().await.unwrap().route_tables().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_instance_runs_until_it_is_terminated_and_is_listed_for_an_hour_more() {
    let client = client_of(&Simulator::new(Options::default()));
    let (vpc, subnet, ..) = network(&client).await;
    let group =
        client.create_security_group().group_name("nodes").description("nodes").vpc_id(&vpc).send().await.unwrap();
    let group = group.group_id().unwrap().to_owned();
    let run = client.run_instances().image_id("ami-1").instance_type(InstanceType::M5Large).min_count(2).max_count(2);
    let run = run.subnet_id(&subnet).security_group_ids(&group).client_token("once");
    let run = run.tag_specifications(tags(ResourceType::Instance, "node"));
    let launched = run.clone().send().await.unwrap();
    assert_eq!(launched.instances()[0].state().unwrap().name().unwrap().as_str(), "pending");
    let again = run.send().await.unwrap();
    assert_eq!(again.reservation_id(), launched.reservation_id(), "the same token names the same launch");
    let describe = || client.describe_instances().filters(filter("tag:Name", &["node"]));
    let found = describe().send().await.unwrap();
    let [reservation] = found.reservations() else { panic!("one launch") };
    let instance = &reservation.instances()[0];
    assert_eq!(instance.state().unwrap().name().unwrap().as_str(), "running");
    assert_eq!(instance.placement().unwrap().availability_zone(), Some("us-west-2b"));
    assert_eq!(instance.security_groups()[0].group_id(), Some(group.as_str()));
    let mut addresses: Vec<_> = reservation.instances().iter().filter_map(|one| one.private_ip_address()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["10.0.1.4", "10.0.1.5"]);
    let refused = refusal(client.delete_security_group().group_id(&group).send().await);
    assert!(refused.starts_with("DependencyViolation: "), "{refused}");
    let ids: Vec<String> =
        reservation.instances().iter().filter_map(|one| one.instance_id().map(str::to_owned)).collect();
    let ended = client.terminate_instances().set_instance_ids(Some(ids)).send().await.unwrap();
    assert_eq!(ended.terminating_instances()[0].current_state().unwrap().name().unwrap().as_str(), "shutting-down");
    client.delete_security_group().group_id(&group).send().await.unwrap();
    let free = client.describe_subnets().subnet_ids(&subnet).send().await.unwrap();
    assert_eq!(free.subnets()[0].available_ip_address_count(), Some(251));
    tokio::time::advance(Duration::from_secs(3599)).await;
    let ghosts = describe().send().await.unwrap();
    let ghost = &ghosts.reservations()[0].instances()[0];
    assert_eq!((ghost.state().unwrap().name().unwrap().as_str(), ghost.vpc_id()), ("terminated", None));
    assert_eq!(ghost.state_transition_reason(), Some("User initiated (2026-01-31 12:00:00 GMT)"));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(describe().send().await.unwrap().reservations().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_public_address_follows_its_interface() {
    let client = client_of(&Simulator::new(Options::default()));
    let (vpc, subnet, _, gateway) = network(&client).await;
    let interface =
        client.create_network_interface().subnet_id(&subnet).private_ip_address("10.0.1.9").send().await.unwrap();
    let interface = interface.network_interface().unwrap().network_interface_id().unwrap().to_owned();
    let address = client.allocate_address().send().await.unwrap();
    let allocation = address.allocation_id().unwrap();
    let associate = client.associate_address().allocation_id(allocation).network_interface_id(&interface);
    associate.send().await.unwrap();
    let described =
        client.describe_addresses().filters(filter("public-ip", &[address.public_ip().unwrap()])).send().await.unwrap();
    assert_eq!(described.addresses()[0].private_ip_address(), Some("10.0.1.9"));
    let shown = client.describe_network_interfaces().network_interface_ids(&interface).send().await.unwrap();
    assert_eq!(shown.network_interfaces()[0].association().unwrap().public_ip(), address.public_ip());
    let detach = client.detach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc);
    let refused = refusal(detach.send().await);
    assert!(
        refused.starts_with("DependencyViolation: Network ") && refused.contains("mapped public address"),
        "{refused}"
    );
    client.delete_network_interface().network_interface_id(&interface).send().await.unwrap();
    let described = client.describe_addresses().allocation_ids(allocation).send().await.unwrap();
    assert_eq!(described.addresses()[0].association_id(), None);
    client.release_address().allocation_id(allocation).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn pods_take_further_addresses_of_an_interface() {
    let client = client_of(&Simulator::new(Options::default()));
    let (_, subnet, ..) = network(&client).await;
    let interface = client.create_network_interface().subnet_id(&subnet).send().await.unwrap();
    let interface = interface.network_interface().unwrap().network_interface_id().unwrap().to_owned();
    let assign = client.assign_private_ip_addresses().network_interface_id(&interface);
    let assigned = assign.secondary_private_ip_address_count(2).send().await.unwrap();
    let addresses: Vec<_> =
        assigned.assigned_private_ip_addresses().iter().filter_map(|one| one.private_ip_address()).collect();
    assert_eq!(addresses, ["10.0.1.5", "10.0.1.6"]);
    let found = client.describe_network_interfaces().filters(filter("addresses.private-ip-address", &["10.0.1.6"]));
    assert_eq!(found.send().await.unwrap().network_interfaces()[0].network_interface_id(), Some(interface.as_str()));
    let unassign = client.unassign_private_ip_addresses().network_interface_id(&interface);
    unassign.private_ip_addresses("10.0.1.5").send().await.unwrap();
    let subnets = client.describe_subnets().subnet_ids(&subnet).send().await.unwrap();
    assert_eq!(subnets.subnets()[0].available_ip_address_count(), Some(249));
}

#[tokio::test(start_paused = true)]
async fn a_prefix_list_changes_from_version_to_version() {
    let client = client_of(&Simulator::new(Options::default()));
    let entry = |cidr: &str| aws_sdk_ec2::types::AddPrefixListEntry::builder().cidr(cidr).description("x").build();
    let made = client.create_managed_prefix_list().prefix_list_name("offices").address_family("IPv4").max_entries(2);
    let made = made.entries(entry("192.0.2.1/24")).send().await.unwrap();
    let id = made.prefix_list().unwrap().prefix_list_id().unwrap().to_owned();
    let removed = aws_sdk_ec2::types::RemovePrefixListEntry::builder().cidr("192.0.2.0/24").build();
    let change = client.modify_managed_prefix_list().prefix_list_id(&id).current_version(1).remove_entries(removed);
    let changed = change.add_entries(entry("198.51.100.0/24")).send().await.unwrap();
    assert_eq!(changed.prefix_list().unwrap().version(), Some(2));
    let entries = client.get_managed_prefix_list_entries().prefix_list_id(&id).send().await.unwrap();
    let cidrs: Vec<_> = entries.entries().iter().filter_map(|entry| entry.cidr()).collect();
    assert_eq!(cidrs, ["198.51.100.0/24"]);
    client.delete_managed_prefix_list().prefix_list_id(&id).send().await.unwrap();
    assert!(client.describe_managed_prefix_lists().send().await.unwrap().prefix_lists().is_empty());
}
