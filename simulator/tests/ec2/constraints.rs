//! Every constraint of EC2, a row each: what AWS refuses, and where it says so.

use northgate_simulator::{Request, Scope, Service, Simulator};

use super::world::{ACCOUNT, REGION, WORLD, described};

/// What [`WORLD`] lacks: an internet gateway, addresses, pools, two groups that are full.
const MORE: &str = r#"
internetGateways: [{InternetGatewayId: igw-1, Attachments: [{VpcId: vpc-a}]}, {InternetGatewayId: igw-2}]
addresses:
- {AllocationId: eipalloc-used, PublicIp: 203.0.113.1, NetworkInterfaceId: eni-2a, AssociationId: eipassoc-1}
- {AllocationId: eipalloc-free, PublicIp: 203.0.113.2}
ipamPools: [{IpamPoolId: ipam-pool-1}]
coipPools: [{PoolId: ipv4pool-coip-1}]
quotas: {elastic-ips: 2, security-groups-per-network-interface: 2}
"#;

pub(crate) async fn simulator() -> Simulator {
    described(&format!("{WORLD}{MORE}")).await
}

/// One call: the answer, or `CODE: message`.
pub(crate) async fn ask(simulator: &Simulator, action: &str, params: &str) -> Result<String, String> {
    let scope = Scope { account: ACCOUNT.to_owned(), region: REGION.to_owned() };
    let body = format!("Action={action}&Version=2016-11-15&{params}");
    let response = simulator.handle(Request::query(Service::Ec2, scope, body.into_bytes())).await;
    let text = String::from_utf8(response.body).expect("UTF-8");
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once("</").map(|(value, _)| value.to_owned())
    };
    match response.status {
        200 => Ok(text),
        _ => Err(format!("{}: {}", element("Code").unwrap(), element("Message").unwrap()).replace("&apos;", "'")),
    }
}

/// A sentence with its source, the call, and how the refusal begins.
type Row = (&'static str, &'static str, &'static str, &'static str);

const PAGES: &[Row] = &[
    (
        "a page of route tables has at most 100 (EC2 API, DescribeRouteTablesMaxResults)",
        "DescribeRouteTables",
        "MaxResults=101",
        "InvalidParameterValue: Value ( 101 ) for parameter maxResults is invalid. Expecting a value less than 100.",
    ),
    (
        "a page of prefix lists has at most 100 (EC2 API, PrefixListMaxResults)",
        "DescribeManagedPrefixLists",
        "MaxResults=101",
        "InvalidParameterValue: ",
    ),
    (
        "a page of prefix lists has at least one (EC2 API, PrefixListMaxResults)",
        "DescribeManagedPrefixLists",
        "MaxResults=0",
        "InvalidParameterValue: ",
    ),
    (
        "a page of entries has at most 100 (EC2 API, PrefixListMaxResults)",
        "GetManagedPrefixListEntries",
        "PrefixListId=pl-offices&MaxResults=101",
        "InvalidParameterValue: ",
    ),
    (
        "a page of pools has at least five (EC2 API, IpamMaxResults)",
        "DescribeIpamPools",
        "MaxResults=4",
        "InvalidParameterValue: ",
    ),
    (
        "a page of rules has at most 1000 (B.3)",
        "DescribeSecurityGroupRules",
        "MaxResults=1001",
        "InvalidParameterValue: ",
    ),
    (
        "a page of gateways has at least five (B.3)",
        "DescribeInternetGateways",
        "MaxResults=4",
        "InvalidParameterValue: ",
    ),
    ("a page of tags has at most 1000 (B.3)", "DescribeTags", "MaxResults=1001", "InvalidParameterValue: "),
    ("addresses have no pages (EC2 API, DescribeAddresses)", "DescribeAddresses", "MaxResults=5", "UnknownParameter: "),
    ("a token is of its own kind (EC2 API, NextToken)", "DescribeIpamPools", "NextToken=00", "InvalidNextToken: "),
];

const READS: &[Row] = &[
    (
        "an address is asked for by an id that exists (EC2 errors)",
        "DescribeAddresses",
        "AllocationId.1=eipalloc-x",
        "InvalidAllocationID.NotFound: The allocation ID 'eipalloc-x' does not exist",
    ),
    (
        "an address is asked for by an IP that exists (EC2 errors)",
        "DescribeAddresses",
        "PublicIp.1=203.0.113.9",
        "InvalidAddress.NotFound: Address '203.0.113.9' not found.",
    ),
    (
        "a prefix list has to exist (EC2 errors)",
        "GetManagedPrefixListEntries",
        "PrefixListId=pl-x",
        "InvalidPrefixListID.NotFound: ",
    ),
    (
        "entries are of a prefix list (EC2 API, required)",
        "GetManagedPrefixListEntries",
        "",
        "MissingParameter: The request must contain the parameter PrefixListId",
    ),
    (
        "a pool has to exist (EC2 errors)",
        "DescribeIpamPools",
        "IpamPoolId.1=ipam-pool-x",
        "InvalidIpamPoolId.NotFound: ",
    ),
    (
        "a customer-owned pool has to exist (EC2 errors)",
        "GetCoipPoolUsage",
        "PoolId=ipv4pool-coip-x",
        "InvalidPoolID.NotFound: ",
    ),
    (
        "a gateway has to exist (EC2 errors)",
        "DescribeInternetGateways",
        "InternetGatewayId.1=igw-x",
        "InvalidInternetGatewayID.NotFound: ",
    ),
    (
        "a rule has to exist (EC2 errors)",
        "DescribeSecurityGroupRules",
        "SecurityGroupRuleId.1=sgr-x",
        "InvalidSecurityGroupRuleId.NotFound: ",
    ),
    (
        "a peering connection has to exist (EC2 errors)",
        "DescribeVpcPeeringConnections",
        "VpcPeeringConnectionId.1=pcx-x",
        "InvalidVpcPeeringConnectionID.NotFound: ",
    ),
    (
        "groups are of a VPC that exists (EC2 errors)",
        "GetSecurityGroupsForVpc",
        "VpcId=vpc-x",
        "InvalidVpcID.NotFound: ",
    ),
    (
        "an attribute of the account is a known one (EC2 API, AccountAttributeName)",
        "DescribeAccountAttributes",
        "AttributeName.1=colour",
        "InvalidParameterValue: ",
    ),
    (
        "a filter of addresses is a known one (EC2 API, DescribeAddresses)",
        "DescribeAddresses",
        "Filter.1.Name=colour&Filter.1.Value.1=red",
        "InvalidParameterValue: The filter 'colour' is invalid",
    ),
    (
        "a filter of tags is a known one (EC2 API, DescribeTags)",
        "DescribeTags",
        "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-a",
        "InvalidParameterValue: The filter 'vpc-id' is invalid",
    ),
];

const RULES: &[Row] = &[
    (
        "a rule of another VPC's group needs a peering connection (B.11, EC2 API)",
        "AuthorizeSecurityGroupIngress",
        "GroupId=sg-node&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=sg-elsewhere",
        "InvalidGroup.NotFound: You have specified two resources that belong to different networks.",
    ),
    (
        "a rule of another account's group needs one too (EC2 API, UserIdGroupPair)",
        "AuthorizeSecurityGroupIngress",
        "GroupId=sg-node&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=sg-far&IpPermissions.1.Groups.1.UserId=999999999999",
        "InvalidGroup.NotFound: ",
    ),
    (
        "a prefix list counts with its maximum of entries (B.4)",
        "AuthorizeSecurityGroupIngress",
        "GroupId=sg-free&IpPermissions.1.IpProtocol=-1&IpPermissions.1.PrefixListIds.1.PrefixListId=pl-many",
        "RulesPerSecurityGroupLimitExceeded: ",
    ),
    (
        "tags of rules are for rules (EC2 API, TagSpecification)",
        "AuthorizeSecurityGroupIngress",
        "GroupId=sg-free&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a",
        "InvalidParameterValue: ",
    ),
    (
        "a modified rule has one peer (EC2 API, SecurityGroupRuleRequest)",
        "ModifySecurityGroupRules",
        "GroupId=sg-node&SecurityGroupRule.1.SecurityGroupRuleId={rule}&SecurityGroupRule.1.SecurityGroupRule.IpProtocol=-1",
        "InvalidParameterCombination: ",
    ),
    (
        "a modified rule has to exist (EC2 errors)",
        "ModifySecurityGroupRules",
        "GroupId=sg-node&SecurityGroupRule.1.SecurityGroupRuleId=sgr-x&SecurityGroupRule.1.SecurityGroupRule.IpProtocol=-1",
        "InvalidSecurityGroupRuleId.NotFound: ",
    ),
    (
        "a description is of a rule that exists (EC2 API)",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        "GroupId=sg-node&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8",
        "InvalidPermission.NotFound: ",
    ),
    (
        "a default group stays (EC2 API, DeleteSecurityGroup)",
        "DeleteSecurityGroup",
        "GroupId=sg-default",
        "CannotDelete: ",
    ),
];

const NETWORK: &[Row] = &[
    (
        "a VPC's block is /16 to /28 (VPC User Guide)",
        "CreateVpc",
        "CidrBlock=10.0.0.0/15",
        "InvalidVpc.Range: The CIDR '10.0.0.0/15' is invalid.",
    ),
    ("a VPC has a block (EC2 API, CreateVpc)", "CreateVpc", "", "MissingParameter: "),
    (
        "a VPC's blocks do not overlap (VPC User Guide)",
        "AssociateVpcCidrBlock",
        "VpcId=vpc-a&CidrBlock=10.0.0.0/20",
        "InvalidVpc.Range: ",
    ),
    (
        "a VPC with subnets stays (EC2 errors)",
        "DeleteVpc",
        "VpcId=vpc-a",
        "DependencyViolation: The vpc 'vpc-a' has dependencies and cannot be deleted.",
    ),
    (
        "a subnet's block is in its VPC (EC2 errors)",
        "CreateSubnet",
        "VpcId=vpc-a&CidrBlock=10.9.0.0/24",
        "InvalidSubnet.Range: ",
    ),
    (
        "a subnet's block is its own (EC2 errors)",
        "CreateSubnet",
        "VpcId=vpc-a&CidrBlock=10.0.0.128/25",
        "InvalidSubnet.Conflict: ",
    ),
    (
        "a subnet's zone exists (EC2 errors)",
        "CreateSubnet",
        "VpcId=vpc-a&CidrBlock=10.0.9.0/24&AvailabilityZone=us-west-2z",
        "InvalidParameterValue: Value (us-west-2z) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ",
    ),
    (
        "a subnet's IPv6 block is a /64 of its VPC (VPC User Guide)",
        "CreateSubnet",
        "VpcId=vpc-a&CidrBlock=10.0.9.0/24&Ipv6CidrBlock=2001:db8::/60",
        "InvalidSubnet.Range: ",
    ),
    ("a subnet with interfaces stays (EC2 errors)", "DeleteSubnet", "SubnetId=subnet-a", "DependencyViolation: "),
    (
        "addresses are assigned where there is IPv6 (EC2 API)",
        "ModifySubnetAttribute",
        "SubnetId=subnet-a&AssignIpv6AddressOnCreation.Value=true",
        "InvalidParameterValue: ",
    ),
    (
        "a table with associations stays (EC2 errors)",
        "DeleteRouteTable",
        "RouteTableId=rtb-public",
        "DependencyViolation: ",
    ),
    (
        "a destination is there once (EC2 errors)",
        "CreateRoute",
        "RouteTableId=rtb-public&DestinationCidrBlock=0.0.0.0/0&GatewayId=igw-1",
        "RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.",
    ),
    (
        "a route goes to a gateway of its VPC (EC2 errors)",
        "CreateRoute",
        "RouteTableId=rtb-main&DestinationCidrBlock=0.0.0.0/0&GatewayId=igw-2",
        "InvalidParameterValue: route table rtb-main and network gateway igw-2 belong to different networks",
    ),
    (
        "a route has one target (EC2 API, CreateRoute)",
        "CreateRoute",
        "RouteTableId=rtb-main&DestinationCidrBlock=0.0.0.0/0",
        "InvalidParameterCombination: ",
    ),
    (
        "a route that is deleted exists (EC2 errors)",
        "DeleteRoute",
        "RouteTableId=rtb-main&DestinationCidrBlock=1.0.0.0/8",
        "InvalidRoute.NotFound: ",
    ),
    (
        "a local route stays (EC2 API, DeleteRoute)",
        "DeleteRoute",
        "RouteTableId=rtb-main&DestinationCidrBlock=10.0.0.0/16",
        "InvalidParameterValue: ",
    ),
    (
        "a subnet has one table (EC2 errors)",
        "AssociateRouteTable",
        "RouteTableId=rtb-main&SubnetId=subnet-a",
        "Resource.AlreadyAssociated: ",
    ),
    (
        "a table and its subnet are of one VPC (EC2 API)",
        "AssociateRouteTable",
        "RouteTableId=rtb-main&SubnetId=subnet-c",
        "InvalidParameterValue: ",
    ),
    (
        "a VPC has one internet gateway (EC2 errors)",
        "AttachInternetGateway",
        "InternetGatewayId=igw-2&VpcId=vpc-a",
        "InvalidParameterValue: Network vpc-a already has an internet gateway attached",
    ),
    (
        "an internet gateway has one VPC (EC2 errors)",
        "AttachInternetGateway",
        "InternetGatewayId=igw-1&VpcId=vpc-default",
        "Resource.AlreadyAssociated: ",
    ),
    (
        "what is detached is attached (EC2 errors)",
        "DetachInternetGateway",
        "InternetGatewayId=igw-2&VpcId=vpc-a",
        "Gateway.NotAttached: ",
    ),
    (
        "an attached gateway stays (EC2 errors)",
        "DeleteInternetGateway",
        "InternetGatewayId=igw-1",
        "DependencyViolation: ",
    ),
];

const REQUIRED: &[Row] = &[
    (
        "a subnet is of a VPC (EC2 API, required)",
        "CreateSubnet",
        "CidrBlock=10.0.9.0/24",
        "MissingParameter: The request must contain the parameter VpcId",
    ),
    (
        "a route is of a table (EC2 API, required)",
        "CreateRoute",
        "DestinationCidrBlock=0.0.0.0/0",
        "MissingParameter: The request must contain the parameter RouteTableId",
    ),
    (
        "a launch has a number (EC2 API, required)",
        "RunInstances",
        "ImageId=ami-1&MinCount=1",
        "MissingParameter: The request must contain the parameter MaxCount",
    ),
    (
        "rules are of a group (EC2 API, required)",
        "ModifySecurityGroupRules",
        "SecurityGroupRule.1.SecurityGroupRuleId=sgr-1",
        "MissingParameter: The request must contain the parameter GroupId",
    ),
    (
        "a number is a number (EC2 API, Integer)",
        "RunInstances",
        "ImageId=ami-1&MinCount=one&MaxCount=1",
        "InvalidParameterValue: ",
    ),
    ("a flag is true or false (EC2 API, Boolean)", "DescribeVpcs", "DryRun=perhaps", "InvalidParameterValue: "),
];

const ADDRESSES: &[Row] = &[
    (
        "an account has so many addresses (B.4)",
        "AllocateAddress",
        "",
        "AddressLimitExceeded: The maximum number of addresses has been reached.",
    ),
    (
        "an address in use stays (EC2 errors)",
        "ReleaseAddress",
        "AllocationId=eipalloc-used",
        "InvalidIPAddress.InUse: ",
    ),
    (
        "an address goes to an interface that exists (EC2 errors)",
        "AssociateAddress",
        "AllocationId=eipalloc-free&NetworkInterfaceId=eni-x",
        "InvalidNetworkInterfaceID.NotFound: ",
    ),
    (
        "an address moves only when it may (EC2 API, AllowReassociation)",
        "AssociateAddress",
        "AllocationId=eipalloc-used&InstanceId=i-1&AllowReassociation=false",
        "Resource.AlreadyAssociated: ",
    ),
    (
        "an association has to exist (EC2 errors)",
        "DisassociateAddress",
        "AssociationId=eipassoc-x",
        "InvalidAssociationID.NotFound: ",
    ),
    (
        "an interface's address is of its subnet (EC2 errors)",
        "CreateNetworkInterface",
        "SubnetId=subnet-a&PrivateIpAddress=10.9.0.1",
        "InvalidParameterValue: Address 10.9.0.1 does not fall within the subnet's address range",
    ),
    (
        "an interface's address is its own (EC2 errors)",
        "CreateNetworkInterface",
        "SubnetId=subnet-a&PrivateIpAddress=10.0.0.10",
        "InvalidIPAddress.InUse: Address 10.0.0.10 is in use.",
    ),
    (
        "the first addresses of a subnet are AWS's (VPC User Guide)",
        "CreateNetworkInterface",
        "SubnetId=subnet-a&PrivateIpAddress=10.0.0.3",
        "InvalidIPAddress.InUse: ",
    ),
    (
        "an interface has so many groups (B.4)",
        "CreateNetworkInterface",
        "SubnetId=subnet-a&SecurityGroupId.1=sg-node&SecurityGroupId.2=sg-free&SecurityGroupId.3=sg-backend",
        "SecurityGroupsPerInterfaceLimitExceeded: ",
    ),
    (
        "an interface's groups are of its VPC (EC2 errors)",
        "CreateNetworkInterface",
        "SubnetId=subnet-a&SecurityGroupId.1=sg-elsewhere",
        "InvalidParameter: Security group sg-elsewhere and subnet subnet-a belong to different networks.",
    ),
    (
        "an interface in use stays (EC2 errors)",
        "DeleteNetworkInterface",
        "NetworkInterfaceId=eni-2a",
        "InvalidParameterValue: Network interface 'eni-2a' is currently in use.",
    ),
    (
        "a subnet gives no more addresses than it has (EC2 errors)",
        "AssignPrivateIpAddresses",
        "NetworkInterfaceId=eni-2a&SecondaryPrivateIpAddressCount=300",
        "InsufficientFreeAddressesInSubnet: ",
    ),
    (
        "a primary address is not taken away (EC2 API)",
        "UnassignPrivateIpAddresses",
        "NetworkInterfaceId=eni-2a&PrivateIpAddress.1=10.0.1.20",
        "InvalidParameterValue: ",
    ),
];

const INSTANCES: &[Row] = &[
    (
        "an instance has an image (EC2 API, RunInstances)",
        "RunInstances",
        "MinCount=1&MaxCount=1&SubnetId=subnet-a",
        "MissingParameter: ",
    ),
    (
        "at least one is launched (EC2 API, MinCount)",
        "RunInstances",
        "ImageId=ami-1&MinCount=0&MaxCount=1&SubnetId=subnet-a",
        "InvalidParameterValue: ",
    ),
    (
        "the least is not more than the most (EC2 API, MaxCount)",
        "RunInstances",
        "ImageId=ami-1&MinCount=2&MaxCount=1&SubnetId=subnet-a",
        "InvalidParameterValue: ",
    ),
    (
        "an instance has a subnet (EC2 errors)",
        "RunInstances",
        "ImageId=ami-1&MinCount=1&MaxCount=1",
        "MissingParameter: ",
    ),
    (
        "its subnet exists (EC2 errors)",
        "RunInstances",
        "ImageId=ami-1&MinCount=1&MaxCount=1&SubnetId=subnet-x",
        "InvalidSubnetID.NotFound: ",
    ),
    (
        "interfaces say themselves where they are (EC2 API, NetworkInterface)",
        "RunInstances",
        "ImageId=ami-1&MinCount=1&MaxCount=1&SubnetId=subnet-a&NetworkInterface.1.DeviceIndex=0",
        "InvalidParameterCombination: ",
    ),
    (
        "one address is of one instance (EC2 API, PrivateIpAddress)",
        "RunInstances",
        "ImageId=ami-1&MinCount=2&MaxCount=2&SubnetId=subnet-a&PrivateIpAddress=10.0.0.99",
        "InvalidParameterCombination: ",
    ),
    (
        "an interface is of one instance (EC2 errors)",
        "RunInstances",
        "ImageId=ami-1&MinCount=1&MaxCount=1&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.NetworkInterfaceId=eni-2a",
        "InvalidNetworkInterface.InUse: ",
    ),
    (
        "what is terminated exists (EC2 errors)",
        "TerminateInstances",
        "InstanceId.1=i-1&InstanceId.2=i-x",
        "InvalidInstanceID.NotFound: ",
    ),
    (
        "what is terminated does not start (EC2 errors)",
        "StartInstances",
        "InstanceId.1=i-gone",
        "IncorrectInstanceState: ",
    ),
    (
        "what is terminated has no groups (EC2 errors)",
        "ModifyInstanceAttribute",
        "InstanceId=i-gone&GroupId.1=sg-node",
        "IncorrectInstanceState: ",
    ),
    (
        "a prefix list has one to 1000 entries (VPC quotas)",
        "CreateManagedPrefixList",
        "PrefixListName=x&AddressFamily=IPv4&MaxEntries=1001",
        "InvalidParameterValue: ",
    ),
    (
        "an entry is of its list's family (EC2 API)",
        "CreateManagedPrefixList",
        "PrefixListName=x&AddressFamily=IPv4&MaxEntries=1&Entry.1.Cidr=2001:db8::/32",
        "InvalidParameterValue: ",
    ),
    (
        "a list has no more entries than its maximum (EC2 errors)",
        "CreateManagedPrefixList",
        "PrefixListName=x&AddressFamily=IPv4&MaxEntries=1&Entry.1.Cidr=10.0.0.0/8&Entry.2.Cidr=11.0.0.0/8",
        "PrefixListMaxEntriesExceeded: ",
    ),
    (
        "entries change from the version that stands (EC2 API, CurrentVersion)",
        "ModifyManagedPrefixList",
        "PrefixListId=pl-offices&AddEntry.1.Cidr=10.0.0.0/8&CurrentVersion=7",
        "PrefixListVersionMismatch: ",
    ),
    (
        "a list that a rule names stays (EC2 errors)",
        "DeleteManagedPrefixList",
        "PrefixListId=pl-used",
        "PrefixListInUse: ",
    ),
];

#[tokio::test]
async fn what_aws_refuses_is_refused_and_changes_nothing() {
    let lists = "- {PrefixListId: pl-many, MaxEntries: 61}\n- {PrefixListId: pl-used, MaxEntries: 2}\n";
    let world = WORLD.replace("managedPrefixLists:\n", &format!("managedPrefixLists:\n{lists}"));
    let world = world.replace(
        "- {GroupId: sg-backend, GroupName: backend, VpcId: vpc-a}",
        "- {GroupId: sg-backend, GroupName: backend, VpcId: vpc-a, IpPermissions: [{IpProtocol: '-1', PrefixListIds: [{PrefixListId: pl-used}]}]}",
    );
    let simulator = described(&format!("{world}{MORE}")).await;
    let rules =
        ask(&simulator, "DescribeSecurityGroupRules", "Filter.1.Name=group-id&Filter.1.Value.1=sg-node").await.unwrap();
    let (_, rest) = rules.split_once("<securityGroupRuleId>").unwrap();
    let rule = rest.split_once('<').unwrap().0;
    for (sentence, action, params, expected) in [PAGES, READS, RULES, NETWORK, REQUIRED, ADDRESSES, INSTANCES].concat()
    {
        let before = simulator.revision();
        let refused = ask(&simulator, action, &params.replace("{rule}", rule)).await.expect_err(sentence);
        assert!(refused.starts_with(expected), "{sentence}: {refused}");
        assert_eq!(simulator.revision(), before, "{sentence}");
    }
}

#[tokio::test]
async fn a_region_has_so_many_security_groups() {
    let simulator = described(&format!("{WORLD}quotas: {{security-groups-per-region: 6}}\n")).await;
    let create = |name: &str| format!("GroupName={name}&GroupDescription=x&VpcId=vpc-a");
    ask(&simulator, "CreateSecurityGroup", &create("sixth")).await.unwrap();
    let refused = ask(&simulator, "CreateSecurityGroup", &create("seventh")).await.unwrap_err();
    assert!(refused.starts_with("SecurityGroupLimitExceeded: "), "{refused}");
}
