//! Objects to typed intent, or a full list of problems.

pub mod annotation;
pub mod class;
pub mod cluster;
mod gone;
mod health_check;
pub mod ingress;
pub mod service;
pub mod value;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::actual::{ActualBinding, TargetCount};
use crate::crd::TargetGroupBinding;
use crate::id::{Knowable, ObjectName, ObjectRef, Ref, StackId, TargetGroupArn, TargetIpAddressType, TargetType};
use crate::model::{Binding, PortRef};
use crate::problem::{Declined, Problem};
use crate::snapshot::Snapshot;
use crate::targets;

use class::{Ownership, ownership};
pub use gone::GoneSpec;

/// What the objects of a stack ask for.
#[derive(Debug, Clone)]
pub enum StackSpec {
    /// A load balancer is wanted.
    Service(Box<service::ServiceSpec>),
    /// A load balancer for Ingresses is wanted.
    Ingress(Box<ingress::IngressSpec>),
    /// Everything is to go.
    Gone(GoneSpec),
}

impl StackSpec {
    /// The stack.
    pub fn id(&self) -> &StackId {
        match self {
            Self::Service(spec) => &spec.id,
            Self::Ingress(spec) => &spec.id,
            Self::Gone(spec) => &spec.id,
        }
    }

    /// Whether anything is wanted.
    pub fn is_wanted(&self) -> bool {
        matches!(self, Self::Service(_) | Self::Ingress(_))
    }

    /// Whether of those that leave a stack for good some may still be served by it for a while, when others are gone.
    pub fn goes_in_parts(&self) -> bool {
        match self {
            Self::Gone(spec) => spec.ingresses.len() > 1 && spec.ingresses.iter().any(|one| one.moves_to.is_some()),
            Self::Service(_) | Self::Ingress(_) => false,
        }
    }

    /// What is odd about the objects but does no harm.
    pub fn warnings(&self) -> Vec<Problem> {
        match self {
            Self::Service(spec) => spec.warnings.clone(),
            Self::Ingress(spec) => spec.members.iter().flat_map(|member| member.warnings.iter().cloned()).collect(),
            Self::Gone(_) => Vec::new(),
        }
    }

    /// The objects that the stack is made of, in the group's order.
    pub fn objects(&self) -> Vec<ObjectRef> {
        match self {
            Self::Service(spec) => vec![spec.id.object()],
            Self::Ingress(spec) => spec.objects(),
            Self::Gone(spec) => spec.leaving.clone(),
        }
    }

    /// The objects that hold on to the stack and let go of it once the plan is carried out.
    pub fn leaving(&self) -> Vec<ObjectRef> {
        match self {
            Self::Service(_) => Vec::new(),
            Self::Ingress(spec) => spec.leaving.iter().map(ingress::Leaving::object).collect(),
            Self::Gone(spec) => spec.leaving.clone(),
        }
    }
}

/// A stack with the bindings that the API server holds for it.
#[derive(Debug, Clone)]
pub struct AcceptedStack {
    /// What is asked for.
    pub spec: StackSpec,
    /// The generated TargetGroupBindings that exist.
    pub bindings: Vec<ActualBinding>,
}

/// Understands the objects of a stack.
pub(crate) fn accept(snapshot: &Snapshot, id: &StackId) -> Result<AcceptedStack, Declined> {
    let spec = match id {
        StackId::Service(name) => accept_service(snapshot, id, name)?,
        StackId::Ingress(_) | StackId::Group(_) => ingress::accept(snapshot, id)?,
    };
    Ok(AcceptedStack { spec, bindings: generated_bindings(snapshot, id) })
}

fn accept_service(snapshot: &Snapshot, id: &StackId, name: &ObjectName) -> Result<StackSpec, Declined> {
    let Some(service) = snapshot.services.get(name) else { return Err(Declined::Absent) };
    match ownership(service, snapshot) {
        Ownership::Ours(claim) => service::accept(service, claim, &snapshot.settings)
            .map(|spec| StackSpec::Service(Box::new(spec)))
            .map_err(Declined::Refused),
        Ownership::Leaving => gone::accept(service, snapshot).map(StackSpec::Gone).map_err(Declined::Refused),
        Ownership::NotOurs { reason, hint } => Err(Declined::Skipped { object: id.object(), reason, hint }),
    }
}

/// The TargetGroupBindings that carry the stack's labels, those with a field that cannot be read too: the stack mends them.
fn generated_bindings(snapshot: &Snapshot, id: &StackId) -> Vec<ActualBinding> {
    let of_stack = |object: &&Arc<TargetGroupBinding>| {
        object.metadata.labels.as_ref().is_some_and(|labels| id.is_named_by(labels))
    };
    let actual = |object: &Arc<TargetGroupBinding>| ActualBinding {
        binding: targets::binding(object).unwrap_or_else(|_| readable_part(object, id)),
        spec: serde_json::to_value(&object.spec).unwrap_or_default(),
        resource_version: object.metadata.resource_version.clone(),
        deleting: object.metadata.deletion_timestamp.is_some(),
        targets: object.status.as_ref().and_then(TargetCount::of_status),
    };
    snapshot.bindings.values().filter(of_stack).map(actual).collect()
}

/// Enough of a generated binding to find it, to mend it and to delete it.
fn readable_part(object: &TargetGroupBinding, id: &StackId) -> Binding {
    let spec = &object.spec;
    let port = match &spec.service_ref.port {
        IntOrString::Int(number) => PortRef::Number(Knowable::Known(u16::try_from(*number).unwrap_or_default())),
        IntOrString::String(name) => PortRef::Name(name.clone()),
    };
    Binding {
        name: ObjectName::of(&object.metadata),
        labels: id.labels(),
        target_group: Ref::Known(TargetGroupArn::new(spec.target_group_arn.clone().unwrap_or_default())),
        target_type: spec.target_type.as_deref().and_then(|text| text.parse().ok()).unwrap_or(TargetType::Instance),
        protocol: None,
        service: spec.service_ref.name.clone(),
        port,
        ip_address_type: TargetIpAddressType::Ipv4,
        vpc: None,
        node_selector: None,
        networking: None,
        multi_cluster: false,
    }
}
