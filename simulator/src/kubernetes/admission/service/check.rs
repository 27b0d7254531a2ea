//! What a Service must be.

use std::net::IpAddr;

use ipnet::IpNet;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Value, json};

use super::{is_external, is_headless, kind, needs_health_check, ports};
use crate::kubernetes::admission::metadata::{check_label, check_subdomain, is_qualified};
use crate::kubernetes::refusal::FieldError;

/// Checks a Service that has all that it needs.
pub(super) fn spec(service: &Service, before: Option<&ServiceSpec>, errors: &mut Vec<FieldError>) {
    let Some(spec) = &service.spec else { return };
    check_type(spec, errors);
    check_ports(spec, errors);
    check_addresses(spec, before, errors);
    match spec.session_affinity.as_deref() {
        Some("None" | "ClientIP") => {}
        other => errors.push(FieldError::unsupported("spec.sessionAffinity", json!(other), &["ClientIP", "None"])),
    }
    check_load_balancer(spec, before, errors);
    check_traffic_policies(spec, before, errors);
}

fn check_type(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    match kind(spec) {
        "ClusterIP" | "NodePort" | "LoadBalancer" => {
            if ports(spec).is_empty() && !is_headless(spec) {
                errors.push(FieldError::required("spec.ports", ""));
            }
            if is_headless(spec) && kind(spec) != "ClusterIP" {
                let why = format!("may not be set to 'None' for {} services", kind(spec));
                errors.push(FieldError::invalid("spec.clusterIPs[0]", "None", why));
            }
        }
        "ExternalName" => {
            let name = spec.external_name.as_deref().unwrap_or_default();
            let name = name.strip_suffix('.').unwrap_or(name);
            if name.is_empty() {
                errors.push(FieldError::required("spec.externalName", ""));
            } else if let Err(why) = check_subdomain(name) {
                errors.push(FieldError::invalid("spec.externalName", name, why));
            }
            if spec.cluster_ip.is_some() {
                errors.push(FieldError::forbidden("spec.clusterIPs", "may not be set for ExternalName services"));
            }
        }
        other => {
            let supported = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
            errors.push(FieldError::unsupported("spec.type", other, supported));
        }
    }
}

fn check_ports(spec: &ServiceSpec, errors: &mut Vec<FieldError>) {
    let all = ports(spec);
    for (place, port) in all.iter().enumerate() {
        let field = |name: &str| format!("spec.ports[{place}].{name}");
        match port.name.as_deref() {
            None if all.len() > 1 => errors.push(FieldError::required(field("name"), "")),
            None => {}
            Some(name) => {
                if let Err(why) = check_label(name) {
                    errors.push(FieldError::invalid(field("name"), name, why));
                }
                if all[..place].iter().any(|other| other.name == port.name) {
                    errors.push(FieldError::duplicate(field("name"), name));
                }
            }
        }
        check_port(port, &field, errors);
        let is_same = |other: &&ServicePort| other.protocol == port.protocol;
        let mut earlier = all[..place].iter().filter(is_same);
        if earlier.any(|other| other.port == port.port) {
            let shown = json!({ "protocol": port.protocol, "port": port.port });
            errors.push(FieldError::duplicate(format!("spec.ports[{place}]"), shown));
        }
        if let Some(number) = port.node_port {
            if kind(spec) == "ClusterIP" {
                let why = "may not be used when `type` is 'ClusterIP'";
                errors.push(FieldError::forbidden(field("nodePort"), why));
            }
            if all[..place].iter().filter(is_same).any(|other| other.node_port == port.node_port) {
                errors.push(FieldError::duplicate(field("nodePort"), number));
            }
        }
    }
}

fn check_port(port: &ServicePort, field: &dyn Fn(&str) -> String, errors: &mut Vec<FieldError>) {
    const RANGE: &str = "must be between 1 and 65535, inclusive";
    if !(1..=65_535).contains(&port.port) {
        errors.push(FieldError::invalid(field("port"), port.port, RANGE));
    }
    match port.protocol.as_deref() {
        Some("TCP" | "UDP" | "SCTP") => {}
        other => errors.push(FieldError::unsupported(field("protocol"), json!(other), &["SCTP", "TCP", "UDP"])),
    }
    match &port.target_port {
        Some(IntOrString::Int(number)) if !(1..=65_535).contains(number) => {
            errors.push(FieldError::invalid(field("targetPort"), *number, RANGE));
        }
        Some(IntOrString::String(name)) => {
            let is_good =
                |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
            let has_letter = name.chars().any(|character| character.is_ascii_lowercase());
            if name.len() > 15 || !has_letter || !name.chars().all(is_good) {
                let why = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), at least one letter, \
                    and at most 15 of them";
                errors.push(FieldError::invalid(field("targetPort"), name.as_str(), why));
            }
        }
        _ => {}
    }
    if let Some(protocol) = port.app_protocol.as_deref().filter(|protocol| !is_qualified(protocol)) {
        errors.push(FieldError::invalid(field("appProtocol"), protocol, "must be a qualified name"));
    }
}

fn check_addresses(spec: &ServiceSpec, before: Option<&ServiceSpec>, errors: &mut Vec<FieldError>) {
    let first = spec.cluster_ips.as_ref().and_then(|all| all.first());
    if kind(spec) != "ExternalName" && first != spec.cluster_ip.as_ref() {
        let why = "first value must match `clusterIP`";
        errors.push(FieldError::invalid("spec.clusterIPs", json!(spec.cluster_ips), why));
    }
    let stays = |before: &&ServiceSpec| kind(before) != "ExternalName" && kind(spec) != "ExternalName";
    if let Some(before) = before.filter(stays)
        && before.cluster_ip != spec.cluster_ip
    {
        let why = "may not change once set";
        errors.push(FieldError::invalid("spec.clusterIPs[0]", json!(spec.cluster_ips), why));
    }
    for (place, address) in spec.external_ips.iter().flatten().enumerate() {
        if address.parse::<IpAddr>().is_err() {
            let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            errors.push(FieldError::invalid(format!("spec.externalIPs[{place}]"), address.as_str(), why));
        }
    }
}

fn check_load_balancer(spec: &ServiceSpec, before: Option<&ServiceSpec>, errors: &mut Vec<FieldError>) {
    const ONLY: &str = "may only be used when `type` is 'LoadBalancer'";
    let is_load_balancer = kind(spec) == "LoadBalancer";
    let ranges = spec.load_balancer_source_ranges.as_deref().unwrap_or_default();
    if !ranges.is_empty() && !is_load_balancer {
        errors.push(FieldError::forbidden("spec.LoadBalancerSourceRanges", ONLY));
    }
    for (place, range) in ranges.iter().enumerate().filter(|(_, range)| range.trim().parse::<IpNet>().is_err()) {
        let why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        errors.push(FieldError::invalid(format!("spec.LoadBalancerSourceRanges[{place}]"), range.as_str(), why));
    }
    if spec.allocate_load_balancer_node_ports.is_some() && !is_load_balancer {
        errors.push(FieldError::forbidden("spec.allocateLoadBalancerNodePorts", ONLY));
    }
    match &spec.load_balancer_class {
        Some(_) if !is_load_balancer => errors.push(FieldError::forbidden("spec.loadBalancerClass", ONLY)),
        Some(class) if !is_qualified(class) => {
            let why = "name part must consist of alphanumeric characters, '-', '_' or '.'";
            errors.push(FieldError::invalid("spec.loadBalancerClass", class.as_str(), why));
        }
        _ => {}
    }
    if let Some(before) = before.filter(|before| is_load_balancer && kind(before) == "LoadBalancer")
        && before.load_balancer_class != spec.load_balancer_class
    {
        let shown = json!(spec.load_balancer_class);
        errors.push(FieldError::invalid("spec.loadBalancerClass", shown, "may not change once set"));
    }
}

fn check_traffic_policies(spec: &ServiceSpec, before: Option<&ServiceSpec>, errors: &mut Vec<FieldError>) {
    match spec.external_traffic_policy.as_deref() {
        Some(policy) if !is_external(spec) => {
            let why = "may only be set for externally-accessible services";
            errors.push(FieldError::invalid("spec.externalTrafficPolicy", policy, why));
        }
        None | Some("Cluster" | "Local") => {}
        Some(other) => {
            errors.push(FieldError::unsupported("spec.externalTrafficPolicy", other, &["Cluster", "Local"]));
        }
    }
    match spec.internal_traffic_policy.as_deref() {
        None | Some("Cluster" | "Local") => {}
        Some(other) => {
            errors.push(FieldError::unsupported("spec.internalTrafficPolicy", other, &["Cluster", "Local"]));
        }
    }
    let port = spec.health_check_node_port;
    if let Some(port) = port.filter(|_| !needs_health_check(spec)) {
        let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.push(FieldError::invalid("spec.healthCheckNodePort", port, why));
    }
    if let Some(before) = before.filter(|before| needs_health_check(before) && needs_health_check(spec))
        && before.health_check_node_port != port
    {
        errors.push(FieldError::forbidden("spec.healthCheckNodePort", "field is immutable"));
    }
}

/// Checks the status of a Service.
pub(super) fn status(service: &Service, errors: &mut Vec<FieldError>) {
    let kind = service.spec.as_ref().map_or("", kind);
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.and_then(|balancer| balancer.ingress.as_deref()).unwrap_or_default();
    if kind != "LoadBalancer" && !ingress.is_empty() {
        let why = "may only be used when `spec.type` is 'LoadBalancer'";
        errors.push(FieldError::forbidden("status.loadBalancer.ingress", why));
        return;
    }
    for (place, entry) in ingress.iter().enumerate() {
        let field = |name: &str| format!("status.loadBalancer.ingress[{place}].{name}");
        if let Some(address) = entry.ip.as_deref().filter(|address| address.parse::<IpAddr>().is_err()) {
            let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            errors.push(FieldError::invalid(field("ip"), address, why));
        }
        if entry.ip_mode.is_some() && entry.ip.is_none() {
            errors.push(FieldError::forbidden(field("ipMode"), "may not be specified when `ip` is not set"));
        }
        if let Some(host) = entry.hostname.as_deref() {
            if let Err(why) = check_subdomain(host) {
                errors.push(FieldError::invalid(field("hostname"), host, why));
            }
            if host.parse::<IpAddr>().is_ok() {
                let value = Value::String(host.to_owned());
                errors.push(FieldError::invalid(field("hostname"), value, "must be a DNS name, not an IP address"));
            }
        }
    }
}
