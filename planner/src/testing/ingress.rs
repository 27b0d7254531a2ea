//! A cluster with Ingresses, and what AWS answers about its account.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::facts::{Certificate, Facts, SecurityGroupFacts, Subnet};
use crate::id::{AvailabilityZone, CertificateArn, ObjectName, SecurityGroupId, SubnetId, TargetGroupArn, VpcId};
use crate::model::Pairs;
use crate::snapshot::Snapshot;

/// The cluster `demo` with the class `alb`, the Service `shop/web` (NodePort, port 80 `http`, pods on 8080) and the
/// Service `shop/api` (ClusterIP, port 8080, pods on `rest`).
pub(crate) fn cluster() -> Snapshot {
    let mut snapshot = super::snapshot();
    let class = json!({ "metadata": { "name": "alb" }, "spec": { "controller": "ingress.k8s.aws/alb" } });
    snapshot.ingress_classes.insert("alb".to_owned(), Arc::new(serde_json::from_value(class).unwrap()));
    add_service(&mut snapshot, "web", |_| {});
    add_service(&mut snapshot, "api", |service| {
        service["spec"] = json!({ "type": "ClusterIP", "ports": [{ "port": 8080, "targetPort": "rest" }] });
    });
    snapshot
}

/// Adds a Service like `shop/web`.
pub(crate) fn add_service(snapshot: &mut Snapshot, name: &str, change: impl FnOnce(&mut Value)) {
    let mut service = json!({
        "metadata": { "namespace": "shop", "name": name, "uid": format!("uid-{name}"), "annotations": {} },
        "spec": { "type": "NodePort", "ports": [
            { "name": "http", "port": 80, "targetPort": 8080, "nodePort": 31_000, "protocol": "TCP" }
        ] }
    });
    change(&mut service);
    snapshot.services.insert(ObjectName::new("shop", name), Arc::new(serde_json::from_value(service).unwrap()));
}

/// Adds an Ingress of class `alb` that leads everything to `shop/web`.
pub(crate) fn add(snapshot: &mut Snapshot, name: &str, change: impl FnOnce(&mut Value)) {
    let mut ingress = json!({
        "metadata": {
            "namespace": "shop", "name": name, "uid": format!("uid-{name}"), "annotations": {},
            "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": []
        },
        "spec": { "ingressClassName": "alb", "rules": [{ "http": { "paths": [path("/", "web")] } }] }
    });
    change(&mut ingress);
    snapshot.ingresses.insert(ObjectName::new("shop", name), Arc::new(serde_json::from_value(ingress).unwrap()));
}

/// A path of type Prefix to port 80 of a Service.
pub(crate) fn path(path: &str, service: &str) -> Value {
    json!({ "path": path, "pathType": "Prefix", "backend": { "service": { "name": service, "port": { "number": 80 } } } })
}

/// Sets an annotation of LBC's.
pub(crate) fn annotate(object: &mut Value, suffix: &str, value: impl Into<Value>) {
    object["metadata"]["annotations"][format!("alb.ingress.kubernetes.io/{suffix}")] = value.into();
}

/// Two zones with a subnet each, the shared security group, one that is named `mine`, and three certificates.
pub(crate) fn facts() -> Facts {
    let mut facts = Facts { backend_security_group: Some(SecurityGroupId::new("sg-shared")), ..Facts::default() };
    for (id, zone) in [("subnet-a", "us-west-2a"), ("subnet-b", "us-west-2b")] {
        let roles = ["kubernetes.io/role/internal-elb", "kubernetes.io/role/elb"];
        let mut tags: Pairs = roles.into_iter().map(|role| (role.to_owned(), "1".to_owned())).collect();
        tags.insert("Name".to_owned(), id.to_owned());
        let subnet = Subnet {
            id: SubnetId::new(id),
            vpc: VpcId::new("vpc-1"),
            zone: AvailabilityZone::new(zone),
            zone_id: zone.to_owned(),
            outpost_arn: None,
            cidr: None,
            ipv6_cidrs: Vec::new(),
            available_ip_address_count: 100,
            tags,
        };
        facts.subnets.insert(subnet.id.clone(), subnet);
    }
    let mine = SecurityGroupFacts { tags: Pairs::from([("Name".to_owned(), "mine".to_owned())]), rules: Vec::new() };
    facts.security_groups.insert(SecurityGroupId::new("sg-1"), mine);
    facts.target_groups.insert("legacy".to_owned(), TargetGroupArn::new("arn:legacy"));
    for (arn, status, domain) in [
        ("arn:b", "ISSUED", "*.example.com"),
        ("arn:a", "ISSUED", "a.example.com"),
        ("arn:c", "EXPIRED", "c.example.org"),
    ] {
        facts.certificates.push(Certificate {
            arn: CertificateArn::new(arn),
            status: status.to_owned(),
            domains: vec![domain.to_owned()],
            authority: None,
        });
    }
    facts
}
