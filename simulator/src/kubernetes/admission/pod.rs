//! Pods: defaults, and what cannot be changed.

use k8s_openapi::api::core::v1::{
    Container, Pod, PodSecurityContext, PodSpec, PodStatus, ResourceRequirements, Toleration,
};

use super::metadata::check_label;
use crate::kubernetes::refusal::FieldError;
use crate::kubernetes::target::Part;

/// Fills in what a Pod does not say.
pub(super) fn fill_defaults(pod: &mut Pod) {
    let spec = pod.spec.get_or_insert_default();
    fill_spec(spec);
    spec.enable_service_links.get_or_insert(true);
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        let resources = container.resources.get_or_insert_default();
        if let Some(limits) = &resources.limits {
            let requests = resources.requests.get_or_insert_default();
            for (name, limit) in limits {
                requests.entry(name.clone()).or_insert_with(|| limit.clone());
            }
        }
    }
}

/// Fills in what the spec of a Pod, or of a template of Pods, does not say.
pub(super) fn fill_spec(spec: &mut PodSpec) {
    spec.dns_policy.get_or_insert_with(|| "ClusterFirst".to_owned());
    spec.restart_policy.get_or_insert_with(|| "Always".to_owned());
    spec.security_context.get_or_insert_with(PodSecurityContext::default);
    spec.termination_grace_period_seconds.get_or_insert(30);
    spec.scheduler_name.get_or_insert_with(|| "default-scheduler".to_owned());
    let host_network = spec.host_network.unwrap_or_default();
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        fill_container(container, host_network);
    }
}

fn fill_container(container: &mut Container, host_network: bool) {
    let image = container.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    let is_latest = !image.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    let policy = if is_latest { "Always" } else { "IfNotPresent" };
    container.image_pull_policy.get_or_insert_with(|| policy.to_owned());
    container.termination_message_path.get_or_insert_with(|| "/dev/termination-log".to_owned());
    container.termination_message_policy.get_or_insert_with(|| "File".to_owned());
    container.resources.get_or_insert_with(ResourceRequirements::default);
    for port in container.ports.iter_mut().flatten() {
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
        if host_network {
            port.host_port.get_or_insert(port.container_port);
        }
    }
}

/// Completes and checks a Pod.
pub(super) fn admit(pod: &mut Pod, live: Option<&Pod>, part: Part, errors: &mut Vec<FieldError>) {
    let Some(live) = live else {
        fill_new(pod);
        check(pod, errors);
        return;
    };
    if part == Part::Status {
        let class = live.status.as_ref().and_then(|status| status.qos_class.clone());
        let status = pod.status.get_or_insert_default();
        status.qos_class = status.qos_class.take().or(class);
        return;
    }
    if part == Part::Main && fixed(pod) != fixed(live) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,\
            `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
            tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden("spec", why));
    }
}

/// What admission plugins of every API server add to a new Pod.
fn fill_new(pod: &mut Pod) {
    let spec = pod.spec.get_or_insert_default();
    let account = spec.service_account_name.get_or_insert_with(|| "default".to_owned()).clone();
    spec.service_account.get_or_insert(account);
    spec.priority.get_or_insert(0);
    spec.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".to_owned());
    let tolerations = spec.tolerations.get_or_insert_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let is_tolerated = |toleration: &Toleration| {
            let effect = toleration.effect.as_deref().unwrap_or_default();
            toleration.key.as_deref().is_none_or(|tolerated| tolerated == key) && matches!(effect, "" | "NoExecute")
        };
        if !tolerations.iter().any(is_tolerated) {
            tolerations.push(Toleration {
                key: Some(key.to_owned()),
                operator: Some("Exists".to_owned()),
                effect: Some("NoExecute".to_owned()),
                toleration_seconds: Some(300),
                ..Toleration::default()
            });
        }
    }
    let asks_nothing = |container: &Container| {
        container.resources.as_ref().is_none_or(|asked| asked.requests.is_none() && asked.limits.is_none())
    };
    let class = if spec.containers.iter().all(asks_nothing) { "BestEffort" } else { "Burstable" };
    pod.status = Some(PodStatus {
        phase: Some("Pending".to_owned()),
        qos_class: Some(class.to_owned()),
        ..PodStatus::default()
    });
}

fn check(pod: &Pod, errors: &mut Vec<FieldError>) {
    let Some(spec) = &pod.spec else { return };
    if spec.containers.is_empty() {
        errors.push(FieldError::required("spec.containers", ""));
    }
    for (place, container) in spec.containers.iter().enumerate() {
        let field = |name: &str| format!("spec.containers[{place}].{name}");
        if let Err(why) = check_label(&container.name) {
            errors.push(FieldError::invalid(field("name"), container.name.as_str(), why));
        }
        if spec.containers[..place].iter().any(|other| other.name == container.name) {
            errors.push(FieldError::duplicate(field("name"), container.name.as_str()));
        }
        if container.image.as_deref().unwrap_or_default().is_empty() {
            errors.push(FieldError::required(field("image"), ""));
        }
    }
}

/// The spec of a Pod without what may be changed.
fn fixed(pod: &Pod) -> PodSpec {
    let mut spec = pod.spec.clone().unwrap_or_default();
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        container.image = None;
    }
    spec.active_deadline_seconds = None;
    spec.tolerations = None;
    spec.scheduling_gates = None;
    spec
}
