//! An empty cluster, and an account with room for its load balancers.

use std::sync::Arc;

use northgate_planner::facts::{Facts, Subnet};
use northgate_planner::id::{AvailabilityZone, ClusterName, Region, SecurityGroupId, SubnetId, VpcId};
use northgate_planner::snapshot::{Settings, Snapshot};
use serde_json::json;

/// A cluster with the class `alb`.
pub(crate) fn cluster() -> Snapshot {
    let settings = Settings::new(ClusterName::new("demo"), VpcId::new("vpc-1"), Region::new("us-west-2"));
    let mut snapshot = Snapshot::empty(&Arc::new(settings), "2026-01-31T12:00:00Z".parse().unwrap());
    let class = json!({ "metadata": { "name": "alb" }, "spec": { "controller": "ingress.k8s.aws/alb" } });
    snapshot.ingress_classes.insert("alb".to_owned(), Arc::new(serde_json::from_value(class).unwrap()));
    snapshot
}

/// Two zones with a subnet each, and the shared security group.
pub(crate) fn facts() -> Facts {
    let mut facts = Facts { backend_security_group: Some(SecurityGroupId::new("sg-shared")), ..Facts::default() };
    for (id, zone) in [("subnet-a", "us-west-2a"), ("subnet-b", "us-west-2b")] {
        let subnet = Subnet {
            id: SubnetId::new(id),
            vpc: VpcId::new("vpc-1"),
            zone: AvailabilityZone::new(zone),
            zone_id: zone.to_owned(),
            outpost_arn: None,
            cidr: None,
            ipv6_cidrs: Vec::new(),
            available_ip_address_count: 100,
            tags: ["elb", "internal-elb"].map(|role| (format!("kubernetes.io/role/{role}"), "1".to_owned())).into(),
        };
        facts.subnets.insert(subnet.id.clone(), subnet);
    }
    facts
}
