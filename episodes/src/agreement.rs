//! Whether the world is as it was asked for (L1, L5, L6), judged from what was asked for and what is there.

use std::collections::BTreeSet;

use northgate_simulator::Observed;

use crate::declared::{Declared, Service, Target};
use crate::invariants::Served;
use crate::stage::Stage;
use crate::view::{is_registered, service, service_port, tagged};

/// What is otherwise than asked for, a line each.
pub(crate) async fn disagreements(stage: &Stage) -> Vec<String> {
    let view = stage.observe().await;
    let services = stage.services();
    let declared = stage.declared();
    let mut found = Vec::new();
    for (name, wanted) in declared.services.iter().filter(|(_, wanted)| wanted.wanted && !wanted.refused) {
        judge(name, wanted, declared, services.get(name), &view, &mut found);
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
    let mut load_balancers = view.load_balancers.iter().filter(|(_, found)| service(&found.tags) == Some(name));
    let Some((arn, load_balancer)) = load_balancers.next() else {
        found.push(format!("L1: Service/{name} has no load balancer"));
        return;
    };
    if served.and_then(|served| served.host.as_deref()) != Some(load_balancer.dns_name.as_str()) {
        found.push(format!("L5: the status of Service/{name} does not name {}", load_balancer.dns_name));
    }
    let listeners = view.listeners.values().filter(|found| found.load_balancer_arn == *arn);
    let listening = listeners.map(|found| found.port).collect::<BTreeSet<_>>();
    let ports = wanted.ports.keys().copied().collect::<BTreeSet<_>>();
    if listening != ports {
        found.push(format!("L1: Service/{name} listens on {listening:?}, not on {ports:?}"));
    }
    for port in ports {
        let mut groups = view.target_groups.values().filter(|found| service_port(&found.tags) == Some((name, port)));
        let Some(group) = groups.next() else {
            found.push(format!("L1: port {port} of Service/{name} has no target group"));
            continue;
        };
        let registered = group.targets.iter().filter(|target| is_registered(target));
        let registered = registered.map(|target| (target.id.clone(), target.port)).collect::<BTreeSet<Target>>();
        let targets = declared.targets(name, port);
        if registered != targets {
            found.push(format!("L1: port {port} of Service/{name} has targets {registered:?}, not {targets:?}"));
        }
    }
}
