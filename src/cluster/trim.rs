//! What is kept of an object: only what a decision or a write of ours uses. The rest would be most of the memory, and a
//! heartbeat in it would look like a change.

use k8s_openapi::api::core::v1::{
    Container, Namespace, Node, NodeSpec, NodeStatus, Pod, PodSpec, PodStatus, Service, ServiceStatus,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use northgate_planner::crd::{IngressClassParams, TargetGroupBinding};

/// kubectl's copy of the whole object; it says nothing that the object does not.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Where the VPC CNI says which interface a pod has of its own.
const POD_ENI: &str = "vpc.amazonaws.com/pod-eni";

pub(super) fn service(service: &mut Service) {
    keep_annotations(&mut service.metadata, |key| key != LAST_APPLIED);
    metadata(&mut service.metadata);
    if let Some(ServiceStatus { conditions, load_balancer: _ }) = &mut service.status {
        *conditions = None;
    }
}

pub(super) fn ingress(ingress: &mut Ingress) {
    keep_annotations(&mut ingress.metadata, |key| key != LAST_APPLIED);
    metadata(&mut ingress.metadata);
}

pub(super) fn ingress_class(class: &mut IngressClass) {
    keep_annotations(&mut class.metadata, |key| key != LAST_APPLIED);
    metadata(&mut class.metadata);
}

pub(super) fn ingress_class_params(params: &mut IngressClassParams) {
    keep_annotations(&mut params.metadata, |_| false);
    metadata(&mut params.metadata);
}

/// A class may be for some namespaces only, by their labels.
pub(super) fn namespace(namespace: &mut Namespace) {
    keep_annotations(&mut namespace.metadata, |_| false);
    metadata(&mut namespace.metadata);
    namespace.spec = None;
    namespace.status = None;
}

pub(super) fn target_group_binding(binding: &mut TargetGroupBinding) {
    keep_annotations(&mut binding.metadata, |key| key != LAST_APPLIED);
    metadata(&mut binding.metadata);
}

pub(super) fn endpoint_slice(slice: &mut EndpointSlice) {
    keep_annotations(&mut slice.metadata, |_| false);
    metadata(&mut slice.metadata);
    for endpoint in slice.endpoints.iter_mut().flatten() {
        endpoint.hints = None;
        endpoint.deprecated_topology = None;
    }
}

/// Labels, taints, providerID; conditions without their heartbeats, and addresses.
pub(super) fn node(node: &mut Node) {
    keep_annotations(&mut node.metadata, |_| false);
    metadata(&mut node.metadata);
    if let Some(spec) = node.spec.take() {
        node.spec = Some(NodeSpec { provider_id: spec.provider_id, taints: spec.taints, ..NodeSpec::default() });
    }
    if let Some(status) = node.status.take() {
        let conditions = status.conditions.map(|mut conditions| {
            for condition in &mut conditions {
                condition.last_heartbeat_time = None;
                condition.last_transition_time = None;
                condition.message = None;
                condition.reason = None;
            }
            conditions
        });
        node.status = Some(NodeStatus { conditions, addresses: status.addresses, ..NodeStatus::default() });
    }
}

/// Node, container ports, readiness gates; addresses, phase and conditions without their times.
pub(super) fn pod(pod: &mut Pod) {
    keep_annotations(&mut pod.metadata, |key| key == POD_ENI);
    metadata(&mut pod.metadata);
    if let Some(spec) = pod.spec.take() {
        pod.spec = Some(PodSpec {
            node_name: spec.node_name,
            host_network: spec.host_network,
            readiness_gates: spec.readiness_gates,
            containers: spec.containers.into_iter().filter_map(ports).collect(),
            // A sidecar is an init container; its ports have names too.
            init_containers: spec.init_containers.map(|all| all.into_iter().filter_map(ports).collect()),
            ..PodSpec::default()
        });
    }
    if let Some(status) = pod.status.take() {
        let conditions = status.conditions.map(|mut conditions| {
            for condition in &mut conditions {
                condition.last_probe_time = None;
                condition.last_transition_time = None;
            }
            conditions
        });
        pod.status = Some(PodStatus {
            phase: status.phase,
            pod_ip: status.pod_ip,
            pod_ips: status.pod_ips,
            host_ip: status.host_ip,
            host_ips: status.host_ips,
            conditions,
            ..PodStatus::default()
        });
    }
}

fn ports(container: Container) -> Option<Container> {
    let Container { name, ports, restart_policy, .. } = container;
    ports.as_ref().is_some_and(|ports| !ports.is_empty()).then(|| Container {
        name,
        ports,
        restart_policy,
        ..Container::default()
    })
}

fn metadata(metadata: &mut ObjectMeta) {
    metadata.managed_fields = None;
    metadata.owner_references = None;
    metadata.self_link = None;
    metadata.generate_name = None;
}

fn keep_annotations(metadata: &mut ObjectMeta, keep: impl Fn(&str) -> bool) {
    if let Some(annotations) = &mut metadata.annotations {
        annotations.retain(|key, _| keep(key));
    }
    if metadata.annotations.as_ref().is_some_and(std::collections::BTreeMap::is_empty) {
        metadata.annotations = None;
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn trimmed<K: DeserializeOwned + serde::Serialize>(trim: fn(&mut K), object: Value) -> Value {
        let mut object: K = serde_json::from_value(object).unwrap();
        trim(&mut object);
        serde_json::to_value(&object).unwrap()
    }

    #[test]
    fn a_service_keeps_what_is_asked_for_and_its_address() {
        let kept = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": "web", "namespace": "default", "uid": "u", "resourceVersion": "1", "finalizers": ["x/y"],
                "annotations": { "service.beta.kubernetes.io/aws-load-balancer-type": "external" }, "labels": { "a": "b" }
            },
            "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] },
            "status": { "loadBalancer": { "ingress": [{ "hostname": "x" }] } }
        });
        let mut full = kept.clone();
        full["metadata"]["managedFields"] = json!([{ "manager": "kubectl" }]);
        full["metadata"]["annotations"][LAST_APPLIED] = json!("{}");
        full["status"]["conditions"] = json!([{ "type": "A", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2026-01-31T12:00:00Z" }]);
        assert_eq!(trimmed(service, full), kept);
    }

    #[test]
    fn an_ingress_keeps_what_is_asked_for_and_its_address() {
        let kept = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {
                "name": "web", "namespace": "default", "uid": "u", "finalizers": ["x/y"],
                "annotations": { "alb.ingress.kubernetes.io/scheme": "internal" }
            },
            "spec": { "ingressClassName": "alb", "rules": [{ "host": "a.example.com" }] },
            "status": { "loadBalancer": { "ingress": [{ "hostname": "x" }] } }
        });
        let mut full = kept.clone();
        full["metadata"]["managedFields"] = json!([{ "manager": "kubectl" }]);
        full["metadata"]["annotations"][LAST_APPLIED] = json!("{}");
        assert_eq!(trimmed(ingress, full), kept);
    }

    #[test]
    fn a_class_keeps_whether_it_is_the_default_and_a_namespace_its_labels() {
        let kept = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": { "name": "alb", "annotations": { "ingressclass.kubernetes.io/is-default-class": "true" } },
            "spec": { "controller": "ingress.k8s.aws/alb" }
        });
        let mut full = kept.clone();
        full["metadata"]["annotations"][LAST_APPLIED] = json!("{}");
        assert_eq!(trimmed(ingress_class, full), kept);

        let kept = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": { "team": "a" } }
        });
        let mut full = kept.clone();
        full["metadata"]["annotations"] = json!({ "openshift.io/description": "a shop" });
        full["spec"] = json!({ "finalizers": ["kubernetes"] });
        full["status"] = json!({ "phase": "Active" });
        assert_eq!(trimmed(namespace, full), kept);
    }

    #[test]
    fn a_node_keeps_no_heartbeat() {
        let kept = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": "n-1", "labels": { "zone": "a" } },
            "spec": { "providerID": "aws:///us-west-2a/i-1", "taints": [{ "key": "k", "effect": "NoSchedule" }] },
            "status": {
                "addresses": [{ "type": "InternalIP", "address": "10.0.0.1" }],
                "conditions": [{ "type": "Ready", "status": "True" }]
            }
        });
        let mut full = kept.clone();
        full["metadata"]["annotations"] = json!({ "node.alpha.kubernetes.io/ttl": "0" });
        full["spec"]["podCIDR"] = json!("10.1.0.0/24");
        full["status"]["images"] = json!([{ "names": ["registry/image"] }]);
        full["status"]["capacity"] = json!({ "cpu": "4" });
        full["status"]["conditions"][0]["lastHeartbeatTime"] = json!("2026-01-31T12:00:00Z");
        full["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-01-31T12:00:00Z");
        full["status"]["conditions"][0]["reason"] = json!("KubeletReady");
        assert_eq!(trimmed(node, full), kept);
    }

    #[test]
    fn a_pod_keeps_its_place_ports_gates_and_addresses() {
        let kept = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "web-1", "namespace": "default", "labels": { "app": "web" }, "annotations": { POD_ENI: "[]" }
            },
            "spec": {
                "nodeName": "n-1",
                "readinessGates": [{ "conditionType": "target-health.elbv2.k8s.aws/x" }],
                "containers": [{ "name": "web", "ports": [{ "name": "http", "containerPort": 8080 }] }],
                "initContainers": [{ "name": "proxy", "restartPolicy": "Always", "ports": [{ "containerPort": 15000 }] }]
            },
            "status": {
                "phase": "Running", "podIP": "10.0.0.9", "podIPs": [{ "ip": "10.0.0.9" }],
                "conditions": [{ "type": "ContainersReady", "status": "True" }]
            }
        });
        let mut full = kept.clone();
        full["metadata"]["ownerReferences"] =
            json!([{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u" }]);
        full["metadata"]["annotations"]["checksum"] = json!("1234");
        full["spec"]["containers"] = json!([
            { "name": "web", "image": "web:1", "env": [{ "name": "A", "value": "b" }], "ports": [{ "name": "http", "containerPort": 8080 }] },
            { "name": "log", "image": "log:1" }
        ]);
        full["spec"]["initContainers"] = json!([
            { "name": "set-up", "image": "busybox" },
            { "name": "proxy", "restartPolicy": "Always", "image": "proxy", "ports": [{ "containerPort": 15000 }] }
        ]);
        full["spec"]["volumes"] = json!([{ "name": "v", "emptyDir": {} }]);
        full["status"]["containerStatuses"] =
            json!([{ "name": "web", "image": "web:1", "imageID": "x", "ready": true, "restartCount": 0 }]);
        full["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-01-31T12:00:00Z");
        assert_eq!(trimmed(pod, full), kept);
    }

    #[test]
    fn an_endpoint_slice_keeps_its_endpoints() {
        let kept = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": { "name": "web-x", "namespace": "default", "labels": { "kubernetes.io/service-name": "web" } },
            "addressType": "IPv4",
            "endpoints": [{
                "addresses": ["10.0.0.9"], "conditions": { "ready": true }, "nodeName": "n-1", "zone": "us-west-2a",
                "targetRef": { "kind": "Pod", "name": "web-1", "namespace": "default" }
            }],
            "ports": [{ "name": "http", "port": 8080, "protocol": "TCP" }]
        });
        let mut full = kept.clone();
        full["metadata"]["annotations"] =
            json!({ "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-31T12:00:00Z" });
        full["endpoints"][0]["hints"] = json!({ "forZones": [{ "name": "us-west-2a" }] });
        assert_eq!(trimmed(endpoint_slice, full), kept);
    }
}
