//! Services: defaults, and what a change of the type leaves behind.
//!
//! Follows kube-apiserver's `pkg/registry/core/service` and `pkg/apis/core/validation`.

mod allot;
mod check;

use k8s_openapi::api::core::v1::{ClientIPConfig, Service, ServicePort, ServiceSpec, SessionAffinityConfig};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::kubernetes::refusal::{FieldError, Refusal};
use crate::kubernetes::target::Part;

pub(super) use allot::Allotter;

/// Seconds for which a client stays with an endpoint, where a Service does not say.
const AFFINITY_SECONDS: i32 = 10_800;

/// Fills in what a Service does not say.
pub(super) fn fill_defaults(service: &mut Service) {
    let spec = service.spec.get_or_insert_default();
    drop_nothings(spec);
    spec.session_affinity.get_or_insert_with(|| "None".to_owned());
    match spec.session_affinity.as_deref() {
        Some("None") => spec.session_affinity_config = None,
        Some("ClientIP") if affinity_seconds(spec).is_none() => {
            let client_ip = Some(ClientIPConfig { timeout_seconds: Some(AFFINITY_SECONDS) });
            spec.session_affinity_config = Some(SessionAffinityConfig { client_ip });
        }
        _ => {}
    }
    spec.type_.get_or_insert_with(|| "ClusterIP".to_owned());
    for port in spec.ports.iter_mut().flatten() {
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
        let says_nothing = match &port.target_port {
            None | Some(IntOrString::Int(0)) => true,
            Some(IntOrString::String(name)) => name.is_empty(),
            Some(IntOrString::Int(_)) => false,
        };
        if says_nothing {
            port.target_port = Some(IntOrString::Int(port.port));
        }
    }
    if is_external(spec) {
        spec.external_traffic_policy.get_or_insert_with(|| "Cluster".to_owned());
    }
    if kind(spec) != "ExternalName" {
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".to_owned());
    }
    if kind(spec) == "LoadBalancer" {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
        let ingress = service.status.as_mut().and_then(|status| status.load_balancer.as_mut());
        for ingress in ingress.and_then(|balancer| balancer.ingress.as_mut()).into_iter().flatten() {
            if ingress.ip.is_some() {
                ingress.ip_mode.get_or_insert_with(|| "VIP".to_owned());
            }
        }
    }
}

/// In the API an empty text or a zero is the same as nothing here.
fn drop_nothings(spec: &mut ServiceSpec) {
    for text in [
        &mut spec.cluster_ip,
        &mut spec.external_name,
        &mut spec.external_traffic_policy,
        &mut spec.load_balancer_ip,
        &mut spec.session_affinity,
        &mut spec.type_,
    ] {
        if text.as_deref() == Some("") {
            *text = None;
        }
    }
    if spec.health_check_node_port == Some(0) {
        spec.health_check_node_port = None;
    }
    if spec.publish_not_ready_addresses == Some(false) {
        spec.publish_not_ready_addresses = None;
    }
    for port in spec.ports.iter_mut().flatten() {
        if port.node_port == Some(0) {
            port.node_port = None;
        }
        for text in [&mut port.name, &mut port.protocol] {
            if text.as_deref() == Some("") {
                *text = None;
            }
        }
    }
}

fn affinity_seconds(spec: &ServiceSpec) -> Option<i32> {
    spec.session_affinity_config.as_ref()?.client_ip.as_ref()?.timeout_seconds
}

/// Allots what a Service needs and checks it.
///
/// # Errors
///
/// What the server does not count among the faults of the Service.
pub(super) fn admit(
    mut allotter: Allotter<'_>,
    service: &mut Service,
    live: Option<&Service>,
    part: Part,
    errors: &mut Vec<FieldError>,
) -> Result<(), Refusal> {
    service.status.get_or_insert_default().load_balancer.get_or_insert_default();
    if part == Part::Status {
        check::status(service, errors);
        return Ok(());
    }
    let before = live.and_then(|live| live.spec.as_ref());
    let spec = service.spec.get_or_insert_default();
    match before {
        Some(before) => {
            allot::keep(spec, before);
            allotter.on_update(spec, before, errors)?;
            wipe(spec, before);
            if kind(spec) != "LoadBalancer" {
                service.status = Some(k8s_openapi::api::core::v1::ServiceStatus {
                    load_balancer: Some(k8s_openapi::api::core::v1::LoadBalancerStatus::default()),
                    ..service.status.take().unwrap_or_default()
                });
            }
        }
        None => allotter.on_create(spec, errors)?,
    }
    if errors.is_empty() {
        check::spec(service, before, errors);
    }
    Ok(())
}

/// Takes away what no longer applies after a change of the type, where the writer did not also change it.
fn wipe(spec: &mut ServiceSpec, before: &ServiceSpec) {
    if kind(before) != "ExternalName" && kind(spec) == "ExternalName" {
        if spec.cluster_ip == before.cluster_ip && spec.cluster_ips == before.cluster_ips {
            spec.cluster_ip = None;
            spec.cluster_ips = None;
        }
        if spec.ip_families == before.ip_families {
            spec.ip_families = None;
        }
        if spec.ip_family_policy == before.ip_family_policy {
            spec.ip_family_policy = None;
        }
    }
    let held = node_ports(before);
    if has_node_ports(before) && !has_node_ports(spec) && node_ports(spec).iter().all(|port| held.contains(port)) {
        spec.ports.iter_mut().flatten().for_each(|port| port.node_port = None);
    }
    let is_same = spec.health_check_node_port == before.health_check_node_port;
    if needs_health_check(before) && !needs_health_check(spec) && is_same {
        spec.health_check_node_port = None;
    }
    if kind(before) == "LoadBalancer" && kind(spec) != "LoadBalancer" {
        if spec.allocate_load_balancer_node_ports == before.allocate_load_balancer_node_ports {
            spec.allocate_load_balancer_node_ports = None;
        }
        if spec.load_balancer_class == before.load_balancer_class {
            spec.load_balancer_class = None;
        }
    }
    let is_same = spec.external_traffic_policy == before.external_traffic_policy;
    if is_external(before) && !is_external(spec) && is_same {
        spec.external_traffic_policy = None;
    }
}

fn kind(spec: &ServiceSpec) -> &str {
    spec.type_.as_deref().unwrap_or_default()
}

fn ports(spec: &ServiceSpec) -> &[ServicePort] {
    spec.ports.as_deref().unwrap_or_default()
}

fn node_ports(spec: &ServiceSpec) -> Vec<i32> {
    ports(spec).iter().filter_map(|port| port.node_port).collect()
}

fn has_node_ports(spec: &ServiceSpec) -> bool {
    matches!(kind(spec), "NodePort" | "LoadBalancer")
}

/// Whether traffic comes to it from outside.
fn is_external(spec: &ServiceSpec) -> bool {
    let has_addresses = spec.external_ips.as_ref().is_some_and(|addresses| !addresses.is_empty());
    has_node_ports(spec) || kind(spec) == "ClusterIP" && has_addresses
}

fn needs_health_check(spec: &ServiceSpec) -> bool {
    kind(spec) == "LoadBalancer" && spec.external_traffic_policy.as_deref() == Some("Local")
}

fn is_headless(spec: &ServiceSpec) -> bool {
    spec.cluster_ip.as_deref() == Some("None")
}
