//! Addresses and node ports of a Service.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use serde_json::json;

use super::{has_node_ports, is_headless, kind, needs_health_check, node_ports};
use crate::kubernetes::refusal::{FieldError, Refusal};
use crate::kubernetes::state::State;

/// Ports that a dry run gives begin after this one: none of them can be anybody's.
const LAST_PORT_OF_NOBODY: u16 = 32_768;

/// Gives one Service what it needs. What is given is taken once the Service is kept.
#[derive(Debug)]
pub(in crate::kubernetes::admission) struct Allotter<'s> {
    state: &'s State,
    /// Nothing is looked for: the next of what nobody can have.
    is_dry_run: bool,
    /// Given to this Service.
    taken: Vec<u16>,
}

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
    if allots_ports(before) && allots_ports(spec) {
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

fn allots_ports(spec: &ServiceSpec) -> bool {
    let is_asked = kind(spec) == "LoadBalancer" && spec.allocate_load_balancer_node_ports.unwrap_or_default();
    kind(spec) == "NodePort" || is_asked
}

impl<'s> Allotter<'s> {
    pub(in crate::kubernetes::admission) fn new(state: &'s State, is_dry_run: bool) -> Self {
        Self { state, is_dry_run, taken: Vec::new() }
    }

    /// Allots what a new Service needs.
    pub(super) fn on_create(&mut self, spec: &mut ServiceSpec, errors: &mut Vec<FieldError>) -> Result<(), Refusal> {
        if spec.cluster_ips.as_ref().is_none_or(Vec::is_empty) {
            spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
        }
        families(spec, None, errors);
        if errors.is_empty() {
            self.addresses(spec, errors);
        }
        if has_node_ports(spec) {
            self.new_node_ports(spec, errors);
        }
        if needs_health_check(spec) {
            self.health_check_port(spec, errors)?;
        }
        Ok(())
    }

    /// Allots what a changed Service needs more than before.
    pub(super) fn on_update(
        &mut self,
        spec: &mut ServiceSpec,
        before: &ServiceSpec,
        errors: &mut Vec<FieldError>,
    ) -> Result<(), Refusal> {
        families(spec, Some(before), errors);
        if errors.is_empty() && kind(before) == "ExternalName" && kind(spec) != "ExternalName" {
            self.addresses(spec, errors);
        }
        if has_node_ports(spec) {
            self.more_node_ports(spec, before, errors);
        }
        if !needs_health_check(before) && needs_health_check(spec) {
            self.health_check_port(spec, errors)?;
        }
        Ok(())
    }

    fn addresses(&self, spec: &mut ServiceSpec, errors: &mut Vec<FieldError>) {
        if kind(spec) == "ExternalName" || is_headless(spec) {
            return;
        }
        let Some(given) = &spec.cluster_ip else {
            let allocations = &self.state.allocations;
            let free = match self.is_dry_run {
                true => Some(allocations.first_address()),
                false => allocations.next_address(self.state.store.version()),
            };
            match free {
                Some(address) => {
                    spec.cluster_ip = Some(address.to_string());
                    spec.cluster_ips = Some(vec![address.to_string()]);
                }
                None => {
                    let why = "failed to allocate IP: range is full";
                    errors.push(FieldError::invalid("spec.clusterIPs", json!([]), why));
                }
            }
            return;
        };
        let checked = match given.parse::<Ipv4Addr>() {
            Ok(address) => self.state.allocations.check_address(address),
            Err(_) => Err("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()),
        };
        if let Err(why) = checked {
            errors.push(FieldError::invalid("spec.clusterIPs", json!([given]), why));
        }
    }

    /// Ports of one number (TCP and UDP) share a node port.
    fn new_node_ports(&mut self, spec: &mut ServiceSpec, errors: &mut Vec<FieldError>) {
        let allots = allots_ports(spec);
        let ports = spec.ports.get_or_insert_default();
        for place in 0..ports.len() {
            let number = ports[place].port;
            if ports[place].node_port.is_none() && !allots {
                continue;
            }
            let shared = ports[..place].iter().find(|port| port.port == number).and_then(|port| port.node_port);
            let given = ports[place].node_port;
            let wanted = given.or(shared).or_else(|| {
                let same = |port: &&ServicePort| port.port == number && port.node_port.is_some();
                ports[place..].iter().find(same)?.node_port
            });
            match wanted {
                Some(port) if Some(port) == shared => ports[place].node_port = shared,
                Some(port) => {
                    self.take(port, place, errors);
                    ports[place].node_port = Some(port);
                }
                None => ports[place].node_port = self.next_port(errors),
            }
        }
    }

    fn more_node_ports(&mut self, spec: &mut ServiceSpec, before: &ServiceSpec, errors: &mut Vec<FieldError>) {
        let held = node_ports(before);
        let allots = allots_ports(spec);
        for (place, port) in spec.ports.iter_mut().flatten().enumerate() {
            match port.node_port {
                None if allots => port.node_port = self.next_port(errors),
                Some(given) if !held.contains(&given) => self.take(given, place, errors),
                _ => {}
            }
        }
    }

    /// A port that the Service asks for.
    fn take(&mut self, port: i32, place: usize, errors: &mut Vec<FieldError>) {
        let number = u16::try_from(port).unwrap_or_default();
        if self.taken.contains(&number) {
            return;
        }
        match self.check_port(number) {
            Ok(()) => self.taken.push(number),
            Err(why) => errors.push(FieldError::invalid(format!("spec.ports[{place}].nodePort"), port, why)),
        }
    }

    /// A dry run does not look at the range.
    fn check_port(&self, port: u16) -> Result<(), String> {
        match self.is_dry_run && !self.state.allocations.is_taken(port) {
            true => Ok(()),
            false => self.state.allocations.check_port(port),
        }
    }

    fn next_port(&mut self, errors: &mut Vec<FieldError>) -> Option<i32> {
        let free = if self.is_dry_run {
            self.taken.iter().max().unwrap_or(&LAST_PORT_OF_NOBODY).checked_add(1)
        } else {
            let seed = self.state.store.version() + self.taken.len() as u64;
            self.state.allocations.next_port(seed, &self.taken)
        };
        match free {
            Some(port) => {
                self.taken.push(port);
                Some(i32::from(port))
            }
            None => {
                let why = "failed to allocate a nodePort: range is full";
                errors.push(FieldError::invalid("spec.ports", json!([]), why));
                None
            }
        }
    }

    fn health_check_port(&mut self, spec: &mut ServiceSpec, errors: &mut Vec<FieldError>) -> Result<(), Refusal> {
        let Some(given) = spec.health_check_node_port else {
            spec.health_check_node_port = self.next_port(errors);
            return Ok(());
        };
        self.check_port(u16::try_from(given).unwrap_or_default()).map_err(|why| {
            Refusal::internal(format!("failed to allocate requested HealthCheck NodePort {given}: {why}"))
        })
    }
}
