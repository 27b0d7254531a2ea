//! Groups of Ingresses: which one an Ingress belongs to, its members and their order (`ingress-alb.md` §2).

use k8s_openapi::api::networking::v1::Ingress;

use super::class::{Ownership, ownership};
use crate::crd::IngressClassParams;
use crate::id::{ObjectName, ObjectRef, StackId};
use crate::problem::Problem;
use crate::snapshot::Snapshot;
use crate::spec::annotation::ingress as annotation;
use crate::spec::value;

/// How an Ingress stands to a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Membership<'a> {
    /// It belongs to it; with what its class says.
    Active(Option<&'a IngressClassParams>),
    /// It would belong to it, or once did, but nobody can tell what it asks for.
    SetAside(Problem),
    /// It holds on to it, but is being deleted, no longer ours, or of another group.
    Leaving,
    /// It has nothing to do with it.
    None,
}

/// How an Ingress stands to a group.
pub(super) fn membership<'a>(ingress: &Ingress, id: &StackId, snapshot: &'a Snapshot) -> Membership<'a> {
    let name = ObjectName::of(&ingress.metadata);
    let holds = holds(ingress, id);
    let otherwise = if holds { Membership::Leaving } else { Membership::None };
    if ingress.metadata.deletion_timestamp.is_some() {
        return otherwise;
    }
    // An Ingress that no group can have is told of under a group of its own.
    let is_told_here = holds || (*id == StackId::Ingress(name) && !holds_any(ingress));
    match ownership(ingress, snapshot) {
        Ownership::NotOurs { .. } => otherwise,
        Ownership::Unknown(problem) if holds => Membership::SetAside(problem),
        Ownership::Broken(problem) if is_told_here => Membership::SetAside(problem),
        Ownership::Unknown(_) | Ownership::Broken(_) => Membership::None,
        Ownership::Ours(parameters) => match group_of(ingress, parameters) {
            Ok(group) if group == *id => Membership::Active(parameters),
            Ok(_) => otherwise,
            Err(problem) if is_told_here => Membership::SetAside(problem),
            Err(_) => Membership::None,
        },
    }
}

/// The group that an Ingress of ours belongs to.
///
/// # Errors
///
/// The name of the group is none.
pub(super) fn group_of(ingress: &Ingress, parameters: Option<&IngressClassParams>) -> Result<StackId, Problem> {
    let name = ObjectName::of(&ingress.metadata);
    let of_class = parameters.and_then(|parameters| parameters.spec.group.as_ref()).map(|group| group.name.as_str());
    let of_annotation = ingress.metadata.annotations.as_ref().and_then(|all| all.get(annotation::GROUP_NAME.key()));
    let Some(group) = of_class.or(of_annotation.map(String::as_str)) else { return Ok(StackId::Ingress(name)) };
    if is_group_name(group) {
        return Ok(StackId::Group(group.to_owned()));
    }
    let field = match (of_class, parameters.and_then(|parameters| parameters.metadata.name.as_deref())) {
        (Some(_), name) => format!("IngressClassParams {}: spec.group.name", name.unwrap_or_default()),
        (None, _) => format!("metadata.annotations[{}]", annotation::GROUP_NAME.key()),
    };
    Err(Problem::of(ObjectRef::new("Ingress", &name), "this is no name of a group")
        .at(field)
        .value(group)
        .hint(format!("allowed: {}", annotation::GROUP_NAME.allowed())))
}

/// The groups that an Ingress concerns: those that it holds on to, and the one that it belongs to.
pub fn groups_of(ingress: &Ingress, snapshot: &Snapshot) -> Vec<StackId> {
    let name = ObjectName::of(&ingress.metadata);
    let mut groups = held(ingress);
    if ingress.metadata.deletion_timestamp.is_none() {
        let wanted = match ownership(ingress, snapshot) {
            Ownership::Ours(parameters) => group_of(ingress, parameters).ok(),
            Ownership::NotOurs { .. } | Ownership::Unknown(_) | Ownership::Broken(_) => None,
        };
        groups.extend(wanted);
    }
    // Why nobody has it is told under a group of its own.
    if groups.is_empty() {
        groups.push(StackId::Ingress(name));
    }
    groups.sort();
    groups.dedup();
    groups
}

/// The groups that an Ingress holds on to and does not belong to any more.
pub fn left_by(ingress: &Ingress, snapshot: &Snapshot) -> Vec<StackId> {
    let is_left = |id: &StackId| membership(ingress, id, snapshot) == Membership::Leaving;
    held(ingress).into_iter().filter(is_left).collect()
}

/// The groups whose finalizers an Ingress carries.
pub fn held(ingress: &Ingress) -> Vec<StackId> {
    let name = ObjectName::of(&ingress.metadata);
    let finalizers = ingress.metadata.finalizers.iter().flatten();
    finalizers.filter_map(|finalizer| StackId::from_ingress_finalizer(finalizer, &name)).collect()
}

/// Whether an Ingress carries the finalizer of a group.
pub(super) fn holds(ingress: &Ingress, id: &StackId) -> bool {
    held(ingress).contains(id)
}

/// Whether an Ingress carries a finalizer of ours.
pub fn holds_any(ingress: &Ingress) -> bool {
    !held(ingress).is_empty()
}

/// The place of an Ingress among the members of its group.
///
/// # Errors
///
/// What is wrong with the annotation.
pub(super) fn order(ingress: &Ingress) -> Result<i32, String> {
    let Some(text) = ingress.metadata.annotations.as_ref().and_then(|all| all.get(annotation::GROUP_ORDER.key()))
    else {
        return Ok(0);
    };
    let order = value::parse_int32(text)?;
    if (-1000..=1000).contains(&order) { Ok(order) } else { Err("this number is out of range".to_owned()) }
}

/// `^([a-z0-9][-a-z0-9.]*)?[a-z0-9]$`, at most 63 characters.
fn is_group_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let ends = bytes.first().copied().is_some_and(plain) && bytes.last().copied().is_some_and(plain);
    bytes.len() <= 63 && ends && bytes.iter().all(|byte| plain(*byte) || matches!(byte, b'-' | b'.'))
}
