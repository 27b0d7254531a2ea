//! Rules: authorized and revoked.

use aws_sdk_ec2::types::{IpPermission, IpRange};

use super::world::{client, client_of, described, group, ingress, refusal, rules, tcp};

const GROUP: &str = "sg-free";

async fn authorize(client: &aws_sdk_ec2::Client, permissions: &[IpPermission]) -> Result<usize, String> {
    let call = client.authorize_security_group_ingress().group_id(GROUP);
    match call.set_ip_permissions(Some(permissions.to_vec())).send().await {
        Ok(answer) => Ok(answer.security_group_rules().len()),
        refused => Err(refusal(refused)),
    }
}

async fn revoke(client: &aws_sdk_ec2::Client, permissions: &[IpPermission]) -> Result<usize, String> {
    let call = client.revoke_security_group_ingress().group_id(GROUP);
    match call.set_ip_permissions(Some(permissions.to_vec())).send().await {
        Ok(answer) => Ok(answer.revoked_security_group_rules().len()),
        refused => Err(refusal(refused)),
    }
}

#[tokio::test]
async fn the_answer_lists_every_rule_that_was_made() {
    let client = client().await;
    let call = client.authorize_security_group_ingress().group_id(GROUP);
    let call =
        call.ip_permissions(tcp(80, "10.0.0.0/8", Some("office"))).ip_permissions(tcp(80, "2001:db8::/32", None));
    let answer =
        call.ip_permissions(tcp(443, "sg-node", None)).ip_permissions(tcp(22, "pl-offices", None)).send().await;
    let answer = answer.unwrap();
    let [ipv4, ipv6, peer, list] = answer.security_group_rules() else { panic!("four rules") };
    assert_eq!((ipv4.cidr_ipv4(), ipv4.description()), (Some("10.0.0.0/8"), Some("office")));
    assert_eq!((ipv6.cidr_ipv6(), ipv6.from_port(), ipv6.is_egress()), (Some("2001:db8::/32"), Some(80), Some(false)));
    assert_eq!(peer.referenced_group_info().unwrap().group_id(), Some("sg-node"));
    assert_eq!(list.prefix_list_id(), Some("pl-offices"));
    assert!([ipv4, ipv6, peer, list].iter().all(|rule| rule.security_group_rule_id().unwrap().starts_with("sgr-")));
}

#[tokio::test]
async fn rules_are_kept_in_canonical_form_and_grouped_by_traffic() {
    let client = client().await;
    let numbered = IpPermission::builder().ip_protocol("6").from_port(80).to_port(80);
    let numbered = numbered.ip_ranges(IpRange::builder().cidr_ip("192.168.7.9/16").build()).build();
    let all = IpPermission::builder().ip_protocol("-1").from_port(1).to_port(2);
    let all = all.ip_ranges(IpRange::builder().cidr_ip("10.1.1.1/8").build()).build();
    let ipv6 = tcp(80, "2001:DB8:0:0::1/64", None);
    assert_eq!(authorize(&client, &[tcp(80, "10.1.1.1/8", None), numbered, all, ipv6]).await, Ok(4));
    assert_eq!(
        ingress(&client, GROUP).await,
        ["-1 10.0.0.0/8", "tcp 80-80 10.0.0.0/8", "tcp 80-80 192.168.0.0/16", "tcp 80-80 2001:db8::/64"]
    );
    assert_eq!(group(&client, GROUP).await.ip_permissions().len(), 2);
}

#[tokio::test]
async fn a_duplicate_is_known_by_protocol_ports_and_source_alone_and_stops_the_whole_call() {
    let client = client().await;
    authorize(&client, &[tcp(80, "10.0.0.0/8", Some("one")), tcp(80, "sg-node", Some("one"))]).await.unwrap();
    for duplicate in [tcp(80, "10.9.9.9/8", Some("two")), tcp(80, "sg-node", None)] {
        let refused = authorize(&client, &[tcp(443, "10.0.0.0/8", None), duplicate]).await.unwrap_err();
        assert!(refused.starts_with("InvalidPermission.Duplicate: the specified rule \"peer: "), "{refused}");
        assert!(refused.ends_with("TCP, from port: 80, to port: 80, ALLOW\" already exists"), "{refused}");
    }
    assert_eq!(ingress(&client, GROUP).await, ["tcp 80-80 10.0.0.0/8 (one)", "tcp 80-80 sg-node (one)"]);
    assert_eq!(authorize(&client, &[tcp(443, "10.0.0.0/8", None)]).await, Ok(1));
}

#[tokio::test]
async fn rules_that_aws_would_not_take_are_refused_and_none_of_the_call_is_made() {
    let client = client().await;
    let good = tcp(443, "10.0.0.0/8", None);
    let base = IpPermission::builder().ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build());
    let cases = [
        (tcp(80, "10.0.0.0", None), "InvalidParameterValue: CIDR block 10.0.0.0 is malformed"),
        (tcp(80, "sg-x", None), "InvalidGroup.NotFound: The security group 'sg-x' does not exist"),
        (
            tcp(80, "sg-elsewhere", None),
            "InvalidGroup.NotFound: You have specified two resources that belong to different networks.",
        ),
        (tcp(80, "pl-x", None), "InvalidPrefixListID.NotFound: "),
        (tcp(80, "10.0.0.0/8", Some("für")), "InvalidParameterValue: Invalid rule description"),
        (tcp(65536, "10.0.0.0/8", None), "InvalidParameterValue: Invalid TCP port range"),
        (
            base.clone().ip_protocol("tcp").from_port(80).build(),
            "InvalidParameterValue: Invalid value 'Must specify both",
        ),
        (
            base.clone().ip_protocol("tcp").from_port(90).to_port(80).build(),
            "InvalidParameterValue: Invalid TCP port range (90:80)",
        ),
        (base.clone().ip_protocol("tcq").build(), "InvalidParameterValue: Invalid value 'tcq' for IP protocol"),
        (base.build(), "MissingParameter: "),
        (good.clone(), "InvalidParameterValue: The same permission must not appear multiple times"),
    ];
    for (bad, expected) in cases {
        let refused = authorize(&client, &[good.clone(), bad]).await.unwrap_err();
        assert!(refused.starts_with(expected), "{refused} instead of {expected}");
    }
    assert!(ingress(&client, GROUP).await.is_empty());
    assert!(authorize(&client, &[]).await.unwrap_err().starts_with("MissingParameter: "));
}

#[tokio::test]
async fn sixty_rules_of_each_address_family_fit_into_a_group() {
    let client = client().await;
    let ipv4 = |range: std::ops::Range<i32>| range.map(|port| tcp(port, "10.0.0.0/8", None)).collect::<Vec<_>>();
    let ipv6 = |range: std::ops::Range<i32>| range.map(|port| tcp(port, "2001:db8::/32", None)).collect::<Vec<_>>();
    authorize(&client, &ipv4(0..50)).await.unwrap();
    let refused = authorize(&client, &[tcp(99, "pl-offices", None), tcp(100, "10.0.0.0/8", None)]).await.unwrap_err();
    assert!(
        refused.starts_with("RulesPerSecurityGroupLimitExceeded: "),
        "a prefix list counts as its maximum: {refused}"
    );
    authorize(&client, &ipv4(50..60)).await.unwrap();
    let refused = authorize(&client, &ipv4(60..61)).await.unwrap_err();
    assert!(refused.starts_with("RulesPerSecurityGroupLimitExceeded: "), "{refused}");
    authorize(&client, &ipv6(0..60)).await.unwrap();
    assert!(authorize(&client, &ipv6(60..61)).await.is_err());
    assert!(authorize(&client, &[tcp(80, "sg-node", None)]).await.is_err(), "a group counts in both families");
    revoke(&client, &ipv4(0..1)).await.unwrap();
    assert!(authorize(&client, &[tcp(80, "sg-node", None)]).await.is_err());
    revoke(&client, &ipv6(0..1)).await.unwrap();
    authorize(&client, &[tcp(80, "sg-node", None)]).await.unwrap();
}

#[tokio::test]
async fn the_quota_of_rules_is_the_accounts() {
    let text = "{accountId: '111122223333', region: us-west-2, vpcId: vpc-a, securityGroups: [{GroupId: sg-free}], quotas: {rules-per-security-group: 1}}";
    let client = client_of(&described(text).await);
    authorize(&client, &[tcp(1, "10.0.0.0/8", None)]).await.unwrap();
    assert!(authorize(&client, &[tcp(2, "10.0.0.0/8", None)]).await.is_err());
}

#[tokio::test]
async fn a_rule_is_revoked_whatever_its_description() {
    let client = client().await;
    authorize(&client, &[tcp(80, "sg-node", Some("theirs")), tcp(80, "10.0.0.0/8", Some("x"))]).await.unwrap();
    assert_eq!(revoke(&client, &[tcp(80, "sg-node", None), tcp(80, "10.3.0.0/8", Some("y"))]).await, Ok(2));
    assert!(ingress(&client, GROUP).await.is_empty());
}

#[tokio::test]
async fn a_rule_is_revoked_by_its_id() {
    let client = client().await;
    let call = client.authorize_security_group_ingress().group_id(GROUP).ip_permissions(tcp(80, "10.0.0.0/8", None));
    let made = call.send().await.unwrap();
    let id = made.security_group_rules()[0].security_group_rule_id().unwrap();
    let revoke = client.revoke_security_group_ingress().group_id(GROUP).security_group_rule_ids(id);
    revoke.clone().send().await.unwrap();
    let refused = refusal(revoke.send().await);
    assert!(refused.starts_with("InvalidSecurityGroupRuleId.NotFound: "), "{refused}");
}

#[tokio::test]
async fn one_rule_that_is_not_there_stops_the_whole_revocation() {
    let client = client().await;
    authorize(&client, &[tcp(80, "10.0.0.0/8", None)]).await.unwrap();
    let refused = revoke(&client, &[tcp(80, "10.0.0.0/8", None), tcp(81, "10.0.0.0/8", None)]).await.unwrap_err();
    assert_eq!(refused, "InvalidPermission.NotFound: The specified rule does not exist in this security group.");
    assert_eq!(ingress(&client, GROUP).await, ["tcp 80-80 10.0.0.0/8"]);
}

#[tokio::test]
async fn in_a_default_vpc_the_rules_that_are_not_there_are_listed_instead() {
    let client = client().await;
    let rule = tcp(80, "10.0.0.0/8", None);
    let authorize = client.authorize_security_group_ingress().group_id("sg-elsewhere");
    authorize.ip_permissions(rule.clone()).send().await.unwrap();
    let revoke = client.revoke_security_group_ingress().group_id("sg-elsewhere");
    let answer = revoke.ip_permissions(rule).ip_permissions(tcp(81, "10.0.0.0/8", None)).send().await.unwrap();
    assert_eq!(answer.revoked_security_group_rules().len(), 1);
    let unknown: Vec<_> = answer.unknown_ip_permissions().iter().flat_map(rules).collect();
    assert_eq!(unknown, ["tcp 81-81 10.0.0.0/8"]);
}

#[tokio::test]
async fn ingress_and_egress_are_apart() {
    let client = client().await;
    let rule = tcp(80, "10.0.0.0/8", None);
    authorize(&client, std::slice::from_ref(&rule)).await.unwrap();
    let out = client.authorize_security_group_egress().group_id(GROUP).ip_permissions(rule.clone());
    assert_eq!(out.send().await.unwrap().security_group_rules()[0].is_egress(), Some(true));
    revoke(&client, std::slice::from_ref(&rule)).await.unwrap();
    let egress: Vec<_> = group(&client, GROUP).await.ip_permissions_egress().iter().flat_map(rules).collect();
    assert_eq!(egress, ["-1 0.0.0.0/0", "-1 ::/0", "tcp 80-80 10.0.0.0/8"]);
    let back = client.revoke_security_group_egress().group_id(GROUP).ip_permissions(rule);
    assert_eq!(back.send().await.unwrap().revoked_security_group_rules().len(), 1);
}

#[tokio::test]
async fn rules_of_a_group_that_does_not_exist_are_refused() {
    let client = client().await;
    let call = client.authorize_security_group_ingress().group_id("sg-x").ip_permissions(tcp(80, "10.0.0.0/8", None));
    assert_eq!(refusal(call.send().await), "InvalidGroup.NotFound: The security group 'sg-x' does not exist");
    let call = client.revoke_security_group_ingress().group_id("sg-x").ip_permissions(tcp(80, "10.0.0.0/8", None));
    assert_eq!(refusal(call.send().await), "InvalidGroup.NotFound: The security group 'sg-x' does not exist");
}
