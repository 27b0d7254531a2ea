//! The passes of one run, in the order in which each needs the ones before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use northgate_planner::actual::Actual;
use northgate_planner::crd::TargetGroupBinding;
use northgate_planner::desired::Desired;
use northgate_planner::facts::{Facts, Live};
use northgate_planner::id::{Key, ObjectName, SecurityGroupId, StackId};
use northgate_planner::model::Binding;
use northgate_planner::pipeline::{self, Accepted, Decision};
use northgate_planner::plan::{Action, KubeChange, Plan, Skipped, Step, Wait, WaitFor, Write};
use northgate_planner::problem::{Declined, Problem, Refusal};
use northgate_planner::snapshot::Snapshot;
use northgate_planner::spec::ingress;
use northgate_planner::spec::ingress::class::{Ownership, ownership};
use northgate_planner::targets::BindingSpec;
use northgate_planner::{targets, worker_rules};

use super::selection::Selection;
use crate::aws::{AwsError, Read};

/// What the passes of one run came to.
pub(in crate::cli) struct Passes<'a, A> {
    account: &'a A,
    snapshot: Snapshot,
    pub(in crate::cli) plans: Vec<Plan>,
    pub(in crate::cli) refused: Vec<(Key, Refusal)>,
    pub(in crate::cli) skipped: Vec<Skipped>,
    /// Services of a live cluster that are no load balancers: counted, not told.
    pub(in crate::cli) unlisted: usize,
}

/// One pass, with what it was decided from.
pub(in crate::cli) struct Pass {
    pub(in crate::cli) accepted: Accepted,
    pub(in crate::cli) actual: Actual,
    pub(in crate::cli) facts: Facts,
    pub(in crate::cli) plan: Plan,
    /// What a stack's plan leads to.
    pub(in crate::cli) desired: Option<Desired>,
}

impl<'a, A: Read> Passes<'a, A> {
    pub(in crate::cli) fn new(account: &'a A, snapshot: Snapshot) -> Self {
        let (plans, refused, skipped) = (Vec::new(), Vec::new(), Vec::new());
        Self { account, snapshot, plans, refused, skipped, unlisted: 0 }
    }

    /// 1. stacks  2. what the cluster shares  3. bindings, those that a stack wants included  4. worker rules
    pub(in crate::cli) async fn run(&mut self, selection: &Selection<'_>) -> Result<(), RunError> {
        if let Some((kind, name)) = selection.missing(&self.snapshot) {
            return Err(RunError::Absent { kind, name });
        }
        self.stacks(selection).await?;
        let naming = self.shared(selection).await?;
        let mut groups = self.bindings(selection).await?;
        for group in naming.into_iter().chain(self.plans.iter().flat_map(rules_waited_for)) {
            groups.entry(group).or_default();
        }
        for (group, before_closing) in groups {
            let Some(Pass { mut plan, .. }) = self.pass(&Key::Rules(group)).await? else { continue };
            if let Some(wait) = before_closing {
                wait_to_close(&mut plan, wait);
            }
            self.plans.push(plan);
        }
        Ok(())
    }

    /// Adds what is odd about objects to what is planned for them.
    pub(in crate::cli) fn warn(&mut self, warnings: &[Problem]) {
        for warning in warnings {
            let Some(object) = &warning.object else { continue };
            let of_plans = self.plans.iter_mut().filter(|plan| plan.objects.contains(object));
            let of_refused = self.refused.iter_mut().filter(|(_, refusal)| refusal.concerns(object));
            let lists = of_plans.map(|plan| &mut plan.warnings);
            if let Some(list) = lists.chain(of_refused.map(|(_, refusal)| &mut refusal.warnings)).next() {
                list.push(warning.clone());
            }
        }
    }

    async fn stacks(&mut self, selection: &Selection<'_>) -> Result<(), AwsError> {
        for name in self.snapshot.services.keys().cloned().collect::<Vec<_>>() {
            if !selection.takes_service(&name) {
                continue;
            }
            let before = self.skipped.len();
            self.stack(StackId::Service(name.clone())).await?;
            let plain =
                self.snapshot.services.get(&name).is_some_and(|service| !crate::cluster::is_load_balancer(service));
            if self.is_behind_ingress(&name) {
                // It is in use as it is.
                self.skipped[before..].iter_mut().for_each(|skipped| skipped.hint = None);
            }
            if plain && !selection.by_files && !selection.names_service(&name) && self.skipped.len() > before {
                self.skipped.truncate(before);
                self.unlisted += 1;
            }
        }
        for id in ingress::groups(&self.snapshot) {
            if selection.takes_group(&id, &self.snapshot) {
                self.stack(id).await?;
            }
        }
        Ok(())
    }

    async fn stack(&mut self, id: StackId) -> Result<(), AwsError> {
        let pass = self.pass(&Key::Stack(id)).await?;
        self.plans.extend(pass.map(|pass| pass.plan));
        Ok(())
    }

    /// Whether an Ingress of ours names a Service.
    fn is_behind_ingress(&self, service: &ObjectName) -> bool {
        let of_namespace = self.snapshot.ingresses.iter().filter(|(name, _)| name.namespace == service.namespace);
        let mut naming = of_namespace.filter(|(_, ingress)| ingress::names_service(ingress, &service.name));
        naming.any(|(_, ingress)| !matches!(ownership(ingress, &self.snapshot), Ownership::NotOurs { .. }))
    }

    /// Plans the shared group where a stack waits for it, and in a run over everything also for its own sake: then it is
    /// neither made nor deleted, for which a stack has to come or go. Gives the worker groups whose rules name it: the
    /// controller looks at all of these, whether or not a binding still needs them. Files alone never close a rule, so
    /// there they are not worth a look.
    async fn shared(&mut self, selection: &Selection<'_>) -> Result<BTreeSet<SecurityGroupId>, AwsError> {
        let awaited = self.plans.iter().any(|plan| waits_for(plan, &Key::Cluster));
        if !awaited && !selection.is_everything() {
            return Ok(BTreeSet::new());
        }
        let Some(Pass { actual: Actual::Cluster(found), mut plan, .. }) = self.pass(&Key::Cluster).await? else {
            return Ok(BTreeSet::new());
        };
        let comes_or_goes = plan.changes().any(|change| change.action() != Action::Update);
        if awaited {
            end_at_wait_for(&mut plan, &self.staying());
        }
        if awaited || found.backend_security_group.is_some() && !comes_or_goes {
            self.plans.push(plan);
        }
        let all = selection.is_everything() && !self.snapshot.files_alone;
        Ok(if all { found.referenced_by } else { BTreeSet::new() })
    }

    /// The stacks that were to go and do not: whoever waits for their end waits for a person.
    fn staying(&self) -> BTreeSet<Key> {
        let held = self.plans.iter().filter(|plan| plan.refused || !plan.held.is_empty()).map(|plan| &plan.key);
        held.chain(self.refused.iter().map(|(key, _)| key)).cloned().collect()
    }

    /// Plans the bindings as they will be: with those that the stacks want, without those that they delete.
    /// Gives the worker groups that they concern, with what has to come before rules are closed there.
    async fn bindings(&mut self, selection: &Selection<'_>) -> Result<Groups, AwsError> {
        let mut groups = Groups::new();
        let (wanted, deleted) = self.of_stacks();
        for (name, stack) in &deleted {
            if let Some(object) = self.snapshot.bindings.remove(name) {
                let of_deleted = self.groups_of_deleted(name, object).await?;
                groups.extend(of_deleted.into_iter().map(|group| (group, Some(bindings_gone(stack)))));
            }
        }
        self.snapshot.wanted_bindings = wanted;
        let mut names =
            self.snapshot.bindings.keys().chain(self.snapshot.wanted_bindings.keys()).cloned().collect::<Vec<_>>();
        names.sort();
        names.dedup();
        names.retain(|name| selection.takes_binding(name, &self.plans));
        for name in names {
            if let Some(Pass { accepted: Accepted::Binding(spec), facts, plan, .. }) =
                self.pass(&Key::Binding(name.clone())).await?
            {
                if targets::lingers(&plan) {
                    self.snapshot.lingering.insert(Key::Binding(name));
                }
                self.plans.push(plan);
                let moved = self.moving(&spec).map(moved);
                for group in worker_rules::groups_of(&spec, &facts).0 {
                    let wait = groups.entry(group).or_default();
                    *wait = wait.take().or_else(|| moved.clone());
                }
            }
        }
        Ok(groups)
    }

    /// The stack of a binding, when it moves from rules that are to be closed to others.
    fn moving(&self, binding: &BindingSpec) -> Option<&Key> {
        let stack = Key::Stack(binding.of.clone()?);
        let plan = self.plans.iter().find(|plan| plan.key == stack)?;
        plan.moves_between_rules().then_some(&plan.key)
    }

    /// The worker groups that a binding which is going leaves behind: their rules may close.
    async fn groups_of_deleted(
        &self,
        name: &ObjectName,
        object: Arc<TargetGroupBinding>,
    ) -> Result<BTreeSet<SecurityGroupId>, AwsError> {
        let mut with_it = self.snapshot.clone();
        with_it.bindings.insert(name.clone(), object);
        let Ok(accepted @ Accepted::Binding(_)) = pipeline::accept(&with_it, &Key::Binding(name.clone())) else {
            return Ok(BTreeSet::new());
        };
        let facts = self.account.lookup(&accepted.needs(&Live::default())).await?;
        let Accepted::Binding(spec) = accepted else { return Ok(BTreeSet::new()) };
        Ok(worker_rules::groups_of(&spec, &facts).0)
    }

    /// The bindings that the stacks want, and those that they delete.
    fn of_stacks(&self) -> (BTreeMap<ObjectName, Binding>, BTreeMap<ObjectName, Key>) {
        let mut wanted = BTreeMap::new();
        let mut deleted = BTreeMap::new();
        for plan in &self.plans {
            wanted.extend(plan.bindings.iter().map(|binding| (binding.name.clone(), binding.clone())));
            for change in plan.changes() {
                if let Write::Kube(KubeChange::Delete(delete)) = &change.write {
                    deleted.insert(delete.name.clone(), plan.key.clone());
                }
            }
        }
        (wanted, deleted)
    }

    /// Counts a binding among those that will be there.
    pub(in crate::cli) fn want(&mut self, binding: Binding) {
        self.snapshot.wanted_bindings.insert(binding.name.clone(), binding);
    }

    /// One pass over one key, as the controller makes it, stopped before the first write: accept, observe, lookup, decide.
    pub(in crate::cli) async fn pass(&mut self, key: &Key) -> Result<Option<Pass>, AwsError> {
        let accepted = match pipeline::accept(&self.snapshot, key) {
            Ok(accepted) => accepted,
            Err(Declined::Refused(refusal)) => {
                self.refused.push((key.clone(), refusal));
                return Ok(None);
            }
            Err(Declined::Skipped { object, reason, hint }) => {
                self.skipped.push(Skipped { object, reason, hint });
                return Ok(None);
            }
            Err(Declined::Absent) => return Ok(None),
        };
        let actual = self.account.observe(&accepted.scope()).await?;
        let facts = self.account.lookup(&accepted.needs(&actual.live())).await?;
        let Decision { plan, desired } = pipeline::decision(&accepted, &facts, &actual);
        Ok(Some(Pass { accepted, actual, facts, plan, desired }))
    }
}

/// The worker groups of a run's bindings, with what has to come before rules are closed there.
type Groups = BTreeMap<SecurityGroupId, Option<Wait>>;

/// Rules are closed when nothing uses them any more: in the controller the other passes tell, here the plan has to.
fn wait_to_close(plan: &mut Plan, wait: Wait) {
    let closes =
        |step: &Step| matches!(step, Step::Change(change) if change.call() == "ec2:RevokeSecurityGroupIngress");
    if let Some(at) = plan.steps.iter().position(closes) {
        plan.steps.insert(at, Step::Wait(wait));
    }
}

fn bindings_gone(stack: &Key) -> Wait {
    Wait {
        reason: WaitFor::BindingGone,
        resource: None,
        entry: Some(stack.clone()),
        message: "the TargetGroupBindings that need these rules must be gone first".to_owned(),
    }
}

fn moved(stack: &Key) -> Wait {
    Wait {
        reason: WaitFor::RulesOpen,
        resource: None,
        entry: Some(stack.clone()),
        message: "the load balancer has to move to the rules that are open first".to_owned(),
    }
}

/// Nothing comes after a wait for what stays.
fn end_at_wait_for(plan: &mut Plan, staying: &BTreeSet<Key>) {
    let is_last =
        |step: &Step| matches!(step, Step::Wait(wait) if wait.entry.as_ref().is_some_and(|key| staying.contains(key)));
    if let Some(last) = plan.steps.iter().position(is_last) {
        plan.steps.truncate(last + 1);
    }
}

/// The worker groups whose rules a plan waits for, whether or not a binding still needs them.
fn rules_waited_for(plan: &Plan) -> impl Iterator<Item = SecurityGroupId> {
    plan.steps.iter().filter_map(|step| match step {
        Step::Wait(Wait { entry: Some(Key::Rules(group)), .. }) => Some(group.clone()),
        Step::Wait(_) | Step::Change(_) => None,
    })
}

fn waits_for(plan: &Plan, key: &Key) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::Wait(wait) if wait.entry.as_ref() == Some(key)))
}

/// What ends a run without a plan.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum RunError {
    #[error("there is no {kind} {name}; -n gives another namespace")]
    Absent { kind: &'static str, name: ObjectName },
    #[error(transparent)]
    Aws(#[from] AwsError),
}
