//! The security group that all load balancers of the cluster share towards their targets.

use std::collections::BTreeSet;

use crate::actual::{ActualCluster, ActualSecurityGroup};
use crate::desired::{backend_security_group_name, backend_security_group_tags};
use crate::diff::{self, Keys, tag_changes};
use crate::id::{Key, ResourceKey};
use crate::plan::{
    AwsChange, Change, CreateSecurityGroup, DeleteSecurityGroup, Impact, Plan, Resource, Step, TagList, Wait, WaitFor,
    Write,
};
use crate::planted::{Bug, planted};
use crate::spec::cluster::{ClusterSpec, Share};

const DESCRIPTION: &str = "[k8s] Shared Backend SecurityGroup for LoadBalancer";

/// Makes it when an object of ours needs it, and deletes it when every object with our finalizer is going.
pub(crate) fn decide(spec: &ClusterSpec, found: &ActualCluster) -> Plan {
    let mut plan = Plan::empty(Key::Cluster, Vec::new());
    plan.wanted = spec.backend_security_group != Share::Unneeded;
    plan.steps = match (spec.backend_security_group, &found.backend_security_group) {
        (Share::Needed, None) => vec![Step::Change(create(spec))],
        (Share::Needed, Some(group)) => update(spec, group),
        (Share::Unneeded, Some(_)) if planted(Bug::SharedGroupStays) => Vec::new(),
        (Share::Unneeded, Some(group)) => delete(group, found),
        (Share::Unneeded, None) | (Share::Untouched, _) => Vec::new(),
    };
    plan
}

fn create(spec: &ClusterSpec) -> Change {
    Change {
        resource: Resource::new(ResourceKey::backend_security_group()),
        write: Write::Aws(AwsChange::CreateSecurityGroup(CreateSecurityGroup {
            group_name: backend_security_group_name(&spec.cluster),
            description: DESCRIPTION.to_owned(),
            vpc_id: spec.vpc.clone(),
            tags: TagList(backend_security_group_tags(&spec.default_tags, &spec.cluster)),
        })),
        fields: Vec::new(),
        impact: Impact::None,
        reason: "no security group carries the cluster's tags for the shared backend group".to_owned(),
    }
}

/// Missing tags are set. Others may be managed elsewhere and stay (LBC deletes them; `decisions.md`, Service 18).
fn update(spec: &ClusterSpec, group: &ActualSecurityGroup) -> Vec<Step> {
    let wanted = backend_security_group_tags(&spec.default_tags, &spec.cluster);
    let mut tags = tag_changes(&wanted, &group.tags, &BTreeSet::new(), Keys::WithLegacy);
    tags.remove.clear();
    let resource = Resource::live(ResourceKey::backend_security_group(), &group.id);
    diff::ec2_tags(&resource, &group.id, tags).into_iter().map(Step::Change).collect()
}

/// After the worker rules that name it, and after the last load balancer that carries it.
fn delete(group: &ActualSecurityGroup, found: &ActualCluster) -> Vec<Step> {
    let key = ResourceKey::backend_security_group();
    let mut steps = Vec::new();
    for stack in &found.stacks_left {
        steps.push(Step::Wait(Wait {
            reason: WaitFor::InterfacesGone,
            resource: Some(key.clone()),
            entry: Some(Key::Stack(stack.clone())),
            message: format!("the load balancer of {} may carry the group until it is deleted", stack.object()),
        }));
    }
    for worker in &found.referenced_by {
        steps.push(Step::Wait(Wait {
            reason: WaitFor::RulesClosed,
            resource: Some(key.clone()),
            entry: Some(Key::Rules(worker.clone())),
            message: format!("rules of {worker} still let the group in"),
        }));
    }
    steps.push(Step::Change(Change {
        resource: Resource::live(key, &group.id),
        write: Write::Aws(AwsChange::DeleteSecurityGroup(DeleteSecurityGroup { group_id: group.id.clone() })),
        fields: Vec::new(),
        impact: Impact::None,
        reason: "every object that carries our finalizer is going".to_owned(),
    }));
    steps
}
