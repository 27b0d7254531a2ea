//! CreateSecurityGroup and DeleteSecurityGroup.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

use super::world::{client, group, refusal, rules, tcp};

fn specification(kind: ResourceType, key: &str) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).tags(Tag::builder().key(key).value("v").build()).build()
}

#[tokio::test]
async fn groups_of_the_default_vpc_are_found_by_name() {
    let client = client().await;
    let found = client.describe_security_groups().group_names("elsewhere").send().await.unwrap();
    assert_eq!(found.security_groups()[0].group_id(), Some("sg-elsewhere"));
    let refused = refusal(client.describe_security_groups().group_names("nodes").send().await);
    assert_eq!(
        refused,
        "InvalidGroup.NotFound: The security group 'nodes' does not exist in default VPC 'vpc-default'"
    );
}

#[tokio::test]
async fn a_new_group_has_its_tags_and_lets_everything_out() {
    let client = client().await;
    let create = client.create_security_group().group_name("web").description("for web").vpc_id("vpc-a");
    let made = create.tag_specifications(specification(ResourceType::SecurityGroup, "k")).send().await.unwrap();
    let made = group(&client, made.group_id().unwrap()).await;
    assert!(made.group_id().unwrap().starts_with("sg-"));
    assert_eq!((made.group_name(), made.description(), made.vpc_id()), (Some("web"), Some("for web"), Some("vpc-a")));
    assert_eq!(made.tags()[0].key(), Some("k"));
    assert!(made.ip_permissions().is_empty());
    let egress: Vec<_> = made.ip_permissions_egress().iter().flat_map(rules).collect();
    assert_eq!(egress, ["-1 0.0.0.0/0", "-1 ::/0"], "the VPC has IPv6");
}

#[tokio::test]
async fn without_a_vpc_a_group_is_made_in_the_default_one() {
    let client = client().await;
    let made = client.create_security_group().group_name("web").description("d").send().await.unwrap();
    let made = group(&client, made.group_id().unwrap()).await;
    assert_eq!(made.vpc_id(), Some("vpc-default"));
    let egress: Vec<_> = made.ip_permissions_egress().iter().flat_map(rules).collect();
    assert_eq!(egress, ["-1 0.0.0.0/0"]);
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_vpc_whatever_its_case() {
    let client = client().await;
    let create =
        |name: &str, vpc: &str| client.create_security_group().group_name(name).description("d").vpc_id(vpc).send();
    let refused = refusal(create("Nodes", "vpc-a").await);
    assert_eq!(refused, "InvalidGroup.Duplicate: The security group 'Nodes' already exists for VPC 'vpc-a'");
    create("nodes", "vpc-default").await.unwrap();
}

#[tokio::test]
async fn groups_that_aws_would_not_make_are_refused() {
    let client = client().await;
    let long = "n".repeat(256);
    let cases = [
        ("sg-web", "d", "vpc-a", "InvalidParameterValue: Invalid group name 'sg-web'"),
        ("default", "d", "vpc-a", "InvalidGroup.Reserved: "),
        (&long, "d", "vpc-a", "InvalidParameterValue: Invalid security group name"),
        ("web|app", "d", "vpc-a", "InvalidParameterValue: Invalid security group name"),
        ("web", "für alle", "vpc-a", "InvalidParameterValue: Invalid security group description"),
        ("web", "d", "vpc-x", "InvalidVpcID.NotFound: The vpc ID 'vpc-x' does not exist"),
        ("", "d", "vpc-a", "MissingParameter: The request must contain the parameter groupName"),
    ];
    for (name, description, vpc, expected) in cases {
        let create = client.create_security_group().group_name(name).description(description).vpc_id(vpc);
        let refused = refusal(create.send().await);
        assert!(refused.starts_with(expected), "{refused} instead of {expected}");
    }
    let refused = refusal(client.create_security_group().group_name("web").vpc_id("vpc-a").send().await);
    assert_eq!(refused, "MissingParameter: The request must contain the parameter groupDescription");
}

#[tokio::test]
async fn a_refused_create_leaves_no_group() {
    let client = client().await;
    let create = client.create_security_group().group_name("web").description("d").vpc_id("vpc-a");
    for tags in [specification(ResourceType::Subnet, "k"), specification(ResourceType::SecurityGroup, "aws:k")] {
        let refused = refusal(create.clone().tag_specifications(tags).send().await);
        assert!(refused.starts_with("InvalidParameterValue: "), "{refused}");
    }
    create.send().await.unwrap();
}

#[tokio::test]
async fn a_group_goes_when_nothing_depends_on_it() {
    let client = client().await;
    let delete = |id: &str| client.delete_security_group().group_id(id).send();
    assert_eq!(delete("sg-free").await.unwrap().group_id(), Some("sg-free"));
    let cases = [
        ("is deleted already", "sg-free", "InvalidGroup.NotFound: The security group 'sg-free' does not exist"),
        ("is on an interface", "sg-node", "DependencyViolation: resource sg-node has a dependent object"),
        ("is in another group's rule", "sg-backend", "DependencyViolation: resource sg-backend has a dependent object"),
        ("is the VPC's default", "sg-default", "CannotDelete: the specified group: \"sg-default\""),
    ];
    for (why, id, expected) in cases {
        let refused = refusal(delete(id).await);
        assert!(refused.starts_with(expected), "{why}: {refused}");
    }
}

#[tokio::test]
async fn a_group_whose_own_rules_name_it_can_go() {
    let client = client().await;
    let rule = tcp(80, "sg-free", None);
    client.authorize_security_group_ingress().group_id("sg-free").ip_permissions(rule).send().await.unwrap();
    client.delete_security_group().group_id("sg-free").send().await.unwrap();
}

#[tokio::test]
async fn a_group_can_go_once_the_rule_that_names_it_is_revoked() {
    let client = client().await;
    let node = group(&client, "sg-node").await;
    let revoke = client.revoke_security_group_ingress().group_id("sg-node");
    revoke.set_ip_permissions(Some(node.ip_permissions().to_vec())).send().await.unwrap();
    client.delete_security_group().group_id("sg-backend").send().await.unwrap();
}
