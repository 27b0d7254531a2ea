//! Address targets: the endpoints of a Service that may take traffic (`deploy-and-targets.md` §4.5).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use super::node::{self, Readiness};
use crate::id::{ObjectName, TargetIpAddressType};
use crate::model::TargetId;
use crate::snapshot::Snapshot;

/// The label by which EndpointSlices name their Service.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// One address and port that takes traffic, with the pod behind it and the pod's node where they are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backend<'a> {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) pod: Option<&'a Pod>,
    pub(super) node: Option<&'a Node>,
}

/// The EndpointSlices of a Service; `None`: nobody knows.
pub(super) fn slices_of<'a>(snapshot: &'a Snapshot, service: &ObjectName) -> Option<Vec<&'a EndpointSlice>> {
    let slices = snapshot.endpoint_slices.as_ref()?;
    let first = ObjectName::new(service.namespace.clone(), "");
    let of_service = |slice: &EndpointSlice| {
        slice.metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_LABEL)) == Some(&service.name)
    };
    Some(
        slices
            .range(first..)
            .take_while(|(name, _)| name.namespace == service.namespace)
            .map(|(_, slice)| slice.as_ref())
            .filter(|slice| of_service(slice))
            .collect(),
    )
}

/// Whether an EndpointSlice goes with its Service: then the Service is there, or was a moment ago.
pub(super) fn belongs_to_service(slice: &EndpointSlice) -> bool {
    slice.metadata.owner_references.iter().flatten().any(|owner| owner.kind == "Service")
}

/// Whether Kubernetes makes EndpointSlices of a family for a Service.
pub(super) fn expects_slices(service: &Service, family: TargetIpAddressType) -> bool {
    let Some(spec) = &service.spec else { return false };
    let selects = spec.selector.as_ref().is_some_and(|selector| !selector.is_empty());
    let has_family =
        spec.ip_families.as_ref().is_none_or(|families| families.iter().any(|name| name == spelled(family)));
    selects && has_family
}

/// The backends of a Service port, and what is odd about the EndpointSlices.
pub(super) fn backends<'a>(
    snapshot: &'a Snapshot,
    slices: &[&'a EndpointSlice],
    port: &ServicePort,
    family: TargetIpAddressType,
) -> (BTreeMap<(IpAddr, u16), Backend<'a>>, Vec<String>) {
    let (mut ready, mut silent, mut odd) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for slice in slices.iter().filter(|slice| is_of_family(slice, family)) {
        for endpoint in slice.endpoints.iter().flatten() {
            let pod = match pod_of(snapshot, slice, endpoint) {
                Some(pod) => pod,
                None => continue,
            };
            let node = node_of(snapshot, endpoint, pod);
            let list = match serves(endpoint, pod, node) {
                Readiness::Ready => &mut ready,
                Readiness::Unknown => &mut silent,
                Readiness::NotReady => continue,
            };
            let Some(address) = endpoint.addresses.first() else { continue };
            let Ok(address) = address.parse::<IpAddr>() else {
                odd.push(format!("EndpointSlice {}: {address:?} is not an address", ObjectName::of(&slice.metadata)));
                continue;
            };
            for port in ports(slice, port) {
                list.insert((address, port), Backend { address, port, pod, node });
            }
        }
    }
    // Where no endpoint is ready, those on nodes that went silent are better than none (gate `EndpointsFailOpen`).
    (if ready.is_empty() { silent } else { ready }, odd)
}

/// Whether the endpoints of an EndpointSlice are of a family.
pub(super) fn is_of_family(slice: &EndpointSlice, family: TargetIpAddressType) -> bool {
    slice.address_type == spelled(family)
}

/// The addresses of the pods of a namespace that serve, whichever Service they belong to; `None`: nobody knows.
pub(super) fn serving(snapshot: &Snapshot, namespace: &str) -> Option<Arc<BTreeSet<TargetId>>> {
    let pods = snapshot.pods.as_ref()?;
    let first = ObjectName::new(namespace, "");
    let addresses = pods
        .range(first..)
        .take_while(|(name, _)| name.namespace == namespace)
        .filter(|(_, pod)| pod.metadata.deletion_timestamp.is_none() && has_condition(pod, "Ready"))
        .filter_map(|(_, pod)| pod.status.as_ref()?.pod_ips.as_ref())
        .flatten()
        .filter_map(|address| address.ip.parse().ok())
        .map(TargetId::Ip);
    Some(Arc::new(addresses.collect()))
}

/// The number of a pod's port by its name.
pub(super) fn container_port(pod: &Pod, name: &str) -> Option<u16> {
    let spec = pod.spec.as_ref()?;
    // Init containers that keep running (sidecars) have ports too.
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    containers
        .filter_map(|container| container.ports.as_ref())
        .flatten()
        .find(|port| port.name.as_deref() == Some(name))
        .and_then(|port| u16::try_from(port.container_port).ok())
}

/// The family as Kubernetes spells it.
fn spelled(family: TargetIpAddressType) -> &'static str {
    match family {
        TargetIpAddressType::Ipv4 => "IPv4",
        TargetIpAddressType::Ipv6 => "IPv6",
    }
}

/// The pod of an endpoint: `None` when the endpoint is not a pod at all, `Some(None)` when nothing is known of the pod.
fn pod_of<'a>(snapshot: &'a Snapshot, slice: &EndpointSlice, endpoint: &Endpoint) -> Option<Option<&'a Pod>> {
    let reference = endpoint.target_ref.as_ref().filter(|reference| reference.kind.as_deref() == Some("Pod"))?;
    let namespace = reference.namespace.as_ref().or(slice.metadata.namespace.as_ref())?;
    let name = ObjectName::new(namespace.clone(), reference.name.clone().unwrap_or_default());
    Some(snapshot.pods.as_ref().and_then(|pods| pods.get(&name)).map(AsRef::as_ref))
}

/// The node of an endpoint, where it is known.
fn node_of<'a>(snapshot: &'a Snapshot, endpoint: &Endpoint, pod: Option<&Pod>) -> Option<&'a Node> {
    let on = endpoint.node_name.as_ref().or_else(|| pod?.spec.as_ref()?.node_name.as_ref())?;
    snapshot.nodes.as_ref()?.get(on).map(AsRef::as_ref)
}

/// Whether an endpoint takes traffic. What the EndpointSlice calls ready needs no pod to prove it: its cache may be
/// behind. What it does not call ready is a target only when the pod is held back by its readiness gate alone, which
/// may be waiting for this very registration.
fn serves(endpoint: &Endpoint, pod: Option<&Pod>, node: Option<&Node>) -> Readiness {
    let conditions = endpoint.conditions.as_ref();
    if conditions.and_then(|conditions| conditions.ready).unwrap_or(true) {
        return Readiness::Ready;
    }
    let terminating = conditions.and_then(|conditions| conditions.terminating).unwrap_or(false);
    let Some(pod) = pod.filter(|pod| pod.metadata.deletion_timestamp.is_none() && !terminating) else {
        return Readiness::NotReady;
    };
    if !has_condition(pod, "ContainersReady") {
        return Readiness::NotReady;
    }
    node.map_or(Readiness::NotReady, node::readiness)
}

fn has_condition(pod: &Pod, kind: &str) -> bool {
    let conditions = pod.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    conditions.into_iter().any(|condition| condition.type_ == kind && condition.status == "True")
}

/// The numbers of a Service port in an EndpointSlice: the port of its name, or all of them when it has none.
fn ports(slice: &EndpointSlice, port: &ServicePort) -> impl Iterator<Item = u16> {
    let name = port.name.as_deref().filter(|name| !name.is_empty());
    slice
        .ports
        .iter()
        .flatten()
        .filter(move |found| name.is_none() || found.name.as_deref() == name)
        .filter_map(|found| u16::try_from(found.port?).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::targets::fixture;

    type Mutation = fn(&mut Value, &mut Value, &mut Value);

    /// The backends of one slice with one endpoint, after a change to slice, pod and node.
    fn found(change: Mutation) -> Vec<String> {
        backends_of(&fixture::one_pod(change), json!({ "name": "http", "port": 80 }), TargetIpAddressType::Ipv4)
    }

    fn backends_of(snapshot: &Snapshot, port: Value, family: TargetIpAddressType) -> Vec<String> {
        let slices = slices_of(snapshot, &ObjectName::new("default", "web")).unwrap();
        let (found, _) = backends(snapshot, &slices, &serde_json::from_value(port).unwrap(), family);
        found.into_keys().map(|(address, port)| format!("{address} {port}")).collect()
    }

    #[test]
    fn endpoints_of_pods_are_targets_when_they_serve() {
        fn not_ready(slice: &mut Value) {
            slice["endpoints"][0]["conditions"] = json!({ "ready": false });
        }
        let cases: &[(&str, Mutation, bool)] = &[
            ("ready", |_, _, _| {}, true),
            ("nothing said", |s, _, _| s["endpoints"][0]["conditions"] = json!({}), true),
            ("no pod behind it", |s, _, _| s["endpoints"][0]["targetRef"] = Value::Null, false),
            ("a virtual machine", |s, _, _| s["endpoints"][0]["targetRef"]["kind"] = json!("VirtualMachine"), false),
            (
                "not ready",
                |s, p, _| {
                    not_ready(s);
                    p["status"]["conditions"] = json!([])
                },
                false,
            ),
            ("only its gate is missing", |s, _, _| not_ready(s), true),
            (
                "gate missing, terminating",
                |s, _, _| s["endpoints"][0]["conditions"] = json!({ "ready": false, "terminating": true }),
                false,
            ),
            (
                "gate missing, pod deleted",
                |s, p, _| {
                    not_ready(s);
                    p["metadata"]["deletionTimestamp"] = json!("2026-01-31T11:00:00Z")
                },
                false,
            ),
            (
                "gate missing, node not ready",
                |s, _, n| {
                    not_ready(s);
                    n["status"]["conditions"][0]["status"] = json!("False")
                },
                false,
            ),
            (
                "gate missing, node silent, nothing else",
                |s, _, n| {
                    not_ready(s);
                    n["status"]["conditions"][0]["status"] = json!("Unknown")
                },
                true,
            ),
            (
                "gate missing, no node",
                |s, _, _| {
                    not_ready(s);
                    s["endpoints"][0]["nodeName"] = json!("gone")
                },
                false,
            ),
            (
                "another Service's",
                |s, _, _| s["metadata"]["labels"] = json!({ "kubernetes.io/service-name": "shop" }),
                false,
            ),
            ("another port", |s, _, _| s["ports"][0]["name"] = json!("admin"), false),
            ("no number", |s, _, _| s["ports"][0]["port"] = Value::Null, false),
            ("another family", |s, _, _| s["addressType"] = json!("IPv6"), false),
        ];
        for (what, change, is_target) in cases {
            assert_eq!(!found(*change).is_empty(), *is_target, "{what}");
        }
    }

    #[test]
    fn a_ready_endpoint_is_a_target_although_its_pod_is_not_known_yet() {
        let mut snapshot = fixture::one_pod(|_, _, _| {});
        snapshot.pods = Some(BTreeMap::new());
        let port = json!({ "name": "http", "port": 80 });
        assert_eq!(backends_of(&snapshot, port.clone(), TargetIpAddressType::Ipv4), ["10.0.1.1 8080"]);
        snapshot.pods = None;
        assert_eq!(backends_of(&snapshot, port, TargetIpAddressType::Ipv4), ["10.0.1.1 8080"]);
    }

    #[test]
    fn a_pod_on_a_silent_node_is_left_out_while_another_is_ready() {
        let both: Mutation = |slice, _, node| {
            node["status"]["conditions"][0]["status"] = json!("Unknown");
            let mut other = slice["endpoints"][0].clone();
            other["addresses"] = json!(["10.0.1.2"]);
            slice["endpoints"][0]["conditions"] = json!({ "ready": false });
            slice["endpoints"].as_array_mut().unwrap().push(other);
        };
        assert_eq!(found(both), ["10.0.1.2 8080"]);
    }

    #[test]
    fn an_endpoint_in_two_slices_is_one_target() {
        let mut snapshot = fixture::one_pod(|_, _, _| {});
        let slices = snapshot.endpoint_slices.as_mut().unwrap();
        let copy = slices.values().next().unwrap().clone();
        slices.insert(ObjectName::new("default", "web-again"), copy);
        let port = json!({ "name": "http", "port": 80 });
        assert_eq!(backends_of(&snapshot, port, TargetIpAddressType::Ipv4), ["10.0.1.1 8080"]);
    }

    #[test]
    fn a_port_without_a_name_takes_every_port_of_the_slice() {
        let snapshot = fixture::one_pod(|slice, _, _| slice["ports"] = json!([{ "name": "", "port": 8081 }]));
        assert_eq!(backends_of(&snapshot, json!({ "port": 80 }), TargetIpAddressType::Ipv4), ["10.0.1.1 8081"]);
    }

    #[test]
    fn an_address_that_is_none_is_told() {
        let snapshot = fixture::one_pod(|slice, _, _| slice["endpoints"][0]["addresses"] = json!(["web.example"]));
        let slices = slices_of(&snapshot, &ObjectName::new("default", "web")).unwrap();
        let port = serde_json::from_value(json!({ "name": "http", "port": 80 })).unwrap();
        let (found, odd) = backends(&snapshot, &slices, &port, TargetIpAddressType::Ipv4);
        assert!(found.is_empty());
        assert_eq!(odd, ["EndpointSlice default/web-1: \"web.example\" is not an address"]);
    }

    #[test]
    fn only_slices_of_the_namespace_count() {
        let mut snapshot = fixture::one_pod(|_, _, _| {});
        let slices = snapshot.endpoint_slices.as_mut().unwrap();
        let (name, slice) = slices.pop_first().unwrap();
        slices.insert(ObjectName::new("default-2", name.name), slice);
        assert_eq!(slices_of(&snapshot, &ObjectName::new("default", "web")).unwrap().len(), 0);
    }

    #[test]
    fn serving_are_the_pods_that_are_ready_and_stay() {
        let cases: &[(Mutation, bool)] = &[
            (|_, _, _| {}, true),
            (|_, p, _| p["status"]["conditions"] = json!([{ "type": "Ready", "status": "False" }]), false),
            (|_, p, _| p["metadata"]["deletionTimestamp"] = json!("2026-01-31T11:00:00Z"), false),
        ];
        for (change, expected) in cases {
            let snapshot = fixture::one_pod(*change);
            assert_eq!(!serving(&snapshot, "default").unwrap().is_empty(), *expected);
            assert!(serving(&snapshot, "shop").unwrap().is_empty());
        }
    }

    #[test]
    fn a_port_name_is_looked_up_in_all_containers() {
        let snapshot = fixture::one_pod(|_, pod, _| {
            pod["spec"]["initContainers"] =
                json!([{ "name": "mesh", "ports": [{ "name": "mesh", "containerPort": 15001 }] }]);
        });
        let pod = snapshot.pods.as_ref().unwrap().values().next().unwrap();
        assert_eq!(container_port(pod, "http"), Some(8080));
        assert_eq!(container_port(pod, "mesh"), Some(15001));
        assert_eq!(container_port(pod, "admin"), None);
    }
}
