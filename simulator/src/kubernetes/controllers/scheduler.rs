//! Pods to Nodes: each to the Node with the fewest, in turn where they are equal.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod, Taint, Toleration};
use tokio::time::Instant;

use super::{Controller, Hand, pod};

pub(super) struct Scheduler;

impl Controller for Scheduler {
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant> {
        let nodes = hand.all::<Node>();
        let pods = hand.all::<Pod>();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for node in pods.iter().filter(|pod| !pod::has_ended(pod)).filter_map(pod::node) {
            *counts.entry(node.to_owned()).or_default() += 1;
        }
        for pod in pods.iter().filter(|pod| pod::node(pod).is_none() && !pod::is_going(pod) && is_ours(pod)) {
            let names = nodes.iter().filter(|node| takes(node, pod)).filter_map(|node| node.metadata.name.as_ref());
            let fewest = names.min_by_key(|name| counts.get(*name).copied().unwrap_or_default());
            if let Some(node) = fewest {
                hand.bind(&pod.metadata, node);
                *counts.entry(node.clone()).or_default() += 1;
            }
        }
        None
    }
}

fn is_ours(pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let is_free = spec.scheduling_gates.as_ref().is_none_or(Vec::is_empty);
    is_free && spec.scheduler_name.as_deref().is_none_or(|name| name == "default-scheduler")
}

/// Whether a Pod may be bound to a Node.
fn takes(node: &Node, pod: &Pod) -> bool {
    let (Some(spec), node_spec) = (&pod.spec, node.spec.clone().unwrap_or_default()) else { return false };
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let keeps_off =
        |taint: &Taint| taint.effect != "PreferNoSchedule" && !tolerations.iter().any(|one| tolerates(one, taint));
    if node_spec.unschedulable == Some(true) || node_spec.taints.iter().flatten().any(keeps_off) {
        return false;
    }
    let labels = node.metadata.labels.clone().unwrap_or_default();
    spec.node_selector.iter().flatten().all(|(key, value)| labels.get(key) == Some(value))
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let is_effect = toleration.effect.as_deref().is_none_or(|effect| effect.is_empty() || effect == taint.effect);
    let is_key = toleration.key.as_deref().is_none_or(|key| key.is_empty() || key == taint.key);
    let value = toleration.value.as_deref().unwrap_or_default();
    let is_value =
        toleration.operator.as_deref() == Some("Exists") || value == taint.value.as_deref().unwrap_or_default();
    is_effect && is_key && is_value
}
