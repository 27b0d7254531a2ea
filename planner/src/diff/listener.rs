//! Listeners. They belong to the stack of their load balancer, tagged or not.

use std::collections::BTreeSet;

use super::{Comparison, Keys, change, named, note};
use crate::actual::ActualListener;
use crate::desired::Listener;
use crate::diff::load_balancer::elb_tags;
use crate::id::{Ref, ResourceKey, ResourceKind, TargetGroupArn};
use crate::plan::{
    AwsChange, Change, CreateListener, DeleteListener, FieldChange, Forward, Impact, ModifyListener, Resource, TagList,
};
use crate::planted::{Bug, planted};

pub(super) fn compare(comparison: &mut Comparison<'_>) {
    let wanted = comparison.wanted;
    let found = comparison.load_balancer.map(|found| found.listeners.as_slice()).unwrap_or_default();
    for (port, listener) in wanted.listeners.iter().take(if planted(Bug::OnePortOnly) { 1 } else { usize::MAX }) {
        if comparison.is_held(&listener.target_group) {
            continue;
        }
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
    let Listener { protocol, target_group, tags } = listener;
    let request = CreateListener {
        load_balancer_arn: comparison.load_balancer_ref(),
        port,
        protocol: *protocol,
        forward: forward(comparison, target_group),
        tags: TagList(tags.clone()),
    };
    comparison.stages.listeners.push(change(
        Resource::new(ResourceKey::new(ResourceKind::Listener, port.to_string())),
        AwsChange::CreateListener(request),
        "the load balancer has no listener on this port",
    ));
}

fn update(comparison: &mut Comparison<'_>, wanted: &Listener, found: &ActualListener) {
    let Listener { protocol, target_group, tags } = wanted;
    let resource = Resource::live(ResourceKey::new(ResourceKind::Listener, found.port.to_string()), &found.arn);
    let mut fields = Vec::new();
    note(&mut fields, "Protocol", found.protocol, protocol);
    let forward = forward(comparison, target_group);
    // The weight of a single group means nothing.
    let agrees = match (forward.as_slice(), found.forward.as_deref()) {
        ([wanted], Some([(arn, _)])) => wanted.target_group_arn.known() == Some(arn),
        _ => false,
    };
    if !agrees {
        let there = found
            .forward
            .as_ref()
            .map(|groups| groups.iter().map(|(arn, _)| arn.to_string()).collect::<Vec<_>>().join(", "));
        fields.push(FieldChange {
            field: "DefaultActions".to_owned(),
            from: there,
            to: Some(forward.iter().map(|group| text(&group.target_group_arn)).collect::<Vec<_>>().join(", ")),
        });
    }
    if !fields.is_empty() {
        let request =
            ModifyListener { listener_arn: found.arn.clone(), port: found.port, protocol: *protocol, forward };
        let reason = format!("the listener differs: {}", named(&fields));
        let update = change(resource.clone(), AwsChange::ModifyListener(request), reason);
        comparison.stages.listeners.push(Change { fields, impact: Impact::Brief, ..update });
    }
    let untouched: &BTreeSet<String> = &comparison.wanted.untouched_tags;
    comparison.stages.listeners.extend(elb_tags(&resource, tags, &found.tags, untouched, Keys::WithoutLegacy));
}

fn forward(comparison: &Comparison<'_>, target_group: &str) -> Vec<Forward> {
    let target_group_arn = comparison.target_group(&crate::desired::target_group_ref(target_group));
    vec![Forward { target_group_arn, weight: None }]
}

fn text(reference: &Ref<TargetGroupArn>) -> String {
    match reference {
        Ref::Known(arn) => arn.to_string(),
        Ref::Made(key) => key.id.clone(),
    }
}
