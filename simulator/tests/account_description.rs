//! Account descriptions: what loads, with which defaults, and what is refused with which words.

use aws_sdk_ec2 as ec2;
use aws_sdk_elasticloadbalancingv2 as elbv2;
use northgate_simulator::account_description::{self, AccountDescription};
use northgate_simulator::{Options, Simulator};

const WEB: &str = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/net/web/0123456789abcdef";

/// What a description answers to the SDK.
struct Account {
    ec2: ec2::Client,
    elbv2: elbv2::Client,
}

async fn load(text: &str) -> Account {
    let description = AccountDescription::parse(text).expect("a description that loads");
    let (account, region) = (description.account_id().to_owned(), description.region().to_owned());
    let simulator = Simulator::new(Options::default());
    description.load(&simulator).await.expect("a description that fits");
    let ec2 = ec2::Config::builder()
        .behavior_version(ec2::config::BehaviorVersion::latest())
        .region(ec2::config::Region::new(region.clone()))
        .credentials_provider(ec2::config::Credentials::new(&account, "secret", None, None, "tests"))
        .http_client(simulator.connector());
    let elbv2 = elbv2::Config::builder()
        .behavior_version(elbv2::config::BehaviorVersion::latest())
        .region(elbv2::config::Region::new(region))
        .credentials_provider(elbv2::config::Credentials::new(&account, "secret", None, None, "tests"))
        .http_client(simulator.connector());
    Account { ec2: ec2::Client::from_conf(ec2.build()), elbv2: elbv2::Client::from_conf(elbv2.build()) }
}

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/account_description/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect("a readable fixture")
}

async fn refused(text: &str) -> String {
    let simulator = Simulator::new(Options::default());
    account_description::load(&simulator, text).await.expect_err("a refusal").to_string()
}

#[tokio::test]
async fn every_fixture_loads() {
    let folder = format!("{}/tests/account_description", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["every-list.yaml", "recorded.json", "smallest.yaml", "whole-account.yaml"]);
    for name in names {
        load(&fixture(name.to_str().unwrap())).await;
    }
}

#[tokio::test]
async fn an_empty_description_is_an_empty_account() {
    for text in ["", "{}", "subnets: []\n", "subnets:\n"] {
        let account = load(text).await;
        assert_eq!(account.ec2.describe_vpcs().send().await.unwrap().vpcs().len(), 0, "{text:?}");
        assert_eq!(account.elbv2.describe_load_balancers().send().await.unwrap().load_balancers().len(), 0);
    }
}

#[test]
fn what_the_description_says_of_itself_can_be_asked() {
    let description = AccountDescription::parse(&fixture("every-list.yaml")).unwrap();
    assert_eq!(description.now().unwrap().to_string(), "2026-01-31T12:00:00Z");
    assert_eq!((description.account_id(), description.region()), ("123456789012", "us-west-2"));
    assert_eq!(description.vpc_id(), Some("vpc-xxx"));
    let empty = AccountDescription::parse("{rules: [], shield: {}}").unwrap();
    assert_eq!((empty.now(), empty.account_id(), empty.region()), (None, "000000000000", "us-east-1"));
    assert!(empty.vpc_id().is_none());
}

#[tokio::test]
async fn what_is_left_out_takes_the_defaults_of_aws() {
    let account = load(&fixture("smallest.yaml")).await;
    let vpcs = account.ec2.describe_vpcs().send().await.unwrap();
    assert_eq!((vpcs.vpcs()[0].vpc_id(), vpcs.vpcs()[0].cidr_block()), (Some("vpc-1"), Some("172.31.0.0/16")));
    let subnets = account.ec2.describe_subnets().send().await.unwrap();
    let [a, b] = subnets.subnets() else { panic!("two subnets") };
    assert_eq!((a.vpc_id(), a.state().unwrap().as_str()), (Some("vpc-1"), "available"));
    assert_eq!((a.availability_zone(), a.availability_zone_id()), (Some("us-east-1a"), Some("use1-az1")));
    assert_eq!((b.availability_zone(), b.availability_zone_id()), (Some("us-east-1b"), Some("use1-az2")));
    assert_eq!((a.cidr_block(), b.cidr_block()), (Some("172.31.0.0/20"), Some("172.31.16.0/20")));
    assert_eq!(a.available_ip_address_count(), Some(4091), "a free subnet, less the five addresses of AWS");
    let zones = account.ec2.describe_availability_zones().send().await.unwrap();
    let zones: Vec<_> = zones.availability_zones().iter().map(|zone| (zone.zone_name(), zone.zone_type())).collect();
    let ordinary = Some("availability-zone");
    assert_eq!(zones, [(Some("us-east-1a"), ordinary), (Some("us-east-1b"), ordinary)]);
    let tables = account.ec2.describe_route_tables().send().await.unwrap();
    assert!(tables.route_tables().is_empty(), "a reader sees that none are described");
}

#[tokio::test]
async fn a_vpc_of_which_only_the_id_is_written_has_the_blocks_of_its_subnets() {
    let text =
        "{vpcId: vpc-1, subnets: [{SubnetId: a, CidrBlock: 10.1.0.0/24}, {SubnetId: b, CidrBlock: 10.2.0.0/24}]}";
    let account = load(text).await;
    let vpcs = account.ec2.describe_vpcs().send().await.unwrap();
    let blocks = vpcs.vpcs()[0].cidr_block_association_set().iter().filter_map(|block| block.cidr_block());
    assert_eq!(blocks.collect::<Vec<_>>(), ["10.1.0.0/24", "10.2.0.0/24"]);
}

#[tokio::test]
async fn zones_and_subnets_complete_each_other() {
    let account = load(&fixture("every-list.yaml")).await;
    let subnets = account.ec2.describe_subnets().send().await.unwrap();
    assert_eq!(subnets.subnets()[0].availability_zone(), Some("us-west-2a"));
    assert_eq!(subnets.subnets()[0].tags()[0].key(), Some("kubernetes.io/role/elb"));
    let zones = account.ec2.describe_availability_zones().send().await.unwrap();
    let types: Vec<_> = zones.availability_zones().iter().filter_map(|zone| zone.zone_type()).collect();
    assert_eq!(types, ["local-zone", "availability-zone"]);
}

#[tokio::test]
async fn security_groups_keep_their_rules() {
    let account = load(&fixture("every-list.yaml")).await;
    let groups = account.ec2.describe_security_groups().send().await.unwrap();
    let group = &groups.security_groups()[0];
    let [permission] = group.ip_permissions() else { panic!("one permission") };
    let peers: Vec<_> = permission.user_id_group_pairs().iter().filter_map(|pair| pair.group_id()).collect();
    assert_eq!(peers, ["sg-1", "sg-far"]);
    assert_eq!(permission.prefix_list_ids()[0].prefix_list_id(), Some("pl-1"));
    assert!(group.ip_permissions_egress().is_empty(), "an empty list is not an absent one");
    let absent = load("{vpcId: v, securityGroups: [{GroupId: sg-1}]}").await;
    let groups = absent.ec2.describe_security_groups().send().await.unwrap();
    assert_eq!(groups.security_groups()[0].ip_permissions_egress()[0].ip_ranges()[0].cidr_ip(), Some("0.0.0.0/0"));
}

#[tokio::test]
async fn an_interface_may_be_described_in_its_instance_in_its_list_or_in_both() {
    let instance = "instances: [{InstanceId: i-1, NetworkInterfaces: [{NetworkInterfaceId: eni-1, SubnetId: s, PrivateIpAddress: 10.0.0.9}]}]";
    let attached = "networkInterfaces: [{NetworkInterfaceId: eni-1, SubnetId: s, PrivateIpAddress: 10.0.0.9, Attachment: {InstanceId: i-1}}]";
    let plain = "networkInterfaces: [{NetworkInterfaceId: eni-1, SubnetId: s, PrivateIpAddress: 10.0.0.9}]";
    let base = "vpcId: v\nsubnets: [{SubnetId: s, CidrBlock: 10.0.0.0/24}]";
    for text in [
        format!("{base}\n{instance}"),
        format!("{base}\n{attached}\ninstances: [{{InstanceId: i-1}}]"),
        format!("{base}\n{plain}\n{instance}"),
        format!("{base}\n{attached}\n{instance}"),
    ] {
        let account = load(&text).await;
        let answer = account.ec2.describe_instances().send().await.unwrap();
        let instance = &answer.reservations()[0].instances()[0];
        assert_eq!((instance.subnet_id(), instance.private_ip_address()), (Some("s"), Some("10.0.0.9")), "{text}");
        assert_eq!(instance.state().unwrap().name().unwrap().as_str(), "running");
        let ids: Vec<_> = instance.network_interfaces().iter().filter_map(|eni| eni.network_interface_id()).collect();
        assert_eq!(ids, ["eni-1"], "{text}");
    }
}

#[tokio::test]
async fn a_recorded_account_is_answered_as_it_was() {
    let account = load(&fixture("recorded.json")).await;
    let answer = account.ec2.describe_instances().send().await.unwrap();
    let instance = &answer.reservations()[0].instances()[0];
    let [interface] = instance.network_interfaces() else { panic!("one interface") };
    let addresses = interface.private_ip_addresses().iter().filter_map(|address| address.private_ip_address());
    assert_eq!(addresses.collect::<Vec<_>>(), ["10.0.0.10", "10.0.0.11"]);
    assert_eq!(instance.launch_time().unwrap().secs(), 1_767_225_600);
    let subnets = account.ec2.describe_subnets().send().await.unwrap();
    assert_eq!(subnets.subnets()[0].available_ip_address_count(), Some(4000));
    assert_eq!(subnets.subnets()[0].map_public_ip_on_launch(), Some(true));
}

#[tokio::test]
async fn load_balancing_is_described_too() {
    let account = load(&fixture("every-list.yaml")).await;
    let answer = account.elbv2.describe_load_balancers().send().await.unwrap();
    let [load_balancer] = answer.load_balancers() else { panic!("one load balancer") };
    assert_eq!(load_balancer.load_balancer_arn(), Some(WEB));
    assert_eq!(load_balancer.vpc_id(), Some("vpc-xxx"));
    assert_eq!(load_balancer.availability_zones()[0].zone_name(), Some("us-west-2a"));
    let tags = account.elbv2.describe_tags().resource_arns(WEB).send().await.unwrap();
    assert_eq!(tags.tag_descriptions()[0].tags()[0].value(), Some("me"));
    let attributes = account.elbv2.describe_load_balancer_attributes().load_balancer_arn(WEB).send().await.unwrap();
    let protection = attributes.attributes().iter().find(|one| one.key() == Some("deletion_protection.enabled"));
    assert_eq!(protection.unwrap().value(), Some("true"));
    let groups = account.elbv2.describe_target_groups().send().await.unwrap();
    let group = &groups.target_groups()[0];
    assert_eq!(group.load_balancer_arns(), [WEB]);
    let health = account.elbv2.describe_target_health().target_group_arn(group.target_group_arn().unwrap());
    let health = health.send().await.unwrap();
    let target = &health.target_health_descriptions()[0];
    assert_eq!(target.target().unwrap().id(), Some("i-1"));
    assert_eq!(target.target_health().unwrap().state().unwrap().as_str(), "healthy");
}

#[tokio::test]
async fn a_described_load_balancer_has_interfaces_that_hold_its_security_group() {
    let account = load(&fixture("every-list.yaml")).await;
    let description = ec2::types::Filter::builder().name("description").values("ELB net/web/0123456789abcdef").build();
    let interfaces = account.ec2.describe_network_interfaces().filters(description).send().await.unwrap();
    let [interface] = interfaces.network_interfaces() else { panic!("one interface") };
    assert_eq!((interface.subnet_id(), interface.groups()[0].group_id()), (Some("subnet-a"), Some("sg-1")));
    let subnets = account.ec2.describe_subnets().send().await.unwrap();
    assert_eq!(subnets.subnets()[0].available_ip_address_count(), Some(8187), "not taken a second time");
}

#[tokio::test]
async fn quotas_apply() {
    let account = load(&fixture("every-list.yaml")).await;
    let limits = account.elbv2.describe_account_limits().send().await.unwrap();
    let limit = limits.limits().iter().find(|limit| limit.name() == Some("network-load-balancers"));
    assert_eq!(limit.unwrap().max(), Some("3"));
    let permission = ec2::types::IpPermission::builder().ip_protocol("tcp").from_port(81).to_port(81);
    let permission = permission.ip_ranges(ec2::types::IpRange::builder().cidr_ip("10.0.0.0/8").build()).build();
    let call = account.ec2.authorize_security_group_ingress().group_id("sg-1").ip_permissions(permission);
    use ec2::error::ProvideErrorMetadata;
    assert_eq!(call.send().await.unwrap_err().code(), Some("RulesPerSecurityGroupLimitExceeded"));
}

#[tokio::test]
async fn an_unknown_key_is_named_with_its_place_and_the_nearest_known_one() {
    let cases = [
        ("vpcId: v\nsubnetts: []\n", "\"subnetts\" at line 2, column 1; the nearest known key is \"subnets\""),
        ("accountID: '1'\n", "\"accountID\" at line 1, column 1; the nearest known key is \"accountId\""),
        ("subnets:\n- SubnetID: a\n", "\"SubnetID\" at line 2, column 3; the nearest known key is \"SubnetId\""),
        (
            "subnets:\n- SubnetId: a\n- SubnetId: b\n  Tag: {}\n",
            "\"Tag\" at line 4, column 3; the nearest known key is \"Tags\"",
        ),
        (
            "securityGroups:\n- GroupId: a\n  IpPermissions:\n  - FromPorts: 1\n",
            "\"FromPorts\" at line 4, column 5; the nearest known key is \"FromPort\"",
        ),
        ("{\"listeners\": [{\"LoadBalancer\": \"a\"}]}", "the nearest known key is \"LoadBalancerArn\""),
        ("loadBalancers: [{DnsNames: a}]", "the nearest known key is \"DNSName\""),
        ("loadBalancers: [{AvailabilityZones: [{SubnetID: a}]}]", "the nearest known key is \"SubnetId\""),
        (
            "listeners: [{DefaultActions: [{FixedResponseConfig: {Status: 1}}]}]",
            "the nearest known key is \"StatusCode\"",
        ),
        ("instances: [{MetadataOptions: {HttpToken: a}}]", "the nearest known key is \"HttpTokens\""),
        ("networkInterfaces: [{Attachment: {Instance: a}}]", "the nearest known key is \"InstanceId\""),
        ("certificates: [{DomainNames: a}]", "the nearest known key is \"DomainName\""),
        ("serverCertificates: [{ServerCertificateMetadata: {ARN: a}}]", "the nearest known key is \"Arn\""),
        ("webAcls: [{Arn: a}]", "the nearest known key is \"ARN\""),
        ("shield: {Protection: []}", "the nearest known key is \"Protections\""),
        ("addresses: [{PublicIP: a}]", "the nearest known key is \"PublicIp\""),
        ("managedPrefixLists: [{Entries: [{CIDR: a}]}]", "the nearest known key is \"Cidr\""),
        ("targetGroups: [{TargetGroupArns: a}]", "the nearest known key is \"TargetGroupArn\""),
    ];
    for (text, expected) in cases {
        let message = refused(text).await;
        assert!(message.starts_with("unknown key ") && message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_place() {
    let cases = [
        ("subnets: [\n", "line 1"),
        ("subnets:\n- SubnetId: a\n  AvailableIpAddressCount: many\n", "at line 3, column 28"),
        ("subnets:\n- CidrBlock: 10.0.0.0/8\n", "missing field `SubnetId` at line 2"),
        ("subnets:\n- SubnetId: a\n  CidrBlock: 10.0.0.0\n", "CidrBlock: invalid IP address syntax at line 2"),
        ("subnets: {a: b}\n", "at line 1, column 10"),
        ("now: yesterday\n", "at line 1, column 6"),
        ("instances:\n- InstanceId: i\n  State: {Name: asleep}\n", "asleep"),
        ("vpcId: a\nvpcId: b\n", "duplicate"),
    ];
    for (text, expected) in cases {
        let message = refused(text).await;
        assert!(message.starts_with("the account description cannot be read: "), "{message}");
        assert!(message.contains(expected), "{message} instead of {expected}");
    }
}

#[tokio::test]
async fn a_reference_to_what_is_not_described_names_both() {
    let base = "vpcId: v\nsubnets: [{SubnetId: s}]\nsecurityGroups: [{GroupId: g}]\n";
    let group =
        "targetGroups: [{TargetGroupArn: 'arn:aws:elasticloadbalancing:r:1:targetgroup/t/1', Protocol: TCP, Port: 1";
    let cases = [
        ("vpcs: [{VpcId: w}]\nrouteTables: [{RouteTableId: r, VpcId: x}]".to_owned(), "routeTables r: VpcId names \"x\"", "vpcs"),
        ("routeTables: [{RouteTableId: r, Associations: [{SubnetId: x}]}]".to_owned(), "routeTables r: Associations.SubnetId names \"x\"", "subnets"),
        ("instances: [{InstanceId: i, SubnetId: x}]".to_owned(), "instances i: SubnetId names \"x\"", "subnets"),
        ("instances: [{InstanceId: i, SecurityGroups: [{GroupId: x}]}]".to_owned(), "instances i: SecurityGroups.GroupId names \"x\"", "securityGroups"),
        ("networkInterfaces: [{Attachment: {InstanceId: x}}]".to_owned(), "networkInterfaces[0]: Attachment.InstanceId names \"x\"", "instances"),
        ("networkInterfaces: [{NetworkInterfaceId: e, SubnetId: x}]".to_owned(), "networkInterfaces e: SubnetId names \"x\"", "subnets"),
        (format!("loadBalancers: [{{LoadBalancerArn: {WEB}, SecurityGroups: [g, x]}}]"), "SecurityGroups names \"x\"", "securityGroups"),
        (format!("loadBalancers: [{{LoadBalancerArn: {WEB}, AvailabilityZones: [{{SubnetId: x}}]}}]"), "AvailabilityZones.SubnetId names \"x\"", "subnets"),
        (format!("{group}, Targets: [{{Target: {{Id: x}}}}]}}]"), "Targets.Target.Id names \"x\"", "instances"),
        ("listeners: [{LoadBalancerArn: x, Port: 80, Protocol: TCP, DefaultActions: [{Type: forward, TargetGroupArn: y}]}]".to_owned(), "listeners[0]: LoadBalancerArn names \"x\"", "loadBalancers"),
        ("rules: [{ListenerArn: x}]".to_owned(), "rules[0]: ListenerArn names \"x\"", "listeners"),
    ];
    for (text, expected, list) in cases {
        let message = refused(&format!("{base}{text}")).await;
        assert!(message.contains(expected) && message.contains(&format!("not described under {list};")), "{message}");
    }
    let more = [
        ("addresses: [{AllocationId: e, InstanceId: x}]", "addresses e: InstanceId names \"x\"", "instances"),
        (
            "addresses: [{AllocationId: e, NetworkInterfaceId: x}]",
            "addresses e: NetworkInterfaceId names \"x\"",
            "networkInterfaces",
        ),
        (
            "internetGateways: [{InternetGatewayId: i, Attachments: [{VpcId: x}]}]",
            "internetGateways i: Attachments.VpcId names \"x\"",
            "vpcs",
        ),
        (
            "securityGroupRules: [{SecurityGroupRuleId: r, GroupId: x, IpProtocol: '-1'}]",
            "GroupId names \"x\"",
            "securityGroups",
        ),
        (
            "webAcls: [{Name: w, AssociatedResourceArns: ['arn:aws:elasticloadbalancing:x']}]",
            "webAcls[0]: AssociatedResourceArns names \"arn:aws:elasticloadbalancing:x\"",
            "loadBalancers",
        ),
        (
            "shield: {Protections: [{ResourceArn: 'arn:aws:elasticloadbalancing:x'}]}",
            "shield: Protections.ResourceArn names \"arn:aws:elasticloadbalancing:x\"",
            "loadBalancers",
        ),
        (
            "availabilityZones: [{ZoneName: a}]\ntargetGroups: [{TargetGroupName: t, Protocol: TCP, Port: 1, TargetType: ip, Targets: [{Target: {Id: 10.0.0.1, AvailabilityZone: x}}]}]",
            "Targets.Target.AvailabilityZone names \"x\"",
            "availabilityZones",
        ),
    ];
    for (text, expected, list) in more {
        let message = refused(&format!("vpcId: v\n{text}")).await;
        assert!(message.contains(expected) && message.contains(&format!("not described under {list};")), "{message}");
    }
    let peers = "vpcId: v\nsecurityGroups: [{GroupId: g, IpPermissions: [{IpProtocol: '-1', UserIdGroupPairs: [{GroupId: x}]}]}]";
    let message = refused(peers).await;
    assert!(message.starts_with("securityGroups g: IpPermissions.UserIdGroupPairs.GroupId names \"x\""), "{message}");
    let zone = "vpcId: v\navailabilityZones: [{ZoneName: z}]\nsubnets: [{SubnetId: s, AvailabilityZone: y}]";
    assert!(refused(zone).await.starts_with("subnets s: AvailabilityZone names \"y\""));
}

#[tokio::test]
async fn addresses_as_targets_refer_to_nothing() {
    let group = "{TargetGroupName: t, Protocol: TCP, Port: 1, TargetType: ip, Targets: [{Target: {Id: 10.0.0.1}}]}";
    load(&format!("vpcId: v\ntargetGroups: [{group}]")).await;
}

#[tokio::test]
async fn ids_and_tags_without_quotes_are_texts() {
    let group =
        "{GroupId: 0123, IpPermissions: [{IpProtocol: '-1', UserIdGroupPairs: [{GroupId: 7, UserId: 012345678901}]}]}";
    let subnet = "{SubnetId: 7, Tags: {a: on, b: 1.10, c: 007}}";
    let text =
        format!("accountId: 012345678901\nvpcId: v\nsecurityGroups: [{group}, {{GroupId: 7}}]\nsubnets: [{subnet}]");
    let account = load(&text).await;
    let groups = account.ec2.describe_security_groups().send().await.unwrap();
    let pair = &groups.security_groups()[0].ip_permissions()[0].user_id_group_pairs()[0];
    assert_eq!((pair.group_id(), pair.user_id()), (Some("7"), Some("012345678901")));
    let subnets = account.ec2.describe_subnets().send().await.unwrap();
    let values: Vec<_> = subnets.subnets()[0].tags().iter().filter_map(|tag| tag.value()).collect();
    assert_eq!(values, ["on", "1.10", "007"]);
    let unresolved =
        refused("vpcId: v\nsubnets: [{SubnetId: a}]\nrouteTables: [{RouteTableId: r, Associations: [{SubnetId: y}]}]");
    assert!(unresolved.await.contains("names \"y\""));
}

#[tokio::test]
async fn zones_follow_from_load_balancers_and_targets_too() {
    let arn = WEB.replace("us-west-2", "us-east-1");
    let group = "{TargetGroupName: t, Protocol: TCP, Port: 1, TargetType: ip, Targets: [{Target: {Id: 10.9.0.1, AvailabilityZone: us-east-1d}}, {Target: {Id: 10.9.0.2, AvailabilityZone: all}}]}";
    let text = format!(
        "vpcId: v\nsubnets: [{{SubnetId: s}}]\nloadBalancers: [{{LoadBalancerArn: {arn}, AvailabilityZones: [{{SubnetId: s, ZoneName: us-east-1c}}]}}]\ntargetGroups: [{group}]"
    );
    let account = load(&text).await;
    let zones = account.ec2.describe_availability_zones().send().await.unwrap();
    let names: Vec<_> = zones.availability_zones().iter().filter_map(|zone| zone.zone_name()).collect();
    assert_eq!(names, ["us-east-1a", "us-east-1c", "us-east-1d"]);
}

#[tokio::test]
async fn a_rule_may_have_its_id_and_tags_described() {
    let group =
        "{GroupId: g, IpPermissions: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 10.1.2.3/8}]}]}";
    let rule = |port: u16| {
        format!(
            "vpcId: v\nsecurityGroups: [{group}]\nsecurityGroupRules: [{{SecurityGroupRuleId: sgr-1, GroupId: g, IpProtocol: tcp, FromPort: {port}, ToPort: {port}, CidrIpv4: 10.0.0.0/8, Tags: {{a: b}}}}]"
        )
    };
    let account = load(&rule(80)).await;
    let rules = account.ec2.describe_security_group_rules().security_group_rule_ids("sgr-1").send().await.unwrap();
    assert_eq!(rules.security_group_rules()[0].tags()[0].value(), Some("b"));
    let message = refused(&rule(81)).await;
    assert_eq!(message, "securityGroupRules sgr-1: securityGroups g has no such rule; add it there");
}

#[tokio::test]
async fn other_contradictions_are_refused() {
    let cases = [
        (
            "webAcls: [{Name: a, AssociatedResourceArns: [x]}, {Name: b, AssociatedResourceArns: [x]}]",
            "webAcls b: x is associated with another web ACL; a resource has at most one",
        ),
        ("certificates: [{CertificateArn: c}, {CertificateArn: c}]", "certificates describes \"c\" twice"),
        ("vpcId: v\nsubnets: [{SubnetId: a}, {SubnetId: a}]", "subnets describes \"a\" twice"),
        ("subnets: [{SubnetId: a}]", "subnets a: no VpcId; write one, or the vpcId of the whole description"),
        ("vpcs: [{VpcId: v}, {VpcId: w}]\nsubnets: [{SubnetId: a}]", "subnets a: no VpcId"),
        (
            "vpcs: [{VpcId: v, CidrBlock: 10.0.0.0/24}]\nsubnets: [{SubnetId: a}, {SubnetId: b}]",
            "subnets b: no CidrBlock, and 10.0.0.0/24 of v has no room",
        ),
        (
            "vpcId: v\nsecurityGroups: [{GroupId: g, IpPermissions: [{IpProtocol: tcp, IpRanges: [{CidrIp: 10.0.0.0/8}]}]}]",
            "securityGroups g: Invalid value 'Must specify both from and to ports",
        ),
        ("quotas: {network-load-balancer: 1}", "quotas: 'network-load-balancer' is no quota"),
    ];
    for (text, expected) in cases {
        let message = refused(text).await;
        assert!(message.starts_with(expected), "{message} instead of {expected}");
    }
}

/// A record of two questions: what there is, and the health of one target group that was never listed.
const RECORD: &str = r#"{
  "accountId": "123456789012", "region": "us-west-2", "vpcId": "vpc-1",
  "securityGroups": [
    { "GroupId": "sg-1", "GroupName": "one", "VpcId": "vpc-1", "IpPermissions": [
      { "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{ "GroupId": "sg-not-read", "UserId": "123456789012" }] } ] }
  ],
  "instances": [{ "InstanceId": "i-1", "VpcId": "vpc-1", "SubnetId": "subnet-not-read", "PrivateIpAddress": "10.0.0.4" }],
  "loadBalancers": [
    { "LoadBalancerArn": "arn:gwy", "LoadBalancerName": "appliances", "Type": "gateway", "VpcId": "vpc-9", "State": { "Code": "active" } },
    { "LoadBalancerArn": "arn:net", "LoadBalancerName": "web", "DNSName": "web.example", "Type": "network", "VpcId": "vpc-1",
      "State": { "Code": "failed", "Reason": "no capacity" },
      "AvailabilityZones": [{ "ZoneName": "us-west-2a", "SubnetId": "subnet-not-read" }],
      "Tags": [{ "Key": "team", "Value": "web" }], "Attributes": { "of.tomorrow": "yes" } }
  ],
  "targetGroups": [
    { "TargetGroupArn": "arn:never-listed", "Targets": [
      { "Target": { "Id": "i-gone", "Port": 80 },
        "TargetHealth": { "State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out" } } ] }
  ],
  "recorded": ["whatever the recorder calls it"]
}"#;

#[tokio::test]
async fn a_record_is_answered_as_it_was_seen() {
    let asked = AccountDescription::parse(RECORD).unwrap();
    assert_eq!(asked.recorded(), Some(&["whatever the recorder calls it".to_owned()][..]));
    let Account { ec2, elbv2 } = load(RECORD).await;

    let listed = elbv2.describe_load_balancers().send().await.unwrap();
    let [gateway, network] = listed.load_balancers() else { panic!("{listed:?}") };
    assert_eq!((gateway.load_balancer_name(), gateway.r#type().unwrap().as_str()), (Some("appliances"), "gateway"));
    assert_eq!(network.state().unwrap().reason(), Some("no capacity"));
    assert_eq!(network.availability_zones()[0].subnet_id(), Some("subnet-not-read"));
    let tags = elbv2.describe_tags().resource_arns("arn:net").resource_arns("arn:gwy").send().await.unwrap();
    let counts = tags.tag_descriptions().iter().map(|found| (found.resource_arn().unwrap(), found.tags().len()));
    assert_eq!(counts.collect::<Vec<_>>(), [("arn:net", 1), ("arn:gwy", 0)]);
    let attributes = elbv2.describe_load_balancer_attributes().load_balancer_arn("arn:net").send().await.unwrap();
    assert_eq!(attributes.attributes()[0].key(), Some("of.tomorrow"));

    let health = elbv2.describe_target_health().target_group_arn("arn:never-listed").send().await.unwrap();
    let seen = health.target_health_descriptions()[0].target_health().unwrap();
    assert_eq!((seen.reason().unwrap().as_str(), seen.description()), ("Target.Timeout", Some("Request timed out")));
    assert!(elbv2.describe_target_groups().send().await.unwrap().target_groups().is_empty(), "it was never listed");

    // Nothing is made up: no interface for the instance or the load balancer.
    assert!(ec2.describe_network_interfaces().send().await.unwrap().network_interfaces().is_empty());
    let groups = ec2.describe_security_groups().send().await.unwrap();
    assert_eq!(groups.security_groups()[0].ip_permissions()[0].user_id_group_pairs().len(), 1);
}

#[tokio::test]
async fn a_record_finds_what_is_named_and_says_what_it_does_not_hold() {
    let Account { elbv2, .. } = load(RECORD).await;
    let named = elbv2.describe_load_balancers().names("web").send().await.unwrap();
    assert_eq!(named.load_balancers()[0].load_balancer_arn(), Some("arn:net"));
    for arns in [&["arn:other"][..], &["arn:net", "arn:other"]] {
        let set = Some(arns.iter().map(|arn| (*arn).to_owned()).collect());
        let missing = elbv2.describe_load_balancers().set_load_balancer_arns(set).send().await.unwrap_err();
        assert_eq!(missing.into_service_error().meta().code(), Some("LoadBalancerNotFound"));
    }
    let written = elbv2.delete_load_balancer().load_balancer_arn("arn:net").send().await.unwrap_err();
    let message = written.into_service_error().meta().message().unwrap().to_owned();
    assert_eq!(message, "A recorded account answers what was read of it, and no DeleteLoadBalancer");
}
