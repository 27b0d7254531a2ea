//! Services and their Pods to EndpointSlices. Pods on which a named port means different numbers are in slices of their own.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod, Service, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::time::Instant;

use super::hand::{owned_by, owns};
use super::{Controller, Hand, pod};
use crate::kubernetes::target::Part;

const SERVICE: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS: &str = "service.kubernetes.io/headless";
const ZONE: &str = "topology.kubernetes.io/zone";

/// Endpoints of one slice.
const MOST: usize = 100;

pub(super) struct EndpointSlices;

/// What one slice says.
type Said = (Vec<EndpointPort>, Vec<Endpoint>);

impl Controller for EndpointSlices {
    fn look(&mut self, hand: &mut Hand<'_>) -> Option<Instant> {
        let zones = zones(&hand.all::<Node>());
        let (pods, slices) = (hand.all::<Pod>(), hand.all::<EndpointSlice>());
        for service in hand.all::<Service>() {
            let spec = service.spec.clone().unwrap_or_default();
            let is_external = spec.type_.as_deref() == Some("ExternalName");
            let Some(selector) = spec.selector.clone().filter(|selector| !selector.is_empty() && !is_external) else {
                continue;
            };
            if service.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let is_selected = |pod: &&Pod| {
                let labels = pod.metadata.labels.clone().unwrap_or_default();
                pod.metadata.namespace == service.metadata.namespace
                    && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            };
            let wanted = wanted(&service, &spec, pods.iter().filter(is_selected), &zones);
            let own = slices.iter().filter(|slice| is_of(slice, &service)).collect();
            settle(hand, &service, wanted, own);
        }
        None
    }
}

fn zones(nodes: &[Node]) -> BTreeMap<String, String> {
    let zone = |node: &Node| node.metadata.labels.as_ref()?.get(ZONE).cloned();
    nodes.iter().filter_map(|node| Some((node.metadata.name.clone()?, zone(node)?))).collect()
}

fn is_of(slice: &EndpointSlice, service: &Service) -> bool {
    let managed = slice.metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED_BY));
    managed.is_some_and(|by| by == MANAGER) && owns(&service.metadata, &slice.metadata)
}

/// What all slices of a Service are to say.
fn wanted<'p>(
    service: &Service,
    spec: &ServiceSpec,
    pods: impl Iterator<Item = &'p Pod>,
    zones: &BTreeMap<String, String>,
) -> Vec<Said> {
    let mut groups: Vec<Said> = Vec::new();
    for pod in pods.filter(|pod| !pod::has_ended(pod)) {
        let Some(address) = pod::address(pod) else { continue };
        let ports = ports(spec, pod);
        let endpoint = endpoint(service, spec, pod, address, zones);
        match groups.iter_mut().find(|(of, endpoints)| *of == ports && endpoints.len() < MOST) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => groups.push((ports, vec![endpoint])),
        }
    }
    // That there are none is worth saying.
    if groups.is_empty() { vec![Said::default()] } else { groups }
}

/// The ports of a Service on one Pod; a name that the Pod does not have is left out.
fn ports(spec: &ServiceSpec, pod: &Pod) -> Vec<EndpointPort> {
    let port = |port: &ServicePort| {
        Some(EndpointPort {
            name: Some(port.name.clone().unwrap_or_default()),
            port: Some(number(port, pod)?),
            protocol: port.protocol.clone(),
            app_protocol: port.app_protocol.clone(),
        })
    };
    spec.ports.iter().flatten().filter_map(port).collect()
}

fn number(port: &ServicePort, pod: &Pod) -> Option<i32> {
    let name = match &port.target_port {
        None => return Some(port.port),
        Some(IntOrString::Int(0)) => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) => name,
    };
    let protocol = |given: &Option<String>| given.clone().unwrap_or_else(|| "TCP".to_owned());
    let spec = pod.spec.as_ref()?;
    let sidecars = spec.init_containers.iter().flatten().filter(|one| one.restart_policy.as_deref() == Some("Always"));
    let mut ports = spec.containers.iter().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
    let is_it = |found: &&k8s_openapi::api::core::v1::ContainerPort| {
        found.name.as_ref() == Some(name) && protocol(&found.protocol) == protocol(&port.protocol)
    };
    ports.find(is_it).map(|found| found.container_port)
}

fn endpoint(
    service: &Service,
    spec: &ServiceSpec,
    pod: &Pod,
    address: &str,
    zones: &BTreeMap<String, String>,
) -> Endpoint {
    let (is_ready, is_going) = (pod::is_ready(pod), pod::is_going(pod));
    let counts_always = spec.publish_not_ready_addresses == Some(true);
    let node = pod::node(pod);
    let hostname = pod.spec.as_ref().filter(|spec| spec.subdomain == service.metadata.name);
    Endpoint {
        addresses: vec![address.to_owned()],
        conditions: Some(EndpointConditions {
            ready: Some(counts_always || is_ready && !is_going),
            serving: Some(is_ready),
            terminating: Some(is_going),
        }),
        hostname: hostname.and_then(|spec| spec.hostname.clone()),
        node_name: node.map(str::to_owned),
        zone: node.and_then(|node| zones.get(node).cloned()),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        }),
        ..Endpoint::default()
    }
}

/// Brings the slices of a Service to what they are to say, changing as few as possible.
fn settle(hand: &mut Hand<'_>, service: &Service, wanted: Vec<Said>, mut own: Vec<&EndpointSlice>) {
    let labels = labels(service);
    for (ports, endpoints) in wanted {
        let of_ports = |slice: &&EndpointSlice| slice.ports.clone().unwrap_or_default() == ports;
        let place = own.iter().position(of_ports).or_else(|| (!own.is_empty()).then_some(0));
        let said = |slice: &mut EndpointSlice| {
            slice.metadata.labels = Some(labels.clone());
            slice.ports = Some(ports);
            slice.endpoints = Some(endpoints);
        };
        match place {
            Some(place) => hand.edit(Part::Main, &own.remove(place).metadata, said),
            None => {
                let name = service.metadata.name.clone().unwrap_or_default();
                let metadata = ObjectMeta {
                    generate_name: Some(format!("{name}-")),
                    namespace: service.metadata.namespace.clone(),
                    owner_references: Some(vec![owned_by(service)]),
                    ..ObjectMeta::default()
                };
                let address_type = "IPv4".to_owned();
                let mut slice = EndpointSlice { metadata, address_type, ..EndpointSlice::default() };
                said(&mut slice);
                hand.create(&slice);
            }
        }
    }
    own.iter().for_each(|slice| hand.delete::<EndpointSlice>(&slice.metadata, None));
}

fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    let name = service.metadata.name.clone().unwrap_or_default();
    labels.insert(SERVICE.to_owned(), name);
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    if service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some("None") {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels
}
