//! Nodes: a new one takes no Pods until somebody finds it ready; which machine it is stays.

use k8s_openapi::api::core::v1::{Node, NodeSpec, Taint};

use crate::kubernetes::refusal::FieldError;

/// The taint of a Node that was not found ready.
pub(in crate::kubernetes) const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Completes a Node.
pub(super) fn admit(node: &mut Node, live: Option<&Node>, errors: &mut Vec<FieldError>) {
    if let Some(live) = live {
        let id = |node: &Node| node.spec.as_ref().and_then(|spec| spec.provider_id.clone()).unwrap_or_default();
        if !id(live).is_empty() && id(node) != id(live) {
            let why = "node updates may not change providerID except from \"\" to valid";
            errors.push(FieldError::forbidden("spec.providerID", why));
        }
        return;
    }
    let spec: &mut NodeSpec = node.spec.get_or_insert_default();
    let taints = spec.taints.get_or_insert_default();
    let is_there = |taint: &Taint| taint.key == NOT_READY && taint.effect == "NoSchedule";
    if !taints.iter().any(is_there) {
        taints.push(Taint { key: NOT_READY.to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() });
    }
}
