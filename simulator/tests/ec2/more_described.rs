//! What else can be described: single rules, addresses, prefix lists, pools, gateways, tags, the account.

use aws_sdk_ec2::types::{AccountAttributeName, SecurityGroupRuleRequest, SecurityGroupRuleUpdate, Tag};

use super::constraints::simulator;
use super::world::{client_of, described, filter, ingress, tcp};

#[tokio::test]
async fn every_rule_is_described_by_itself_and_can_be_tagged() {
    let client = client_of(&simulator().await);
    let rules = client.describe_security_group_rules().filters(filter("group-id", &["sg-node"])).send().await.unwrap();
    let inbound: Vec<_> = rules.security_group_rules().iter().filter(|rule| rule.is_egress() == Some(false)).collect();
    let [rule] = inbound.as_slice() else { panic!("one rule") };
    assert_eq!((rule.from_port(), rule.to_port(), rule.ip_protocol()), (Some(30000), Some(32767), Some("tcp")));
    assert_eq!(rule.referenced_group_info().unwrap().group_id(), Some("sg-backend"));
    let id = rule.security_group_rule_id().unwrap();
    client.create_tags().resources(id).tags(Tag::builder().key("why").value("nodes").build()).send().await.unwrap();
    let tagged = client.describe_security_group_rules().filters(filter("tag:why", &["nodes"])).send().await.unwrap();
    assert_eq!(tagged.security_group_rules()[0].security_group_rule_id(), Some(id));
}

#[tokio::test]
async fn a_rule_is_modified_where_it_is_and_keeps_its_id() {
    let client = client_of(&simulator().await);
    let made = client.authorize_security_group_ingress().group_id("sg-free").ip_permissions(tcp(
        80,
        "10.0.0.0/8",
        Some("old"),
    ));
    let made = made.send().await.unwrap();
    let id = made.security_group_rules()[0].security_group_rule_id().unwrap().to_owned();
    let wanted = SecurityGroupRuleRequest::builder()
        .ip_protocol("tcp")
        .from_port(81)
        .to_port(81)
        .cidr_ipv4("10.1.2.3/16")
        .build();
    let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(&id).security_group_rule(wanted).build();
    client.modify_security_group_rules().group_id("sg-free").security_group_rules(update).send().await.unwrap();
    assert_eq!(ingress(&client, "sg-free").await, ["tcp 81-81 10.1.0.0/16"]);
    let describe = client.update_security_group_rule_descriptions_ingress().group_id("sg-free");
    describe.ip_permissions(tcp(81, "10.1.0.0/16", Some("new"))).send().await.unwrap();
    assert_eq!(ingress(&client, "sg-free").await, ["tcp 81-81 10.1.0.0/16 (new)"]);
    let rules = client.describe_security_group_rules().security_group_rule_ids(&id).send().await.unwrap();
    assert_eq!(rules.security_group_rules()[0].cidr_ipv4(), Some("10.1.0.0/16"));
}

#[tokio::test]
async fn groups_of_peered_vpcs_may_name_each_other() {
    let world = format!(
        "{}vpcPeeringConnections: [{{VpcPeeringConnectionId: pcx-1, RequesterVpcInfo: {{VpcId: vpc-a, OwnerId: \"111122223333\"}}, \
         AccepterVpcInfo: {{VpcId: vpc-default, OwnerId: \"111122223333\"}}}}]\n",
        super::world::WORLD
    );
    let client = client_of(&described(&world).await);
    let authorize = client.authorize_security_group_ingress().group_id("sg-free");
    authorize.ip_permissions(tcp(80, "sg-elsewhere", None)).send().await.unwrap();
    let found = client.describe_vpc_peering_connections().filters(filter("accepter-vpc-info.vpc-id", &["vpc-default"]));
    assert_eq!(found.send().await.unwrap().vpc_peering_connections()[0].vpc_peering_connection_id(), Some("pcx-1"));
}

#[tokio::test]
async fn addresses_prefix_lists_pools_and_gateways_are_described() {
    let client = client_of(&simulator().await);
    let addresses =
        client.describe_addresses().filters(filter("network-interface-id", &["eni-2a"])).send().await.unwrap();
    assert_eq!(addresses.addresses()[0].allocation_id(), Some("eipalloc-used"));
    let by_ip = client.describe_addresses().public_ips("203.0.113.2").send().await.unwrap();
    assert_eq!(by_ip.addresses()[0].allocation_id(), Some("eipalloc-free"));
    let lists = client.describe_managed_prefix_lists().max_results(1).send().await.unwrap();
    assert_eq!((lists.prefix_lists()[0].max_entries(), lists.next_token()), (Some(10), None));
    let pools = client.describe_ipam_pools().ipam_pool_ids("ipam-pool-1").send().await.unwrap();
    assert_eq!(pools.ipam_pools()[0].ipam_pool_id(), Some("ipam-pool-1"));
    let usage = client.get_coip_pool_usage().pool_id("ipv4pool-coip-1").send().await.unwrap();
    assert_eq!(usage.coip_pool_id(), Some("ipv4pool-coip-1"));
    assert_eq!(client.describe_coip_pools().send().await.unwrap().coip_pools().len(), 1);
    let gateways =
        client.describe_internet_gateways().filters(filter("attachment.vpc-id", &["vpc-a"])).send().await.unwrap();
    assert_eq!(gateways.internet_gateways()[0].internet_gateway_id(), Some("igw-1"));
    let groups = client.get_security_groups_for_vpc().vpc_id("vpc-a").send().await.unwrap();
    assert_eq!(groups.security_group_for_vpcs().len(), 4);
}

#[tokio::test]
async fn tags_are_described_one_by_one() {
    let client = client_of(&simulator().await);
    let cases = [
        ("by key", filter("key", &["team"]), &["subnet-a", "subnet-b", "vpc-a"][..]),
        ("by resource", filter("resource-id", &["subnet-a"]), &["subnet-a", "subnet-a"]),
        ("by type", filter("resource-type", &["instance"]), &["i-1"]),
        ("by key and value", filter("tag:team", &["web"]), &["subnet-a", "vpc-a"]),
    ];
    for (how, by, expected) in cases {
        let found = client.describe_tags().filters(by).send().await.unwrap();
        let found: Vec<_> = found.tags().iter().filter_map(|tag| tag.resource_id()).collect();
        assert_eq!(found, expected, "{how}");
    }
    let types = client.describe_tags().filters(filter("resource-id", &["sg-node"])).send().await.unwrap();
    assert_eq!(types.tags()[0].resource_type().unwrap().as_str(), "security-group");
}

#[tokio::test]
async fn the_account_says_what_it_may() {
    let client = client_of(&simulator().await);
    let all = client.describe_account_attributes().send().await.unwrap();
    assert_eq!(all.account_attributes().len(), 6);
    let one =
        client.describe_account_attributes().attribute_names(AccountAttributeName::DefaultVpc).send().await.unwrap();
    let value = one.account_attributes()[0].attribute_values()[0].attribute_value();
    assert_eq!(value, Some("vpc-default"));
}
