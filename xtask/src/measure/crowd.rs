//! Many Services of one cluster, and an account in which every second one is there already and as it should be.

use serde_json::{Value, json};

const NODES: usize = 10;
const ZONES: [&str; 2] = ["us-west-2a", "us-west-2b"];
const NAMESPACES: usize = 20;
const ACCOUNT: &str = "123456789012";
const SHARED: &str = "elbv2.k8s.aws/targetGroupBinding=shared";

/// A cluster with this many Services.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) services: usize,
}

/// One Service among them.
#[derive(Debug, Clone, Copy)]
struct Member(usize);

impl Crowd {
    /// Everything that `kubectl get` would show, as one List.
    pub(crate) fn objects(self) -> Value {
        let mut items: Vec<Value> = (0..NODES).map(node).collect();
        for member in self.members() {
            items.push(member.service());
            if member.is_there() {
                items.push(member.binding());
            }
        }
        json!({ "apiVersion": "v1", "kind": "List", "items": items })
    }

    /// The account, as an account description.
    pub(crate) fn account(self) -> Value {
        let there = || self.members().filter(|member| member.is_there());
        let rules = there().map(Member::node_port).collect::<Vec<_>>();
        let span = rules.iter().min().zip(rules.iter().max());
        let open = span.map(|(from, to)| {
            let peer = json!({ "GroupId": "sg-backend", "Description": SHARED });
            json!({ "IpProtocol": "tcp", "FromPort": from, "ToPort": to, "UserIdGroupPairs": [peer] })
        });
        let mut groups = vec![
            json!({
                "GroupId": "sg-worker", "GroupName": "worker", "VpcId": "vpc-1", "IpPermissions": Vec::from_iter(open),
            }),
            json!({
                "GroupId": "sg-backend", "GroupName": "k8s-traffic-demo-2a97516c35", "VpcId": "vpc-1",
                "Tags": { "elbv2.k8s.aws/cluster": "demo", "elbv2.k8s.aws/resource": "backend-sg" },
            }),
        ];
        groups.extend(there().map(Member::security_group));
        json!({
            "now": "2026-01-31T12:00:00Z",
            "accountId": ACCOUNT,
            "region": "us-west-2",
            "vpcId": "vpc-1",
            "vpcs": [{ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16" }],
            "subnets": [subnet(0), subnet(1)],
            "securityGroups": groups,
            "instances": (0..NODES).map(instance).collect::<Vec<_>>(),
            "loadBalancers": there().map(Member::load_balancer).collect::<Vec<_>>(),
            "targetGroups": there().map(Member::target_group).collect::<Vec<_>>(),
            "listeners": there().map(Member::listener).collect::<Vec<_>>(),
            "quotas": { "network-load-balancers": 5000, "target-groups": 5000 },
        })
    }

    fn members(self) -> impl Iterator<Item = Member> {
        (0..self.services).map(Member)
    }
}

impl Member {
    fn is_there(self) -> bool {
        self.0 % 2 == 1
    }

    fn namespace(self) -> String {
        format!("team-{}", self.0 % NAMESPACES)
    }

    fn name(self) -> String {
        format!("web-{}", self.0)
    }

    fn stack(self) -> String {
        format!("{}/{}", self.namespace(), self.name())
    }

    fn node_port(self) -> usize {
        30000 + self.0 % 2768
    }

    fn arn(self, path: &str) -> String {
        format!("arn:aws:elasticloadbalancing:us-west-2:{ACCOUNT}:{path}-{}/{:016x}", self.0, self.0)
    }

    fn load_balancer_arn(self) -> String {
        self.arn("loadbalancer/net/web")
    }

    fn target_group_arn(self) -> String {
        self.arn("targetgroup/web")
    }

    fn tags(self, resource: &str) -> Value {
        json!({
            "elbv2.k8s.aws/cluster": "demo",
            "service.k8s.aws/stack": self.stack(),
            "service.k8s.aws/resource": resource,
        })
    }

    fn service(self) -> Value {
        let mut metadata = json!({
            "name": self.name(), "namespace": self.namespace(),
            "uid": format!("00000000-0000-4000-8000-{:012}", self.0),
        });
        if self.is_there() {
            metadata["finalizers"] = json!(["service.k8s.aws/resources"]);
        }
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "type": "LoadBalancer",
                "loadBalancerClass": "service.k8s.aws/nlb",
                "selector": { "app": self.name() },
                "ports": [{ "port": 80, "targetPort": 8080, "nodePort": self.node_port() }],
            },
        })
    }

    fn binding(self) -> Value {
        json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1",
            "kind": "TargetGroupBinding",
            "metadata": {
                "name": self.name(), "namespace": self.namespace(),
                "uid": format!("00000000-0000-4000-9000-{:012}", self.0),
                "resourceVersion": "1",
                "finalizers": ["elbv2.k8s.aws/resources"],
                "labels": {
                    "service.k8s.aws/stack-namespace": self.namespace(), "service.k8s.aws/stack-name": self.name(),
                },
            },
            "spec": {
                "targetGroupARN": self.target_group_arn(),
                "targetType": "instance",
                "targetGroupProtocol": "TCP",
                "serviceRef": { "name": self.name(), "port": 80 },
                "ipAddressType": "ipv4",
                "vpcID": "vpc-1",
                "networking": { "ingress": [{
                    "from": [{ "securityGroup": { "groupID": "sg-backend" } }],
                    "ports": [{ "protocol": "TCP", "port": self.node_port() }],
                }] },
            },
        })
    }

    fn security_group(self) -> Value {
        json!({
            "GroupId": format!("sg-{}", self.0),
            "GroupName": format!("web-{}", self.0),
            "Description": "[k8s] Managed SecurityGroup for LoadBalancer",
            "VpcId": "vpc-1",
            "Tags": self.tags("ManagedLBSecurityGroup"),
            "IpPermissions": [{ "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }],
        })
    }

    fn load_balancer(self) -> Value {
        json!({
            "LoadBalancerArn": self.load_balancer_arn(),
            "LoadBalancerName": self.name(),
            "Type": "network",
            "Scheme": "internal",
            "IpAddressType": "ipv4",
            "VpcId": "vpc-1",
            "State": { "Code": "active" },
            "SecurityGroups": [format!("sg-{}", self.0), "sg-backend"],
            "AvailabilityZones": [
                { "ZoneName": ZONES[0], "SubnetId": "subnet-0" },
                { "ZoneName": ZONES[1], "SubnetId": "subnet-1" },
            ],
            "Tags": self.tags("LoadBalancer"),
        })
    }

    fn target_group(self) -> Value {
        let port = self.node_port();
        let target = |node| json!({ "Target": { "Id": instance_id(node), "Port": port }, "TargetHealth": { "State": "healthy" } });
        json!({
            "TargetGroupArn": self.target_group_arn(),
            "TargetGroupName": self.name(),
            "TargetType": "instance",
            "Protocol": "TCP",
            "Port": port,
            "VpcId": "vpc-1",
            "IpAddressType": "ipv4",
            "HealthCheckProtocol": "TCP",
            "HealthCheckPort": "traffic-port",
            "HealthCheckIntervalSeconds": 10,
            "HealthCheckTimeoutSeconds": 10,
            "HealthyThresholdCount": 3,
            "UnhealthyThresholdCount": 3,
            "LoadBalancerArns": [self.load_balancer_arn()],
            "Tags": self.tags(&format!("{}:80", self.stack())),
            "Targets": (0..NODES).map(target).collect::<Vec<_>>(),
        })
    }

    fn listener(self) -> Value {
        json!({
            "ListenerArn": format!("{}/{:016x}", self.load_balancer_arn().replace(":loadbalancer/", ":listener/"), self.0),
            "LoadBalancerArn": self.load_balancer_arn(),
            "Port": 80,
            "Protocol": "TCP",
            "DefaultActions": [{ "Type": "forward", "TargetGroupArn": self.target_group_arn() }],
            "Tags": self.tags("80"),
        })
    }
}

fn instance_id(node: usize) -> String {
    format!("i-{node:017x}")
}

fn node(number: usize) -> Value {
    let zone = ZONES[number % ZONES.len()];
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": format!("node-{number}") },
        "spec": { "providerID": format!("aws:///{zone}/{}", instance_id(number)) },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
    })
}

fn instance(number: usize) -> Value {
    json!({
        "InstanceId": instance_id(number),
        "VpcId": "vpc-1",
        "SubnetId": format!("subnet-{}", number % ZONES.len()),
        "PrivateIpAddress": format!("10.0.{}.{}", number % ZONES.len() * 16, 10 + number),
        "SecurityGroups": [{ "GroupId": "sg-worker" }],
    })
}

fn subnet(number: usize) -> Value {
    json!({
        "SubnetId": format!("subnet-{number}"),
        "VpcId": "vpc-1",
        "AvailabilityZone": ZONES[number],
        "CidrBlock": format!("10.0.{}.0/20", number * 16),
        "Tags": { "kubernetes.io/role/internal-elb": "1" },
    })
}
