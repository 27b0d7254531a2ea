//! Objects to typed intent, or a full list of problems.

pub mod annotation;
pub mod class;
pub mod cluster;
mod gone;
mod health_check;
pub mod service;
pub mod value;

use crate::actual::ActualBinding;
use crate::id::StackId;
use crate::pipeline::{AcceptedStack, Declined};
use crate::problem::Problem;
use crate::snapshot::Snapshot;
use crate::targets;

use class::{Ownership, ownership};
pub use gone::GoneSpec;

/// What the objects of a stack ask for.
#[derive(Debug, Clone)]
pub enum StackSpec {
    /// A load balancer is wanted.
    Service(Box<service::ServiceSpec>),
    /// Everything is to go.
    Gone(GoneSpec),
}

impl StackSpec {
    /// The stack.
    pub fn id(&self) -> &StackId {
        match self {
            Self::Service(spec) => &spec.id,
            Self::Gone(spec) => &spec.id,
        }
    }

    /// Whether anything is wanted.
    pub fn is_wanted(&self) -> bool {
        matches!(self, Self::Service(_))
    }

    /// What is odd about the objects but does no harm.
    pub fn warnings(&self) -> &[Problem] {
        match self {
            Self::Service(spec) => &spec.warnings,
            Self::Gone(_) => &[],
        }
    }
}

/// Understands the objects of a stack.
pub(crate) fn accept(snapshot: &Snapshot, id: &StackId) -> Result<AcceptedStack, Declined> {
    let Some(service) = snapshot.services.get(id.owner()) else { return Err(Declined::Absent) };
    let spec = match ownership(service, snapshot) {
        Ownership::Ours(claim) => service::accept(service, claim, &snapshot.settings)
            .map(|spec| StackSpec::Service(Box::new(spec)))
            .map_err(Declined::Refused)?,
        Ownership::Leaving => StackSpec::Gone(gone::accept(service, snapshot).map_err(Declined::Refused)?),
        Ownership::NotOurs { reason, hint } => return Err(Declined::Skipped { object: id.object(), reason, hint }),
    };
    Ok(AcceptedStack { spec, bindings: generated_bindings(snapshot, id) })
}

/// The TargetGroupBindings that carry the stack's labels. One that cannot be read is left to its own entry to tell.
fn generated_bindings(snapshot: &Snapshot, id: &StackId) -> Vec<ActualBinding> {
    let labels = id.labels();
    let carries = |object: &crate::crd::TargetGroupBinding| {
        let found = object.metadata.labels.as_ref();
        labels.iter().all(|(key, value)| found.and_then(|found| found.get(key)) == Some(value))
    };
    let mut bindings = Vec::new();
    for object in snapshot.bindings.values().filter(|object| carries(object)) {
        if let Ok(binding) = targets::binding(object) {
            bindings.push(ActualBinding {
                binding,
                spec: serde_json::to_value(&object.spec).unwrap_or_default(),
                resource_version: object.metadata.resource_version.clone(),
                deleting: object.metadata.deletion_timestamp.is_some(),
            });
        }
    }
    bindings
}
