//! Nodes: a new one takes no Pods until somebody finds it ready.

use k8s_openapi::api::core::v1::{Node, NodeSpec, Taint};

/// The taint of a Node that was not found ready.
pub(in crate::kubernetes) const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Completes a Node.
pub(super) fn admit(node: &mut Node, live: Option<&Node>) {
    if live.is_some() {
        return;
    }
    let spec: &mut NodeSpec = node.spec.get_or_insert_default();
    let taints = spec.taints.get_or_insert_default();
    let is_there = |taint: &Taint| taint.key == NOT_READY && taint.effect == "NoSchedule";
    if !taints.iter().any(is_there) {
        taints.push(Taint { key: NOT_READY.to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() });
    }
}
