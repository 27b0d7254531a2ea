//! Whether the world is as it was asked for (L1, L5, L6), judged from what was asked for and what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use northgate_simulator::{Observed, ObservedLoadBalancer};

use crate::declared::{Declared, Purpose, Service, Stack, Target};
use crate::invariants::{Served, tags, traffic};
use crate::stage::Stage;
use crate::view::{is_our_rule, is_registered, purpose, stack, tagged};
use crate::workload::Listen;

/// What is otherwise than asked for, a line each.
pub(crate) async fn disagreements(stage: &Stage) -> Vec<String> {
    let view = stage.observe().await;
    let (services, ingresses) = (stage.services(), stage.ingresses());
    let declared = stage.declared();
    let mut found = Vec::new();
    for (name, wanted) in declared.services.iter().filter(|(_, wanted)| wanted.is_served()) {
        found.extend(missing(name, wanted, &view));
        let owner = Stack::Service(name.clone());
        found.extend(address(&owner, "Service", name, services.get(name), &view));
    }
    for (id, members) in declared.groups() {
        found.extend(missing_of_group(&id, declared, &view));
        found.extend(routes(&id, declared, &view));
        let owner = Stack::Group(id);
        for (name, _) in members {
            found.extend(address(&owner, "Ingress", name, ingresses.get(name), &view));
        }
    }
    for (purpose, (registered, targets)) in targets(&view, declared) {
        if registered != targets {
            found.push(format!("L1: {purpose} has targets {registered:?}, not {targets:?}"));
        }
    }
    // What was registered for something before it was refused goes on to be reached.
    let nothing_refused = declared.services.values().all(|service| service.refused.is_empty());
    if nothing_refused && declared.ingresses.values().all(|ingress| declared.is_sound(&ingress.asked)) {
        found.extend(worker_rules(&view, declared));
    }
    found.extend(tags::disagreements(&view, declared));
    found.extend(leftovers(&view, declared, &services, &ingresses));
    found
}

/// What is there and not asked for.
fn leftovers(
    view: &Observed,
    declared: &Declared,
    services: &BTreeMap<String, Served>,
    ingresses: &BTreeMap<String, Served>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, tags) in tagged(view) {
        if let Some(owner) = stack(tags).filter(|owner| !declared.wants(owner, None)) {
            found.push(format!("L6: a {kind} of {owner} is left"));
        }
    }
    for (name, served) in services {
        let wanted = declared.wants(&Stack::Service(name.clone()), None);
        if !wanted && (!served.held.is_empty() || served.host.is_some()) {
            found.push(format!("L6: Service/{name} is still held, or still has an address"));
        }
    }
    for (name, served) in ingresses {
        let Some(ingress) = declared.ingresses.get(name) else { continue };
        let groups = declared.groups_of(name, ingress);
        let stray = served.held.iter().find(|stack| !matches!(stack, Stack::Group(id) if groups.contains(id)));
        if let Some(stray) = stray {
            found.push(format!("L6: Ingress/{name} still holds on to {stray}"));
        }
    }
    for name in services.keys().filter(|name| !declared.services.contains_key(*name)) {
        found.push(format!("L6: Service/{name} is deleted and still there"));
    }
    for name in ingresses.keys().filter(|name| !declared.ingresses.contains_key(*name)) {
        found.push(format!("L6: Ingress/{name} is deleted and still there"));
    }
    found
}

fn address(owner: &Stack, kind: &str, name: &str, served: Option<&Served>, view: &Observed) -> Option<String> {
    let (_, found) = load_balancer(owner, view)?;
    let host = served.and_then(|served| served.host.as_deref());
    let same = host.is_some_and(|host| host.eq_ignore_ascii_case(&found.dns_name));
    (!same).then(|| format!("L5: the status of {kind}/{name} names {host:?}, not {}", found.dns_name))
}

fn load_balancer<'v>(owner: &Stack, view: &'v Observed) -> Option<(&'v String, &'v ObservedLoadBalancer)> {
    view.load_balancers.iter().find(|(_, found)| stack(&found.tags).as_ref() == Some(owner))
}

/// What a Service is to have and has not, or has and is not to have: load balancer, listeners, target groups.
fn missing(name: &str, wanted: &Service, view: &Observed) -> Vec<String> {
    let owner = Stack::Service(name.to_owned());
    let Some((arn, _)) = load_balancer(&owner, view) else {
        return vec![format!("L1: Service/{name} has no load balancer")];
    };
    let mut found = Vec::new();
    let (listening, ports) = (listening(arn, view), wanted.ports.keys().copied().collect::<BTreeSet<_>>());
    if listening != ports {
        found.push(format!("L1: Service/{name} listens on {listening:?}, not on {ports:?}"));
    }
    for port in ports {
        let purpose = Purpose { stack: owner.clone(), ingress: None, service: name.to_owned(), port };
        if registered(&purpose, view).is_none() {
            found.push(format!("L1: port {port} of Service/{name} has no target group"));
        }
    }
    found
}

/// The same for a group of Ingresses. Where one of them is set aside, what it had before may be there too.
fn missing_of_group(id: &str, declared: &Declared, view: &Observed) -> Vec<String> {
    let owner = Stack::Group(id.to_owned());
    let Some((arn, _)) = load_balancer(&owner, view) else { return vec![format!("L1: {owner} has no load balancer")] };
    let mut found = Vec::new();
    let groups = declared.groups();
    let members = groups.get(id).map_or(&[][..], Vec::as_slice);
    let listening = listening(arn, view);
    let ports = members.iter().flat_map(|(_, ingress)| ingress.ports()).copied().collect::<BTreeSet<_>>();
    let more = declared.has_set_aside(id);
    if !listening.is_superset(&ports) || (!more && listening != ports) {
        found.push(format!("L1: {owner} listens on {listening:?}, not on {ports:?}"));
    }
    let wanted = declared.purposes().into_iter().filter(|purpose| purpose.stack == owner).collect::<BTreeSet<_>>();
    let there = view.target_groups.values().filter_map(|group| purpose(&group.tags));
    let there = there.filter(|purpose| purpose.stack == owner).collect::<BTreeSet<_>>();
    found.extend(wanted.difference(&there).map(|purpose| format!("L1: there is no target group for {purpose}")));
    if !more {
        found.extend(there.difference(&wanted).map(|purpose| format!("L6: the target group for {purpose} is left")));
    }
    found
}

/// Requests to a group that are not answered as was asked for, and rules that are one too many.
fn routes(id: &str, declared: &Declared, view: &Observed) -> Vec<String> {
    let mut found = Vec::new();
    let owner = Stack::Group(id.to_owned());
    let Some((arn, balancer)) = load_balancer(&owner, view) else { return found };
    let in_group = declared.ingresses.iter().filter(|(name, one)| declared.groups_of(name, one).contains(id));
    for request in in_group.flat_map(|(name, _)| declared.requests(name)) {
        let answer = traffic::answer_now(view, &balancer.dns_name, &request);
        let Some(right) = declared.answers(id, &request, false) else { continue };
        let is_none = declared.has_set_aside(id) && !answer.is_one() && right.iter().any(|right| !right.is_one());
        if !right.contains(&answer) && !is_none && !declared.may_be_left(id, &answer) {
            found.push(format!("L1: {owner} answers {request:?} by {answer:?}, not by {right:?}"));
        }
    }
    let groups = declared.groups();
    let members = groups.get(id).map_or(&[][..], Vec::as_slice);
    if declared.has_set_aside(id) || members.iter().any(|(_, ingress)| ingress.listen == Listen::Redirected) {
        return found;
    }
    for (listener, listening) in view.listeners.iter().filter(|(_, one)| one.load_balancer_arn == *arn) {
        let there =
            view.rules.values().filter(|rule| rule.listener_arn == *listener && rule.priority.is_some()).count();
        let here = members.iter().filter(|(_, ingress)| ingress.ports().contains(&listening.port));
        let wanted = here.map(|(_, ingress)| ingress.routes.len()).sum::<usize>();
        if there != wanted {
            found.push(format!("L1: {owner} has {there} rules on port {}, not {wanted}", listening.port));
        }
    }
    found
}

/// Whether an Ingress whose mistake was mended has what it asks for: load balancer, target groups.
pub(crate) fn missing_of_ingress(name: &str, declared: &Declared, view: &Observed) -> Vec<String> {
    let groups = declared.groups();
    let group = groups.iter().find(|(_, members)| members.iter().any(|(member, _)| *member == name));
    group.map(|(id, _)| missing_of_group(id, declared, view)).unwrap_or_default()
}

/// Whether a Service whose mistake was mended has what it asks for.
pub(crate) fn missing_of_service(name: &str, declared: &Declared, view: &Observed) -> Vec<String> {
    declared.services.get(name).map(|wanted| missing(name, wanted, view)).unwrap_or_default()
}

fn listening(arn: &str, view: &Observed) -> BTreeSet<u16> {
    let listeners = view.listeners.values().filter(|found| found.load_balancer_arn == *arn);
    listeners.map(|found| found.port).collect()
}

/// The targets that each target group has, and those that it is to have. Those that are not there yet are left out.
pub(crate) fn targets(view: &Observed, declared: &Declared) -> TargetsByPurpose {
    let served = declared.services.iter().filter(|(_, wanted)| wanted.is_served());
    let of_services = served.flat_map(|(name, wanted)| {
        let stack = Stack::Service(name.clone());
        let purpose = |port: &u16| Purpose { stack: stack.clone(), ingress: None, service: name.clone(), port: *port };
        wanted.ports.keys().map(purpose).collect::<Vec<_>>()
    });
    let all = of_services.chain(declared.purposes());
    all.filter_map(|purpose| {
        let found = registered(&purpose, view)?;
        let wanted = declared.targets(&purpose);
        Some((purpose, (found, wanted)))
    })
    .collect()
}

fn registered(wanted: &Purpose, view: &Observed) -> Option<BTreeSet<Target>> {
    let group = view.target_groups.values().find(|found| purpose(&found.tags).as_ref() == Some(wanted))?;
    let registered = group.targets.iter().filter(|target| is_registered(target));
    Some(registered.map(|target| (target.id.clone(), target.port)).collect())
}

/// By target group: the targets that are registered, and those that are asked for.
pub(crate) type TargetsByPurpose = BTreeMap<Purpose, (BTreeSet<Target>, BTreeSet<Target>)>;

/// The rules of the workers' security group let the load balancers in on the targets' ports, and on no others.
fn worker_rules(view: &Arc<Observed>, declared: &Declared) -> Vec<String> {
    let mut ports = BTreeSet::new();
    for (_, targets) in targets(view, declared).into_values() {
        ports.extend(targets.into_iter().map(|(_, port)| port));
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
