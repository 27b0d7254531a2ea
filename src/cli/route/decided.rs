//! The load balancers that a request may come to, decided as `northgate plan` does.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use northgate_planner::actual::{Actual, ActualTargets, Scope, TargetGroupRef};
use northgate_planner::desired::Desired;
use northgate_planner::facts::LiveLoadBalancer;
use northgate_planner::id::{Key, ObjectName, Ref, StackId, TargetGroupArn};
use northgate_planner::model::{Action, Binding};
use northgate_planner::pipeline::Accepted;
use northgate_planner::plan::Plan;
use northgate_planner::route::{Request, Serving, Targets};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress;

use super::super::plan::passes::{Pass, Passes};
use super::super::plan::selection::Selection;
use crate::aws::{AwsError, Class, Read, ReadOnlyAccount};

/// What a request may come to.
pub(super) struct Candidates {
    pub(super) load_balancers: Vec<Candidate>,
    /// The plans of stacks without a load balancer.
    pub(super) without: Vec<Plan>,
}

/// One load balancer.
pub(super) struct Candidate {
    pub(super) plan: Plan,
    pub(super) desired: Desired,
    pub(super) live: Option<LiveLoadBalancer>,
}

impl Candidates {
    /// All plans.
    pub(super) fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.load_balancers.iter().map(|candidate| &candidate.plan).chain(&self.without)
    }
}

impl Candidate {
    /// What it does with requests.
    pub(super) fn serving(&self) -> Serving<'_> {
        Serving { desired: &self.desired, kept: &self.plan.kept }
    }
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
    let mut candidates = Candidates { load_balancers: Vec::new(), without: Vec::new() };
    for key in services.chain(groups).map(Key::Stack).collect::<Vec<_>>() {
        let Some(Pass { actual, plan, desired, .. }) = passes.pass(&key).await? else { continue };
        let live = actual.live().load_balancer;
        match desired.filter(|desired| desired.load_balancer.is_some()) {
            Some(desired) => candidates.load_balancers.push(Candidate { plan, desired, live }),
            None => candidates.without.push(plan),
        }
    }
    Ok(candidates)
}

fn has_host_name(service: &Service, host: &str) -> bool {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let entries = status.and_then(|status| status.ingress.as_ref()).into_iter().flatten();
    entries.filter_map(|entry| entry.hostname.as_deref()).any(|name| name.eq_ignore_ascii_case(host))
}

/// The targets of the target groups that a request may reach: of those that are wanted the ones that their
/// TargetGroupBindings register, of all others those that are registered.
pub(super) async fn targets(
    passes: &mut Passes<'_, ReadOnlyAccount>,
    account: Asked<'_>,
    candidate: &Candidate,
    request: &Request,
) -> Result<BTreeMap<Ref<TargetGroupArn>, Targets>, AwsError> {
    let mut found = BTreeMap::new();
    let Ok(route) = candidate.serving().route(request) else { return Ok(found) };
    for reference in route.actions.iter().flat_map(Action::target_groups) {
        let targets = match reference {
            Ref::Known(arn) => account.registered(arn).await?,
            Ref::Made(made) => match candidate.desired.bindings.get(&made.id) {
                Some(binding) => targets_of(passes, binding).await?,
                None => continue,
            },
        };
        found.insert(reference.clone(), targets);
    }
    Ok(found)
}

/// The account, for the targets of groups that no plan fills.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) account: &'a ReadOnlyAccount,
    /// Whether it is a described one.
    pub(super) is_described: bool,
}

impl Asked<'_> {
    /// The targets that are registered in a group. That they cannot be read makes the way of a request no less true.
    async fn registered(self, group: &TargetGroupArn) -> Result<Targets, AwsError> {
        let scope = Scope::Targets(TargetGroupRef::Arn(group.clone()));
        let why = match self.account.observe(&scope).await {
            Ok(Actual::Targets(ActualTargets::Found { group: _, targets })) => {
                return Ok(Targets::registered(&targets));
            }
            Ok(_) if self.is_described => {
                "the account description has no such target group; add it to targetGroups with its Targets, or ask AWS \
                 itself without --account"
                    .to_owned()
            }
            Ok(_) => "there is no such target group in this Region".to_owned(),
            Err(AwsError::NotSent { .. }) => {
                "nobody asked for them when the account was recorded; record it with northgate route --record"
                    .to_owned()
            }
            Err(error) => match error.class() {
                Class::Denied | Class::Invalid | Class::Unreadable => error.to_string(),
                _ => return Err(error),
            },
        };
        Ok(Targets::Unknown(why))
    }
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
