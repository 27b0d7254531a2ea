//! The load balancers that a request may come to, decided as `northgate plan` does.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use northgate_planner::desired::Desired;
use northgate_planner::facts::LiveLoadBalancer;
use northgate_planner::id::{Key, ObjectName, Ref, StackId};
use northgate_planner::model::{Action, Binding};
use northgate_planner::pipeline::Accepted;
use northgate_planner::plan::Plan;
use northgate_planner::route::{Request, Targets, route};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress;

use super::super::plan::passes::{Pass, Passes};
use super::super::plan::selection::Selection;
use crate::aws::{AwsError, Read};

/// The load balancers that a request may come to, and the plans of all that were looked at.
pub(super) struct Candidates {
    pub(super) load_balancers: Vec<Candidate>,
    /// Those of stacks without a load balancer too.
    pub(super) plans: Vec<Plan>,
}

/// One load balancer.
pub(super) struct Candidate {
    pub(super) key: Key,
    pub(super) desired: Desired,
    pub(super) live: Option<LiveLoadBalancer>,
}

/// Decides the load balancers of a selection: those of Ingresses, and of Services that are named or have the host's name.
pub(super) async fn candidates<A: Read>(
    passes: &mut Passes<'_, A>,
    snapshot: &Snapshot,
    selection: &Selection<'_>,
    host: &str,
) -> Result<Candidates, AwsError> {
    let is_named = |(name, service): &(&ObjectName, &std::sync::Arc<Service>)| {
        selection.names_service(name) || selection.names.is_empty() && has_host_name(service, host)
    };
    let services = snapshot.services.iter().filter(is_named).map(|(name, _)| StackId::Service(name.clone()));
    let groups = ingress::groups(snapshot).into_iter().filter(|id| selection.takes_group(id, snapshot));
    let mut candidates = Candidates { load_balancers: Vec::new(), plans: Vec::new() };
    for key in services.chain(groups).map(Key::Stack).collect::<Vec<_>>() {
        let Some(Pass { actual, plan, desired, .. }) = passes.pass(&key).await? else { continue };
        let live = actual.live().load_balancer;
        let desired = desired.filter(|desired| desired.load_balancer.is_some());
        candidates.load_balancers.extend(desired.map(|desired| Candidate { key, desired, live }));
        candidates.plans.push(plan);
    }
    Ok(candidates)
}

fn has_host_name(service: &Service, host: &str) -> bool {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let entries = status.and_then(|status| status.ingress.as_ref()).into_iter().flatten();
    entries.filter_map(|entry| entry.hostname.as_deref()).any(|name| name.eq_ignore_ascii_case(host))
}

/// The targets of the target groups that a request may reach, by their TargetGroupBindings.
pub(super) async fn targets<A: Read>(
    passes: &mut Passes<'_, A>,
    candidate: &Candidate,
    request: &Request,
) -> Result<BTreeMap<ObjectName, Targets>, AwsError> {
    let mut found = BTreeMap::new();
    let Ok(route) = route(&candidate.desired, request) else { return Ok(found) };
    for reference in route.actions.iter().flat_map(Action::target_groups) {
        let Ref::Made(made) = reference else { continue };
        if let Some(binding) = candidate.desired.bindings.get(&made.id) {
            found.insert(binding.name.clone(), targets_of(passes, binding).await?);
        }
    }
    Ok(found)
}

async fn targets_of<A: Read>(passes: &mut Passes<'_, A>, binding: &Binding) -> Result<Targets, AwsError> {
    passes.want(binding.clone());
    let key = Key::Binding(binding.name.clone());
    let Some(Pass { accepted: Accepted::Binding(spec), actual, facts, plan, .. }) = passes.pass(&key).await? else {
        return Ok(Targets::Unknown("its TargetGroupBinding is refused".to_owned()));
    };
    Ok(match spec.targets(&facts, actual.targets()) {
        Some(targets) => Targets::Known(targets),
        None => {
            let why = plan.warnings.iter().map(|warning| warning.message.as_str()).collect::<Vec<_>>().join("; ");
            Targets::Unknown(if why.is_empty() { "the objects do not tell".to_owned() } else { why })
        }
    })
}
