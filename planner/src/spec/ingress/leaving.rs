//! An Ingress that leaves a group.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::Ingress;

use super::class::{self, Ownership};
use super::group;
use crate::id::{ObjectName, ObjectRef, StackId};
use crate::snapshot::Snapshot;
use crate::spec::annotation::ingress as annotation;

/// An Ingress that holds on to a group and does not belong to it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Its name.
    pub name: ObjectName,
    /// The group that it belongs to now; `None`: it goes, or is no longer ours.
    pub moves_to: Option<StackId>,
    /// Its place among the members of a group.
    pub order: i32,
    /// The host names of its status, in lower case.
    hosts: BTreeSet<String>,
    /// The name that it asks for a load balancer.
    load_balancer_name: Option<String>,
}

impl Leaving {
    pub(in crate::spec) fn of(ingress: &Ingress, snapshot: &Snapshot) -> Self {
        let class = match class::ownership(ingress, snapshot) {
            Ownership::Ours(class) if ingress.metadata.deletion_timestamp.is_none() => Some(class),
            _ => None,
        };
        let name_of = |annotations: &std::collections::BTreeMap<String, String>| {
            annotations.get(annotation::LOAD_BALANCER_NAME.key()).cloned()
        };
        let of_class = class.flatten().and_then(|class| class.spec.load_balancer_name.clone());
        let status = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let addresses = status.iter().flat_map(|status| status.ingress.iter().flatten());
        Self {
            name: ObjectName::of(&ingress.metadata),
            order: group::order(ingress).unwrap_or_default(),
            moves_to: class.and_then(|class| group::group_of(ingress, class).ok()),
            hosts: addresses.filter_map(|address| address.hostname.as_deref()).map(str::to_lowercase).collect(),
            load_balancer_name: of_class.or_else(|| ingress.metadata.annotations.as_ref().and_then(name_of)),
        }
    }

    /// The Ingress, as messages name it.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new("Ingress", &self.name)
    }

    /// Whether its clients still come to the load balancer of the group that it leaves: its status names that one's host.
    /// One that takes the load balancer's name along cannot be served by both.
    pub fn is_served_by(&self, dns_name: &str, load_balancer_name: &str) -> bool {
        self.moves_to.is_some()
            && self.hosts.contains(&dns_name.to_lowercase())
            && self.load_balancer_name.as_deref() != Some(load_balancer_name)
    }
}
