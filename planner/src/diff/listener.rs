//! Listeners. They belong to the stack of their load balancer, tagged or not.

use std::collections::BTreeSet;

use super::{Comparison, Keys, change, named, note};
use crate::actual::ActualListener;
use crate::desired::Listener;
use crate::diff::load_balancer::elb_tags;
use crate::id::{Ref, ResourceKey, ResourceKind, TargetGroupArn};
use crate::model::{Action, same_actions};
use crate::plan::{AwsChange, Change, CreateListener, DeleteListener, Impact, ModifyListener, Resource, TagList};
use crate::planted::{Bug, planted};

pub(super) fn compare(comparison: &mut Comparison<'_>) {
    let wanted = comparison.wanted;
    let found = comparison.load_balancer.map(|found| found.listeners.as_slice()).unwrap_or_default();
    for (port, listener) in wanted.listeners.iter().take(if planted(Bug::OnePortOnly) { 1 } else { usize::MAX }) {
        match found.iter().find(|found| found.port == *port) {
            None => create(comparison, *port, listener),
            Some(found) => update(comparison, listener, found),
        }
    }
    // Without a wanted load balancer they go with it.
    if wanted.load_balancer.is_some() && !planted(Bug::ListenersStay) {
        for found in found.iter().filter(|found| !wanted.listeners.contains_key(&found.port)) {
            comparison.stages.delete_listeners.push(Change {
                impact: Impact::Destroys,
                ..change(
                    Resource::live(ResourceKey::new(ResourceKind::Listener, found.port.to_string()), &found.arn),
                    AwsChange::DeleteListener(DeleteListener { listener_arn: found.arn.clone() }),
                    "the Service has no such port any more",
                )
            });
        }
    }
}

fn create(comparison: &mut Comparison<'_>, port: u16, listener: &Listener) {
    let Listener {
        protocol,
        default_actions,
        default_origin: _,
        ssl_policy,
        certificates,
        attributes: _,
        rules: _,
        tags,
    } = listener;
    let request = CreateListener {
        load_balancer_arn: comparison.load_balancer_ref(),
        port,
        protocol: *protocol,
        default_actions: resolved(comparison, default_actions),
        certificate: certificates.first().cloned(),
        ssl_policy: ssl_policy.clone(),
        tags: TagList(tags.clone()),
    };
    comparison.stages.listeners.push(change(
        Resource::new(ResourceKey::new(ResourceKind::Listener, port.to_string())),
        AwsChange::CreateListener(request),
        "the load balancer has no listener on this port",
    ));
}

fn update(comparison: &mut Comparison<'_>, wanted: &Listener, found: &ActualListener) {
    let Listener {
        protocol,
        default_actions,
        default_origin: _,
        ssl_policy,
        certificates,
        attributes: _,
        rules: _,
        tags,
    } = wanted;
    let resource = Resource::live(ResourceKey::new(ResourceKind::Listener, found.port.to_string()), &found.arn);
    let mut fields = Vec::new();
    note(&mut fields, "Protocol", found.protocol, protocol);
    let default_actions = resolved(comparison, default_actions);
    if !same_actions(&default_actions, &found.default_actions) {
        note(&mut fields, "DefaultActions", text(&found.default_actions), text(&default_actions));
    }
    if !fields.is_empty() {
        let request = ModifyListener {
            listener_arn: found.arn.clone(),
            port: found.port,
            protocol: *protocol,
            default_actions,
            certificate: certificates.first().cloned(),
            ssl_policy: ssl_policy.clone(),
        };
        let reason = format!("the listener differs: {}", named(&fields));
        let update = change(resource.clone(), AwsChange::ModifyListener(request), reason);
        comparison.stages.listeners.push(Change { fields, impact: Impact::Brief, ..update });
    }
    let untouched: &BTreeSet<String> = &comparison.wanted.untouched_tags;
    comparison.stages.listeners.extend(elb_tags(&resource, tags, &found.tags, untouched, Keys::WithoutLegacy));
}

/// With the ARNs of the target groups that exist.
fn resolved(comparison: &Comparison<'_>, actions: &[Action]) -> Vec<Action> {
    actions.iter().map(|action| action.with_target_groups(|group| comparison.target_group(group))).collect()
}

/// Actions as a field's value: one that forwards to a single group is that group.
fn text(actions: &[Action]) -> String {
    let one = |action: &Action| match action {
        Action::Forward(forward) if forward.target_groups.len() == 1 && !forward.is_sticky() => {
            group(&forward.target_groups[0].target_group_arn)
        }
        other => other.to_string(),
    };
    actions.iter().map(one).collect::<Vec<_>>().join(", then ")
}

fn group(reference: &Ref<TargetGroupArn>) -> String {
    match reference {
        Ref::Known(arn) => arn.to_string(),
        Ref::Made(key) => key.id.clone(),
    }
}
