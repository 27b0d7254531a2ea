//! The target group of a binding as it was found.

use std::collections::BTreeMap;

use super::declared::Group;
use super::health::{identity, is_draining};
use super::{BindingSpec, Declared};
use crate::actual::{ActualTargets, TargetGroupSummary, TargetHealth};
use crate::id::{ObjectRef, Ref, TargetGroupArn, TargetType};
use crate::model::{Target, TargetId};
use crate::plan::Resource;
use crate::problem::Problem;

/// A target group with what is registered in it.
pub(super) struct Found<'a> {
    pub(super) reference: Ref<TargetGroupArn>,
    pub(super) resource: Resource,
    pub(super) summary: Option<&'a TargetGroupSummary>,
    /// What is on its way out does not count as registered.
    pub(super) registered: BTreeMap<(&'a TargetId, u16), (&'a Target, &'a TargetHealth)>,
}

impl<'a> Found<'a> {
    /// Takes what was observed.
    ///
    /// # Errors
    ///
    /// What keeps the group from being filled; empty when nothing was observed of it.
    pub(super) fn of(spec: &BindingSpec, found: Option<&'a ActualTargets>) -> Result<Self, Vec<Problem>> {
        let key = spec.declared.resource_key();
        if let Group::Made(made) = &spec.declared.group {
            let reference = Ref::Made(made.clone());
            return Ok(Self { reference, resource: Resource::new(key), summary: None, registered: BTreeMap::new() });
        }
        let (summary, targets) = match found {
            None => return Err(Vec::new()),
            Some(ActualTargets::Missing) => return Err(vec![missing(spec)]),
            Some(ActualTargets::Found { group, targets }) => (group.as_ref(), targets),
        };
        let arn = match (&spec.declared.group, summary) {
            (Group::Arn(arn), Some(summary)) if summary.arn != *arn => return Err(vec![missing(spec)]),
            (Group::Arn(arn), _) => arn.clone(),
            (_, Some(summary)) => summary.arn.clone(),
            (_, None) => return Err(Vec::new()),
        };
        let active = targets.iter().filter(|(_, health)| !is_draining(health));
        Ok(Self {
            resource: Resource::live(key, &arn),
            reference: Ref::Known(arn),
            summary,
            registered: active.map(|(target, health)| (identity(target), (target, health))).collect(),
        })
    }

    /// What the object says otherwise than its target group: every problem at once.
    pub(super) fn problems(&self, spec: &BindingSpec) -> Vec<Problem> {
        self.summary.map_or_else(Vec::new, |group| mismatches(&spec.declared, &spec.object(), group))
    }
}

fn missing(spec: &BindingSpec) -> Problem {
    let problem = Problem::of(spec.object(), "there is no such target group").value(spec.declared.group.to_string());
    let hint = match spec.of {
        Some(_) => "its stack makes the target group and this object anew",
        None => "bind a target group that exists, or delete this object",
    };
    match spec.declared.group {
        Group::Arn(_) | Group::Made(_) => problem.at("spec.targetGroupARN"),
        Group::Name(_) => problem.at("spec.targetGroupName"),
    }
    .hint(hint)
}

fn mismatches(declared: &Declared, object: &ObjectRef, group: &TargetGroupSummary) -> Vec<Problem> {
    let TargetGroupSummary { arn: _, target_type, protocol, ip_address_type, vpc } = group;
    let mut problems = Vec::new();
    let mut differs = |field: &str, said: &str, of_group: Option<&str>| {
        let of_group = of_group.unwrap_or("another one");
        let message = format!("is not the target group's: that is {of_group}");
        problems.push(Problem::of(object.clone(), message).at(field).value(said));
    };
    if let Some(said) = declared.target_type.filter(|said| Some(*said) != *target_type) {
        differs("spec.targetType", said.as_str(), target_type.map(TargetType::as_str));
    }
    if let Some(said) = declared.protocol.filter(|said| Some(*said) != *protocol) {
        differs("spec.targetGroupProtocol", said.as_str(), protocol.map(|protocol| protocol.as_str()));
    }
    if let Some(said) = declared.ip_address_type.filter(|said| said != ip_address_type) {
        differs("spec.ipAddressType", said.as_str(), Some(ip_address_type.as_str()));
    }
    if let (Some(said), Some(vpc)) = (&declared.vpc, vpc)
        && said != vpc
    {
        differs("spec.vpcID", said.as_str(), Some(vpc.as_str()));
    }
    if target_type.is_none() && declared.target_type.is_none() {
        let message = "the target group has targets of a type that a binding cannot fill";
        problems.push(Problem::of(object.clone(), message).hint("its type has to be instance or ip"));
    }
    problems
}
