//! Whether the world is as it was asked for (L1, L5, L6), judged from what was asked for and what is there.

use std::collections::{BTreeMap, BTreeSet};

use northgate_simulator::Observed;

use crate::declared::{Declared, Service, Target};
use crate::invariants::Served;
use crate::stage::Stage;
use crate::view::{is_our_rule, is_registered, service, service_port, tagged};

/// What is otherwise than asked for, a line each.
pub(crate) async fn disagreements(stage: &Stage) -> Vec<String> {
    let view = stage.observe().await;
    let services = stage.services();
    let declared = stage.declared();
    let mut found = Vec::new();
    for (name, wanted) in declared.services.iter().filter(|(_, wanted)| wanted.is_served()) {
        judge(name, wanted, declared, services.get(name), &view, &mut found);
    }
    // What was registered for a Service before it was refused goes on to be reached.
    if declared.services.values().all(|service| service.refused.is_empty()) {
        found.extend(worker_rules(&view, declared));
    }
    for (kind, tags) in tagged(&view) {
        let owner = service(tags).filter(|owner| !declared.wants(owner, None));
        if let Some(owner) = owner {
            found.push(format!("L6: a {kind} of Service/{owner} is left"));
        }
    }
    for (name, served) in &services {
        let wanted = declared.wants(name, None);
        if !wanted && (served.finalizer || served.host.is_some()) {
            found.push(format!("L6: Service/{name} is still held, or still has an address"));
        }
    }
    for name in services.keys().filter(|name| !declared.services.contains_key(*name)) {
        found.push(format!("L6: Service/{name} is deleted and still there"));
    }
    found
}

fn judge(
    name: &str,
    wanted: &Service,
    declared: &Declared,
    served: Option<&Served>,
    view: &Observed,
    found: &mut Vec<String>,
) {
    found.extend(missing(name, declared, view));
    let load_balancer = view.load_balancers.values().find(|found| service(&found.tags) == Some(name));
    let host = load_balancer.map(|load_balancer| load_balancer.dns_name.as_str());
    if host.is_some() && served.and_then(|served| served.host.as_deref()) != host {
        found.push(format!("L5: the status of Service/{name} does not name {host:?}"));
    }
    for ((_, port), (registered, targets)) in targets_of(name, wanted, declared, view) {
        if registered != targets {
            found.push(format!("L1: port {port} of Service/{name} has targets {registered:?}, not {targets:?}"));
        }
    }
}

/// What a Service is to have and has not, or has and is not to have: load balancer, listeners, target groups.
pub(crate) fn missing(name: &str, declared: &Declared, view: &Observed) -> Vec<String> {
    let Some(wanted) = declared.services.get(name) else { return Vec::new() };
    let mut load_balancers = view.load_balancers.iter().filter(|(_, found)| service(&found.tags) == Some(name));
    let Some((arn, _)) = load_balancers.next() else {
        return vec![format!("L1: Service/{name} has no load balancer")];
    };
    let mut found = Vec::new();
    let listeners = view.listeners.values().filter(|found| found.load_balancer_arn == *arn);
    let listening = listeners.map(|found| found.port).collect::<BTreeSet<_>>();
    let ports = wanted.ports.keys().copied().collect::<BTreeSet<_>>();
    if listening != ports {
        found.push(format!("L1: Service/{name} listens on {listening:?}, not on {ports:?}"));
    }
    let with_targets = targets_of(name, wanted, declared, view);
    for port in ports.iter().filter(|port| !with_targets.contains_key(&(name.to_owned(), **port))) {
        found.push(format!("L1: port {port} of Service/{name} has no target group"));
    }
    found
}

/// The targets that each port of the Services has, and those that it is to have. Ports without a target group are left out.
pub(crate) fn targets(view: &Observed, declared: &Declared) -> TargetsByPort {
    let wanted = declared.services.iter().filter(|(_, wanted)| wanted.is_served());
    wanted.flat_map(|(name, wanted)| targets_of(name, wanted, declared, view)).collect()
}

fn targets_of(name: &str, wanted: &Service, declared: &Declared, view: &Observed) -> TargetsByPort {
    let mut targets = TargetsByPort::new();
    for port in wanted.ports.keys().copied() {
        let mut groups = view.target_groups.values().filter(|found| service_port(&found.tags) == Some((name, port)));
        let Some(group) = groups.next() else { continue };
        let registered = group.targets.iter().filter(|target| is_registered(target));
        let registered = registered.map(|target| (target.id.clone(), target.port)).collect::<BTreeSet<Target>>();
        targets.insert((name.to_owned(), port), (registered, declared.targets(name, port)));
    }
    targets
}

/// By Service and port: the targets that are registered, and those that are asked for.
pub(crate) type TargetsByPort = BTreeMap<(String, u16), (BTreeSet<Target>, BTreeSet<Target>)>;

/// The rules of the workers' security group let the load balancers in on the targets' ports, and on no others.
fn worker_rules(view: &Observed, declared: &Declared) -> Vec<String> {
    let mut ports = BTreeSet::new();
    for (name, service) in declared.services.iter().filter(|(_, service)| service.wanted) {
        ports.extend(service.ports.keys().flat_map(|port| declared.targets(name, *port)).map(|(_, port)| port));
    }
    let expected = ports.first().zip(ports.last()).map(|(first, last)| (i32::from(*first), i32::from(*last)));
    let rules = view.security_groups.values().flat_map(|group| &group.ingress).filter(|rule| is_our_rule(rule));
    let spans = rules.filter_map(|rule| rule.ports).collect::<BTreeSet<_>>();
    let expected = expected.into_iter().collect::<BTreeSet<_>>();
    if spans == expected {
        return Vec::new();
    }
    vec![format!("L1: the workers let the load balancers in on {spans:?}, not on {expected:?}")]
}
