//! What each binding asks of security groups, and which bindings nothing is known of.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;

use crate::facts::Needs;
use crate::id::{Key, ObjectName, StackId};
use crate::model::IngressRule;
use crate::problem::Declined;
use crate::snapshot::Snapshot;
use crate::spec::class::{self, Ownership};
use crate::spec::ingress;
use crate::targets::{self, BindingSpec, Intent, Opening, View};

/// What one binding asks.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    binding: ObjectName,
    /// For these targets these rules.
    pub(super) openings: Vec<Opening>,
    /// Rules that it may need too; they open nothing, but are not closed.
    pub(super) doubtful: Vec<IngressRule>,
}

impl Claim {
    /// Why its doubtful rules stay.
    pub(super) fn doubt(&self) -> String {
        format!("what TargetGroupBinding {} needs could not be told", self.binding)
    }
}

/// Asks all bindings that exist or are wanted.
pub(super) fn collect(snapshot: &Snapshot) -> (Vec<Claim>, Vec<String>, Needs) {
    let view = View::of(snapshot);
    let (mut claims, mut blind, mut needs) = (Vec::new(), Vec::new(), Needs::default());
    for name in view.names() {
        match view.accept(name) {
            Ok(binding) if is_served(&binding) => {
                claims.push(claim(&binding));
                binding.ask_about_rules(&mut needs);
            }
            // A refused object opens nothing, and loses nothing: it was perhaps accepted before it was edited.
            Err(Declined::Refused(_)) => match view.networking(name) {
                Some(networking) => {
                    let doubtful = targets::at_most(&networking);
                    claims.push(Claim { binding: name.clone(), openings: Vec::new(), doubtful });
                }
                None => blind.push(format!("TargetGroupBinding {name} cannot be read")),
            },
            Ok(_) | Err(Declined::Skipped { .. } | Declined::Absent) => {}
        }
    }
    blind.extend(lost_bindings(snapshot, &view));
    // What they were registered with is not written anywhere any more: their rules could be any.
    blind.extend(snapshot.lingering.iter().map(linger));
    if snapshot.files_alone {
        blind.push("TargetGroupBindings outside the files are not known".to_owned());
    }
    (claims, blind, needs)
}

fn linger(key: &Key) -> String {
    match key {
        Key::Binding(name) => {
            format!("targets that TargetGroupBinding {name} no longer wants may serve until others are healthy")
        }
        other => format!("what {other} no longer asks for may still be in use"),
    }
}

/// A generated object that goes keeps its rules until it is gone: its targets stay registered, and by hand deleted it
/// comes back at once.
fn is_served(binding: &BindingSpec) -> bool {
    match binding.intent() {
        Intent::Keep => true,
        Intent::Empty => false,
        Intent::Release => binding.of.is_some(),
    }
}

fn claim(binding: &BindingSpec) -> Claim {
    let (mut openings, mut doubtful) = (Vec::new(), BTreeSet::new());
    for candidate in binding.candidates() {
        openings.extend(candidate.openings.iter().cloned());
        doubtful.extend(candidate.doubtful.iter().cloned());
    }
    Claim { binding: binding.name.clone(), openings, doubtful: doubtful.into_iter().collect() }
}

/// Services that serve and have lost a binding: it was deleted by hand and is about to come back. Until then its rules
/// are needed and nothing says so.
fn lost_bindings(snapshot: &Snapshot, view: &View<'_>) -> Vec<String> {
    let mut bindings = BTreeMap::<StackId, usize>::new();
    for stack in view.names().into_iter().filter_map(|name| view.stack_of(name)) {
        *bindings.entry(stack).or_default() += 1;
    }
    let mut lost = Vec::new();
    for (name, service) in &snapshot.services {
        let stays = class::has_finalizer(service) && matches!(class::ownership(service, snapshot), Ownership::Ours(_));
        if !stays || !has_address(service) {
            continue;
        }
        let ports = service.spec.iter().filter_map(|spec| spec.ports.as_ref()).flatten();
        let ports = ports.map(|port| port.port).collect::<BTreeSet<_>>().len();
        if bindings.get(&StackId::Service(name.clone())).copied().unwrap_or_default() < ports {
            lost.push(format!("Service {name} has fewer TargetGroupBindings than ports"));
        }
    }
    lost.extend(lost_of_ingresses(snapshot, view));
    lost
}

/// The same for Ingresses, port by port.
fn lost_of_ingresses(snapshot: &Snapshot, view: &View<'_>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for name in view.names() {
        if let (Some(stack), Some((service, port))) = (view.stack_of(name), view.serves(name)) {
            found.insert((stack, ObjectName::new(&name.namespace, service), port));
        }
    }
    let groups = snapshot.ingresses.values().flat_map(|ingress| ingress::group::held(ingress)).collect::<BTreeSet<_>>();
    let mut lost = Vec::new();
    for group in groups {
        for (service, port) in ingress::bound(snapshot, &group) {
            let key = (group.clone(), service, port);
            if !found.contains(&key) {
                let (_, service, port) = key;
                lost.push(format!("{} has no TargetGroupBinding for Service {service}:{port}", group.object()));
            }
        }
    }
    lost
}

fn has_address(service: &Service) -> bool {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    status.and_then(|balancer| balancer.ingress.as_ref()).is_some_and(|ingress| !ingress.is_empty())
}
