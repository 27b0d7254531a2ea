//! Describe: ids, filters, what an answer holds.

use super::world::{ACCOUNT, WORLD, client, client_of, described, filter, refusal, simulator};
use aws_sdk_ec2::config::{Credentials, Region};

#[tokio::test]
async fn everything_described_is_answered_sorted_by_id() {
    let client = client().await;
    let vpcs = client.describe_vpcs().send().await.unwrap();
    let ids: Vec<_> = vpcs.vpcs().iter().filter_map(|vpc| vpc.vpc_id()).collect();
    assert_eq!(ids, ["vpc-a", "vpc-default"]);
    let subnets = client.describe_subnets().send().await.unwrap();
    let ids: Vec<_> = subnets.subnets().iter().filter_map(|subnet| subnet.subnet_id()).collect();
    assert_eq!(ids, ["subnet-a", "subnet-b", "subnet-c"]);
    assert_eq!(subnets.subnets()[0].owner_id(), Some(ACCOUNT));
}

#[tokio::test]
async fn an_id_that_does_not_exist_is_refused_with_the_code_of_its_kind() {
    let client = client().await;
    let refusals = [
        refusal(client.describe_vpcs().vpc_ids("vpc-x").send().await),
        refusal(client.describe_subnets().subnet_ids("subnet-a").subnet_ids("subnet-x").send().await),
        refusal(client.describe_route_tables().route_table_ids("rtb-x").send().await),
        refusal(client.describe_security_groups().group_ids("sg-x").send().await),
        refusal(client.describe_instances().instance_ids("i-x").send().await),
        refusal(client.describe_network_interfaces().network_interface_ids("eni-x").send().await),
        refusal(client.describe_availability_zones().zone_names("us-west-2x").send().await),
        refusal(client.describe_availability_zones().zone_ids("usw2-az9").send().await),
    ];
    assert_eq!(
        refusals,
        [
            "InvalidVpcID.NotFound: The vpc ID 'vpc-x' does not exist",
            "InvalidSubnetID.NotFound: The subnet ID 'subnet-x' does not exist",
            "InvalidRouteTableID.NotFound: The routeTable ID 'rtb-x' does not exist",
            "InvalidGroup.NotFound: The security group 'sg-x' does not exist",
            "InvalidInstanceID.NotFound: The instance ID 'i-x' does not exist",
            "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-x' does not exist",
            "InvalidParameterValue: Invalid availability zone: [us-west-2x]",
            "InvalidParameterValue: Invalid availability zone-id: [usw2-az9]",
        ]
    );
}

#[tokio::test]
async fn subnets_are_filtered() {
    let client = client().await;
    let cases: [(&str, &[_], &[&str]); 9] = [
        ("by VPC", &[filter("vpc-id", &["vpc-a"])], &["subnet-a", "subnet-b"]),
        ("by any of several values", &[filter("subnet-id", &["subnet-a", "subnet-c"])], &["subnet-a", "subnet-c"]),
        ("by all of several filters", &[filter("vpc-id", &["vpc-a"]), filter("tag:team", &["data"])], &["subnet-b"]),
        ("by the value of a tag", &[filter("tag:team", &["web"])], &["subnet-a"]),
        ("by a tag with the empty value", &[filter("tag:team", &[""])], &[]),
        ("by the key of a tag", &[filter("tag-key", &["kubernetes.io/role/elb"])], &["subnet-a"]),
        ("with wildcards", &[filter("tag:team", &["*a*"])], &["subnet-b"]),
        ("case-sensitively", &[filter("tag:team", &["Web"])], &[]),
        ("by block", &[filter("cidr-block", &["10.0.1.0/24"])], &["subnet-b"]),
    ];
    for (how, filters, expected) in cases {
        let answer = client.describe_subnets().set_filters(Some(filters.to_vec())).send().await.unwrap();
        let found: Vec<_> = answer.subnets().iter().filter_map(|subnet| subnet.subnet_id()).collect();
        assert_eq!(found, expected, "{how}");
    }
}

#[tokio::test]
async fn interfaces_are_filtered_by_every_address_they_have() {
    let client = client().await;
    let cases: [(&str, &str, &[&str]); 8] = [
        ("addresses.private-ip-address", "10.0.1.21", &["eni-2a"]),
        ("private-ip-address", "10.0.1.20", &["eni-2a"]),
        ("private-ip-address", "10.0.1.21", &[]),
        ("ipv6-addresses.ipv6-address", "2001:db8:0:1::20", &["eni-2a"]),
        ("network-interface-id", "eni-2b", &["eni-2b"]),
        ("attachment.instance-id", "i-2", &["eni-2a", "eni-2b"]),
        ("subnet-id", "subnet-b", &["eni-2a", "eni-2b"]),
        ("group-name", "backend", &[]),
    ];
    for (name, value, expected) in cases {
        let answer = client.describe_network_interfaces().filters(filter(name, &[value])).send().await.unwrap();
        let found: Vec<_> = answer.network_interfaces().iter().filter_map(|eni| eni.network_interface_id()).collect();
        assert_eq!(found, expected, "{name} {value}");
    }
}

#[tokio::test]
async fn other_kinds_are_filtered() {
    let client = client().await;
    let groups = client.describe_security_groups();
    let found = groups.clone().filters(filter("ip-permission.group-id", &["sg-backend"])).send().await.unwrap();
    assert_eq!(found.security_groups()[0].group_id(), Some("sg-node"));
    let found = groups.clone().filters(filter("group-name", &["default"])).send().await.unwrap();
    assert_eq!(found.security_groups()[0].group_id(), Some("sg-default"));
    let found = groups.filters(filter("egress.ip-permission.cidr", &["0.0.0.0/0"])).send().await.unwrap();
    assert_eq!(found.security_groups().len(), 5);
    let tables = client.describe_route_tables().filters(filter("association.subnet-id", &["subnet-a"]));
    assert_eq!(tables.send().await.unwrap().route_tables()[0].route_table_id(), Some("rtb-public"));
    let tables = client.describe_route_tables().filters(filter("association.main", &["true"]));
    assert_eq!(tables.send().await.unwrap().route_tables()[0].route_table_id(), Some("rtb-main"));
    let instances = client.describe_instances().filters(filter("private-dns-name", &["ip-10-0-0-10.*"]));
    let found = instances.send().await.unwrap();
    assert_eq!(found.reservations()[0].instances()[0].instance_id(), Some("i-1"));
    let zones = client.describe_availability_zones().filters(filter("zone-id", &["usw2-az2"]));
    assert_eq!(zones.send().await.unwrap().availability_zones()[0].zone_name(), Some("us-west-2b"));
}

#[tokio::test]
async fn filters_look_at_members_at_every_depth() {
    let world = WORLD.replace(
        "  Tags: {Name: one}",
        "  MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 2}\n  Tags: {Name: one}",
    );
    let client = client_of(&described(&world).await);
    let cases: [(&str, &str, &[&str]); 7] = [
        ("metadata-options.http-tokens", "required", &["i-1"]),
        ("metadata-options.http-put-response-hop-limit", "2", &["i-1"]),
        ("metadata-options.http-tokens", "optional", &[]),
        ("network-interface.addresses.primary", "true", &["i-1", "i-2"]),
        ("network-interface.attachment.device-index", "1", &["i-2"]),
        ("network-interface.ipv4-prefixes.ipv4-prefix", "10.0.1.32/28", &["i-2"]),
        ("reservation-id", "r-gone", &["i-gone"]),
    ];
    for (name, value, expected) in cases {
        let found = client.describe_instances().filters(filter(name, &[value])).send().await.unwrap();
        let instances = found.reservations().iter().flat_map(|reservation| reservation.instances());
        let ids: Vec<_> = instances.filter_map(|instance| instance.instance_id()).collect();
        assert_eq!(ids, expected, "{name} {value}");
    }
    let subnets = client.describe_subnets().filters(filter("ipv6-cidr-block-association.state", &["associated"]));
    assert_eq!(subnets.send().await.unwrap().subnets().len(), 0);
    let vpcs =
        client.describe_vpcs().filters(filter("cidr-block-association.state", &["associated"])).send().await.unwrap();
    assert_eq!(vpcs.vpcs().len(), 2);
}

#[tokio::test]
async fn an_unknown_filter_is_refused_also_where_nothing_could_match() {
    let empty = northgate_simulator::Simulator::new(northgate_simulator::Options::default());
    for client in [client().await, client_of(&empty)] {
        let refused = refusal(client.describe_instances().filters(filter("colour", &["red"])).send().await);
        assert_eq!(refused, "InvalidParameterValue: The filter 'colour' is invalid");
        let refused = refusal(client.describe_subnets().filters(filter("vpc-id", &[])).send().await);
        assert_eq!(refused, "InvalidParameterValue: The filter 'vpc-id' has no values");
    }
}

#[tokio::test]
async fn a_call_has_at_most_two_hundred_filter_values() {
    let client = client().await;
    let values: Vec<String> = (0..201).map(|n| format!("10.0.0.{n}")).collect();
    let filter = |count: usize| {
        let values = values[..count].to_vec();
        aws_sdk_ec2::types::Filter::builder().name("addresses.private-ip-address").set_values(Some(values)).build()
    };
    client.describe_network_interfaces().filters(filter(200)).send().await.unwrap();
    let refused = refusal(client.describe_network_interfaces().filters(filter(201)).send().await);
    assert!(refused.starts_with("FilterLimitExceeded: "), "{refused}");
}

#[tokio::test]
async fn an_instance_shows_its_interfaces_by_device_with_all_their_addresses() {
    let client = client().await;
    let answer = client.describe_instances().instance_ids("i-2").send().await.unwrap();
    let instance = &answer.reservations()[0].instances()[0];
    assert_eq!(instance.private_ip_address(), Some("10.0.1.20"));
    assert_eq!(instance.vpc_id(), Some("vpc-a"));
    assert_eq!(instance.placement().unwrap().availability_zone(), Some("us-west-2b"));
    assert_eq!(instance.security_groups()[0].group_name(), Some("nodes"));
    let [first, second] = instance.network_interfaces() else { panic!("two interfaces") };
    assert_eq!(first.network_interface_id(), Some("eni-2a"));
    let addresses: Vec<_> = first.private_ip_addresses().iter().filter_map(|one| one.private_ip_address()).collect();
    assert_eq!(addresses, ["10.0.1.21", "10.0.1.20"]);
    assert_eq!(first.groups()[0].group_id(), Some("sg-node"));
    assert_eq!(second.ipv4_prefixes()[0].ipv4_prefix(), Some("10.0.1.32/28"));
    assert_eq!(second.ipv6_prefixes()[0].ipv6_prefix(), Some("2001:db8:0:1:a::/80"));
}

#[tokio::test]
async fn an_instance_without_described_interfaces_has_a_primary_one() {
    let client = client().await;
    let answer = client.describe_instances().instance_ids("i-1").send().await.unwrap();
    let [primary] = answer.reservations()[0].instances()[0].network_interfaces() else { panic!("one interface") };
    assert_eq!(primary.attachment().unwrap().device_index(), Some(0));
    assert_eq!(primary.private_ip_address(), Some("10.0.0.10"));
    let found = client.describe_network_interfaces().filters(filter("attachment.instance-id", &["i-1"])).send().await;
    let found = found.unwrap();
    assert_eq!(found.network_interfaces()[0].network_interface_id(), primary.network_interface_id());
    assert_eq!(found.network_interfaces()[0].attachment().unwrap().instance_id(), Some("i-1"));
}

#[tokio::test]
async fn a_terminated_instance_is_still_listed_and_has_no_network() {
    let client = client().await;
    let answer = client.describe_instances().instance_ids("i-gone").send().await.unwrap();
    let instance = &answer.reservations()[0].instances()[0];
    assert_eq!(instance.state().unwrap().name().unwrap().as_str(), "terminated");
    assert_eq!(instance.state().unwrap().code(), Some(48));
    assert_eq!((instance.vpc_id(), instance.network_interfaces().len()), (None, 0));
}

#[tokio::test]
async fn an_action_that_is_not_modelled_is_an_invalid_action_by_name() {
    let refused = refusal(client().await.describe_key_pairs().send().await);
    assert!(refused.starts_with("InvalidAction: ") && refused.contains("DescribeKeyPairs"), "{refused}");
}

#[tokio::test]
async fn a_parameter_that_is_not_modelled_is_refused_by_name() {
    let refused = refusal(client().await.describe_instances().include_managed_resources(true).send().await);
    assert_eq!(refused, "UnknownParameter: The parameter IncludeManagedResources is not recognized");
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let client = client().await;
    let refused = refusal(client.delete_security_group().group_id("sg-free").dry_run(true).send().await);
    assert_eq!(refused, "DryRunOperation: Request would have succeeded, but DryRun flag is set.");
    client.describe_security_groups().group_ids("sg-free").send().await.unwrap();
    let refused = refusal(client.delete_security_group().group_id("sg-x").dry_run(true).send().await);
    assert!(refused.starts_with("InvalidGroup.NotFound"), "{refused}");
}

#[tokio::test]
async fn another_account_or_region_sees_nothing() {
    let simulator = simulator().await;
    for (account, region) in [("444455556666", "us-west-2"), (ACCOUNT, "eu-west-1")] {
        let config = client_of(&simulator).config().to_builder();
        let credentials = Credentials::new(account, "secret", None, None, "tests");
        let config = config.credentials_provider(credentials).region(Region::new(region)).build();
        let answer = aws_sdk_ec2::Client::from_conf(config).describe_vpcs().send().await.unwrap();
        assert_eq!(answer.vpcs().len(), 0, "{account} {region}");
    }
}
