//! The account over the SDK, the wire and a simulated AWS.

use std::sync::Arc;

use northgate_planner::actual::{Actual, ActualStack, Purpose, Scope};
use northgate_planner::facts::Needs;
use northgate_planner::id::{
    AccountId, ClusterName, HealthCheckProtocol, IpAddressType, Knowable, LoadBalancerArn, LoadBalancerType,
    ObjectName, Protocol, ProtocolVersion, Ref, Region, ResourceKey, Scheme, SecurityGroupId, StackId, SubnetId,
    TargetGroupArn, TargetType, VpcId,
};
use northgate_planner::model::{Action, HealthCheck, HealthCheckPort, Matcher, Pairs, SubnetMapping};
use northgate_planner::plan::{
    AwsChange, Change, CreateListener, CreateLoadBalancer, CreateTargetGroup, Impact, Made, Resolved, Resource,
    TagList, Write as PlannedWrite, resolve,
};
use northgate_simulator::{Options, Simulator, account_description};

use self::wire::Wire;
use super::{Account, AwsError, Connection, Performed, Read as _, Write as _};

mod application;
mod apply;
mod connection;
mod lookup;
mod observe;
mod wire;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";
const CLUSTER: &str = "demo";
const VPC: &str = "vpc-1";

/// A VPC with two subnets and two nodes. The first node holds a prefix and an IPv6 address; a pod without a node of its
/// own has an interface.
const WORLD: &str = r#"
accountId: "111122223333"
region: us-west-2
vpcId: vpc-1
vpcs:
- {VpcId: vpc-1, CidrBlock: 10.0.0.0/16}
- {VpcId: vpc-2, CidrBlock: 10.9.0.0/16}
subnets:
- {SubnetId: subnet-a, VpcId: vpc-1, CidrBlock: 10.0.0.0/24, AvailabilityZone: us-west-2a, Tags: {kubernetes.io/role/elb: ""}}
- {SubnetId: subnet-b, VpcId: vpc-1, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-west-2b}
- {SubnetId: subnet-z, VpcId: vpc-2, CidrBlock: 10.9.0.0/24, AvailabilityZone: us-west-2a}
securityGroups:
- {GroupId: sg-frontend, GroupName: frontend, VpcId: vpc-1}
- {GroupId: sg-nodes, GroupName: nodes, VpcId: vpc-1, Tags: {kubernetes.io/cluster/demo: owned}}
- {GroupId: sg-pods, GroupName: pods, VpcId: vpc-1}
routeTables:
- {RouteTableId: rtb-main, VpcId: vpc-1, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}]}
- {RouteTableId: rtb-public, VpcId: vpc-1, Associations: [{SubnetId: subnet-a}], Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1}]}
instances:
- InstanceId: i-1
  NetworkInterfaces:
  - NetworkInterfaceId: eni-1
    SubnetId: subnet-a
    PrivateIpAddress: 10.0.0.10
    Groups: [{GroupId: sg-nodes}]
  - NetworkInterfaceId: eni-1b
    SubnetId: subnet-a
    Attachment: {DeviceIndex: 1}
    PrivateIpAddress: 10.0.0.11
    Ipv4Prefixes: [{Ipv4Prefix: 10.0.0.32/28}]
    Ipv6Addresses: [{Ipv6Address: "2001:db8::11"}]
    Groups: [{GroupId: sg-pods}]
- {InstanceId: i-2, SubnetId: subnet-b, PrivateIpAddress: 10.0.1.10, SecurityGroups: [{GroupId: sg-nodes}]}
- {InstanceId: i-gone, State: {Name: terminated}}
networkInterfaces:
- {NetworkInterfaceId: eni-pod, SubnetId: subnet-b, PrivateIpAddress: 10.0.1.50, Groups: [{GroupId: sg-pods}]}
"#;

/// A simulated account with a wire to it that can be listened to and disturbed.
struct Bed {
    simulator: Simulator,
    wire: Wire,
    connection: Connection,
    account: Account,
}

impl Bed {
    async fn new() -> Self {
        Self::with("").await
    }

    /// The world, and more lists of an account description.
    async fn with(more: &str) -> Self {
        let simulator = Simulator::new(Options::default());
        account_description::load(&simulator, &format!("{WORLD}\n{more}")).await.unwrap();
        let wire = Wire::to(simulator.connector());
        let connection = Connection::over(wire.connector(), &AccountId::new(ACCOUNT), &Region::new(REGION));
        let account = connection.account(ClusterName::new(CLUSTER), VpcId::new(VPC));
        Self { simulator, wire, connection, account }
    }

    async fn stack(&self, purpose: Purpose) -> ActualStack {
        match self.account.observe(&Scope::Stack { id: web(), purpose }).await.unwrap() {
            Actual::Stack(stack) => stack,
            other => panic!("a stack and not {other:?}"),
        }
    }

    async fn perform(&self, change: AwsChange) -> Result<Performed, AwsError> {
        self.account.perform(&resolved(change)).await
    }

    /// Makes a target group of the stack; its ARN.
    async fn made_target_group(&self) -> TargetGroupArn {
        let made = self.perform(AwsChange::CreateTargetGroup(target_group("web-80", "default/web:80"))).await.unwrap();
        TargetGroupArn::new(made.physical_id.unwrap())
    }

    /// Makes the stack's load balancer; its ARN.
    async fn made_load_balancer(&self) -> LoadBalancerArn {
        let made = self.perform(AwsChange::CreateLoadBalancer(load_balancer("web"))).await.unwrap();
        LoadBalancerArn::new(made.physical_id.unwrap())
    }
}

impl Drop for Bed {
    /// No request may be one that AWS's service model does not allow.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.simulator.violations(), []);
        }
    }
}

fn web() -> StackId {
    StackId::Service(ObjectName::new("default", "web"))
}

fn resolved(change: AwsChange) -> Resolved<AwsChange> {
    let change = Change {
        resource: Resource::new(ResourceKey::load_balancer()),
        write: PlannedWrite::Aws(change),
        fields: Vec::new(),
        impact: Impact::None,
        reason: String::new(),
    };
    resolve(&change, &Made::default()).unwrap().split().unwrap()
}

fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The tags of a resource of the stack.
fn tags(resource: &str) -> TagList {
    TagList(pairs(&[
        ("elbv2.k8s.aws/cluster", CLUSTER),
        ("service.k8s.aws/stack", "default/web"),
        ("service.k8s.aws/resource", resource),
    ]))
}

fn health_check() -> HealthCheck {
    HealthCheck {
        protocol: HealthCheckProtocol::Http,
        port: HealthCheckPort::TrafficPort,
        path: Some("/healthz".to_owned()),
        matcher: Some(Matcher::Http("200-399".to_owned())),
        interval: 10,
        timeout: 6,
        healthy_threshold: 3,
        unhealthy_threshold: 3,
    }
}

fn target_group(name: &str, resource: &str) -> CreateTargetGroup {
    CreateTargetGroup {
        name: name.to_owned(),
        target_type: TargetType::Instance,
        protocol: Protocol::Tcp,
        protocol_version: None,
        port: Knowable::Known(31_000),
        vpc_id: VpcId::new(VPC),
        ip_address_type: None,
        health_check_enabled: true,
        health_check: (&health_check()).into(),
        tags: tags(resource),
    }
}

fn load_balancer(name: &str) -> CreateLoadBalancer {
    CreateLoadBalancer {
        name: name.to_owned(),
        load_balancer_type: LoadBalancerType::Network,
        scheme: Scheme::InternetFacing,
        ip_address_type: IpAddressType::Ipv4,
        subnet_mappings: vec![SubnetMapping { subnet_id: SubnetId::new("subnet-a") }],
        security_groups: vec![Ref::Known(SecurityGroupId::new("sg-frontend"))],
        enable_prefix_for_ipv6_source_nat: Some("off"),
        tags: tags("LoadBalancer"),
    }
}

fn listener(load_balancer: &LoadBalancerArn, target_group: &TargetGroupArn) -> CreateListener {
    CreateListener {
        load_balancer_arn: Ref::Known(load_balancer.clone()),
        port: 80,
        protocol: Protocol::Tcp,
        default_actions: vec![Action::forward_to(Ref::Known(target_group.clone()))],
        certificate: None,
        ssl_policy: None,
        tags: tags("80"),
    }
}

/// The same account as a process that has just started sees it.
fn restarted(bed: &Bed) -> Account {
    let account = bed.connection.account(ClusterName::new(CLUSTER), VpcId::new(VPC));
    assert!(!Arc::ptr_eq(&account.inner, &bed.account.inner));
    account
}
