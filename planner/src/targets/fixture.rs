//! What the tests of targets and worker rules start from: one Service, two nodes, one pod, one binding.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};

use crate::actual::{ActualTargets, TargetHealth, TargetState};
use crate::crd::TargetGroupBinding;
use crate::facts::{Facts, Instance, NetworkInterface, SecurityGroupFacts, Vpc};
use crate::id::{
    InstanceId, IpProtocol, Knowable, NetworkInterfaceId, ObjectName, Protocol, Ref, SecurityGroupId, TargetGroupArn,
    TargetIpAddressType, TargetType, VpcId,
};
use crate::model::{
    Binding, IngressRule, NetworkingPort, NetworkingRule, Peer, PortRef, RuleProtocol, Target, TargetId,
};
use crate::snapshot::Snapshot;
use crate::targets::SHARED_DESCRIPTION;
use crate::testing;

pub(crate) const ARN: &str = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/k8s-default-web/1";

pub(crate) fn name() -> ObjectName {
    ObjectName::new("default", "k8s-default-web")
}

/// The generated binding of Service `default/web`, port 80, with instance targets on 31000.
pub(crate) fn binding() -> Binding {
    Binding {
        name: name(),
        labels: BTreeMap::from([
            ("service.k8s.aws/stack-namespace".to_owned(), "default".to_owned()),
            ("service.k8s.aws/stack-name".to_owned(), "web".to_owned()),
        ]),
        target_group: Ref::Known(TargetGroupArn::new(ARN)),
        target_type: TargetType::Instance,
        protocol: Some(Protocol::Tcp),
        service: "web".to_owned(),
        port: PortRef::Number(Knowable::Known(80)),
        ip_address_type: TargetIpAddressType::Ipv4,
        vpc: Some(VpcId::new("vpc-1")),
        node_selector: None,
        networking: Some(vec![NetworkingRule { from: vec![security_group("sg-lb")], ports: ports(&[31000]) }]),
        multi_cluster: false,
    }
}

/// The hand-made object that says the same.
pub(crate) fn object(change: impl FnOnce(&mut Value)) -> TargetGroupBinding {
    let mut object = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {
            "name": "k8s-default-web",
            "namespace": "default",
            "labels": {},
            "creationTimestamp": "2026-01-31T10:00:00Z",
            "finalizers": ["elbv2.k8s.aws/resources"]
        },
        "spec": {
            "targetGroupARN": ARN,
            "targetType": "instance",
            "targetGroupProtocol": "TCP",
            "serviceRef": { "name": "web", "port": 80 },
            "ipAddressType": "ipv4",
            "vpcID": "vpc-1",
            "networking": { "ingress": [{
                "from": [{ "securityGroup": { "groupID": "sg-lb" } }],
                "ports": [{ "protocol": "TCP", "port": 31000 }]
            }] }
        }
    });
    change(&mut object);
    serde_json::from_value(object).unwrap()
}

/// Makes an object a generated one.
pub(crate) fn generated(object: &mut Value) {
    object["metadata"]["labels"] =
        json!({ "service.k8s.aws/stack-namespace": "default", "service.k8s.aws/stack-name": "web" });
}

/// Makes an object one that is being deleted.
pub(crate) fn deleting(object: &mut Value) {
    object["metadata"]["deletionTimestamp"] = json!("2026-01-31T11:59:00Z");
}

pub(crate) fn service() -> Value {
    json!({
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "type": "LoadBalancer",
            "selector": { "app": "web" },
            "ipFamilies": ["IPv4"],
            "ports": [{ "name": "http", "port": 80, "nodePort": 31000, "targetPort": "http", "protocol": "TCP" }]
        }
    })
}

pub(crate) fn node(instance: &str) -> Value {
    json!({
        "metadata": { "name": format!("node-{instance}"), "labels": { "kubernetes.io/hostname": instance } },
        "spec": { "providerID": format!("aws:///us-west-2a/{instance}") },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] }
    })
}

pub(crate) fn nodes(nodes: &[Value]) -> BTreeMap<String, Arc<Node>> {
    let nodes = nodes.iter().map(|node| serde_json::from_value::<Node>(node.clone()).unwrap());
    nodes.map(|node| (node.metadata.name.clone().unwrap(), Arc::new(node))).collect()
}

/// The pod `web-1` at 10.0.1.1, port `http` 8080, on `node-i-1`.
pub(crate) fn pod() -> Value {
    json!({
        "metadata": { "name": "web-1", "namespace": "default" },
        "spec": {
            "nodeName": "node-i-1",
            "containers": [{ "name": "web", "ports": [{ "name": "http", "containerPort": 8080 }] }]
        },
        "status": {
            "podIPs": [{ "ip": "10.0.1.1" }],
            "conditions": [{ "type": "Ready", "status": "True" }, { "type": "ContainersReady", "status": "True" }]
        }
    })
}

pub(crate) fn slice() -> Value {
    json!({
        "metadata": {
            "name": "web-1",
            "namespace": "default",
            "labels": { "kubernetes.io/service-name": "web" },
            "ownerReferences": [{ "apiVersion": "v1", "kind": "Service", "name": "web", "uid": "u-1" }]
        },
        "addressType": "IPv4",
        "ports": [{ "name": "http", "port": 8080, "protocol": "TCP" }],
        "endpoints": [{
            "addresses": ["10.0.1.1"],
            "conditions": { "ready": true },
            "nodeName": "node-i-1",
            "targetRef": { "kind": "Pod", "namespace": "default", "name": "web-1" }
        }]
    })
}

/// A cluster with the Service, `node-i-1` and `node-i-2`, the pod and its slice, and no binding.
pub(crate) fn cluster() -> Snapshot {
    let mut snapshot = one_pod(|_, _, _| {});
    snapshot.nodes = Some(nodes(&[node("i-1"), node("i-2")]));
    put_service(&mut snapshot, &service());
    snapshot
}

/// A cluster with one slice, one pod and one node, after a change to each.
pub(crate) fn one_pod(change: impl FnOnce(&mut Value, &mut Value, &mut Value)) -> Snapshot {
    let (mut slice, mut pod, mut node) = (slice(), pod(), node("i-1"));
    change(&mut slice, &mut pod, &mut node);
    let mut snapshot = testing::snapshot();
    let name = ObjectName::new("default", "web-1");
    let slice = Arc::new(serde_json::from_value(slice).unwrap());
    let pod = Arc::new(serde_json::from_value(pod).unwrap());
    snapshot.endpoint_slices = Some(BTreeMap::from([(name.clone(), slice)]));
    snapshot.pods = Some(BTreeMap::from([(name, pod)]));
    snapshot.nodes = Some(nodes(&[node]));
    snapshot
}

pub(crate) fn put_service(snapshot: &mut Snapshot, service: &Value) {
    let service = serde_json::from_value::<k8s_openapi::api::core::v1::Service>(service.clone()).unwrap();
    snapshot.services.insert(ObjectName::of(&service.metadata), Arc::new(service));
}

pub(crate) fn put(snapshot: &mut Snapshot, object: TargetGroupBinding) {
    snapshot.bindings.insert(ObjectName::of(&object.metadata), Arc::new(object));
}

pub(crate) fn want(snapshot: &mut Snapshot, change: impl FnOnce(&mut Binding)) {
    let mut binding = binding();
    change(&mut binding);
    snapshot.wanted_bindings.insert(binding.name.clone(), binding);
}

/// Turns the binding into one with address targets on the pod's port `http`.
pub(crate) fn with_addresses(binding: &mut Binding) {
    binding.target_type = TargetType::Ip;
    let port = NetworkingPort { protocol: IpProtocol::Tcp, port: Some(PortRef::Name("http".to_owned())) };
    binding.networking = Some(vec![NetworkingRule { from: vec![security_group("sg-lb")], ports: vec![port] }]);
}

/// Both nodes and the pod have the security group `sg-workers`, with these rules.
pub(crate) fn facts(rules: Vec<IngressRule>) -> Facts {
    let mut facts = Facts {
        vpc: Some(Vpc { cidrs: vec!["10.0.0.0/16".parse().unwrap()], ipv6_cidrs: Vec::new() }),
        ..Facts::default()
    };
    for instance in ["i-1", "i-2"] {
        put_instance(&mut facts, instance, "sg-workers");
    }
    put_interface(&mut facts, "10.0.1.1", "sg-workers");
    facts.security_groups.insert(SecurityGroupId::new("sg-workers"), group(rules));
    facts
}

pub(crate) fn group(rules: Vec<IngressRule>) -> SecurityGroupFacts {
    SecurityGroupFacts { tags: BTreeMap::new(), rules }
}

pub(crate) fn put_instance(facts: &mut Facts, instance: &str, group: &str) {
    let primary_interface = Some(interface(instance, group));
    facts.instances.insert(InstanceId::new(instance), Instance { vpc: Some(VpcId::new("vpc-1")), primary_interface });
}

pub(crate) fn put_interface(facts: &mut Facts, address: &str, group: &str) {
    facts.interfaces.insert(address.parse().unwrap(), interface(address, group));
}

fn interface(of: &str, group: &str) -> NetworkInterface {
    NetworkInterface {
        id: NetworkInterfaceId::new(format!("eni-{of}")),
        security_groups: vec![SecurityGroupId::new(group)],
    }
}

pub(crate) fn security_group(id: &str) -> Peer {
    Peer::SecurityGroup(Ref::Known(SecurityGroupId::new(id)))
}

pub(crate) fn ports(ports: &[u16]) -> Vec<NetworkingPort> {
    let port = |port: &u16| Some(PortRef::Number(Knowable::Known(*port)));
    ports.iter().map(|number| NetworkingPort { protocol: IpProtocol::Tcp, port: port(number) }).collect()
}

/// A TCP rule of ours.
pub(crate) fn rule(from: i32, to: i32, peer: Peer) -> IngressRule {
    IngressRule {
        protocol: RuleProtocol::Ip(IpProtocol::Tcp),
        from_port: Knowable::Known(from),
        to_port: Knowable::Known(to),
        peer,
        description: SHARED_DESCRIPTION.to_owned(),
    }
}

/// An instance on port 31000.
pub(crate) fn instance(id: &str) -> Target {
    Target { id: TargetId::Instance(InstanceId::new(id)), port: 31000, availability_zone: None }
}

pub(crate) fn address(address: &str, port: u16) -> Target {
    Target { id: TargetId::Ip(address.parse().unwrap()), port, availability_zone: None }
}

pub(crate) fn found(targets: &[(Target, TargetState)]) -> ActualTargets {
    let health = |state: &TargetState| TargetHealth { state: state.clone(), reason: None, description: None };
    let targets = targets.iter().map(|(target, state)| (target.clone(), health(state))).collect();
    ActualTargets::Found { group: None, targets }
}
