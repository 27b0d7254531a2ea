//! What the cluster shares: whether anything needs it.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Service;

use super::class::{Ownership, has_finalizer, ownership};
use super::{ingress, service};
use crate::crd::TargetGroupBinding;
use crate::id::{ClusterName, StackId, VpcId};
use crate::model::Pairs;
use crate::snapshot::{BackendSecurityGroup, Snapshot};

/// What the cluster asks for.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// The cluster.
    pub cluster: ClusterName,
    /// Its VPC.
    pub vpc: VpcId,
    /// `--default-tags`.
    pub default_tags: Pairs,
    /// What is to become of the backend security group.
    pub backend_security_group: Share,
}

/// Whether something that is shared is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// An object of ours uses it.
    Needed,
    /// Every object with our finalizer is going.
    Unneeded,
    /// No object says anything about it: what is left is for a person to judge.
    Untouched,
}

/// Looks at all Services and Ingresses at once.
pub(crate) fn accept(snapshot: &Snapshot) -> ClusterSpec {
    let settings = &snapshot.settings;
    let holds = snapshot.services.values().any(|service| has_finalizer(service))
        || snapshot.ingresses.values().any(|ingress| ingress::group::holds_any(ingress));
    let backend_security_group = if settings.backend_security_group != BackendSecurityGroup::Shared {
        Share::Untouched
    } else if !is_empty(snapshot) {
        Share::Needed
    } else if holds && !others_may_need_it(snapshot) {
        Share::Unneeded
    } else {
        Share::Untouched
    };
    ClusterSpec {
        cluster: settings.cluster_name.clone(),
        vpc: settings.vpc.clone(),
        default_tags: settings.default_tags.clone(),
        backend_security_group,
    }
}

/// Whether what is not a Service or an Ingress of ours may need it: Gateways of LBC use the same group, and their bindings
/// tell; and files alone say nothing of others.
fn others_may_need_it(snapshot: &Snapshot) -> bool {
    let held = snapshot.ingresses.values().flat_map(|ingress| ingress::group::held(ingress)).collect::<BTreeSet<_>>();
    let is_known = |stack: StackId| match &stack {
        StackId::Service(name) => snapshot.services.contains_key(name),
        StackId::Ingress(_) | StackId::Group(_) => held.contains(&stack),
    };
    let is_ours = |binding: &TargetGroupBinding| {
        binding.metadata.labels.as_ref().and_then(StackId::from_labels).is_some_and(is_known)
    };
    snapshot.files_alone
        || snapshot.bindings.values().any(|binding| binding.spec.networking.is_some() && !is_ours(binding))
}

/// Whether the object that goes is the last one, so that what the cluster shares goes with it.
pub(super) fn goes_with(snapshot: &Snapshot) -> bool {
    snapshot.settings.backend_security_group == BackendSecurityGroup::Shared && is_empty(snapshot)
}

/// Whether no object has, or is about to have, a load balancer that uses what the cluster shares.
fn is_empty(snapshot: &Snapshot) -> bool {
    !snapshot.services.values().any(|service| stays(service, snapshot))
        && !snapshot.ingresses.values().any(|ingress| ingress::stays(ingress, snapshot))
}

/// Whether a Service has, or is about to have, a load balancer that uses what the cluster shares. One that is refused
/// has none unless it was once accepted.
fn stays(object: &Service, snapshot: &Snapshot) -> bool {
    match ownership(object, snapshot) {
        Ownership::Ours(claim) => has_finalizer(object) || service::accept(object, claim, &snapshot.settings).is_ok(),
        Ownership::Leaving | Ownership::NotOurs { .. } => false,
    }
}
