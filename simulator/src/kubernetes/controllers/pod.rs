//! What controllers ask of Pods.

use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub(super) fn is_going(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Whether its containers have ended for good.
pub(super) fn has_ended(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

pub(super) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// The Node that it is bound to.
pub(super) fn node(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref().filter(|name| !name.is_empty())
}

/// Its address, once it has one.
pub(super) fn address(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.pod_ip.as_deref().filter(|address| !address.is_empty())
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    holds(pod, "Ready")
}

/// Whether a condition is there and true.
pub(super) fn holds(pod: &Pod, condition: &str) -> bool {
    let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|found| found.type_ == condition && found.status == "True")
}

/// Says whether a condition holds; the time of its last change stays when nothing changes.
pub(super) fn set_condition(pod: &mut Pod, condition: &str, holds: bool, now: &Time) {
    let conditions = pod.status.get_or_insert_default().conditions.get_or_insert_default();
    let status = if holds { "True" } else { "False" };
    let place = conditions.iter().position(|found| found.type_ == condition).unwrap_or_else(|| {
        conditions.push(PodCondition { type_: condition.to_owned(), ..PodCondition::default() });
        conditions.len() - 1
    });
    let found = &mut conditions[place];
    if found.status != status {
        found.status = status.to_owned();
        found.last_transition_time = Some(now.clone());
        found.observed_generation = None;
    }
}
