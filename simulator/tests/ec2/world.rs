//! The account that the tests look at, and clients for it.

use aws_sdk_ec2::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, UserIdGroupPair};
use aws_sdk_ec2::{Client, error::DisplayErrorContext};
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::{Options, Simulator};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-west-2";

/// Two VPCs, one of them the default one; nodes with interfaces of every kind.
pub(crate) const WORLD: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcId: vpc-a
vpcs:
- VpcId: vpc-a
  CidrBlock: 10.0.0.0/16
  Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8::/56"}]
  Tags: {team: web}
- VpcId: vpc-default
  CidrBlock: 172.31.0.0/16
  IsDefault: true
subnets:
- {SubnetId: subnet-a, AvailabilityZone: us-west-2a, CidrBlock: 10.0.0.0/24, Tags: {kubernetes.io/role/elb: "1", team: web}}
- {SubnetId: subnet-b, AvailabilityZone: us-west-2b, CidrBlock: 10.0.1.0/24, Tags: {team: data}}
- {SubnetId: subnet-c, VpcId: vpc-default, AvailabilityZone: us-west-2c, CidrBlock: 172.31.0.0/20}
routeTables:
- RouteTableId: rtb-main
  Associations: [{Main: true}]
  Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}]
- RouteTableId: rtb-public
  Associations: [{SubnetId: subnet-a}]
  Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1}]
securityGroups:
- {GroupId: sg-default, GroupName: default, VpcId: vpc-a}
- GroupId: sg-node
  GroupName: nodes
  Description: the nodes
  VpcId: vpc-a
  IpPermissions:
  - IpProtocol: tcp
    FromPort: 30000
    ToPort: 32767
    UserIdGroupPairs: [{GroupId: sg-backend, Description: elbv2.k8s.aws/targetGroupBinding=shared}]
  Tags: {kubernetes.io/cluster/demo: owned}
- {GroupId: sg-backend, GroupName: backend, VpcId: vpc-a}
- {GroupId: sg-free, GroupName: free, VpcId: vpc-a}
- {GroupId: sg-elsewhere, GroupName: elsewhere, VpcId: vpc-default}
managedPrefixLists:
- {PrefixListId: pl-offices, AddressFamily: IPv4, MaxEntries: 10}
instances:
- InstanceId: i-1
  SubnetId: subnet-a
  PrivateIpAddress: 10.0.0.10
  PrivateDnsName: ip-10-0-0-10.us-west-2.compute.internal
  SecurityGroups: [{GroupId: sg-node}]
  Tags: {Name: one}
- InstanceId: i-2
  NetworkInterfaces:
  - NetworkInterfaceId: eni-2b
    SubnetId: subnet-b
    Attachment: {DeviceIndex: 1}
    Ipv4Prefixes: [{Ipv4Prefix: 10.0.1.32/28}]
    Ipv6Prefixes: [{Ipv6Prefix: "2001:db8:0:1:a::/80"}]
  - NetworkInterfaceId: eni-2a
    SubnetId: subnet-b
    Attachment: {DeviceIndex: 0}
    PrivateIpAddresses: [{PrivateIpAddress: 10.0.1.21}, {PrivateIpAddress: 10.0.1.20, Primary: true}]
    Ipv6Addresses: [{Ipv6Address: "2001:db8:0:1::20"}]
    Groups: [{GroupId: sg-node}]
- InstanceId: i-gone
  State: {Name: terminated}
"#;

/// A simulator that holds [`WORLD`].
pub(crate) async fn simulator() -> Simulator {
    described(WORLD).await
}

/// A simulator that holds what this description says.
pub(crate) async fn described(text: &str) -> Simulator {
    let simulator = Simulator::new(Options::default());
    let description = AccountDescription::parse(text).expect("a description that loads");
    description.load(&simulator).await.expect("a description that fits");
    simulator
}

/// A client of [`WORLD`].
pub(crate) async fn client() -> Client {
    client_of(&simulator().await)
}

/// A client of one account in one Region of a simulator.
pub(crate) fn client_of(simulator: &Simulator) -> Client {
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(ACCOUNT, "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .http_client(simulator.connector())
        .build();
    Client::from_conf(config)
}

/// `CODE: message` of a refusal.
pub(crate) fn refusal<T, E>(result: Result<T, SdkError<E>>) -> String
where
    T: std::fmt::Debug,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let error = result.expect_err("a refusal");
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => panic!("no code: {}", DisplayErrorContext(&error)),
    }
}

pub(crate) fn filter(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// TCP from one peer to one port. A peer with a colon is IPv6, with a slash IPv4, `sg-…` a group, `pl-…` a prefix list.
pub(crate) fn tcp(port: i32, peer: &str, description: Option<&str>) -> IpPermission {
    let description = description.map(str::to_owned);
    let permission = IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port);
    match peer {
        group if group.starts_with("sg-") => permission
            .user_id_group_pairs(UserIdGroupPair::builder().group_id(group).set_description(description).build()),
        list if list.starts_with("pl-") => permission
            .prefix_list_ids(PrefixListId::builder().prefix_list_id(list).set_description(description).build()),
        ipv6 if ipv6.contains(':') => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(ipv6).set_description(description).build())
        }
        ipv4 => permission.ip_ranges(IpRange::builder().cidr_ip(ipv4).set_description(description).build()),
    }
    .build()
}

/// The group as it is now.
pub(crate) async fn group(client: &Client, id: &str) -> SecurityGroup {
    let answer = client.describe_security_groups().group_ids(id).send().await.expect("an answer");
    answer.security_groups().first().expect("one group").clone()
}

/// Its ingress rules as `PROTOCOL FROM-TO PEER (description)`, one each.
pub(crate) async fn ingress(client: &Client, id: &str) -> Vec<String> {
    group(client, id).await.ip_permissions().iter().flat_map(rules).collect()
}

/// The rules of one permission, as [`ingress`] writes them.
pub(crate) fn rules(permission: &IpPermission) -> Vec<String> {
    let peers = (permission.ip_ranges().iter().map(|range| (range.cidr_ip(), range.description())))
        .chain(permission.ipv6_ranges().iter().map(|range| (range.cidr_ipv6(), range.description())))
        .chain(permission.user_id_group_pairs().iter().map(|pair| (pair.group_id(), pair.description())))
        .chain(permission.prefix_list_ids().iter().map(|list| (list.prefix_list_id(), list.description())));
    let protocol = permission.ip_protocol().unwrap_or_default();
    let ports = match (permission.from_port(), permission.to_port()) {
        (Some(from), Some(to)) => format!(" {from}-{to}"),
        _ => String::new(),
    };
    peers
        .map(|(peer, description)| {
            let description = description.map(|text| format!(" ({text})")).unwrap_or_default();
            format!("{protocol}{ports} {}{description}", peer.unwrap_or_default())
        })
        .collect()
}
