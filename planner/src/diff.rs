//! Every difference between what should exist and what does, field by field.
//!
//! References between resources of the stack become ids here as far as the resources exist.

mod attribute;
mod binding;
mod listener;
mod load_balancer;
mod rule;
mod security_group;
mod tags;
mod target_group;

use std::collections::{BTreeMap, BTreeSet};

use crate::actual::{
    ActualBinding, ActualListener, ActualLoadBalancer, ActualSecurityGroup, ActualStack, ActualTargetGroup,
    LoadBalancerState, Owned,
};
use crate::desired::Desired;
use crate::id::{
    Key, LoadBalancerArn, LoadBalancerType, ObjectName, ObjectRef, Ref, ResourceKey, SecurityGroupId, TargetGroupArn,
};
use crate::model::{Binding, Peer};
use crate::plan::{Change, FieldChange, Held, Kept, Plan, Stages, in_order};
use crate::problem::Problem;
use crate::spec::{GoneSpec, StackSpec};

#[cfg(test)]
pub(crate) use binding::object;
pub(crate) use security_group::{ec2_tags, rule_field};
pub(crate) use tags::{Keys, changes as tag_changes};

/// What is wanted and what is there, matched by resource id.
struct Comparison<'a> {
    wanted: &'a Desired,
    found: &'a ActualStack,
    load_balancer: Option<&'a Owned<ActualLoadBalancer>>,
    target_groups: BTreeMap<&'a str, &'a Owned<ActualTargetGroup>>,
    security_groups: BTreeMap<&'a str, &'a Owned<ActualSecurityGroup>>,
    bindings: &'a [ActualBinding],
    stages: Stages,
    held: Vec<Held>,
    problems: Vec<Problem>,
    /// What has no room; the rest goes on.
    shortages: Vec<Problem>,
    warnings: Vec<Problem>,
    /// The load balancer must not be deleted; then nothing of its stack is.
    protected: bool,
    /// Target groups of objects that are to be let go once nothing of them is left: what forwards there waits for nothing.
    let_go: BTreeSet<TargetGroupArn>,
    /// Whether objects are to be let go that are not on their way to another load balancer.
    lets_some_go: bool,
    /// Target groups that requests still come to until others have healthy targets.
    still_serving: BTreeSet<TargetGroupArn>,
    /// What listeners keep for members that are set aside.
    kept: Kept,
}

/// Compares a whole stack.
pub(crate) fn stack(spec: &StackSpec, wanted: &Desired, found: &ActualStack, bindings: &[ActualBinding]) -> Plan {
    let mut comparison = Comparison::new(wanted, found, bindings);
    comparison.let_go = let_go(spec, wanted, found);
    comparison.lets_some_go = spec.leaving().iter().any(|object| !wanted.moving.contains_key(object.name()));
    security_group::compare(&mut comparison);
    target_group::compare(&mut comparison);
    load_balancer::compare(&mut comparison, spec);
    listener::compare(&mut comparison);
    target_group::compare_surplus(&mut comparison);
    binding::compare(&mut comparison);
    let wanted_bindings = comparison.wanted_bindings();
    let Comparison { stages, held, problems, shortages, mut warnings, protected, kept, .. } = comparison;
    warnings.extend(spec.warnings());
    warnings.extend(wanted.warnings.iter().cloned());
    let mut plan = Plan::empty(Key::Stack(spec.id().clone()), spec.objects());
    plan.leaving = spec.leaving();
    plan.holding.clone_from(&wanted.holding);
    plan.partial = wanted.partial;
    plan.leaving.retain(|object| !wanted.moving.contains_key(object.name()));
    plan.wanted = spec.is_wanted();
    plan.refused = !problems.is_empty();
    plan.steps = if plan.refused || protected { Vec::new() } else { in_order(stages) };
    plan.held = held;
    plan.kept = kept;
    let of_members = wanted.problems.iter().cloned();
    plan.problems =
        problems.into_iter().chain(of_members).chain(shortages).map(|problem| about(spec, problem)).collect();
    plan.warnings = warnings.into_iter().map(|warning| about(spec, warning)).collect();
    if !plan.refused {
        plan.bindings = wanted_bindings;
        plan.routes = wanted.routes.clone();
    }
    plan
}

/// The target groups of the objects that leave and are not served here any more.
fn let_go(spec: &StackSpec, wanted: &Desired, found: &ActualStack) -> BTreeSet<TargetGroupArn> {
    let leaving = spec.leaving();
    let leaving =
        leaving.iter().map(ObjectRef::name).filter(|name| !wanted.moving.contains_key(*name)).collect::<Vec<_>>();
    let is_theirs = |group: &&Owned<ActualTargetGroup>| {
        let id = group.resource_id();
        let owner = owner(wanted.members.iter().chain(leaving.iter().copied()), id);
        owner.is_some_and(|owner| leaving.contains(&owner)) && !wanted.target_groups.contains_key(id)
    };
    found.target_groups.iter().filter(is_theirs).map(|group| group.arn.clone()).collect()
}

/// Whose a target group is, by the beginning of its id, `<namespace>/<name>-`; of several the longest name.
fn owner<'n>(names: impl Iterator<Item = &'n ObjectName>, resource_id: &str) -> Option<&'n ObjectName> {
    let is_its =
        |name: &&ObjectName| resource_id.strip_prefix(&name.to_string()).is_some_and(|rest| rest.starts_with('-'));
    names.filter(is_its).max_by_key(|name| name.to_string().len())
}

fn about(spec: &StackSpec, problem: Problem) -> Problem {
    Problem { object: problem.object.or_else(|| Some(spec.id().object())), ..problem }
}

impl<'a> Comparison<'a> {
    fn new(wanted: &'a Desired, found: &'a ActualStack, bindings: &'a [ActualBinding]) -> Self {
        let mut comparison = Self {
            wanted,
            found,
            load_balancer: None,
            target_groups: BTreeMap::new(),
            security_groups: BTreeMap::new(),
            bindings,
            stages: Stages::default(),
            held: Vec::new(),
            problems: Vec::new(),
            shortages: Vec::new(),
            warnings: Vec::new(),
            protected: false,
            let_go: BTreeSet::new(),
            lets_some_go: false,
            still_serving: BTreeSet::new(),
            kept: Kept::default(),
        };
        comparison.match_resources();
        comparison
    }

    /// Of several live ones with one id the one in use is current; LBC leaves the others unseen, we tell.
    fn match_resources(&mut self) {
        self.load_balancer = self.found.current();
        let current = self.load_balancer.map(|found| &found.arn);
        let idle = self.found.load_balancers.iter().map(|found| &found.arn).filter(|arn| Some(*arn) != current);
        let mut twins = idle.map(ToString::to_string).collect::<Vec<_>>();
        let listeners = self.load_balancer.iter().flat_map(|found| &found.listeners);
        let forwarded = listeners.flat_map(ActualListener::target_groups).collect::<BTreeSet<_>>();
        let (in_use, idle): (Vec<_>, Vec<_>) =
            self.found.target_groups.iter().partition(|found| forwarded.contains(&found.arn));
        for found in in_use.into_iter().chain(idle) {
            let wanted = self.wanted.target_groups.get(found.resource_id());
            if wanted.is_some_and(|wanted| !target_group::fits(wanted, found)) {
                continue;
            }
            if self.target_groups.contains_key(found.resource_id()) {
                twins.push(found.arn.to_string());
            } else {
                self.target_groups.insert(found.resource_id(), found);
            }
        }
        for found in &self.found.security_groups {
            self.security_groups.entry(found.resource_id()).or_insert(found);
        }
        for twin in twins {
            self.warnings.push(
                Problem::general(format!(
                    "{twin} carries the tags of this stack, but another one is in use in its place"
                ))
                .hint("delete it by hand, or take its tags away, if nothing needs it"),
            );
        }
        for unidentified in &self.found.unidentified {
            self.warnings.push(
                Problem::general(format!(
                    "{unidentified} carries the stack's tags but no resource tag; it is left alone"
                ))
                .hint("take its tags away, or delete it by hand, if nothing needs it"),
            );
        }
    }

    fn security_group(&self, reference: &Ref<SecurityGroupId>) -> Ref<SecurityGroupId> {
        match reference {
            Ref::Made(key) if *key != ResourceKey::backend_security_group() => {
                match self.security_groups.get(key.id.as_str()) {
                    Some(found) => Ref::Known(found.id.clone()),
                    None => reference.clone(),
                }
            }
            other => other.clone(),
        }
    }

    fn target_group(&self, reference: &Ref<TargetGroupArn>) -> Ref<TargetGroupArn> {
        match reference {
            Ref::Made(key) => match self.target_groups.get(key.id.as_str()).copied().or_else(|| self.unfit(&key.id)) {
                Some(found) => Ref::Known(found.arn.clone()),
                None => reference.clone(),
            },
            Ref::Known(arn) => Ref::Known(arn.clone()),
        }
    }

    /// The bindings that the stack wants, with the ARNs of the target groups that exist, and the names of the objects that
    /// do: a name is for creation only.
    fn wanted_bindings(&self) -> Vec<Binding> {
        self.wanted.bindings.keys().filter_map(|id| self.wanted_binding(id)).collect()
    }

    /// One of these, by the resource id of its target group.
    fn wanted_binding(&self, id: &str) -> Option<Binding> {
        let binding = self.wanted.bindings.get(id).filter(|_| !self.is_held(id))?;
        let binding = self.with_known(binding);
        Some(match binding::matching(self.bindings, &binding) {
            Some(found) => Binding { name: found.name().clone(), ..binding },
            None => binding,
        })
    }

    /// A binding with the ids of what exists.
    fn with_known(&self, binding: &Binding) -> Binding {
        let mut binding = Binding { target_group: self.target_group(&binding.target_group), ..binding.clone() };
        for peer in binding.networking.iter_mut().flatten().flat_map(|rule| &mut rule.from) {
            if let Peer::SecurityGroup(group) = peer {
                *group = self.security_group(group);
            }
        }
        binding
    }

    fn load_balancer_ref(&self) -> Ref<LoadBalancerArn> {
        match self.load_balancer {
            Some(found) => Ref::Known(found.arn.clone()),
            None => Ref::Made(ResourceKey::load_balancer()),
        }
    }

    /// The target group of this id when there is one but it cannot become the wanted one: it goes on serving.
    fn unfit(&self, target_group: &str) -> Option<&'a Owned<ActualTargetGroup>> {
        match self.target_groups.contains_key(target_group) {
            true => None,
            false => self.found.target_groups.iter().find(|found| found.resource_id() == target_group),
        }
    }

    /// Whether the binding of this target group is left as it is, because its group is.
    fn is_held(&self, target_group: &str) -> bool {
        self.unfit(target_group).is_some()
    }

    /// Whether a resource may belong to a member that is set aside.
    fn is_set_aside(&self, resource_id: &str) -> bool {
        self.wanted.set_aside.iter().any(|member| self.is_of(member, resource_id))
    }

    /// The same, or whether it may belong to one that is on its way to another group.
    fn is_set_aside_or_moving(&self, resource_id: &str) -> bool {
        self.is_set_aside(resource_id) || self.wanted.moving.keys().any(|member| self.is_of(member, resource_id))
    }

    /// Whether a resource that is not wanted may belong to a member, by the beginning of its id, `<namespace>/<name>-`, which may
    /// also be the beginning of a longer name's.
    fn is_of(&self, member: &ObjectName, resource_id: &str) -> bool {
        let rest = resource_id.strip_prefix(&member.to_string());
        rest.is_some_and(|rest| rest.starts_with('-')) && !self.wanted.target_groups.contains_key(resource_id)
    }

    fn is_provisioning(&self) -> bool {
        self.load_balancer.is_none_or(|found| found.state == LoadBalancerState::Provisioning)
    }
}

/// Notes a field when it differs.
fn note(fields: &mut Vec<FieldChange>, field: &str, from: impl ToString, to: impl ToString) {
    let (from, to) = (from.to_string(), to.to_string());
    if from != to {
        fields.push(FieldChange { field: field.to_owned(), from: Some(from), to: Some(to) });
    }
}

/// A deletion that goes with its stack.
fn gone(spec: &StackSpec) -> Option<&GoneSpec> {
    match spec {
        StackSpec::Gone(spec) => Some(spec),
        StackSpec::Service(_) | StackSpec::Ingress(_) => None,
    }
}

/// Why something of a stack is deleted.
fn reason_to_delete(wanted: &Desired) -> String {
    match wanted.load_balancer.as_ref().map(|load_balancer| load_balancer.load_balancer_type) {
        None => "the object is being deleted or is no longer ours".to_owned(),
        Some(LoadBalancerType::Network) => "no port of the Service uses it any more".to_owned(),
        Some(LoadBalancerType::Application) => "no Ingress uses it any more".to_owned(),
    }
}

/// The objects that a person would delete to have something made anew, for a sentence.
fn made_again(is_application: bool) -> &'static str {
    match is_application {
        true => "the Ingresses that use it and make them",
        false => "the Service and make it",
    }
}

/// Joins what differs for a sentence.
fn named(change: &[FieldChange]) -> String {
    change.iter().map(|field| field.field.clone()).collect::<Vec<_>>().join(", ")
}

fn change(resource: crate::plan::Resource, write: crate::plan::AwsChange, reason: impl Into<String>) -> Change {
    Change {
        resource,
        write: crate::plan::Write::Aws(write),
        fields: Vec::new(),
        impact: crate::plan::Impact::None,
        reason: reason.into(),
    }
}
