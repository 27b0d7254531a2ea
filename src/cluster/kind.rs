//! The kinds of objects that we write to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use northgate_planner::id::{ObjectName, ObjectRef};

use super::watch::Caches;

/// A kind of object that we write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Service,
    Ingress,
    Binding,
}

impl Kind {
    /// `None`: an object of another kind, which is only spoken of.
    pub(super) fn of(object: &ObjectRef) -> Option<Self> {
        match object.kind() {
            "Service" => Some(Self::Service),
            "Ingress" => Some(Self::Ingress),
            "TargetGroupBinding" => Some(Self::Binding),
            _ => None,
        }
    }

    /// What the caches know of an object; `None`: it is gone.
    pub(super) fn metadata(self, caches: &Caches, name: &ObjectName) -> Option<ObjectMeta> {
        Some(match self {
            Self::Service => caches.services.get(name)?.metadata.clone(),
            Self::Ingress => caches.ingresses.get(name)?.metadata.clone(),
            Self::Binding => caches.bindings.get(name)?.metadata.clone(),
        })
    }
}
