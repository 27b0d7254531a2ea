//! Addresses and node ports of a Service.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::ServiceSpec;
use serde_json::json;

use super::{has_node_ports, is_headless, kind, needs_health_check, node_ports};
use crate::kubernetes::refusal::FieldError;
use crate::kubernetes::state::State;

/// Gives back to a Service what it was allotted and its writer did not repeat.
pub(super) fn keep(spec: &mut ServiceSpec, before: &ServiceSpec) {
    let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    if kind(before) != "ExternalName" && kind(spec) != "ExternalName" {
        if spec.cluster_ip.is_none() {
            spec.cluster_ip.clone_from(&before.cluster_ip);
        }
        if is_empty(&spec.cluster_ips) {
            spec.cluster_ips.clone_from(&before.cluster_ips);
        }
    }
    if has_node_ports(before) && has_node_ports(spec) {
        let (old, new) = (node_ports(before), node_ports(spec));
        let used: Vec<i32> = old.into_iter().filter(|port| new.contains(port)).collect();
        for port in spec.ports.iter_mut().flatten().filter(|port| port.node_port.is_none()) {
            // The last one of a name counts, as in the API server's map.
            let same = before.ports.iter().flatten().rev().find(|old| old.name == port.name);
            port.node_port = same.and_then(|old| old.node_port).filter(|port| !used.contains(port));
        }
    }
    if needs_health_check(before) && needs_health_check(spec) && spec.health_check_node_port.is_none() {
        spec.health_check_node_port = before.health_check_node_port;
    }
    // One of the two fields changed alone: the other follows.
    if spec.cluster_ip != before.cluster_ip && spec.cluster_ips == before.cluster_ips {
        spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
    }
}

/// Allots what a new Service needs.
pub(super) fn on_create(state: &State, spec: &mut ServiceSpec, errors: &mut Vec<FieldError>) {
    if spec.cluster_ips.as_ref().is_none_or(Vec::is_empty) {
        spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
    }
    families(spec, None, errors);
    if errors.is_empty() {
        addresses(state, spec, errors);
    }
    let mut taken = Vec::new();
    if has_node_ports(spec) {
        new_node_ports(state, spec, &mut taken, errors);
    }
    if needs_health_check(spec) {
        health_check_port(state, spec, &taken, errors);
    }
}

/// Allots what a changed Service needs more than before.
pub(super) fn on_update(state: &State, spec: &mut ServiceSpec, before: &ServiceSpec, errors: &mut Vec<FieldError>) {
    families(spec, Some(before), errors);
    if errors.is_empty() && kind(before) == "ExternalName" && kind(spec) != "ExternalName" {
        addresses(state, spec, errors);
    }
    let mut taken = Vec::new();
    if has_node_ports(spec) {
        more_node_ports(state, spec, before, &mut taken, errors);
    }
    if !needs_health_check(before) && needs_health_check(spec) {
        health_check_port(state, spec, &taken, errors);
    }
}

/// Fills in the address families of a cluster that has IPv4 only.
fn families(spec: &mut ServiceSpec, before: Option<&ServiceSpec>, errors: &mut Vec<FieldError>) {
    if kind(spec) == "ExternalName" {
        return;
    }
    let has_selector = spec.selector.as_ref().is_some_and(|selector| !selector.is_empty());
    let is_free = is_headless(spec) && !has_selector;
    if spec.ip_family_policy.is_none() {
        let inherited = before.and_then(|before| before.ip_family_policy.clone());
        let own = if is_free { "RequireDualStack" } else { "SingleStack" };
        spec.ip_family_policy = Some(inherited.unwrap_or_else(|| own.to_owned()));
    }
    let policy = spec.ip_family_policy.clone().unwrap_or_default();
    if !matches!(policy.as_str(), "SingleStack" | "PreferDualStack" | "RequireDualStack") {
        let supported = &["PreferDualStack", "RequireDualStack", "SingleStack"];
        errors.push(FieldError::unsupported("spec.ipFamilyPolicy", policy, supported));
        return;
    }
    let families = spec.ip_families.get_or_insert_default();
    if is_free {
        if families.is_empty() {
            families.push("IPv4".to_owned());
        }
        if families.len() < 2 && policy != "SingleStack" {
            let other = if families[0] == "IPv4" { "IPv6" } else { "IPv4" };
            families.push(other.to_owned());
        }
        return;
    }
    if policy == "RequireDualStack" {
        let why = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid("spec.ipFamilyPolicy", policy, why));
    }
    for (place, family) in families.iter().enumerate().filter(|(_, family)| *family != "IPv4") {
        let field = format!("spec.ipFamilies[{place}]");
        errors.push(FieldError::invalid(field, family.as_str(), "not configured on this cluster"));
    }
    if families.is_empty() {
        families.push("IPv4".to_owned());
    }
}

fn addresses(state: &State, spec: &mut ServiceSpec, errors: &mut Vec<FieldError>) {
    if kind(spec) == "ExternalName" || is_headless(spec) {
        return;
    }
    match &spec.cluster_ip {
        None => {
            let Some(address) = state.allocations.next_address(state.store.version()) else {
                errors.push(FieldError::invalid("spec.clusterIPs", json!([]), "failed to allocate IP: range is full"));
                return;
            };
            spec.cluster_ip = Some(address.to_string());
            spec.cluster_ips = Some(vec![address.to_string()]);
        }
        Some(given) => {
            let checked = match given.parse::<Ipv4Addr>() {
                Ok(address) => state.allocations.check_address(address),
                Err(_) => Err("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()),
            };
            if let Err(why) = checked {
                errors.push(FieldError::invalid("spec.clusterIPs", json!([given]), why));
            }
        }
    }
}

fn allots_ports(spec: &ServiceSpec) -> bool {
    kind(spec) == "NodePort" || spec.allocate_load_balancer_node_ports.unwrap_or_default()
}

/// Ports of one number (TCP and UDP) share a node port.
fn new_node_ports(state: &State, spec: &mut ServiceSpec, taken: &mut Vec<u16>, errors: &mut Vec<FieldError>) {
    let allots = allots_ports(spec);
    let ports = spec.ports.get_or_insert_default();
    for place in 0..ports.len() {
        let number = ports[place].port;
        if ports[place].node_port.is_none() && !allots {
            continue;
        }
        let shared = ports[..place].iter().find(|port| port.port == number).and_then(|port| port.node_port);
        let given = ports[place].node_port;
        let wanted = given
            .or(shared)
            .or_else(|| ports[place..].iter().find(|port| port.port == number && port.node_port.is_some())?.node_port);
        match wanted {
            Some(port) if Some(port) == shared => ports[place].node_port = shared,
            Some(port) => {
                check_port(state, port, place, taken, errors);
                ports[place].node_port = Some(port);
            }
            None => ports[place].node_port = next_port(state, taken, errors),
        }
    }
}

fn more_node_ports(
    state: &State,
    spec: &mut ServiceSpec,
    before: &ServiceSpec,
    taken: &mut Vec<u16>,
    errors: &mut Vec<FieldError>,
) {
    let held = node_ports(before);
    let allots = allots_ports(spec);
    for (place, port) in spec.ports.iter_mut().flatten().enumerate() {
        match port.node_port {
            None if allots => port.node_port = next_port(state, taken, errors),
            Some(given) if !held.contains(&given) => check_port(state, given, place, taken, errors),
            _ => {}
        }
    }
}

fn check_port(state: &State, port: i32, place: usize, taken: &mut Vec<u16>, errors: &mut Vec<FieldError>) {
    let number = u16::try_from(port).unwrap_or_default();
    if taken.contains(&number) {
        return;
    }
    match state.allocations.check_port(number) {
        Ok(()) => taken.push(number),
        Err(why) => errors.push(FieldError::invalid(format!("spec.ports[{place}].nodePort"), port, why)),
    }
}

fn next_port(state: &State, taken: &mut Vec<u16>, errors: &mut Vec<FieldError>) -> Option<i32> {
    let seed = state.store.version() + taken.len() as u64;
    match state.allocations.next_port(seed, taken) {
        Some(port) => {
            taken.push(port);
            Some(i32::from(port))
        }
        None => {
            errors.push(FieldError::invalid("spec.ports", json!([]), "failed to allocate a nodePort: range is full"));
            None
        }
    }
}

fn health_check_port(state: &State, spec: &mut ServiceSpec, taken: &[u16], errors: &mut Vec<FieldError>) {
    let mut taken = taken.to_vec();
    let Some(given) = spec.health_check_node_port else {
        spec.health_check_node_port = next_port(state, &mut taken, errors);
        return;
    };
    let number = u16::try_from(given).unwrap_or_default();
    if let Err(why) = state.allocations.check_port(number) {
        let why = format!("failed to allocate requested HealthCheck NodePort {given}: {why}");
        errors.push(FieldError::invalid("spec.healthCheckNodePort", given, why));
    }
}
